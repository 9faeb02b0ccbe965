package accuracy

import (
	"fmt"
	"math"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles/measured"
)

// pipelineMeasure says what a metric of pipelines is.
type pipelineMeasure struct {
	words, unit string
	time        bool    // less is faster
	scale       float64 // of the unit in that of the row
}

var pipelineMeasures = map[string]pipelineMeasure{
	measured.LatencyS:     {"latency", "s", true, 1},
	measured.StepsPerS:    {"steps", "it/s", false, 1},
	measured.ImagesPerMin: {"throughput", "images/min", false, 1},
	measured.RTF:          {"real-time factor", "s/s", true, 1},
	measured.EncodeMs:     {"encoding a window", "ms", true, 1},
	measured.DecodeMs:     {"decoding a token", "ms", true, 1},
	measured.SamplesPerS:  {"throughput", "samples/s", false, 1},
	measured.DocumentsPS:  {"throughput", "documents/s", false, 1},
	measured.PeakBytes:    {"peak of memory", "GiB", false, float64(hardware.GiB)},
}

// pipelineWhat says in words what a row measured.
func pipelineWhat(r *measured.PipelineRow) string {
	parts := []string{pipelineMeasures[r.Metric].words}
	add := func(is bool, format string, args ...any) {
		if is {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(r.Width > 0 && r.Height > 0, "%d×%d", r.Width, r.Height)
	add(r.Frames > 1, "%d frames", r.Frames)
	add(r.Steps > 0, "%d steps", r.Steps)
	add(r.AudioSeconds > 0, "%s s of audio", units.Number(r.AudioSeconds))
	add(r.Batch > 1, "batch %d", r.Batch)
	add(r.Beam > 1, "beam %d", r.Beam)
	add(r.Threads > 0, "%d threads", r.Threads)
	return strings.Join(parts, ", ")
}

func comparePipeline(c *PipelineCase, why *pipelineEvidence) Comparison {
	r, s := c.Row, &c.example.Setup
	m := pipelineMeasures[r.Metric]
	value, sign := r.Value/m.scale, 1.0
	if m.time {
		sign = -1
	}
	at := func(log float64) float64 { return tidy(value * math.Exp(sign*log)) }
	f := estimator.Figure{Value: at(c.Log), Low: at(c.Low), High: at(c.High), Unit: m.unit, Basis: c.Basis}
	if m.time {
		f.Low, f.High = f.High, f.Low
	}
	if c.peak { // its logs are of the ends themselves
		f.Low, f.High = tidy(value*math.Exp(c.Low)), tidy(value*math.Exp(c.High))
	}
	return Comparison{ID: r.ID, Class: c.class(), What: pipelineWhat(r), Model: c.tag("model"), WeightFormat: c.tag("format"), Device: c.tag("device"),
		Devices: s.Devices(), Engine: c.tag("engine"), Backend: s.Backend, EngineDate: r.Date, Metric: r.Metric, Measured: tidy(value), Estimate: f,
		Error: tidy(percent(c.Log)), Inside: c.Inside(), Quality: r.Quality, Source: r.Source, Reasons: why.reasons(c)}
}

// pipelineEvidence is what the other measurements say about one of them.
type pipelineEvidence struct {
	held     string
	families map[string]map[string]bool // devices by family
	models   map[string]int             // rows by model
	newest   map[string]int             // month of the newest build by engine
	twins    map[measured.PipelineRow][]*measured.PipelineRow
}

func newPipelineEvidence(cases []PipelineCase, held string) *pipelineEvidence {
	e := &pipelineEvidence{held: held, families: map[string]map[string]bool{}, models: map[string]int{}, newest: map[string]int{},
		twins: map[measured.PipelineRow][]*measured.PipelineRow{}}
	for i := range cases {
		c := &cases[i]
		f := pipelineFamily(c)
		if e.families[f] == nil {
			e.families[f] = map[string]bool{}
		}
		e.families[f][c.tag("device")] = true
		e.models[c.tag("model")]++
		if m, ok := buildMonth(c.Row.Date); ok {
			id := c.tag("engine")
			e.newest[id] = max(e.newest[id], m)
		}
		k := pipelineTwin(c.Row)
		e.twins[k] = append(e.twins[k], c.Row)
	}
	return e
}

// buildMonth is month, with a year alone standing for its middle.
func buildMonth(date string) (int, bool) {
	if len(date) == len("2024") {
		date += "-07"
	}
	return month(date)
}

// pipelineTwin is shared by measurements of the same thing.
func pipelineTwin(r *measured.PipelineRow) measured.PipelineRow {
	k := *r
	k.ID, k.Version, k.Backend, k.Date, k.Value, k.Quality, k.Weight, k.What, k.Source = "", "", "", "", 0, "", 0, "", ""
	return k
}

func pipelineFamily(c *PipelineCase) string {
	d, cpu := leadsPipeline(c.example)
	if d != nil {
		return calibration.Family(d)
	}
	return calibration.HostFamily(cpu)
}

// reasons lists the facts that may explain why an estimate is off, those of the
// measurement first. They are true of the row, not proven to be the cause.
func (e *pipelineEvidence) reasons(c *PipelineCase) []string {
	out := []string{}
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	r := c.Row
	if r.Quality == "C" {
		add("settings that matter are not stated")
	}
	for _, other := range e.twins[pipelineTwin(r)] {
		if other.Source != r.Source && math.Max(other.Value/r.Value, r.Value/other.Value) >= apart {
			add("another source measured %s of the same", units.Number(other.Value/pipelineMeasures[r.Metric].scale))
			break
		}
	}
	if c.peak {
		if r.What == "stated" {
			add("a round figure of the source")
		}
		return out
	}
	if r.Batch == 0 && c.example.Request.Job.Batch > 1 {
		add("how many ran side by side is not stated, %d were taken", c.example.Request.Job.Batch)
	}
	m, ok := buildMonth(r.Date)
	if age := e.newest[c.tag("engine")] - m; ok && age >= old {
		add("a build of %s, %d months older than the newest measured", r.Date, age)
	} else if !ok {
		add("the age of the build is not stated")
	}
	if c.tag("level") == pipelineLevels[3] {
		add("its rates are borrowed from other engines")
	} else if f := pipelineFamily(c); e.held == HeldDevice && f != "" && len(e.families[f]) == 1 {
		add("the only device of its family (%s): nothing near it in the fit", f)
	}
	if n := e.models[c.tag("model")]; n < rare {
		add("only %d rows of its model", n)
	}
	return out
}
