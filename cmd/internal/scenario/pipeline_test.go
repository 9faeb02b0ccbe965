package scenario_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/estimator/vision"
	"github.com/plimsoll/plimsoll/hardware"
)

// invented are facts of a world with one painter, one listener and one embedder
// which is a language model, too.
type invented struct{}

func (invented) Model(query string) (*model.Model, error) {
	switch query {
	case "talker":
		return &model.Model{Arch: model.Architecture{ID: "talker", Class: "llm"}}, nil
	case "embedder":
		return &model.Model{Arch: model.Architecture{ID: "embedder", Class: "embedding"}}, nil
	}
	return nil, errors.New("no such model")
}
func (invented) OpenModel(string) (*model.Model, error) { return nil, errors.New("no such file") }
func (invented) OpenProjector(*model.Model, string) (*model.Model, error) {
	return nil, errors.New("no such file")
}
func (invented) Machine(_ context.Context, query string, o scenario.MachineOptions) (*hardware.Machine, error) {
	m := &hardware.Machine{ID: query, Name: query, Nodes: []hardware.Node{{Count: max(o.Nodes, 1)}}}
	for range max(o.Devices, 1) {
		m.Nodes[0].Devices = append(m.Nodes[0].Devices, &hardware.Device{ID: query, Vendor: "NVIDIA"})
	}
	return m, nil
}
func (invented) Engine(query string) (*engine.Engine, error) {
	if query == "llama.cpp" {
		return &engine.Engine{ID: query, Name: query}, nil
	}
	return nil, errors.New("no such engine")
}
func (invented) Formats() (*format.Table, error)          { return nil, errors.New("there are none") }
func (invented) Calibration() (*calibration.Table, error) { return new(calibration.Table), nil }
func (invented) Vision() (*vision.Table, error)           { return nil, errors.New("there are none") }
func (invented) Pipelines() scenario.PipelineFacts        { return arts{} }

type arts struct{}

var models = map[string]*pipeline.Model{
	"painter":  {ID: "painter", Class: pipeline.TextToImage, Defaults: pipeline.Job{Width: 1024, Height: 768, Steps: 28, Passes: 2, Batch: 1}},
	"listener": {ID: "listener", Class: pipeline.Recognition, Defaults: pipeline.Job{AudioSeconds: 30, Batch: 1}},
	"embedder": {ID: "embedder", Class: pipeline.Embedding, Defaults: pipeline.Job{SequenceTokens: 256, Batch: 1}},
}

var engines = []*pipeline.Engine{
	{ID: "brush", Name: "Brush", Classes: []pipeline.Class{pipeline.TextToImage, pipeline.TextToVideo}, Formats: []string{"bf16", "nf4"}, Default: "bf16",
		Offloads: []pipeline.Offload{pipeline.OffloadModel, pipeline.OffloadBlocks}, Parallel: 4, Backends: []pipeline.Backend{{ID: "cuda"}}},
	{ID: "ear", Name: "Ear", Classes: []pipeline.Class{pipeline.Recognition, pipeline.Embedding}, Formats: []string{"bf16"}, Default: "bf16"},
}

func (arts) Is(query string) bool { return models[query] != nil }
func (arts) IsFile(string) bool   { return false }
func (arts) Pipeline(query string) (*pipeline.Model, error) {
	if m := models[query]; m != nil {
		return m, nil
	}
	return nil, errors.New("no such pipeline")
}
func (arts) Open(string) (*pipeline.Model, []string, error) {
	return nil, nil, errors.New("no such file")
}
func (arts) Engine(query string) (*pipeline.Engine, error) {
	for _, e := range engines {
		if e.ID == query {
			return e, nil
		}
	}
	return nil, errors.New("no such engine")
}
func (arts) Engines() ([]*pipeline.Engine, error) { return engines, nil }
func (arts) DefaultEngine(m *pipeline.Model, _ *hardware.Machine) (*pipeline.Engine, error) {
	for _, e := range engines {
		if slices.Contains(e.Classes, m.Class) {
			return e, nil
		}
	}
	return nil, errors.New("none runs it")
}
func (arts) Formats() ([]pipeline.Format, error) {
	return []pipeline.Format{{Name: "bf16", Aliases: []string{"bfloat16"}, Bits: 16}, {Name: "nf4", Bits: 4.5}, {Name: "fp8", Bits: 8}}, nil
}
func (arts) Rates() (*pipeline.Rates, error)       { return new(pipeline.Rates), nil }
func (arts) Reserves() (*pipeline.Reserves, error) { return new(pipeline.Reserves), nil }
func (arts) Host() (*calibration.HostRules, error) { return new(calibration.HostRules), nil }

