// Package calibration holds the parameters of the speed model as data: per
// engine, backend and device family, efficiencies and overheads with the
// spread of their residuals, and the lookup that falls back from the device
// to its family, its vendor and its kind.
package calibration
