package facts

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/hardware/detect"
	"github.com/plimsoll/plimsoll/profiles"
)

// madeLocal gives the facts of a machine that is "local".
func madeLocal() *Embedded {
	e := new(Embedded)
	e.once.Do(func() {
		h := hardware.Host{Sockets: 1, MemoryBytes: 64 << 30, OS: "linux", CPU: hardware.CPU{ID: "mystery", Name: "Mystery 1", Cores: 8, BaseGHz: 2, BandwidthGBps: 80, ISA: []string{"avx2"}}}
		h.CPU.Assumed = map[string]string{"bandwidth_gb_s": "not in the catalogue"}
		e.report = &detect.Report{Machine: &hardware.Machine{ID: "local", Name: "Mystery 1", Local: true, Nodes: []hardware.Node{{Count: 1, Host: h}}}}
	})
	return e
}

func checkLocal(t *testing.T, o scenario.Scenario) *estimator.Result {
	t.Helper()
	var p scenario.Prepared
	if err := scenario.NewResolver(scenario.NewStore(madeLocal())).Resolve(context.Background(), &o, &p); err != nil {
		t.Fatal(err)
	}
	p.Request.Answers, p.Request.Explain = true, true
	r, err := estimator.Estimate(&p.Request)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A check of this machine rests on what was measured there, and says so; a
// measurement of another machine counts for nothing, and that is told.
func TestChecksRestOnTheMeasurement(t *testing.T) {
	t.Setenv("PLIMSOLL_PROFILES", t.TempDir())
	s := scenario.New()
	s.Model, s.Quant, s.On = "llama-3.1-8b", "Q4_K_M", "local"
	before := checkLocal(t, s)
	rate := func(v float64) hardware.Rate { return hardware.Rate{Best: v, Median: v * 0.98, Spread: 0.02} }
	m := &hardware.Measured{Date: "2026-11-26", CPU: "Mystery 1", Cores: 8, MemoryBytes: 64 << 30,
		Memory: []hardware.MemoryRates{{Threads: 1, Read: rate(15)}, {Threads: 8, Read: rate(40)}},
		FP32:   &hardware.MeasuredOps{Kernel: "AVX2 FMA", Threads: 8, One: rate(60), All: rate(440)},
		Storage: &hardware.MeasuredStorage{Bytes: 1 << 28, How: "O_DIRECT",
			Cold: &hardware.Rate{Best: 3, Median: 3, Spread: 0.02}, Warm: &hardware.Rate{Best: 6, Median: 6, Spread: 0.02}}}
	if _, err := profiles.WriteUserMeasured(m); err != nil {
		t.Fatal(err)
	}
	after := checkLocal(t, s)
	ratio := func(f *estimator.Figure) float64 { return f.High / f.Low }
	for name, f := range map[string][2]*estimator.Figure{"decode": {before.Speed.DecodeTokS, after.Speed.DecodeTokS}, "prefill": {before.Speed.PrefillTokS, after.Speed.PrefillTokS}} {
		if b, a := ratio(f[0]), ratio(f[1]); !(a < 0.8*b) {
			t.Errorf("%s: interval ×%.2f was ×%.2f, want it to tighten by a fifth at least", name, a, b)
		}
		if !strings.Contains(f[1].Basis, "measured on this machine on 2026-11-26") {
			t.Errorf("%s: basis %q", name, f[1].Basis)
		}
	}
	if !slices.ContainsFunc(after.Assumptions, func(a string) bool {
		return strings.HasPrefix(a, "measured on this machine on 2026-11-26: memory is read at 40 GB/s by 8 threads")
	}) {
		t.Errorf("assumptions %q", after.Assumptions)
	}
	if l := after.Loading; l.ColdS == nil || !strings.Contains(l.ColdS.Basis, "measured") || before.Loading.ColdS != nil {
		t.Errorf("loading %+v, before %+v", l, before.Loading)
	}

	m.MemoryBytes = 128 << 30
	if _, err := profiles.WriteUserMeasured(m); err != nil {
		t.Fatal(err)
	}
	other := checkLocal(t, s)
	if *other.Speed.DecodeTokS != *before.Speed.DecodeTokS {
		t.Errorf("decode %+v, without a measurement %+v", other.Speed.DecodeTokS, before.Speed.DecodeTokS)
	}
	if !slices.ContainsFunc(other.Warnings, func(w estimator.Warning) bool {
		return w.Code == "measurement_ignored" && strings.Contains(w.Message, "128.0 GiB, this one has 64.0 GiB")
	}) {
		t.Errorf("warnings %+v", other.Warnings)
	}
	// Another processor that is only supposed has not been measured.
	s.Host = "core-i9-13900k"
	m.MemoryBytes = 64 << 30
	if _, err := profiles.WriteUserMeasured(m); err != nil {
		t.Fatal(err)
	}
	if got := checkLocal(t, s); strings.Contains(got.Speed.DecodeTokS.Basis, "measured on this machine") {
		t.Errorf("basis %q", got.Speed.DecodeTokS.Basis)
	}
}
