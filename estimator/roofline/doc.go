// Package roofline turns a phase into time: for every operation the larger of
// FLOPs over usable compute and bytes over usable bandwidth, plus launch and
// step overheads and collectives, with the calibrated efficiencies of package
// calibration. It yields a central time, an interval, and what limits it.
package roofline
