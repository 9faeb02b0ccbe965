package corpus

import (
	"fmt"
	"math"
	"runtime"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/estimator/pipeline/fit"
	"github.com/plimsoll/plimsoll/profiles"
	"github.com/plimsoll/plimsoll/profiles/measured"
)

// PipelineExample is a measurement of a pipeline with the question it answers.
type PipelineExample struct {
	Row         *measured.PipelineRow
	Request     pipeline.Request
	Setup       pipeline.Setup
	Observation *fit.Observation
}

// PipelineMiss is a measurement that cannot be compared, and why.
type PipelineMiss struct {
	Row    *measured.PipelineRow
	Reason string
}

// PipelineExamples works out the measured times that may be used, asking with
// the given rates.
func PipelineExamples(rates *pipeline.Rates, host *calibration.HostRules, rows []measured.PipelineRow) ([]PipelineExample, []PipelineMiss) {
	var out []PipelineExample
	var misses []PipelineMiss
	facts := newPipelineFacts()
	for i := range rows {
		r := &rows[i]
		if r.Exclude != "" || !PipelineTimed(r.Metric) {
			continue
		}
		ex, err := pipelineExample(rates, host, facts, r)
		if err != nil {
			misses = append(misses, PipelineMiss{r, err.Error()})
			continue
		}
		out = append(out, ex)
	}
	weighPipelines(out)
	return out, misses
}

// PipelineTimed says whether a metric is one of time, or of a rate.
func PipelineTimed(metric string) bool {
	switch metric {
	case measured.LatencyS, measured.StepsPerS, measured.ImagesPerMin, measured.RTF, measured.EncodeMs, measured.DecodeMs, measured.SamplesPerS, measured.DocumentsPS:
		return true
	}
	return false
}

func pipelineExample(rates *pipeline.Rates, host *calibration.HostRules, facts *pipelineFacts, r *measured.PipelineRow) (PipelineExample, error) {
	ex := PipelineExample{Row: r}
	if r.Caching {
		return ex, fmt.Errorf("steps were skipped")
	}
	if err := ex.resolve(rates, host, facts); err != nil {
		return ex, err
	}
	loaded, _, err := pipeline.Loads(&ex.Request, &ex.Setup)
	if err != nil {
		return ex, err
	}
	ex.Observation, err = ex.observe(loaded)
	return ex, err
}

// resolve fills in the request and the setup of a row.
func (ex *PipelineExample) resolve(rates *pipeline.Rates, host *calibration.HostRules, facts *pipelineFacts) error {
	r := ex.Row
	m, err := facts.model(r.Model)
	if err != nil {
		return err
	}
	e, err := profiles.PipelineEngine(r.Engine)
	if err != nil {
		return err
	}
	formats, err := profiles.PipelineFormats()
	if err != nil {
		return err
	}
	devices := max(r.Devices, 1)
	machine, err := facts.machine(r.Hardware, devices, e)
	if err != nil {
		return err
	}
	ex.Request = pipeline.Request{Model: m, Machine: machine, Engine: e, Formats: formats, Rates: rates, Host: host,
		Job: pipeline.Job{Batch: r.Batch, Width: r.Width, Height: r.Height, Frames: r.Frames, FPS: r.FPS, Steps: r.Steps, Passes: r.Passes,
			AudioSeconds: r.AudioSeconds, Beam: r.Beam, SequenceTokens: int(r.Input)}}
	if m.Class != pipeline.Embedding {
		ex.Request.Job.SequenceTokens = 0
	} else if r.Metric == measured.LatencyS {
		return fmt.Errorf("how many documents were embedded is not stated")
	}
	if r.Batch == 0 && r.Metric == measured.RTF && m.Find(pipeline.Decoder) != nil {
		return fmt.Errorf("how many windows ran side by side is not stated, and the time depends on it several-fold")
	}
	if r.Batch == 0 && throughput(r.Metric) {
		ex.Request.Job.Batch = unstatedBatch
	}
	if m.Class == pipeline.Recognition && r.Metric == measured.SamplesPerS {
		// A batch is of the windows of one recording: there must be as many.
		ex.Request.Job.AudioSeconds *= float64(max(ex.Request.Job.Batch, 1))
	}
	s := &ex.Setup
	s.Format, s.TextFormat, s.Threads, s.Date = r.Weights, r.TextWeights, r.Threads, r.Date
	if s.Format == "" {
		s.Format = e.Default
		if len(machine.Primary().Devices) == 0 && e.HostFormat != "" {
			s.Format = e.HostFormat
		}
	}
	if r.Backend == "NEON" || r.Backend == "CPU" {
		s.Backend = "cpu"
	}
	s.FlashAttention = r.Backend == "flash attention"
	s.Offload = pipeline.OffloadNone
	for _, word := range strings.Split(r.Offload, "+") {
		switch word {
		case "model", "sequential", "group":
			s.Offload = pipeline.Offload(word)
		case "text-encoder-cpu":
			s.TextOnCPU = true
		case "vae-tiling":
			s.Tiling = true
		case "vae-slicing":
			s.Slicing = true
		}
	}
	return ex.divide(devices)
}

// throughput says whether a metric is of many requests side by side.
func throughput(metric string) bool {
	return metric == measured.SamplesPerS || metric == measured.DocumentsPS || metric == measured.ImagesPerMin
}

