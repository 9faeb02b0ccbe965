package ci

import (
	"strings"
	"testing"

	"github.com/joshdk/go-junit"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

// TestJUnitIsReadByOthers reads the report with a consumer's library.
func TestJUnitIsReadByOthers(t *testing.T) {
	for _, c := range []struct {
		failOn                          report.FailOn
		passed, failed, errors, skipped int
	}{
		{report.FailNo, 1, 2, 1, 2},
		{report.FailTight, 1, 3, 1, 1},
		{report.FailUnsure, 1, 4, 1, 0},
		{report.FailNever, 1, 2, 1, 2},
	} {
		o := options
		o.FailOn = c.failOn
		suites, err := junit.Ingest([]byte(write(t, JUnit, all(), o)))
		if err != nil {
			t.Fatal(err)
		}
		if len(suites) != 2 || suites[0].Name != "plan" || suites[1].Name != "other" {
			t.Fatalf("suites %v", suites)
		}
		var passed, failed, errors, skipped int
		for _, s := range suites {
			passed, failed, errors, skipped = passed+s.Totals.Passed, failed+s.Totals.Failed, errors+s.Totals.Error, skipped+s.Totals.Skipped
			if s.Properties["plimsoll.version"] != "v1" {
				t.Errorf("properties %v", s.Properties)
			}
		}
		if passed != c.passed || failed != c.failed || errors != c.errors || skipped != c.skipped {
			t.Errorf("--fail-on %s: %d passed, %d failed, %d errors, %d skipped", c.failOn, passed, failed, errors, skipped)
		}
	}
	suites, err := junit.Ingest([]byte(write(t, JUnit, all(), options)))
	if err != nil {
		t.Fatal(err)
	}
	chat, video := suites[0].Tests[0], suites[0].Tests[1]
	if chat.Classname != "plan" || chat.Name != "chat" || !strings.Contains(chat.SystemOut, "decode: 152 tok/s (105 tok/s to 220 tok/s)") {
		t.Errorf("case %+v", chat)
	}
	problem, ok := video.Error.(junit.Error)
	if !ok || problem.Type != "does-not-fit" || problem.Message != "does not fit: 60 of 46 GiB" || !strings.Contains(problem.Body, "ttft_ms <= 30: it is 50.0 ms") ||
		!strings.Contains(problem.Body, "use 8-bit weights") {
		t.Errorf("failure %+v", video.Error)
	}
	if video.Properties["file"] != "plans/capacity plan.yaml" || video.Properties["line"] != "12" {
		t.Errorf("where: %v", video.Properties)
	}
	// What XML cannot hold is replaced, all else comes back.
	if got := suites[1].Tests[0].Name; !strings.Contains(got, "<script>alert(1)</script>") || strings.ContainsAny(got, "\x00\x1b") {
		t.Errorf("hostile name %q", got)
	}
}
