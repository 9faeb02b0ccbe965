package accuracy

import (
	"context"
	"fmt"
	"math"

	"github.com/plimsoll/plimsoll/cmd/internal/corpus"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/profiles"
	"github.com/plimsoll/plimsoll/profiles/measured"
)

// What is left out of the fit that judges a measurement.
const (
	HeldDevice = "device" // all measurements of its device
	HeldModel  = "model"  // all measurements of its model
)

// z80 is the number of standard deviations on either side of the middle of a
// normal distribution between which 80% of it lies.
const z80 = 1.2815515655446004

// Verdict says how an estimate came out against a measurement. Rates count:
// where a time was measured, its inverse.
type Verdict struct {
	// Log is ln(estimated rate ÷ measured rate): positive where we said faster
	// than measured. Low and High are the same of the ends of the interval that
	// should hold 80% of measurements.
	Log, Low, High float64
	// Naive is Log of a rule of thumb; NaiveOK is false where it says nothing.
	Naive   float64
	NaiveOK bool
	// Basis says in words what the parameters rest on.
	Basis string
}

// Inside says whether the interval holds the measurement.
func (v *Verdict) Inside() bool { return v.Low <= 0 && v.High >= 0 }

func (v *Verdict) verdict() *Verdict { return v }

// judged is a case of either kind of model.
type judged interface {
	verdict() *Verdict
	// tag returns the group that the case belongs to.
	tag(dimension string) string
	id() string
}

// Case is one measurement of a language model beside the estimate it is held
// against.
type Case struct {
	Verdict
	Row *measured.Row

	example *corpus.Example
	tags    [len(dimensions)]string
}

func (c *Case) id() string { return c.Row.ID }

// Decoding says whether most of the time is spent on generating tokens.
func (c *Case) Decoding() bool { return c.example.Judged.Decoding }

func (c *Case) tag(dimension string) string {
	for i := range dimensions {
		if dimensions[i].name == dimension {
			return c.tags[i]
		}
	}
	return ""
}

func newCase(ex *corpus.Example, level string) Case {
	c := Case{Row: ex.Row, example: ex}
	for i := range dimensions {
		c.tags[i] = dimensions[i].of(ex, level)
	}
	c.Naive, c.NaiveOK = naive(ex)
	return c
}

// Published returns all published measurements of language models that are
// judged, and how many
// there are of each fate.
func Published(ctx context.Context, store *scenario.Store, held string) ([]Case, Rows, error) {
	var n Rows
	rows, err := measured.Local()
	if err != nil {
		return nil, n, problem.Failed(err.Error())
	}
	judged, err := profiles.CrossValidation()
	if err != nil {
		return nil, n, problem.Failed(err.Error())
	}
	served, err := measured.Serving()
	if err != nil {
		return nil, n, problem.Failed(err.Error())
	}
	n.Collected = len(rows) + len(served)
	for i := range rows {
		if rows[i].Exclude != "" {
			n.Excluded++
		}
	}
	for i := range served {
		if served[i].Exclude != "" || served[i].Weight == 0 {
			n.Excluded++
		}
	}
	examples, misses, err := corpus.All(ctx, store)
	if err != nil {
		return nil, n, err
	}
	n.NotComparable = len(misses)
	cases := make([]Case, 0, len(examples))
	for i := range examples {
		h := heldOut(judged[examples[i].Row.ID], held)
		if !h.Judged {
			n.NotJudged++
			continue
		}
		c := newCase(&examples[i], h.Level)
		c.Log, c.Low, c.High = h.Log, h.Log-z80*h.SD, h.Log+z80*h.SD
		c.Basis = fmt.Sprintf("%s, fitted without the %s", h.Level, held)
		cases = append(cases, c)
	}
	return cases, n, nil
}

// percent turns a logarithm of a ratio into the deviation from 1, in percent.
func percent(log float64) float64 { return 100 * math.Expm1(log) }

// heldOut is the judgement without the device, or without the model.
func heldOut(both profiles.CrossValidated, held string) profiles.Held {
	if held == HeldModel {
		return both.Model
	}
	return both.Device
}
