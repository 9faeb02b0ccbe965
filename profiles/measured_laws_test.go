package profiles_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/memory"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles"
)

// measuredHost draws a processor of the catalogue with a measurement of it.
func measuredHost(t *rapid.T) *hardware.Host {
	cpus, err := profiles.CPUs()
	if err != nil {
		t.Fatalf("%v", err)
	}
	c := *rapid.SampledFrom(cpus).Draw(t, "cpu")
	if rapid.Bool().Draw(t, "unknown bandwidth") {
		c.BandwidthGBps = 0
	}
	read := rapid.Float64Range(2, 1000).Draw(t, "read")
	flops := rapid.Float64Range(1, 20000).Draw(t, "gflops")
	spread := rapid.Float64Range(0, 1).Draw(t, "spread")
	n := rapid.IntRange(1, 256).Draw(t, "threads")
	m := &hardware.Measured{Date: "2026-11-26", CPU: c.Name, Virtual: rapid.Bool().Draw(t, "virtual")}
	if rapid.Bool().Draw(t, "memory") {
		m.Memory = []hardware.MemoryRates{{Threads: n, Read: hardware.Rate{Best: read, Median: read * 0.9, Spread: spread}}}
	}
	if rapid.Bool().Draw(t, "arithmetic") {
		all := hardware.Rate{Best: flops, Median: flops * 0.9, Spread: spread}
		one := all
		one.Best /= float64(n)
		m.FP32 = &hardware.MeasuredOps{Threads: n, One: one, All: all}
	}
	return &hardware.Host{CPU: c, Sockets: 1, MemoryBytes: 1 << 36, Measured: m}
}

func looked(t *rapid.T, h *hardware.Host, threads int) *calibration.Params {
	table, err := profiles.Calibration()
	if err != nil {
		t.Fatalf("%v", err)
	}
	p, err := table.Lookup(calibration.Key{Engine: "llama.cpp", Backend: "cpu", Host: h, Threads: threads})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return p
}

// What was measured only ever tightens the intervals, moves the rates towards
// it and not beyond, and says so; nothing measured changes nothing.
func TestMeasurementTightens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := measuredHost(t)
		threads := rapid.IntRange(0, 64).Draw(t, "use")
		plain := *h
		plain.Measured = nil
		before, after := looked(t, &plain, threads), looked(t, h, threads)
		if after.SDDecode > before.SDDecode*(1+1e-12) || after.SDPrefill > before.SDPrefill*(1+1e-12) {
			t.Fatalf("spreads %g, %g were %g, %g", after.SDDecode, after.SDPrefill, before.SDDecode, before.SDPrefill)
		}
		if len(h.Measured.Memory) == 0 && after.StreamBps != before.StreamBps || h.Measured.FP32 == nil && after.GEMM != before.GEMM {
			t.Fatal("a rate moved that nothing was measured of")
		}
		if read, _, ok := h.Measured.ReadGBps(after.Threads); ok {
			table, _ := profiles.Calibration()
			target := read * 1e9 * table.Host.Measured.Stream
			lo, hi := math.Min(target, before.StreamBps), math.Max(target, before.StreamBps)
			if after.StreamBps < lo*(1-1e-9) || after.StreamBps > hi*(1+1e-9) {
				t.Fatalf("a stream of %g was %g, measured %g", after.StreamBps, before.StreamBps, target)
			}
		}
		said := strings.Contains(after.Basis, "measured on this machine on 2026-11-26")
		if moved := after.SDDecode < before.SDDecode || after.StreamBps != before.StreamBps || after.GEMM != before.GEMM; moved && !said {
			t.Fatalf("basis %q", after.Basis)
		}
	})
}

