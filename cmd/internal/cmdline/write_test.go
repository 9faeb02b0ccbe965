package cmdline_test

import (
	"context"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/plimsoll/plimsoll/cmd/internal/cmdline"
	"github.com/plimsoll/plimsoll/cmd/internal/facts"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/profiles"
	"github.com/plimsoll/plimsoll/profiles/modelfile/gguf/gguftest"
)

// estimated runs one scenario.
func estimated(t *testing.T, set func(*scenario.Scenario)) *cmdline.Estimated {
	t.Helper()
	s := scenario.New()
	set(&s)
	var p scenario.Prepared
	if err := scenario.NewResolver(scenario.NewStore(new(facts.Embedded))).Resolve(context.Background(), &s, &p); err != nil {
		t.Fatal(err)
	}
	r, err := estimator.Estimate(&p.Request)
	if err != nil {
		t.Fatal(err)
	}
	return &cmdline.Estimated{Prepared: &p, Result: r, Comments: []string{"a comment\nof two lines"}}
}

func write(t *testing.T, form string, e *cmdline.Estimated) string {
	t.Helper()
	text, err := cmdline.Write(form, e)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(text, "# a comment of two lines\n") {
		t.Errorf("the comment does not come first:\n%s", text)
	}
	return text
}

// at follows keys and indexes into a document.
func at(t *testing.T, doc any, path ...any) any {
	t.Helper()
	for _, p := range path {
		switch key := p.(type) {
		case string:
			m, ok := doc.(map[string]any)
			if !ok || m[key] == nil {
				t.Fatalf("no %v of %v in %v", key, path, doc)
			}
			doc = m[key]
		case int:
			l, ok := doc.([]any)
			if !ok || key >= len(l) {
				t.Fatalf("no item %d of %v in %v", key, path, doc)
			}
			doc = l[key]
		}
	}
	return doc
}

func documents(t *testing.T, text string) []any {
	t.Helper()
	var out []any
	for _, part := range strings.Split(text, "\n---\n") {
		var doc any
		if err := yaml.Unmarshal([]byte(part), &doc); err != nil {
			t.Fatalf("%v in\n%s", err, part)
		}
		out = append(out, doc)
	}
	return out
}

// equal compares values as YAML reads them.
func equal(t *testing.T, doc any, want any, path ...any) {
	t.Helper()
	got := at(t, doc, path...)
	if n, ok := got.(uint64); ok {
		got = int(n)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v is %v (%T), want %v", path, got, got, want)
	}
}

func vllm70b(s *scenario.Scenario) {
	s.Model, s.Engine, s.Quant, s.On, s.Context, s.TP = "llama-3.1-70b", "vllm", "FP8", "4x h100-sxm5-80gb", 8192, 4
}

func TestKubernetes(t *testing.T) {
	e := estimated(t, vllm70b)
	docs := documents(t, write(t, cmdline.FormKubernetes, e))
	if len(docs) != 3 {
		t.Fatalf("%d documents", len(docs))
	}
	claim, deployment, service := docs[0], docs[1], docs[2]
	equal(t, claim, "PersistentVolumeClaim", "kind")
	equal(t, claim, "82Gi", "spec", "resources", "requests", "storage") // 68 GiB of FP8 weights and a fifth
	equal(t, deployment, "apps/v1", "apiVersion")
	equal(t, deployment, "Deployment", "kind")
	equal(t, deployment, at(t, deployment, "spec", "template", "metadata", "labels"), "spec", "selector", "matchLabels")
	equal(t, service, at(t, deployment, "spec", "template", "metadata", "labels"), "spec", "selector")
	pod := at(t, deployment, "spec", "template", "spec")
	c := at(t, pod, "containers", 0)
	equal(t, c, 4, "resources", "limits", "nvidia.com/gpu")
	equal(t, c, 4, "resources", "requests", "nvidia.com/gpu")
	equal(t, c, "6Gi", "resources", "requests", "memory") // the least, and 2 GiB of shared memory
	equal(t, c, "10", "resources", "requests", "cpu")
	equal(t, c, "/dev/shm", "volumeMounts", 1, "mountPath")
	equal(t, pod, "Memory", "volumes", 1, "emptyDir", "medium")
	equal(t, pod, at(t, claim, "metadata", "name"), "volumes", 0, "persistentVolumeClaim", "claimName")
	equal(t, c, 8000, "ports", 0, "containerPort")
	equal(t, c, "/health", "readinessProbe", "httpGet", "path")
	if image := at(t, c, "image").(string); !strings.HasPrefix(image, "vllm/vllm-openai:v0.") {
		t.Errorf("image %s", image)
	}
	// The command in it says what was estimated.
	var words []string
	for _, w := range append(at(t, c, "command").([]any), at(t, c, "args").([]any)...) {
		words = append(words, w.(string))
	}
	got, err := cmdline.Parse(strings.Join(words, " "), catalogue)
	if err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]string{"model": "llama-3.1-70b", "tp": "4", "context": "8192", "quant": "FP8", "max_num_seqs": "1024"} {
		if v := valueOf(got, field); v != want {
			t.Errorf("%s is %q, want %q in %v", field, v, want, words)
		}
	}
}

