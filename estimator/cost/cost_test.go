package cost_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/cost"
	"github.com/plimsoll/plimsoll/estimator/roofline"
)

func fig(v, low, high float64, unit string) *cost.Figure {
	return &cost.Figure{Value: v, Low: low, High: high, Unit: unit}
}

func exact(v float64, unit string) *cost.Figure { f := cost.Exact(v, unit, ""); return &f }

func fact(v float64) *cost.Fact { return &cost.Fact{Value: v, Date: "2026-03-12", Source: "a list"} }

func near(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance*math.Abs(b) }

func TestRental(t *testing.T) {
	for _, c := range []struct {
		name                   string
		price                  float64
		each, devices          int
		utilisation, want      float64
		instances              int
		unavailable, mentioned string
	}{
		{"by the device", 2, 1, 8, 1, 16, 8, "", ""},
		{"a whole instance", 16, 8, 8, 1, 16, 1, "", ""},
		{"half an instance is rented whole", 16, 8, 4, 1, 16, 1, "", ""},
		{"nine devices need two of eight", 16, 8, 9, 1, 32, 2, "", ""},
		{"idle hours are paid", 2, 1, 1, 0.4, 5, 1, "", ""},
		{"free", 0, 1, 1, 1, 0, 1, "", ""},
		{"no work at all", 2, 1, 1, 0, 0, 1, "usd_per_hour", "utilisation is 0"},
		{"more than all", 2, 1, 1, 1.2, 0, 1, "usd_per_hour", "utilisation is 1.2"},
	} {
		r := cost.Rental{USDPerHour: fact(c.price), Devices: c.each, Utilisation: c.utilisation}
		h := r.Hour(c.devices)
		if c.unavailable != "" {
			if h.Total != nil || !said(h.Unavailable, c.unavailable, c.mentioned) {
				t.Errorf("%s: %+v, want no %s because of %q", c.name, h, c.unavailable, c.mentioned)
			}
			continue
		}
		if h.Total == nil || !near(h.Total.Value, c.want, 1e-12) || h.Total.Low != h.Total.High || r.Instances(c.devices) != c.instances {
			t.Errorf("%s: %+v over %d instances, want %g over %d", c.name, h.Total, r.Instances(c.devices), c.want, c.instances)
		}
		if !strings.Contains(h.Total.Basis, "2026-03-12") {
			t.Errorf("%s: basis %q has no date", c.name, h.Total.Basis)
		}
	}
	none := cost.Rental{Devices: 1, Utilisation: 1, Why: "no offer with it is known"}
	if h := none.Hour(1); h.Total != nil || !said(h.Unavailable, "usd_per_hour", "no offer") {
		t.Errorf("without a price: %+v", h)
	}
}

func said(list []cost.Unavailable, figure, reason string) bool {
	return slices.ContainsFunc(list, func(u cost.Unavailable) bool { return u.Figure == figure && strings.Contains(u.Reason, reason) })
}

// A card for 1,752 USD over two years of which it works a tenth is 1 USD an
// hour; 400 W at work and 20 W for nine idle hours, at 0.25 USD.
func owned() cost.Owned {
	return cost.Owned{USD: fact(1752), LifetimeYears: 2, Utilisation: 0.1, Idle: fig(20, 15, 30, "W"),
		Site: cost.Site{Electricity: fact(0.25), Carbon: fact(400)}}
}

func TestOwned(t *testing.T) {
	o := owned()
	h := o.Hour(fig(400, 300, 500, "W"))
	if len(h.Unavailable) > 0 || !near(h.Capital.Value, 1, 1e-12) || !near(h.Energy.Value, 0.58*0.25, 1e-12) || !near(h.Total.Value, 1.145, 1e-12) {
		t.Fatalf("%+v", h)
	}
	if !near(h.Energy.Low, (300+135)/4e3, 1e-12) || !near(h.Energy.High, (500+270)/4e3, 1e-12) || h.Capital.Low != h.Capital.High {
		t.Errorf("intervals: energy %+v, capital %+v", h.Energy, h.Capital)
	}
	o.Site.PUE = &cost.Fact{Value: 1.5, Assumed: true}
	if e, why := o.Site.Energy(fig(400, 300, 500, "W"), o.Idle, 0.1); why != "" || !near(e.Value, 0.87, 1e-12) || !strings.Contains(e.Basis, "PUE assumed") {
		t.Errorf("with a PUE of 1.5: %+v %s", e, why)
	}
	g, why := o.Site.Emissions(exact(2, "kWh/M tok"))
	if why != "" || g.Value != 800 || g.Unit != "gCO2e/M tok" {
		t.Errorf("emissions: %+v %s", g, why)
	}
	o.ResidualShare = 0.25
	if h := o.Hour(exact(400, "W")); !near(h.Capital.Value, 0.75, 1e-12) {
		t.Errorf("a quarter is got back: %+v", h.Capital)
	}
}

