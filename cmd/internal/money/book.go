package money

import (
	"fmt"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/cost"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles"
)

// Book is open price lists and what the user said of costs. It may be used by
// several goroutines.
type Book struct {
	options Options
	prices  *profiles.Prices
	at      profiles.Date

	lifetime, utilisation, pueHome, pueCentre *cost.Fact
}

// Offer is the price that a machine's rent rests on.
type Offer struct {
	Provider   string  `json:"provider"`
	Instance   string  `json:"instance,omitempty"`
	Region     string  `json:"region,omitempty"`
	Spot       bool    `json:"spot"`
	USDPerHour float64 `json:"usd_per_hour"` // of one instance
	Devices    int     `json:"devices"`      // of one instance
	Instances  int     `json:"instances"`
	Date       string  `json:"date"` // empty: not known
	Stale      bool    `json:"stale"`
	Source     string  `json:"source"`
}

// Open reads the price lists, and the user's before them. It settles the
// month in the options at which prices are judged.
func Open(o *Options, getenv func(string) string) (*Book, error) {
	at, err := o.settle(getenv)
	if err != nil {
		return nil, err
	}
	b := &Book{options: *o, at: at, prices: profiles.PriceList()}
	if o.PriceFile != "" {
		own, err := profiles.ReadPriceFile(o.PriceFile)
		if err != nil {
			return nil, problem.Wrong(problem.BadFile, problem.OneLine(err.Error()), "--price-file", "see plimsoll schema price-file")
		}
		if b.prices = b.prices.With(own); o.OwnPrices {
			b.prices = b.prices.OwnHardware()
		}
	}
	if o.Country != "" {
		if _, err := b.prices.Electricity(o.Country); err != nil {
			return nil, problem.Wrong(problem.BadValue, problem.OneLine(err.Error()), "--country", "")
		}
	}
	for _, f := range []struct {
		to   **cost.Fact
		name string
	}{{&b.lifetime, "lifetime_years"}, {&b.utilisation, "utilisation"}, {&b.pueHome, "pue_home"}, {&b.pueCentre, "pue_datacentre"}} {
		if *f.to, err = profiles.Assumption(f.name); err != nil {
			return nil, problem.Failed(err.Error())
		}
	}
	return b, nil
}

// Prices are the lists in use.
func (b *Book) Prices() *profiles.Prices { return b.prices }

// At is the month at which prices are judged.
func (b *Book) At() profiles.Date { return b.at }

// Share is a book in which the price that the user gave for a whole machine is
// that of so much of it, 0 to 1.
func (b *Book) Share(k float64) *Book {
	part := *b
	part.options.USDPerHour *= k
	if p := b.options.PurchaseUSD; p != nil {
		usd := *p * k
		part.options.PurchaseUSD = &usd
	}
	return &part
}

// given is a fact that the user stated on the command line.
func given(v float64) *cost.Fact { return &cost.Fact{Value: v, Source: "given"} }

// Terms are what the costs of work on a machine rest on, and the offer that
// its rent is of, nil where it is not rented or none is known. An error is
// ours.
func (b *Book) Terms(m *hardware.Machine) (*estimator.Terms, *Offer, error) {
	t := &estimator.Terms{Tenure: estimator.Rented}
	power, why, err := profiles.Power(m)
	if err != nil {
		return nil, nil, problem.Failed(err.Error())
	}
	t.Power, t.NoPower = power, why
	home := profiles.AtHome(m)
	b.site(t, home)
	rental, offer := b.rental(m)
	t.Rental = rental
	t.Owned = b.owned(&t.Site, m)
	if b.options.Own {
		t.Tenure, t.Utilisation, offer = estimator.Owned, t.Owned.Utilisation, nil
		t.Assumptions = append(t.Assumptions, b.ownedAssumed()...)
		if f := t.Owned.USD; f != nil && f.Stale {
			t.Warnings = append(t.Warnings, stale("the purchase price", f))
		}
	} else {
		t.Utilisation = 1 // given back when there is nothing to do
		if f := rental.USDPerHour; f != nil && f.Stale {
			t.Warnings = append(t.Warnings, stale("the rent", f))
		}
	}
	return t, offer, nil
}

func stale(what string, f *cost.Fact) estimator.Warning {
	date := f.Date
	if date == "" {
		date = "no date"
	}
	return estimator.Warning{Code: "stale_price", Message: fmt.Sprintf("%s (%s) may be older than a year: give a newer one", what, date)}
}

