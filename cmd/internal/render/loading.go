package render

import (
	"fmt"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
)

// isLoading says that a figure has its place among the times to load, where
// its absence is told, too.
func isLoading(figure string) bool { return strings.HasPrefix(figure, "load_") }

// loadingRow is one of the times to load the weights, or why it is not known.
type loadingRow struct {
	name   string
	value  *estimator.Figure
	reason string
}

// loadingRows are the times that people read; none where a check has none.
func loadingRows(c *report.Check) []loadingRow {
	l := c.Result.Loading
	if l == nil {
		return nil
	}
	why := func(figure string) string {
		for _, u := range c.Unavailable {
			if u.Figure == figure {
				return u.Reason
			}
		}
		return ""
	}
	var out []loadingRow
	for _, r := range []loadingRow{{"from storage", l.ColdS, why("load_cold_s")}, {"from the system's cache", l.WarmS, why("load_warm_s")}} {
		if r.value != nil || r.reason != "" {
			out = append(out, r)
		}
	}
	return out
}

// loading writes how long the weights take to load.
func (t *table) loading() {
	rows := loadingRows(t.c)
	if len(rows) == 0 {
		return
	}
	t.title("Loading the weights, in seconds")
	for _, r := range rows {
		if r.value != nil {
			t.b.WriteString(t.s.cut(t.s.plain("  "+pad(r.name, 24)+" "+pad(units.Number(r.value.Value), -8)+" s          "+
				units.Number(r.value.Low)+" – "+units.Number(r.value.High)), t.s.Width) + "\n")
			continue
		}
		t.b.WriteString(t.s.wrap("  ", "    ", r.name+": not estimated: "+r.reason))
	}
}

func markdownLoading(b *strings.Builder, c *report.Check) {
	rows := loadingRows(c)
	if len(rows) == 0 {
		return
	}
	b.WriteString("\n| loading the weights | value | 80% range |\n|---|--:|---|\n")
	for _, r := range rows {
		if r.value == nil {
			fmt.Fprintf(b, "| %s | not estimated | %s |\n", r.name, md(r.reason))
			continue
		}
		value, rng, unit := humanFigure(r.value)
		fmt.Fprintf(b, "| %s | %s %s | %s |\n", r.name, value, unit, rng)
	}
}
