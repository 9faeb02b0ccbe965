package require

import (
	"fmt"
	"sort"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
)

// Requirement is one gate.
type Requirement struct {
	Text    string
	name    string
	op      string
	limit   float64 // in the figure's unit
	central bool
}

// figure is a reported figure that a requirement may name.
type figure struct {
	dim   units.Dimension
	scale float64 // canonical unit of the dimension -> unit of the figure
	get   func(*report.Check) *estimator.Figure
}

func exact(v float64, unit string) *estimator.Figure {
	return &estimator.Figure{Value: v, Low: v, High: v, Unit: unit, Basis: "exact"}
}

func inGiB(f estimator.Figure) *estimator.Figure {
	const gib = 1 << 30
	return &estimator.Figure{Value: f.Value / gib, Low: f.Low / gib, High: f.High / gib, Unit: "GiB", Basis: f.Basis}
}

// component adds the figures of one component: bytes and GiB, over all
// memories and in the fullest.
func component(m map[string]figure, name string, of func(*estimator.Components) *estimator.Figure) {
	all := func(c *report.Check) *estimator.Figure { return of(&c.Result.Memory.Components) }
	full := func(c *report.Check) *estimator.Figure { return of(&c.Result.Memory.Fullest.Components) }
	for prefix, get := range map[string]func(*report.Check) *estimator.Figure{"": all, "fullest_": full} {
		m[prefix+name+"_bytes"] = figure{units.Bytes, 1, get}
		m[prefix+name+"_gib"] = figure{units.Bytes, 1.0 / (1 << 30), func(c *report.Check) *estimator.Figure { return inGiB(*get(c)) }}
	}
}

// figures are built on first use: most runs have no requirement.
func figures() map[string]figure {
	m := map[string]figure{
		"prefill_tok_s": {units.Rate, 1, func(c *report.Check) *estimator.Figure { return c.Result.Speed.PrefillTokS }},
		"decode_tok_s":  {units.Rate, 1, func(c *report.Check) *estimator.Figure { return c.Result.Speed.DecodeTokS }},
		"output_tok_s":  {units.Rate, 1, func(c *report.Check) *estimator.Figure { return c.Result.Speed.OutputTokS }},
		"requests_s":    {units.Rate, 1, func(c *report.Check) *estimator.Figure { return c.Result.Speed.RequestsS }},
		"ttft_ms":       {units.Time, 1, func(c *report.Check) *estimator.Figure { return c.Result.Speed.TTFTMs }},
		"tpot_ms":       {units.Time, 1, func(c *report.Check) *estimator.Figure { return c.Result.Speed.TPOTMs }},
		"image_tokens":  {units.Count, 1, func(c *report.Check) *estimator.Figure { return c.Result.Speed.ImageTokens }},
		"load_cold_s":   {units.Time, 1e-3, loading(func(l *report.Loading) *estimator.Figure { return l.ColdS })},
		"load_warm_s":   {units.Time, 1e-3, loading(func(l *report.Loading) *estimator.Figure { return l.WarmS })},
		"max_context": {units.Count, 1, func(c *report.Check) *estimator.Figure {
			if c.Result.Answers == nil {
				return nil
			}
			return exact(float64(c.Result.Answers.MaxContext), "tokens")
		}},
		"max_sequences": {units.Count, 1, func(c *report.Check) *estimator.Figure {
			if c.Result.Answers == nil {
				return nil
			}
			return exact(float64(c.Result.Answers.MaxSequences), "sequences")
		}},
		"gpu_layers": {units.Count, 1, func(c *report.Check) *estimator.Figure {
			if c.Result.Pipeline != nil {
				return nil
			}
			return exact(float64(c.Result.Placement.GPULayers), "layers")
		}},
		"cpu_moe": {units.Count, 1, func(c *report.Check) *estimator.Figure {
			if c.Result.Pipeline != nil {
				return nil
			}
			return exact(float64(c.Result.Placement.CPUMoE), "layers")
		}},
	}
	underLoad(m)
	pipelines(m)
	encode := m["encode_ms"].get
	m["encode_ms"] = figure{units.Time, 1, func(c *report.Check) *estimator.Figure {
		if c.Result.Pipeline == nil {
			return c.Result.Speed.EncodeMs
		}
		return encode(c)
	}}
	costs(m)
	component(m, "weights", func(c *estimator.Components) *estimator.Figure { return &c.WeightsBytes })
	component(m, "kv_cache", func(c *estimator.Components) *estimator.Figure { return &c.KVCacheBytes })
	component(m, "compute", func(c *estimator.Components) *estimator.Figure { return &c.ComputeBytes })
	component(m, "overhead", func(c *estimator.Components) *estimator.Figure { return &c.OverheadBytes })
	component(m, "total", func(c *estimator.Components) *estimator.Figure { return &c.TotalBytes })
	return m
}

// loading gets a time to load the weights.
func loading(of func(*report.Loading) *estimator.Figure) func(*report.Check) *estimator.Figure {
	return func(c *report.Check) *estimator.Figure {
		if c.Result.Loading == nil {
			return nil
		}
		return of(c.Result.Loading)
	}
}

// costs adds money and energy, each in the unit of its name.
func costs(m map[string]figure) {
	for i, f := range new(estimator.Costs).Figures() {
		m[f.Name] = figure{units.Count, 1, func(c *report.Check) *estimator.Figure {
			if c.Result.Costs == nil {
				return nil
			}
			return *c.Result.Costs.Figures()[i].Figure
		}}
	}
}

