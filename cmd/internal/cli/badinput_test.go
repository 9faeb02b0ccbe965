package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/plimsoll/plimsoll/profiles/modelfile/brokentest"
)

const (
	// hang is when a run counts as hanging; every one takes milliseconds.
	hang = time.Minute
	// maxPeak is the most memory a run may take, in bytes.
	maxPeak = 512 << 20
	badDir  = "testdata/bad"
)

// outcome is how one run ended.
type outcome struct {
	exit           int
	stdout, stderr string
}

// runBad runs plimsoll as a process of its own, so that a hang can be ended
// and its memory measured.
func runBad(t *testing.T, stdin io.Reader, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hang)
	defer cancel()
	cmd := exec.CommandContext(ctx, "plimsoll", args...)
	home := t.TempDir()
	cmd.Env = append(os.Environ(), "PLIMSOLL_PROFILES="+home, "HOME="+home, "NO_COLOR=1")
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		t.Fatalf("plimsoll %.300q hangs", args)
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if peak := peakBytes(cmd.ProcessState); peak > maxPeak && !racing {
		t.Errorf("plimsoll %.300q took %d MiB", args, peak>>20)
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// insides are words that a user should never read: of panics, of Go's types
// and packages, of a failed format.
var insides = regexp.MustCompile(`panic|goroutine|runtime error|\.go:\d|%!|\b(strconv|json|yaml|os|io|fs|hex)\.[A-Z]|json: cannot|strconv: |\bu?int(8|16|32|64)?\b|float64|\*?\b(hardware|model|engine|scenario)\.[A-Z]|<nil>|interface ?\{`)

// checkMessage holds what every error line promises.
func checkMessage(t *testing.T, text string, want ...string) {
	t.Helper()
	if len(text) < 10 || len(text) > 1500 || !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		t.Errorf("message %.2000q is not one readable line", text)
	}
	if m := insides.FindString(text); m != "" {
		t.Errorf("message %q shows %q", text, m)
	}
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("message %q, want %q", text, w)
		}
	}
}

// checkBad demands exit code 2, nothing on stdout and one line on stderr,
// as text and again as JSON.
func checkBad(t *testing.T, stdin func() io.Reader, args, want []string) {
	t.Helper()
	o := runBad(t, stdin(), args...)
	if o.exit != 2 || o.stdout != "" {
		t.Fatalf("exit code %d, stdout %.300q, stderr %.1000q", o.exit, o.stdout, o.stderr)
	}
	line, ok := strings.CutSuffix(o.stderr, "\n")
	if !ok || !strings.HasPrefix(line, "plimsoll: ") {
		t.Errorf("stderr %.1000q", o.stderr)
	}
	checkMessage(t, line, want...)
	for _, a := range args {
		if strings.HasPrefix(a, "-o") || strings.HasPrefix(a, "--output") && !strings.HasPrefix(a, "--output-") || a == "--" {
			return
		}
	}
	o = runBad(t, stdin(), append([]string{args[0], "--output=json"}, args[1:]...)...)
	var doc struct {
		Error struct{ Code, Message, Where, Hint string }
	}
	if o.exit != 2 || o.stdout != "" || strings.Count(o.stderr, "\n") != 1 {
		t.Fatalf("as JSON: exit code %d, stdout %.300q, stderr %.1000q", o.exit, o.stdout, o.stderr)
	}
	if err := json.Unmarshal([]byte(o.stderr), &doc); err != nil || doc.Error.Message == "" || doc.Error.Code == "" || doc.Error.Code == "internal" {
		t.Errorf("as JSON: %v in %s", err, o.stderr)
	}
}

// noStdin is an empty input.
func noStdin() io.Reader { return strings.NewReader("") }

