package accuracy

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/cmd/internal/corpus"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/estimator/pipeline/fit"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles/measured"
)

// drawn is an example of a model of images that took 10 s, of which 2 s of
// products and 1 s of attention at nominal rates.
func drawn(row measured.PipelineRow) *corpus.PipelineExample {
	d := &hardware.Device{ID: "card", Name: "GeForce Card", Vendor: "NVIDIA", Kind: hardware.GPU, Architecture: "Ada"}
	if row.Quality == "" {
		row.Quality = "A"
	}
	row.Hardware = "card"
	return &corpus.PipelineExample{Row: &row, Setup: pipeline.Setup{Format: "bf16"},
		Request: pipeline.Request{Model: &pipeline.Model{ID: "m", Class: pipeline.TextToImage}, Engine: &pipeline.Engine{ID: "diffusers"},
			Formats: []pipeline.Format{{Name: "fp16", Aliases: []string{"bf16"}}},
			Machine: &hardware.Machine{Nodes: []hardware.Node{{Devices: []*hardware.Device{d}}}}},
		Observation: &fit.Observation{Seconds: 10, Loads: []*pipeline.Load{{Calls: 4, Compute: 0.5, Attention: 0.2, Memory: 9}, {Calls: 1, Attention: 0.2}}}}
}

func drawing(row measured.PipelineRow, log float64) PipelineCase {
	c := newPipelineCase(drawn(row), "family")
	c.Log, c.Low, c.High = log, log-math.Log(2), log+math.Log(4)
	return c
}

func TestNaivePipeline(t *testing.T) {
	// (4 × (0.5 + 0.2) + 0.2) ÷ 0.4 = 7.5 s, a third faster than the 10 s
	// measured; what memory takes the rule knows nothing of.
	if got, ok := naivePipeline(drawn(measured.PipelineRow{})); !ok || math.Abs(math.Exp(got)-4/3.0) > 1e-9 {
		t.Errorf("%g, %v, want 4/3", math.Exp(got), ok)
	}
	ex := drawn(measured.PipelineRow{})
	ex.Observation.Loads = nil
	if _, ok := naivePipeline(ex); ok {
		t.Error("a rule without operations")
	}
}

func TestPipelineTags(t *testing.T) {
	ex := drawn(measured.PipelineRow{Metric: measured.StepsPerS, Quality: "B"})
	ex.Setup.Sequence, ex.Setup.Offload, ex.Request.Job.Batch = 2, pipeline.OffloadModel, 4
	c := newPipelineCase(ex, "work")
	for dimension, want := range map[string]string{"engine": "diffusers", "device-kind": kindConsumer, "offload": "one component at a time on the device",
		"batch": "several", "devices": "several, of one job", "measure": "it_s", "model": "m", "device": "card", "format": "fp16", "quality": "B",
		"level": "work", "arch": ""} {
		if got := c.tag(dimension); got != want {
			t.Errorf("%s: %q, want %q", dimension, got, want)
		}
	}
	ex.Setup, ex.Row.Hardware = pipeline.Setup{Data: 2}, ""
	c = newPipelineCase(ex, "")
	for dimension, want := range map[string]string{"devices": "several, a job each", "device": "hardware not stated", "device-kind": notStated, "offload": "none"} {
		if got := c.tag(dimension); got != want {
			t.Errorf("%s: %q, want %q", dimension, got, want)
		}
	}
	ex.Row.Hardware, ex.Setup.Backend = "card", "cpu"
	ex.Request.Machine.Nodes[0].Host.CPU.ID = "chip"
	if got := newPipelineCase(ex, ""); got.tag("device") != "chip" || got.tag("device-kind") != kindCPU {
		t.Errorf("on the host: %v", got.tags)
	}
	for _, name := range AllDimensions() {
		if !slices.Contains(Dimensions(), name) && !slices.Contains(PipelineDimensions(), name) {
			t.Errorf("nothing is grouped by %s", name)
		}
	}
}

