package profiles_test

import (
	"math"
	"testing"

	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles"
	"pgregory.net/rapid"
)

// fatal is what testing.T and rapid.T have in common here.
type fatal interface {
	Helper()
	Fatalf(format string, args ...any)
}

// ask builds a request from catalogue names, as a command would.
func ask(t fatal, modelID, weightFormat, on, engineID string) *estimator.Request {
	t.Helper()
	m, err := profiles.Model(modelID)
	if err != nil {
		t.Fatalf("model: %v", err)
	}
	return askModel(t, m, weightFormat, on, engineID)
}

func askModel(t fatal, m *model.Model, weightFormat, on, engineID string) *estimator.Request {
	t.Helper()
	formats, err := profiles.Formats()
	if err != nil {
		t.Fatalf("formats: %v", err)
	}
	var w *format.Weights
	if w, err = formats.Weights(m, weightFormat); err != nil {
		t.Fatalf("%s in %s: %v", m.Arch.ID, weightFormat, err)
	}
	machine, err := profiles.Machine(on, profiles.MachineOptions{})
	if err != nil {
		t.Fatalf("machine: %v", err)
	}
	e, err := profiles.Engine(engineID)
	if err != nil {
		t.Fatalf("engine: %v", err)
	}
	c, err := profiles.Calibration()
	if err != nil {
		t.Fatalf("calibration: %v", err)
	}
	return &estimator.Request{
		Model: m, Weights: w, Formats: formats, Machine: machine, Engine: e, Calibration: c,
		Deployment: engine.Deployment{GPULayers: engine.Auto, CPUMoE: engine.Auto, Context: 4096},
		Workload:   engine.Workload{InputTokens: 512, OutputTokens: 128, Batch: 1},
	}
}

// estimate evaluates a request and checks what every result must obey.
func estimate(t fatal, req *estimator.Request) *estimator.Result {
	t.Helper()
	e, err := estimator.Estimate(req)
	if err != nil {
		t.Fatalf("%s in %s on %s: %v", req.Model.Arch.ID, req.Weights.Format, req.Machine.ID, err)
	}
	for _, l := range e.Ledgers {
		var need, low, high int64
		for _, line := range l.Lines {
			if line.Bytes < 0 || line.Low > line.Bytes || line.High < line.Bytes {
				t.Fatalf("%s on %s: %s %s: %d not within %d – %d", req.Model.Arch.ID, req.Machine.ID, l.Name, line.Component, line.Bytes, line.Low, line.High)
			}
			need, low, high = need+line.Bytes, low+line.Low, high+line.High
		}
		if need != l.Need || low != l.Low || high != l.High {
			t.Fatalf("%s on %s: the lines of %s sum to %d, its total says %d", req.Model.Arch.ID, req.Machine.ID, l.Name, need, l.Need)
		}
	}
	unavailable := map[string]bool{}
	for _, u := range e.Unavailable {
		if u.Reason == "" {
			t.Fatalf("%s: no reason why %s is not available", req.Model.Arch.ID, u.Figure)
		}
		unavailable[u.Figure] = true
	}
	for name, f := range map[string]*estimator.Figure{
		"prefill_tok_s": e.Speed.PrefillTokS, "decode_tok_s": e.Speed.DecodeTokS, "output_tok_s": e.Speed.OutputTokS,
		"ttft_ms": e.Speed.TTFTMs, "tpot_ms": e.Speed.TPOTMs, "requests_s": e.Speed.RequestsS,
	} {
		if f == nil {
			if !unavailable[name] {
				t.Fatalf("%s on %s: %s is missing without a reason", req.Model.Arch.ID, req.Machine.ID, name)
			}
			continue
		}
		if !(f.Low > 0 && f.Low <= f.Value && f.Value <= f.High) || math.IsInf(f.High, 0) || math.IsNaN(f.High) {
			t.Fatalf("%s in %s on %s: %s = %v", req.Model.Arch.ID, req.Weights.Format, req.Machine.ID, name, *f)
		}
	}
	return e
}

var lawMachines = []struct{ on, engine, format string }{
	{"rpi-5-8gb", "llama.cpp", "Q4_K_M"},
	{"rtx-4090-24gb", "llama.cpp", "Q4_K_M"},
	{"apple-m4-max-40c", "llama.cpp", "Q4_K_M"},
	{"8x h100-sxm5-80gb", "vllm", "native"},
	{"8x h100-sxm5-80gb", "llama.cpp", "Q8_0"},
}

// Every model of the catalogue can be estimated on a board, a card, a unified
// memory and a server of eight cards.
func TestEveryModelOnFourMachines(t *testing.T) {
	n := 0
	for _, entry := range mustModels(t) {
		if entry.Unusable != "" {
			continue
		}
		m, err := profiles.Model(entry.ID)
		if err != nil {
			t.Errorf("%s: %v", entry.ID, err)
			continue
		}
		for _, on := range lawMachines {
			req := askModel(t, m, on.format, on.on, on.engine)
			if limit := m.Arch.MaxContext; limit > 0 {
				req.Deployment.Context = min(req.Deployment.Context, limit)
				req.Workload.InputTokens = min(req.Workload.InputTokens, limit/2)
				req.Workload.OutputTokens = min(req.Workload.OutputTokens, limit/4)
			}
			estimate(t, req)
			n++
		}
	}
	if n < 2000 {
		t.Errorf("only %d combinations were tried", n)
	}
}

// lawModels covers the kinds of architecture: dense, mixture, windowed,
// latent attention, hybrids, recurrent, tied and untied.
var lawModels = []string{
	"llama-3.1-8b", "llama-3.2-1b", "qwen3-30b-a3b", "mixtral-8x7b", "gemma-3-27b", "gpt-oss-120b",
	"deepseek-v3", "deepseek-v2-lite", "qwen3.5-27b", "granite-4.0-h-small", "lfm2-1.2b", "mamba-2.8b", "gemma-4-26b-a4b",
}

