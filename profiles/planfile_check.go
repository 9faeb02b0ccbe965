package profiles

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/plimsoll/plimsoll/estimator/capacity"
	"github.com/plimsoll/plimsoll/estimator/serving"
)

// Goals of a plan and the ends of the intervals that it may be judged at.
var (
	planGoals = []string{"cost", "energy", "carbon", "machines"}
	planEnds  = []string{"pessimistic", "central"}
)

// failAt records an error at the line of a key.
func (r *planReader) failAt(n ast.Node, path, key, message string) {
	if r.err != nil {
		return
	}
	if line := r.lines[path]; line > 0 {
		r.err = fmt.Errorf("%s:%d: %s: %s", r.file, line, key, message)
		return
	}
	r.fail(n, key, message)
}

// check finds what is missing or makes no sense in the whole, and fills in names.
func (r *planReader) check(n ast.Node, p *PlanFile) {
	if r.err != nil {
		return
	}
	oneOf := func(key, value string, list []string) {
		if value != "" && !slices.Contains(list, value) {
			r.failAt(n, key, key, fmt.Sprintf("want %s, got %q", strings.Join(list, ", "), oneLine(value)))
		}
	}
	oneOf("goal", p.Goal, planGoals)
	oneOf("judge_at", p.JudgeAt, planEnds)
	if p.lines["utilisation"] > 0 && p.Utilisation <= 0 {
		r.failAt(n, "utilisation", "utilisation", "want more than 0, as in 0.8")
	}
	if pr := p.Prices; pr != nil {
		switch {
		case pr.PUE != 0 && pr.PUE < 1:
			r.failAt(n, "prices.pue", "pue", "want 1 or more")
		case pr.Own && pr.Spot:
			r.failAt(n, "prices.spot", "spot", "a machine is bought or rented at spot prices, not both")
		case pr.At != "":
			if _, err := ParseDate(pr.At); err != nil {
				r.failAt(n, "prices.at", "at", err.Error())
			}
		}
	}
	switch {
	case len(p.Hardware) == 0:
		r.fail(n, "hardware", `needs at least one machine, as in hardware: ["8x h100-sxm5-80gb"]`)
	case len(p.Workloads) == 0:
		r.fail(n, "workloads", "needs at least one")
	}
	hardware := map[string]bool{}
	for i := range p.Hardware {
		h, path := &p.Hardware[i], "hardware["+strconv.Itoa(i)+"]"
		if hardware[h.Name] {
			r.failAt(n, path, "hardware", fmt.Sprintf("%q is there twice; give each a name of its own", oneLine(h.Name)))
		}
		hardware[h.Name] = true
		if h.PurchaseUSD != nil && (p.Prices == nil || !p.Prices.Own) {
			r.failAt(n, path+".purchase_usd", "purchase_usd", "needs prices: {own: true}")
		}
	}
	seen := map[string]bool{}
	for i := range p.Workloads {
		w, path := &p.Workloads[i], "workloads["+strconv.Itoa(i)+"]"
		if w.Model == "" && (p.Defaults == nil || p.Defaults.Model == "") {
			r.failAt(n, path, "a workload", "needs a model")
		}
		if w.Name == "" {
			if w.Name = w.Model; w.Name == "" && p.Defaults != nil {
				w.Name = p.Defaults.Model
			}
		}
		if seen[w.Name] {
			r.failAt(n, path, "workloads", fmt.Sprintf("%q is there twice; give each a name of its own", oneLine(w.Name)))
		}
		seen[w.Name] = true
		for _, name := range w.On {
			if !hardware[name] {
				r.failAt(n, path+".on", "on", fmt.Sprintf("no hardware is named %q: there is %s", oneLine(name), oneLine(namesOf(p.Hardware))))
			}
		}
		for _, text := range w.SLO {
			if _, err := serving.ParseObjective(text); err != nil {
				r.failAt(n, path+".slo", "slo", oneLine(err.Error()))
			}
		}
	}
}

func namesOf(list []PlanHardware) string {
	var out []string
	for i := range list {
		out = append(out, list[i].Name)
	}
	return strings.Join(out, ", ")
}

