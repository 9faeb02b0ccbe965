// Package estimator is the heart of plimsoll: a pure function from a model, a
// machine, a deployment and a workload to an estimate. Estimate is the one
// door; every command goes through it. The steps are the packages below, in
// order: model, format, engine, place, memory, phase, roofline.
//
// There is no I/O here, no clock and no global state: facts and calibrated
// parameters come in with the Request.
package estimator
