package profiles

import (
	"math"
	"reflect"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/estimator/phase"
	"github.com/plimsoll/plimsoll/estimator/place"
	"github.com/plimsoll/plimsoll/estimator/roofline"
	"github.com/plimsoll/plimsoll/hardware"
)

// Models of every sort that the phases tell apart.
var calibrationModels = []string{"llama-3.2-3b", "qwen3-30b-a3b", "gemma-3-4b", "deepseek-v3"}

type loaded struct {
	name    string
	shape   *phase.Shape
	weights *format.Weights
	layers  int
}

func loadCalibrationModels(t *testing.T) []loaded {
	formats, err := Formats()
	if err != nil {
		t.Fatal(err)
	}
	var out []loaded
	for _, id := range calibrationModels {
		m, err := Model(id)
		if err != nil {
			t.Fatal(err)
		}
		w, err := formats.Weights(m, "Q4_K_M")
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, loaded{id, phase.NewShape(m, w), w, len(m.Layers)})
	}
	return out
}

// speeds returns prefill and decode times of a model that lies whole on d, or
// on the host when d is nil.
func (l *loaded) speeds(in roofline.Input, d *hardware.Device) (prefill, decode roofline.Time) {
	r := place.Range{From: 0, To: l.layers}
	host := place.Share{Name: "host", Ranks: 1}
	p := &place.Placement{}
	if d != nil {
		p.Shares = append(p.Shares, place.Share{Device: d, Layers: r, Experts: r, Output: true, Ranks: 1})
	} else {
		host.Layers, host.Experts, host.Output = r, r, true
	}
	p.Shares = append(p.Shares, host)
	s := &engine.Settings{KVBytesK: 2, KVBytesV: 2}
	s.UBatch, s.Deployment.Batch = 512, 2048
	pi := phase.Input{Shape: l.shape, Placement: p, Settings: s, Workload: engine.Workload{InputTokens: 512, OutputTokens: 128, Batch: 1}}
	in.Class, in.Format = l.weights.Class, l.weights.Format
	var ph phase.Phase
	phase.Prefill(&pi, &ph)
	prefill = roofline.Run(&ph, &in)
	phase.Decode(&pi, &ph)
	return prefill, roofline.Run(&ph, &in)
}

func TestEveryDeviceHasASpeed(t *testing.T) {
	table, err := Calibration()
	if err != nil {
		t.Fatal(err)
	}
	models := loadCalibrationModels(t)
	devices, err := Devices()
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, p, d roofline.Time) {
		for _, x := range []roofline.Time{p, d} {
			if !(x.Seconds > 0) || math.IsInf(x.Seconds, 0) || !(x.Low < x.Seconds) || !(x.High > x.Seconds) || math.IsInf(x.High, 0) || x.Basis == "" {
				t.Errorf("%s: not a time: %+v", what, x)
			}
		}
	}
	for _, d := range devices {
		if d.BandwidthGBps <= 0 {
			continue
		}
		for _, backend := range []string{"cuda", "rocm", "vulkan", "metal", "sycl", "npu"} {
			p, err := table.Lookup(calibration.Key{Engine: "llama.cpp", Backend: backend, Device: d})
			if err != nil {
				t.Fatal(err)
			}
			for i := range models {
				pre, dec := models[i].speeds(roofline.Input{Device: p, Flash: true}, d)
				check(d.ID+" "+backend+" "+models[i].name, pre, dec)
				if dec.Seconds < models[i].floor()/(d.BandwidthGBps*1e9) {
					t.Errorf("%s %s %s: decode step of %.3g s is faster than the memory can be read", d.ID, backend, models[i].name, dec.Seconds)
				}
			}
		}
	}
	cpus, err := CPUs()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cpus {
		for _, engine := range []string{"llama.cpp", "ik_llama.cpp", "ollama"} {
			p, err := table.Lookup(calibration.Key{Engine: engine, Backend: "cpu", Host: &hardware.Host{CPU: *c, Sockets: 1}})
			if err != nil {
				t.Fatal(err)
			}
			for i := range models {
				pre, dec := models[i].speeds(roofline.Input{Host: p}, nil)
				check(c.ID+" "+engine+" "+models[i].name, pre, dec)
			}
		}
	}
}

// TestLawNoArithmeticBeyondTheDevice holds the calibrated arithmetic of 16-bit
// weights under the largest rate of the device, also where it was carried to one
// that nobody measured.
func TestLawNoArithmeticBeyondTheDevice(t *testing.T) {
	table, err := Calibration()
	if err != nil {
		t.Fatal(err)
	}
	devices, err := Devices()
	if err != nil {
		t.Fatal(err)
	}
	class := calibration.ClassIndex(format.ClassF16, "F16")
	checked := 0
	for _, d := range devices {
		most := 1e12 * max(d.Rates.FP32, d.Rates.FP16, d.Rates.FP16Acc32, d.Rates.BF16)
		if max(d.Rates.FP16, d.Rates.FP16Acc32, d.Rates.BF16) <= 0 {
			continue // what stands in for an unknown rate is a guess
		}
		for _, e := range []struct{ engine, backend string }{{"llama.cpp", "cuda"}, {"llama.cpp", "rocm"}, {"llama.cpp", "vulkan"}, {"llama.cpp", "metal"},
			{"mlx", "metal"}, {"vllm", "cuda"}, {"sglang", "cuda"}, {"tensorrt-llm", "cuda"}, {"exllamav2", "cuda"}} {
			p, err := table.Lookup(calibration.Key{Engine: e.engine, Backend: e.backend, Device: d})
			if err != nil {
				t.Fatal(err)
			}
			checked++
			if p.GEMM[class] > most {
				t.Errorf("%s with %s/%s: %.4g FLOP/s of at most %.4g", d.ID, e.engine, e.backend, p.GEMM[class], most)
			}
		}
	}
	if checked == 0 {
		t.Error("no device was checked")
	}
}

