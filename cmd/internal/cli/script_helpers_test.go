package cli_test

import (
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/testscript"
)

func stringReader(s string) io.Reader { return strings.NewReader(s) }

// oneLine: stderr is exactly one line and stdout is empty.
func oneLine(ts *testscript.TestScript, _ bool, _ []string) {
	text := ts.ReadFile("stderr")
	if strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") || len(text) < 10 {
		ts.Fatalf("stderr is not one line: %q", text)
	}
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("stdout is not empty: %q", out)
	}
}

// width N: no line of stdout is wider, except commands to be copied.
func width(ts *testscript.TestScript, _ bool, args []string) {
	limit, err := strconv.Atoi(args[0])
	ts.Check(err)
	before := ""
	for _, line := range strings.Split(ts.ReadFile("stdout"), "\n") {
		if utf8.RuneCountInString(line) > limit && before != "Check it on the real machine" {
			ts.Fatalf("wider than %d: %q", limit, line)
		}
		before = line
	}
}
