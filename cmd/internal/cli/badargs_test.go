package cli_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// badArgs are command lines that must be refused. on stands for a device by
// name, so that nothing depends on the machine the tests run on.
var badArgs = []struct{ line, want string }{
	{"chekc llama-3.1-8b", `unknown command "chekc"`},
	{"check", "no model given"},
	{"check a b", "more than one model"},
	{"check llama-3.1-8b --model llama-3.1-8b", "the model is given twice"},
	{"models shwo x", "use one of"},
	{"hardware nonsense", "use one of"},
	{"schema nonsense", "use one of"},
	{"check llama-99 on", "did you mean"},
	{"check fishfishfish on", "unknown model"},
	{"check ./nothing.gguf on", "no such model file"},
	{"check 0B on", "unknown model"},
	{"check 999999999999B on", ""},
	{"check 30B-A300B on", ""},
	{"check llama-3.1-8b --on rtx-4099", "did you mean"},
	{"check llama-3.1-8b --on 0x-rtx-4090", ""},
	{"check llama-3.1-8b --on 99999xrtx-4090", "devices"},
	{"check llama-3.1-8b --on 2x(", "unknown"},
	{"check llama-3.1-8b --on ./no.yaml", "no.yaml"},
	{"check llama-3.1-8b on --host pentium-ii", "unknown cpu"},
	{"check llama-3.1-8b on --engine steam", "unknown engine"},
	{"check llama-3.1-8b on --engine vllm@yesterday", "write the month"},
	{"check llama-3.1-8b on --engine-date 2026-13", "2026-01"},
	{"check llama-3.1-8b on --backend steam", "it has cuda"},
	{"check llama-3.1-8b on --engine vllm --backend metal", "it has cuda"},
	{"check llama-3.1-8b on --engine mlx", "does not run on NVIDIA"},
	{"check llama-3.1-8b on -q FISH", "did you mean"},
	{"check llama-3.1-8b on --kv-type fish", "try f16"},
	{"check llama-3.1-8b on -ctk fish", "try f16"},
	{"check llama-3.1-8b on --split sideways", "use layer"},
	{"check llama-3.1-8b on --flash-attention=perhaps", "on, off, auto"},
	{"check llama-3.1-8b on -ts 3,1", "uneven shares"},
	{"check llama-3.1-8b on --cpu-moe", "has no experts"},
	{"check qwen3-30b-a3b on --cpu-moe -ngl 0", "leave out one"},
	{"check llama-3.1-8b on --engine vllm -ngl 10", "does not apply to vLLM"},
	{"check llama-3.1-8b on --tp 4 --devices 2", "has 2"},
	{"check llama-3.1-8b on --ep 16 --devices 2", "has 2"},
	{"check llama-3.1-8b on --split none --devices 2", "leave out one"},
	{"check llama-3.1-8b on --gpu-memory-utilization 0.9", "does not apply to llama.cpp"},
	{"check llama-3.1-8b on --max-num-seqs 9", "does not apply to llama.cpp"},
	{"check llama-3.1-8b on --ubatch-size 4096 --batch-size 512", "larger than"},
	{"check llama-3.1-8b on --split layer --tp 2 --devices 2", "contradict"},
	{"check llama-3.1-8b on --engine vllm --pp 64 --devices 64", "32 layers"},
	{"check llama-3.1-8b on --gpu-memory-utilization 1.5 --engine vllm", "between 0 and 1"},
	{"check llama-3.1-8b on --gpu-memory-utilization nan --engine vllm", "between 0 and 1"},
	{"check llama-3.1-8b on --gpu-memory-utilization -1 --engine vllm", "between 0 and 1"},
	{"check llama-3.1-8b on --gpu-memory-utilization 1e999 --engine vllm", ""},
	{"check llama-3.1-8b on --gpu-memory-utilization much --engine vllm", "not a number"},
	{"check llama-3.1-8b on --ram -5GiB", ""},
	{"check llama-3.1-8b on --ram 64", "64GiB"},
	{"check llama-3.1-8b on --ram nanGiB", "64GiB"},
	{"check llama-3.1-8b on --ram 1e30TiB", ""},
	{"check llama-3.1-8b on --ram plenty", "64GiB"},
	{"check llama-3.1-8b on --require decode_tok_s", "no comparison"},
	{"check llama-3.1-8b on --require decode_tok_s=20", "=="},
	{"check llama-3.1-8b on --require wishes>=20", "use one of"},
	{"check llama-3.1-8b on --require decode_tok_s>=fast", "give a number"},
	{"check llama-3.1-8b on --require decode_tok_s>=nan", "give a number"},
	{"check llama-3.1-8b on --require decode_tok_s>=1e999", "give a number"},
	{"check llama-3.1-8b on --require decode_tok_s>=20GiB", "unit"},
	{"check llama-3.1-8b on --require decode_tok_s@best>=20", "@central"},
	{"check llama-3.1-8b on --require >=", "use one of"},
	{"check llama-3.1-8b on --output=xml", "use one of table, json, jsonl"},
	{"check llama-3.1-8b on --fail-on never", "use one of"},
	{"check llama-3.1-8b on --out-file ./no/such/folder/report", "cannot write"},
	{"check --from ./no.json", "cannot read"},
	{"check --from -", "JSON"},
	{"check llama-3.1-8b on --no-such-flag", "see plimsoll check --help"},
	{"check llama-3.1-8b on -c", "--help"},
	{"sweep llama-3.1-8b on -c 1,x", "not a whole number"},
	{"sweep llama-3.1-8b on --workers -1", "1 to 4096"},
	{"sweep llama-3.1-8b on --workers x", "--help"},
	{"sweep llama-3.1-8b on --output=xml", "jsonl"},
	{"accuracy llama-3.1-8b", "accuracy"},
	{"accuracy --held-out nothing", "use one of device, model"},
	{"accuracy --metric speed", "use one of decode, prefill"},
	{"accuracy --quality D", "use one of A, B, C"},
	{"accuracy --by colour", "use one of engine"},
	{"accuracy --worst -1", "0 to"},
	{"accuracy --worst many", "--help"},
	{"accuracy --output=csv", "use one of table, json, markdown"},
	{"accuracy --engine steam", "unknown engine"},
	{"accuracy --engine=", "the value is empty"},
	{"accuracy --model llama-99", "did you mean"},
	{"accuracy --device rtx-4099", "did you mean"},
	{"accuracy --kind toaster", "use one of AMD"},
	{"accuracy --backend steam", "no published measurement is left"},
	{"accuracy --quality=", "use some of A, B, C"},
	{"accuracy --on rtx-4090-24gb", "give --from FILE"},
	{"accuracy --quant Q4_K_M", "give --from FILE"},
	{"accuracy --from ./no.json", "cannot read"},
	{"accuracy --from .", "a folder"},
	{"accuracy --from -", "empty"},
	{"accuracy --from - --from -", "given twice"},
	{"accuracy --from x --kind apple", "--kind does not apply"},
	{"accuracy --from x --held-out model", "--held-out does not apply"},
	{"models inspect ./no.gguf", "no.gguf"},
	{"hardware show rtx-4099", "did you mean"},
}

