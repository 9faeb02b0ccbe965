// Package capacity assigns workloads to machines: how many deployments of each
// on which kind of hardware, so that all load is carried within what there is
// and the goal costs least. It knows plain numbers only: what one deployment
// carries and takes comes from package estimator, prices from elsewhere.
//
// A kind of hardware is machines of equal devices, a fleet (with a count) or an
// entry of a menu (without). A workload has options: a kind, a number of devices
// of one machine, and what one deployment on them carries. It takes as many
// deployments as its load needs. Different workloads use different devices, which
// may lie in one machine, unless an option says that it shares them (Slice).
// A workload stays on one kind, except that where kinds have counts it may be
// divided over two of them.
//
// Solve finds the cheapest assignment by branch and bound. The bound of a partial
// assignment is the price of the machines that it fills, plus for every other
// workload the cheapest fraction of machines that could carry it, less what still
// has room in those filled. When the search ends by itself the assignment is
// proven; where it runs into its limit of work the least bound left open tells
// how far from the best it may be.
//
// Spare machines: of every kind in use so many more are taken as may fail; the
// deployments of one that fails start again there.
package capacity
