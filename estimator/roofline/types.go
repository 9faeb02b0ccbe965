package roofline

import (
	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/hardware"
)

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
	// Parts of Seconds, for the derivation. CacheSec is attention's; HostSec
	// is all the host's processors spend, of which HostComputeSec where
	// arithmetic was the longer side.
	ComputeSec, BandwidthSec, CacheSec, OverheadSec, HostSec, HostComputeSec, LinkSec, CommSec float64

	Basis string // which calibration level served: "calibrated: rtx-4090-24gb × llama.cpp/cuda" …
	Level int    // 0 device … 4 assumed
	SD    float64
	// Traits are what makes the time harder to tell than most.
	Traits calibration.Trait
}

// Input is what turns the work of a phase into time.
type Input struct {
	// Device and Host are the resolved parameters of the accelerators and of
	// the host's processors; nil where the phase has no work for them.
	// Devices, when not nil, gives those of each share by its index, for
	// machines whose accelerators differ.
	Device, Host *calibration.Params
	Devices      []*calibration.Params
	Link         *hardware.Link // between the devices, nil when not known
	// Box is how many devices Link joins (one computer's, or a rack's), 0 for
	// all of them; Network joins the boxes.
	Box     int
	Network *hardware.Link
	Class   format.Class // of the weights
	Format  string       // the weights' canonical format, where it matters beyond the class
	Flash   bool         // flash attention
}