// underLoad adds what users see of a server.
func underLoad(m map[string]figure) {
	latencies := map[string]func(*estimator.UnderLoad) *estimator.Percentiles{
		"ttft": func(u *estimator.UnderLoad) *estimator.Percentiles { return &u.TTFTMs },
		"tpot": func(u *estimator.UnderLoad) *estimator.Percentiles { return &u.TPOTMs },
		"e2e":  func(u *estimator.UnderLoad) *estimator.Percentiles { return &u.E2EMs },
	}
	percentiles := map[string]func(*estimator.Percentiles) *estimator.Figure{
		"mean": func(p *estimator.Percentiles) *estimator.Figure { return &p.Mean },
		"p50":  func(p *estimator.Percentiles) *estimator.Figure { return &p.P50 },
		"p90":  func(p *estimator.Percentiles) *estimator.Figure { return &p.P90 },
		"p95":  func(p *estimator.Percentiles) *estimator.Figure { return &p.P95 },
		"p99":  func(p *estimator.Percentiles) *estimator.Figure { return &p.P99 },
	}
	for name, latency := range latencies {
		for rank, percentile := range percentiles {
			m[name+"_"+rank+"_ms"] = figure{units.Time, 1, func(c *report.Check) *estimator.Figure {
				if c.Result.UnderLoad == nil {
					return nil
				}
				return percentile(latency(c.Result.UnderLoad))
			}}
		}
	}
	rates := map[string]func(*estimator.UnderLoad) *estimator.Figure{
		"capacity_requests_s": func(u *estimator.UnderLoad) *estimator.Figure { return &u.CapacityRequestsS },
		"max_requests_s":      func(u *estimator.UnderLoad) *estimator.Figure { return u.MaxRequestsS },
	}
	for name, rate := range rates {
		m[name] = figure{units.Rate, 1, func(c *report.Check) *estimator.Figure {
			if c.Result.UnderLoad == nil {
				return nil
			}
			return rate(c.Result.UnderLoad)
		}}
	}
}

// Figures lists the names that a requirement may use.
func Figures() []string {
	names := make([]string, 0, 32)
	for n := range figures() {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// Parse reads one requirement.
func Parse(text string) (*Requirement, error) {
	wrong := func(what, remedy string) error {
		return problem.Wrong(problem.BadRequire, what, "--require "+fmt.Sprintf("%.80q", text), remedy)
	}
	at := strings.IndexAny(text, "<>=")
	if at < 0 {
		return nil, wrong("the requirement has no comparison", "write it as 'decode_tok_s >= 20'")
	}
	r := &Requirement{Text: strings.TrimSpace(text)}
	rest := text[at:]
	for _, op := range []string{">=", "<=", "==", ">", "<"} {
		if strings.HasPrefix(rest, op) {
			r.op = op
			break
		}
	}
	if r.op == "" {
		return nil, wrong("the requirement has a single '='", "compare with ==, >=, <=, > or <")
	}
	name, end, hasEnd := strings.Cut(strings.TrimSpace(text[:at]), "@")
	r.name = strings.TrimSpace(name)
	if hasEnd {
		if strings.TrimSpace(end) != "central" {
			return nil, wrong(fmt.Sprintf("unknown end of the interval %.40q", end), "write @central, or leave it out for the pessimistic end")
		}
		r.central = true
	}
	f, ok := figures()[r.name]
	if !ok {
		return nil, wrong(fmt.Sprintf("unknown figure %.40q", r.name), "use one of "+strings.Join(Figures(), ", "))
	}
	value, dim, err := units.Parse(rest[len(r.op):])
	if err != nil {
		return nil, wrong(err.Error(), "give a number such as 20, 24GiB or 500ms")
	}
	if dim != "" && dim != f.dim {
		return nil, wrong(r.name+" is not measured in that unit", "leave the unit out, or use one of its kind")
	}
	r.limit = value
	if dim != "" {
		r.limit *= f.scale
	}
	return r, nil
}

// Judge decides the requirement on a finished check. A figure that is
// absent is an error with its reason, never a pass.
func (r *Requirement) Judge(c *report.Check) (report.Requirement, error) {
	f := figures()[r.name].get(c)
	if f == nil {
		reason := unknown(r.name, c)
		for _, u := range c.Unavailable {
			if u.Figure == r.name {
				reason = u.Reason
			}
		}
		return report.Requirement{}, problem.Wrong(problem.NotEstimable, r.name+" cannot be estimated", "--require "+r.Text, reason)
	}
	return r.on(f), nil
}

// on decides the requirement on its figure.
func (r *Requirement) on(f *estimator.Figure) report.Requirement {
	out := report.Requirement{Text: r.Text, Figure: *f, Limit: r.limit}
	low, high := f.Low, f.High
	if r.central {
		low, high = f.Value, f.Value
	}
	out.Outcome = judge(r.op, low, high, r.limit)
	return out
}

// judge says whether every value of the interval meets the limit (pass),
// none does (fail), or some do (unsure).
func judge(op string, low, high, limit float64) report.Outcome {
	var worst, best bool
	switch op {
	case ">=":
		worst, best = low >= limit, high >= limit
	case ">":
		worst, best = low > limit, high > limit
	case "<=":
		worst, best = high <= limit, low <= limit
	case "<":
		worst, best = high < limit, low < limit
	case "==":
		worst, best = low == limit && high == limit, low <= limit && limit <= high
	}
	switch {
	case worst:
		return report.Pass
	case best:
		return report.Unsure
	}
	return report.Fail
}
