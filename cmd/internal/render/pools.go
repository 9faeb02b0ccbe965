package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
)

// poolHeads names the columns of poolCells; costs is costHead's.
func poolHeads(costs string) []string {
	heads := []string{"pool", "plan", "share", "requests/s", "TTFT ms", "TPOT ms"}
	if costs != "" {
		heads = append(heads, costs)
	}
	return heads
}

// poolCells are those of one pool that runs the model.
func poolCells(p *estimator.PoolPlan, costs string) []string {
	cells := []string{p.Name, p.Plan.String(), percent(p.Share), units.Number(p.Plan.CapacityRequestsS), known(p.Plan.TTFTMs), known(p.Plan.TPOTMs)}
	if costs != "" {
		cells = append(cells, costText(p.Plan.Cost, p.Plan.DeviceHours))
	}
	return cells
}

func percent(share float64) string { return fmt.Sprintf("%.0f%%", 100*share) }

// poolsTogether are the cells of all pools.
func poolsTogether(p *estimator.PoolPlans, costs string) []string {
	cells := []string{"all together", "", percent(1), units.Number(p.CapacityRequestsS), "", ""}
	if costs != "" {
		cells = append(cells, costText(p.Cost, p.DeviceHours))
	}
	return cells
}

// poolNotes says the rest in words.
func poolNotes(c *report.Check) []string {
	p := c.Result.Pools
	var out []string
	switch {
	case c.Load == nil:
	case !p.Stable && len(c.Load.Objectives) > 0:
		out = append(out, "the load is not carried by every pool, or an objective is missed in the mean")
	case !p.Stable:
		out = append(out, "the load is not carried: a queue grows for ever")
	default:
		out = append(out, fmt.Sprintf("the load is carried; all users together get %s tok/s", units.Number(p.OutputTokS)))
	}
	for i := range p.Pools {
		q := &p.Pools[i]
		if q.Refused != "" {
			out = append(out, q.Name+" cannot run it: "+q.Refused)
		}
	}
	return out
}

// poolCosts is costHead of all that the pools weighed.
func poolCosts(c *report.Check) string { return costHead(c.Result.Plans) }

const poolTitle = "Pools: a deployment on each, and a router that shares the load"

func (t *table) pools() {
	p := t.c.Result.Pools
	if p == nil {
		return
	}
	t.title(poolTitle)
	if t.s.Width < 60 {
		t.narrowPools()
		return
	}
	costs := poolCosts(t.c)
	widths := []int{26, -8, -10, -8, -8, -10}
	row := func(cells []string) { t.row(widths, append(cells, "")) }
	heads := poolHeads(costs)
	heads[1] = "pool, and its plan"
	row(heads[1:])
	for i := range p.Pools {
		if p.Pools[i].Plan == nil {
			continue
		}
		cells := poolCells(&p.Pools[i], costs)
		cells[1] = "  " + cells[1]
		t.b.WriteString(t.s.cut(t.s.plain("  "+cells[0]), t.s.Width) + "\n")
		row(cells[1:])
	}
	together := poolsTogether(p, costs)
	together[1] = together[0]
	row(together[1:])
	t.notes(poolNotes(t.c))
}

// narrowPools writes the pools where no table has room.
func (t *table) narrowPools() {
	p := t.c.Result.Pools
	for i := range p.Pools {
		if q := &p.Pools[i]; q.Plan != nil {
			t.b.WriteString(t.s.wrap("  ", "    ", fmt.Sprintf("%s: %s of the load by %s, which carries %s requests/s", q.Name, percent(q.Share), q.Plan, units.Number(q.Plan.CapacityRequestsS))))
		}
	}
	t.b.WriteString(t.s.wrap("  ", "    ", fmt.Sprintf("all together: %s requests/s", units.Number(p.CapacityRequestsS))))
	t.notes(poolNotes(t.c))
}

func (t *table) notes(notes []string) {
	for _, n := range notes {
		t.b.WriteString(t.s.wrap("  - ", "    ", n))
	}
}

// markdownPools writes the pools.
func markdownPools(w io.Writer, c *report.Check) {
	p := c.Result.Pools
	if p == nil {
		return
	}
	costs := poolCosts(c)
	fmt.Fprintf(w, "\n%s.\n\n", poolTitle)
	markdownRow(w, poolHeads(costs))
	fmt.Fprintf(w, "|---|---|%s\n", strings.Repeat("--:|", len(poolHeads(costs))-2))
	for i := range p.Pools {
		if p.Pools[i].Plan != nil {
			markdownRow(w, poolCells(&p.Pools[i], costs))
		}
	}
	markdownRow(w, poolsTogether(p, costs))
	fmt.Fprintln(w)
	for _, n := range poolNotes(c) {
		fmt.Fprintf(w, "- %s\n", md(n))
	}
}
