package ci

import (
	"encoding/csv"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

func TestCSVRows(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(write(t, CSV, all(), options))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 7 {
		t.Fatalf("%d rows", len(rows))
	}
	at := map[string]int{}
	for i, name := range rows[0] {
		at[name] = i
	}
	chat := rows[1]
	for column, want := range map[string]string{"group": "plan", "name": "chat", "outcome": "pass", "verdict": "fits", "model": "llama-3.1-8b",
		"decode_tok_s": "152", "decode_tok_s_low": "105", "decode_tok_s_high": "220", "usd_per_hour": "2.5"} {
		if i, ok := at[column]; !ok || chat[i] != want {
			t.Errorf("%s is %q, want %q", column, chat[i], want)
		}
	}
	if got := rows[5][at["decode_tok_s"]]; got != "" {
		t.Errorf("a figure of what was not estimated: %q", got)
	}
	for text, want := range map[string]string{"=1+1": "'=1+1", "@x": "'@x", "-1": "'-1", "a=b": "a=b", "": ""} {
		if got := cell(text); got != want {
			t.Errorf("cell %q is %q", text, got)
		}
	}
}

// TestLinesComeBack: a case that is read from its line is the case that it was.
func TestLinesComeBack(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(write(t, JSONLines, all(), options), "\n"), "\n")
	cases := all().cases
	if len(lines) != len(cases) {
		t.Fatalf("%d lines", len(lines))
	}
	for i, line := range lines[:5] { // the last has control characters, which JSON keeps, and labels out of order
		var l report.CaseLine
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		got, want := l.Case(), cases[i]
		var known []report.NamedFigure
		for _, f := range want.Figures {
			if f.Figure != nil {
				known = append(known, f)
			}
		}
		want.Figures = known
		if len(got.Requirements) == 0 && len(want.Requirements) == 0 {
			got.Requirements, want.Requirements = nil, nil
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("case %d came back as %+v, was %+v", i, got, want)
		}
	}
}