// More measured bandwidth or arithmetic is never a slower estimate.
func TestMoreMeasuredIsNeverSlower(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		req := ask(t, "llama-3.2-1b", "Q4_K_M", "rpi-5-8gb", "llama.cpp")
		machine := *req.Machine
		machine.Nodes = slices.Clone(machine.Nodes)
		req.Machine = &machine
		h := measuredHost(t)
		machine.Nodes[0].Host = *h
		before := estimate(t, req)
		more := *h.Measured
		x := rapid.Float64Range(1, 10).Draw(t, "x")
		more.Memory = slices.Clone(more.Memory)
		for i := range more.Memory {
			more.Memory[i].Read.Best *= x
		}
		if more.FP32 != nil {
			f := *more.FP32
			f.One.Best, f.All.Best = f.One.Best*x, f.All.Best*x
			more.FP32 = &f
		}
		machine.Nodes[0].Host.Measured = &more
		again := *req
		again.Cache = nil
		after := estimate(t, &again)
		if before.Speed.DecodeTokS == nil || after.Speed.DecodeTokS == nil {
			if len(h.Measured.Memory) > 0 || h.CPU.BandwidthGBps > 0 {
				t.Fatalf("no speed: %v", after.Unavailable)
			}
			return
		}
		if after.Speed.DecodeTokS.Value < before.Speed.DecodeTokS.Value*(1-1e-9) || after.Speed.PrefillTokS.Value < before.Speed.PrefillTokS.Value*(1-1e-9) {
			t.Fatalf("decode %g was %g, prefill %g was %g", after.Speed.DecodeTokS.Value, before.Speed.DecodeTokS.Value, after.Speed.PrefillTokS.Value, before.Speed.PrefillTokS.Value)
		}
	})
}

// The user's own measurements of an engine count by themselves.
func TestOwnCalibrationComesFirst(t *testing.T) {
	table, err := profiles.Calibration()
	if err != nil {
		t.Fatal(err)
	}
	own, err := table.WithOwn("llama.cpp,cpu,device,ryzen-9-7950x,3,1.1,,,,,0.05,0.05\n")
	if err != nil {
		t.Fatal(err)
	}
	h := &hardware.Host{Sockets: 1, CPU: hardware.CPU{ID: "ryzen-9-7950x", Cores: 16, BandwidthGBps: 83, ISA: []string{"avx2"}}}
	key := calibration.Key{Engine: "llama.cpp", Backend: "cpu", Host: h}
	before, err := own.Lookup(key)
	if err != nil {
		t.Fatal(err)
	}
	with := *h
	with.Measured = &hardware.Measured{Memory: []hardware.MemoryRates{{Threads: 16, Read: hardware.Rate{Best: 5, Median: 5}}}}
	key.Host = &with
	after, err := own.Lookup(key)
	if err != nil {
		t.Fatal(err)
	}
	if after.StreamBps != before.StreamBps || after.SDDecode != before.SDDecode {
		t.Errorf("stream %g was %g, spread %g was %g", after.StreamBps, before.StreamBps, after.SDDecode, before.SDDecode)
	}
}

// loaded estimates the times to load a model.
func loaded(t fatal, req *estimator.Request) *estimator.Loading {
	t.Helper()
	req.Answers, req.Cache = true, nil
	return estimate(t, req).Loading
}

// A faster drive or reader never loads more slowly, cold is never faster than
// warm, and what is not known is absent with its reason.
func TestLoading(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SampledFrom(lawMachines).Draw(t, "machine")
		req := ask(t, "llama-3.1-8b", m.format, m.on, m.engine)
		machine := *req.Machine
		machine.Nodes = slices.Clone(machine.Nodes)
		req.Machine = &machine
		h := &machine.Nodes[0].Host
		h.StorageGBps = rapid.Float64Range(0.05, 20).Draw(t, "drive")
		before := loaded(t, req)
		switch rapid.IntRange(0, 2).Draw(t, "change") {
		case 0:
			h.StorageGBps *= rapid.Float64Range(1, 10).Draw(t, "x")
		case 1:
			h.CPU.BandwidthGBps *= 2
		case 2:
			if n := &machine.Nodes[0]; len(n.Devices) > 0 {
				d := *n.Devices[0]
				d.PCIeGen++
				n.Devices = slices.Repeat([]*hardware.Device{&d}, len(n.Devices))
			}
		}
		after := loaded(t, req)
		for _, l := range []*estimator.Loading{before, after} {
			if l.ColdS == nil || l.WarmS == nil || !(l.WarmS.Low > 0 && l.WarmS.Low < l.WarmS.Value && l.WarmS.Value < l.WarmS.High) || l.ColdS.Value < l.WarmS.Value || l.ColdS.High < l.WarmS.High {
				t.Fatalf("cold %+v, warm %+v", l.ColdS, l.WarmS)
			}
		}
		if after.ColdS.Value > before.ColdS.Value*(1+1e-9) || after.WarmS.Value > before.WarmS.Value*(1+1e-9) {
			t.Fatalf("cold %g was %g, warm %g was %g", after.ColdS.Value, before.ColdS.Value, after.WarmS.Value, before.WarmS.Value)
		}
	})
}

