package cli_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
)

// savedDocuments are command lines whose JSON holds most of what documents can.
var savedDocuments = map[string]string{
	"check": "check qwen3-30b-a3b -q Q4_K_M -c 16k --on rtx-4090-24gb -b 4 --explain --require decode_tok_s>1 -o json",
	"load":  "check llama-3.1-8b -q FP8 --on 2x@rtx-4090-24gb --engine vllm --rate 2/s --slo ttft_p95<=2s --requests 50 --plan auto -o json",
	"rows":  "compare llama-3.1-8b,llama-3.1-70b --on rtx-4090-24gb,raspberry-pi-5-8gb -q Q4_K_M --baseline raspberry-pi-5-8gb@llama-3.1-8b -o json",
	"sweep": "sweep llama-3.1-8b --on rtx-4090-24gb,no-such-thing -q Q4_K_M",
	"job":   "check sd-1.5 --on raspberry-pi-5-8gb --price-per-hour 0.1 --explain -o json",
	"mixed": "compare sd-1.5,whisper-tiny,llama-3.2-3b --on raspberry-pi-5-8gb,rtx-4090-24gb --price-per-hour 0.1 -o json",
	"jobs":  "sweep sd-1.5,whisper-tiny --on raspberry-pi-5-8gb,no-such-thing",
	"plan":  "plan - -o json",
	"picks": "recommend --on rtx-4090-24gb --model llama-3.1-8b,qwen3-8b --use chat --top 2 -o json",
	"buys":  "recommend --for llama-3.1-8b -q Q4_K_M --among rtx-4090-24gb,rtx-3090-24gb -o json",
}

// savedPlan is a plan that fails, with budgets.
const savedPlan = `name: test
months: 3
budget: {usd_per_month: 100000, machines: 1}
hardware: [{name: box, on: 8x h100-sxm5-80gb, count: 1}, {on: rtx-4090-24gb}]
defaults: {engine: vllm}
workloads:
  - {name: chat, model: llama-3.1-70b, quant: FP8, traffic: {rate: 400/s, input: 1000, output: 300, growth: 5%/month}, slo: [ttft_p95<=2s]}
  - {name: small, model: qwen3-8b, quant: FP8, traffic: {concurrency: 2, input: 600, output: 100}, require: [decode_tok_s >= 20]}
`

func savedDocument(t testing.TB, name string) string {
	t.Helper()
	args := strings.Fields(savedDocuments[name])
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "@", " ")
	}
	o := runInside(t.Context(), []byte(savedPlan), args...)
	if o.stdout == "" || o.exit == problem.ExitInternal {
		t.Fatalf("%s: exit code %d: %s", name, o.exit, o.stderr)
	}
	return o.stdout
}

var everyForm = []string{"table", "json", "jsonl", "csv", "markdown", "html", "junit", "sarif", "github", "prometheus"}

// isSweep says whether a document is lines of a sweep.
func isSweep(name string) bool { return strings.HasPrefix(savedDocuments[name], "sweep") }

// TestEveryFormOfEveryDocument: each form can be made of each document, the same
// bytes each time, and a document is read back from its own JSON.
func TestEveryFormOfEveryDocument(t *testing.T) {
	for name := range savedDocuments {
		text := savedDocument(t, name)
		for _, form := range everyForm {
			a := runInside(t.Context(), []byte(text), "report", "--from", "-", "-o", form)
			if form == "json" && isSweep(name) {
				if a.exit != problem.ExitUsage {
					t.Errorf("%s as one JSON: exit code %d", name, a.exit)
				}
				continue
			}
			if a.exit != 0 || a.stderr != "" || a.stdout == "" {
				t.Errorf("%s as %s: exit code %d, %s", name, form, a.exit, a.stderr)
			}
			if b := runInside(t.Context(), []byte(text), "report", "--from", "-", "-o", form); a != b {
				t.Errorf("%s as %s: two runs differ", name, form)
			}
			if form == "json" && a.stdout != text {
				t.Errorf("%s is not what it was when it is read back", name)
			}
		}
	}
}

// TestRunAgainIsTheSame: the inputs of a document give the same document, so that
// a diff with itself run again is empty.
func TestRunAgainIsTheSame(t *testing.T) {
	for name := range savedDocuments {
		file := filepath.Join(t.TempDir(), name+".json")
		if err := os.WriteFile(file, []byte(savedDocument(t, name)), 0o644); err != nil {
			t.Fatal(err)
		}
		o := runInside(t.Context(), nil, "diff", file, "--fail-on", "any")
		if isSweep(name) { // whose lines do not hold what was asked
			if o.exit != problem.ExitUsage {
				t.Errorf("%s: exit code %d", name, o.exit)
			}
			continue
		}
		if o.exit != 0 || !strings.Contains(o.stdout, "nothing changed") {
			t.Errorf("%s: exit code %d, %s%s", name, o.exit, o.stdout, o.stderr)
		}
	}
}

