package pipeline

import (
	"math"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/hardware"
)

// nominal is what a job takes on devices of 100 TFLOPS and 1 TB/s whose every
// efficiency is 1, behind 25 GB/s.
func nominal(t *testing.T, m *Model, j Job, s Setup) *Outcome {
	t.Helper()
	req := &Request{Model: m, Job: j, Engine: eager(), Formats: memFormats, Machine: machine(s.Devices(), 4096), Setup: s,
		Rates: &Rates{Corner: 4, Peaks: map[string][]Peak{"fp16": {{Rate: "fp16"}}, "fp32": {{Rate: "fp16"}}}},
		Host:  &calibration.HostRules{PCIeLanes: 1, PCIeGBpsPerLane: []float64{25}}}
	for _, d := range req.Machine.Primary().Devices {
		d.BandwidthGBps, d.Rates = 1000, hardware.Rates{FP16: 100}
	}
	fit, err := Place(req)
	if err != nil {
		t.Fatal(err)
	}
	o, err := Time(req, fit)
	if err != nil || len(o.Stages) == 0 {
		t.Fatal(err, o.Unavailable)
	}
	return o
}

func (o *Outcome) of(t *testing.T, w Work) *StageTime {
	t.Helper()
	for i := range o.Stages {
		if o.Stages[i].Work == w {
			return &o.Stages[i]
		}
	}
	t.Fatalf("no stage of %s", w)
	return nil
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9*math.Abs(want) {
		t.Errorf("%s: %g, want %g", what, got, want)
	}
}

// Of three passes two devices make two and one: a step takes as long as two.
func TestPassesOverDevices(t *testing.T) {
	one := nominal(t, memSD3, Job{Passes: 1}, Setup{})
	two := nominal(t, memSD3, Job{Passes: 2}, Setup{})
	for _, c := range []struct {
		passes, devices int
		like            *Outcome
	}{{2, 2, one}, {3, 2, two}, {3, 3, one}, {4, 2, two}} {
		got := nominal(t, memSD3, Job{Passes: c.passes}, Setup{Guidance: c.devices})
		near(t, "seconds of a step", got.of(t, WorkDiT).Seconds.Value, c.like.of(t, WorkDiT).Seconds.Value)
		s := Setup{Guidance: c.devices}
		lines := func(j Job, s Setup) float64 {
			f := placed(t, memSD3, eager(), j, s)
			return linesOf(&f.Ledgers[0].Phases[1], activationKind)
		}
		near(t, "activations", lines(Job{Passes: c.passes}, s), lines(Job{Passes: c.like.Job.Passes}, Setup{}))
	}
}

// A batch of a recogniser with windows is of one recording's; of texts that are
// spoken each makes speech of its own.
func TestAudioOfBatches(t *testing.T) {
	heard := nominal(t, memWhisper, Job{AudioSeconds: 600, Batch: 5, Beam: 1}, Setup{})
	near(t, "recognition", heard.RealTimeFactor.Value, heard.LatencyS.Value/600)
	speaker := &Model{ID: "speaker", Class: Synthesis, Defaults: Job{AudioSeconds: 10}, Source: "test", Components: []Component{
		{Name: "vits", Role: Decoder, Kind: Convolutional, Params: 30e6, FramesPerSecond: 100}}}
	spoken := nominal(t, speaker, Job{Batch: 8}, Setup{})
	near(t, "synthesis", spoken.RealTimeFactor.Value, spoken.LatencyS.Value/80)
	// An encoder without windows works on clips.
	listener := &Model{ID: "listener", Class: Recognition, Defaults: Job{AudioSeconds: 10}, Source: "test", Components: []Component{
		{Name: "encoder", Role: Encoder, Params: 600e6, FramesPerSecond: 12.5}, {Name: "joiner", Role: Decoder, Kind: Recurrent, Params: 18e6, FramesPerSecond: 12.5}}}
	clips := nominal(t, listener, Job{Batch: 4}, Setup{})
	near(t, "clips", clips.RealTimeFactor.Value, clips.LatencyS.Value/40)
	near(t, "encoding a clip", clips.EncodeMs.Value, 1e3*clips.of(t, WorkAudioEncode).Seconds.Value/4)
	if clips.DecodeMsPerTok != nil || len(clips.Unavailable) != 1 {
		t.Errorf("a joiner runs once a frame, not once a token: %+v, %+v", clips.DecodeMsPerTok, clips.Unavailable)
	}
}

