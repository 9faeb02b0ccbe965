package saved

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/cmd/internal/ci"
	"github.com/plimsoll/plimsoll/cmd/internal/diff"
	"github.com/plimsoll/plimsoll/cmd/internal/html"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

const (
	checkText   = `{"schema":"urn:plimsoll:check","schema_version":1,"tool_version":"v1","data_version":"d1","inputs":{"model":"m","on":"a","batch":1},"result":{"verdict":"fits","reason":"room","speed":{"decode_tok_s":{"value":20,"low":10,"high":30,"unit":"tok/s"}}},"requirements":[{"text":"decode_tok_s >= 15","figure":{"value":20,"low":10,"high":30,"unit":"tok/s"},"limit":15,"outcome":"unsure"}],"assumptions":[],"warnings":[],"unavailable":[]}`
	compareText = `{"schema":"urn:plimsoll:compare","schema_version":1,"tool_version":"v1","data_version":"d1","inputs":{"scenarios":[{"model":"m"},{"model":"n"}]},"rows":[{"name":"m","verdict":"fits"},{"name":"n","error":{"code":"bad_value","message":"no"}}]}`
	sweepText   = `{"id":"r1","model":"m","on":"a","verdict":"does_not_fit","memory":{}}` + "\n" + `{"id":"r2","line":2,"error":{"code":"bad_value","message":"no"}}`
	lineText    = `{"schema":"urn:plimsoll:case","schema_version":1,"group":"check","name":"x","outcome":"fail","verdict":"does_not_fit","message":"no","figures":{},"figure_order":[],"requirements":[]}`
)

func TestRead(t *testing.T) {
	for _, c := range []struct {
		name, text, title string
		outcomes          []report.Outcome
	}{
		{"check", checkText, "plimsoll check", []report.Outcome{report.Unsure}},
		{"compare", compareText, "plimsoll compare", []report.Outcome{report.Pass, report.Error}},
		{"sweep", sweepText, "plimsoll sweep", []report.Outcome{report.Fail, report.Error}},
		{"lines", lineText + "\n" + lineText, "plimsoll", []report.Outcome{report.Fail, report.Fail}},
		{"several", checkText + compareText + sweepText + lineText, "plimsoll", []report.Outcome{report.Unsure, report.Pass, report.Error, report.Fail, report.Error, report.Fail}},
		{"two checks", checkText + "\n" + checkText, "plimsoll check", []report.Outcome{report.Unsure, report.Unsure}},
	} {
		d, err := Read(strings.NewReader(c.text), "f.json")
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if d.Doc.Title() != c.title {
			t.Errorf("%s: title %q", c.name, d.Doc.Title())
		}
		cases := d.Doc.Cases()
		if len(cases) != len(c.outcomes) {
			t.Errorf("%s: %d cases", c.name, len(cases))
			continue
		}
		names := map[string]bool{}
		for i := range cases {
			if cases[i].Outcome != c.outcomes[i] {
				t.Errorf("%s: case %d is %s, want %s", c.name, i, cases[i].Outcome, c.outcomes[i])
			}
			names[cases[i].Group+"/"+cases[i].Name] = true
		}
		if len(names) != len(cases) {
			t.Errorf("%s: names are not unique: %v", c.name, names)
		}
	}
}

// TestRefused: what is no document of plimsoll, or not a whole one, is a wrong
// request whose message says so on one line.
func TestRefused(t *testing.T) {
	replace := func(old, next string) string { return strings.Replace(checkText, old, next, 1) }
	for want, text := range map[string]string{
		"it is empty":                 "  ",
		"not valid JSON":              "{",
		"no document":                 `[1]`,
		"it has no schema":            `{}`,
		"of which no report is made":  `{"schema":"urn:plimsoll:accuracy","schema_version":1}`,
		"schema_version is 2":         replace(`"schema_version":1`, `"schema_version":2`),
		`the verdict ""`:              replace(`"verdict":"fits"`, `"verdict":""`),
		`the verdict "great"`:         replace(`"verdict":"fits"`, `"verdict":"great"`),
		`the outcome "ok"`:            replace(`"outcome":"unsure"`, `"outcome":"ok"`),
		"cannot unmarshal":            replace(`"value":20`, `"value":"20"`),
		"2 rows and 1 scenarios":      strings.Replace(compareText, `,{"model":"n"}`, "", 1),
		"no pool that runs":           replace(`"reason":"room"`, `"pools":{"each":[]}`),
		"its error is null":           `{"id":"x","line":1,"error":null}` + sweepText,
		`the outcome "maybe"`:         strings.Replace(lineText, `"fail"`, `"maybe"`, 1),
		"lists of absurd length":      `{"schema":"urn:plimsoll:compare","schema_version":1,"rows":[` + strings.Repeat("{},", usual.list) + `{}]}`,
		"document 2: it has no schem": checkText + "{}",
	} {
		_, err := Read(strings.NewReader(text), "f.json")
		var p *problem.Error
		if !errors.As(err, &p) || p.Exit != problem.ExitUsage || !strings.Contains(p.Error(), want) || !strings.Contains(p.Error(), "f.json") || strings.Contains(p.Error(), "\n") {
			t.Errorf("%.80q: %v, want %q", text, err, want)
		}
	}
	small := bounds{bytes: 1 << 20, values: 100, list: 100, elements: 100}
	if _, err := read(repeat(sweepText+"\n"), "f", small); err == nil || !strings.Contains(err.Error(), "more than 100") {
		t.Errorf("an endless file: %v", err)
	}
	if _, err := read(repeat(" "), "f", small); err == nil || !strings.Contains(err.Error(), "larger than 1 MiB") {
		t.Errorf("endless space: %v", err)
	}
	if _, err := read(repeat(checkText), "f", bounds{bytes: 1 << 20, values: 100, list: 100, elements: 10}); err == nil || !strings.Contains(err.Error(), "absurd length") {
		t.Errorf("endless lists: %v", err)
	}
}

