package profiles

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// ownPlan uses everything that a plan may say.
const ownPlan = `
name: all there is
goal: carbon
judge_at: central
months: 24
spare: 1
utilisation: 0.7
require: [total_gib < 500]
prices: {file: prices.yaml, at: 2026-11, country: germany, spot: false, own: true, used: true, usd_per_kwh: 0, gco2e_per_kwh: 300, pue: 1.2, lifetime_years: 5, residual_share: 0.1}
budget: {usd_per_month: 20000, kw: 40, kwh_per_month: 9000, kg_co2e_per_month: 0, machines: 12}
hardware:
  - name: h100-box
    on: 8x h100-sxm5-80gb
    host: 2x epyc-9654
    ram: 1TiB
    count: 0
    usd_per_hour: 24
    purchase_usd: 285000
    in_use_gb: 6
  - 2x l4-24gb
defaults: {engine: vllm, context: 8k, flash_attention: true}
workloads:
  - name: chat
    model: llama-3.1-70b
    quant: FP8
    kv_type: fp8
    kv_type_k: fp8
    kv_type_v: fp8
    backend: cuda
    engine_date: 2026-01
    split: tensor
    tp: 4
    pp: 1
    ep: 1
    dp: 1
    gpu_layers: 99
    cpu_moe: 0
    threads: 8
    depth: 0
    context: 16k
    context_rule: model
    batch_size: 2048
    ubatch: 512
    parallel: 4
    flash_attention: false
    swa_full: true
    kv_unified: true
    no_mmap: true
    no_kv_offload: true
    mla: latent
    gpu_memory_utilization: 0.85
    max_num_seqs: 256
    max_num_batched_tokens: 8k
    set: [hardware.bandwidth_gb_s=+10%]
    traffic: {rate: 240/min, input: "lognormal(1000,0.8)", output: 100..400, growth: 60%/year, average: 0.4, burst: 2, prefix_hit: 0.3, speculate: 3:0.7}
    slo: [ttft_p95<=2s, tpot_mean<=60ms]
    require: ["decode_tok_s >= 20"]
    on: [h100-box]
    replicas: 2
    share: true
  - model: qwen3-8b
    engine: llama.cpp
    traffic:
      concurrency: 64
      growth: -2%
      output: 0
`

func TestReadPlan(t *testing.T) {
	p, err := ReadPlan("plan.yaml", []byte(ownPlan))
	if err != nil {
		t.Fatal(err)
	}
	w := &p.Workloads[0]
	switch {
	case p.Goal != "carbon" || p.Months != 24 || p.Spare != 1 || p.Utilisation != 0.7 || p.JudgeAt != "central":
		t.Errorf("plan %+v", p)
	case *p.Prices.USDPerKWh != 0 || *p.Prices.GramsPerKWh != 300 || !p.Prices.Own || p.Prices.At != "2026-11":
		t.Errorf("prices %+v", p.Prices)
	case *p.Budget.KgPerMonth != 0 || *p.Budget.Machines != 12:
		t.Errorf("budget %+v", p.Budget)
	case *p.Hardware[0].Count != 0 || p.Hardware[1].Count != nil || p.Hardware[1].Name != "2x l4-24gb" || *p.Hardware[0].USDPerHour != 24:
		t.Errorf("hardware %+v", p.Hardware)
	case w.Context != "16k" || w.TP != "4" || *w.FlashAttention || !w.NoMmap || w.GPUMemoryUtilization != 0.85 || w.EngineDate != "2026-01" || w.Set[0] != "hardware.bandwidth_gb_s=+10%":
		t.Errorf("settings %+v", w.PlanSettings)
	case p.Workloads[1].Name != "qwen3-8b" || p.Defaults.Context != "8k":
		t.Errorf("names and defaults %+v %+v", p.Workloads[1], p.Defaults)
	}
	if r, err := w.Traffic.PerSecond(); err != nil || r != 4 {
		t.Errorf("rate %g %v", r, err)
	}
	if g, err := w.Traffic.Monthly(); err != nil || math.Abs(math.Pow(1+g, 12)-1.6) > 1e-12 {
		t.Errorf("growth %g %v", g, err)
	}
	if g, err := p.Workloads[1].Traffic.Monthly(); err != nil || g != -0.02 {
		t.Errorf("growth %g %v", g, err)
	}
	if m, err := w.Traffic.Mean(); err != nil || m != 0.4 {
		t.Errorf("average %g %v", m, err)
	}
	for key, line := range map[string]int{"goal": 3, "budget.kw": 10, "hardware[0]": 12, "hardware[1]": 20, "workloads[0].context": 40, "workloads[0].traffic.growth": 55, "workloads[1].traffic.growth": 65} {
		if got := p.Line(key); got != line {
			t.Errorf("%s is on line %d, want %d", key, got, line)
		}
	}
	// Everything that can be said is said here.
	for _, v := range []any{*p, *p.Prices, *p.Budget, p.Hardware[0], *w, w.PlanSettings} {
		for i := range reflect.TypeOf(v).NumField() {
			f := reflect.TypeOf(v).Field(i)
			if name := f.Name; f.IsExported() && reflect.ValueOf(v).Field(i).IsZero() && name != "Engine" && name != "Spot" {
				t.Errorf("%T.%s is not in the test's plan", v, name)
			}
		}
	}
}