func TestOwnedUnknown(t *testing.T) {
	busy := exact(400, "W")
	for _, c := range []struct {
		name, figure, reason string
		change               func(*cost.Owned)
		busy                 *cost.Figure
	}{
		{"no price", "capital_usd_per_hour", "give one, or one in a price file", func(o *cost.Owned) { o.USD = nil }, busy},
		{"why no price", "capital_usd_per_hour", "not sold", func(o *cost.Owned) { o.USD, o.Why = nil, "it is not sold" }, busy},
		{"no lifetime", "capital_usd_per_hour", "lifetime is 0 years", func(o *cost.Owned) { o.LifetimeYears = 0 }, busy},
		{"an endless one", "capital_usd_per_hour", "lifetime is +Inf years", func(o *cost.Owned) { o.LifetimeYears = math.Inf(1) }, busy},
		{"an odd residue", "capital_usd_per_hour", "residual share is 2", func(o *cost.Owned) { o.ResidualShare = 2 }, busy},
		{"a price below nothing", "capital_usd_per_hour", "-1", func(o *cost.Owned) { o.USD = fact(-1) }, busy},
		{"no utilisation", "energy_usd_per_hour", "utilisation is 0", func(o *cost.Owned) { o.Utilisation = 0 }, busy},
		{"no power", "energy_usd_per_hour", "power is not known", func(*cost.Owned) {}, nil},
		{"no idle power", "energy_usd_per_hour", "idle power is not known", func(o *cost.Owned) { o.Idle = nil }, busy},
		{"no electricity", "energy_usd_per_hour", "name a country", func(o *cost.Owned) { o.Site.Electricity = nil }, busy},
		{"why no electricity", "energy_usd_per_hour", "in EUR", func(o *cost.Owned) { o.Site.Electricity, o.Site.NoElectricity = nil, "a price is in EUR" }, busy},
		{"a PUE below 1", "energy_usd_per_hour", "PUE is 0.5", func(o *cost.Owned) { o.Site.PUE = fact(0.5) }, busy},
		{"not a number", "energy_usd_per_hour", "power is not known", func(*cost.Owned) {}, exact(math.NaN(), "W")},
	} {
		o := owned()
		c.change(&o)
		h := o.Hour(c.busy)
		if h.Total != nil || !said(h.Unavailable, c.figure, c.reason) || !said(h.Unavailable, "usd_per_hour", "") {
			t.Errorf("%s: %+v, want no total, and no %s because %q", c.name, h, c.figure, c.reason)
		}
	}
	o := owned()
	o.Utilisation, o.Idle = 1, nil
	if h := o.Hour(busy); h.Total == nil {
		t.Errorf("a machine that always works needs no idle power: %+v", h.Unavailable)
	}
	o.Site.Carbon, o.Site.NoCarbon = nil, "not known there"
	if g, why := o.Site.Emissions(busy); g != nil || why != "not known there" {
		t.Errorf("emissions %+v, %q", g, why)
	}
}