var lawFormats = []string{"F16", "Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q3_K_M", "Q2_K"} // from large to small

var lawOn = []string{"rpi-5-8gb", "rtx-4090-24gb", "2x rtx-3090-24gb", "apple-m4-max-40c", "8x h100-sxm5-80gb", "epyc-9654"}

func draw(t *rapid.T) *estimator.Request {
	req := ask(t, rapid.SampledFrom(lawModels).Draw(t, "model"), rapid.SampledFrom(lawFormats).Draw(t, "format"),
		rapid.SampledFrom(lawOn).Draw(t, "on"), "llama.cpp")
	req.Workload.Batch = rapid.IntRange(1, 8).Draw(t, "batch")
	req.Workload.InputTokens = rapid.IntRange(1, 3000).Draw(t, "input")
	req.Deployment.Context = rapid.IntRange(4096, 32768).Draw(t, "context") * req.Workload.Batch
	return req
}

// total is what all memories together need.
func total(e *estimator.Result) float64 { return e.All.TotalBytes.Value }

func TestLawBiggerContextNeverNeedsLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		req := draw(t)
		req.Deployment.GPULayers, req.Deployment.CPUMoE = rapid.SampledFrom([]int{0, 999}).Draw(t, "ngl"), 0
		small := estimate(t, req)
		req.Deployment.Context += rapid.IntRange(1, 65536).Draw(t, "more")
		if large := estimate(t, req); total(large) < total(small) {
			t.Fatalf("a bigger context needs %.0f bytes, the smaller %.0f", total(large), total(small))
		}
	})
}

func TestLawMoreBandwidthNeverSlower(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		req := draw(t)
		slow := estimate(t, req)
		req.Machine = faster(req.Machine, rapid.Float64Range(1, 4).Draw(t, "times"))
		fast := estimate(t, req)
		if fast.Speed.DecodeTokS.Value < slow.Speed.DecodeTokS.Value*0.999999 {
			t.Fatalf("decode with more bandwidth: %v, with less: %v", fast.Speed.DecodeTokS.Value, slow.Speed.DecodeTokS.Value)
		}
		if fast.Speed.PrefillTokS.Value < slow.Speed.PrefillTokS.Value*0.999999 {
			t.Fatalf("prefill with more bandwidth: %v, with less: %v", fast.Speed.PrefillTokS.Value, slow.Speed.PrefillTokS.Value)
		}
	})
}

// faster copies a machine with all its memories so many times as fast.
func faster(m *hardware.Machine, times float64) *hardware.Machine {
	out := *m
	out.Nodes = append([]hardware.Node(nil), m.Nodes...)
	for i := range out.Nodes {
		n := &out.Nodes[i]
		n.Host.CPU.BandwidthGBps *= times
		n.Devices = append([]*hardware.Device(nil), n.Devices...)
		for j, d := range n.Devices {
			d := *d
			d.BandwidthGBps *= times
			n.Devices[j] = &d
		}
	}
	return &out
}

func TestLawSmallerFormatNeverNeedsMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		req := draw(t)
		req.Deployment.GPULayers, req.Deployment.CPUMoE = 999, 0
		i := rapid.IntRange(0, len(lawFormats)-2).Draw(t, "larger")
		j := rapid.IntRange(i+1, len(lawFormats)-1).Draw(t, "smaller")
		var err error
		if req.Weights, err = req.Formats.Weights(req.Model, lawFormats[i]); err != nil {
			t.Fatalf("%v", err)
		}
		large := estimate(t, req)
		if req.Weights, err = req.Formats.Weights(req.Model, lawFormats[j]); err != nil {
			t.Fatalf("%v", err)
		}
		if small := estimate(t, req); total(small) > total(large) {
			t.Fatalf("%s needs %.0f bytes, %s %.0f", lawFormats[j], total(small), lawFormats[i], total(large))
		}
	})
}

func TestLawMoreDevicesNeverFitLess(t *testing.T) {
	order := map[estimator.Verdict]int{estimator.Fits: 0, estimator.Tight: 1, estimator.FitsOffload: 2, estimator.DoesNotFit: 3}
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.SampledFrom([]string{"rtx-3090-24gb", "a100-sxm4-80gb", "mi300x-192gb"}).Draw(t, "device")
		req := ask(t, rapid.SampledFrom(lawModels).Draw(t, "model"), rapid.SampledFrom(lawFormats).Draw(t, "format"), id, "llama.cpp")
		req.Deployment.Context = rapid.IntRange(512, 65536).Draw(t, "context")
		n := rapid.IntRange(1, 4).Draw(t, "devices")
		one := *req.Machine
		few, many := withDevices(one, n), withDevices(one, 2*n)
		req.Machine = few
		a := estimate(t, req)
		req.Machine = many
		b := estimate(t, req)
		if order[b.Verdict] > order[a.Verdict] {
			t.Fatalf("%d devices: %s, %d devices: %s", n, a.Verdict, 2*n, b.Verdict)
		}
	})
}

func withDevices(m hardware.Machine, n int) *hardware.Machine {
	node := m.Nodes[0]
	one := node.Devices[0]
	node.Devices = nil
	for range n {
		node.Devices = append(node.Devices, one)
	}
	m.Nodes = []hardware.Node{node}
	return &m
}

func mustModels(t *testing.T) []profiles.ModelEntry {
	t.Helper()
	entries, err := profiles.Models()
	if err != nil {
		t.Fatal(err)
	}
	return entries
}
