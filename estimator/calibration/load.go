package calibration

// LoadRules say how fast weights come from a drive to where they are used.
// Spreads are standard deviations of logarithms.
type LoadRules struct {
	// ClassShare is the share of the most that a class of drives reads which a
	// loader reaches; ClassSD how far drives of a class differ, MeasuredSD how
	// far loaders differ from a measured plain read.
	ClassShare float64 `json:"class_share"`
	ClassSD    float64 `json:"class_sd"`
	MeasuredSD float64 `json:"measured_sd"`
	// LinkSD is the spread of the rate from main memory to a device.
	LinkSD float64 `json:"link_sd"`
	// StreamGBps is the rate in GB/s at which one reader takes a file out of
	// the system's cache where that was not measured, StreamSD its spread.
	StreamGBps float64 `json:"stream_gb_s"`
	StreamSD   float64 `json:"stream_sd"`
	// Copies is how often each byte passes the memory bus when weights are
	// copied in main memory.
	Copies float64 `json:"copies"`
	Source string  `json:"source"`
}