// Where a time was measured, faster means less of it; of a peak the error is of
// the peak itself.
func TestComparePipeline(t *testing.T) {
	why := newPipelineEvidence(nil, HeldDevice)
	for _, want := range []struct {
		metric           string
		value            float64
		got, low, high   float64
		unit, what       string
		measured, signed float64
	}{
		{measured.LatencyS, 8, 4, 1, 8, "s", "latency, 512×512, 20 steps", 8, 100},
		{measured.StepsPerS, 8, 16, 8, 64, "it/s", "steps, 512×512, 20 steps", 8, 100},
		{measured.PeakBytes, 2 << 30, 4, 2, 16, "GiB", "peak of memory, 512×512, 20 steps", 2, 100},
	} {
		c := drawing(measured.PipelineRow{ID: "a", Metric: want.metric, Value: want.value, Width: 512, Height: 512, Steps: 20, Batch: 1}, math.Log(2))
		c.peak = want.metric == measured.PeakBytes
		got := comparePipeline(&c, why)
		if e := got.Estimate; e.Value != want.got || e.Low != want.low || e.High != want.high || e.Unit != want.unit || got.What != want.what ||
			got.Measured != want.measured || got.Error != want.signed || !got.Inside || got.Class != "text-to-image" {
			t.Errorf("%s: %+v", want.metric, got)
		}
	}
}