// site says where the machine stands.
func (b *Book) site(t *estimator.Terms, home bool) {
	o, s := &b.options, &t.Site
	use, place := "business", o.Country
	if s.PUE = b.pueCentre; home {
		use, s.PUE = "residential", b.pueHome
	}
	if o.PUE > 0 {
		s.PUE = given(o.PUE)
	} else if s.PUE.Value != 1 {
		t.Assumptions = append(t.Assumptions, fmt.Sprintf("the site takes %g times the power of its computers (--pue)", s.PUE.Value))
	}
	if place == "" {
		place = "world"
	}
	switch {
	case o.USDPerKWh != nil:
		s.Electricity = given(*o.USDPerKWh)
	default:
		// The place was checked when the book was opened.
		s.Electricity, s.NoElectricity, _ = b.prices.ElectricityUSD(place, use, b.at)
		switch e := s.Electricity; {
		case e == nil:
		case o.Country == "":
			old := ""
			if e.Stale {
				old = " of " + e.Date + ", older than a year"
			}
			t.Assumptions = append(t.Assumptions, fmt.Sprintf("electricity costs %g USD per kWh, the world's mean %s price%s (--country, --electricity)", e.Value, use, old))
		case e.Stale:
			t.Warnings = append(t.Warnings, stale("the price of electricity", e))
		}
	}
	switch {
	case o.GramsPerKWh != nil:
		s.Carbon = given(*o.GramsPerKWh)
	case o.Country == "":
		s.NoCarbon = "the carbon intensity depends on the country (--country, --carbon)"
	default:
		if c, err := b.prices.Carbon(o.Country); err != nil {
			s.NoCarbon = problem.OneLine(err.Error())
		} else if s.Carbon = c.Grams(b.at); s.Carbon.Stale {
			t.Warnings = append(t.Warnings, stale("the carbon intensity", s.Carbon))
		}
	}
}

// owned is the machine as somebody's own.
func (b *Book) owned(site *cost.Site, m *hardware.Machine) *cost.Owned {
	o := &b.options
	own := &cost.Owned{LifetimeYears: o.LifetimeYears, ResidualShare: o.ResidualShare, Utilisation: o.Utilisation, Site: *site}
	if own.LifetimeYears == 0 {
		own.LifetimeYears = b.lifetime.Value
	}
	if own.Utilisation == 0 {
		own.Utilisation = b.utilisation.Value
	}
	if o.PurchaseUSD != nil {
		own.USD = given(*o.PurchaseUSD)
		return own
	}
	q := b.prices.Quote(m, o.Used)
	if len(q.Missing) > 0 {
		own.Why = "no price is known of " + q.Missing[0] + " (--purchase-price, --price-file)"
		return own
	}
	own.USD = q.Fact(b.at)
	return own
}

// ownedAssumed says what is assumed of owning.
func (b *Book) ownedAssumed() []string {
	var out []string
	if b.options.LifetimeYears == 0 {
		out = append(out, fmt.Sprintf("a bought machine is written off over %g years (--lifetime)", b.lifetime.Value))
	}
	if b.options.Utilisation == 0 {
		out = append(out, fmt.Sprintf("a bought machine works in %.0f%% of its hours (--utilisation)", 100*b.utilisation.Value))
	}
	return out
}

// rental is an offer to rent the machine: the user's price, or the cheapest
// that holds as many accelerators in one computer, or one that a price file
// names by its processor.
func (b *Book) rental(m *hardware.Machine) (*cost.Rental, *Offer) {
	node := m.Primary()
	if b.options.USDPerHour > 0 {
		return &cost.Rental{USDPerHour: given(b.options.USDPerHour), Devices: max(m.Devices(), 1), Utilisation: 1}, nil
	}
	devices := max(len(node.Devices), 1)
	id := node.Host.CPU.ID
	if len(node.Devices) > 0 {
		id = node.Devices[0].ID
	}
	for i := range m.Nodes {
		for _, d := range m.Nodes[i].Devices {
			if d.ID != id {
				return &cost.Rental{Utilisation: 1, Why: "its accelerators differ, and no offer is known of such a machine"}, nil
			}
		}
	}
	together := devices
	if node.Box > 0 {
		together = node.Box
	}
	best, why := b.prices.Cheapest(id, devices, together, b.options.Spot)
	if best == nil {
		return &cost.Rental{Utilisation: 1, Why: why}, nil
	}
	r := &cost.Rental{USDPerHour: best.USD(b.options.Spot, b.at), Devices: best.Devices, Utilisation: 1}
	f := r.USDPerHour
	return r, &Offer{Provider: best.Provider, Instance: best.Instance, Region: best.Region, Spot: b.options.Spot, USDPerHour: f.Value,
		Devices: best.Devices, Instances: r.Instances(devices), Date: f.Date, Stale: f.Stale, Source: f.Source}
}
