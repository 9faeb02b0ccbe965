package profiles

import (
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles/measured"
)

func TestPipelineFormats(t *testing.T) {
	formats, err := PipelineFormats()
	if err != nil {
		t.Fatal(err)
	}
	table, err := Formats()
	if err != nil {
		t.Fatal(err)
	}
	computes := []string{"fp32", "fp16", "fp8", "int8", "fp4"}
	owner := map[string]string{}
	for _, f := range formats {
		for _, n := range append([]string{f.Name}, f.Aliases...) {
			if other, ok := owner[strings.ToLower(n)]; ok {
				t.Errorf("format %q names %s and %s", n, other, f.Name)
			}
			owner[strings.ToLower(n)] = f.Name
		}
		if f.Bits < 2 || f.Bits > 32 || !slices.Contains(computes, f.Compute) || f.Kept < 0 || f.Kept > 0.1 || f.Source == "" {
			t.Errorf("format %+v", f)
		}
		if len(f.Keys) == 0 || f.Keys[0] != f.Name {
			t.Errorf("%s: the finest key is not its own: %v", f.Name, f.Keys)
		}
		if slices.Contains(f.Keys, "gguf") {
			b, ok := table.Block(f.Name)
			if !ok || float64(b.Bytes)*8/float64(b.Elements) != f.Bits {
				t.Errorf("%s: %g bits, block %v", f.Name, f.Bits, b)
			}
		}
	}
	rows, err := measured.Pipelines()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		for _, name := range []string{r.Weights, r.TextWeights} {
			if name != "" && owner[strings.ToLower(name)] == "" && r.Class != "multimodal" {
				t.Errorf("%s: no format %q", r.ID, name)
			}
		}
	}
}

func TestPipelineEngines(t *testing.T) {
	engines, err := PipelineEngines()
	if err != nil {
		t.Fatal(err)
	}
	formats, err := PipelineFormats()
	if err != nil {
		t.Fatal(err)
	}
	bits := map[string]float64{}
	for _, f := range formats {
		bits[f.Name] = f.Bits
	}
	ids := map[string]bool{}
	for _, e := range engines {
		ids[e.ID] = true
	}
	owner := map[string]string{}
	for _, e := range engines {
		for _, n := range append([]string{e.ID}, e.Aliases...) {
			if other, ok := owner[strings.ToLower(n)]; ok {
				t.Errorf("engine %q names %s and %s", n, other, e.ID)
			}
			owner[strings.ToLower(n)] = e.ID
			if got, err := PipelineEngine(strings.ToUpper(n)); err != nil || got.ID != e.ID {
				t.Errorf("%q: %v, %v", n, got, err)
			}
		}
		if e.Name == "" || len(e.Classes) == 0 || len(e.Backends) == 0 || e.Verify == "" || len(e.Source) == 0 {
			t.Errorf("engine %s is not whole", e.ID)
		}
		if e.Rates != "" && !ids[e.Rates] {
			t.Errorf("%s: rates of %q, which is no engine", e.ID, e.Rates)
		}
		for i, f := range e.Formats {
			if bits[f] == 0 {
				t.Errorf("%s: format %q is unknown", e.ID, f)
			} else if i > 0 && bits[f] > bits[e.Formats[i-1]] {
				t.Errorf("%s: format %s comes after the smaller %s", e.ID, f, e.Formats[i-1])
			}
		}
		for _, f := range []string{e.Default, e.HostFormat} {
			if f != "" && !slices.Contains(e.Formats, f) {
				t.Errorf("%s: default format %q is not among its formats", e.ID, f)
			}
		}
		checkBackends(t, e)
		if a := e.ActivationFactor; a.Low <= 0 || a.Low > a.Value || a.High < a.Value {
			t.Errorf("%s: activation factor %+v", e.ID, a)
		}
	}
	rows, err := measured.Pipelines()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.Class == "multimodal" { // run by engines of language models
			continue
		}
		e, err := PipelineEngine(r.Engine)
		if err != nil {
			t.Errorf("%s: %v", r.ID, err)
			continue
		}
		if !slices.Contains(e.Classes, pipeline.Class(r.Class)) {
			t.Errorf("%s: %s does not run %s", r.ID, e.ID, r.Class)
		}
		if f := formatOf(formats, r.Weights); r.Weights != "" && !slices.Contains(e.Formats, f) {
			t.Errorf("%s: %s does not run %s", r.ID, e.ID, r.Weights)
		}
	}
}

