package profiles_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles"
	"pgregory.net/rapid"
)

// askPipeline builds the request of a job from catalogue names, as a command
// would, with the engine that is usual there.
func askPipeline(t fatal, id, on string) *estimator.Request {
	t.Helper()
	m, err := profiles.Pipeline(id)
	var machine *hardware.Machine
	var e *pipeline.Engine
	if err == nil {
		machine, err = profiles.Machine(on, profiles.MachineOptions{})
	}
	if err == nil {
		e, err = profiles.DefaultPipelineEngine(m, machine)
	}
	if err != nil {
		t.Fatalf("%s on %s: %v", id, on, err)
	}
	return withEngine(t, m, machine, e)
}

func withEngine(t fatal, m *pipeline.Model, machine *hardware.Machine, e *pipeline.Engine) *estimator.Request {
	t.Helper()
	formats, err1 := profiles.PipelineFormats()
	rates, err2 := profiles.PipelineRates()
	host, err3 := profiles.HostRules()
	reserves, err4 := profiles.HostReserves()
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		t.Fatalf("%v", err)
	}
	return &estimator.Request{Machine: machine, Pipeline: &pipeline.Request{Model: m, Machine: machine, Engine: e, Formats: formats, Rates: rates, Host: host, Reserves: reserves}}
}

// run evaluates a job and checks what every outcome must obey: lines sum to
// their phases, shares and stages to the whole, values lie in their intervals,
// and what is missing has a reason.
func run(t fatal, req *estimator.Request) *estimator.Result {
	t.Helper()
	r, err := estimator.Estimate(req)
	name := req.Pipeline.Model.ID + " with " + req.Pipeline.Engine.ID + " on " + req.Machine.ID
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for i := range r.Fit.Ledgers {
		l := &r.Fit.Ledgers[i]
		most, _, _ := l.Need()
		if len(l.Phases) == 0 || l.Phases[l.Peak].Need != most {
			t.Fatalf("%s: %s: the fullest of %d phases is not number %d", name, l.Name, len(l.Phases), l.Peak)
		}
		for _, p := range l.Phases {
			var need, low, high int64
			for _, line := range p.Lines {
				if line.Low < 0 || line.Low > line.Bytes || line.Bytes > line.High {
					t.Fatalf("%s: %s, %s: %s: %d not within %d – %d", name, l.Name, p.Name, line.Name, line.Bytes, line.Low, line.High)
				}
				need, low, high = need+line.Bytes, low+line.Low, high+line.High
			}
			if need != p.Need || low != p.Low || high != p.High {
				t.Fatalf("%s: %s, %s: the lines sum to %d (%d – %d), the phase says %d (%d – %d)", name, l.Name, p.Name, need, low, high, p.Need, p.Low, p.High)
			}
		}
	}
	o, reasons := r.Pipeline, map[string]bool{}
	for _, u := range o.Unavailable {
		if u.Reason == "" {
			t.Fatalf("%s: no reason why %s is not available", name, u.Figure)
		}
		reasons[u.Figure] = true
	}
	if o.LatencyS == nil {
		if !reasons["latency_s"] || len(o.Stages) > 0 {
			t.Fatalf("%s: no latency, and no reason: %+v", name, o.Unavailable)
		}
		return r
	}
	for what, f := range map[string]*pipeline.Figure{"latency_s": o.LatencyS, "s_per_image": o.SecondsPerImage, "it_s": o.StepsPerS, "images_per_min": o.ImagesPerMin,
		"s_per_video_s": o.SecondsPerVideoS, "rtf": o.RealTimeFactor, "first_audio_ms": o.FirstAudioMs, "encode_ms": o.EncodeMs, "decode_ms_per_token": o.DecodeMsPerTok,
		"docs_s": o.DocumentsPerS, "tok_s": o.TokensPerS} {
		if f != nil && (!(f.Low > 0 && f.Low <= f.Value && f.Value <= f.High) || math.IsInf(f.High, 0) || f.Unit == "" || f.Basis == "") {
			t.Fatalf("%s: %s = %+v", name, what, *f)
		}
	}
	seconds, shares := 0.0, 0.0
	for i := range o.Stages {
		s := &o.Stages[i]
		if f := s.Seconds; !(f.Low >= 0 && f.Low <= f.Value && f.Value <= f.High) || s.Bound == "" || s.Where == "" {
			t.Fatalf("%s: %s: %+v", name, s.Name, s)
		}
		seconds, shares = seconds+s.Seconds.Value, shares+s.Share
	}
	if math.Abs(seconds/o.LatencyS.Value-1) > 1e-9 || math.Abs(shares-1) > 1e-9 {
		t.Fatalf("%s: stages take %g s of %g, shares sum to %g", name, seconds, o.LatencyS.Value, shares)
	}
	return r
}

