package capacity

import (
	"math"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator"
	assign "github.com/plimsoll/plimsoll/estimator/capacity"
	"github.com/plimsoll/plimsoll/estimator/cost"
)

// attribute gives a workload its part of the machines: by the devices that its
// deployments have, of shared ones by what they take most of.
func (p *planner) attribute(d *decided, w *workload, row *report.CapacityWorkload) {
	onKind := map[*kind]float64{}
	size := func(u *used) float64 {
		v := float64(u.n * u.option.o.devices)
		if s := u.option.slice; s != nil {
			v *= math.Max(s.Memory, s.Busy/p.utilisation)
		}
		return v
	}
	parts := d.parts()
	for i := range parts {
		onKind[parts[i].option.o.k] += size(&parts[i])
	}
	var usd, kwh, kg estimator.Figure
	usd.Unit, kwh.Unit, kg.Unit = "USD/month", "kWh/month", "kg/month"
	known := [3]bool{len(row.Deployments) > 0, len(row.Deployments) > 0, len(row.Deployments) > 0}
	tokens := 0.0
	for i := range parts {
		u := &parts[i]
		if u.w != w {
			continue
		}
		k := u.option.o.k
		share := 0.0
		if all := onKind[k]; all > 0 {
			share = size(u) / all * float64(d.solution.Machines[k.index])
		}
		h := p.working(u)
		busy := float64(u.n) * p.busy(u.option.o, u.each)
		for j, f := range []struct {
			sum              *estimator.Figure
			standing, extras *estimator.Figure
		}{{&usd, k.standing.USD, h.USD}, {&kwh, k.standing.Kilowatts, h.Kilowatts}, {&kg, k.standing.Kg, h.Kg}} {
			if f.standing == nil || f.extras == nil && j > 0 {
				known[j] = false
				continue
			}
			plus(f.sum, f.standing, share*cost.HoursPerMonth)
			if f.extras != nil {
				plus(f.sum, f.extras, busy*cost.HoursPerMonth)
			}
		}
		if at, err := u.option.o.replica.At(&w.load, u.each*w.average, u.slowdown()); err == nil {
			tokens += float64(u.n) * at.OutputTokS.Value * 3600 * cost.HoursPerMonth
		}
	}
	if known[0] {
		row.USDPerMonth = report.Tidy(&usd)
		if tokens > 0 && w.in.Traffic.Output != "0" {
			per := estimator.Figure{Unit: "USD/M tok", Basis: usd.Basis}
			plus(&per, &usd, 1e6/tokens)
			row.USDPerM = report.Tidy(&per)
		}
	}
	if known[1] {
		row.KWhPerMonth = report.Tidy(&kwh)
	}
	if known[2] {
		row.KgPerMonth = report.Tidy(&kg)
	}
}

// hardwareRows describes every kind of machine.
func (p *planner) hardwareRows(doc *report.CapacityPlan, d *decided) {
	layouts := map[int][]report.CapacityLayout{}
	used := map[int]int{}
	for _, l := range d.solution.Layouts(d.problem) {
		out := report.CapacityLayout{Machines: l.Count, Free: l.Free, Places: []report.CapacityPlace{}}
		for _, pl := range l.Places {
			place := report.CapacityPlace{Devices: pl.Devices, Workloads: []string{}, MemoryShare: report.Significant(pl.Memory), BusyShare: report.Significant(pl.Busy)}
			for _, m := range pl.Members {
				place.Workloads = append(place.Workloads, d.workloads[m.Workload].in.Name)
			}
			out.Places = append(out.Places, place)
			used[l.Kind] += l.Count * pl.Devices
		}
		layouts[l.Kind] = append(layouts[l.Kind], out)
	}
	loads, devices := map[*kind]float64{}, map[*kind]float64{}
	peak := map[*kind]*estimator.Figure{}
	for _, u := range d.parts() {
		k := u.option.o.k
		n := float64(u.n * u.option.o.devices)
		devices[k] += n
		if most := u.option.o.carries(d.end); most > 0 {
			loads[k] += n * u.each / most
		}
		if h := p.working(&u); h.Kilowatts != nil {
			if peak[k] == nil {
				peak[k] = &estimator.Figure{Unit: "kW"}
			}
			plus(peak[k], h.Kilowatts, float64(u.n))
		}
	}
	for i, k := range p.kinds {
		n := d.solution.Machines[i]
		row := report.CapacityHardware{Name: k.in.Name, Line: p.plan.Line(k.key), Machine: report.MachineOf(k.machine), Count: k.in.Count, Machines: n, Spare: d.solution.Spare[i],
			Devices: k.devices, DevicesUsed: used[i], USDPerHour: report.Tidy(k.standing.USD), Offer: k.offer, Layouts: orEmpty(layouts[i]), Refused: k.refused}
		if devices[k] > 0 {
			v := report.Significant(loads[k] / devices[k])
			row.Load = &v
		}
		if n > 0 {
			if f := k.standing.USD; f != nil {
				sum := estimator.Figure{Unit: "USD/month"}
				plus(&sum, f, float64(n)*cost.HoursPerMonth)
				row.USDPerMonth = report.Tidy(&sum)
			}
			if f := k.standing.Kilowatts; f != nil && peak[k] != nil {
				sum := *peak[k]
				plus(&sum, f, float64(n))
				row.Kilowatts = report.Tidy(&sum)
			}
		}
		doc.Result.Hardware = append(doc.Result.Hardware, row)
	}
}

