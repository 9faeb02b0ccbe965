package render

import (
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
)

// isLoading says that a figure has its place among the times to load, where
// its absence is told, too.
func isLoading(figure string) bool { return strings.HasPrefix(figure, "load_") }

// loading writes how long the weights take to load.
func (t *table) loading() {
	l := t.c.Result.Loading
	if l == nil {
		return
	}
	t.title("Loading the weights, in seconds")
	for _, r := range []struct {
		name, figure string
		value        *estimator.Figure
	}{{"from storage", "load_cold_s", l.ColdS}, {"from the system's cache", "load_warm_s", l.WarmS}} {
		if r.value != nil {
			t.b.WriteString(t.s.cut(t.s.plain("  "+pad(r.name, 24)+" "+pad(units.Number(r.value.Value), -8)+" s          "+
				units.Number(r.value.Low)+" – "+units.Number(r.value.High)), t.s.Width) + "\n")
			continue
		}
		for _, u := range t.c.Unavailable {
			if u.Figure == r.figure {
				t.b.WriteString(t.s.wrap("  ", "    ", r.name+": not estimated: "+u.Reason))
			}
		}
	}
}