// deviceNeed is what the fullest device needs, 0 where all is on the host.
func deviceNeed(r *estimator.Result) int64 {
	most := int64(0)
	for i := range r.Fit.Ledgers {
		if l := &r.Fit.Ledgers[i]; !l.Host {
			need, _, _ := l.Need()
			most = max(most, need)
		}
	}
	return most
}

// slack bears with the rounding of sums.
const slack = 1 + 1e-9

// noMoreMemory fails where a memory needs more with less.
func noMoreMemory(t fatal, what string, less, more *estimator.Result) {
	t.Helper()
	for i := range less.Fit.Ledgers {
		a, b := &less.Fit.Ledgers[i], &more.Fit.Ledgers[i]
		x, xl, xh := a.Need()
		y, yl, yh := b.Need()
		if x > y || xl > yl || xh > yh {
			t.Fatalf("%s: %s needs %d (%d – %d) with less, %d (%d – %d) with more", what, a.Name, x, xl, xh, y, yl, yh)
		}
	}
}

func noFaster(t fatal, what string, less, more *estimator.Result) {
	t.Helper()
	if a, b := less.Pipeline.LatencyS, more.Pipeline.LatencyS; a != nil && b != nil && a.Value > b.Value*slack {
		t.Fatalf("%s: %g s with less, %g s with more", what, a.Value, b.Value)
	}
}

// pipelineIDs are all pipelines of the catalogue, embedding models of the
// language-model catalogue included, by class.
var pipelineIDs = sync.OnceValue(func() map[pipeline.Class][]string {
	out := map[pipeline.Class][]string{}
	entries, err := profiles.Pipelines()
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		out[e.Class] = append(out[e.Class], e.ID)
	}
	languages, err := profiles.Models()
	if err != nil {
		panic(err)
	}
	for _, e := range languages {
		if profiles.IsPipeline(e.ID) {
			out[pipeline.Embedding] = append(out[pipeline.Embedding], e.ID)
		}
	}
	return out
})

var pipelineMachines = []string{"rtx-4090", "8x h100-sxm", "raspberry-pi-5-8gb", "apple-m4-max-40c-64gb", "rx-7900-xtx", "i9-13900k", "rtx-3060", "epyc-9654"}

// mainFigure is the figure that people ask a class for first.
func mainFigure(o *pipeline.Outcome) (string, *pipeline.Figure) {
	switch o.Class {
	case pipeline.TextToImage:
		return "s_per_image", o.SecondsPerImage
	case pipeline.TextToVideo:
		return "s_per_video_s", o.SecondsPerVideoS
	case pipeline.Embedding:
		return "docs_s", o.DocumentsPerS
	}
	return "rtf", o.RealTimeFactor
}

// Every model of every class can be estimated on a card, a server of eight, a
// board, a unified memory and hosts without accelerators, and tells what it is
// asked for first, or why not.
func TestEveryPipelineOnEightMachines(t *testing.T) {
	n := 0
	for _, ids := range pipelineIDs() {
		for _, id := range ids {
			for _, on := range pipelineMachines {
				req := askPipeline(t, id, on)
				req.Explain, req.Answers = true, true
				r := run(t, req)
				if name, f := mainFigure(r.Pipeline); f == nil && !slices.ContainsFunc(r.Pipeline.Unavailable, func(u pipeline.Unavailable) bool { return u.Figure == name }) {
					t.Errorf("%s on %s: %s is missing without a reason", id, on, name)
				}
				n++
			}
		}
	}
	if n < 1000 {
		t.Errorf("only %d combinations were tried", n)
	}
}

