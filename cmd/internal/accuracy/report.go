package accuracy

import (
	"cmp"
	"math"
	"slices"

	"github.com/plimsoll/plimsoll/cmd/internal/corpus"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/profiles/measured"
)

// Cases are published measurements that are judged: of language models, of
// pipelines, or the latter's peaks of memory; and what became of the others.
type Cases struct {
	Language  []Case
	Pipelines []PipelineCase
	Rows      Rows
}

// New makes the document of published measurements: all cases of one way of
// holding out, of which in chooses.
func New(all *Cases, in Inputs, v report.Versions) *Report {
	chosen, others := choose(all.Language, &in), choosePipelines(all.Pipelines, &in)
	rows := all.Rows
	rows.Judged = len(chosen) + len(others)
	rows.Filtered = len(all.Language) + len(all.Pipelines) - rows.Judged
	// Beside language models the others are one table, unless they are asked for.
	whole := len(in.Class) > 0 || len(chosen) == 0
	if in.By == nil && len(chosen) > 0 {
		in.By = DefaultDimensions()
	} else if in.By == nil {
		in.By = defaultPipelineDimensions(in.Metric)
	}
	r := empty(rows, in, v)
	r.language(chosen)
	r.pipelines(others, whole)
	r.Worst = worst(all, &in, chosen, others)
	return r
}

// language sums up the cases of language models.
func (r *Report) language(chosen []*Case) {
	if r.Inputs.Metric == Memory {
		r.Method = []string{
			"each peak of memory is held against the fullest phase of the ledger, in which nothing was fitted to single devices",
			"what an allocator told, or the source in a round figure, is compared without the context of the driver",
			"errors are of the peak: positive means that the estimate is larger than the measurement",
		}
		return
	}
	r.Method = []string{
		"each measurement is judged by parameters fitted without all measurements of its " + r.Inputs.HeldOut,
		"errors are of the rate: positive means that the estimate is faster than the measurement",
	}
	if len(chosen) == 0 {
		return
	}
	r.Method = append(r.Method, "rule of thumb for "+NaiveDecode, "rule of thumb for "+NaivePrefill)
	r.Sections = sections(chosen, r.Inputs.By)
	if r.Scaling = scaling(chosen); r.Scaling != nil {
		r.Method = append(r.Method, ScalingMethod)
	}
	if r.ServersWeighted = weighted(chosen); r.ServersWeighted != nil {
		r.Method = append(r.Method, WeightedMethod)
	}
}

// pipelines sums up the cases of pipelines: by class, and with whole each class
// by the dimensions that were asked for.
func (r *Report) pipelines(chosen []*PipelineCase, whole bool) {
	if len(chosen) == 0 {
		return
	}
	sections := pipelineSections(chosen, r.Inputs.By, whole)
	if r.Inputs.Metric == Memory {
		r.Memory = withoutNaive(sections)
		return
	}
	r.Pipelines = sections
	r.Method = append(r.Method, "rule of thumb for "+NaivePipeline,
		"the widths of the intervals of image, video, speech and embedding models come from the same judgements: how many hold is no test of its own")
}

// worst returns the rows with the largest errors.
func worst(all *Cases, in *Inputs, chosen []*Case, others []*PipelineCase) []Comparison {
	cases := make([]judged, 0, len(chosen)+len(others))
	for _, c := range chosen {
		cases = append(cases, c)
	}
	for _, c := range others {
		cases = append(cases, c)
	}
	out := []Comparison{}
	n := min(max(in.Worst, 0), len(cases))
	if n == 0 {
		return out
	}
	byError(cases)
	language, pipelines := newEvidence(all.Language, in.HeldOut), newPipelineEvidence(all.Pipelines, in.HeldOut)
	for _, c := range cases[:n] {
		switch c := c.(type) {
		case *Case:
			out = append(out, compare(c, language))
		case *PipelineCase:
			out = append(out, comparePipeline(c, pipelines))
		}
	}
	return out
}

// NewOwn makes the document of the user's own measurements.
func NewOwn(cases []Case, skipped []corpus.Skip, assumed []string, in Inputs, v report.Versions) *Report {
	chosen := choose(cases, &in)
	r := empty(Rows{Collected: len(cases) + len(skipped), NotComparable: len(skipped), Filtered: len(cases) - len(chosen), Judged: len(chosen)}, in, v)
	r.Method = []string{
		"each measurement is judged by the published parameters, which were not fitted to it",
		"errors are of the rate: positive means that the estimate is faster than the measurement",
	}
	if len(chosen) > 0 {
		r.Sections = sections(chosen, in.By)
	}
	why := newEvidence(cases, "")
	for _, c := range chosen {
		r.Measurements = append(r.Measurements, compare(c, why))
	}
	for _, s := range skipped {
		r.Skipped = append(r.Skipped, Skipped(s))
	}
	r.Assumptions = append(r.Assumptions, assumed...)
	return r
}

