package corpus

import (
	"context"
	"fmt"
	"math"

	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/fit"
	"github.com/plimsoll/plimsoll/profiles/measured"
)

// Example is a measurement with the question it answers, worked out.
type Example struct {
	Row         *measured.Row
	Serving     *measured.ServingRow // of a server under load, else nil
	Request     estimator.Request
	Work        *estimator.Work
	Observation *fit.Observation
	// Judged is what the estimate is judged on: the Observation, but placed as
	// the engine would by itself where everything does not fit the devices.
	Judged *fit.Observation
	// Spilled says that by our own ledgers the model does not fit the devices
	// that the source says it ran on: part of it was probably elsewhere.
	Spilled bool
}

// Miss is a measurement that cannot be compared, and why.
type Miss struct {
	Row    *measured.Row
	Reason string
}

// weights of the qualities: what a row of unknown settings is worth.
var weights = map[byte]float64{measured.QualityA: 1, measured.QualityB: 0.7, measured.QualityC: 0.05}

// spilledWeight is what a row is worth that probably ran partly elsewhere.
const spilledWeight = 0.1

// Examples works out all rows that may be used.
func Examples(ctx context.Context, store *scenario.Store, rows []measured.Row) ([]Example, []Miss, error) {
	resolver := scenario.NewResolver(store)
	resolver.Languages = "this corpus"
	cache := new(estimator.Cache)
	var out []Example
	var misses []Miss
	for i := range rows {
		r := &rows[i]
		if r.Exclude != "" {
			continue
		}
		ex, err := example(ctx, resolver, cache, r)
		if err != nil {
			if ctx.Err() != nil {
				return nil, nil, ctx.Err()
			}
			misses = append(misses, Miss{r, err.Error()})
			continue
		}
		out = append(out, ex)
	}
	weigh(out)
	return out, misses, nil
}

// OwnExamples works out a user's own measurements. Those of several sequences in
// flight on a server were made by a benchmark's closed loop, where prompts and
// answers hold each other up, as Estimate has it.
func OwnExamples(ctx context.Context, store *scenario.Store, rows []measured.Row) ([]Example, []Miss, error) {
	all, misses, err := Examples(ctx, store, rows)
	if err != nil {
		return nil, nil, err
	}
	out := all[:0]
	for i := range all {
		ex := &all[i]
		if r := ex.Row; ex.Request.Engine.Serves() && r.Batch > 1 && r.Input > 0 && r.Output > 0 {
			ex.Serving = &measured.ServingRow{Row: *r, Class: measured.ClosedLoop, Nodes: 1}
			o, err := observeServing(ex, ex.Request.Calibration)
			if err != nil {
				misses = append(misses, Miss{r, err.Error()})
				continue
			}
			o.Weight = ex.Observation.Weight
			ex.Observation, ex.Judged = o, o
		}
		out = append(out, *ex)
	}
	return out, misses, nil
}

func example(ctx context.Context, resolver *scenario.Resolver, cache *estimator.Cache, r *measured.Row) (Example, error) {
	ex := Example{Row: r}
	s := Scenario(r)
	if err := ex.work(ctx, resolver, cache, s); err != nil {
		return ex, err
	}
	ex.Judged = ex.Observation
	if r.Offload == "gpu" {
		auto := Example{Row: r}
		s.GPULayers, s.CPUMoE = -1, -1
		if err := auto.work(ctx, resolver, cache, s); err == nil && auto.spills() {
			ex.Spilled, ex.Judged = true, auto.Observation
		}
	}
	return ex, nil
}

// work resolves a scenario and fills in what follows from it.
func (ex *Example) work(ctx context.Context, resolver *scenario.Resolver, cache *estimator.Cache, s scenario.Scenario) error {
	var p scenario.Prepared
	if err := resolver.Resolve(ctx, &s, &p); err != nil {
		return err
	}
	ex.Request = p.Request
	ex.Request.Cache = cache
	w, err := estimator.WorkOf(&ex.Request)
	if err != nil {
		return err
	}
	ex.Work = w
	ex.Observation, err = observe(ex, float64(p.Inputs.OutputTokens))
	return err
}

// spills says whether part of the model is left on the host, or fits nowhere.
func (ex *Example) spills() bool {
	works := ex.Work.Decode.Works
	return ex.Work.Result.Verdict == estimator.DoesNotFit ||
		len(works) > 0 && works[len(works)-1].Host && len(ex.Request.Machine.Primary().Devices) > 0
}

// observe says which times were measured; out is the tokens generated.
func observe(ex *Example, out float64) (*fit.Observation, error) {
	r, w := ex.Row, ex.Work
	node := ex.Request.Machine.Primary()
	if node.Host.Measured != nil {
		// What is learnt of an engine's own speed is relative to the nominal
		// rates, and takes the place of what their measurement tells.
		plain := *node
		plain.Host.Measured = nil
		node = &plain
	}
	o := &fit.Observation{ID: r.ID, Prefill: &w.Prefill, Decode: &w.Decode,
		Site:  fit.Site{Settings: &w.Result.Settings, Node: node},
		Class: ex.Request.Weights.Class, Format: ex.Request.Weights.Format, Flash: w.Result.Settings.FlashOn,
		Device: r.Hardware, Model: ex.Request.Model.Arch.ID}
	batch := float64(r.Batch)
	switch r.Metric {
	case measured.Decode, measured.Output:
		o.Decoding = true
		amount := 1.0
		if r.Metric == measured.Output {
			amount = batch
		}
		if !r.WallClock || r.Input <= 0 {
			o.Steps, o.Seconds = 1, amount/r.Value
			break
		}
		o.Prefills, o.Steps, o.Seconds = 1, out, amount*out/r.Value
		if r.Metric == measured.Output {
			o.Prefills = math.Max(1, batch/math.Max(1, float64(w.Result.Settings.DP)))
		}
	case measured.TPOT:
		o.Steps, o.Seconds, o.Decoding = 1, r.Value/1e3, true
	case measured.Prefill, measured.TTFT:
		if r.Input <= 0 {
			return nil, fmt.Errorf("the length of the prompt is not stated")
		}
		o.Prefills, o.Seconds = 1, r.Value/1e3
		if r.Metric == measured.Prefill {
			o.Seconds = float64(r.Input) / r.Value
		}
	default:
		return nil, fmt.Errorf("nothing is estimated for %s", r.Metric)
	}
	return o, nil
}

// weigh gives each example the weight of its source's care, and lets many
// rows of one device, model and source count as the root of their number.
func weigh(ex []Example) {
	flood := map[[4]string]float64{}
	key := func(r *measured.Row) [4]string { return [4]string{r.Hardware, r.Model, r.Engine + r.Backend, r.Metric} }
	for i := range ex {
		flood[key(ex[i].Row)]++
	}
	for i := range ex {
		r := ex[i].Row
		w := weights[r.Quality]
		if ex[i].Spilled {
			w *= spilledWeight
		}
		if n := flood[key(r)]; n > 4 {
			w *= math.Sqrt(4 / n)
		}
		ex[i].Observation.Weight = w
	}
}
