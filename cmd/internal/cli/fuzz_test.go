package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/cmd/internal/cli"
	"github.com/plimsoll/plimsoll/cmd/internal/facts"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/require"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/hardware/detect"
)

// named are the embedded facts without this machine, so that a fuzzer finds
// the same everywhere.
type named struct{ *facts.Embedded }

var errNoMachine = problem.Wrong(problem.UnknownHW, "no machine here", "", "name one")

func (named) Detect(context.Context) (*detect.Report, error) { return nil, errNoMachine }

func (n named) Machine(ctx context.Context, query string, o scenario.MachineOptions) (*hardware.Machine, error) {
	if strings.EqualFold(query, "local") {
		return nil, errNoMachine
	}
	return n.Embedded.Machine(ctx, query, o)
}

var namedFacts = named{new(facts.Embedded)}

// runInside runs a command line in this process.
func runInside(ctx context.Context, stdin []byte, args ...string) outcome {
	var stdout, stderr bytes.Buffer
	exit := cli.Main(ctx, args, cli.Env{Stdin: bytes.NewReader(stdin), Stdout: &stdout, Stderr: &stderr,
		Getenv: func(string) string { return "" }, Facts: namedFacts, Estimate: estimator.Estimate})
	return outcome{exit, stdout.String(), stderr.String()}
}

// FuzzSweepLine: whatever a line holds, it gets one line of JSON for an
// answer, never a panic (which would be exit code 3).
func FuzzSweepLine(f *testing.F) {
	files, err := filepath.Glob(filepath.Join(badDir, "scenarios", "*.jsonl"))
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for line := range bytes.Lines(data) {
			if len(line) < 2000 {
				f.Add(bytes.TrimSpace(line))
			}
		}
	}
	f.Add([]byte(`{"model":"flux.1-dev","on":"rtx-4090-24gb","quant":"nf4","text_quant":"fp8","width":1024,"height":768,"steps":4,"offload":"model","vae_tiling":true,"ulysses":2}`))
	f.Add([]byte(`{"model":"whisper-small","on":"raspberry-pi-5-8gb","audio_seconds":1e6,"beam":5,"chunk_seconds":0.1,"output_tokens":0}`))
	f.Add([]byte(`{"model":"deepseek-v3","on":"8x h200-sxm-141gb","engine":"vllm","tp":8,"ep":8,"batch":64,"max_num_seqs":256}`))
	f.Add([]byte(`{"model":"qwen3-30b-a3b","on":"rtx-4090-24gb","cpu_moe":12,"gpu_layers":20,"kv_type_k":"q8_0","ram":"32GiB","depth":1000}`))
	f.Add([]byte(`{"model":"30B-A3B","on":"2x(8x h100-sxm5-80gb)","engine":"sglang","pp":2,"split":"pipeline","gpu_memory_utilization":0.5}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if bytes.ContainsAny(line, "\n/\\") { // several lines; files and escapes that spell them
			return
		}
		o := runInside(t.Context(), line, "sweep", "-", "--workers", "1")
		if o.exit != 0 && o.exit != 2 || o.stderr != "" {
			t.Fatalf("exit code %d, stderr %q, stdout %.500q", o.exit, o.stderr, o.stdout)
		}
		if len(bytes.TrimSpace(line)) == 0 {
			return
		}
		if strings.Count(o.stdout, "\n") != 1 || !json.Valid([]byte(o.stdout)) || strings.Contains(o.stdout, `"error"`) != (o.exit == 2) {
			t.Fatalf("exit code %d, answer %.1000q", o.exit, o.stdout)
		}
	})
}

// FuzzArgs: whatever the arguments are, there is an answer or one line of
// error.
func FuzzArgs(f *testing.F) {
	for _, c := range badArgs {
		f.Add(strings.Join(splitLine(c.line), "\n"))
	}
	f.Add("check\nqwen3-30b-a3b\n--on\nrtx-4090-24gb\n-ncmoe\n5\n-fa\n--require\ndecode_tok_s >= 1\n-o\njson")
	f.Add("check\ndeepseek-v3\n--on\n8x h200-sxm-141gb\n--engine\nvllm\n--explain\n--output\nmarkdown")
	f.Add("sweep\nllama-3.1-8b,3B\n--on\nrtx-4090-24gb\n-c\n4k,8k\n-b\n1,2\n-o\ncsv")
	f.Fuzz(func(t *testing.T, text string) {
		args := strings.Split(text, "\n")
		for _, a := range args {
			// No files are written, none but small ones read, and grids stay small.
			if strings.Contains(a, "out") && strings.Contains(a, "file") || strings.ContainsAny(a, "/~\\") || strings.Count(a, ",") > 3 {
				return
			}
		}
		if len(args) > 24 {
			return
		}
		o := runInside(t.Context(), nil, args...)
		switch o.exit {
		case problem.ExitYes, problem.ExitNo:
			if o.stderr != "" {
				t.Fatalf("%q: exit code %d with %q", args, o.exit, o.stderr)
			}
		case problem.ExitUsage:
			if n := strings.Count(o.stderr, "\n"); n > 1 || n == 0 && o.stdout == "" {
				t.Fatalf("%q: %d lines of error: %.1000q", args, n, o.stderr)
			}
			if line := strings.TrimSuffix(o.stderr, "\n"); strings.Contains(line, "panic") || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' }) {
				t.Fatalf("%q: error %.1000q", args, line)
			}
		default:
			t.Fatalf("%q: exit code %d: %.1000q", args, o.exit, o.stderr)
		}
	})
}

// FuzzRequire: a requirement is read or refused as a wrong request.
func FuzzRequire(f *testing.F) {
	for _, s := range []string{"decode_tok_s >= 20", "total_gib@central<22", "ttft_ms <= 0.5s", "weights_bytes == 4GiB", "a=b", "@>=", "decode_tok_s>=1e-999", "max_context > -1k"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := require.Parse(text)
		if err == nil {
			if r.Text != strings.TrimSpace(text) {
				t.Fatalf("%q became %q", text, r.Text)
			}
			return
		}
		var p *problem.Error
		if !errors.As(err, &p) || p.Exit != problem.ExitUsage || strings.ContainsAny(p.Error(), "\n\r") {
			t.Fatalf("%q: %v", text, err)
		}
	})
}
