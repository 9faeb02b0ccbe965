// Package estimator is the heart of plimsoll: a pure function from a model, a
// machine, a deployment and a workload to an estimate. Estimate is the one
// door; every command goes through it. The steps are the packages below, in
// order: model, format, engine, place, memory, phase, roofline, cost.
//
// A server's figures for several sequences are those of its scheduler in closed
// form (served). Under a load, Serve simulates what many users see, Plans tells
// how best to divide a model over devices and PlanPools over unlike ones; all
// time every step by the same path (pace) and leave what a scheduler does with
// it to the package serving.
// TrafficOf says which steps a measured server made, for the fit of the
// calibrated parameters: those are package calibration, how they are found is
// package fit.
//
// Costs are the last step, where the request says what they rest on (Terms). A
// Replica says what a deployment carries, Standing and Working what a machine
// takes beside the work: package capacity assigns workloads to machines by them.
// Package scaling knows the laws of training and stands by itself.
//
// There is no I/O here, no clock and no global state: facts and calibrated
// parameters come in with the Request.
package estimator
