package roofline_test

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/estimator/phase"
	"github.com/plimsoll/plimsoll/estimator/place"
	"github.com/plimsoll/plimsoll/estimator/roofline"
	"github.com/plimsoll/plimsoll/hardware"
)

// table is a small set of round parameters, no device's own.
const table = `{"version":"test","host":{"flops_per_cycle":[{"has":"","x":16}],"assumed_ghz":2,"assumed_cores":4,
"assumed_flops_per_byte":30,"pcie_gb_s_per_lane":[0.25,0.5,1,2,4],"assumed_pcie_gen":3,"assumed_pcie_lanes":16,"assumed_sd":0.25},
"sets":[{"engine":"e","backend":"gpu","base":{"stream":0.8,"expert_stream":0.8,"cache":0.5,"cache_flash":0.7,
"gemv":{"*":0.3},"gemm":{"*":0.4},"expert_gemm":0.6,"recurrent_gemm":0.5,"half_rows":64,"expert_half_rows":64,
"attn":0.1,"attn_flash":0.3,"passes":2,"step_us":300,"layer_us":20,"moe_us":20,"recurrent_us":20,"prefill_us":500,
"cross_us":50,"hop_us":30,"link":0.7,"stream_rows":32,"pipeline":0.9,"sync_us":12,
"rates":{"*":[{"rate":"int8","x":1},{"rate":"fp16","x":2}]},"few_rates":[{"rate":"fp32","x":1}],"attn_rates":[{"rate":"fp16","x":1}],
"sd_decode":[0.1,0.15,0.2,0.25,0.3],"sd_prefill":[0.15,0.2,0.25,0.3,0.4]}},
{"engine":"e","backend":"cpu","base":{"stream":0.8,"expert_stream":0.8,"cache":0.4,"cache_flash":0.2,
"gemv":{"*":0.3},"gemm":{"*":0.4},"expert_gemm":0.6,"recurrent_gemm":0.5,"half_rows":2,"expert_half_rows":8,
"attn":0.2,"attn_flash":0.2,"passes":2,"step_us":300,"layer_us":40,"moe_us":40,"recurrent_us":40,"prefill_us":500,
"thread_gb_s":15,"numa":0.5,"rates":{"*":[{"rate":"fp32","x":1}]},"few_rates":[{"rate":"fp32","x":1}],"attn_rates":[{"rate":"fp32","x":1}],
"sd_decode":[0.1,0.15,0.2,0.25,0.3],"sd_prefill":[0.15,0.2,0.25,0.3,0.4]}}]}`

// sample is a model of 16 layers: dense or with 8 of 64 experts.
func sample(moe bool) (*model.Model, *format.Weights) {
	m := &model.Model{EmbeddingParams: 1 << 27}
	m.Arch.HiddenSize = 2048
	w := &format.Weights{Class: format.ClassKQuant, Embedding: 1 << 26}
	for range 16 {
		l := model.Layer{Attention: model.FullAttention, Heads: 32, KVHeads: 8, HeadDimK: 64, HeadDimV: 64, OwnsCache: true,
			AttentionParams: 10 << 20, DenseFFNParams: 50 << 20, DenseFFNWidth: 8192}
		var b format.LayerBytes
		b[format.Attention], b[format.DenseFFN] = 6<<20, 30<<20
		if moe {
			l.DenseFFNParams, l.Experts, l.ExpertsPerTok, l.ExpertParams, l.ExpertFFNWidth = 0, 64, 8, 400<<20, 1024
			b[format.DenseFFN], b[format.Experts] = 0, 240<<20
		}
		m.Layers, w.Layers = append(m.Layers, l), append(w.Layers, b)
	}
	w.Finish()
	return m, w
}

func device() *hardware.Device {
	return &hardware.Device{ID: "d", Vendor: "v", Architecture: "a", BandwidthGBps: 500, PCIeGen: 4, PCIeLanes: 16,
		Rates: hardware.Rates{FP32: 20, FP16: 80, INT8: 160}}
}

func whole(d *hardware.Device, n int) *place.Placement {
	r := place.Range{From: 0, To: n}
	return &place.Placement{Shares: []place.Share{{Device: d, Layers: r, Experts: r, Output: true, Ranks: 1}, {Name: "host", Ranks: 1}}}
}

type scene struct {
	t    *calibration.Table
	d    *hardware.Device
	host hardware.Host
	in   phase.Input
	set  engine.Settings
	on   string
}

