package profiles

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/fit"
)

//go:embed calibration/parameters.json
var calibrationSets []byte

//go:embed calibration/groups.csv
var calibrationGroups string

//go:embed calibration/prior.json
var calibrationPrior []byte

//go:embed calibration/fit.json
var calibrationFit []byte

var calibrationTable = sync.OnceValues(func() (*calibration.Table, error) {
	return calibration.Parse(calibrationSets, calibrationGroups)
})

// Calibration returns the calibrated parameters of the speed model, decoded once.
func Calibration() (*calibration.Table, error) { return calibrationTable() }

// HostRules returns how a host's arithmetic and its links are told. It reads
// no more of the table than that.
func HostRules() (*calibration.HostRules, error) { return calibrationHost() }

var calibrationHost = sync.OnceValues(func() (*calibration.HostRules, error) {
	h := new(calibration.HostRules)
	d := json.NewDecoder(bytes.NewReader(calibrationSets))
	_, err := d.Token() // the brace
	for err == nil && d.More() {
		var key json.Token
		if key, err = d.Token(); err != nil {
			break
		}
		if key == "host" {
			if err = d.Decode(h); err == nil {
				return h, nil
			}
			break
		}
		err = d.Decode(new(json.RawMessage))
	}
	if err == nil {
		err = errors.New("host is missing")
	}
	return nil, fmt.Errorf("calibration/parameters.json: %w", err)
})

// Prior returns what the parameters are drawn towards where measurements say
// little, and how strongly: what a fit starts from. Each call decodes anew.
func Prior() (*calibration.Table, *fit.Config, error) {
	t, err := calibration.Parse(calibrationPrior, "")
	if err != nil {
		return nil, nil, fmt.Errorf("calibration/prior.json: %w", err)
	}
	cfg := new(fit.Config)
	if err := json.Unmarshal(calibrationFit, cfg); err != nil {
		return nil, nil, fmt.Errorf("calibration/fit.json: %w", err)
	}
	return t, cfg, nil
}