// growth is a number of a job that may grow, by class.
var growth = map[pipeline.Class][]struct {
	name  string
	field func(*pipeline.Job) *int
	from  int
	upTo  int
}{
	pipeline.TextToImage: {{"steps", jobSteps, 1, 60}, {"width", jobWidth, 256, 2048}, {"height", jobHeight, 256, 2048}, {"batch", jobBatch, 1, 16}},
	pipeline.TextToVideo: {{"steps", jobSteps, 1, 60}, {"width", jobWidth, 256, 1280}, {"height", jobHeight, 256, 1280}, {"batch", jobBatch, 1, 4}, {"frames", func(j *pipeline.Job) *int { return &j.Frames }, 9, 200}},
	pipeline.Recognition: {{"batch", jobBatch, 1, 32}},
	pipeline.Synthesis:   {{"batch", jobBatch, 1, 16}, {"characters", func(j *pipeline.Job) *int { return &j.Characters }, 10, 5000}},
	pipeline.Embedding:   {{"tokens", func(j *pipeline.Job) *int { return &j.SequenceTokens }, 8, 512}, {"documents", func(j *pipeline.Job) *int { return &j.Documents }, 64, 5000}},
}

func jobSteps(j *pipeline.Job) *int  { return &j.Steps }
func jobWidth(j *pipeline.Job) *int  { return &j.Width }
func jobHeight(j *pipeline.Job) *int { return &j.Height }
func jobBatch(j *pipeline.Job) *int  { return &j.Batch }

// drawPipeline draws a model of a class, on a machine, all of it on the device.
func drawPipeline(t *rapid.T, c pipeline.Class, machines []string) *estimator.Request {
	req := askPipeline(t, rapid.SampledFrom(pipelineIDs()[c]).Draw(t, "model"), rapid.SampledFrom(machines).Draw(t, "on"))
	req.Pipeline.Setup.Offload = pipeline.OffloadNone
	return req
}

// More steps, pixels, frames, batch, text or documents never take less time or
// memory.
func TestLawPipelineMoreNeverFasterNorLess(t *testing.T) {
	for class, fields := range growth {
		for _, f := range fields {
			t.Run(string(class)+"/"+f.name, func(t *testing.T) {
				rapid.Check(t, func(t *rapid.T) {
					req := drawPipeline(t, class, pipelineMachines)
					job := &req.Pipeline.Job
					if f.name != "batch" {
						job.Batch = rapid.IntRange(1, 4).Draw(t, "batch")
					}
					n := rapid.IntRange(f.from, f.upTo-1).Draw(t, f.name)
					*f.field(job) = n
					less := run(t, req)
					*f.field(job) = rapid.IntRange(n+1, f.upTo).Draw(t, "more")
					more := run(t, req)
					noMoreMemory(t, f.name, less, more)
					noFaster(t, f.name, less, more)
				})
			})
		}
	}
}

// More audio never takes less time or memory.
func TestLawPipelineMoreAudioNeverFasterNorLess(t *testing.T) {
	for _, class := range []pipeline.Class{pipeline.Recognition, pipeline.Synthesis, pipeline.Denoising} {
		t.Run(string(class), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				req := drawPipeline(t, class, pipelineMachines)
				job := &req.Pipeline.Job
				job.Batch = rapid.IntRange(1, 4).Draw(t, "batch")
				job.AudioSeconds = rapid.Float64Range(0.5, 3600).Draw(t, "seconds")
				less := run(t, req)
				job.AudioSeconds *= rapid.Float64Range(1.001, 10).Draw(t, "more")
				more := run(t, req)
				noMoreMemory(t, "audio", less, more)
				noFaster(t, "audio", less, more)
			})
		})
	}
}