// What a plan is written as is the same plan.
func TestPlanReadsItsOwnJSON(t *testing.T) {
	for _, text := range []string{ownPlan, PlanExample()} {
		p, err := ReadPlan("plan.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		out, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ReadPlan("plan.json", out)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		p.lines, again.lines = nil, nil
		if !reflect.DeepEqual(p, again) {
			t.Errorf("read back\n%+v\nwant\n%+v", again, p)
		}
	}
}

func TestReadPlanErrors(t *testing.T) {
	const hw = "hardware: [2x l4]\n"
	w := func(lines string) string {
		return hw + "workloads:\n  - model: m\n    traffic: {rate: 1/s}\n" + lines
	}
	for _, test := range []struct{ in, want string }{
		{hw, `x.yaml:1: workloads: needs at least one`},
		{"workloads:\n- model: m\n  traffic: {rate: 1}\n", `x.yaml:1: hardware: needs at least one machine`},
		{w("    contxt: 8k\n"), `x.yaml:5: a workload: unknown key "contxt"; did you mean context`},
		{w("    max-num-seqs: 8\n"), `x.yaml:5: a workload: unknown key "max-num-seqs"; did you mean max_num_seqs?`},
		{w("    input_tokens: 8\n"), `x.yaml:5: a workload: unknown key "input_tokens"; write it as traffic: {input: …}`},
		{w("    share: maybe\n"), `x.yaml:5: share: want true or false, got "maybe"`},
		{w("    replicas: 1.5\n"), `x.yaml:5: replicas: want a whole number, got 1.5`},
		{w("    slo: [ttft<=2]\n"), `x.yaml:5: slo: objective "ttft<=2": the limit has no unit`},
		{w("    on: [h100]\n"), `x.yaml:5: on: no hardware is named "h100": there is 2x l4`},
		{w("    model: n\n"), `x.yaml:5: not valid YAML: mapping key "model" already defined`},
		{w("  - model: m\n    traffic: {concurrency: 2}\n"), `x.yaml:5: workloads: "m" is there twice`},
		{w("  - model: n\n"), `x.yaml:5: a workload: needs traffic`},
		{w("  - {model: n, traffic: {rate: 1, concurrency: 2}}\n"), `x.yaml:5: traffic: is a rate or concurrency, not both`},
		{w("  - {model: n, traffic: {input: 3}}\n"), `x.yaml:5: traffic: needs rate, as in 4/s, or concurrency`},
		{w("  - {model: n, traffic: {rate: 1/week}}\n"), `x.yaml:5: rate: rate "1/week": want requests per s, min, hour or day`},
		{w("  - {model: n, traffic: {rate: inf}}\n"), `x.yaml:5: rate: rate "inf": a plan needs a rate that ends`},
		{w("  - {model: n, traffic: {rate: 1, growth: 5%/week}}\n"), `x.yaml:5: growth: want a share for each month or year`},
		{w("  - {model: n, traffic: {rate: 1, growth: -100%}}\n"), `x.yaml:5: growth: want -99%`},
		{w("  - {model: n, traffic: {rate: 1, average: 0}}\n"), `x.yaml:5: average: want more than 0%`},
		{w("  - {model: n, traffic: {rate: 1, input: some}}\n"), `x.yaml:5: input: `},
		{w("  - {model: n, traffic: {rate: 1, speculate: 3}}\n"), `x.yaml:5: speculate: want drafted tokens`},
		{w("  - {model: n, traffic: {rate: 1, burst: 0.001}}\n"), `x.yaml:5: burst: want 0.01 or more`},
		{w("  - {traffic: {rate: 1}}\n"), `x.yaml:5: a workload: needs a model`},
		{w("goal: speed\n"), `x.yaml:5: goal: want cost, energy, carbon, machines, got "speed"`},
		{w("judge_at: high\n"), `x.yaml:5: judge_at: want pessimistic, central, got "high"`},
		{w("utilisation: 0\n"), `x.yaml:5: utilisation: want more than 0`},
		{w("utilization: 0.8\n"), `x.yaml:5: the plan: unknown key "utilization"; call it utilisation`},
		{w("months: 500\n"), `x.yaml:5: months: want 0 to 120, got 500`},
		{w("budget: {usd: 5}\n"), `x.yaml:5: budget: unknown key "usd"`},
		{w("budget: {kw: -1}\n"), `x.yaml:5: kw: want 0 to 1e+09, got -1`},
		{w("prices: {own: true, spot: true}\n"), `x.yaml:5: spot: a machine is bought or rented at spot prices, not both`},
		{w("prices: {at: today}\n"), `x.yaml:5: at: want a date as`},
		{w("prices: {pue: 0.5}\n"), `x.yaml:5: pue: want 1 or more`},
		{"hardware:\n- 2x l4\n- on: 2x l4\nworkloads: []\n", `x.yaml:1: workloads: needs at least one`},
		{"hardware:\n- 2x l4\n- on: 2x l4\nworkloads: [{model: m, traffic: {rate: 1}}]\n", `x.yaml:3: hardware: "2x l4" is there twice`},
		{"hardware: [{count: 2}]\n", `x.yaml:1: hardware: needs on: a machine's name`},
		{"hardware: [{on: l4, purchase_usd: 2}]\nworkloads: [{model: m, traffic: {rate: 1}}]\n", `x.yaml:1: purchase_usd: needs prices: {own: true}`},
		{"- a\n", `x.yaml:1: the plan: want a mapping of keys and values, got a list`},
		{"", `x.yaml: 0 documents, want one that describes a plan`},
		{"[", `x.yaml:1: not valid YAML`},
		{strings.Repeat("[", 100000), `x.yaml:1: nested more than 24 levels deep; a plan needs four`},
		{strings.Repeat("#", 1<<20), `x.yaml: more than 128 KiB`},
	} {
		_, err := ReadPlan("x.yaml", []byte(test.in))
		switch {
		case err == nil:
			t.Errorf("%.80q: no error, want %s", test.in, test.want)
		case !strings.HasPrefix(err.Error(), test.want) || strings.Contains(err.Error(), "\n"):
			t.Errorf("%.80q\n got %s\nwant %s", test.in, err, test.want)
		}
	}
}

func TestReadPlanFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "plan.yaml")
	if err := os.WriteFile(path, []byte(ownPlan), 0o600); err != nil {
		t.Fatal(err)
	}
	if p, err := ReadPlanFile(path); err != nil || len(p.Workloads) != 2 {
		t.Errorf("%+v %v", p, err)
	}
	if _, err := ReadPlanFile(dir); err == nil || err.Error() != dir+": not a regular file" {
		t.Errorf("a folder: %v", err)
	}
	if _, err := ReadPlanFile(path + "x"); err == nil || !strings.HasPrefix(err.Error(), path+"x: ") {
		t.Errorf("no file: %v", err)
	}
}