func TestPipelineReasons(t *testing.T) {
	one := measured.PipelineRow{ID: "old", Metric: measured.LatencyS, Value: 10, Date: "2023", Quality: "C", Source: "one"}
	two := measured.PipelineRow{ID: "new", Metric: measured.LatencyS, Value: 20, Date: "2025-06", Quality: "A", Source: "two"}
	cases := []PipelineCase{drawing(one, 0), drawing(two, 0)}
	e := newPipelineEvidence(cases, HeldDevice)
	got := e.reasons(&cases[0])
	want := []string{"settings that matter are not stated", "another source measured 20.0 of the same",
		"a build of 2023, 23 months older than the newest measured", "the only device of its family (Ada/gddr): nothing near it in the fit", "only 2 rows of its model"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	borrowed := newPipelineCase(drawn(measured.PipelineRow{ID: "x", Metric: measured.ImagesPerMin, Value: 1}), "work")
	borrowed.example.Request.Job.Batch = 32
	got = e.reasons(&borrowed)
	for _, w := range []string{"how many ran side by side is not stated, 32 were taken", "the age of the build is not stated", "its rates are borrowed from other engines"} {
		if !slices.Contains(got, w) {
			t.Errorf("no %q in %q", w, got)
		}
	}
	peak := drawing(measured.PipelineRow{Metric: measured.PeakBytes, Value: 1, What: "stated"}, 0)
	peak.peak = true
	if got := e.reasons(&peak); !slices.Equal(got, []string{"a round figure of the source"}) {
		t.Errorf("of a peak: %q", got)
	}
}

func TestChoosePipelines(t *testing.T) {
	cases := []PipelineCase{drawing(measured.PipelineRow{ID: "a", Metric: measured.LatencyS, Value: 1}, 0)}
	for _, in := range []Inputs{{}, {Class: []string{"text-to-image"}}, {Engine: "diffusers"}, {Engine: "other", PipelineEngine: "diffusers"}, {Device: "card"},
		{Model: "m"}, {Kind: kindConsumer}, {Quality: []string{"A"}}, {Metric: Memory}} {
		if got := choosePipelines(cases, &in); len(got) != 1 {
			t.Errorf("%+v chooses %d", in, len(got))
		}
	}
	for _, in := range []Inputs{{Class: []string{Language}}, {Engine: "other"}, {Engine: "diffusers", PipelineEngine: "other"}, {Device: "other"}, {Model: "other"},
		{Kind: "Apple"}, {Quality: []string{"B", "C"}}, {Metric: Decode}, {Backend: "cuda"}} {
		if got := choosePipelines(cases, &in); len(got) != 0 {
			t.Errorf("%+v chooses %d", in, len(got))
		}
	}
	if got := choose([]Case{newCase(made(measured.Row{Metric: measured.Decode, Value: 1}, 1), "")}, &Inputs{Class: []string{"embedding"}}); len(got) != 0 {
		t.Error("a language model among embedding ones")
	}
}

// Beside language models the other classes are one table; by themselves, or
// where they are named, they are grouped.
func TestNewOfClasses(t *testing.T) {
	language := []Case{newCase(made(measured.Row{ID: "l", Metric: measured.Decode, Value: 1, Quality: 'A'}, 1), "family")}
	language[0].Log = math.Log(1.5)
	others := []PipelineCase{drawing(measured.PipelineRow{ID: "p", Metric: measured.LatencyS, Value: 1}, math.Log(3)),
		drawing(measured.PipelineRow{ID: "q", Metric: measured.LatencyS, Value: 1}, 0)}
	all := func() *Cases { return &Cases{Language: language, Pipelines: others, Rows: Rows{Collected: 3}} }
	doc := New(all(), Inputs{HeldOut: HeldDevice, Worst: 2}, report.Versions{})
	if doc.Rows.Judged != 3 || doc.Rows.Filtered != 0 || len(doc.Pipelines) != 1 || len(doc.Pipelines[0].Groups) != 1 || doc.Pipelines[0].Groups[0].Rows != 2 {
		t.Errorf("%+v", doc)
	}
	if !slices.Equal(doc.Inputs.By, DefaultDimensions()) || len(doc.Sections) < 2 {
		t.Errorf("by %v, %d sections", doc.Inputs.By, len(doc.Sections))
	}
	if len(doc.Worst) != 2 || doc.Worst[0].ID != "p" || doc.Worst[1].ID != "l" || doc.Worst[1].Class != Language {
		t.Errorf("worst %+v", doc.Worst)
	}
	doc = New(all(), Inputs{HeldOut: HeldDevice, Class: []string{Language, "text-to-image"}, By: []string{"engine"}}, report.Versions{})
	if len(doc.Sections) != 2 || len(doc.Pipelines) != 2 || doc.Pipelines[1].Metric != "text-to-image" || doc.Pipelines[1].Groups[0].Name != "diffusers" {
		t.Errorf("%+v", doc.Pipelines)
	}
	doc = New(all(), Inputs{HeldOut: HeldDevice, Engine: "diffusers"}, report.Versions{})
	if len(doc.Sections) != 0 || len(doc.Pipelines) != 4 || !slices.Equal(doc.Inputs.By, []string{"engine", "device", "model"}) || doc.Rows.Filtered != 1 {
		t.Errorf("%+v", doc)
	}
	for _, m := range doc.Method {
		if strings.Contains(m, NaiveDecode) {
			t.Errorf("no language model is left: %q", m)
		}
	}
	for i := range others {
		others[i].peak = true
	}
	doc = New(&Cases{Pipelines: others}, Inputs{Metric: Memory}, report.Versions{})
	if len(doc.Memory) != 2 || doc.Pipelines != nil || doc.Memory[1].By != "engine" {
		t.Errorf("%+v", doc)
	}
	for _, u := range doc.Memory[0].Groups[0].Unavailable {
		if strings.HasPrefix(u.Figure, "naive") && !strings.Contains(u.Reason, "no rule of thumb") {
			t.Errorf("%+v", u)
		}
	}
}

// TestPublishedPipelines: every row has one fate, and the same question the same
// bytes.
func TestPublishedPipelines(t *testing.T) {
	var texts [2]string
	for i := range texts {
		cases, n, err := PublishedPipelines(HeldModel)
		if err != nil {
			t.Fatal(err)
		}
		if len(cases) == 0 || n.Collected != n.Excluded+n.NotComparable+n.NotJudged+len(cases) {
			t.Errorf("%d cases of %+v", len(cases), n)
		}
		for j := range cases {
			if c := &cases[j]; !(c.Low < c.Log && c.Log < c.High) || slices.Contains(c.tags[:], "") || pipelineMeasures[c.Row.Metric].unit == "" {
				t.Errorf("%s: %+v", c.Row.ID, c)
			}
		}
		peaks, m, err := PublishedPeaks()
		if err != nil {
			t.Fatal(err)
		}
		if len(peaks) == 0 || m.Collected != m.Excluded+m.NotComparable+len(peaks) {
			t.Errorf("%d peaks of %+v", len(peaks), m)
		}
		for j := range peaks {
			if c := &peaks[j]; c.Low > c.Log || c.Log > c.High {
				t.Errorf("%s: %+v", c.Row.ID, c.Verdict)
			}
		}
		both := []*Report{New(&Cases{Pipelines: cases, Rows: n}, Inputs{HeldOut: HeldModel, By: PipelineDimensions(), Worst: 50}, report.Versions{}),
			New(&Cases{Pipelines: peaks, Rows: m}, Inputs{Metric: Memory, Worst: 50}, report.Versions{})}
		for _, s := range both[0].Pipelines[1:] {
			rows := 0
			for _, g := range s.Groups {
				rows += g.Rows
			}
			for _, g := range both[0].Pipelines[0].Groups {
				if g.Name == s.Metric && g.Rows != rows {
					t.Errorf("%s by %s has %d rows of %d", s.Metric, s.By, rows, g.Rows)
				}
			}
		}
		text, err := json.Marshal(both)
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = string(text)
	}
	if texts[0] != texts[1] {
		t.Error("the same question, other bytes")
	}
}