// badFiles are the files of testdata/bad, by folder, with words that the
// error must hold.
var badFiles = map[string]map[string]string{
	"profiles": {
		"a-list.yaml": "1: the profile: want a mapping", "a-word.yaml": "want a mapping", "alias-bomb.yaml": `1: the profile: unknown key "a"`,
		"alias-cycle.yaml": "alias", "alias.yaml": "alias", "deep-blocks.yaml": "nested", "deep.yaml": "1: nested more than",
		"empty-devices.yaml": "needs host: cpu", "empty.yaml": "0 documents", "escape-codes.yaml": "2: device: unknown",
		"half-device.yaml": "3: count: want a whole number", "huge-integer.yaml": "3: memory_gb: want", "huge-number.yaml": "3: memory_gb: want",
		"inf-bandwidth.yaml": "bandwidth_gb_s: want 0 to", "invalid-utf8.yaml": "device", "json-in-name.yaml": "not valid YAML",
		"key-twice.yaml": "4: not valid YAML", "list-for-number.yaml": "3: bandwidth_gb_s: want a number, got a list",
		"mapping-for-list.yaml": "2: devices: want a list", "merge-key.yaml": "plain word", "nan-bandwidth.yaml": "bandwidth_gb_s: want",
		"negative-memory.yaml": "memory_gb: want 0 to", "no-bandwidth.yaml": "needs bandwidth_gb_s", "no-device.yaml": "describes no machine; want devices or host",
		"node-and-nodes.yaml": "put them under nodes", "nul-bytes.yaml": "1:", "only-comments.yaml": "0 documents", "tabs.yaml": "2: not valid YAML",
		"tag.yaml": "tag", "too-many-devices.yaml": "count: want 0 to 1024", "two-documents.yaml": "2 documents, want one",
		"unclosed-quote.yaml": "not valid YAML", "unknown-cpu.yaml": "did you mean ryzen", "unknown-device.yaml": "did you mean rtx-4090-24gb",
		"unknown-key.yaml": `3: a device: unknown key "memroy_gb"`, "unknown-link.yaml": "4: link: unknown link", "unknown-top-key.yaml": `6: the profile: unknown key "colour"`,
		"wrong-type.yaml": `3: memory_gb: want a number, got "plenty"`, "zero-memory.yaml": "needs memory_gb",
	},
	"configs": {
		"billion-layers": "1000000000", "cut": "ends too early", "experts-overflow": "experts", "heads-as-text": `"num_attention_heads"`,
		"html": "not valid JSON", "huge-width": `"hidden_size"`, "more-experts-used-than-there-are": "64 of 8 experts",
		"negative-width": `"hidden_size" is -4096`, "zero-heads": "heads",
	},
	"files": {
		"arrays-in-arrays.gguf": "nested", "empty.gguf": "empty", "escape-codes.gguf": "no tensors", "half-header.gguf": "not complete",
		"huge-array.gguf": "array of 1152921504606846976", "huge-string.gguf": "damaged", "length-only.safetensors": "claims 1000000 bytes",
		"magic-only.gguf": "not complete", "negative-offsets.safetensors": "data_offsets", "no-layers.gguf": "no tensors",
		"not-json.safetensors": "not a JSON object", "page.gguf": "not a GGUF file", "promises.gguf": "damaged", "promises.safetensors": "claims",
	},
	"saved": {
		"saved-cut.json": "not valid JSON", "saved-deep.json": "not valid JSON", "saved.json": `unknown field "kontext"`,
	},
	"scenarios": {
		"array.jsonl": "must be a JSON object", "bare-nan.jsonl": "not valid JSON", "bool-as-number.jsonl": "swa_full must be true or false",
		"byte-order-mark.jsonl": "not valid JSON", "carriage-returns.jsonl": "unknown model", "contradiction.jsonl": "gpu_layers does not apply to vLLM",
		"control-characters.jsonl": "not valid JSON", "cut-short.jsonl": "JSON", "deep.jsonl": "depth", "empty-object.jsonl": "no model given",
		"field-twice-escaped.jsonl": "twice", "field-twice.jsonl": "twice", "fraction.jsonl": "context must be a whole number", "half-surrogate.jsonl": "surrogate",
		"infinite-share.jsonl": "gpu_memory_utilization", "infinite.jsonl": "context", "invalid-utf8.jsonl": "UTF-8", "missing-file.jsonl": "no such model file",
		"negative.jsonl": "context is out of range", "not-json.jsonl": "not valid JSON", "nul.jsonl": "not valid JSON", "null.jsonl": "must be a JSON object",
		"number-as-string.jsonl": `context must be a whole number, not "4096"`, "number.jsonl": "must be a JSON object", "object-for-string.jsonl": "model must be a string",
		"overflow.jsonl": "context", "share-above-one.jsonl": "between 0 and 1", "string-as-number.jsonl": "quant must be a string", "trailing-comma.jsonl": "not valid JSON",
		"two-objects.jsonl": "follows", "unknown-engine.jsonl": `unknown engine "steam"`, "unknown-field.jsonl": "did you mean kv_type?",
		"unknown-hardware.jsonl": "did you mean rtx-4090-24gb", "unknown-model.jsonl": "did you mean llama",
	},
}

