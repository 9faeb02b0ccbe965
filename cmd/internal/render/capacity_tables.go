package render

import (
	"fmt"
	"math"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
)

// capacityTables are the tables of a plan that have rows.
func capacityTables(c *report.CapacityPlan) []planSheet {
	var out []planSheet
	for _, p := range []planSheet{capacityMachines(c), capacityWorkloads(c), capacityUsers(c), capacityBudgets(c), capacityMonths(c), capacityChanges(c)} {
		if len(p.rows) > 0 {
			out = append(out, p)
		}
	}
	return out
}

// capacityMachines lists the hardware in use and what lies on it.
func capacityMachines(c *report.CapacityPlan) planSheet {
	p := planSheet{title: "Machines", heads: []string{"hardware", "on each", "machines", "devices used", "load", "kW", "USD/month"}, text: 2, ranks: []int{0, 0, 0, 3, 2, 1, 0}}
	r := &c.Result
	for i := range r.Hardware {
		h := &r.Hardware[i]
		if h.Machines == 0 {
			continue
		}
		n := units.Thousands(int64(h.Machines - h.Spare))
		if h.Spare > 0 {
			n += fmt.Sprintf(" + %d spare", h.Spare)
		}
		if h.Count != nil {
			n += fmt.Sprintf(" of %d", *h.Count)
		}
		load := "–"
		if h.Load != nil {
			load = percent(*h.Load)
		}
		devices := fmt.Sprintf("%d of %d", h.DevicesUsed, h.Devices*(h.Machines-h.Spare))
		for k := range h.Layouts {
			l := &h.Layouts[k]
			cells := []string{"", layoutText(l), "", "", "", "", ""}
			if k == 0 {
				cells = []string{h.Name, layoutText(l), n, devices, load, figureOr(h.Kilowatts), figureOr(h.USDPerMonth)}
			}
			p.rows = append(p.rows, cells)
		}
	}
	if len(p.rows) > 0 {
		t := &r.Totals
		p.rows = append(p.rows, []string{"in all", "", units.Thousands(int64(t.Machines)), "", "", figureOr(t.Kilowatts), figureOr(t.USDPerMonth)})
	}
	return p
}

// layoutText says what lies on machines: "2 x: chat (2 devices) x 4, 1 free".
func layoutText(l *report.CapacityLayout) string {
	var parts []string
	for i := 0; i < len(l.Places); {
		text := placeText(&l.Places[i])
		n := 0
		for ; i < len(l.Places) && placeText(&l.Places[i]) == text; i++ {
			n++
		}
		if n > 1 {
			text += fmt.Sprintf(" x %d", n)
		}
		parts = append(parts, text)
	}
	if l.Free > 0 {
		parts = append(parts, fmt.Sprintf("%d free", l.Free))
	}
	text := strings.Join(parts, ", ")
	if l.Machines > 1 {
		text = fmt.Sprintf("%d x: %s", l.Machines, text)
	}
	return text
}

func placeText(p *report.CapacityPlace) string {
	text := strings.Join(p.Workloads, " & ")
	if p.Devices > 1 {
		text += fmt.Sprintf(" (%d devices)", p.Devices)
	}
	return text
}

// capacityWorkloads lists the workloads with their deployments.
func capacityWorkloads(c *report.CapacityPlan) planSheet {
	p := planSheet{title: "Workloads", heads: []string{"workload", "verdict", "deployments", "peak", "carries", "room", "USD/month", "USD/M tok"}, text: 3, ranks: []int{0, 0, 0, 0, 2, 1, 3, 4}}
	for i := range c.Result.Workloads {
		w := &c.Result.Workloads[i]
		v := planWords[w.Verdict]
		var on []string
		for k := range w.Deployments {
			on = append(on, deploymentText(&w.Deployments[k]))
		}
		room := "–"
		if w.HeadRoom != nil {
			room = percent(*w.HeadRoom)
		}
		p.rows = append(p.rows, []string{w.Name, v.short, strings.Join(on, "; "), amountText(w.LoadPeak, w.Unit), carriesText(w), room, figureOr(w.USDPerMonth), figureOr(w.USDPerM)})
		p.colors = append(p.colors, []string{"", v.color, "", "", "", "", "", ""})
	}
	return p
}

// deploymentText says how a workload is deployed: "4 x h100-box tp 2".
func deploymentText(d *report.CapacityDeployment) string {
	text := fmt.Sprintf("%d x %s", d.Count, d.Hardware)
	for _, part := range []struct {
		name string
		n    int
	}{{"tp", d.TP}, {"pp", d.PP}, {"dp", d.DP}, {"ep", d.EP}, {"slots", d.Slots}} {
		if part.n > 1 {
			text += fmt.Sprintf(" %s %d", part.name, part.n)
		}
	}
	if d.Shared {
		text += " shared"
	}
	return text
}

