package estimator

import (
	"math"
	"slices"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/cost"
	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/hardware"
)

func figureOf(v float64, unit string) *pipeline.Figure {
	return &pipeline.Figure{Value: v, Low: v, High: v, Unit: unit}
}

// spendOn reckons the costs of a job on a machine of one device that is rented
// for 3.6 USD an hour and draws 360 W while it computes.
func spendOn(class pipeline.Class, o *pipeline.Outcome, terms *Terms) *Result {
	req := &Request{Machine: &hardware.Machine{Nodes: []hardware.Node{{Devices: []*hardware.Device{{ID: "card"}}}}},
		Pipeline: &pipeline.Request{Model: &pipeline.Model{Class: class}}, Terms: terms}
	e := &Result{Pipeline: o}
	pipelineCosts(req, e)
	return e
}

func rented() *Terms {
	var watt cost.Levels
	watt[cost.Compute] = cost.Level{Value: 360, Low: 360, High: 360}
	return &Terms{Tenure: Rented, Rental: &cost.Rental{USDPerHour: &cost.Fact{Value: 3.6}, Devices: 1, Utilisation: 1},
		Power: &cost.Power{Devices: []cost.Unit{{Count: 1, Watts: watt}}}, Utilisation: 1,
		Site: cost.Site{Electricity: &cost.Fact{Value: 0.25}, Carbon: &cost.Fact{Value: 400}}}
}

// 3.6 USD an hour is a thousandth of one a second, and 360 W a tenth of a
// watt-hour: by hand.
func TestPipelineCosts(t *testing.T) {
	stages := []pipeline.StageTime{{Seconds: *figureOf(20, "s"), Bound: "compute", Where: "device"}}
	for _, c := range []struct {
		class     pipeline.Class
		o         pipeline.Outcome
		usd, wh   func(*Costs) *Figure
		usdOf, of float64 // USD and Wh of a unit
		job       float64 // USD of the job
	}{
		{pipeline.TextToImage, pipeline.Outcome{LatencyS: figureOf(20, "s"), SecondsPerImage: figureOf(5, "s")},
			func(c *Costs) *Figure { return c.USDPerImage }, func(c *Costs) *Figure { return c.WhPerImage }, 0.005, 0.5, 0.02},
		{pipeline.TextToVideo, pipeline.Outcome{LatencyS: figureOf(20, "s"), SecondsPerVideoS: figureOf(10, "s")},
			func(c *Costs) *Figure { return c.USDPerVideoS }, func(c *Costs) *Figure { return c.WhPerVideoS }, 0.01, 1, 0.02},
		{pipeline.Recognition, pipeline.Outcome{LatencyS: figureOf(20, "s"), RealTimeFactor: figureOf(0.5, "")},
			func(c *Costs) *Figure { return c.USDPerAudioHour }, func(c *Costs) *Figure { return c.WhPerAudioHour }, 1.8, 180, 0.02},
		{pipeline.Embedding, pipeline.Outcome{LatencyS: figureOf(20, "s"), TokensPerS: figureOf(1e4, "tok/s")},
			func(c *Costs) *Figure { return c.USDPerMTokens }, func(c *Costs) *Figure { return c.WhPerMTokens }, 0.1, 10, 0.02},
	} {
		c.o.Stages = stages
		e := spendOn(c.class, &c.o, rented())
		k := e.Costs
		for what, pair := range map[string][2]float64{
			"an hour": {k.USDPerHour.Value, 3.6}, "a job": {k.USDPerJob.Value, c.job}, "a unit": {c.usd(k).Value, c.usdOf},
			"energy of a job": {k.WhPerJob.Value, 2}, "energy of a unit": {c.wh(k).Value, c.of}, "watts": {k.Watts.Value, 360},
			"grams of a job": {k.GramsPerJob.Value, 0.8}, "electricity of an hour": {k.EnergyUSDPerHour.Value, 0.09},
		} {
			if math.Abs(pair[0]-pair[1]) > 1e-9*pair[1] {
				t.Errorf("%s: %s is %g, by hand %g", c.class, what, pair[0], pair[1])
			}
		}
		if k.USDPerMOutput != nil || k.JoulesPerToken != nil {
			t.Errorf("%s: a cost of tokens: %+v", c.class, k)
		}
	}
}

// What is not known has a reason.
func TestPipelineCostsUnknown(t *testing.T) {
	missing := func(e *Result, figure string) bool {
		return slices.ContainsFunc(e.Unavailable, func(u Unavailable) bool { return u.Figure == figure && u.Reason != "" })
	}
	e := spendOn(pipeline.TextToImage, &pipeline.Outcome{LatencyS: figureOf(20, "s"), SecondsPerImage: figureOf(5, "s")},
		&Terms{Tenure: Rented, Rental: &cost.Rental{Utilisation: 1, Why: "no offer is known"}, NoPower: "the power is not known", Utilisation: 1})
	for _, f := range []string{usdPerHour, usdPerJob, usdPerImage, whPerImage, whPerJob, gramsPerJob, watts} {
		if !missing(e, f) {
			t.Errorf("nothing says why %s is not known: %+v", f, e.Unavailable)
		}
	}
	e = spendOn(pipeline.Synthesis, &pipeline.Outcome{}, rented())
	for _, f := range []string{usdPerJob, usdPerAudioHour, whPerAudioHour, watts} {
		if !missing(e, f) {
			t.Errorf("without times: nothing says why %s is not known: %+v", f, e.Unavailable)
		}
	}
	if e.Costs.USDPerHour == nil {
		t.Error("an hour has a price without times")
	}
}
