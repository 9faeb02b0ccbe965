package profiles

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/estimator/scaling"
)

func scalingLaw(t *testing.T, query string) *scaling.Law {
	t.Helper()
	l, err := ScalingLaw(query)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func nearly(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*math.Abs(want)) {
		t.Errorf("%s: %.5g, want %.5g within %.2g%%", what, got, want, tolerance*100)
	}
}

func optimumOf(t *testing.T, l *scaling.Law, b scaling.Budget) *scaling.Optimum {
	t.Helper()
	o, err := l.Optimum(b)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestScalingLawsRead(t *testing.T) {
	laws, err := ScalingLaws()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, l := range laws {
		ids = append(ids, l.ID)
		if l.Name == "" || l.Source == "" || l.Year < 2020 {
			t.Errorf("%+v says too little", l)
		}
		if text, _ := l.Doubt(); text == "" {
			t.Errorf("%s says nothing of its doubt", l.ID)
		}
	}
	if want := "kaplan chinchilla-1 chinchilla-2 chinchilla-3 chinchilla-replication rule-20"; strings.Join(ids, " ") != want {
		t.Errorf("laws %v, want %s", ids, want)
	}
	for query, want := range map[string]string{"Kaplan": "kaplan", "besiroglu": "chinchilla-replication", "approach 2": "chinchilla-2", "hoffmann": "chinchilla-3", "20x": "rule-20"} {
		if l := scalingLaw(t, query); l.ID != want {
			t.Errorf("%s means %s, want %s", query, l.ID, want)
		}
	}
	if _, err := ScalingLaw("moore"); err == nil || !strings.Contains(err.Error(), "plimsoll scaling lists them") {
		t.Errorf("moore: %v", err)
	}
	coefficients, err := Coefficients()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range coefficients {
		if !slices.Contains(ids, c.Law) || c.Source == "" || c.Checked != "twice" && c.Checked != "cited" {
			t.Errorf("%+v is of no law, or has no source", c)
		}
	}
}

// Hoffmann et al. 2022 (arXiv:2203.15556), Table 3: approach 1. N is met at its
// FLOPs; D follows from 6ND within 2%, but for the 67B, whose printed tokens
// (1.5T, two digits) are 5% from its printed FLOPs.
func TestChinchillaTable(t *testing.T) {
	l := scalingLaw(t, "chinchilla-1")
	for _, c := range []struct{ params, flops, tokens, tolerance float64 }{
		{400e6, 1.92e19, 8.0e9, 0.02}, {1e9, 1.21e20, 20.2e9, 0.02}, {10e9, 1.23e22, 205.1e9, 0.02}, {67e9, 5.76e23, 1.5e12, 0.05}, {175e9, 3.85e24, 3.7e12, 0.02},
		{280e9, 9.90e24, 5.9e12, 0.02}, {520e9, 3.43e25, 11.0e12, 0.02}, {1e12, 1.27e26, 21.2e12, 0.02}, {10e12, 1.30e28, 216.2e12, 0.02},
	} {
		o := optimumOf(t, l, scaling.Budget{FLOPs: c.flops})
		nearly(t, "N", o.Params.Value, c.params, 1e-9)
		nearly(t, "D", o.Tokens.Value, c.tokens, c.tolerance)
		nearly(t, "C of N", optimumOf(t, l, scaling.Budget{Params: c.params}).FLOPs.Value, c.flops, 1e-9)
		nearly(t, "6ND", scaling.TrainingFLOPs(c.params, c.tokens), c.flops, c.tolerance)
	}
}

// Every point of points.csv gives its FLOPs back, and the points of a table
// have its published exponent from the first to the last (Table 2).
func TestPublishedPoints(t *testing.T) {
	ends := map[string][2]scaling.Point{}
	count := 0
	for r := range pointTable.rows() {
		p := scaling.Point{FLOPs: r.number("flops"), Params: r.number("params")}
		nearly(t, r.text("law")+" 6ND", scaling.TrainingFLOPs(p.Params, r.number("tokens")), p.FLOPs, 0.05)
		e, ok := ends[r.text("law")]
		if !ok {
			e[0] = p
		}
		e[1] = p
		ends[r.text("law")] = e
		if count++; r.fault() != nil {
			t.Error(r.fault())
		}
	}
	if count != 18 {
		t.Errorf("%d points", count)
	}
	for id, e := range ends {
		got := math.Log(e[1].Params/e[0].Params) / math.Log(e[1].FLOPs/e[0].FLOPs)
		nearly(t, id+" exponent", got, scalingLaw(t, id).Curve.Exponent, 0.01)
	}
}

// Table 2 of arXiv:2203.15556: N goes with C to 0.50, 0.49 and 0.46, D to 0.50,
// 0.51 and 0.54; Kaplan et al. to 0.73 and 0.27. Approach 3 has 0.46 before the
// rounding of its constants, which give 0.452.
func TestPublishedExponents(t *testing.T) {
	for id, want := range map[string]float64{"chinchilla-1": 0.50, "chinchilla-2": 0.49, "chinchilla-3": 0.46, "kaplan": 0.73, "chinchilla-replication": 0.512, "rule-20": 0.5} {
		c := scalingLaw(t, id).Curve
		const low, high = 1e19, 1e27
		n := math.Log(c.Params(high)/c.Params(low)) / math.Log(high/low)
		nearly(t, id+" a", n, want, 0.02)
		nearly(t, id+" b", 1-n, 1-want, 0.02)
	}
}

// Kaplan et al. 2020 (arXiv:2001.08361), eq. 1.1 to 1.5, and what Hoffmann et
// al. quote of it: ten times the budget takes 5.5 times the parameters and 1.8
// times the tokens (10^0.73 is 5.37, 10^0.27 is 1.86).
func TestKaplan(t *testing.T) {
	l := scalingLaw(t, "kaplan")
	k := l.Surface.(*scaling.Kaplan)
	nearly(t, "L(N)", k.OfSize(8.8e13/math.E), math.Exp(0.076), 1e-12)
	nearly(t, "L(D)", k.OfData(5.4e13/math.E), math.Exp(0.095), 1e-12)
	nearly(t, "L(C)", k.Optimal(3.1e8*scaling.PFDay/math.E), math.Exp(0.050), 1e-12)
	nearly(t, "L(N, much)", k.Loss(1e9, 1e30), k.OfSize(1e9), 1e-9)
	nearly(t, "L(much, D)", k.Loss(1e40, 1e9), k.OfData(1e9), 1e-9)
	nearly(t, "L(N,D)", k.Loss(1e9, 1e10), math.Pow(math.Pow(8.8e13/1e9, 0.076/0.095)+5.4e13/1e10, 0.095), 1e-12)
	a, b := optimumOf(t, l, scaling.Budget{FLOPs: 1e21}), optimumOf(t, l, scaling.Budget{FLOPs: 1e22})
	nearly(t, "N", b.Params.Value/a.Params.Value, 5.5, 0.03)
	nearly(t, "D", b.Tokens.Value/a.Tokens.Value, 1.8, 0.04)
	// Appendix A: 1.3e9 parameters at one PF-day, on half the 2e10 tokens that
	// it takes at the critical batch.
	one := optimumOf(t, l, scaling.Budget{FLOPs: scaling.PFDay})
	nearly(t, "N_e", one.Params.Value, 1.3e9, 1e-12)
	nearly(t, "D_e/2", one.Tokens.Value, 1e10, 0.11)
}

// Approach 3 and its replication (arXiv:2404.10102, Table 1), both in closed
// form; only the replication agrees with 20 tokens per parameter and with what
// Chinchilla was: 70B on 1.4T.
func TestParametricLaws(t *testing.T) {
	for _, c := range []struct{ id, coefficients string }{{"chinchilla-3", "1.69 406.4 410.7 0.34 0.28"}, {"chinchilla-replication", "1.8172 482.01 2085.43 0.3478 0.3658"}} {
		l := scalingLaw(t, c.id)
		p := l.Surface.(*scaling.Parametric)
		want := [5]float64{1.69, 406.4, 410.7, 0.34, 0.28}
		if c.id == "chinchilla-replication" {
			want = [5]float64{1.8172, 482.01, 2085.43, 0.3478, 0.3658}
		}
		if got := [5]float64{p.E, p.A, p.B, p.Alpha, p.Beta}; got != want {
			t.Errorf("%s: %v, want %s", c.id, got, c.coefficients)
		}
		g := math.Pow(p.Alpha*p.A/(p.Beta*p.B), 1/(p.Alpha+p.Beta))
		for _, flops := range []float64{1e19, 5.76e23, 1e26} {
			o := optimumOf(t, l, scaling.Budget{FLOPs: flops})
			nearly(t, "N", o.Params.Value, g*math.Pow(flops/6, p.Beta/(p.Alpha+p.Beta)), 1e-9)
			nearly(t, "D", o.Tokens.Value, math.Pow(flops/6, p.Alpha/(p.Alpha+p.Beta))/g, 1e-9)
		}
	}
	budget := scaling.Budget{FLOPs: 5.76e23}
	r, h := optimumOf(t, scalingLaw(t, "replication"), budget), optimumOf(t, scalingLaw(t, "chinchilla-3"), budget)
	nearly(t, "the replication's N", r.Params.Value, 70e9, 0.04)
	nearly(t, "the replication's D", r.Tokens.Value, 1.4e12, 0.06)
	nearly(t, "the replication's D/N", r.TokensPerParam.Value, 20, 0.1)
	if r.Params.Low > 67e9 || r.Params.High < 70e9 || r.Params.Low < 30e9 || r.Params.High > 150e9 || r.Loss.High-r.Loss.Low < 0.005 {
		t.Errorf("its intervals: %+v, loss %+v", r.Params, *r.Loss)
	}
	for _, id := range []string{"chinchilla-1", "chinchilla-2", "rule-20"} {
		o := optimumOf(t, scalingLaw(t, id), budget)
		nearly(t, id+" N against the replication", o.Params.Value, r.Params.Value, 0.15)
	}
	if h.TokensPerParam.Value < 60 || scalingLaw(t, "chinchilla-3").Caution == "" {
		t.Errorf("approach 3 wants %g tokens per parameter and says nothing", h.TokensPerParam.Value)
	}
}

// 6ND against training compute as published, within 2% or what the rounding of
// N and D allows. Gopher is apart: its 280B and 300B tokens make 5.04e23, the
// budget that Hoffmann et al. give it is 5.76e23.
func TestTrainingFLOPsOfModels(t *testing.T) {
	want := map[string]struct{ flops, tolerance float64 }{
		"gpt-3-175b":     {3.14e23, 0.02}, // arXiv:2005.14165, Table D.1
		"gopher-280b":    {5.76e23, 0.13},
		"chinchilla-70b": {5.76e23, 0.03}, // 1.4T is two digits
		"palm-540b":      {2.53e24, 0.02}, // arXiv:2204.02311
		"llama-7b":       {4.0e22, 0.02},  // 6ND of arXiv:2302.13971, Table 2
		"llama-13b":      {7.8e22, 0.02},
		"llama-33b":      {2.73e23, 0.02},
		"llama-65b":      {5.5e23, 0.02},
		"llama-3.1-405b": {3.8e25, 0.02}, // arXiv:2407.21783, section 1
	}
	models, err := TrainedModels()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range models {
		if m.Source == "" || m.Params <= 0 || m.ActiveParams > m.Params || m.FLOPsLow > m.FLOPs || m.FLOPsHigh < m.FLOPs {
			t.Errorf("%+v", m)
		}
		w, ok := want[m.ID]
		if !ok {
			continue
		}
		delete(want, m.ID)
		nearly(t, m.ID+" 6ND", scaling.TrainingFLOPs(m.ActiveParams, m.Tokens), w.flops, w.tolerance)
		if m.FLOPs > 0 && m.FLOPs != w.flops {
			t.Errorf("%s: published %g, want %g", m.ID, m.FLOPs, w.flops)
		}
	}
	if len(want) > 0 {
		t.Errorf("not published: %v", want)
	}
	gopher, _ := FindTrainedModel("Gopher")
	nearly(t, "Gopher 6ND", scaling.TrainingFLOPs(gopher.Params, gopher.Tokens), 5.04e23, 1e-9)
	// GPT-2: about 1.5e21, on which estimates differ two-fold; its tokens are unknown.
	gpt2, ok := FindTrainedModel("gpt-2")
	if !ok || gpt2.Params != 1.5e9 || gpt2.Tokens != 0 || gpt2.FLOPs != 1.5e21 || gpt2.FLOPsHigh/gpt2.FLOPsLow != 4 {
		t.Errorf("GPT-2: %+v", gpt2)
	}
	if m, ok := FindTrainedModel("DeepSeek V3"); !ok || m.ActiveParams != 37e9 || m.Params != 671e9 {
		t.Errorf("DeepSeek-V3: %+v", m)
	}
	if _, ok := FindTrainedModel("llama"); ok {
		t.Error("llama means a model")
	}
}

// Each derived MFU is 6ND over its device hours at the catalogue's BF16 peak,
// and the spread of all is a plausible default.
func TestTrainingRuns(t *testing.T) {
	runs, err := TrainingRuns()
	if err != nil {
		t.Fatal(err)
	}
	var shares []float64
	for _, r := range runs {
		shares = append(shares, r.MFU.Value)
		d, err := Device(r.Device)
		if err != nil {
			t.Error(err)
			continue
		}
		if !r.Derived {
			continue
		}
		m, ok := FindTrainedModel(r.Model)
		if !ok || r.DeviceHours == 0 {
			t.Errorf("%s: nothing to derive from", r.Model)
		}
		nearly(t, r.Model+" MFU", scaling.MFUOf(m.ActiveParams, m.Tokens, r.DeviceHours, d.Rates.BF16*1e12), r.MFU.Value, 0.01)
	}
	if s := scaling.Spread(shares); s.Value < 0.3 || s.Value > 0.45 || s.Low < 0.2 || s.High > 0.5 {
		t.Errorf("default MFU %+v", s)
	}
	if b, source, err := TrainingStateBytes(); err != nil || b != 16 || source == "" {
		t.Errorf("%g B, %q, %v", b, source, err)
	}
}

func TestParameterCounts(t *testing.T) {
	for query, want := range map[string][2]float64{"llama-3.1-8b": {8.03e9, 8.03e9}, "gpt2-xl": {1.557e9, 1.557e9}, "qwen3-30b-a3b": {30.5e9, 3.3e9}} {
		m, err := Model(query)
		if err != nil {
			t.Fatal(err)
		}
		total, active, rest := Parameters(m)
		nearly(t, query+" parameters", float64(total), want[0], 0.01)
		nearly(t, query+" active", float64(active), want[1], 0.03)
		if rest <= 0 || rest >= total {
			t.Errorf("%s: %d of %d are no embeddings", query, rest, total)
		}
	}
	if total, active, rest := Parameters(&model.Model{EmbeddingParams: 5, OutputParams: 3, OtherParams: 1}); total != 9 || active != 9 || rest != 1 {
		t.Error(total, active, rest)
	}
}
