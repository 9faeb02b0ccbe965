package benchfile

import (
	"bytes"
	"strings"
	"testing"
)

// check reads data that may be anything: it must end in a sound result or a
// one-line error.
func check(t *testing.T, data []byte) {
	t.Helper()
	res, err := Read("some/file", data)
	if err != nil {
		if res != nil || !strings.HasPrefix(err.Error(), "some/file:") || strings.ContainsAny(err.Error(), "\n\r") {
			t.Fatalf("%v, %v", res, err)
		}
		return
	}
	if err := sound(res); err != nil {
		t.Fatal(err)
	}
}

func FuzzRead(f *testing.F) {
	for _, data := range fixtures(f) {
		f.Add(data)
	}
	f.Add([]byte("\xff\xfe{\x00}\x00"))
	f.Add([]byte(bench(`,"tensor_split":"1/2/3"`)))
	f.Fuzz(check)
}

// TestTruncated reads every fixture as a full disk or a killed run leaves it.
func TestTruncated(t *testing.T) {
	for name, data := range fixtures(t) {
		for n := 0; n < len(data); n += 7 {
			check(t, data[:n])
		}
		if !bytes.HasSuffix(data, []byte("\n")) {
			t.Errorf("%s: no line end", name)
		}
	}
}

// TestHostile reads what would take quadratic time or much memory if each
// bracket were tried to the end.
func TestHostile(t *testing.T) {
	const size = 512 << 10
	for _, unit := range []string{"[", "{", "[\n", "{\"a\":\n", "{\"a\":[\n", "[1,\n", "[{},", "{},\n", "\"", ",", "\n", "NaN,", "[NaN,", "| model | t/s |\n",
		"eval count: 9 token(s)\n", "eval time = 9 ms / 9 tokens\n", "{\"benchmarks\":[{},", "a: b = c\n", "\x1b[", "\r", "[{\"x\": \"y\"}\n", "[0\n"} {
		check(t, []byte(strings.Repeat(unit, size/len(unit))))
		check(t, []byte("build_commit,n_prompt,n_gen,avg_ts\n"+strings.Repeat(unit, size/len(unit))))
	}
}