func checkBackends(t *testing.T, e *pipeline.Engine) {
	t.Helper()
	vendors := map[string]bool{}
	for _, b := range e.Backends {
		if c := b.ContextMiB; c.Low > c.Value || c.High < c.Value || c.Low < 0 {
			t.Errorf("%s: context of %s %+v", e.ID, b.ID, c)
		}
		for _, v := range b.Vendors {
			if v != strings.ToLower(v) || vendors[v] {
				t.Errorf("%s: vendor %q of %s", e.ID, v, b.ID)
			}
			vendors[v] = true
		}
	}
}

func formatOf(formats []pipeline.Format, name string) string {
	for _, f := range formats {
		if strings.EqualFold(f.Name, name) || slices.ContainsFunc(f.Aliases, func(a string) bool { return strings.EqualFold(a, name) }) {
			return f.Name
		}
	}
	return ""
}

func TestDefaultPipelineEngine(t *testing.T) {
	machine := func(vendor string) *hardware.Machine {
		m := &hardware.Machine{Nodes: []hardware.Node{{}}}
		if vendor != "" {
			m.Nodes[0].Devices = []*hardware.Device{{Vendor: vendor}}
		}
		return m
	}
	heard := []pipeline.Component{{Role: pipeline.Decoder, Kind: pipeline.CrossDecoder}} // as Whisper has
	for _, c := range []struct {
		class  pipeline.Class
		vendor string
		want   string
	}{
		{pipeline.TextToImage, "NVIDIA", "diffusers"}, {pipeline.TextToImage, "", "sd.cpp"}, {pipeline.TextToImage, "Apple", "mlx"},
		{pipeline.TextToVideo, "AMD", "diffusers"}, {pipeline.TextToVideo, "Apple", "diffusers"},
		{pipeline.Recognition, "NVIDIA", "faster-whisper"}, {pipeline.Recognition, "Apple", "whisper.cpp"}, {pipeline.Recognition, "", "whisper.cpp"},
		{pipeline.Synthesis, "", "sherpa-onnx"}, {pipeline.Synthesis, "NVIDIA", "onnxruntime"},
		{pipeline.Embedding, "NVIDIA", "tei"}, {pipeline.Embedding, "", "sentence-transformers"},
	} {
		e, err := DefaultPipelineEngine(&pipeline.Model{Class: c.class, Components: heard}, machine(c.vendor))
		if err != nil || e.ID != c.want {
			t.Errorf("%s on %q: %v, %v; expected %s", c.class, c.vendor, e, err, c.want)
		}
	}
	if e, err := DefaultPipelineEngine(&pipeline.Model{Class: pipeline.Recognition}, machine("NVIDIA")); err != nil || e.ID != "sherpa-onnx" {
		t.Errorf("a recogniser that is no Whisper: %v, %v", e, err)
	}
	writes := &pipeline.Model{Class: pipeline.Synthesis, Components: []pipeline.Component{{Role: pipeline.LanguageModel}}}
	if e, err := DefaultPipelineEngine(writes, machine("")); err != nil || e.ID != "transformers" {
		t.Errorf("a language model that speaks: %v, %v", e, err)
	}
	// Every class has a default on every vendor and on a host, and the engine
	// runs the class.
	devices, err := Devices()
	if err != nil {
		t.Fatal(err)
	}
	vendors := map[string]bool{"": true}
	for _, d := range devices {
		vendors[d.Vendor] = true
	}
	for v := range vendors {
		for _, class := range []pipeline.Class{pipeline.TextToImage, pipeline.TextToVideo, pipeline.Recognition, pipeline.Synthesis, pipeline.Denoising, pipeline.Embedding} {
			e, err := DefaultPipelineEngine(&pipeline.Model{Class: class}, machine(v))
			if err != nil {
				t.Errorf("%s on %q: %v", class, v, err)
			} else if !slices.Contains(e.Classes, class) {
				t.Errorf("%s on %q: %s does not run it", class, v, e.ID)
			}
		}
	}
}
