package pipeline

// Figure is a value with the interval that should hold 80% of real
// measurements, in Unit.
type Figure struct {
	Value float64
	Low   float64
	High  float64
	Unit  string
	Basis string
}

// Outcome is what a job costs in time. Figures that do not belong to the class
// are nil; those that cannot be known have their reason in Unavailable.
type Outcome struct {
	Class  Class
	Job    Job   // resolved
	Setup  Setup // resolved
	Stages []StageTime

	LatencyS *Figure // of the whole job, side by side jobs together

	SecondsPerImage *Figure // latency over the images of the batch
	StepsPerS       *Figure // it/s: denoiser steps a second, both passes in one
	ImagesPerMin    *Figure

	SecondsPerVideoS *Figure // latency over the seconds of video

	RealTimeFactor *Figure // latency over the seconds of all audio
	FirstAudioMs   *Figure // until the first audio can be heard
	EncodeMs       *Figure // of one window of those worked on side by side, or of one clip
	DecodeMsPerTok *Figure // of one token of all sequences that are followed side by side

	DocumentsPerS *Figure
	TokensPerS    *Figure

	Unavailable []Unavailable
	Assumptions []string
	Basis       string
}

// StageTime is a stage and how long it takes.
type StageTime struct {
	Stage
	Seconds Figure // all calls together
	// Share is of the job's time; Bound what holds it back: compute, memory,
	// launch, transfer.
	Share float64
	Bound string
	Where string // "device" or "host"
}

// Unavailable names a figure that could not be estimated, and why.
type Unavailable struct{ Figure, Reason string }

// Ledger is how full one memory gets in each phase of a job.
type Ledger struct {
	Name string
	Host bool
	// Capacity is the memory's size, Usable what the job may take.
	Capacity, Usable int64
	ReservedWhy      string // what the rest is kept for
	Phases           []Phase
	Peak             int // index of the phase that needs most
}

// Phase is what lies in a memory while some stages run. Sizes are bytes.
type Phase struct {
	Name            string
	Need, Low, High int64
	Lines           []Line
}

// Line is one item of a phase, with the formula of its size.
type Line struct {
	Name             string // "weights: T5 v1.1 XXL encoder", "activations", "context"
	Kind             string // weights, activations or overhead
	Bytes, Low, High int64
	Formula, Source  string
}

// Fit is how the memories get, and the setup that is behind it.
type Fit struct {
	Setup   Setup
	Ledgers []Ledger // devices first, then the host
	// Fits is that every memory's phases are within what is usable at the high
	// end, Tight at the central value only.
	Fits, Tight bool
	// Offloaded is that something was moved off the device to make it fit.
	Offloaded bool
	// Assumptions say in words what was taken for want of facts.
	Assumptions []string
	// Tried are the ways before this one, with what each would have needed.
	Tried []Tried
}

// Tried is a way that did not fit.
type Tried struct {
	Words string // "with model offload and VAE tiling"
	Need  int64  // of the fullest memory, in bytes
}

// Suggestion is something that would help, with what it would buy.
type Suggestion struct{ Change, Effect, Flags string }