// 600 s are 20 windows: 4 calls of 5, and 2,100 tokens in 420 calls of 5.
func TestWindowsAndTokens(t *testing.T) {
	o := nominal(t, memWhisper, Job{AudioSeconds: 600, Batch: 5, Beam: 1}, Setup{})
	near(t, "a window", o.EncodeMs.Value*20, 1e3*o.of(t, WorkAudioEncode).Seconds.Value)
	near(t, "a token", o.DecodeMsPerTok.Value*2100, 1e3*o.of(t, WorkAudioDecode).Seconds.Value)
}

// Chunks of 1 s of 10: a tenth of what is made chunk by chunk, and all of what
// works on the whole.
func TestFirstAudio(t *testing.T) {
	m := &Model{ID: "f5", Class: Synthesis, Defaults: Job{AudioSeconds: 10, Steps: 16, Passes: 1, ChunkSeconds: 1}, Source: "test", Components: []Component{
		{Name: "dit", Role: Denoiser, Kind: SingleDiT, Params: 336e6, Layers: 22, Hidden: 1024, FFN: 2048, TokensPerSecond: 93.75},
		{Name: "vocos", Role: Vocoder, Kind: Convolutional, Params: 13e6, FramesPerSecond: 93.75}}}
	o := nominal(t, m, Job{}, Setup{})
	near(t, "first audio", o.FirstAudioMs.Value, 1e3*(o.of(t, WorkDiT).Seconds.Value+o.of(t, WorkSpeech).Seconds.Value/10))
}

// Intervals of times and of rates are in order, and as wide.
func TestIntervals(t *testing.T) {
	o := nominal(t, memSD15, Job{Batch: 2}, Setup{})
	for _, f := range []*Figure{o.LatencyS, o.SecondsPerImage, o.StepsPerS, o.ImagesPerMin} {
		if !(f.Low > 0 && f.Low < f.Value && f.Value < f.High) {
			t.Errorf("%+v", f)
		}
		near(t, "width", f.High/f.Low, math.Exp(2*Z80*assumedSD))
	}
	near(t, "images a minute", o.ImagesPerMin.Value*o.SecondsPerImage.Value, 60)
	near(t, "its ends", o.ImagesPerMin.Low*o.SecondsPerImage.High, 60)
}

// What is known farther away stands in for a level without a spread.
func TestSpread(t *testing.T) {
	r := &Rates{SD: map[string]float64{"embedding/engine": 0.3, "*/work": 0.5}}
	for _, c := range []struct {
		class Class
		level Level
		want  float64
	}{{Embedding, LevelDevice, 0.3}, {Embedding, LevelWork, 0.5}, {Synthesis, LevelFamily, 0.5}} {
		if got := r.Spread(c.class, c.level); got != c.want {
			t.Errorf("%s, %s: %g, want %g", c.class, c.level, got, c.want)
		}
	}
	if got := new(Rates).Spread(Embedding, LevelDevice); got != assumedSD {
		t.Errorf("without any: %g", got)
	}
}

// Weights cross the link once for all calls with model offload, once a call
// layer by layer, beside the work where the next layers are fetched meanwhile.
func TestTransfer(t *testing.T) {
	const link = 25e9
	job, bytes := Job{Steps: 4}, 2*float64(memFlux.Components[0].Params)
	all := nominal(t, memFlux, job, Setup{Offload: OffloadNone}).of(t, WorkDiT).Seconds.Value
	for _, c := range []struct {
		setup Setup
		want  float64
	}{
		{Setup{Offload: OffloadModel}, all + bytes/link},
		{Setup{Offload: OffloadSequential}, all + 4*bytes/link},
		{Setup{Offload: OffloadGroup}, math.Max(all, 4*bytes/link)},
		{Setup{Offload: OffloadBlocks, Blocks: 19}, math.Max(all, 4*bytes/3/link)},
	} {
		near(t, string(c.setup.Offload), nominal(t, memFlux, job, c.setup).of(t, WorkDiT).Seconds.Value, c.want)
	}
}
