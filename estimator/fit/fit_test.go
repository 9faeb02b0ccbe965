package fit

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/phase"
	"github.com/plimsoll/plimsoll/hardware"
)

// A world of one backend, whose devices differ in how much of their bandwidth
// they reach.

func prior(t *testing.T) *calibration.Table {
	t.Helper()
	base := `{"stream":0.8,"expert_stream":0.8,"cache":0.5,"cache_flash":0.6,"gemv":{"*":0.5},"gemm":{"*":0.4},"expert_gemm":0.8,` +
		`"recurrent_gemm":0.6,"half_rows":50,"expert_half_rows":50,"attn":0.2,"attn_flash":0.3,"passes":3,"step_us":200,"layer_us":50,` +
		`"moe_us":20,"recurrent_us":30,"prefill_us":500,"cross_us":50,"hop_us":30,"link":0.6,"stream_rows":32,"pipeline":0.7,"sync_us":12,` +
		`"rates":{"*":[{"rate":"fp16","x":1}]},"few_rates":[{"rate":"fp32","x":1}],"attn_rates":[{"rate":"fp16","x":1}],` +
		`"sd_decode":[0.1,0.2,0.2,0.2,0.3],"sd_prefill":[0.1,0.2,0.2,0.2,0.3]}`
	table, err := calibration.Parse([]byte(`{"version":"t","sets":[`+
		`{"engine":"e","backend":"b","kind":"gpu","base":`+base+`},`+
		`{"engine":"*","backend":"gpu","base":`+base+`}]}`), "")
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func config() *Config {
	spread := map[string]float64{"stream": 0.1, "gemv": 0.1, "gemm": 0.2, "cache": 0.1, "overhead": 0.2}
	levels := map[string]map[string]float64{"vendor": spread, "family": spread, "device": spread}
	return &Config{Kind: map[string]float64{"*": 0.3}, Set: map[string]float64{"*": 0.3}, Class: map[string]float64{"*": 0.2},
		Like: map[string]float64{"*": 0.3}, Shared: levels, Own: levels,
		ScaleDecode: 0.05, ScalePrefill: 0.1, Freedom: 4, Iterations: 30}
}

func device(id, family string, gbps float64) *hardware.Device {
	return &hardware.Device{ID: id, Name: id, Vendor: "V", Architecture: family, MemoryType: "GDDR6", MemoryBytes: 24 << 30,
		BandwidthGBps: gbps, Rates: hardware.Rates{FP32: 40, FP16: 160}}
}

// decode is a step that reads so many bytes of weights in so many layers.
func decode(bytes, layers float64) *phase.Phase {
	w := phase.Work{}
	w.Ops[phase.MatMul] = phase.Op{FLOPs: bytes * 4, Elements: bytes * 2, Weights: bytes, Rows: 1, Layers: layers}
	return &phase.Phase{Decode: true, Tokens: 1, Sequences: 1, Steps: 1, Layers: layers, Works: []phase.Work{w}, Ranks: 1}
}

func observe(d *hardware.Device, bytes, layers, seconds float64) *Observation {
	e := &engine.Engine{ID: "e"}
	s := &engine.Settings{Engine: e}
	s.Backend = "b"
	return &Observation{ID: d.ID, Decode: decode(bytes, layers), Steps: 1, Seconds: seconds, Weight: 1, Decoding: true,
		Site: Site{Settings: s, Node: &hardware.Node{Devices: []*hardware.Device{d}}}, Class: "kquant", Format: "Q4_K_M",
		Device: d.ID, Model: "m"}
}

// world makes measurements at efficiencies that the test knows.
func world(efficiency map[string]float64, noise float64) []*Observation {
	r := rand.New(rand.NewPCG(1, 2))
	var obs []*Observation
	for _, d := range []*hardware.Device{device("d1", "F", 1000), device("d2", "F", 500), device("d3", "F", 250), device("d4", "F", 800)} {
		e, ok := efficiency[d.ID]
		if !ok {
			continue
		}
		for _, gb := range []float64{0.5, 1, 2, 5, 9, 14} {
			layers := 20 + 4*gb
			seconds := 200e-6 + layers*50e-6 + gb*1e9/(e*d.BandwidthGBps*1e9)
			obs = append(obs, observe(d, gb*1e9, layers, seconds*math.Exp(noise*r.NormFloat64())))
		}
	}
	return obs
}

func worst(t *testing.T, table *calibration.Table, obs []*Observation) float64 {
	t.Helper()
	w := 0.0
	if err := Judge(table, obs, func(_ int, j Judgement) { w = math.Max(w, math.Abs(j.Log)) }); err != nil {
		t.Fatal(err)
	}
	return w
}

func TestFitRecoversEfficiencies(t *testing.T) {
	obs := world(map[string]float64{"d1": 0.62, "d2": 0.66, "d3": 0.7}, 0)
	before := worst(t, prior(t), obs)
	table, err := Fit(prior(t), obs, config())
	if err != nil {
		t.Fatal(err)
	}
	if after := worst(t, table, obs); after > 0.04 || after > before/3 {
		t.Errorf("worst error %.3f after the fit, %.3f before", after, before)
	}
}

// A device that was left out is predicted like its family, not like the prior.
func TestLeaveOut(t *testing.T) {
	obs := world(map[string]float64{"d1": 0.6, "d2": 0.6, "d3": 0.6, "d4": 0.6}, 0.02)
	of := func(o *Observation) string { return o.Device }
	one, err := LeaveOut(prior(t), nil, obs, obs, of, 4, 1, config())
	if err != nil {
		t.Fatal(err)
	}
	two, err := LeaveOut(prior(t), nil, obs, obs, of, 4, 2, config())
	if err != nil {
		t.Fatal(err)
	}
	for i := range one {
		if one[i] != two[i] {
			t.Fatalf("%d: %+v with one worker, %+v with two", i, one[i], two[i])
		}
		if math.Abs(one[i].Log) > 0.12 || one[i].Level == calibration.LevelDevice {
			t.Errorf("%s left out: %+v, want within 12%% and not known as a device", obs[i].Device, one[i])
		}
	}
}

// Where the search begins does not matter.
func TestFitFrom(t *testing.T) {
	obs := world(map[string]float64{"d1": 0.6, "d2": 0.7, "d3": 0.8, "d4": 0.5}, 0.02)
	all, err := Fit(prior(t), obs, config())
	if err != nil {
		t.Fatal(err)
	}
	var some []*Observation
	for _, o := range obs {
		if o.Device != "d4" {
			some = append(some, o)
		}
	}
	cold, err := Fit(prior(t), some, config())
	if err != nil {
		t.Fatal(err)
	}
	warm, err := FitFrom(prior(t), all, some, config())
	if err != nil {
		t.Fatal(err)
	}
	var a, b []float64
	for table, dst := range map[*calibration.Table]*[]float64{cold: &a, warm: &b} {
		if err := Judge(table, obs, func(_ int, j Judgement) { *dst = append(*dst, j.Log) }); err != nil {
			t.Fatal(err)
		}
	}
	for i := range a {
		if math.Abs(a[i]-b[i]) > 0.01 {
			t.Errorf("%s: %.3f from the prior, %.3f from another fit", obs[i].Device, a[i], b[i])
		}
	}
	for g := range warm.Groups {
		if _, ok := cold.Groups[g]; !ok {
			t.Errorf("%s came from the start", g)
		}
	}
}

// One absurd measurement must not move the others.
func TestFitIsRobust(t *testing.T) {
	obs := world(map[string]float64{"d1": 0.7, "d2": 0.7, "d3": 0.7}, 0.01)
	clean, err := Fit(prior(t), obs, config())
	if err != nil {
		t.Fatal(err)
	}
	bad := *obs[3]
	bad.Seconds *= 8
	dirty, err := Fit(prior(t), append(append([]*Observation{}, obs...), &bad), config())
	if err != nil {
		t.Fatal(err)
	}
	if a, b := worst(t, clean, obs), worst(t, dirty, obs); b > a+0.05 {
		t.Errorf("worst error %.3f with the outlier, %.3f without", b, a)
	}
}

func TestFitIsDeterministic(t *testing.T) {
	obs := world(map[string]float64{"d1": 0.6, "d2": 0.7, "d3": 0.8}, 0.03)
	text := func() string {
		table, err := Fit(prior(t), obs, config())
		if err != nil {
			t.Fatal(err)
		}
		sets, groups, err := table.Format()
		if err != nil {
			t.Fatal(err)
		}
		again, err := calibration.Parse(sets, groups)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		sets2, groups2, err := again.Format()
		if err != nil || string(sets2) != string(sets) || groups2 != groups {
			t.Fatalf("reading and writing again changes the table (%v)", err)
		}
		return string(sets) + groups
	}
	if a, b := text(), text(); a != b {
		t.Error("two fits of the same measurements differ")
	}
}

// An interval made from errors of one kind holds 80% of them, and of other
// errors of the same kind.
func TestSpreadsHold(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	draw := func(n int) []Case {
		var out []Case
		for i := range n {
			c := Case{Decoding: true, Device: string(rune('a' + i%9)), Judgement: Judgement{Set: "e/b", Level: calibration.LevelFamily}}
			sd := 0.1
			if i%3 == 0 {
				c.Traits, sd = calibration.Routed, 0.2
			}
			if i%2 == 0 {
				c.Level, sd = calibration.LevelDevice, sd/2
			}
			c.Log = sd * r.NormFloat64()
			out = append(out, c)
		}
		return out
	}
	s := NewSpreads(draw(2000), func(*Case) bool { return true })
	inside := map[calibration.Trait][2]int{}
	for _, c := range draw(2000) {
		n := inside[c.Traits]
		n[1]++
		if math.Abs(c.Log) <= z80*s.SD(c.Set, c.Level, true, c.Traits) {
			n[0]++
		}
		inside[c.Traits] = n
	}
	for traits, n := range inside {
		if share := float64(n[0]) / float64(n[1]); share < 0.75 || share > 0.85 {
			t.Errorf("traits %b: %.0f%% of %d inside, want about 80%%", traits, 100*share, n[1])
		}
	}
	if a, b := s.SD("e/b", calibration.LevelDevice, true, 0), s.SD("unknown/x", calibration.LevelKind, true, 0); a >= b {
		t.Errorf("a known device spreads %.3f, an unknown set %.3f: want less", a, b)
	}
}
