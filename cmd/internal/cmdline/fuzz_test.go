package cmdline_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/cmd/internal/cmdline"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
)

// held checks what holds of every outcome: a wrong request with one line, or
// settings that a scenario takes.
func held(t *testing.T, c *cmdline.Command, err error) {
	if err != nil {
		var p *problem.Error
		if !errors.As(err, &p) || p.Exit != problem.ExitUsage || strings.Contains(err.Error(), "\n") {
			t.Fatalf("error %v is no wrong request on one line", err)
		}
		return
	}
	s := scenario.New()
	if err := c.Apply(&s); err != nil {
		var p *problem.Error
		if !errors.As(err, &p) || p.Exit != problem.ExitUsage {
			t.Fatalf("apply: %v", err)
		}
	}
	seen := map[string]bool{}
	for _, list := range [2][]cmdline.Setting{c.Read, c.Defaults} {
		for _, l := range list {
			if seen[l.Field] || strings.HasPrefix(l.Field, ".") {
				t.Fatalf("field %s is set twice, or is none: %+v", l.Field, c)
			}
			seen[l.Field] = true
		}
	}
}

// FuzzParse: whatever the text is, it is read or refused.
func FuzzParse(f *testing.F) {
	for i := range lines {
		f.Add(lines[i].text)
	}
	f.Add("A=b env C=d sh -c \"docker run -e X --gpus '\\\"device=0\\\"' img bash -c 'vllm serve m'\"")
	f.Add("ollama create x -f - <<EOF\nFROM x\nPARAMETER num_ctx 1\nEOF")
	f.Add("python -m sglang.launch_server --tp 999999999999 --dp 999999999999 --enable-dp-attention --ep-size 0")
	f.Add("llama-server -ot '(((((a|b)*)*)*)*)=CPU' -ts , -ngl 000 -c 999999999999 -np 999999999999 --kv-unified-per-slot 999999999999")
	f.Fuzz(func(t *testing.T, text string) {
		o := cmdline.Options{Exists: func(string) bool { return false }}
		c, err := cmdline.Parse(text, o)
		held(t, c, err)
	})
}

// FuzzModelfile likewise.
func FuzzModelfile(f *testing.F) {
	f.Add([]byte("FROM llama3.2\nPARAMETER num_ctx 4096\nSYSTEM \"\"\"a\nb\"\"\"\n"))
	f.Add([]byte("FROM ./x.gguf\nTEMPLATE \"\"\"{{ .System }}\nPARAMETER num_gpu -1\nADAPTER x"))
	f.Add([]byte("parameter num_thread 0\r\nPARAMETER\n\x00 \"\"\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := cmdline.Modelfile(data, "d", cmdline.Options{})
		held(t, c, err)
	})
}