func empty(rows Rows, in Inputs, v report.Versions) *Report {
	if in.By == nil {
		in.By = []string{}
	}
	return &Report{Schema: Schema, SchemaVersion: report.SchemaVersion, ToolVersion: v.Tool, DataVersion: v.Data, Inputs: in, Rows: rows,
		Sections: []Section{}, Worst: []Comparison{}, Measurements: []Comparison{}, Skipped: []Skipped{}, Assumptions: []string{}}
}

// choose returns the cases that were asked for, in their order.
func choose(cases []Case, in *Inputs) []*Case {
	var out []*Case
	if len(in.Class) > 0 && !slices.Contains(in.Class, Language) {
		return nil
	}
	own := len(in.From) > 0 // then the names settle what the rows leave open
	for i := range cases {
		c := &cases[i]
		is := func(dimension, want string) bool { return own || want == "" || c.tag(dimension) == want }
		engine, backend := c.example.Request.Engine.ID, c.example.Work.Result.Settings.Backend
		if (in.Metric == "" || in.Metric == c.class()) &&
			(len(in.Quality) == 0 || slices.Contains(in.Quality, c.tag("quality"))) &&
			(own || in.Engine == "" || in.Engine == engine) && (own || in.Backend == "" || in.Backend == backend) &&
			is("device", in.Device) && is("model", in.Model) && is("device-kind", in.Kind) {
			out = append(out, c)
		}
	}
	return out
}

func (c *Case) class() string {
	switch {
	case c.example.Serving == nil && c.Decoding():
		return Decode
	case c.example.Serving == nil:
		return Prefill
	case c.Row.Metric == measured.TPOT:
		return TPOT
	case c.Row.Metric == measured.TTFT:
		return TTFT
	}
	return Throughput
}

// sections sums up the cases: all of a class first, then by each dimension.
func sections(cases []*Case, by []string) []Section {
	classes := map[string][]*Case{}
	for _, c := range cases {
		classes[c.class()] = append(classes[c.class()], c)
	}
	all := Section{Metric: "all", By: "all", Title: "All rows", Groups: []Group{}}
	for _, class := range Classes {
		if len(classes[class]) > 0 {
			all.Groups = append(all.Groups, Group{class, Summarise(classes[class])})
		}
	}
	out := []Section{all}
	for _, class := range Classes {
		for _, name := range by {
			if d := dimensionNamed(name); d != nil && len(classes[class]) > 0 {
				out = append(out, Section{Metric: class, By: name, Title: d.title, Groups: groups(name, d.order, classes[class])})
			}
		}
	}
	return out
}

// groups sums up the groups of a dimension, which come in order as far as it
// goes.
func groups[C judged](dimension string, order []string, cases []C) []Group {
	members := map[string][]C{}
	var names []string
	for _, c := range cases {
		t := c.tag(dimension)
		if members[t] == nil {
			names = append(names, t)
		}
		members[t] = append(members[t], c)
	}
	place := func(name string) int {
		if i := slices.Index(order, name); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(len(members[b]), len(members[a])), cmp.Compare(a, b))
	})
	out := make([]Group, len(names))
	for i, n := range names {
		out[i] = Group{n, Summarise(members[n])}
	}
	return out
}

// byError sorts cases, the largest ratio between estimate and measurement
// first: an estimate of a third is as wrong as one of three times.
func byError(cases []judged) {
	slices.SortStableFunc(cases, func(a, b judged) int {
		return cmp.Or(cmp.Compare(math.Abs(b.verdict().Log), math.Abs(a.verdict().Log)), cmp.Compare(a.id(), b.id()))
	})
}

func compare(c *Case, why *evidence) Comparison {
	r, s := c.Row, &c.example.Work.Result.Settings
	out := Comparison{ID: r.ID, Class: Language, What: corpus.What(r), Model: c.tag("model"), WeightFormat: c.example.Request.Weights.Format,
		Device: c.tag("device"), Devices: 1, Engine: c.example.Request.Engine.ID, Backend: s.Backend, EngineDate: r.Date,
		Metric: r.Metric, Measured: tidy(r.Value), Error: tidy(percent(c.Log)), Inside: c.Inside(),
		Quality: string(r.Quality), Source: r.Source, Reasons: why.reasons(c)}
	if n := c.example.Request.Machine.Primary(); r.Offload != "cpu" {
		out.Devices = max(len(n.Devices), 1)
	}
	if out.Model == "" {
		out.Model = r.Model
	}
	f := estimator.Figure{Value: r.Value * math.Exp(c.Log), Low: r.Value * math.Exp(c.Low), High: r.Value * math.Exp(c.High), Unit: "tok/s", Basis: c.Basis}
	if r.Metric == measured.TTFT || r.Metric == measured.TPOT {
		f = estimator.Figure{Value: r.Value * math.Exp(-c.Log), Low: r.Value * math.Exp(-c.High), High: r.Value * math.Exp(-c.Low), Unit: "ms", Basis: c.Basis}
	}
	f.Value, f.Low, f.High = tidy(f.Value), tidy(f.Low), tidy(f.High)
	out.Estimate = f
	return out
}
