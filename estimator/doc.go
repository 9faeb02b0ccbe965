// Package estimator is the heart of plimsoll: a pure function from a model, a
// machine, a deployment and a workload to an estimate. Estimate is the one
// door; every command goes through it. The steps are the packages below, in
// order: model, format, engine, place, memory, phase, roofline.
//
// Under a load, Serve tells what many users see, Plans how best to divide a
// model over devices; both time every step by the same path (pace) and leave
// what a scheduler does with it to the package serving. TrafficOf says which
// steps a measured server made, for the fit of the calibrated parameters: those
// are package calibration, how they are found is package fit.
//
// There is no I/O here, no clock and no global state: facts and calibrated
// parameters come in with the Request.
package estimator
