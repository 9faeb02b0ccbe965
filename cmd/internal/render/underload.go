package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
)

// loadRow is one line of what users see.
type loadRow struct {
	name string
	fig  *estimator.Figure
}

// loadRows lists what users see under the load.
func loadRows(u *estimator.UnderLoad) []loadRow {
	rows := []loadRow{}
	for _, l := range []struct {
		name string
		p    *estimator.Percentiles
	}{{"time to first token", &u.TTFTMs}, {"time per output token", &u.TPOTMs}, {"whole answer", &u.E2EMs}} {
		if !u.Stable && l.p != &u.TPOTMs {
			continue // it grows as long as the load lasts
		}
		rows = append(rows, loadRow{name: l.name + ", mean", fig: &l.p.Mean}, loadRow{name: "  95th percentile", fig: &l.p.P95}, loadRow{name: "  99th percentile", fig: &l.p.P99})
	}
	rows = append(rows, loadRow{name: "requests", fig: &u.RequestsS}, loadRow{name: "output, all users", fig: &u.OutputTokS},
		loadRow{name: "most that it carries", fig: &u.CapacityRequestsS})
	if u.MaxRequestsS != nil {
		rows = append(rows, loadRow{name: "within the objectives", fig: u.MaxRequestsS})
	}
	return rows
}

// loadNotes says the rest in words.
func loadNotes(u *estimator.UnderLoad) []string {
	var out []string
	if !u.Stable {
		out = append(out, "the load is not carried: the queue grows for ever")
	}
	state := fmt.Sprintf("%s sequences run and %s wait, in the mean", units.Number(u.Running), units.Number(u.Waiting))
	if u.PeakOccupy > 0 {
		state += fmt.Sprintf("; the cache is %.0f%% full, %.0f%% at most", 100*u.Occupancy, 100*u.PeakOccupy)
	}
	out = append(out, state)
	switch u.Bound {
	case "slots":
		out = append(out, "what limits the sequences in flight is how many the engine runs at once")
	case "cache":
		out = append(out, "what limits the sequences in flight is the cache")
	case "budget":
		out = append(out, "what limits the sequences in flight is the token budget of a step")
	}
	for _, m := range u.Objectives {
		word := "missed"
		if m.Met {
			word = "met"
		}
		value, rng, unit := humanFigure(&m.Value)
		out = append(out, fmt.Sprintf("objective %s: %s, %s %s (%s)", m.Objective, word, value, unit, rng))
	}
	if u.ReplicasNeeded > 0 {
		out = append(out, fmt.Sprintf("deployments like this one that the rate needs: %d", u.ReplicasNeeded))
	}
	return out
}

func (t *table) underLoad() {
	u := t.c.Result.UnderLoad
	if u == nil {
		return
	}
	t.title("Under load: " + loadOf(t.c))
	for _, r := range loadRows(u) {
		value, rng, unit := humanFigure(r.fig)
		if t.s.Width < 60 {
			t.b.WriteString(t.s.cut("  "+r.name, t.s.Width) + "\n")
			t.b.WriteString(t.s.plain(fmt.Sprintf("    %s %s  (%s)", value, unit, rng)) + "\n")
			continue
		}
		t.b.WriteString(t.s.plain(fmt.Sprintf("  %s %s %s  %s", pad(r.name, 27), pad(value, -8), pad(unit, 10), rng)) + "\n")
	}
	t.notes(loadNotes(u))
}

// loadOf says what users send, and which part of it the deployment gets.
func loadOf(c *report.Check) string {
	text := loadText(c.Load)
	if p := c.Result.Pools; p != nil {
		best := p.Largest()
		text += fmt.Sprintf("; of these %.0f%% on %s", 100*best.Share, best.Name)
	}
	return text
}

// loadText says what users send.
func loadText(l *report.Load) string {
	if l == nil {
		return ""
	}
	var parts []string
	switch {
	case l.Trace != "":
		parts = append(parts, "trace "+l.Trace)
	case l.Rate != "":
		parts = append(parts, l.Rate+" requests")
	case l.Concurrency > 0:
		parts = append(parts, fmt.Sprintf("%d users, one request each at a time", l.Concurrency))
	default:
		parts = append(parts, "one user")
	}
	if l.InputLengths != "" {
		parts = append(parts, "prompts "+l.InputLengths)
	}
	if l.OutputLengths != "" {
		parts = append(parts, "answers "+l.OutputLengths)
	}
	if l.PrefixHit > 0 {
		parts = append(parts, fmt.Sprintf("%.0f%% of prompts cached", 100*l.PrefixHit))
	}
	if l.Speculate != "" {
		parts = append(parts, "drafting "+l.Speculate)
	}
	return strings.Join(parts, ", ")
}

// markdownLoad writes what users see.
func markdownLoad(w io.Writer, c *report.Check) {
	if u := c.Result.UnderLoad; u != nil {
		fmt.Fprintf(w, "\n| under load: %s | value | 80%% range |\n|---|--:|---|\n", md(loadOf(c)))
		for _, r := range loadRows(u) {
			value, rng, unit := humanFigure(r.fig)
			fmt.Fprintf(w, "| %s | %s %s | %s |\n", strings.TrimSpace(r.name), value, unit, rng)
		}
		fmt.Fprintln(w)
		for _, n := range loadNotes(u) {
			fmt.Fprintf(w, "- %s\n", md(n))
		}
	}
}
