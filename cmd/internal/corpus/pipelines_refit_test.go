package corpus

import (
	"math"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/estimator/pipeline/fit"
	"github.com/plimsoll/plimsoll/profiles"
	"github.com/plimsoll/plimsoll/profiles/measured"
)

// The committed rates of pipelines are what the committed measurements yield.
// The spreads come from the cross-validation, which takes minutes: they are made
// anew from the committed judgements, and one of its fits is made again.
func TestCommittedPipelineRates(t *testing.T) {
	if raceEnabled {
		t.Skip("a fit takes minutes under the race detector; the packages' own tests cover it")
	}
	if testing.Short() {
		t.Skip("a fit takes seconds")
	}
	want, err := os.ReadFile("../../../profiles/pipelines/rates.json")
	if err != nil {
		t.Fatal(err)
	}
	committed, err := profiles.PipelineRates()
	if err != nil {
		t.Fatal(err)
	}
	held, err := profiles.PipelineCrossValidation()
	if err != nil {
		t.Fatal(err)
	}
	host, err := pipelineHost()
	if err != nil {
		t.Fatal(err)
	}
	c, obs, cfg, err := FitPipelines(host)
	if err != nil {
		t.Fatal(err)
	}
	const remedy = "run plimsoll calibrate --pipelines profiles/pipelines"
	c.Rates.SD = committed.SD
	// Other processors contract multiplications and additions; the last digit
	// may then differ.
	if runtime.GOARCH == "amd64" && string(c.Rates.Format()) != string(want) {
		t.Fatal("profiles/pipelines/rates.json is not what the measurements yield: " + remedy)
	}
	if len(held) != len(c.Examples) {
		t.Errorf("%d rows are judged of %d: %s", len(held), len(c.Examples), remedy)
	}
	checkSpreads(t, c, committed, held)
	checkLargest(t, obs, c.Rates, cfg, held)
}

// checkSpreads makes the spreads from the judgements of the file, which has them
// to three digits.
func checkSpreads(t *testing.T, c *PipelineCalibration, committed *pipeline.Rates, held map[string]profiles.CrossValidated) {
	var cases []fit.Case
	levels := map[string]pipeline.Level{}
	for l := pipeline.LevelDevice; l <= pipeline.LevelWork; l++ {
		levels[l.String()] = l
	}
	for i := range c.Examples {
		ex := &c.Examples[i]
		h, ok := held[ex.Row.ID]
		if !ok || ex.Row.Quality == qualityUnknown {
			continue
		}
		for k, one := range [...]profiles.Held{h.Device, h.Model} {
			l := levels[one.Level]
			if (l == pipeline.LevelDevice) == (k == 1) {
				cases = append(cases, fit.Case{Class: ex.Observation.Class, Level: l, Log: one.Log})
			}
			if sd := committed.Spread(ex.Observation.Class, l); math.Abs(sd-one.SD) > 0.0006 {
				t.Errorf("%s: a spread of %.3f at level %s, want %.4f", ex.Row.ID, one.SD, one.Level, sd)
			}
		}
	}
	got := fit.Spreads(cases)
	if len(got) == 0 || len(got) != len(committed.SD) {
		t.Errorf("the judgements tell %d spreads, rates.json has %d", len(got), len(committed.SD))
	}
	for key, sd := range committed.SD {
		if math.Abs(got[key]-sd) > 0.001 {
			t.Errorf("%s: a spread of %.4f, the judgements tell %.4f", key, sd, got[key])
		}
	}
}

