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

// Schema is the id of the document, as in its schema's $id.
const Schema = "urn:plimsoll:accuracy"

// Classes of metrics: what most of the measured time is spent on, and of
// servers under load what their users see.
const (
	Decode     = "decode"
	Prefill    = "prefill"
	TPOT       = "tpot"
	TTFT       = "ttft"
	Throughput = "throughput"
)

// Classes are all of them, in the order in which they are reported.
var Classes = [...]string{Decode, Prefill, TPOT, TTFT, Throughput}

// Report is the document of plimsoll accuracy.
type Report struct {
	Schema        string `json:"schema" jsonschema:"const=urn:plimsoll:accuracy"`
	SchemaVersion int    `json:"schema_version" jsonschema:"const=1"`
	ToolVersion   string `json:"tool_version"`
	DataVersion   string `json:"data_version"`
	Inputs        Inputs `json:"inputs"`
	// Method says how estimates and measurements were brought together.
	Method []string `json:"method"`
	Rows   Rows     `json:"rows"`
	// Sections holds the figures; the first one is of all rows.
	Sections []Section `json:"sections"`
	// Scaling says how well the gain from more devices is predicted, and
	// ServersWeighted how servers come out when no source outweighs the others by
	// its rows alone; both are absent where there is nothing to sum up.
	Scaling         []Step     `json:"scaling,omitempty"`
	ServersWeighted []Weighted `json:"servers_weighted,omitempty"`
	// Worst lists the rows with the largest errors, worst first.
	Worst []Comparison `json:"worst"`
	// Measurements lists the user's own rows, Skipped what of the files could
	// not be compared.
	Measurements []Comparison `json:"measurements"`
	Skipped      []Skipped    `json:"skipped"`
	Assumptions  []string     `json:"assumptions"`
}

// Inputs are what was asked, with names as in the catalogues; an empty one
// does not restrict.
type Inputs struct {
	HeldOut string   `json:"held_out,omitempty" jsonschema:"enum=device,enum=model"`
	Quality []string `json:"quality,omitempty"`
	By      []string `json:"by"`
	Metric  string   `json:"metric,omitempty" jsonschema:"enum=decode,enum=prefill,enum=tpot,enum=ttft,enum=throughput"`
	Engine  string   `json:"engine,omitempty"`
	Backend string   `json:"backend,omitempty"`
	Device  string   `json:"device,omitempty"`
	Model   string   `json:"model,omitempty"`
	Kind    string   `json:"kind,omitempty"`
	Worst   int      `json:"worst"`

	// The user's own files, and what was said of them.
	From       []string `json:"from,omitempty"`
	Quant      string   `json:"quant,omitempty"`
	On         string   `json:"on,omitempty"`
	Host       string   `json:"host,omitempty"`
	EngineDate string   `json:"engine_date,omitempty"`
}

// Rows counts measurements by their fate.
type Rows struct {
	Collected     int `json:"collected"`      // in the collection, or in the user's files
	Excluded      int `json:"excluded"`       // known to be wrong, or of something else
	NotComparable int `json:"not_comparable"` // the question cannot be put to the estimator
	NotJudged     int `json:"not_judged"`     // no estimate was made without them
	Filtered      int `json:"filtered"`       // not asked for
	Judged        int `json:"judged"`
}

// Section is one way to group the rows of one class of metric.
type Section struct {
	Metric string  `json:"metric" jsonschema:"enum=decode,enum=prefill,enum=tpot,enum=ttft,enum=throughput,enum=all"`
	By     string  `json:"by"` // "all", or the name of a grouping
	Title  string  `json:"title"`
	Groups []Group `json:"groups"`
}

// Group is one line of a section.
type Group struct {
	Name string `json:"name"`
	Summary
}

// Comparison is one measurement beside its estimate.
type Comparison struct {
	ID           string `json:"id"`
	What         string `json:"what"`
	Model        string `json:"model"`
	WeightFormat string `json:"weight_format"`
	Device       string `json:"device"`
	Devices      int    `json:"devices"`
	Engine       string `json:"engine"`
	Backend      string `json:"backend"`
	EngineDate   string `json:"engine_date,omitempty"`
	Metric       string `json:"metric"`
	// Measured and Estimate are in the metric's unit.
	Measured float64          `json:"measured"`
	Estimate estimator.Figure `json:"estimate"`
	// Error is that of the rate, in percent: positive where we say faster.
	Error   float64 `json:"error_percent"`
	Inside  bool    `json:"inside_interval"`
	Quality string  `json:"quality" jsonschema:"enum=A,enum=B,enum=C"`
	Source  string  `json:"source"`
	// Reasons are facts that may explain the error; none where nothing is known.
	Reasons []string `json:"likely_reasons"`
}

// Skipped is a part of a user's file that is not compared.
type Skipped struct {
	Source string `json:"source"`
	Line   int    `json:"line"` // 0 when not known
	What   string `json:"what"`
	Reason string `json:"reason"`
}

// New makes the document of published measurements: all cases of one way of
// holding out, of which in chooses.
func New(cases []Case, rows Rows, in Inputs, v report.Versions) *Report {
	chosen := choose(cases, &in)
	rows.Filtered, rows.Judged = len(cases)-len(chosen), len(chosen)
	r := empty(rows, in, v)
	r.Method = []string{
		"each measurement is judged by parameters fitted without all measurements of its " + in.HeldOut,
		"errors are of the rate: positive means that the estimate is faster than the measurement",
		"rule of thumb for " + NaiveDecode, "rule of thumb for " + NaivePrefill,
	}
	r.Sections = sections(chosen, in.By)
	if r.Scaling = scaling(chosen); r.Scaling != nil {
		r.Method = append(r.Method, ScalingMethod)
	}
	if r.ServersWeighted = weighted(chosen); r.ServersWeighted != nil {
		r.Method = append(r.Method, WeightedMethod)
	}
	byError(chosen)
	why := newEvidence(cases, in.HeldOut)
	for _, c := range chosen[:min(max(in.Worst, 0), len(chosen))] {
		r.Worst = append(r.Worst, compare(c, why))
	}
	return r
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
				out = append(out, Section{Metric: class, By: name, Title: d.title, Groups: d.groups(classes[class])})
			}
		}
	}
	return out
}

// groups sums up the groups of a dimension.
func (d *dimension) groups(cases []*Case) []Group {
	members := map[string][]*Case{}
	var names []string
	for _, c := range cases {
		t := c.tag(d.name)
		if members[t] == nil {
			names = append(names, t)
		}
		members[t] = append(members[t], c)
	}
	place := func(name string) int {
		if i := slices.Index(d.order, name); i >= 0 {
			return i
		}
		return len(d.order)
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
func byError(cases []*Case) {
	slices.SortStableFunc(cases, func(a, b *Case) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Log), math.Abs(a.Log)), cmp.Compare(a.Row.ID, b.Row.ID))
	})
}

func compare(c *Case, why *evidence) Comparison {
	r, s := c.Row, &c.example.Work.Result.Settings
	out := Comparison{ID: r.ID, What: corpus.What(r), Model: c.tag("model"), WeightFormat: c.example.Request.Weights.Format,
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