// repeat is a reader of the same text for ever.
type repeat string

func (r repeat) Read(p []byte) (int, error) {
	n := 0
	for n+len(r) <= len(p) {
		n += copy(p[n:], r)
	}
	if n == 0 {
		n = copy(p, r)
	}
	return n, nil
}

func TestClean(t *testing.T) {
	text := strings.NewReplacer(`"room"`, `"a\u001b[31mb\u202ec\nd"`, `"m"`, `"\u0000m"`).Replace(checkText)
	d, err := Read(strings.NewReader(text), "f")
	if err != nil {
		t.Fatal(err)
	}
	if c := d.Doc.(*report.Check); c.Result.Reason != "a [31mb c d" || c.Inputs.Model != " m" {
		t.Errorf("reason %q, model %q", c.Result.Reason, c.Inputs.Model)
	}
	line := strings.Replace(lineText, `"figures":{}`, `"figures":{},"labels":{"a\u001b":"\u001b","b":"c"}`, 1)
	if d, err = Read(strings.NewReader(line), "f"); err != nil {
		t.Fatal(err)
	}
	if got := d.Doc.Cases()[0].Labels; len(got) != 2 || got[0] != (report.Label{Name: "a ", Value: " "}) || got[1] != (report.Label{Name: "b", Value: "c"}) {
		t.Errorf("labels %q", got)
	}
}

func TestLists(t *testing.T) {
	for text, want := range map[string][2]int{
		`{"a":[1,2,3],"b":[[],[{}]]}`: {3, 6}, `[]`: {0, 0}, `"[,,]"`: {0, 0}, `["a,\"b,","c"]`: {2, 2}, `]]`: {0, 0},
	} {
		if longest, all := lists([]byte(text)); longest != want[0] || all != want[1] {
			t.Errorf("%s: %d and %d, want %v", text, longest, all, want)
		}
	}
}

// FuzzRead: whatever a file holds, it is refused as a wrong request, or every
// form can be made of it and it does not differ from itself.
func FuzzRead(f *testing.F) {
	for _, text := range []string{checkText, compareText, sweepText, lineText, checkText + lineText, `{"schema":"urn:plimsoll:diff","schema_version":1,"result":{"cases":[{"change":"changed","figures":[{"name":"a","new":{"value":1e308},"relative":1}]}]}}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := Read(bytes.NewReader(text), "f")
		if err != nil {
			var p *problem.Error
			if !errors.As(err, &p) || p.Exit != problem.ExitUsage || strings.ContainsAny(p.Error(), "\n\r\x1b") {
				t.Fatalf("error %v", err)
			}
			return
		}
		o := ci.Options{Head: d.Head, FailOn: report.FailNo}
		for _, w := range []ci.Writer{ci.JUnit, ci.SARIF, ci.GitHub, ci.CSV, ci.JSONLines, ci.Prometheus, ci.Markdown, html.Write} {
			if err := w(io.Discard, d.Doc, o); err != nil {
				t.Fatal(err)
			}
		}
		side := diff.Side{Doc: d.Doc, Head: d.Head}
		same := diff.Documents(side, side, diff.Options{})
		if same.Changed() || same.Result.Counts.Same != len(d.Doc.Cases()) {
			t.Fatalf("it differs from itself: %+v", same.Result)
		}
		if _, err := json.Marshal(same); err != nil {
			t.Fatal(err)
		}
	})
}