func TestSpend(t *testing.T) {
	rent := cost.Flow{Input: exact(3.6, "USD/h"), Output: exact(3.6, "USD/h")} // 0.001 USD a second
	one := func(w cost.Work) cost.Spent { return cost.Spend(rent, w) }
	// 1,000 tokens at 10,000/s and 200 at 100/s: 0.1 s and 2 s.
	w := cost.Work{InputTokens: 1000, OutputTokens: 200, Prefill: exact(10000, "tok/s"), Output: fig(100, 80, 125, "tok/s")}
	s := one(w)
	for _, c := range []struct {
		name string
		got  *cost.Figure
		want float64
		unit string
	}{
		{"input", s.PerMInput, 0.1, "USD/M tok"}, {"output", s.PerMOutput, 10, "USD/M tok"},
		{"request", s.Request, 0.0021, "USD/request"}, {"all in", s.PerMOutputAll, 10.5, "USD/M tok"}, {"total", s.PerMTotal, 1.75, "USD/M tok"},
	} {
		if c.got == nil || !near(c.got.Value, c.want, 1e-12) || c.got.Unit != c.unit {
			t.Errorf("%s: %+v, want %g %s", c.name, c.got, c.want, c.unit)
		}
	}
	if !near(s.PerMOutput.Low, 8, 1e-12) || !near(s.PerMOutput.High, 12.5, 1e-12) {
		t.Errorf("the interval of the price is not that of the speed: %+v", s.PerMOutput)
	}

	// A server that does half a request a second has 2 s for one, 1.9 for the answer.
	w.Requests = fig(0.5, 0.4, 0.6, "requests/s")
	s = one(w)
	if !near(s.Request.Value, 0.002, 1e-12) || !near(s.PerMInput.Value, 0.1, 1e-12) || !near(s.PerMOutput.Value, 9.5, 1e-12) {
		t.Errorf("by requests: %+v %+v %+v", s.Request, s.PerMInput, s.PerMOutput)
	}
	// With twenty a second the prompts run beside the answers.
	w.Requests = exact(20, "requests/s")
	s = one(w)
	if s.PerMInput != nil || s.PerMOutput != nil || !near(s.Request.Value, 5e-5, 1e-12) || !near(s.PerMOutputAll.Value, 0.25, 1e-12) ||
		!said(s.Unavailable, "per_m_input_tokens", "beside") || !said(s.Unavailable, "per_m_output_tokens", "beside") {
		t.Errorf("overlapping: %+v", s)
	}
	w.Requests = nil

	// What is missing is said, and nothing else is.
	w.Prefill = nil
	s = one(w)
	if s.PerMOutput == nil || s.Request != nil || !said(s.Unavailable, "per_request", "rate of prompts") || said(s.Unavailable, "per_m_output_tokens", "") {
		t.Errorf("without a prefill rate: %+v", s)
	}
	w = cost.Work{InputTokens: 512, Prefill: exact(1000, "tok/s")}
	s = one(w)
	if s.PerMInput == nil || s.Request == nil || s.PerMTotal == nil || !said(s.Unavailable, "per_m_output_tokens", "nothing is generated") {
		t.Errorf("embeddings: %+v", s)
	}
	w = cost.Work{OutputTokens: 512, Output: exact(1000, "tok/s")}
	if s = one(w); s.PerMOutput == nil || s.Request == nil || !near(s.PerMOutputAll.Value, s.PerMOutput.Value, 1e-12) {
		t.Errorf("no prompt: %+v", s)
	}
	if s = one(cost.Work{}); s.Request != nil || len(s.Unavailable) != 5 {
		t.Errorf("no tokens: %+v", s)
	}
	if s = cost.Spend(cost.Flow{}, w); s.Request != nil || !said(s.Unavailable, "per_request", "hour of work") {
		t.Errorf("no flow: %+v", s)
	}
}

func TestPer(t *testing.T) {
	f, why := cost.Per(exact(3.6, "USD/h"), fig(0.5, 0.25, 1, "images/s"), 1, "image")
	if why != "" || !near(f.Value, 0.002, 1e-12) || f.Unit != "USD/image" || !near(f.High, 0.004, 1e-12) {
		t.Errorf("%+v %s", f, why)
	}
	if f, why = cost.Per(exact(0.36, "kWh/h"), exact(30, "s of audio/s"), 60, "min of audio"); why != "" || !near(f.Value, 0.0002, 1e-12) {
		t.Errorf("%+v %s", f, why)
	}
	if f, why = cost.Per(nil, exact(1, "images/s"), 1, "image"); f != nil || why == "" {
		t.Error("a flow that is not known gives a figure")
	}
	if f, why = cost.Per(exact(1, "USD/h"), exact(0, "images/s"), 1, "image"); f != nil || why == "" {
		t.Error("a rate of nothing gives a figure")
	}
}