// What the reader takes obeys the schema, the starter plan first.
func TestPlanSchema(t *testing.T) {
	schema := publishedSchema(t, "schema/plan-file.schema.json", PlanSchema)
	check := func(text string) error {
		j, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(j))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(v)
	}
	for _, good := range []string{ownPlan, PlanExample()} {
		if err := check(good); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"hardware: [l4]\n", "hardware: [l4]\nworkloads: [{model: m}]\n", "hardware: [l4]\nworkloads: [{model: m, traffic: {rate: 1, concurrency: 2}}]\n",
		"hardware: [l4]\nworkloads: [{model: m, traffic: {rate: 1}, contxt: 4}]\n", "hardware: [l4]\nworkloads: [{model: m, traffic: {rate: 1}}]\ngoal: speed\n"} {
		if check(bad) == nil {
			t.Errorf("%q passes the schema", bad)
		}
	}
}

// Whatever is in a plan file, the reader ends with a plan that is read again as
// the same one, or with one line that names the file.
func FuzzReadPlan(f *testing.F) {
	f.Add([]byte(ownPlan))
	f.Add([]byte(PlanExample()))
	f.Add([]byte(`{"hardware":["l4"],"workloads":[{"model":"m","traffic":{"rate":"1/s"}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ReadPlan("plan.yaml", data)
		if err != nil {
			if s := err.Error(); !strings.HasPrefix(s, "plan.yaml") || strings.ContainsAny(s, "\n\r\x1b") {
				t.Fatalf("error %q", s)
			}
			return
		}
		for i := range p.Workloads {
			tr := &p.Workloads[i].Traffic
			if r, err := tr.PerSecond(); err != nil || !(r >= 0) || math.IsInf(r, 0) {
				t.Fatalf("rate %g %v", r, err)
			}
			if g, err := tr.Monthly(); err != nil || !(g > -1) {
				t.Fatalf("growth %g %v", g, err)
			}
			if _, err := tr.InputLengths(); err != nil {
				t.Fatal(err)
			}
		}
		out, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ReadPlan("plan.yaml", out); err != nil && len(out) < maxProfile {
			t.Fatalf("%v\n%s", err, out)
		}
	})
}
