package ci

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

// schemaOf compiles a schema of others.
func schemaOf(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(filepath.Join("testdata", "schemas", name))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// readSARIF validates a log against the standard's schema and reads it with a
// consumer's library.
func readSARIF(t *testing.T, text string) *sarif.Run {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := schemaOf(t, "sarif-2.1.0.json").Validate(doc); err != nil {
		t.Fatalf("not valid SARIF 2.1.0: %v", err)
	}
	log, err := sarif.FromString(text)
	if err != nil {
		t.Fatal(err)
	}
	if len(log.Runs) != 1 {
		t.Fatalf("%d runs", len(log.Runs))
	}
	return log.Runs[0]
}

func TestSARIFIsValid(t *testing.T) {
	run := readSARIF(t, write(t, SARIF, all(), options))
	type alert struct{ rule, level string }
	var got []alert
	for _, r := range run.Results {
		got = append(got, alert{*r.RuleID, r.Level})
		if rule := run.Tool.Driver.Rules[r.RuleIndex]; *rule.ID != *r.RuleID {
			t.Errorf("rule %d is %s, not %s", r.RuleIndex, *rule.ID, *r.RuleID)
		}
	}
	want := []alert{{"does-not-fit", "error"}, {"requirement-failed", "error"}, {"tight", "warning"}, {"unsure", "warning"}, {"not-estimated", "error"}, {"requirement-failed", "error"}}
	if len(got) != len(want) {
		t.Fatalf("alerts %v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("alert %d is %v, want %v", i, got[i], want[i])
		}
	}
	where := run.Results[0].Locations[0]
	if p := where.PhysicalLocation; *p.ArtifactLocation.URI != "plans/capacity%20plan.yaml" || *p.Region.StartLine != 12 {
		t.Errorf("location %+v", p)
	}
	if l := run.Results[4].Locations[0]; l.PhysicalLocation != nil || *l.LogicalLocations[0].FullyQualifiedName != "plan/broken" {
		t.Errorf("location without a file %+v", l)
	}
	if n := len(readSARIF(t, write(t, SARIF, document{title: "nothing"}, options)).Results); n != 0 {
		t.Errorf("%d alerts of nothing", n)
	}
}

// TestFingerprints: an alert stays the same while figures move, and no two are
// the same.
func TestFingerprints(t *testing.T) {
	prints := func(s document) map[string]bool {
		out := map[string]bool{}
		for _, r := range readSARIF(t, write(t, SARIF, s, options)).Results {
			out[r.PartialFingerprints["plimsollCase/v1"]] = true
		}
		return out
	}
	before := all()
	after := all()
	for i := range after.cases {
		after.cases[i].Message += " and other figures"
		for k := range after.cases[i].Requirements {
			after.cases[i].Requirements[k].Figure.Value *= 1.1
		}
	}
	a, b := prints(before), prints(after)
	if len(a) != 6 || len(b) != 6 {
		t.Fatalf("%d and %d fingerprints", len(a), len(b))
	}
	for p := range a {
		if !b[p] {
			t.Error("a fingerprint changed with the figures")
		}
	}
	// With --fail-on unsure the warnings are errors, and the same alerts.
	o := options
	o.FailOn = report.FailUnsure
	text := write(t, SARIF, before, o)
	if run := readSARIF(t, text); run.Results[2].Level != "error" || !a[run.Results[2].PartialFingerprints["plimsollCase/v1"]] {
		t.Errorf("result %+v", run.Results[2])
	}
}

func TestFileURI(t *testing.T) {
	for path, want := range map[string]string{"a/b.yaml": "a/b.yaml", "/a b.yaml": "file:///a%20b.yaml", "C:/x.yaml": "file:///C:/x.yaml", "a%b?c#d": "a%25b%3Fc%23d"} {
		if got := fileURI(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	if !strings.HasPrefix(fileURI("a:b.yaml"), "./") {
		t.Errorf("a colon in the first segment reads as a scheme: %s", fileURI("a:b.yaml"))
	}
}
