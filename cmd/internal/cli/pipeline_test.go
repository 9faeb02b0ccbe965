package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	validator "github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/plimsoll/plimsoll/cmd/internal/schema"
	"github.com/plimsoll/plimsoll/profiles"
)

// compiled is the validator of a published schema.
func compiled(t *testing.T, name string) *validator.Schema {
	t.Helper()
	text, err := schema.Get(name)
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

// TestPipelineDocuments: whatever is asked of a pipeline, the answer is a valid
// document, the same each time and when its inputs are asked again, or one line
// that says what is wrong.
func TestPipelineDocuments(t *testing.T) {
	entries, err := profiles.Pipelines()
	if err != nil {
		t.Fatal(err)
	}
	check := compiled(t, "check")
	classes := map[string]bool{}
	byClass, names := map[string][]profiles.PipelineEntry{}, []string(nil)
	for _, e := range entries {
		c := string(e.Class)
		if byClass[c] == nil {
			names = append(names, c)
		}
		byClass[c] = append(byClass[c], e)
	}
	rapid.Check(t, func(rt *rapid.T) {
		e := rapid.SampledFrom(byClass[rapid.SampledFrom(names).Draw(rt, "class")]).Draw(rt, "model")
		args := []string{"check", e.ID, "--on", rapid.SampledFrom([]string{"rtx-4090", "rtx-3060-12gb", "raspberry-pi-5-8gb", "apple-m4-max-40c-64gb", "8x h100"}).Draw(rt, "on"), "-o", "json"}
		for _, flag := range []struct {
			name   string
			values []string
		}{
			{"--size", []string{"256x256", "1024x512", "4096x4096"}}, {"--steps", []string{"1", "50"}}, {"--batch", []string{"1", "4"}}, {"--frames", []string{"1", "33", "129"}},
			{"--audio-seconds", []string{"0.5", "30", "1h", "95.25"}}, {"--characters", []string{"1", "4000"}}, {"--beam", []string{"5"}}, {"--sequence-tokens", []string{"1", "8000"}},
			{"--documents", []string{"1", "100000"}}, {"--offload", []string{"none", "model", "sequential"}}, {"--vae-tiling", []string{"true"}}, {"--ulysses", []string{"2", "8"}},
			{"--threads", []string{"1"}}, {"--price-per-hour", []string{"2"}}, {"--explain", []string{"true"}}, {"--guidance-passes", []string{"1", "2"}}, {"-q", []string{"fp16", "nf4", "fp8", "q8_0"}},
		} {
			if rapid.IntRange(0, 11).Draw(rt, flag.name) == 0 {
				args = append(args, fmt.Sprintf("%s=%s", flag.name, rapid.SampledFrom(flag.values).Draw(rt, "value of "+flag.name)))
			}
		}
		asked := strings.Join(args, " ")
		one := runInside(t.Context(), nil, args...)
		if two := runInside(t.Context(), nil, args...); one != two {
			rt.Fatalf("%s: two runs differ", asked)
		}
		if one.exit == 2 {
			if one.stdout != "" || strings.Count(one.stderr, "\n") != 1 {
				rt.Fatalf("%s: %q %q", asked, one.stdout, one.stderr)
			}
			return
		}
		if one.exit > 2 || one.stderr != "" {
			rt.Fatalf("%s: exit code %d: %s", asked, one.exit, one.stderr)
		}
		doc, err := validator.UnmarshalJSON(strings.NewReader(one.stdout))
		if err != nil {
			rt.Fatal(err)
		}
		if err := check.Validate(doc); err != nil {
			rt.Fatalf("%s: %v", asked, err)
		}
		classes[string(e.Class)] = true
		again := []string{"check", "--from", "-", "-o", "json"}
		for _, a := range args {
			if a == "--explain=true" {
				again = append(again, a)
			}
		}
		if saved := runInside(t.Context(), []byte(one.stdout), again...); saved.stdout != one.stdout {
			rt.Fatalf("%s: asked again it is\n%s\n%s", asked, saved.stdout, saved.stderr)
		}
	})
	if len(classes) < 4 && !testing.Short() { // which draws a few only
		t.Errorf("only %v were answered", classes)
	}
}

// TestEveryClassSweepsAlike: a line of a sweep says what a check says.
func TestEveryClassSweepsAlike(t *testing.T) {
	line := compiled(t, "sweep")
	for _, c := range []struct{ model, figure string }{
		{"sd-1.5", "s_per_image"}, {"wan2.1-t2v-1.3b", "s_per_video_s"}, {"whisper-small", "rtf"}, {"piper-medium", "rtf"}, {"deepfilternet", "rtf"}, {"bge-m3", "docs_s"},
	} {
		checked := runInside(t.Context(), nil, "check", c.model, "--on", "raspberry-pi-5-8gb", "-o", "json")
		swept := runInside(t.Context(), nil, "sweep", c.model, "--on", "raspberry-pi-5-8gb")
		doc, err := validator.UnmarshalJSON(strings.NewReader(swept.stdout))
		if err != nil {
			t.Fatal(err)
		}
		if err := line.Validate(doc); err != nil {
			t.Errorf("%s: %v", c.model, err)
		}
		var a struct {
			Result struct {
				Pipeline map[string]json.RawMessage `json:"pipeline"`
			} `json:"result"`
		}
		var b map[string]json.RawMessage
		if err := json.Unmarshal([]byte(checked.stdout), &a); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(swept.stdout), &b); err != nil {
			t.Fatal(err)
		}
		var x, y struct{ Value, Low, High float64 }
		if json.Unmarshal(a.Result.Pipeline[c.figure], &x) != nil || json.Unmarshal(b[c.figure], &y) != nil || x != y || x.Value <= 0 {
			t.Errorf("%s: %s is %+v of a check and %+v of a sweep", c.model, c.figure, x, y)
		}
	}
}