// traffic checks what the traffic under a path says.
func (r *planReader) traffic(n ast.Node, path string, t *PlanTraffic) {
	if r.err != nil {
		return
	}
	switch {
	case t.Rate == "" && t.Concurrency == 0:
		r.fail(n, "traffic", "needs rate, as in 4/s, or concurrency")
	case t.Rate != "" && t.Concurrency != 0:
		r.fail(n, "traffic", "is a rate or concurrency, not both")
	case t.Burst != 0 && t.Burst < 0.01:
		r.failAt(n, path+".burst", "burst", "want 0.01 or more")
	}
	_, rate := t.PerSecond()
	_, input := t.InputLengths()
	_, output := t.OutputLengths()
	_, growth := t.Monthly()
	_, average := t.Mean()
	_, speculate := t.TokensPerStep()
	for _, part := range []struct {
		key string
		err error
	}{{"rate", rate}, {"input", input}, {"output", output}, {"growth", growth}, {"average", average}, {"speculate", speculate}} {
		if part.err != nil {
			r.failAt(n, path+"."+part.key, part.key, oneLine(part.err.Error()))
		}
	}
}

// PerSecond is the rate in requests per second; 0 where there are users instead.
func (t *PlanTraffic) PerSecond() (float64, error) {
	if t.Rate == "" {
		return 0, nil
	}
	v, err := serving.ParseRate(t.Rate)
	if err == nil && math.IsInf(v, 1) {
		err = fmt.Errorf("rate %.40q: a plan needs a rate that ends", t.Rate)
	}
	return v, err
}

// Lengths of requests that say nothing of them, as in a scenario.
const (
	planInput  = 512
	planOutput = 128
)

// InputLengths are the lengths of prompts.
func (t *PlanTraffic) InputLengths() (serving.Lengths, error) { return planLengths(t.Input, planInput) }

// OutputLengths are the lengths of answers; 0 tokens are told as one, which the
// prompt itself yields.
func (t *PlanTraffic) OutputLengths() (serving.Lengths, error) {
	if t.Output == "0" {
		return serving.Fixed(1), nil
	}
	return planLengths(t.Output, planOutput)
}

func planLengths(text string, otherwise int) (serving.Lengths, error) {
	if text == "" {
		return serving.Fixed(otherwise), nil
	}
	return serving.ParseLengths(text)
}

// TokensPerStep is what speculation gains; 0 without it.
func (t *PlanTraffic) TokensPerStep() (float64, error) {
	if t.Speculate == "" {
		return 0, nil
	}
	k, a, ok := strings.Cut(t.Speculate, ":")
	n, err := strconv.Atoi(strings.TrimSpace(k))
	p, err2 := strconv.ParseFloat(strings.TrimSpace(a), 64)
	if !ok || err != nil || err2 != nil || n < 1 || n > 64 || !(p >= 0 && p <= 1) {
		return 0, fmt.Errorf("want drafted tokens (1 to 64) and the chance that one is accepted (0 to 1), as in 3:0.7, got %.40q", t.Speculate)
	}
	return serving.Speculate(n, p), nil
}

// Monthly is the share by which the traffic grows in a month.
func (t *PlanTraffic) Monthly() (float64, error) {
	if t.Growth == "" {
		return 0, nil
	}
	text, unit, _ := strings.Cut(t.Growth, "/")
	v, err := share(text)
	switch unit = strings.TrimSpace(unit); {
	case err != nil:
	case !(v > -1 && v <= 100):
		err = fmt.Errorf("want -99%% to 10000%%, got %.40q", t.Growth)
	case unit == "" || unit == "month":
		return v, nil
	case unit == "year":
		return capacity.Monthly(v), nil
	default:
		err = fmt.Errorf("want a share for each month or year, as in 5%%/month, got %.40q", t.Growth)
	}
	return 0, err
}

// Mean is what the mean of a month is of the busiest time, above 0 and up to 1.
func (t *PlanTraffic) Mean() (float64, error) {
	if t.Average == "" {
		return 1, nil
	}
	v, err := share(t.Average)
	if err == nil && !(v > 0 && v <= 1) {
		err = fmt.Errorf("want more than 0%% and up to 100%%, got %.40q", t.Average)
	}
	return v, err
}

// share reads a share, 0.05 or 5%.
func share(text string) (float64, error) {
	number, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("want a share such as 5%% or 0.05, got %.40q", text)
	}
	if percent {
		v /= 100
	}
	return v, nil
}
