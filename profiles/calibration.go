package profiles

import (
	_ "embed"
	"sync"

	"github.com/plimsoll/plimsoll/estimator/calibration"
)

//go:embed calibration/parameters.json
var calibrationData []byte

var calibrationTable = sync.OnceValues(func() (*calibration.Table, error) {
	return calibration.Parse(calibrationData)
})

// Calibration returns the calibrated parameters of the speed model, decoded once.
func Calibration() (*calibration.Table, error) { return calibrationTable() }
