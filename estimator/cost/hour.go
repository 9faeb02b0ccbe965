package cost

import (
	"fmt"
	"math"
)

// Hours of a year of 365 days, and of a twelfth of it.
const (
	HoursPerYear  = 8760.0
	HoursPerMonth = HoursPerYear / 12
)

// Hour is what an hour of work costs, in USD. A nil part does not apply or,
// when Unavailable names it, is not known; without one of its parts there is
// no Total.
type Hour struct {
	Rent    *Figure // paid for a rented machine
	Capital *Figure // of an owned machine, by its life
	Energy  *Figure // of an owned machine, idle hours and cooling included
	Total   *Figure

	Unavailable []Unavailable
}

func (h *Hour) missing(figure, reason string) {
	h.Unavailable = append(h.Unavailable, Unavailable{figure, reason})
}

// total adds the parts up when nothing is missing.
func (h *Hour) total() Hour {
	if len(h.Unavailable) > 0 {
		h.missing("usd_per_hour", h.Unavailable[0].Reason)
		return *h
	}
	sum := Figure{Unit: "USD/h"}
	for _, part := range []*Figure{h.Rent, h.Capital, h.Energy} {
		if part != nil {
			sum = add(sum, *part)
		}
	}
	if !sum.sound() {
		h.missing("usd_per_hour", "the cost is too large to be told")
		return *h
	}
	h.Total = &sum
	return *h
}

// Rental is an offer of machine time.
type Rental struct {
	USDPerHour *Fact // of one instance
	Devices    int   // accelerators in an instance
	// Utilisation is the share of the rented hours in which the machine works;
	// 1 where it is given back when there is nothing to do.
	Utilisation float64
	Why         string // why there is no price
}

// Instances is how many instances hold so many devices.
func (r *Rental) Instances(devices int) int {
	each := max(r.Devices, 1)
	return max((devices+each-1)/each, 1)
}

// Hour is the cost of an hour of work on so many devices: whole instances,
// idle hours included.
//
//	USD/h = ⌈devices ÷ devices of an instance⌉ · price ÷ utilisation
func (r *Rental) Hour(devices int) Hour {
	var h Hour
	why := because(r.Why, "the rent", "give a price, or one in a price file", r.USDPerHour)
	if why == "" {
		why = usable(r.Utilisation)
	}
	if why != "" {
		h.missing("rent_usd_per_hour", why)
		return h.total()
	}
	f := Exact(float64(r.Instances(devices))*r.USDPerHour.Value/r.Utilisation, "USD/h", r.USDPerHour.basis("rent"))
	h.Rent = &f
	return h.total()
}

// Owned is a machine that somebody bought.
type Owned struct {
	USD           *Fact   // price of the whole machine
	Why           string  // why there is no price
	LifetimeYears float64 // over which it is written off
	ResidualShare float64 // of the price that it still fetches then, 0 to 1
	Utilisation   float64 // share of all hours in which it works
	Site          Site
	Idle          *Figure // watts at the wall with nothing to do
}

// WorkHours is how many hours a machine works in its life.
func (o *Owned) WorkHours() float64 { return o.LifetimeYears * HoursPerYear * o.Utilisation }

// Hour is the cost of an hour of work at a power of busy watts at the wall:
//
//	capital = price · (1 − residual) ÷ (years · 8760 · utilisation)
//	energy  = kWh per hour of work (Site.Energy) · price of electricity
func (o *Owned) Hour(busy *Figure) Hour {
	var h Hour
	if why := o.lacks(); why != "" {
		h.missing("capital_usd_per_hour", why)
	} else {
		f := Exact(o.USD.Value*(1-o.ResidualShare)/o.WorkHours(), "USD/h", o.USD.basis("price"))
		if !f.sound() {
			h.missing("capital_usd_per_hour", "the cost is too large to be told")
		} else {
			h.Capital = &f
		}
	}
	f, why := o.Running(busy)
	if why != "" {
		h.missing("energy_usd_per_hour", why)
	}
	h.Energy = f
	return h.total()
}

// Running is what an hour of work costs once the machine is bought, in USD:
// its energy.
func (o *Owned) Running(busy *Figure) (*Figure, string) {
	energy, why := o.Site.Energy(busy, o.Idle, o.Utilisation)
	if why != "" {
		return nil, why
	}
	e := o.Site.Electricity
	if why := because(o.Site.NoElectricity, "the price of electricity", "name a country, or give it in a price file", e); why != "" {
		return nil, why
	}
	f := energy.Times(e.Value, "USD/h")
	f.Basis = join(f.Basis, e.basis("electricity"))
	if !f.sound() {
		return nil, "the cost is too large to be told"
	}
	return &f, ""
}

// lacks says what is wrong with what capital is reckoned from.
func (o *Owned) lacks() string {
	if why := because(o.Why, "the purchase price", "give one, or one in a price file", o.USD); why != "" {
		return why
	}
	switch {
	case !(o.LifetimeYears > 0) || math.IsInf(o.LifetimeYears, 0):
		return fmt.Sprintf("the lifetime is %g years; want more than 0", o.LifetimeYears)
	case !(o.ResidualShare >= 0 && o.ResidualShare <= 1):
		return fmt.Sprintf("the residual share is %g; want 0 to 1", o.ResidualShare)
	}
	return usable(o.Utilisation)
}
