package profiles

import (
	_ "embed"
	"sync"

	"github.com/plimsoll/plimsoll/estimator/calibration"
)

//go:embed calibration/parameters.json
var calibrationSets []byte

//go:embed calibration/groups.csv
var calibrationGroups string

var calibrationTable = sync.OnceValues(func() (*calibration.Table, error) {
	return calibration.Parse(calibrationSets, calibrationGroups)
})

// Calibration returns the calibrated parameters of the speed model, decoded once.
func Calibration() (*calibration.Table, error) { return calibrationTable() }
