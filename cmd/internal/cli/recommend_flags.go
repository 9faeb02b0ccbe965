package cli

import (
	"encoding/json"

	"github.com/spf13/pflag"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
)

// addTrafficFlags adds the flags of a load that hardware is sized for.
func addTrafficFlags(fs *pflag.FlagSet, l *report.Load) {
	var all report.Load
	load := pflag.NewFlagSet("", pflag.ContinueOnError)
	addLoadFlags(load, &all)
	usage := func(flag string) string { return "with --for: " + load.Lookup(flag).Usage }
	fs.StringVar(&l.Rate, "rate", "", "with --for: requests that arrive, as 20/s or 300/min")
	fs.IntVar(&l.Concurrency, "concurrency", 0, "users at once; without --for: sequences in flight")
	fs.StringArrayVar(&l.Objectives, "slo", nil, usage("slo"))
	fs.Float64Var(&l.Burst, "burst", 0, usage("burst"))
	fs.StringVar(&l.InputLengths, "input-lengths", "", usage("input-lengths"))
	fs.StringVar(&l.OutputLengths, "output-lengths", "", usage("output-lengths"))
	fs.Float64Var(&l.PrefixHit, "prefix-hit", 0, usage("prefix-hit"))
	fs.StringVar(&l.Speculate, "speculate", "", usage("speculate"))
	fs.IntVar(&l.Requests, "requests", 0, usage("requests"))
	fs.Uint64Var(&l.Seed, "seed", 1, usage("seed"))
}

// readRecommended takes the inputs from a saved recommendation. What is given
// beside it takes their place.
func (a *app) readRecommended(o *recommendOptions, fs *pflag.FlagSet) error {
	wrong := problem.Wrong(problem.BadFile, "the saved recommendation is not one", "--from "+o.from, "give a file that plimsoll recommend --output json wrote")
	var saved struct {
		Schema string `json:"schema"`
		Inputs struct {
			report.RecommendInputs
			Scenario json.RawMessage `json:"scenario"`
		} `json:"inputs"`
	}
	if err := a.readSaved(o.from, "saved recommendation", "plimsoll recommend --output json", maxSaved, &saved); err != nil {
		return err
	}
	if saved.Schema != report.RecommendSchema || saved.Inputs.Scenario == nil {
		return wrong
	}
	again := given(fs)
	from := o.from
	inputs := saved.Inputs.RecommendInputs
	if err := scenario.NewDecoder().Decode(saved.Inputs.Scenario, &inputs.Scenario); err != nil {
		return err
	}
	o.inputs, o.model = inputs, inputs.Scenario.Model
	if inputs.Load != nil {
		o.load = *inputs.Load
	}
	if inputs.Prices != nil {
		o.prices = *inputs.Prices
	}
	o.from = from
	return again()
}