// unstatedBatch is how many requests are taken to run side by side where a
// throughput was measured and the source does not say: enough to fill a device.
const unstatedBatch = 32

// divide says how the devices share the work.
func (ex *PipelineExample) divide(devices int) error {
	s, way := &ex.Setup, ex.Row.Parallelism
	if devices == 1 {
		return nil
	}
	switch {
	case strings.Contains(way, "tp"):
		return fmt.Errorf("tensor parallelism of pipelines is not modelled")
	case strings.HasPrefix(way, "dp"), (way == "none" || way == "not stated") && throughput(ex.Row.Metric):
		s.Data = devices
	default:
		s.Sequence = devices
		if strings.Contains(way, "cfg2") {
			s.Guidance, s.Sequence = 2, devices/2
		}
		s.Ring = strings.HasPrefix(way, "ring")
		s.Sharded = strings.Contains(way, "fsdp")
	}
	return nil
}

// observe says which of the stages were measured, and in what time.
func (ex *PipelineExample) observe(loaded []pipeline.Loaded) (*fit.Observation, error) {
	r := ex.Row
	if !(r.Value > 0) {
		return nil, fmt.Errorf("there is no value")
	}
	job, err := ex.Request.Model.Resolve(ex.Request.Job)
	if err != nil {
		return nil, err
	}
	side := float64(max(ex.Setup.Data, 1))
	keep := func(pipeline.Work) bool { return true }
	o := &fit.Observation{ID: r.ID, Class: ex.Request.Model.Class, Engine: ex.Request.Engine.ID, Device: r.Hardware, Model: ex.Request.Model.ID}
	scale := 1.0 // of the calls of the stages that are kept
	switch r.Metric {
	case measured.LatencyS:
		o.Seconds = r.Value
	case measured.StepsPerS:
		keep = func(w pipeline.Work) bool { return w == pipeline.WorkConv || w == pipeline.WorkDiT }
		o.Seconds = float64(job.Steps) / r.Value
	case measured.ImagesPerMin:
		o.Seconds = 60 * float64(max(job.Batch, 1)) * side / r.Value
	case measured.RTF:
		o.Seconds = r.Value * job.AudioSeconds * ex.Request.Model.Clips(&job)
	case measured.EncodeMs:
		keep = func(w pipeline.Work) bool { return w == pipeline.WorkAudioEncode }
		o.Seconds, scale = r.Value/1e3, 0
	case measured.DecodeMs:
		keep = func(w pipeline.Work) bool { return w == pipeline.WorkAudioDecode }
		o.Seconds, scale = r.Value/1e3*float64(max(job.Beam, 1)), 0
	case measured.SamplesPerS, measured.DocumentsPS:
		n := float64(max(job.Batch, 1))
		if ex.Request.Model.Class == pipeline.Embedding {
			n = float64(max(job.Documents, job.Batch, 1))
		}
		o.Seconds = n * side / r.Value
	}
	for i := range loaded {
		if !keep(loaded[i].Work) {
			continue
		}
		l := *loaded[i].Load
		if scale == 0 { // of one call
			l.Calls = 1
		}
		o.Loads = append(o.Loads, &l)
	}
	if len(o.Loads) == 0 {
		return nil, fmt.Errorf("no stage of %s is what %s measures", ex.Request.Model.ID, r.Metric)
	}
	return o, nil
}

// weighPipelines gives each example the weight of its source's care, and lets
// many rows of one device, model and engine count as the root of their number.
func weighPipelines(ex []PipelineExample) {
	care := map[string]float64{"A": 1, "B": 0.7, "C": 0.1}
	flood := map[string]float64{}
	key := func(r *measured.PipelineRow) string {
		return r.Hardware + "\x00" + r.Model + "\x00" + r.Engine + "\x00" + r.Metric
	}
	for i := range ex {
		flood[key(ex[i].Row)]++
	}
	for i := range ex {
		w := care[ex[i].Row.Quality]
		if n := flood[key(ex[i].Row)]; n > 4 {
			w *= math.Sqrt(4 / n)
		}
		ex[i].Observation.Weight = w
	}
}

// PipelineCalibration is what the measurements of pipelines yield.
type PipelineCalibration struct {
	Rates *pipeline.Rates
	// Devices and Models are the judgements with whole devices, and whole
	// models, left out: by the index of the example.
	Devices, Models []fit.Judgement
	Examples        []PipelineExample
	Misses          []PipelineMiss
}

// pipelineFolds is how many fits a cross-validation makes.
const pipelineFolds = 20

// RefitPipelines fits the rates of pipelines to the published measurements, and
// takes the spreads from devices, and from models, that were left out.
func RefitPipelines(host *calibration.HostRules) (*PipelineCalibration, error) {
	out, obs, cfg, err := FitPipelines(host)
	if err != nil {
		return nil, err
	}
	workers := runtime.GOMAXPROCS(0)
	if out.Devices, err = fit.LeaveOut(obs, out.Rates, func(o *fit.Observation) string { return o.Device }, pipelineFolds, workers, cfg); err != nil {
		return nil, err
	}
	if out.Models, err = fit.LeaveOut(obs, out.Rates, func(o *fit.Observation) string { return o.Model }, pipelineFolds, workers, cfg); err != nil {
		return nil, err
	}
	return out, nil
}