// floor returns bytes that a decode step cannot avoid reading: all but experts.
func (l *loaded) floor() float64 {
	var b int64
	for i := range l.weights.Layers {
		b += l.weights.Layers[i].Total() - l.weights.Layers[i][format.Experts]
	}
	return float64(b)
}

// A device that nobody measured is estimated from its family, and less surely
// than one that was.
func TestFallbackWidensTheInterval(t *testing.T) {
	table, err := Calibration()
	if err != nil {
		t.Fatal(err)
	}
	sd := func(k calibration.Key) (calibration.Level, float64) {
		p, err := table.Lookup(k)
		if err != nil {
			t.Fatal(err)
		}
		return p.Level, p.SDDecode
	}
	known, err := Device("rtx-4090-24gb")
	if err != nil {
		t.Fatal(err)
	}
	key := calibration.Key{Engine: "llama.cpp", Backend: "cuda", Device: known}
	level0, sd0 := sd(key)
	unseen := *known
	unseen.ID = "unseen"
	key.Device = &unseen
	level1, sd1 := sd(key)
	strange := unseen
	strange.Architecture, strange.Vendor = "unheard-of", "nobody"
	key.Device = &strange
	level3, sd3 := sd(key)
	key.Engine = "unheard-of"
	level4, sd4 := sd(key)
	if level0 != calibration.LevelDevice || level1 != calibration.LevelFamily || level3 != calibration.LevelKind || level4 != calibration.LevelAssumed {
		t.Errorf("levels %v, %v, %v, %v; want device, family, kind, assumed", level0, level1, level3, level4)
	}
	// Where leaving out the model is as hard as leaving out the device, both
	// are known as well.
	if !(sd0 <= sd1 && sd1 < sd3 && sd3 < sd4) {
		t.Errorf("spreads %.3f, %.3f, %.3f, %.3f do not widen", sd0, sd1, sd3, sd4)
	}
}

// Published llama-bench figures of llama-3-8b (XiongjieDai/GPU-Benchmarks-on-
// LLM-Inference README, 2024-05, tg1024 averages): the parameters came from
// these and others, so this holds the chain from facts to seconds together.
func TestPublishedDecodeIsReproduced(t *testing.T) {
	table, err := Calibration()
	if err != nil {
		t.Fatal(err)
	}
	formats, err := Formats()
	if err != nil {
		t.Fatal(err)
	}
	m, err := Model("llama-3-8b")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		device, quant, backend string
		tokS                   float64
	}{
		{"rtx-3080-10gb", "Q4_K_M", "cuda", 106.4},
		{"rtx-4090-24gb", "Q4_K_M", "cuda", 127.74},
		{"rtx-4090-24gb", "F16", "cuda", 54.34},
		{"apple-m3-max-40c", "Q4_K_M", "metal", 50.74},
		{"apple-m3-max-40c", "F16", "metal", 22.39},
	} {
		w, err := formats.Weights(m, c.quant)
		if err != nil {
			t.Fatal(err)
		}
		d, err := Device(c.device)
		if err != nil {
			t.Fatal(err)
		}
		p, err := table.Lookup(calibration.Key{Engine: "llama.cpp", Backend: c.backend, Device: d, Date: "2024-05"})
		if err != nil {
			t.Fatal(err)
		}
		l := loaded{shape: phase.NewShape(m, w), weights: w, layers: len(m.Layers)}
		_, dec := l.speeds(roofline.Input{Device: p}, d)
		if e := 1/dec.Seconds/c.tokS - 1; math.Abs(e) > 0.2 {
			t.Errorf("%s %s: published %.1f tok/s, estimated %.1f (%+.0f%%)", c.device, c.quant, c.tokS, 1/dec.Seconds, 100*e)
		}
	}
}

func BenchmarkCalibrationParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := calibration.Parse(calibrationSets, calibrationGroups); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCalibrationLookup(b *testing.B) {
	table, err := Calibration()
	if err != nil {
		b.Fatal(err)
	}
	d, err := Device("rtx-4090-24gb")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := table.Lookup(calibration.Key{Engine: "llama.cpp", Backend: "cuda", Device: d}); err != nil {
			b.Fatal(err)
		}
	}
}

func TestHostRulesAreThoseOfTheTable(t *testing.T) {
	c, err := Calibration()
	if err != nil {
		t.Fatal(err)
	}
	h, err := HostRules()
	if err != nil || !reflect.DeepEqual(*h, c.Host) {
		t.Errorf("%+v, the table has %+v (%v)", h, c.Host, err)
	}
}
