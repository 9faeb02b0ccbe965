package calibration

// Table holds the calibrated parameters of the speed model, read from data.
type Table struct{}