func newScene(t rapid.TB, moe bool) *scene {
	tab, err := calibration.Parse([]byte(table), "")
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{t: tab, d: device(), on: "gpu"}
	s.host = hardware.Host{Sockets: 1, CPU: hardware.CPU{ID: "c", Cores: 16, BandwidthGBps: 80, PeakFP32GFLOPS: 1000, ISA: []string{"avx2"}}}
	m, w := sample(moe)
	s.set = engine.Settings{KVBytesK: 2, KVBytesV: 2}
	s.set.UBatch, s.set.Deployment.Batch = 512, 2048
	s.in = phase.Input{Model: m, Weights: w, Placement: whole(s.d, 16), Settings: &s.set,
		Workload: engine.Workload{InputTokens: 512, OutputTokens: 128, Batch: 1}}
	return s
}

func (s *scene) times(t rapid.TB) (prefill, decode roofline.Time) {
	s.set.Backend = s.on
	s.set.Engine = &engine.Engine{ID: "e"}
	in, err := roofline.Resolve(s.t, &s.set, &hardware.Node{Host: s.host, Devices: []*hardware.Device{s.d}})
	if err != nil {
		t.Fatal(err)
	}
	in.Class = s.in.Weights.Class
	var ph phase.Phase
	phase.Prefill(&s.in, &ph)
	prefill = roofline.Run(&ph, &in)
	phase.Decode(&s.in, &ph)
	return prefill, roofline.Run(&ph, &in)
}

func draw(t *rapid.T) *scene {
	s := newScene(t, rapid.Bool().Draw(t, "moe"))
	s.set.FlashOn = rapid.Bool().Draw(t, "flash")
	s.d.BandwidthGBps = rapid.Float64Range(20, 8000).Draw(t, "bandwidth")
	s.d.Rates.FP32 = rapid.Float64Range(0.5, 100).Draw(t, "fp32")
	s.in.Workload.Depth = rapid.IntRange(0, 100000).Draw(t, "depth")
	s.in.Workload.InputTokens = rapid.IntRange(1, 8192).Draw(t, "input")
	s.in.Workload.Batch = rapid.IntRange(1, 64).Draw(t, "batch")
	switch rapid.IntRange(0, 2).Draw(t, "placement") {
	case 1: // part of the layers on the host
		k := rapid.IntRange(1, 16).Draw(t, "host layers")
		dev, host := &s.in.Placement.Shares[0], &s.in.Placement.Shares[1]
		host.Layers, host.Experts = place.Range{From: 0, To: k}, place.Range{From: 0, To: k}
		dev.Layers.From, dev.Experts.From = k, k
	case 2: // experts on the host
		s.in.Placement.Shares[0].Experts.From = 8
		s.in.Placement.Shares[1].Experts = place.Range{From: 0, To: 8}
	}
	return s
}

func TestTimesAreFiniteAndOrdered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, d := draw(t).times(t)
		for _, x := range []roofline.Time{p, d} {
			if !(x.Seconds > 0) || math.IsInf(x.Seconds, 0) || !(x.Low < x.Seconds && x.Seconds < x.High) || x.Bound == "" {
				t.Fatalf("not a time: %+v", x)
			}
		}
	})
}

func TestBetterHardwareIsNeverSlower(t *testing.T) {
	better := map[string]func(s *scene){
		"bandwidth":      func(s *scene) { s.d.BandwidthGBps *= 1.5 },
		"vector rate":    func(s *scene) { s.d.Rates.FP32 *= 1.5 },
		"matrix rate":    func(s *scene) { s.d.Rates.INT8 *= 1.5; s.d.Rates.FP16 *= 1.5 },
		"host bandwidth": func(s *scene) { s.host.CPU.BandwidthGBps *= 1.5 },
		"host peak":      func(s *scene) { s.host.CPU.PeakFP32GFLOPS *= 1.5 },
		"link":           func(s *scene) { s.d.PCIeGen++ },
	}
	for name, improve := range better {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				s := draw(t)
				p0, d0 := s.times(t)
				improve(s)
				p1, d1 := s.times(t)
				if p1.Seconds > p0.Seconds*(1+1e-9) || d1.Seconds > d0.Seconds*(1+1e-9) {
					t.Fatalf("prefill %g -> %g, decode %g -> %g", p0.Seconds, p1.Seconds, d0.Seconds, d1.Seconds)
				}
			})
		})
	}
}

