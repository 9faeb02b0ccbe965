package corpus

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/fit"
	"github.com/plimsoll/plimsoll/profiles"
	"github.com/plimsoll/plimsoll/profiles/measured"
)

// How many fits a cross-validation makes: the largest devices and models are
// left out alone, the others a few at a time.
const (
	deviceFolds = 24
	modelFolds  = 40
)

func byDevice(o *fit.Observation) string { return o.Device }
func byModel(o *fit.Observation) string  { return o.Model }

// Calibration is what the corpus yields.
type Calibration struct {
	Table *calibration.Table
	// Parameters, Groups and CrossValidation are the files of
	// profiles/calibration.
	Parameters      []byte
	Groups          string
	CrossValidation string
}

// All works out every published measurement that may be used, those of
// servers last.
func All(ctx context.Context, store *scenario.Store) ([]Example, []Miss, error) {
	rows, err := measured.Local()
	if err != nil {
		return nil, nil, err
	}
	served, err := measured.Serving()
	if err != nil {
		return nil, nil, err
	}
	prior, _, err := profiles.Prior()
	if err != nil {
		return nil, nil, err
	}
	examples, misses, err := Examples(ctx, store, rows)
	if err != nil {
		return nil, nil, err
	}
	more, missed, err := ServingExamples(ctx, store, prior, served)
	return append(examples, more...), append(misses, missed...), err
}

// Observations returns what a fit needs of the published measurements.
func Observations(ctx context.Context, store *scenario.Store) (examples []Example, obs, judged []*fit.Observation, err error) {
	examples, _, err = All(ctx, store)
	if err != nil {
		return nil, nil, nil, err
	}
	for i := range examples {
		obs, judged = append(obs, examples[i].Observation), append(judged, examples[i].Judged)
	}
	return examples, obs, judged, nil
}

// FitParameters fits the parameters to all published measurements, without
// spreads: the part of Calibrate that takes seconds.
func FitParameters(ctx context.Context, store *scenario.Store) (*calibration.Table, error) {
	prior, cfg, err := profiles.Prior()
	if err != nil {
		return nil, err
	}
	examples, obs, _, err := Observations(ctx, store)
	if err != nil {
		return nil, err
	}
	t, err := fit.Fit(prior, obs, cfg)
	if err != nil {
		return nil, err
	}
	t.Version = "2"
	t.Source = fmt.Sprintf("robust log-space regression with shrinkage over %d published measurements (profiles/measured, profiles/calibration/SOURCES.md)", len(examples))
	return t, nil
}

// Calibrate fits the parameters, and cross-validates them with whole devices
// and whole models left out, which gives the intervals. It takes minutes.
// progress is told what is being done; it may be nil.
func Calibrate(ctx context.Context, store *scenario.Store, workers int, progress func(string)) (*Calibration, error) {
	say := func(s string) {
		if progress != nil {
			progress(s)
		}
	}
	say("fitting all measurements")
	t, err := FitParameters(ctx, store)
	if err != nil {
		return nil, err
	}
	prior, cfg, err := profiles.Prior()
	if err != nil {
		return nil, err
	}
	examples, obs, judged, err := Observations(ctx, store)
	if err != nil {
		return nil, err
	}
	say(fmt.Sprintf("leaving out whole devices (%d fits)", deviceFolds))
	ofDevice, err := fit.LeaveOut(prior, t, obs, judged, byDevice, deviceFolds, workers, cfg)
	if err != nil {
		return nil, err
	}
	say(fmt.Sprintf("leaving out whole models (%d fits)", modelFolds))
	ofModel, err := fit.LeaveOut(prior, t, obs, judged, byModel, modelFolds, workers, cfg)
	if err != nil {
		return nil, err
	}
	say("intervals")
	cases := make([]fit.Case, 0, 2*len(examples))
	for i := range examples {
		o := examples[i].Observation
		pool := ""
		if examples[i].Serving != nil {
			pool = "served"
		}
		for _, j := range [...]fit.Judgement{ofDevice[i], ofModel[i]} {
			cases = append(cases, fit.Case{Judgement: j, Decoding: o.Decoding, Device: o.Device, Pool: pool})
		}
	}
	marks := map[*fit.Case]bool{}
	for i := range examples {
		ok := examples[i].Row.Quality != measured.QualityC
		marks[&cases[2*i]], marks[&cases[2*i+1]] = ok, ok
	}
	scored := func(c *fit.Case) bool { return marks[c] }
	fit.NewSpreads(cases, scored).Apply(t)
	c := &Calibration{Table: t, CrossValidation: crossValidation(examples, cases, scored)}
	c.Parameters, c.Groups, err = t.Format()
	return c, err
}

// crossValidation writes the judgements, each with a spread that was taken
// from other devices alone.
func crossValidation(examples []Example, cases []fit.Case, scored func(*fit.Case) bool) string {
	spreads := map[string]*fit.Spreads{}
	of := func(device string) *fit.Spreads {
		s, ok := spreads[device]
		if !ok {
			s = fit.NewSpreads(cases, func(c *fit.Case) bool { return scored(c) && c.Device != device })
			spreads[device] = s
		}
		return s
	}
	var b strings.Builder
	b.WriteString("id,device,device_sd,device_level,model,model_sd,model_level\n")
	for i := range examples {
		b.WriteString(examples[i].Row.ID)
		for k := range 2 {
			c := &cases[2*i+k]
			sd := of(c.Device).SD(c.Set, c.Level, c.Decoding, c.Traits)
			fmt.Fprintf(&b, ",%s,%s,%s", strconv.FormatFloat(-c.Log, 'f', 3, 64), strconv.FormatFloat(sd, 'f', 3, 64), c.Level)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