// place is where a value lies in a document.
type place struct {
	set  func(v any)
	path string
}

// places lists every value of a document.
func places(path string, v any) []place {
	var out []place
	switch v := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			out = append(out, place{func(to any) { v[k] = to }, path + "." + k})
			out = append(out, places(path+"."+k, v[k])...)
		}
	case []any:
		for i := range v {
			p := fmt.Sprintf("%s[%d]", path, i)
			out = append(out, place{func(to any) { v[i] = to }, p})
			out = append(out, places(p, v[i])...)
		}
	}
	return out
}

// damages are what a value is replaced by, as JSON: each is a new value.
var damages = []string{"null", "-1", "0", "1e308", "-1e308", "9007199254740993", `""`, `"fits"`, `"x\u001b[31m\u202e<script>"`, "[]", "{}", "[null, null]", "true"}

// TestDamagedDocuments: whatever is wrong with a saved document, every form is
// made of it or it is a wrong request; nothing panics.
func TestDamagedDocuments(t *testing.T) {
	texts := map[string]string{}
	for name := range savedDocuments {
		texts[name] = savedDocument(t, name)
	}
	names := []string{"check", "load", "rows", "sweep", "job", "mixed", "jobs", "plan", "picks", "buys"}
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.SampledFrom(names).Draw(rt, "document")
		text, _, _ := strings.Cut(texts[name], "\n{") // of a sweep the first line
		var doc any
		if err := json.Unmarshal([]byte(text), &doc); err != nil {
			rt.Fatal(err)
		}
		where := ""
		for range rapid.IntRange(1, 3).Draw(rt, "damages") {
			all := places("", doc)
			p := all[rapid.IntRange(0, len(all)-1).Draw(rt, "place")]
			damage := rapid.SampledFrom(damages).Draw(rt, "damage")
			var v any
			if err := json.Unmarshal([]byte(damage), &v); err != nil {
				rt.Fatal(err)
			}
			p.set(v)
			where += " " + p.path + "=" + damage
		}
		bad, err := json.Marshal(doc)
		if err != nil {
			rt.Fatal(err)
		}
		for _, form := range everyForm {
			o := runInside(t.Context(), bad, "report", "--from", "-", "-o", form)
			sound(rt, o, name+" as "+form+where)
		}
		file := filepath.Join(t.TempDir(), "good.json")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			rt.Fatal(err)
		}
		sound(rt, runInside(t.Context(), bad, "diff", file, "-", "-o", rapid.SampledFrom(everyForm).Draw(rt, "form")), name+" diff"+where)
	})
}

// sound says whether a run ended with an answer or a wrong request.
func sound(t *rapid.T, o outcome, what string) {
	switch o.exit {
	case 0:
		if o.stderr != "" {
			t.Fatalf("%s: %s", what, o.stderr)
		}
	case problem.ExitUsage:
		if n := strings.Count(o.stderr, "\n"); n != 1 || strings.Contains(o.stderr, "panic") || strings.Contains(o.stderr, "\x1b") {
			t.Fatalf("%s: %q", what, o.stderr)
		}
	default:
		t.Fatalf("%s: exit code %d: %s", what, o.exit, o.stderr)
	}
	if strings.Contains(o.stdout, "\x1b") || strings.Contains(o.stdout, "NaN") {
		t.Fatalf("%s: the report holds what it must not: %.300q", what, o.stdout)
	}
}

// FuzzSavedReport: whatever bytes are given as a saved report, they are refused
// as a wrong request, or reports are made of them.
func FuzzSavedReport(f *testing.F) {
	for name := range savedDocuments {
		if text := savedDocument(f, name); len(text) < 20_000 {
			f.Add([]byte(text), uint8(0))
		}
	}
	f.Add([]byte(`{"schema":"urn:plimsoll:case","schema_version":1,"group":"g","name":"n","outcome":"pass","message":"m"}`), uint8(4))
	f.Fuzz(func(t *testing.T, text []byte, form uint8) {
		o := runInside(t.Context(), text, "report", "--from", "-", "-o", everyForm[int(form)%len(everyForm)])
		if o.exit != 0 && (o.exit != problem.ExitUsage || strings.Count(o.stderr, "\n") != 1) {
			t.Fatalf("exit code %d: %q", o.exit, o.stderr)
		}
	})
}
