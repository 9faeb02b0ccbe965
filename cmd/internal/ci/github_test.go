package ci

import (
	"regexp"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

// command is a workflow command as the runner reads it: the name, properties
// up to the next ::, and the message.
var command = regexp.MustCompile(`^::([a-z]+) ([^\n]*?)::(.*)$`)

type parsed struct {
	level, message string
	properties     map[string]string
}

// read undoes the escapes as GitHub's runner does.
func read(t *testing.T, text string) []parsed {
	t.Helper()
	message := strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%")
	value := strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%")
	var out []parsed
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		m := command.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("no workflow command: %q", line)
		}
		p := parsed{level: m[1], message: message.Replace(m[3]), properties: map[string]string{}}
		for _, pair := range strings.Split(m[2], ",") {
			name, text, ok := strings.Cut(pair, "=")
			if !ok {
				t.Fatalf("property %q in %q", pair, line)
			}
			p.properties[name] = value.Replace(text)
		}
		out = append(out, p)
	}
	return out
}

func TestAnnotations(t *testing.T) {
	got := read(t, write(t, GitHub, all(), options))
	if len(got) != 7 {
		t.Fatalf("%d annotations", len(got))
	}
	if a := got[0]; a.level != "error" || a.properties["file"] != "plans/capacity plan.yaml" || a.properties["line"] != "12" || a.properties["title"] != "video" ||
		a.message != "does not fit: 60 of 46 GiB" {
		t.Errorf("annotation %+v", a)
	}
	// Foreign text comes through as it is, and starts no command of its own.
	if a := got[3]; a.message != hostile || a.properties["title"] != hostile || a.properties["file"] != hostile {
		t.Errorf("annotation %+v", a)
	}
	if a := got[6]; a.level != "notice" || a.message != "6 cases: 1 passes, 2 fail, 2 are unsure, 1 could not be judged" {
		t.Errorf("headline %+v", a)
	}
	o := options
	o.FailOn = report.FailUnsure
	for _, a := range read(t, write(t, GitHub, all(), o)) {
		if a.level == "warning" {
			t.Errorf("with --fail-on unsure %q is a warning", a.message)
		}
	}
}

// TestEscapesAsTheToolkitDoes: the line is what GitHub's own toolkit
// (@actions/core 3.0.1, issueCommand) writes of the same.
func TestEscapesAsTheToolkitDoes(t *testing.T) {
	text := "a|b <script>alert(1)</script> \"q\" & `x` ${{ x }}, c:d\n::error::pwned\r%0A @m #12 é"
	want := "::error file=a|b <script>alert(1)</script> \"q\" & `x` ${{ x }}%2C c%3Ad%0A%3A%3Aerror%3A%3Apwned%0D%250A @m #12 é,line=3," +
		"title=a|b <script>alert(1)</script> \"q\" & `x` ${{ x }}%2C c%3Ad%0A%3A%3Aerror%3A%3Apwned%0D%250A @m #12 é" +
		"::a|b <script>alert(1)</script> \"q\" & `x` ${{ x }}, c:d%0A::error::pwned%0D%250A @m #12 é\n"
	doc := document{cases: []report.Case{{Name: text, Outcome: report.Fail, Message: text, File: text, Line: 3}}}
	if got, _, _ := strings.Cut(write(t, GitHub, doc, options), "::notice"); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestAnnotationLimit: GitHub shows ten of a level; the tenth says how many more
// there are.
func TestAnnotationLimit(t *testing.T) {
	for n, want := range map[int]int{9: 9, 10: 10, 11: 10, 200: 10} {
		levels := map[string][]parsed{}
		for _, a := range read(t, write(t, GitHub, many(n), options)) {
			levels[a.level] = append(levels[a.level], a)
		}
		for _, level := range []string{"error", "warning"} {
			all := levels[level]
			if len(all) != want {
				t.Fatalf("%d cases: %d of level %s", n, len(all), level)
			}
			if last := all[len(all)-1].message; (n > 10) != strings.HasPrefix(last, "2 more") && n == 11 {
				t.Errorf("11 cases: the last says %q", last)
			} else if n == 200 && !strings.HasPrefix(last, "191 more problems") {
				t.Errorf("200 cases: the last says %q", last)
			}
		}
	}
}

func TestOutputs(t *testing.T) {
	got := write(t, Outputs, all(), options)
	if want := "verdict=error\nexit-code=2\ncases=6\npass=1\nfail=2\nunsure=2\nerror=1\n"; got != want {
		t.Errorf("outputs %q", got)
	}
	tight := document{title: "x", cases: many(1).cases[1:]}
	for failOn, want := range map[report.FailOn]string{report.FailNo: "exit-code=0", report.FailTight: "exit-code=1", report.FailNever: "exit-code=0"} {
		o := options
		o.FailOn = failOn
		if got := write(t, Outputs, tight, o); !strings.Contains(got, want+"\n") || !strings.Contains(got, "verdict=unsure\n") {
			t.Errorf("--fail-on %s: %q", failOn, got)
		}
	}
}