// A larger batch of documents may be faster, since fewer calls are launched, but
// never needs less memory.
func TestLawPipelineLargerBatchOfDocumentsNeverLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		req := drawPipeline(t, pipeline.Embedding, pipelineMachines)
		job := &req.Pipeline.Job
		job.Documents, job.Batch = 1000, rapid.IntRange(1, 64).Draw(t, "batch")
		less := run(t, req)
		job.Batch += rapid.IntRange(1, 64).Draw(t, "more")
		noMoreMemory(t, "batch", less, run(t, req))
	})
}

var pictures = []pipeline.Class{pipeline.TextToImage, pipeline.TextToVideo}

// What is offloaded never needs more of the device, and never runs faster;
// swapping more blocks never needs more.
func TestLawPipelineOffloadNeverRaisesTheDevice(t *testing.T) {
	engines, err := profiles.PipelineEngines()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		class := rapid.SampledFrom(pictures).Draw(t, "class")
		req := drawPipeline(t, class, []string{"rtx-4090", "rtx-3060", "8x h100-sxm"})
		var able []*pipeline.Engine
		for _, e := range engines {
			if len(e.Offloads) > 1 && slices.Contains(e.Classes, class) && slices.ContainsFunc(e.Backends, func(b pipeline.Backend) bool { return b.ID == "cuda" }) {
				able = append(able, e)
			}
		}
		req.Pipeline.Engine = rapid.SampledFrom(able).Draw(t, "engine")
		s := &req.Pipeline.Setup
		all := run(t, req)
		s.Offload = rapid.SampledFrom(req.Pipeline.Engine.Offloads[1:]).Draw(t, "offload")
		if s.Offload == pipeline.OffloadBlocks {
			s.Blocks = rapid.IntRange(1, 20).Draw(t, "blocks")
		}
		if _, err := estimator.Estimate(req); err != nil && strings.Contains(err.Error(), "layers are known") {
			t.Skip(err)
		}
		r := run(t, req)
		if a, b := deviceNeed(r), deviceNeed(all); a > b {
			t.Fatalf("%s, %s: the device needs %d, without %d", req.Pipeline.Model.ID, s.Offload, a, b)
		}
		noFaster(t, req.Pipeline.Model.ID+" "+string(s.Offload), all, r)
		if s.Offload == pipeline.OffloadBlocks {
			s.Blocks += rapid.IntRange(1, 20).Draw(t, "more")
			if more := run(t, req); deviceNeed(more) > deviceNeed(r) {
				t.Fatalf("%s: %d blocks swapped need %d, fewer %d", req.Pipeline.Model.ID, s.Blocks, deviceNeed(more), deviceNeed(r))
			} else {
				noFaster(t, "blocks", r, more)
			}
		}
	})
}

// Narrower weights never need more memory. (They may be slower: some are
// unpacked before each product.)
func TestLawPipelineNarrowerFormatNeverMoreMemory(t *testing.T) {
	for class := range pipelineIDs() {
		t.Run(string(class), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				req := drawPipeline(t, class, []string{"rtx-4090", "apple-m4-max-40c-64gb", "8x h100-sxm", "i9-13900k"})
				p := req.Pipeline
				p.Setup.TextFormat = p.Engine.Formats[0] // the same in both
				if p.Model.Find(pipeline.TextEncoder) == nil {
					p.Setup.TextFormat = ""
				}
				n := len(p.Engine.Formats)
				if n < 2 {
					t.Skip("one format")
				}
				i := rapid.IntRange(0, n-2).Draw(t, "wide")
				p.Setup.Format = p.Engine.Formats[i]
				wide := run(t, req)
				p.Setup.Format = p.Engine.Formats[rapid.IntRange(i+1, n-1).Draw(t, "narrow")]
				noMoreMemory(t, p.Model.ID+" in "+p.Setup.Format+" of "+p.Engine.Formats[i], run(t, req), wide)
			})
		})
	}
}

