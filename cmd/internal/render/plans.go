package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
)

// bestPlans is how many plans a table shows.
const bestPlans = 8

// costHead says what the plans' costs are counted in: money where a price was
// given, device-hours where plans differ in their devices; else "".
func costHead(plans []estimator.Plan) string {
	head := ""
	for i := range plans {
		if plans[i].Cost > 0 {
			return "cost/Mtok"
		}
		if plans[i].Devices != plans[0].Devices {
			head = "dev-h/Mtok"
		}
	}
	return head
}

// planHeads names the columns of planCells; costs is costHead's.
func planHeads(costs string) []string {
	heads := []string{"plan", "TTFT ms", "TPOT ms", "requests/s", "tok/s/dev"}
	if costs != "" {
		heads = append(heads, costs)
	}
	return append(heads, "")
}

func planCells(p *estimator.Plan, costs string) []string {
	mark := ""
	if p.Pareto {
		mark = "*"
	}
	if !p.Stable {
		mark = "!"
	}
	cells := []string{p.String(), known(p.TTFTMs), known(p.TPOTMs), units.Number(p.CapacityRequestsS), units.Number(p.PerDeviceTokS)}
	if costs != "" {
		cells = append(cells, costText(p.Cost, p.DeviceHours))
	}
	return append(cells, mark)
}

// costText is money where a price was given, else device-hours.
func costText(cost, deviceHours float64) string {
	if cost > 0 {
		return units.Number(cost)
	}
	return units.Number(deviceHours)
}

// row writes cells side by side, as wide as pad takes it; what comes after the
// last width is as wide as it is.
func (t *table) row(widths []int, cells []string) {
	line := " "
	for i, c := range cells {
		if i < len(widths) && i < len(cells)-1 {
			c = pad(c, widths[i])
		}
		line += " " + c
	}
	t.b.WriteString(strings.TrimRight(t.s.cut(t.s.plain(line), t.s.Width), " ") + "\n")
}

func (t *table) plans() {
	plans := t.c.Result.Plans
	if len(plans) == 0 {
		return
	}
	t.title("Plans weighed, best first (* none is better in both throughput and speed per user, ! does not carry the load, or misses an objective)")
	costs := costHead(plans)
	widths := []int{26, -8, -8, -10, -9, -10}
	t.row(widths, planHeads(costs))
	shown, refused := 0, 0
	for i := range plans {
		if plans[i].Refused != "" {
			refused++
			continue
		}
		if shown < bestPlans {
			t.row(widths, planCells(&plans[i], costs))
		}
		shown++
	}
	if shown > bestPlans || refused > 0 {
		t.b.WriteString(t.s.wrap("  ", "  ", fmt.Sprintf("and %d more; %d cannot be (--output json says why)", max(0, shown-bestPlans), refused)))
	}
}

// markdownPlans writes the plans weighed, and before them the pools.
func markdownPlans(w io.Writer, c *report.Check) {
	markdownRoom(w, c)
	markdownPools(w, c)
	plans := c.Result.Plans
	if len(plans) == 0 {
		return
	}
	costs := costHead(plans)
	fmt.Fprintln(w)
	markdownRow(w, planHeads(costs))
	fmt.Fprintf(w, "|---|%s---|\n", strings.Repeat("--:|", len(planHeads(costs))-2))
	for i := range plans {
		if plans[i].Refused == "" {
			markdownRow(w, planCells(&plans[i], costs))
		}
	}
}

func markdownRow(w io.Writer, cells []string) {
	for _, c := range cells {
		fmt.Fprintf(w, "| %s ", md(c))
	}
	fmt.Fprintln(w, "|")
}

// known writes a time in milliseconds, a dash for one that is not known: the
// first token of a queue that grows for ever.
func known(ms float64) string {
	if ms <= 0 {
		return "–"
	}
	return units.Number(ms)
}