// asked resolves one line of JSON.
func asked(t *testing.T, line, languages string) (*scenario.Prepared, error) {
	t.Helper()
	var s scenario.Scenario
	if err := scenario.NewDecoder().Decode([]byte(line), &s); err != nil {
		t.Fatal(err)
	}
	r := scenario.NewResolver(scenario.NewStore(invented{}))
	r.Languages = languages
	var p scenario.Prepared
	err := r.Resolve(context.Background(), &s, &p)
	return &p, err
}

func TestPipelineRequest(t *testing.T) {
	p, err := asked(t, `{"model":"painter","on":"x","width":512,"height":512,"guidance_passes":1,"quant":"BFLOAT16","text_quant":"nf4","batch":4,
		"ulysses":2,"ring":2,"dp":2,"blocks_swapped":10,"text_on_cpu":true,"threads":8,"engine":"brush@2026-01"}`, "")
	if err != nil {
		t.Fatal(err)
	}
	q := p.Request.Pipeline
	wantJob := pipeline.Job{Batch: 4, Width: 512, Height: 512, Passes: 1}
	wantSetup := pipeline.Setup{Format: "bf16", TextFormat: "nf4", Offload: pipeline.OffloadBlocks, Blocks: 10, TextOnCPU: true, Sequence: 4, Ring: true, Data: 2, Threads: 8, Date: "2026-01"}
	if q == nil || q.Job != wantJob || q.Setup != wantSetup || q.Model.ID != "painter" || q.Engine.ID != "brush" || q.Rates == nil || q.Host == nil {
		t.Fatalf("%+v", q)
	}
	if n := len(p.Request.Machine.Primary().Devices); n != 8 || p.Inputs.Devices != 8 {
		t.Errorf("%d devices for 2 × 2 × 2", n)
	}
	if p.Inputs.InputTokens != 0 || p.Inputs.OutputTokens != 0 || p.Inputs.Engine != "brush" || p.Inputs.Quant != "bf16" {
		t.Errorf("inputs %+v", p.Inputs)
	}
	for _, want := range []string{"steps not given: 28 steps assumed", "ring attention"} {
		if !slices.ContainsFunc(p.Assumptions, func(a string) bool { return strings.Contains(a, want) }) {
			t.Errorf("nothing says %q: %q", want, p.Assumptions)
		}
	}
	if slices.ContainsFunc(p.Assumptions, func(a string) bool { return strings.Contains(a, "size") || strings.Contains(a, "engine") }) {
		t.Errorf("what was given is assumed: %q", p.Assumptions)
	}
}

// What was resolved gives the same when it is asked again.
func TestPipelineTwice(t *testing.T) {
	for _, line := range []string{`{"model":"painter"}`, `{"model":"listener","output_tokens":50,"beam":5}`, `{"model":"embedder","documents":9}`} {
		first, err := asked(t, line, "")
		if err != nil {
			t.Fatal(err)
		}
		r := scenario.NewResolver(scenario.NewStore(invented{}))
		var again scenario.Prepared
		in := first.Inputs
		if err := r.Resolve(context.Background(), &in, &again); err != nil {
			t.Fatal(err)
		}
		if again.Request.Pipeline.Job != first.Request.Pipeline.Job || again.Request.Pipeline.Setup != first.Request.Pipeline.Setup ||
			!slices.Equal(again.Assumptions, first.Assumptions) {
			t.Errorf("%s: %+v %q, then %+v %q", line, first.Request.Pipeline.Job, first.Assumptions, again.Request.Pipeline.Job, again.Assumptions)
		}
	}
}

