package schema

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/invopop/jsonschema"
	validator "github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/plimsoll/plimsoll/cmd/internal/accuracy"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
)

var update = flag.Bool("update", false, "write the schemas anew")

// published is where readers of the repository find the schemas.
const published = "../../../docs/schema"

func reflector() *jsonschema.Reflector {
	return &jsonschema.Reflector{ExpandedStruct: true, Anonymous: true}
}

// generate makes the schema of one document.
func generate(t *testing.T, name string) []byte {
	t.Helper()
	var s *jsonschema.Schema
	switch name {
	case "check":
		s = reflector().Reflect(&report.Check{})
		s.Title = "The document of plimsoll check --output json"
		allowNull(s.Definitions["Result"], "answers")
		allowNull(s.Definitions["Speed"], figures...)
		allowNull(s.Definitions["Loading"], "load_cold_s", "load_warm_s")
		allowNull(s.Definitions["Deployment"], "flash_attention")
		allowNull(s.Definitions["SensitivityRow"], changed...)
		allowNull(s.Definitions["Pipeline"], pipelineFigures()...)
		for _, f := range new(estimator.Costs).Figures() {
			allowNull(s.Definitions["Costs"], f.Name)
		}
	case "compare":
		s = reflector().Reflect(&report.Compare{})
		s.Title = "The document of plimsoll compare --output json"
		for _, c := range report.CompareColumns() {
			allowNull(s.Definitions["CompareFigures"], c.Name)
		}
		allowNull(s.Definitions["ComparePipeline"], pipelineFigures()...)
		allowNull(s.Definitions["CompareWork"], "prefill", "decode")
	case "recommend":
		s = reflector().Reflect(&report.Recommend{})
		s.Title = "The document of plimsoll recommend --output json"
		for _, c := range report.CompareColumns() {
			allowNull(s.Definitions["CompareFigures"], c.Name)
		}
		allowNull(s.Definitions["ComparePipeline"], pipelineFigures()...)
		allowNull(s.Definitions["SensitivityRow"], changed...)
	case "diff":
		s = reflector().Reflect(&report.Diff{})
		s.Title = "The document of plimsoll diff --output json"
		allowNull(s.Definitions["FigureChange"], "old", "new", "relative")
	case "case":
		s = reflector().Reflect(&report.CaseLine{})
		s.Title = "A line of --output jsonl of any command that judges: one case"
	case "plan":
		s = reflector().Reflect(&report.CapacityPlan{})
		s.Title = "The document of plimsoll plan --output json"
		allowNull(s.Definitions["CapacityResult"], "first_month_not_carried")
		allowNull(s.Definitions["CapacityTotals"], "usd_per_month", "usd_over_months", "kw", "kwh_per_month", "kg_co2e_per_month")
		allowNull(s.Definitions["CapacityBudget"], "figure")
		allowNull(s.Definitions["CapacityHardware"], "count", "load", "usd_per_hour", "usd_per_month", "kw")
		allowNull(s.Definitions["CapacityWorkload"], "carries", "head_room", "usd_per_month", "usd_per_m_output_tokens_all_in", "kwh_per_month", "kg_co2e_per_month")
		allowNull(s.Definitions["CapacityMonth"], "usd")
		allowNull(s.Definitions["CapacityChange"], "machines", "usd_per_month", "goal", "goal_difference")
	case "sweep":
		line := reflector().Reflect(&report.SweepLine{})
		failed := reflector().Reflect(&report.SweepError{})
		allowNull(line, figures...)
		line.Required = append(line.Required, "verdict")
		s = &jsonschema.Schema{Title: "A line of plimsoll sweep: an estimate, or the error of one scenario",
			OneOf: []*jsonschema.Schema{line, failed}, Definitions: jsonschema.Definitions{}}
		for _, part := range s.OneOf {
			for n, d := range part.Definitions {
				s.Definitions[n] = d
			}
			part.Definitions, part.Version = nil, ""
		}
		s.Version = jsonschema.Version
	case "sweep-input":
		s = reflector().Reflect(&scenario.Scenario{})
		s.Title = "A scenario: a line of plimsoll sweep's input, or the inputs of a check"
		s.Required = []string{"model"}
		for pair := s.Properties.Oldest(); pair != nil; pair = pair.Next() {
			if pair.Key != "model" { // null means not given
				pair.Value = &jsonschema.Schema{AnyOf: []*jsonschema.Schema{pair.Value, {Type: "null"}}}
			}
		}
	case "accuracy":
		s = reflector().Reflect(&accuracy.Report{})
		s.Title = "The document of plimsoll accuracy --output json"
		allowNull(s.Definitions["Group"], "median_error_percent", "p90_error_percent", "bias_percent", "coverage_percent",
			"interval_ratio", "naive_median_error_percent", "naive_p90_error_percent")
		for _, name := range []string{"Step", "Weighted"} {
			allowNull(s.Definitions[name], "median_error_percent", "p90_error_percent", "bias_percent")
		}
	case "scaling":
		s = reflector().Reflect(&report.Scaling{})
		s.Title = "The document of plimsoll scaling --output json"
		allowNull(s.Definitions["ScalingOptimum"], "loss")
		allowNull(s.Definitions["ScalingLoss"], "loss_of_same_flops_spent_best", "least_flops_of_same_loss")
		allowNull(s.Definitions["ScalingOption"], "tokens", "tokens_per_param", "train_flops", "serve_flops", "flops")
		allowNull(s.Definitions["ScalingBreakEven"], "served_tokens")
		allowNull(s.Definitions["ScalingTraining"], "usd", "kwh", "gco2e", "usd_per_hour")
	case "doctor":
		s = reflector().Reflect(&report.Doctor{})
		s.Title = "The document of plimsoll hardware doctor --output json"
	case "measure":
		s = reflector().Reflect(&report.Measure{})
		s.Title = "The document of plimsoll hardware measure --output json"
		allowNull(s.Definitions["MeasuredStorage"], "cold_gb_s", "warm_gb_s")
		allowNull(s.Definitions["MeasuredDevice"], "h2d_pinned_gb_s", "h2d_pageable_gb_s")
	case "fleet":
		s = reflector().Reflect(&report.Fleet{})
		s.Title = "The document of plimsoll hardware import --output json"
		allowNull(s.Definitions["FleetPool"], "in_use")
	case "error":
		s = reflector().Reflect(&struct {
			Error *problem.Error `json:"error"`
		}{})
		s.Title = "What plimsoll --output json writes to stderr when the request is wrong"
	}
	s.ID = jsonschema.ID("urn:plimsoll:" + name)
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

var figures = []string{"prefill_tok_s", "decode_tok_s", "output_tok_s", "ttft_ms", "tpot_ms", "requests_s"}

// pipelineFigures are those of which a class has a part only.
func pipelineFigures() []string {
	var out []string
	for _, c := range report.PipelineColumns() {
		out = append(out, c.Name)
	}
	return out
}

// changed are the figures of what a change would buy.
var changed = []string{"decode_tok_s", "ttft_ms", "headroom_bytes"}

// allowNull lets properties be null as well.
func allowNull(s *jsonschema.Schema, names ...string) {
	for _, n := range names {
		old, ok := s.Properties.Get(n)
		if !ok {
			panic("no property " + n)
		}
		s.Properties.Set(n, &jsonschema.Schema{AnyOf: []*jsonschema.Schema{old, {Type: "null"}}})
	}
}

func TestPublishedSchemasAreGenerated(t *testing.T) {
	for _, name := range Names() {
		want := generate(t, name)
		for _, path := range []string{name + ".json", filepath.Join(published, name+".json")} {
			if *update {
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, want, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			got, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s is not what the Go types say: run go generate ./cmd/internal/schema", path)
			}
		}
	}
}

// compile returns the validator of a published schema.
func compile(t *testing.T, name string) *validator.Schema {
	t.Helper()
	text, err := Get(name)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := validator.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := validator.NewCompiler()
	if err := c.AddResource(name, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t *testing.T, s *validator.Schema, text []byte) error {
	t.Helper()
	v, err := validator.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("not JSON: %v\n%s", err, text)
	}
	return s.Validate(v)
}

func TestSweepLinesValidate(t *testing.T) {
	s := compile(t, "sweep")
	in := scenario.New()
	in.ID, in.Model, in.On, in.Engine = "a \"quoted\" é", "m", "d", "llama.cpp"
	r := &estimator.Result{Verdict: estimator.Fits, FullestName: "gpu0"}
	r.Speed.DecodeTokS = &estimator.Figure{Value: 12.3456789, Low: 1e-5, High: 123456.7, Unit: "tok/s"}
	r.Unavailable = []estimator.Unavailable{{Figure: "ttft_ms", Reason: "no"}, {Figure: "x", Reason: "y"}}
	if err := validate(t, s, report.AppendSweep(nil, &in, r)); err != nil {
		t.Error(err)
	}
	if err := validate(t, s, report.AppendSweepError(nil, "r1", 3, problem.Wrong("bad_scenario", "a", "b", "c"))); err != nil {
		t.Error(err)
	}
	if err := validate(t, s, []byte(`{"id":"x","surprise":1}`)); err == nil {
		t.Error("an unknown field passed")
	}
}

func TestScenariosValidate(t *testing.T) {
	s := compile(t, "sweep-input")
	if err := validate(t, s, []byte(`{"id":"r1","model":"llama-3.1-8b","quant":null,"gpu_layers":-1,"flash_attention":true}`)); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{`{}`, `{"model":3}`, `{"model":"m","batch":"two"}`, `{"model":"m","surprise":1}`} {
		if err := validate(t, s, []byte(bad)); err == nil {
			t.Errorf("%s passed", bad)
		}
	}
}

func TestErrorsValidate(t *testing.T) {
	if err := validate(t, compile(t, "error"), problem.Wrong("usage", "what", "where", "remedy").JSON()); err != nil {
		t.Error(err)
	}
}