func TestBreakEven(t *testing.T) {
	o := owned() // 0.145 USD of energy an hour
	busy := fig(400, 300, 500, "W")
	p := o.Against(exact(1.021, "USD/h"), busy)
	if p.Amount == nil || !near(p.Amount.Value, 1752/0.876, 1e-9) || !near(p.Months.Value, 2000/73.0, 1e-9) {
		t.Fatalf("%+v", p)
	}
	if p.Amount.Low >= p.Amount.Value || p.Amount.High <= p.Amount.Value || p.InLife {
		t.Errorf("2000 hours of work are not within 1752: %+v", p)
	}
	if p := o.Against(exact(2.2, "USD/h"), busy); !p.InLife {
		t.Errorf("about 850 hours are: %+v", p.Amount)
	}
	for _, c := range []struct {
		rent   float64
		reason string
	}{{0.1, "never pays"}, {0.16, "perhaps never"}} {
		if p := o.Against(exact(c.rent, "USD/h"), busy); p.Amount != nil || p.Months != nil || !said(p.Unavailable, "break_even_months", c.reason) {
			t.Errorf("rent %g: %+v, want %q", c.rent, p, c.reason)
		}
	}
	if f, why := cost.BreakEven(fact(2000), exact(0.5, "USD/M tok"), exact(2.5, "USD/M tok"), "M tok"); why != "" || f.Value != 1000 || f.Unit != "M tok" {
		t.Errorf("against a price by the token: %+v %s", f, why)
	}
}

// levels are watts that can be told apart in a sum.
var levels = cost.Levels{
	cost.Idle: {Value: 10, Low: 5, High: 20, Measured: true}, cost.Waiting: {Value: 20, Low: 10, High: 40, Measured: true},
	cost.Bandwidth: {Value: 300, Low: 200, High: 400, Measured: true}, cost.Compute: {Value: 400, Low: 300, High: 450},
	cost.Overhead: {Value: 100, Low: 50, High: 200}, cost.Communication: {Value: 120, Low: 60, High: 200},
	cost.Transfer: {Value: 80, Low: 40, High: 150}, cost.Driving: {Value: 50, Low: 20, High: 90, Measured: true},
}

func TestPower(t *testing.T) {
	card := func(n int) []cost.Unit { return []cost.Unit{{Count: n, Watts: levels}} }
	host := []cost.Unit{{Watts: levels}}
	half := cost.Level{Value: 0.5, Low: 0.5, High: 0.5}
	whole := []cost.Unit{{Watts: levels, Whole: true}}
	for _, c := range []struct {
		name    string
		p       cost.Power
		parts   cost.Parts
		working float64
		want    float64
	}{
		{"one card streams", cost.Power{Devices: card(1)}, cost.Parts{Bandwidth: 3}, 0, 300},
		{"and waits for launches", cost.Power{Devices: card(1)}, cost.Parts{Bandwidth: 3, Overhead: 1}, 0, 250},
		{"its host drives it", cost.Power{Devices: card(1), Hosts: host}, cost.Parts{Bandwidth: 1}, 0, 350},
		{"the host works, the card waits", cost.Power{Devices: card(1), Hosts: host}, cost.Parts{HostBandwidth: 1}, 0, 320},
		{"two cards in parallel", cost.Power{Devices: card(2)}, cost.Parts{Compute: 1}, 0, 800},
		{"two cards in turn", cost.Power{Devices: card(2)}, cost.Parts{Compute: 1}, 1, 420},
		{"no more work than there are", cost.Power{Devices: card(2)}, cost.Parts{Compute: 1}, 9, 800},
		{"half is lost in the supply", cost.Power{Devices: card(1), Supply: half}, cost.Parts{Compute: 1}, 0, 800},
		{"but not of what was read at the wall", cost.Power{Devices: whole, Supply: half}, cost.Parts{Compute: 1}, 0, 400},
		{"a whole computer does the host's part", cost.Power{Devices: whole}, cost.Parts{HostCompute: 1}, 0, 400},
		{"no accelerator", cost.Power{Hosts: host}, cost.Parts{HostBandwidth: 1, Overhead: 1}, 0, 200},
		{"no work at all", cost.Power{Devices: card(1), Hosts: host}, cost.Parts{}, 0, 20},
	} {
		f := c.p.Draw(c.parts, c.working)
		if !near(f.Value, c.want, 1e-12) || f.Unit != "W" || f.Low >= f.Value || f.High <= f.Value {
			t.Errorf("%s: %+v, want %g W", c.name, f, c.want)
		}
		for _, d := range c.p.Explain(c.parts, c.working) {
			if d.Formula == "" || !strings.HasSuffix(d.Figure, "_watts") {
				t.Errorf("%s: derivation %+v", c.name, d)
			}
		}
	}
	p := cost.Power{Devices: card(1)}
	for want, parts := range map[string]cost.Parts{
		"power measured on such parts":                       {Bandwidth: 1},
		"power assumed":                                      {Compute: 1},
		"power measured on such parts for 75%, assumed else": {Bandwidth: 1, Overhead: 1},
	} {
		if f := p.Draw(parts, 0); f.Basis != want {
			t.Errorf("%+v: basis %q, want %q", parts, f.Basis, want)
		}
	}
}