// capacityUsers says what users of each deployment see at the peak.
func capacityUsers(c *report.CapacityPlan) planSheet {
	p := planSheet{title: "What users see at the peak", heads: []string{"workload", "each on", "load", "TTFT ms", "p95", "TPOT ms", "p95", "limited by"}, text: 2, ranks: []int{0, 0, 5, 3, 1, 4, 2, 0}}
	if !c.Inputs.Simulate {
		p.heads = []string{"workload", "each on", "load", "TTFT ms", "TPOT ms", "limited by"}
	}
	for i := range c.Result.Workloads {
		w := &c.Result.Workloads[i]
		for k := range w.Deployments {
			d := &w.Deployments[k]
			on := fmt.Sprintf("%d of %s", d.Devices, d.Hardware)
			cells := []string{w.Name, on, amountText(d.Load, w.Unit)}
			switch u := d.UnderLoad; {
			case u != nil && c.Inputs.Simulate:
				cells = append(cells, known(u.TTFTMs.Mean.Value), known(u.TTFTMs.P95.Value), known(u.TPOTMs.Mean.Value), known(u.TPOTMs.P95.Value))
			case c.Inputs.Simulate:
				cells = append(cells, known(d.TTFTMs.Value), "–", known(d.TPOTMs.Value), "–")
			default:
				cells = append(cells, known(d.TTFTMs.Value), known(d.TPOTMs.Value))
			}
			p.rows = append(p.rows, append(cells, strings.ReplaceAll(w.Binding, "_", " ")))
		}
	}
	return p
}

// budgetNames say limits in words.
var budgetNames = map[string]string{"usd_per_month": "USD in a month", "kw": "kW from the grid", "kwh_per_month": "kWh in a month", "kg_co2e_per_month": "kg CO2e in a month", "machines": "machines"}

// amountText writes a load: users are whole, but for their share of a deployment.
func amountText(v float64, unit string) string {
	if unit != "users" {
		return units.Number(v) + "/s"
	}
	if v == math.Trunc(v) {
		return things(int(v), "user")
	}
	return units.Number(v) + " users"
}

func carriesText(w *report.CapacityWorkload) string {
	if f := w.Carries; f != nil && w.Unit == "users" && f.Low == f.High {
		return units.Thousands(int64(f.Value))
	}
	return rangeOr(w.Carries)
}

func plannedText(b *report.CapacityBudget) string {
	if b.Name == "machines" && b.Figure != nil {
		return countOr(b, b.Figure.Value)
	}
	return rangeOr(b.Figure)
}

// countOr writes a limit; machines are whole.
func countOr(b *report.CapacityBudget, v float64) string {
	if b.Name == "machines" {
		return units.Thousands(int64(v))
	}
	return units.Number(v)
}

func capacityBudgets(c *report.CapacityPlan) planSheet {
	p := planSheet{title: "Limits", heads: []string{"limit", "outcome", "at most", "planned"}, text: 2}
	for i := range c.Result.Budgets {
		b := &c.Result.Budgets[i]
		o := caseWords[b.Outcome]
		p.rows = append(p.rows, []string{budgetNames[b.Name], o.word, countOr(b, b.Limit), plannedText(b)})
		p.colors = append(p.colors, []string{"", o.color, "", ""})
	}
	return p
}

// capacityMonths lists the months in which something changes, and the last.
func capacityMonths(c *report.CapacityPlan) planSheet {
	p := planSheet{title: "Months ahead", heads: []string{"month", "traffic", "machines", "USD/month"}}
	months := c.Result.Months
	for i := range months {
		m := &months[i]
		if i > 0 && i < len(months)-1 && m.Machines == months[i-1].Machines && m.Carried == months[i-1].Carried && figureOr(m.USD) == figureOr(months[i-1].USD) {
			continue
		}
		n := units.Thousands(int64(m.Machines))
		if !m.Carried {
			n = "not carried"
		}
		p.rows = append(p.rows, []string{fmt.Sprint(m.Month), percent(m.Demand), n, figureOr(m.USD)})
	}
	if len(months) < 2 {
		p.rows = nil
	}
	return p
}

// capacityChanges lists what changes would do.
func capacityChanges(c *report.CapacityPlan) planSheet {
	unit := map[string]string{"usd_per_month": "USD/month", "kwh_per_month": "kWh/month", "kg_co2e_per_month": "kg/month", "machines": "machines"}[c.Result.Method.Goal]
	p := planSheet{title: "What would change it (each solved again, in closed form)", heads: []string{"change", "verdict", "machines", unit, "difference"}, text: 2, ranks: []int{0, 0, 1, 2, 0}}
	for i := range c.Result.Changes {
		ch := &c.Result.Changes[i]
		if c.Result.Verdict == report.DoesNotHold && ch.Verdict == report.DoesNotHold {
			continue // as without it
		}
		v := planWords[ch.Verdict]
		cells := []string{ch.Change, v.short, "–", "–", "–"}
		if ch.Machines != nil {
			cells[2] = units.Thousands(int64(*ch.Machines))
		}
		if ch.Goal != nil {
			cells[3] = units.Number(*ch.Goal)
		}
		if d := ch.Difference; d != nil {
			switch {
			case *d > 0:
				cells[4] = "+" + units.Number(*d)
			case *d == 0:
				cells[4] = "none"
			default:
				cells[4] = units.Number(*d)
			}
		}
		p.rows = append(p.rows, cells)
		p.colors = append(p.colors, []string{"", v.color, "", "", ""})
	}
	if c.Result.Method.Goal == "machines" {
		p.drop(3) // the same again
	}
	return p
}
