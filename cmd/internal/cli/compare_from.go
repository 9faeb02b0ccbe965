package cli

import (
	"encoding/json"

	"github.com/spf13/pflag"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
)

// maxComparison bounds a saved comparison of maxCompared rows.
const maxComparison = 256 << 20

// readCompared takes the inputs from a saved comparison. What is given beside
// it on sorting, gates and prices takes their place; the rows are as saved.
func (a *app) readCompared(o *compareOptions, fs *pflag.FlagSet, flags *scenarioFlags, models []string) error {
	for i := range flags.axes {
		if flags.given(i) || len(models) > 0 {
			return problem.Wrong(problem.Contradiction, "a saved comparison has its rows", "--from "+o.from, "leave models and their settings out")
		}
	}
	var saved struct {
		Schema string `json:"schema"`
		Inputs struct {
			report.CompareInputs
			Scenarios []json.RawMessage `json:"scenarios"`
		} `json:"inputs"`
	}
	if err := a.readSaved(o.from, "saved comparison", "plimsoll compare --output json", maxComparison, &saved); err != nil {
		return err
	}
	if n := len(saved.Inputs.Scenarios); saved.Schema != report.CompareSchema || n == 0 || n > maxCompared {
		return problem.Wrong(problem.BadFile, "the file is no saved comparison", "--from "+o.from, "give a file that plimsoll compare --output json wrote")
	}
	again := given(fs)
	o.inputs = saved.Inputs.CompareInputs
	o.inputs.Scenarios = make([]scenario.Scenario, len(saved.Inputs.Scenarios))
	decoder := scenario.NewDecoder()
	for i, line := range saved.Inputs.Scenarios {
		if err := decoder.Decode(line, &o.inputs.Scenarios[i]); err != nil {
			return err
		}
	}
	return again()
}