// A device that computes or reads faster is never slower.
func TestLawPipelineFasterDeviceNeverSlower(t *testing.T) {
	for class := range pipelineIDs() {
		t.Run(string(class), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				req := drawPipeline(t, class, pipelineMachines)
				req.Pipeline.Setup.Offload = ""
				base := run(t, req)
				m := req.Machine.Clone()
				req.Machine = m
				x := rapid.Float64Range(1.01, 4).Draw(t, "times")
				bandwidth := rapid.Bool().Draw(t, "bandwidth")
				node := m.Primary()
				for _, d := range node.Devices {
					if bandwidth {
						d.BandwidthGBps *= x
						continue
					}
					r := &d.Rates
					for _, v := range []*float64{&r.FP32, &r.FP16, &r.FP16Acc32, &r.BF16, &r.FP8, &r.INT8, &r.FP4} {
						*v *= x
					}
				}
				if cpu := &node.Host.CPU; bandwidth {
					cpu.BandwidthGBps *= x
				} else {
					cpu.BaseGHz, cpu.BoostGHz, cpu.PeakFP32GFLOPS = cpu.BaseGHz*x, cpu.BoostGHz*x, cpu.PeakFP32GFLOPS*x
				}
				noFaster(t, req.Pipeline.Model.ID, run(t, req), base)
			})
		})
	}
}

// More devices that divide the tokens of a pass are never slower, and no device
// needs more.
func TestLawPipelineMoreDevicesNeverSlower(t *testing.T) {
	engines, err := profiles.PipelineEngines()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		class := rapid.SampledFrom(pictures).Draw(t, "class")
		req := drawPipeline(t, class, []string{"8x h100-sxm", "8x a100-sxm-80gb", "8x l40s", "8x rtx-4090"})
		var able []*pipeline.Engine
		for _, e := range engines {
			if e.Parallel >= 8 && slices.Contains(e.Classes, class) && slices.ContainsFunc(e.Backends, func(b pipeline.Backend) bool { return b.ID == "cuda" }) {
				able = append(able, e)
			}
		}
		req.Pipeline.Engine = rapid.SampledFrom(able).Draw(t, "engine")
		s := &req.Pipeline.Setup
		s.Ring = true // heads need not divide
		s.Sharded = rapid.Bool().Draw(t, "sharded")
		n := rapid.SampledFrom([]int{1, 2, 4}).Draw(t, "devices")
		s.Sequence = n
		few := run(t, req)
		s.Sequence *= 2
		more := run(t, req)
		what := req.Pipeline.Model.ID + " with " + req.Pipeline.Engine.ID + " on " + req.Machine.ID
		noFaster(t, what, more, few)
		if a, b := deviceNeed(more), deviceNeed(few); a > b {
			t.Fatalf("%s: a device of %d needs %d, of %d %d", what, s.Sequence, a, n, b)
		}
	})
}

// TestWhisperMemory compares the memory that openai-whisper asks for with its
// README's "Required VRAM" (github.com/openai/whisper, README.md@c0d2f62), which
// is in round GB.
func TestWhisperMemory(t *testing.T) {
	e, err := profiles.PipelineEngine("openai-whisper")
	if err != nil {
		t.Fatal(err)
	}
	machine, err := profiles.Machine("rtx-4090-24gb", profiles.MachineOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for id, gb := range map[string]float64{"whisper-base": 1, "whisper-small": 2, "whisper-medium": 5, "whisper-large-v3": 10, "whisper-large-v3-turbo": 6} {
		m, err := profiles.Pipeline(id)
		if err != nil {
			t.Fatal(err)
		}
		if got := float64(deviceNeed(run(t, withEngine(t, m, machine, e)))) / 1e9; math.Abs(got-gb) > 0.5+0.1*gb {
			t.Errorf("%s: %.2f GB, about %g published", id, got, gb)
		}
	}
}

// BenchmarkPipelineCheck is one estimate of a prepared pipeline.
func BenchmarkPipelineCheck(b *testing.B) {
	req := askPipeline(b, "flux.1-dev", "rtx-4090")
	req.Answers = true
	b.ReportAllocs()
	for b.Loop() {
		if _, err := estimator.Estimate(req); err != nil {
			b.Fatal(err)
		}
	}
}