// totals sums everything up, and judges the budgets.
func (p *planner) totals(doc *report.CapacityPlan, d *decided) {
	t := &doc.Result.Totals
	t.Machines = machines(d.solution)
	for _, n := range d.solution.Spare {
		t.Spare += n
	}
	lacks := func(name, why string) {
		doc.Unavailable = append(doc.Unavailable, estimator.Unavailable{Figure: name, Reason: why})
	}
	kw := estimator.Figure{Unit: "kW"}
	kwh, kg := estimator.Figure{Unit: "kWh/month"}, estimator.Figure{Unit: "kg/month"}
	noPower, noCarbon, noPrice := "", "", ""
	for i, n := range d.solution.Machines {
		if n == 0 {
			continue
		}
		h := &p.kinds[i].standing
		if h.USD == nil && noPrice == "" {
			noPrice = p.kinds[i].in.Name + ": " + h.NoUSD
		}
		if h.Kilowatts == nil && noPower == "" {
			noPower = p.kinds[i].in.Name + ": " + h.NoPower
		}
		if h.Kg == nil && noCarbon == "" {
			noCarbon = h.NoCarbon
		}
		for _, f := range []struct{ sum, of *estimator.Figure }{{&kw, h.Kilowatts}, {&kwh, h.Kilowatts}, {&kg, h.Kg}} {
			if f.of != nil {
				times := float64(n)
				if f.sum != &kw {
					times *= cost.HoursPerMonth
				}
				plus(f.sum, f.of, times)
			}
		}
	}
	for _, u := range d.parts() {
		h := p.working(&u)
		if h.Kilowatts == nil {
			if noPower == "" {
				noPower = u.w.in.Name + ": the power at work is not known"
			}
			continue
		}
		busy := float64(u.n) * cost.HoursPerMonth * p.busy(u.option.o, u.each)
		plus(&kw, h.Kilowatts, float64(u.n))
		plus(&kwh, h.Kilowatts, busy)
		if h.Kg != nil {
			plus(&kg, h.Kg, busy)
		}
	}
	if noCarbon == "" {
		noCarbon = noPower
	}
	if t.USDPerMonth = report.Tidy(p.money(d.answer)); noPrice != "" {
		t.USDPerMonth = nil
		lacks("usd_per_month", noPrice)
	}
	if t.Kilowatts, t.KWhPerMonth = report.Tidy(&kw), report.Tidy(&kwh); noPower != "" {
		t.Kilowatts, t.KWhPerMonth = nil, nil
		lacks("kw", noPower)
		lacks("kwh_per_month", noPower)
	}
	if t.KgPerMonth = report.Tidy(&kg); noCarbon != "" {
		t.KgPerMonth = nil
		lacks("kg_co2e_per_month", noCarbon)
	}
	n := estimator.Figure{Value: float64(t.Machines), Low: float64(t.Machines), High: float64(t.Machines), Unit: "machines", Basis: "exact"}
	doc.Result.Budgets = []report.CapacityBudget{}
	for r, f := range map[assign.Resource]*estimator.Figure{assign.USD: t.USDPerMonth, assign.Kilowatts: t.Kilowatts, assign.KWh: t.KWhPerMonth, assign.KgCO2e: t.KgPerMonth, assign.Machines: &n} {
		if limit := p.limits[r]; limit >= 0 {
			b := report.CapacityBudget{Name: r.String(), Limit: limit, Figure: f, Line: p.plan.Line("budget." + r.String())}
			switch {
			case f == nil:
				b.Outcome = report.Error
			case f.High <= limit*(1+1e-6)+1e-6:
				b.Outcome = report.Pass
			case f.Low <= limit:
				b.Outcome = report.Unsure
			default:
				b.Outcome = report.Fail
			}
			doc.Result.Budgets = append(doc.Result.Budgets, b)
		}
	}
	slices.SortFunc(doc.Result.Budgets, func(a, b report.CapacityBudget) int { return strings.Compare(a.Name, b.Name) })
}

// overMonths sums up what the months ahead cost; nil where one of them does not.
func overMonths(months []report.CapacityMonth) *estimator.Figure {
	sum := estimator.Figure{Unit: "USD"}
	for _, m := range months[1:] {
		if m.USD == nil {
			return nil
		}
		plus(&sum, m.USD, 1)
	}
	return report.Tidy(&sum)
}
