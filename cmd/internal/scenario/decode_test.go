package scenario

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
)

// full has every field of a scenario.
const full = `{"id":"r1","model":"llama-3.1-8b","quant":"Q4_K_M","kv_type":"f16","kv_type_k":"q8_0","kv_type_v":"q4_0","on":"rtx-4090-24gb","host":"core-i9-13900k","ram":"64GiB","devices":1,"nodes":1,"split":"layer","tp":1,"pp":1,"ep":1,"dp":1,"engine":"llama.cpp","backend":"cuda","engine_date":"2026-01","quant_assumed":true,"engine_assumed":true,"context_assumed":true,"gpu_layers":-1,"cpu_moe":3,"threads":2,"batch":1,"input_tokens":512,"output_tokens":128,"prompt_assumed":true,"depth":7,"context":4096,"context_rule":"model","batch_size":2048,"ubatch":512,"parallel":2,"flash_attention":true,"swa_full":true,"kv_unified":true,"no_mmap":true,"no_kv_offload":true,"mla":"latent","gpu_memory_utilization":0.9,"max_num_seqs":9,"max_num_batched_tokens":8,"images":2,"image_size":"640x480","video_frames":8,"mmproj":"mm.gguf","width":512,"height":768,"frames":81,"fps":16.5,"steps":28,"guidance_passes":2,"text_tokens":77,"audio_seconds":12.5,"characters":90,"beam":5,"chunk_seconds":2.5,"sequence_tokens":256,"documents":1000,"text_quant":"nf4","offload":"blocks","blocks_swapped":12,"text_on_cpu":true,"vae_tiling":true,"vae_slicing":true,"ulysses":4,"ring":2,"cfg_devices":2,"sharded":true,"set":["hardware.bandwidth_gb_s=+10%"]}`

// TestDecodeKnowsEveryField holds the decoder and the struct together.
func TestDecodeKnowsEveryField(t *testing.T) {
	var got, want Scenario
	if err := NewDecoder().Decode([]byte(full), &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(full), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	v := reflect.ValueOf(got)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("%s is not in the test's line", v.Type().Field(i).Name)
		}
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if got.field([]byte(name)) != v2(&got, i) {
			t.Errorf("field(%q) points elsewhere", name)
		}
	}
	if err := got.Check(); err != nil {
		t.Error(err)
	}
	// What is written is read back.
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var again Scenario
	if err := NewDecoder().Decode(text, &again); err != nil || !reflect.DeepEqual(got, again) {
		t.Errorf("read back %+v, %v", again, err)
	}
}

func v2(s *Scenario, i int) any { return reflect.ValueOf(s).Elem().Field(i).Addr().Interface() }

func TestDecodeDefaults(t *testing.T) {
	d := NewDecoder()
	var s Scenario
	for _, line := range []string{`{"model":"m"}`, ` {"model" : "m", "context": null, "flash_attention":null,"quant":null} `} {
		want := New()
		want.Model = "m"
		if err := d.Decode([]byte(line), &s); err != nil || !reflect.DeepEqual(s, want) {
			t.Errorf("%s: %+v, %v", line, s, err)
		}
	}
	if err := d.Decode([]byte(`{"model":"m","input_tokens":512,"context":4e3,"batch":2.0}`), &s); err != nil || s.PromptAssumed || s.Context != 4000 || s.Batch != 2 {
		t.Errorf("%+v, %v", s, err)
	}
	if err := d.Decode([]byte(`{"model":"\u006d\n"}`), &s); err != nil || s.Model != "m\n" {
		t.Errorf("%q, %v", s.Model, err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	d := NewDecoder()
	for line, want := range map[string]string{
		``:                                     "JSON",
		`null`:                                 "must be a JSON object",
		`[]`:                                   "must be a JSON object",
		`"x"`:                                  "must be a JSON object",
		`{`:                                    "JSON",
		`{"model":`:                            "JSON",
		`{"model":"m"}{}`:                      "follows",
		`{"model":"m"} x`:                      "follows",
		`{"model":"m","model":"n"}`:            "twice",
		`{"model":3}`:                          "must be a string",
		`{"model":"m","context":"8k"}`:         "must be a whole number",
		`{"model":"m","context":1.5}`:          "must be a whole number",
		`{"model":"m","context":1e99}`:         "out of range",
		`{"model":"m","context":[1]}`:          "must be a whole number",
		`{"model":"m","swa_full":1}`:           "must be true or false",
		`{"model":"m","gpu_layer":1}`:          "did you mean gpu_layers?",
		`{"model":"m","Context":1}`:            "unknown field",
		`{"model":"` + "\xff" + `"}`:           "JSON",
		`{"model":"m","flash_attention":"on"}`: "must be true, false or null",
	} {
		var s Scenario
		err := d.Decode([]byte(line), &s)
		var p *problem.Error
		if !errors.As(err, &p) || p.Exit != problem.ExitUsage || !strings.Contains(p.Error(), want) {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
}

func TestCheckRanges(t *testing.T) {
	for _, change := range []func(*Scenario){
		func(s *Scenario) { s.Model = "" },
		func(s *Scenario) { s.Batch = 0 },
		func(s *Scenario) { s.Context = -1 },
		func(s *Scenario) { s.Context = MaxCount + 1 },
		func(s *Scenario) { s.GPULayers = -2 },
		func(s *Scenario) { s.TP = 1 << 20 },
		func(s *Scenario) { s.GPUMemoryUtilization = 1.5 },
		func(s *Scenario) { s.Split = "diagonal" },
		func(s *Scenario) { s.EngineDate = "2026-13" },
		func(s *Scenario) { s.EngineDate = "2026-01-32" },
		func(s *Scenario) { s.EngineDate = "soon" },
	} {
		s := New()
		s.Model = "m"
		if err := s.Check(); err != nil {
			t.Fatal(err)
		}
		change(&s)
		if err := s.Check(); err == nil {
			t.Errorf("%+v passed", s)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(full))
	f.Add([]byte(`{"model":"m","context":1e3,"id":"\ud800"}`))
	f.Add([]byte(`{"model":{"a":[[[[`))
	d := NewDecoder()
	f.Fuzz(func(t *testing.T, line []byte) {
		var s Scenario
		err := d.Decode(line, &s)
		if err == nil {
			err = s.Check()
		}
		if err != nil {
			var p *problem.Error
			if !errors.As(err, &p) || p.Exit != problem.ExitUsage || strings.ContainsAny(p.Error(), "\r\n") {
				t.Fatalf("%q: %v", line, err)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	b.ReportAllocs()
	d := NewDecoder()
	line := []byte(full)
	var s Scenario
	for b.Loop() {
		if err := d.Decode(line, &s); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeStandardLibrary(b *testing.B) {
	b.ReportAllocs()
	line := []byte(full)
	var s Scenario
	for b.Loop() {
		if err := json.Unmarshal(line, &s); err != nil {
			b.Fatal(err)
		}
	}
}