func TestPartsOf(t *testing.T) {
	got := cost.PartsOf(&roofline.Time{ComputeSec: 1, BandwidthSec: 2, CacheSec: 3, OverheadSec: 4, HostSec: 7, HostComputeSec: 5, LinkSec: 6, CommSec: 8})
	want := cost.Parts{Compute: 1, Bandwidth: 5, Overhead: 4, HostBandwidth: 2, HostCompute: 5, Transfer: 6, Communication: 8}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestStates(t *testing.T) {
	for s := range cost.NumStates {
		if got, ok := cost.ParseState(s.String()); !ok || got != s {
			t.Errorf("%v is read as %v", s, got)
		}
	}
	if _, ok := cost.ParseState("asleep"); ok {
		t.Error("asleep is a state")
	}
}

// The formulas that --explain prints, with their numbers.
func TestExplain(t *testing.T) {
	o := owned()
	busy := fig(400, 300, 500, "W")
	r := cost.Rental{USDPerHour: fact(16), Devices: 8, Utilisation: 0.5}
	flow := cost.Flow{Input: exact(3.6, "USD/h"), Output: exact(3.6, "USD/h")}
	w := cost.Work{InputTokens: 1000, OutputTokens: 200, Prefill: exact(10000, "tok/s"), Output: exact(100, "tok/s")}
	s := cost.Spend(flow, w)
	var got []string
	for _, list := range [][]cost.Derivation{r.Explain(9), o.Explain(busy), s.Explain(flow, w)} {
		for _, d := range list {
			got = append(got, d.Figure+": "+d.Formula)
		}
	}
	want := []string{
		"rent_usd_per_hour: 2 instances x 16 USD/h / utilisation 0.5 = 64 USD per hour of work",
		"capital_usd_per_hour: 1752 USD x (1 - 0) / (2 years x 8760 h x utilisation 0.1) = 1 USD per hour of work",
		"kwh_per_hour: (400 W + 20 idle x (1 - 0.1) / 0.1) W x PUE 1 / 1000 = 0.58 kWh per hour of work (0.435 to 0.77)",
		"energy_usd_per_hour: 0.58 kWh x 0.25 USD/kWh = 0.145 USD per hour of work",
		"per_m_input_tokens: 3.6 USD/h x 0.1 s / 3600 / 1000 tokens x 10^6 = 0.1 USD/M tok",
		"per_m_output_tokens: 3.6 USD/h x 2 s / 3600 / 200 tokens x 10^6 = 10 USD/M tok",
		"per_request: 1000 input tokens x 0.1 / 10^6 + 200 output tokens x 10 / 10^6 = 0.0021 USD/request",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if o.USD = nil; len(o.Explain(busy)) != 2 || (&cost.Rental{}).Explain(1) != nil {
		t.Error("what is not known is derived")
	}
	w.Requests = exact(20, "requests/s")
	s = cost.Spend(flow, w)
	if d := s.Explain(flow, w); len(d) != 1 || d[0].Formula != "3.6 USD/h x 0.05 s / 3600 = 5e-05 USD/request" {
		t.Errorf("undivided: %+v", d)
	}
	one := cost.Work{InputTokens: 10, Prefill: exact(10, "tok/s")}
	s = cost.Spend(flow, one)
	if d := s.Explain(flow, one); len(d) != 2 || !strings.Contains(d[1].Formula, "10 input tokens x 100 / 10^6 = 0.001") {
		t.Errorf("a prompt alone: %+v", d)
	}
}