// counts are the flags that take a whole number, with the values that each
// must refuse.
var (
	counts    = strings.Fields("context batch input-tokens output-tokens depth gpu-layers cpu-moe devices nodes tp pp ep dp batch-size ubatch-size parallel threads max-num-seqs max-num-batched-tokens")
	badCounts = []string{"-2", "1e300", "9223372036854775808", "99999999999", "nan", "inf", "1.5", "", "many", "0x10", "12 34", "٣"}
)

func splitLine(line string) []string {
	var args []string
	for _, a := range strings.Fields(line) {
		if a == "on" {
			args = append(args, "--on", "rtx-4090-24gb")
			continue
		}
		args = append(args, a)
	}
	return args
}

func TestBadArguments(t *testing.T) {
	for _, c := range badArgs {
		t.Run(c.line, func(t *testing.T) {
			t.Parallel()
			checkBad(t, noStdin, splitLine(c.line), []string{c.want})
		})
	}
}

func TestBadCounts(t *testing.T) {
	for _, flag := range counts {
		t.Run(flag, func(t *testing.T) {
			t.Parallel()
			model := "llama-3.1-8b"
			if flag == "cpu-moe" {
				model = "qwen3-30b-a3b"
			}
			for _, v := range badCounts {
				o := runBad(t, nil, "check", model, "--on", "rtx-4090-24gb", "--"+flag+"="+v)
				if o.exit != 2 || o.stdout != "" || strings.Count(o.stderr, "\n") != 1 {
					t.Errorf("--%s=%q: exit code %d, stderr %q", flag, v, o.exit, o.stderr)
					continue
				}
				name := strings.TrimSuffix(strings.ReplaceAll(flag, "-", "_"), "_size")
				line := strings.ReplaceAll(strings.TrimSuffix(o.stderr, "\n"), "-", "_")
				if !strings.Contains(line, name) {
					t.Errorf("--%s=%q: message %q does not name the flag", flag, v, o.stderr)
				}
				checkMessage(t, line)
			}
		})
	}
}

