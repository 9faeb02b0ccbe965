package report

import (
	"math"
	"strconv"

	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/hardware"
)

// NewCheck makes the document of a check.
func NewCheck(p *scenario.Prepared, r *estimator.Result, v Versions) *Check {
	if r.Pipeline != nil {
		return newPipelineCheck(p, r, v)
	}
	return &Check{Schema: CheckSchema, SchemaVersion: SchemaVersion, ToolVersion: v.Tool, DataVersion: v.Data,
		Inputs: p.Inputs,
		Result: Result{
			Verdict: r.Verdict, Reason: r.Reason,
			Model:      modelOf(p),
			Machine:    machineOf(p.Request.Machine),
			Engine:     Engine{ID: p.Request.Engine.ID, Name: p.Request.Engine.Name, Backend: r.Deployment.Backend},
			Deployment: r.Deployment, Placement: placementOf(r),
			Memory:   Memory{Components: tidyComponents(r.All), Fullest: Fullest{r.FullestName, tidyComponents(r.Fullest)}},
			Memories: ledgersOf(r), Speed: tidySpeed(&r.Speed), Loading: tidyLoading(r.Loading), Costs: tidyCosts(r.Costs), Limits: limitsOf(r),
			Answers: r.Answers, Suggestions: orEmpty(r.Suggestions), Verify: r.Verify,
		},
		Requirements: []Requirement{},
		Assumptions:  union(p.Assumptions, r.Assumptions),
		Warnings:     union(p.Warnings, r.Warnings),
		Unavailable:  orEmpty(r.Unavailable),
		Derivations:  r.Derivations,
	}
}