func TestMoreSequencesNeverLowerTotalThroughput(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := draw(t)
		_, a := s.times(t)
		b0 := float64(s.in.Workload.Batch)
		s.in.Workload.Batch++
		_, b := s.times(t)
		if (b0+1)/b.Seconds < b0/a.Seconds*(1-1e-9) {
			t.Fatalf("batch %v: %g tok/s, one more: %g", b0, b0/a.Seconds, (b0+1)/b.Seconds)
		}
	})
}

func TestDeeperIsNeverFaster(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := draw(t)
		p0, d0 := s.times(t)
		s.in.Workload.Depth += rapid.IntRange(1, 10000).Draw(t, "more")
		p1, d1 := s.times(t)
		if d1.Seconds < d0.Seconds || p1.Seconds < p0.Seconds {
			t.Fatalf("decode %g -> %g, prefill %g -> %g", d0.Seconds, d1.Seconds, p0.Seconds, p1.Seconds)
		}
	})
}

// The roofline of a plain decode step can be worked out by hand.
func TestDecodeByHand(t *testing.T) {
	s := newScene(t, false)
	s.in.Workload.OutputTokens = 0
	_, d := s.times(t)
	op := func(bytes, elements float64) float64 {
		return math.Hypot(bytes/(0.8*500e9), 2*elements/(0.3*20e12))
	}
	const mi = 1 << 20
	want := 300e-6 + 16*20e-6 + op(16*36*mi, 16*60*mi) + op(64*mi, 128*mi)
	if math.Abs(d.Seconds/want-1) > 1e-9 {
		t.Errorf("decode step %.9f s, by hand %.9f s", d.Seconds, want)
	}
	if f := math.Exp(1.2816 * 0.25); math.Abs(d.High/d.Seconds-f) > 1e-9 || d.Level != int(calibration.LevelKind) {
		t.Errorf("interval ×%.4f at level %d, want ×%.4f at the kind's", d.High/d.Seconds, d.Level, f)
	}
}

func TestHostWorkDoesNotNeedTheDevice(t *testing.T) {
	s := newScene(t, false)
	s.in.Placement.Shares[0] = place.Share{Device: s.d, Ranks: 1}
	r := place.Range{From: 0, To: 16}
	s.in.Placement.Shares[1] = place.Share{Name: "host", Layers: r, Experts: r, Output: true, Ranks: 1}
	p, d := s.times(t)
	if d.HostSec == 0 || d.BandwidthSec != 0 || p.LinkSec != 0 {
		t.Errorf("all layers on the host, yet decode %+v and prefill %+v", d, p)
	}
}

func TestExplainPutsTheNumbersIn(t *testing.T) {
	s := newScene(t, true)
	s.set.Backend, s.set.Engine = "gpu", &engine.Engine{ID: "e"}
	in, err := roofline.Resolve(s.t, &s.set, &hardware.Node{Host: s.host, Devices: []*hardware.Device{s.d}})
	if err != nil {
		t.Fatal(err)
	}
	in.Class = format.ClassKQuant
	var ph phase.Phase
	phase.Decode(&s.in, &ph)
	tm := roofline.Run(&ph, &in)
	text := strings.Join(roofline.Explain(&ph, &in, &tm), "\n")
	for _, want := range []string{"experts", "attention", "output head", "GB/s", "sum:", "calibrated: e/gpu"} {
		if !strings.Contains(text, want) {
			t.Errorf("derivation lacks %q:\n%s", want, text)
		}
	}
}

func BenchmarkPrefillAndDecode(b *testing.B) {
	s := newScene(b, true)
	s.set.Backend, s.set.Engine = "gpu", &engine.Engine{ID: "e"}
	in, err := roofline.Resolve(s.t, &s.set, &hardware.Node{Host: s.host, Devices: []*hardware.Device{s.d}})
	if err != nil {
		b.Fatal(err)
	}
	in.Class = format.ClassKQuant
	var ph phase.Phase
	s.in.Shape = phase.NewShape(s.in.Model, s.in.Weights)
	sum := 0.0
	b.ReportAllocs()
	for b.Loop() {
		phase.Prefill(&s.in, &ph)
		t := roofline.Run(&ph, &in)
		sum += t.Seconds
		phase.Decode(&s.in, &ph)
		t = roofline.Run(&ph, &in)
		sum += t.Seconds
	}
	if sum <= 0 {
		b.Fatal("no time passed")
	}
}