// checkLargest makes the fit without the device of most rows again, which is
// left out alone.
func checkLargest(t *testing.T, obs []*fit.Observation, start *pipeline.Rates, cfg *fit.Config, held map[string]profiles.CrossValidated) {
	rows := map[string]int{}
	largest := ""
	for _, o := range obs {
		rows[o.Device]++
		if n := rows[o.Device]; n > rows[largest] || n == rows[largest] && o.Device < largest {
			largest = o.Device
		}
	}
	var rest []*fit.Observation
	for _, o := range obs {
		if o.Device != largest {
			rest = append(rest, o)
		}
	}
	rates, err := fit.FitFrom(rest, start, cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range obs {
		if o.Device != largest {
			continue
		}
		h, log, level := held[o.ID].Device, fit.Log(o, rates), pipeline.LevelOf(o.Loads, rates).String()
		if !h.Judged || math.Abs(h.Log+log) > 0.0015 || h.Level != level {
			t.Errorf("%s on %s: %.3f (%s) when left out, the file says %.3f (%s)", o.ID, o.Device, -log, level, h.Log, h.Level)
		}
	}
}

// few are a part of the measurements, with all that comes of them.
func few(t *testing.T, rows int) *PipelineCalibration {
	t.Helper()
	examples, _, err := AllPipelines()
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := profiles.PipelinePrior()
	if err != nil {
		t.Fatal(err)
	}
	c := &PipelineCalibration{}
	var obs []*fit.Observation
	for i := 0; i < len(examples); i += max(len(examples)/rows, 1) {
		c.Examples, obs = append(c.Examples, examples[i]), append(obs, examples[i].Observation)
	}
	if c.Rates, err = fit.Fit(obs, cfg); err != nil {
		t.Fatal(err)
	}
	if c.Devices, err = fit.LeaveOut(obs, c.Rates, func(o *fit.Observation) string { return o.Device }, 2, 1, cfg); err != nil {
		t.Fatal(err)
	}
	if c.Models, err = fit.LeaveOut(obs, c.Rates, func(o *fit.Observation) string { return o.Model }, 2, 1, cfg); err != nil {
		t.Fatal(err)
	}
	return c
}

// Judgements with the model left out tell the spread of devices that were
// measured, those with the device left out all others; rows of unknown settings
// tell none.
func TestPipelineCases(t *testing.T) {
	c := few(t, 60)
	want := 0
	for i := range c.Examples {
		if c.Examples[i].Row.Quality == qualityUnknown {
			continue
		}
		if c.level(i, &c.Devices[i]) != pipeline.LevelDevice {
			want++
		}
		if c.level(i, &c.Models[i]) == pipeline.LevelDevice {
			want++
		}
	}
	cases := c.cases()
	if len(cases) != want || want == 0 {
		t.Errorf("%d cases, want %d", len(cases), want)
	}
	// A row of unknown settings, however wrong, changes nothing.
	for i := range c.Examples {
		if c.Examples[i].Row.Quality == qualityUnknown {
			c.Devices[i].Log, c.Models[i].Log = 99, 99
		}
	}
	for _, one := range c.cases() {
		if one.Log == 99 {
			t.Fatal("a row of unknown settings tells a spread")
		}
	}
	c.Rates.SD = map[string]float64{"*/device": 0.25, "*/work": 0.5}
	lines := strings.Split(strings.TrimSuffix(c.crossValidation(), "\n"), "\n")
	if len(lines) != len(c.Examples)+1 {
		t.Fatalf("%d lines of %d rows", len(lines), len(c.Examples))
	}
	for i, line := range lines[1:] {
		f := strings.Split(line, ",")
		if len(f) != 7 || f[0] != c.Examples[i].Row.ID || f[3] != c.level(i, &c.Devices[i]).String() || f[6] != c.level(i, &c.Models[i]).String() {
			t.Errorf("line %q", line)
		}
		// We say a time too long where the rate is too low.
		if log := c.Devices[i].Log; math.Abs(log) > 0.001 && math.Signbit(log) != (f[1][0] != '-') {
			t.Errorf("%s: ln of times %.3f, of rates %s", f[0], log, f[1])
		}
	}
}

// Every row that may be used is worked out, or there is a reason that is known.
func TestAllPipelines(t *testing.T) {
	examples, misses, err := AllPipelines()
	if err != nil {
		t.Fatal(err)
	}
	if len(examples) < 950 {
		t.Errorf("%d rows can be compared, want nearly all", len(examples))
	}
	for i := range examples {
		if o := examples[i].Observation; !(o.Seconds > 0) || !(o.Weight > 0) || len(o.Loads) == 0 {
			t.Errorf("not an observation: %+v", *examples[i].Row)
		}
	}
	for _, m := range misses {
		if m.Reason == "" || m.Row.Exclude != "" {
			t.Errorf("%s: left out for %q", m.Row.ID, m.Reason)
		}
	}
}

// A peak that an allocator told has no part in what the driver takes; where the
// hardware is not stated it is placed all the same, if it does not matter.
func TestPipelinePeaks(t *testing.T) {
	row := measured.PipelineRow{ID: "a", Model: "sdxl-base-1.0", Weights: "fp16", Engine: "diffusers", Hardware: "rtx-4090-24gb", Devices: 1,
		Offload: "none", Batch: 1, Width: 1024, Height: 1024, Metric: measured.PeakBytes, Value: 11e9, Quality: "A"}
	device, nowhere, unknown, other := row, row, row, row
	device.What = peakOfDevice
	nowhere.Hardware = ""
	unknown.Hardware, unknown.What = "", peakOfDevice
	other.Metric = measured.LatencyS
	peaks, misses := PipelinePeaks([]measured.PipelineRow{row, device, nowhere, unknown, other})
	if len(peaks) != 3 || len(misses) != 1 || misses[0].Reason != "the hardware is not stated" {
		t.Fatalf("%d peaks, misses %+v", len(peaks), misses)
	}
	context := 0.0
	for _, b := range peaks[0].Request.Engine.Backends {
		if b.ID == peaks[0].Setup.Backend {
			context = b.ContextMiB.Value * (1 << 20)
		}
	}
	if context == 0 || math.Abs(peaks[1].Need-peaks[0].Need-context) > 1 {
		t.Errorf("%g with the driver's %g, %g without", peaks[1].Need, context, peaks[0].Need)
	}
	if peaks[2].Need != peaks[0].Need {
		t.Errorf("%g where the hardware is not stated, %g where it is", peaks[2].Need, peaks[0].Need)
	}
	for _, p := range peaks {
		if !(p.Low > 0 && p.Low <= p.Need && p.Need <= p.High) {
			t.Errorf("%g to %g around %g", p.Low, p.High, p.Need)
		}
	}
}