// By hand: 0.7 of 0.55 GB/s for a drive on SATA, 8 GB/s out of the cache; a
// measured drive is taken as it is; none known, none told.
func TestLoadingByHand(t *testing.T) {
	req := ask(t, "llama-3.1-8b", "Q4_K_M", "rtx-4090-24gb", "llama.cpp")
	machine := *req.Machine
	machine.Nodes = slices.Clone(machine.Nodes)
	req.Machine = &machine
	h := &machine.Nodes[0].Host
	near := func(name string, f *estimator.Figure, want float64, basis string) {
		t.Helper()
		if f == nil || math.Abs(f.Value/want-1) > 0.01 || !strings.Contains(f.Basis, basis) {
			t.Errorf("%s: %+v, want %.3g s for %q", name, f, want, basis)
		}
	}
	h.StorageClass, h.StorageGBps = "sata-ssd", 0.55
	l := loaded(t, req)
	bytes := float64(req.Weights.Total)
	near("SATA", l.ColdS, bytes/(0.7*0.55e9), "assumed: 70% of the 0.55 GB/s that the drive (sata-ssd) reads at most")
	h.Measured = &hardware.Measured{Date: "2026-11-26", Storage: &hardware.MeasuredStorage{
		Cold: &hardware.Rate{Best: 3.2, Median: 3, Spread: 0.02}, Warm: &hardware.Rate{Best: 6.1, Median: 6, Spread: 0.02}}}
	l = loaded(t, req)
	near("measured", l.ColdS, bytes/3e9, "measured on this machine on 2026-11-26: the drive reads 3 GB/s")
	onDevice := 0.0 // the token embedding stays on the host
	for _, line := range estimate(t, req).Ledgers[0].Lines {
		if line.Component == memory.Weights {
			onDevice += float64(line.Bytes)
		}
	}
	near("measured, warm", l.WarmS, onDevice/6e9, "measured")
	// The way to a device as it was measured, from ordinary memory, with its
	// spread beside that of loaders; another device's counts for nothing.
	h.Measured.Storage.Warm = &hardware.Rate{Best: 90, Median: 90}
	assumed := loaded(t, req)
	h.Measured.Devices = []hardware.MeasuredDevice{{Name: "another", Pageable: &hardware.Rate{Best: 1, Median: 1}}}
	if other := loaded(t, req); *other.WarmS != *assumed.WarmS {
		t.Errorf("by another device: %+v, without %+v", other.WarmS, assumed.WarmS)
	}
	h.Measured.Devices = append(h.Measured.Devices, hardware.MeasuredDevice{Name: machine.Nodes[0].Devices[0].Name,
		Pinned: &hardware.Rate{Best: 26, Median: 25}, Pageable: &hardware.Rate{Best: 9, Median: 8, Spread: 0.05}})
	l = loaded(t, req)
	near("measured way", l.WarmS, onDevice/8e9, "to the device at 8 GB/s, as measured on 2026-11-26")
	sd := math.Hypot(0.05, req.Calibration.Host.Load.MeasuredSD)
	if got, want := l.WarmS.High/l.WarmS.Value, math.Exp(1.2816*sd); math.Abs(got/want-1) > 0.001 {
		t.Errorf("high is ×%g, want ×%g", got, want)
	}
	h.Measured, h.StorageGBps, h.StorageClass = nil, 0, "virtual"
	again := *req
	again.Answers, again.Cache = true, nil
	e := estimate(t, &again)
	if i := slices.IndexFunc(e.Unavailable, func(u estimator.Unavailable) bool { return u.Figure == "load_cold_s" }); e.Loading.ColdS != nil || i < 0 ||
		!strings.Contains(e.Unavailable[i].Reason, "class virtual") {
		t.Errorf("%+v, %v", e.Loading.ColdS, e.Unavailable)
	}
}