// TestBadFiles runs every file of testdata/bad.
func TestBadFiles(t *testing.T) {
	count := 0
	for folder, files := range badFiles {
		entries, err := os.ReadDir(filepath.Join(badDir, folder))
		if err != nil {
			t.Fatal(err)
		}
		count += len(entries)
		for _, e := range entries {
			want, ok := files[e.Name()]
			if !ok {
				t.Errorf("%s/%s is not in the table", folder, e.Name())
			}
			path := filepath.Join(badDir, folder, e.Name())
			t.Run(folder+"/"+e.Name(), func(t *testing.T) {
				t.Parallel()
				switch folder {
				case "profiles":
					checkBad(t, noStdin, []string{"check", "llama-3.1-8b", "--on", path}, []string{want, path})
				case "saved":
					checkBad(t, noStdin, []string{"check", "--from", path, "--on", "rtx-4090-24gb"}, []string{want})
				case "scenarios":
					badLine(t, path, want)
				default:
					checkBad(t, noStdin, []string{"check", path, "--on", "rtx-4090-24gb"}, []string{want, path})
				}
			})
		}
		if len(entries) != len(files) {
			t.Errorf("%s holds %d files, the table %d", folder, len(entries), len(files))
		}
	}
	if count < 40 {
		t.Errorf("%d broken inputs, want 40 or more", count)
	}
}

// badLine runs a sweep whose second of three lines is broken: the others
// still get their answers.
func badLine(t *testing.T, path, want string) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	o := runBad(t, bytes.NewReader(data), "sweep", "-")
	lines := strings.Split(strings.TrimSuffix(o.stdout, "\n"), "\n")
	if o.exit != 2 || len(lines) != 3 || o.stderr != "" {
		t.Fatalf("exit code %d, %d lines, stderr %q", o.exit, len(lines), o.stderr)
	}
	for i, line := range lines {
		var doc struct {
			ID, Verdict string
			Line        int
			Error       *struct{ Code, Message, Where, Hint string }
		}
		if err := json.Unmarshal([]byte(line), &doc); err != nil {
			t.Fatalf("line %d: %v: %.300s", i+1, err, line)
		}
		switch {
		case i != 1 && (doc.Error != nil || doc.ID != [3]string{"first", "", "last"}[i] || doc.Verdict == ""):
			t.Errorf("line %d was not answered: %.300s", i+1, line)
		case i == 1 && (doc.Error == nil || doc.Line != 2 || doc.Error.Code == "" || doc.Error.Code == "internal"):
			t.Errorf("line 2 passed: %.300s", line)
		case i == 1:
			checkMessage(t, doc.Error.Message+" "+doc.Error.Where+" "+doc.Error.Hint, want)
		}
	}
}

// TestBrokenModels runs the broken model files that the readers are tested
// with through the command.
func TestBrokenModels(t *testing.T) {
	dir := t.TempDir()
	cases, err := brokentest.Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			checkBad(t, noStdin, []string{"check", c.Path, "--on", "rtx-4090-24gb"}, nil)
		})
	}
}

// TestBadPaths gives as a profile what is none, or has no end.
func TestBadPaths(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode fs.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	folder := filepath.Join(dir, "folder.yaml")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	profiles := []struct{ path, want string }{
		{filepath.Join(dir, "absent.yaml"), "absent.yaml"},
		{folder, "not a regular file"},
		{write("2mib.yaml", strings.Repeat("# much ado\n", 2<<20/11), 0o644), "more than 128 KiB"},
		{write("flow.yaml", "a: "+strings.Repeat("[", 60000)+strings.Repeat("]", 60000), 0o644), "nested"},
		{write("maps.yaml", strings.Repeat("{a: ", 20000)+strings.Repeat("}", 20000), 0o644), "nested"},
		{write("list.yaml", "devices:\n"+strings.Repeat("  - rtx-4090-24gb\n", 6000), 0o644), "6000 entries, want at most 1024"},
		{write("word.yaml", strings.Repeat("x", 100000), 0o644), "want a mapping"},
	}
	if link := filepath.Join(dir, "loop.yaml"); os.Symlink(link, link) == nil {
		profiles = append(profiles, struct{ path, want string }{link, "loop.yaml"})
	}
	if _, err := os.Stat("/dev/zero"); err == nil {
		endless := filepath.Join(dir, "zero.yaml")
		if os.Symlink("/dev/zero", endless) == nil {
			profiles = append(profiles, struct{ path, want string }{endless, "not a regular file"})
		}
	}
	if pipe := filepath.Join(dir, "pipe.yaml"); makePipe(pipe) == nil {
		profiles = append(profiles, struct{ path, want string }{pipe, "not a regular file"})
	}
	if os.Geteuid() > 0 { // root may read everything
		profiles = append(profiles, struct{ path, want string }{write("secret.yaml", "x", 0), "permission"})
	}
	for _, p := range profiles {
		t.Run(filepath.Base(p.path), func(t *testing.T) {
			checkBad(t, noStdin, []string{"check", "llama-3.1-8b", "--on", p.path}, []string{p.path, p.want})
		})
	}
}
