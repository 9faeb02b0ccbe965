package cost

import (
	"fmt"
	"strconv"
	"strings"
)

// Derivation shows how a figure came about: the formula with its numbers put
// in, the facts in it and where they came from. It has the shape of
// estimator.Derivation.
type Derivation struct {
	Figure  string `json:"figure"`
	Formula string `json:"formula"`
	Facts   string `json:"facts,omitempty"`
	Source  string `json:"source,omitempty"`
}

// Explain derives the cost of an hour on so many devices; nothing where it is
// not known.
func (r *Rental) Explain(devices int) []Derivation {
	h := r.Hour(devices)
	if h.Rent == nil {
		return nil
	}
	return []Derivation{{
		Figure: "rent_usd_per_hour",
		Formula: fmt.Sprintf("%d instances x %s USD/h / utilisation %s = %s USD per hour of work",
			r.Instances(devices), num(r.USDPerHour.Value), num(r.Utilisation), num(h.Rent.Value)),
		Facts: r.USDPerHour.basis("rent"), Source: r.USDPerHour.Source,
	}}
}

// Explain derives the cost of an hour of an owned machine at a power of busy
// watts, part by part; a part that is not known has none.
func (o *Owned) Explain(busy *Figure) []Derivation {
	h := o.Hour(busy)
	var list []Derivation
	if h.Capital != nil {
		list = append(list, Derivation{
			Figure: "capital_usd_per_hour",
			Formula: fmt.Sprintf("%s USD x (1 - %s) / (%s years x %s h x utilisation %s) = %s USD per hour of work",
				num(o.USD.Value), num(o.ResidualShare), num(o.LifetimeYears), num(HoursPerYear), num(o.Utilisation), num(h.Capital.Value)),
			Facts: o.USD.basis("price"), Source: o.USD.Source,
		})
	}
	if h.Energy != nil {
		list = append(list, o.Site.explain(busy, o.Idle, o.Utilisation)...)
		e := o.Site.Electricity
		energy, _ := o.Site.Energy(busy, o.Idle, o.Utilisation)
		list = append(list, Derivation{
			Figure:  "energy_usd_per_hour",
			Formula: fmt.Sprintf("%s kWh x %s USD/kWh = %s USD per hour of work", num(energy.Value), num(e.Value), num(h.Energy.Value)),
			Facts:   e.basis("electricity"), Source: e.Source,
		})
	}
	return list
}

// explain derives the energy of an hour of work.
func (s *Site) explain(busy, idle *Figure, utilisation float64) []Derivation {
	energy, why := s.Energy(busy, idle, utilisation)
	if why != "" {
		return nil
	}
	power := num(busy.Value) + " W"
	if utilisation < 1 {
		power = fmt.Sprintf("(%s + %s idle x (1 - %[3]s) / %[3]s) W", power, num(idle.Value), num(utilisation))
	}
	d := Derivation{Figure: "kwh_per_hour", Facts: busy.Basis}
	pue := 1.0
	if s.PUE != nil {
		pue, d.Source = s.PUE.Value, s.PUE.Source
	}
	d.Formula = fmt.Sprintf("%s x PUE %s / 1000 = %s kWh per hour of work (%s to %s)",
		power, num(pue), num(energy.Value), num(energy.Low), num(energy.High))
	return []Derivation{d}
}

// Explain derives what was spent from the flow and the work it was divided over.
func (s *Spent) Explain(f Flow, w Work) []Derivation {
	t := w.times()
	var list []Derivation
	line := func(name string, figure, flow, time *Figure, tokens float64, basis string) {
		if figure == nil || flow == nil || time == nil {
			return
		}
		list = append(list, Derivation{Figure: name, Facts: basis,
			Formula: fmt.Sprintf("%s %s x %s s / 3600 / %s tokens x 10^6 = %s %s",
				num(flow.Value), flow.Unit, num(time.Value), num(tokens), num(figure.Value), figure.Unit)})
	}
	line(perMInput, s.PerMInput, f.Input, t.in, w.InputTokens, basisOf(w.Prefill))
	line(perMOutput, s.PerMOutput, f.Output, t.out, w.OutputTokens, basisOf(w.Output))
	if s.Request == nil {
		return list
	}
	var terms []string
	if t.why != "" {
		terms = []string{fmt.Sprintf("%s %s x %s s / 3600", num(f.Output.Value), f.Output.Unit, num(t.whole.Value))}
	}
	if s.PerMInput != nil {
		terms = append(terms, fmt.Sprintf("%s input tokens x %s / 10^6", num(w.InputTokens), num(s.PerMInput.Value)))
	}
	if s.PerMOutput != nil {
		terms = append(terms, fmt.Sprintf("%s output tokens x %s / 10^6", num(w.OutputTokens), num(s.PerMOutput.Value)))
	}
	formula := fmt.Sprintf("%s = %s %s", strings.Join(terms, " + "), num(s.Request.Value), s.Request.Unit)
	return append(list, Derivation{Figure: perRequest, Formula: formula, Facts: basisOf(w.Requests)})
}

func basisOf(f *Figure) string {
	if f == nil {
		return ""
	}
	return f.Basis
}

// Explain derives the power of a phase, unit by unit.
func (p *Power) Explain(t Parts, working float64) []Derivation {
	total := t.total()
	if total <= 0 {
		return nil
	}
	at := p.at(working)
	devices := len(p.Devices) > 0
	var list []Derivation
	line := func(name string, u *Unit, states [NumStates]float64, at float64) {
		var terms []string
		for s, seconds := range states {
			if share := seconds / total; share >= 0.005 {
				terms = append(terms, fmt.Sprintf("%s W %s x %.0f%%", num(u.Watts[s].Value), State(s), 100*share))
			}
		}
		formula := fmt.Sprintf("%g x (%s)", u.count(), strings.Join(terms, " + "))
		if at < 1 {
			formula += fmt.Sprintf(", %.0f%% of them at a time, the others waiting at %s W", 100*at, num(u.Watts[Waiting].Value))
		}
		switch s := p.supply(); {
		case u.Whole:
			formula += ", at the wall"
		case s.Value < 1:
			formula += fmt.Sprintf(", / %s for the power supply", num(s.Value))
		}
		list = append(list, Derivation{Figure: name, Formula: formula, Source: u.Source})
	}
	for i := range p.Devices {
		line("device_watts", &p.Devices[i], t.device(p.Devices[i].Whole), at)
	}
	for i := range p.Hosts {
		line("host_watts", &p.Hosts[i], t.host(devices), 1)
	}
	return list
}

// num writes a number with four digits that count, without an exponent where
// people can read it.
func num(x float64) string {
	if x != 0 && (x < 1e-4 || x >= 1e7) {
		return strconv.FormatFloat(x, 'g', 4, 64)
	}
	if x >= 1000 {
		return strconv.FormatFloat(x, 'g', 7, 64)
	}
	return strconv.FormatFloat(x, 'g', 4, 64)
}