// union joins two lists without repeats, and is never nil.
func union[T comparable](a, b []T) []T {
	out := make([]T, 0, len(a)+len(b))
	seen := make(map[T]bool, len(a)+len(b))
	for _, list := range [2][]T{a, b} {
		for _, v := range list {
			if !seen[v] {
				seen[v] = true
				out = append(out, v)
			}
		}
	}
	return out
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func modelOf(p *scenario.Prepared) Model {
	a, w := &p.Request.Model.Arch, p.Request.Weights
	m := Model{ID: a.ID, Name: a.Name, ParamsTotal: a.ParamsTotal, ParamsActive: a.ParamsActive,
		Layers: len(p.Request.Model.Layers), MaxContext: a.MaxContext}
	if m.Name == "" {
		m.Name = p.Inputs.Model
	}
	if m.ParamsActive == 0 {
		m.ParamsActive = m.ParamsTotal
	}
	setWeights(&m, w)
	return m
}

func setWeights(m *Model, w *format.Weights) {
	m.WeightFormat, m.WeightBasis, m.WeightNote = w.Format, w.Basis, w.MixNote
}

func machineOf(m *hardware.Machine) Machine {
	out := Machine{ID: m.ID, Name: m.Name, Devices: []string{}}
	for i := range m.Nodes {
		out.Nodes += max(m.Nodes[i].Count, 1)
	}
	if n := m.Primary(); n != nil {
		for _, d := range n.Devices {
			out.Devices = append(out.Devices, d.ID)
		}
		out.Host = n.Host.CPU.ID
		if out.Host == "" {
			out.Host = n.Host.CPU.Name
		}
	}
	return out
}

func placementOf(r *estimator.Result) Placement {
	p := Placement{GPULayers: r.Placement.GPULayers, CPUMoE: r.Placement.CPUMoE,
		Offloaded: r.Placement.Offloaded, Unified: r.Placement.Unified, Shares: []Share{}}
	for i := range r.Placement.Shares {
		s := &r.Placement.Shares[i]
		p.Shares = append(p.Shares, Share{Name: s.Name, Layers: [2]int{s.Layers.From, s.Layers.To},
			Experts: [2]int{s.Experts.From, s.Experts.To}, Ranks: s.Ranks})
	}
	return p
}

func ledgersOf(r *estimator.Result) []Ledger {
	out := make([]Ledger, len(r.Ledgers))
	for i := range r.Ledgers {
		l := &r.Ledgers[i]
		out[i] = Ledger{Name: l.Name, Capacity: l.Capacity, Reserved: l.Reserved, ReservedWhy: l.ReservedWhy,
			Usable: l.Usable(), Need: l.Need, Low: l.Low, High: l.High,
			PoolBytes: l.PoolBytes, PoolTokens: l.PoolTokens, Lines: make([]Line, len(l.Lines))}
		for j := range l.Lines {
			ln := &l.Lines[j]
			out[i].Lines[j] = Line{Component: string(ln.Component), Bytes: ln.Bytes, Low: ln.Low, High: ln.High,
				Formula: ln.Formula, Source: ln.Source, Note: ln.Note}
		}
	}
	return out
}

func limitsOf(r *estimator.Result) []Limit {
	out := make([]Limit, len(r.Limits))
	for i, l := range r.Limits {
		out[i] = Limit{Phase: l.Phase, Bound: string(l.Bound), Share: significant(l.Share)}
	}
	return out
}

func tidySpeed(s *estimator.Speed) Speed {
	return Speed{PrefillTokS: tidy(s.PrefillTokS), DecodeTokS: tidy(s.DecodeTokS), OutputTokS: tidy(s.OutputTokS),
		TTFTMs: tidy(s.TTFTMs), TPOTMs: tidy(s.TPOTMs), RequestsS: tidy(s.RequestsS),
		EncodeMs: tidy(s.EncodeMs), ImageTokens: tidy(s.ImageTokens)}
}

func tidyLoading(l *estimator.Loading) *Loading {
	if l == nil {
		return nil
	}
	return &Loading{ColdS: tidy(l.ColdS), WarmS: tidy(l.WarmS)}
}

func tidyCosts(c *estimator.Costs) *estimator.Costs {
	if c == nil {
		return nil
	}
	t := *c
	for _, f := range t.Figures() {
		*f.Figure = tidy(*f.Figure)
	}
	return &t
}

// tidy rounds a figure to the digits that mean something; one that is no
// number is absent.
func tidy(f *estimator.Figure) *estimator.Figure {
	if f == nil || !finite(f) {
		return nil
	}
	return &estimator.Figure{Value: significant(f.Value), Low: significant(f.Low), High: significant(f.High),
		Unit: f.Unit, Basis: f.Basis}
}

func finite(f *estimator.Figure) bool {
	for _, v := range [3]float64{f.Value, f.Low, f.High} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

func tidyComponents(c estimator.Components) estimator.Components {
	for _, f := range [...]*estimator.Figure{&c.WeightsBytes, &c.KVCacheBytes, &c.ComputeBytes, &c.OverheadBytes, &c.TotalBytes} {
		f.Value, f.Low, f.High = math.Round(f.Value), math.Round(f.Low), math.Round(f.High)
		if f.Unit == "" {
			f.Unit = "B"
		}
	}
	return c
}

// significant rounds to six significant digits.
func significant(v float64) float64 {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64)
	if err != nil {
		return v
	}
	return r
}

// Serve adds what users see, rounded like all figures; what is not finite, in a
// queue that grows for ever, is left out as 0.
func (c *Check) Serve(u *estimator.UnderLoad) {
	for _, p := range []*estimator.Percentiles{&u.TTFTMs, &u.TPOTMs, &u.E2EMs} {
		for _, f := range []*estimator.Figure{&p.Mean, &p.P50, &p.P90, &p.P95, &p.P99} {
			tidyInto(f)
		}
	}
	for _, f := range []*estimator.Figure{&u.RequestsS, &u.InputTokS, &u.OutputTokS, &u.CapacityRequestsS, u.MaxRequestsS, u.USDPerM} {
		if f != nil {
			tidyInto(f)
		}
	}
	for i := range u.Objectives {
		tidyInto(&u.Objectives[i].Value)
	}
	u.Running, u.Waiting = significant(u.Running), significant(u.Waiting)
	u.Occupancy, u.PeakOccupy, u.Preemptions = significant(u.Occupancy), significant(u.PeakOccupy), significant(u.Preemptions)
	c.Result.UnderLoad = u
}

func tidyInto(f *estimator.Figure) {
	if t := tidy(f); t != nil {
		*f = *t
		return
	}
	*f = estimator.Figure{Unit: f.Unit, Basis: f.Basis}
}

// Weighed adds the plans, with rounded figures.
func (c *Check) Weighed(plans []estimator.Plan) {
	for i := range plans {
		p := &plans[i]
		for _, v := range []*float64{&p.TTFTMs, &p.TPOTMs, &p.OutputTokS, &p.CapacityRequestsS, &p.PerDeviceTokS, &p.DeviceHours, &p.Cost} {
			*v = significant(*v)
		}
	}
	c.Result.Plans = plans
}

// Shared adds the pools among which the load is shared, with rounded figures,
// and the plans weighed for the largest.
func (c *Check) Shared(pools *estimator.PoolPlans) {
	for _, v := range []*float64{&pools.CapacityRequestsS, &pools.OutputTokS, &pools.DeviceHours, &pools.Cost} {
		*v = significant(*v)
	}
	for i := range pools.Pools {
		pools.Pools[i].Share = significant(pools.Pools[i].Share)
		c.Weighed(pools.Pools[i].Plans) // the plan of each pool is one of them
	}
	c.Weighed(pools.Largest().Plans)
	c.Result.Pools = pools
}