func TestCompose(t *testing.T) {
	e := estimated(t, vllm70b)
	s := at(t, documents(t, write(t, cmdline.FormCompose, e))[0], "services", "llama-3-1-70b")
	equal(t, s, "nvidia", "deploy", "resources", "reservations", "devices", 0, "driver")
	equal(t, s, 4, "deploy", "resources", "reservations", "devices", 0, "count")
	equal(t, s, []any{"gpu"}, "deploy", "resources", "reservations", "devices", 0, "capabilities")
	equal(t, s, "2gb", "shm_size")
	equal(t, s, []any{"8000:8000"}, "ports")
	equal(t, s, []any{"vllm", "serve"}, "entrypoint")
	equal(t, s, "meta-llama/Llama-3.1-70B", "command", 0)

	// AMD's devices are passed by name; a dated build has its image.
	e = estimated(t, func(s *scenario.Scenario) {
		s.Model, s.Engine, s.On, s.Context, s.Threads = "llama-3.1-8b", "llama.cpp", "radeon-rx-7900-xtx", 8192, 6
	})
	s = at(t, documents(t, write(t, cmdline.FormCompose, e))[0], "services", "llama-3-1-8b")
	equal(t, s, []any{"/dev/kfd", "/dev/dri"}, "devices")
	equal(t, s, "0", "environment", "HIP_VISIBLE_DEVICES")
	equal(t, s, "6", "deploy", "resources", "reservations", "cpus")
	e = estimated(t, func(s *scenario.Scenario) { vllm70b(s); s.EngineDate = "2025-07" })
	s = at(t, documents(t, write(t, cmdline.FormCompose, e))[0], "services", "llama-3-1-70b")
	equal(t, s, "vllm/vllm-openai:v0.10.0", "image")
}

// TestLocalFile: a GGUF file is mounted by its folder.
func TestLocalFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tiny.gguf")
	m, err := profiles.Model("llama-3.2-1b")
	if err != nil {
		t.Fatal(err)
	}
	if err := gguftest.FromModel(m, "Q4_K").Write(file); err != nil {
		t.Fatal(err)
	}
	e := estimated(t, func(s *scenario.Scenario) { s.Model, s.On, s.Context = file, "rtx-4090-24gb", 512 })
	var service any
	for _, v := range at(t, documents(t, write(t, cmdline.FormCompose, e))[0], "services").(map[string]any) {
		service = v
	}
	equal(t, service, []any{filepath.Dir(file) + ":/models:ro"}, "volumes")
	if !strings.Contains(write(t, cmdline.FormCompose, e), "/models/tiny.gguf") {
		t.Error("the command does not name the mounted file")
	}
	if text := write(t, cmdline.FormKubernetes, e); !strings.Contains(text, "# copy "+file+" into the claimed volume") {
		t.Errorf("nothing is said of the file:\n%s", text)
	}
	if text := write(t, cmdline.FormCommand, e); !strings.Contains(text, "-m "+file) {
		t.Errorf("the command has another file:\n%s", text)
	}
}

// TestOllama: what has no variable goes into a Modelfile, on the host in part.
func TestOllama(t *testing.T) {
	e := estimated(t, func(s *scenario.Scenario) {
		s.Model, s.Engine, s.On, s.Context, s.Parallel = "llama-3.1-8b", "ollama", "rtx-3060-12gb", 16384, 2
	})
	e.Aliases = []string{"meta-llama/Llama-3.1-8B", "llama3.1", "llama3.1:8b"}
	text := write(t, cmdline.FormCommand, e)
	if !strings.Contains(text, "OLLAMA_CONTEXT_LENGTH=8192 OLLAMA_NUM_PARALLEL=2 ollama serve &\nollama run llama3.1:8b\n") {
		t.Error(text)
	}
	e = estimated(t, func(s *scenario.Scenario) {
		s.Model, s.Engine, s.On, s.Context, s.GPULayers = "llama-3.1-8b", "ollama", "rtx-3060-12gb", 4096, 10
	})
	if text := write(t, cmdline.FormCommand, e); !strings.Contains(text, "PARAMETER num_gpu 10\n") {
		e.Result.Placement.GPULayers = 10
		t.Error(text)
	}
	if text := write(t, cmdline.FormKubernetes, e); !strings.Contains(text, "# PARAMETER num_gpu 10\n") {
		t.Error(text)
	}
}

// TestNotEmitted: several computers, unknown images and devices.
func TestNotEmitted(t *testing.T) {
	for _, c := range []struct {
		set  func(*scenario.Scenario)
		says string
	}{
		{func(s *scenario.Scenario) {
			s.Model, s.Engine, s.Quant, s.On, s.Context, s.TP = "llama-3.1-405b", "vllm", "FP8", "2x(8x h100-sxm5-80gb)", 8192, 16
		}, "spans 2 computers"},
		{func(s *scenario.Scenario) { s.Model, s.On = "llama-3.1-8b", "apple-m4-max-40c-64gb" }, "no image of llama.cpp for metal"},
		{func(s *scenario.Scenario) { s.Model, s.On, s.Engine = "llama-3.1-8b", "rtx-4090-24gb", "mlc" }, "the command lines of mlc are not known"},
	} {
		e := estimated(t, c.set)
		for _, form := range []string{cmdline.FormCompose, cmdline.FormKubernetes} {
			if text, err := cmdline.Write(form, e); err == nil || text != "" || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q; wrote %q", err, c.says, text)
			}
		}
	}
	e := estimated(t, func(s *scenario.Scenario) {
		s.Model, s.Engine, s.Quant, s.On, s.Context, s.TP = "llama-3.1-405b", "sglang", "FP8", "2x(8x h100-sxm5-80gb)", 8192, 16
	})
	if text := write(t, cmdline.FormCommand, e); !strings.Contains(text, "spans 2 computers") || !strings.Contains(text, "--nnodes 2") {
		t.Error(text)
	}
}