func TestPipelineErrors(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{`{"model":"talker","steps":4}`, "talker is a language model"},
		{`{"model":"talker","vae_tiling":true}`, "talker is a language model"},
		{`{"model":"painter","context":4096}`, "painter is a model that makes images (text-to-image)"},
		{`{"model":"painter","tp":2}`, "give ulysses, ring or cfg_devices"},
		{`{"model":"painter","gpu_layers":0}`, "backend cpu"},
		{`{"model":"painter","output_tokens":7}`, "of language models"},
		{`{"model":"painter","audio_seconds":7}`, "text-to-image"},
		{`{"model":"painter","frames":9}`, "models that make videos"},
		{`{"model":"listener","width":512}`, "recognises speech (speech-recognition)"},
		{`{"model":"listener","kv_type":"q8_0"}`, "of language models"},
		{`{"model":"painter","width":70000}`, "width is out of range"},
		{`{"model":"painter","cfg_devices":3}`, "cfg_devices is out of range"},
		{`{"model":"painter","fps":-1}`, "fps is out of range"},
		{`{"model":"painter","offload":"all"}`, "use none, model, blocks, group or sequential"},
		{`{"model":"painter","offload":"group"}`, "Brush does not know offload group: use none, model, blocks"},
		{`{"model":"painter","offload":"model","blocks_swapped":3}`, "leave out one"},
		{`{"model":"painter","vae_tiling":true}`, "vae_tiling does not apply to Brush"},
		{`{"model":"painter","ulysses":8}`, "divides a job over 4 devices at most"},
		{`{"model":"painter","ulysses":4,"devices":2}`, "asks for 4 devices, x has 2"},
		{`{"model":"painter","quant":"Q4_K_M"}`, "use one of bf16, nf4"},
		{`{"model":"painter","quant":"fp8"}`, "Brush does not run quant fp8"},
		{`{"model":"painter","engine":"llama.cpp"}`, "use one of brush"},
		{`{"model":"painter","engine":"ear"}`, "Ear does not run painter"},
		{`{"model":"painter","engine":"brush","backend":"metal"}`, "use one of cuda"},
		{`{"model":"painter","engine":"brush@soon"}`, "write the month"},
		{`{"model":"painter","set":["model.layers=4"]}`, "change the machine"},
		{`{"model":"painter","set":["steps=x2"]}`, "write a value"},
	} {
		line := strings.Replace(c.line, `{`, `{"on":"x",`, 1)
		_, err := asked(t, line, "")
		var p *problem.Error
		if !errors.As(err, &p) || p.Exit != problem.ExitUsage || !strings.Contains(p.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.line, err, c.want)
		}
	}
}

// A command that knows language models only says so of others; one that embeds
// is both.
func TestOnlyLanguages(t *testing.T) {
	_, err := asked(t, `{"model":"painter","on":"x"}`, "plimsoll plan")
	if err == nil || !strings.Contains(err.Error(), "plimsoll plan is for language models") {
		t.Errorf("%v", err)
	}
	for _, line := range []string{`{"model":"embedder","on":"x","engine":"llama.cpp"}`, `{"model":"embedder","on":"x"}`} {
		languages := "plimsoll plan"
		if strings.Contains(line, "llama.cpp") {
			languages = ""
		}
		if _, err := asked(t, line, languages); err == nil || !strings.Contains(err.Error(), "weight formats") { // which this world lacks
			t.Errorf("%s is no language model: %v", line, err)
		}
	}
}

func TestPipelineFieldsAreFields(t *testing.T) {
	for _, name := range append(scenario.PipelineFields(), scenario.LanguageFields()...) {
		if !slices.Contains(scenario.FieldNames(), name) {
			t.Errorf("a scenario has no %s", name)
		}
	}
}