// TestHugeCounts asks for the most that is allowed: an answer or a refusal,
// quickly and without much memory.
func TestHugeCounts(t *testing.T) {
	for _, flag := range counts {
		for _, engine := range []string{"llama.cpp", "vllm"} {
			t.Run(flag+" "+engine, func(t *testing.T) {
				t.Parallel()
				for _, v := range []string{"16777216", "1048576", "65536", "1024"} {
					o := runBad(t, nil, "check", "deepseek-v3", "--on", "rtx-4090-24gb", "--engine", engine, "--"+flag+"="+v, "--output=json")
					switch o.exit {
					case 0, 1:
						if !json.Valid([]byte(o.stdout)) {
							t.Errorf("--%s=%s: stdout is no JSON: %.300q", flag, v, o.stdout)
						}
					case 2:
						if o.stdout != "" || strings.Count(o.stderr, "\n") != 1 {
							t.Errorf("--%s=%s: stdout %.300q, stderr %q", flag, v, o.stdout, o.stderr)
						}
					default:
						t.Errorf("--%s=%s: exit code %d, stderr %q", flag, v, o.exit, o.stderr)
					}
				}
			})
		}
	}
}

// TestBadSweeps are inputs of sweep that no small file holds.
func TestBadSweeps(t *testing.T) {
	const good = `{"id":"good","model":"llama-3.1-8b","on":"rtx-4090-24gb"}` + "\n"
	for name, c := range map[string]struct {
		input string
		lines int
		want  string
	}{
		"a line of 2 MiB":     {good + `{"model":"` + strings.Repeat("x", 2<<20) + "\"}\n" + good, 3, "longer than"},
		"a name of 1 MB":      {good + `{"model":"` + strings.Repeat("x", 1_000_000) + "\",\"on\":\"rtx-4090\"}\n" + good, 3, "unknown model"},
		"hardware of 1 MB":    {good + `{"model":"llama-3.1-8b","on":"` + strings.Repeat("x", 1_000_000) + "\"}\n" + good, 3, "name"},
		"a field of 1 MB":     {good + `{"` + strings.Repeat("x", 1_000_000) + "\":1}\n" + good, 3, "unknown field"},
		"a digit string":      {good + `{"model":"llama-3.1-8b","context":` + strings.Repeat("9", 1_000_000) + "}\n" + good, 3, "context"},
		"many different ones": {good + strings.Repeat(`{"model":"nothing"}`+"\n", 500) + good, 502, "unknown model"},
		"no end of line":      {good + good + `{"model":`, 3, "JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := runBad(t, strings.NewReader(c.input), "sweep", "-")
			lines := strings.Split(strings.TrimSuffix(o.stdout, "\n"), "\n")
			if o.exit != 2 || o.stderr != "" || len(lines) != c.lines {
				t.Fatalf("exit code %d, %d lines, stderr %q", o.exit, len(lines), o.stderr)
			}
			found := false
			for _, line := range lines {
				if len(line) > 4096 || !json.Valid([]byte(line)) {
					t.Errorf("line of %d bytes: %.200s", len(line), line)
				}
				found = found || strings.Contains(line, `"error"`) && strings.Contains(line, c.want)
			}
			if !found {
				t.Errorf("no error says %q: %.1000s", c.want, o.stdout)
			}
		})
	}
}

// TestGridTooLarge asks for a hundred million million scenarios.
func TestGridTooLarge(t *testing.T) {
	args := []string{"sweep", "llama-3.1-8b", "--on", "rtx-4090-24gb"}
	for _, flag := range []string{"context", "batch", "depth", "input-tokens", "output-tokens", "threads", "parallel"} {
		args = append(args, "--"+flag, strings.TrimSuffix(strings.Repeat("512,", 100), ","))
	}
	checkBad(t, noStdin, args, []string{"the grid has more than", "split it"})
}

// TestNoStdin runs without an input: nothing to answer is no error for a
// stream, a closed one reads as empty, and a folder is none.
func TestNoStdin(t *testing.T) {
	if o := runBad(t, strings.NewReader(""), "sweep", "-"); o.exit != 0 || o.stdout != "" || o.stderr != "" {
		t.Errorf("empty input: %+v", o)
	}
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell to close stdin with")
	}
	for line, exit := range map[string]int{
		"plimsoll sweep - <&-":                                       0,
		"plimsoll check --from - <&-":                                2,
		"plimsoll check llama-3.1-8b --on rtx-4090-24gb --quiet <&-": 0,
		"plimsoll sweep - < " + filepath.Dir(os.Args[0]):             2,
	} {
		out, err := exec.CommandContext(t.Context(), shell, "-c", line).CombinedOutput()
		code := 0
		if e, ok := err.(*exec.ExitError); ok {
			code = e.ExitCode()
		}
		if code != exit || exit == 2 && strings.Count(string(out), "\n") != 1 {
			t.Errorf("%s: exit code %d, want %d: %q", line, code, exit, out)
		}
	}
}
