package roofline

// Bound names what limits a phase.
type Bound string

// Bounds.
const (
	Compute   Bound = "compute"
	Bandwidth Bound = "memory bandwidth"
	Overhead  Bound = "per-step overhead"
	HostBound Bound = "host memory bandwidth"
	HostComp  Bound = "host compute"
	LinkBound Bound = "link to the device"
	Comm      Bound = "communication between devices"
)

// Time is how long a phase takes.
type Time struct {
	Seconds   float64
	Low, High float64 // the interval that should hold 80% of measurements
	Bound     Bound
	// Parts of Seconds, for the derivation.
	ComputeSec, BandwidthSec, CacheSec, OverheadSec, HostSec, LinkSec, CommSec float64
	Basis                                                                      string // which calibration level served: "rtx-4090 × llama.cpp/cuda", "family Ada" …
	Level                                                                      int    // 0 device … 4 assumed
}
