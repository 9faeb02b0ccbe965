package estimator

import "github.com/plimsoll/plimsoll/estimator/cost"

// Hourly is what an hour takes: money in USD, power in kW from the grid (the
// site's share in it), emissions in kg of CO2 equivalent. Nil parts are not
// known, with the reason beside them; what does not apply is 0.
type Hourly struct {
	USD, Kilowatts, Kg       *Figure
	NoUSD, NoPower, NoCarbon string
}

// Standing is what a machine of so many devices takes in an hour in which it has
// nothing to do: its rent or, of a bought one, the part of its price that an hour
// of its life is, and its idle power.
func (t *Terms) Standing(devices int) Hourly {
	var h Hourly
	var idle *cost.Figure
	if t.Power != nil {
		idle = t.Power.Idle()
	}
	h.energy(t, idle, nil, 1)
	var hour cost.Hour
	switch {
	case t.Tenure == Owned && t.Owned != nil:
		own := *t.Owned
		own.Utilisation = 1 // every hour counts, also those without work
		hour = own.Hour(idle)
	case t.Rental != nil:
		hour = t.Rental.Hour(devices)
	}
	h.price(&hour)
	return h
}

// Busy is what an hour of work takes of a machine of so many devices that all
// spend their time as parts says; idle hours are charged to it as to any work.
func (t *Terms) Busy(devices int, parts cost.Parts) Hourly {
	var h Hourly
	var busy, idle *cost.Figure
	if t.Power != nil {
		busy, idle = t.Power.Draw(parts, 0), t.Power.Idle()
	}
	h.energy(t, busy, idle, t.Utilisation)
	var hour cost.Hour
	switch {
	case t.Tenure == Owned && t.Owned != nil:
		own := *t.Owned
		own.Idle = idle
		hour = own.Hour(busy)
	case t.Rental != nil:
		hour = t.Rental.Hour(devices)
	}
	h.price(&hour)
	return h
}

// hourUnderLoad is what an hour costs in which a load comes, in USD: every hour
// counts then, and the power is taken to be that of full work throughout.
func (t *Terms) hourUnderLoad(c *Costs) *cost.Figure {
	if t.Tenure != Owned || t.Owned == nil {
		return (*cost.Figure)(c.USDPerHour)
	}
	own := *t.Owned
	own.Utilisation = 1
	return own.Hour((*cost.Figure)(c.Watts)).Total
}

// price takes the cost of an hour, or why it is not known.
func (h *Hourly) price(hour *cost.Hour) {
	if h.USD = (*Figure)(hour.Total); h.USD == nil {
		h.NoUSD = "no price is known"
		if len(hour.Unavailable) > 0 {
			h.NoUSD = hour.Unavailable[0].Reason
		}
	}
}

// Working is what an hour takes beside, in which a part of a machine draws so
// many watts more at the wall than with nothing to do. A rented machine's power
// is in its rent.
func (t *Terms) Working(extra *Figure) Hourly {
	var h Hourly
	h.energy(t, (*cost.Figure)(extra), nil, 1)
	h.USD = &Figure{Unit: "USD/h"}
	if t.Tenure == Owned {
		own := cost.Owned{Utilisation: 1, Site: t.Site}
		var f *cost.Figure
		f, h.NoUSD = own.Running((*cost.Figure)(extra))
		h.USD = (*Figure)(f)
	}
	return h
}

// energy fills in power and emissions of so many watts at the wall, and of the
// idle hours that come with one at work.
func (h *Hourly) energy(t *Terms, watts, idle *cost.Figure, utilisation float64) {
	if watts == nil {
		h.NoPower = "the machine's power is not known"
		if t.NoPower != "" {
			h.NoPower = t.NoPower
		}
		h.NoCarbon = h.NoPower
		return
	}
	f, why := t.Site.Energy(watts, idle, utilisation)
	if f == nil {
		h.NoPower, h.NoCarbon = why, why
		return
	}
	h.Kilowatts = &Figure{Value: f.Value, Low: f.Low, High: f.High, Unit: "kW", Basis: f.Basis}
	g, why := t.Site.Emissions(f)
	if g == nil {
		h.NoCarbon = why
		return
	}
	h.Kg = (*Figure)(scaled(g, 1e-3, "kg/h"))
}

// ExtraWatts is how much more a machine draws at work than with nothing to do;
// nil where it is not known. Both err together.
func (c *Costs) ExtraWatts() *Figure {
	if c == nil || c.Watts == nil || c.WattsIdle == nil {
		return nil
	}
	a, b := c.Watts, c.WattsIdle
	f := &Figure{Value: max(a.Value-b.Value, 0), Low: max(a.Low-b.Low, 0), High: max(a.High-b.High, 0), Unit: "W", Basis: a.Basis}
	f.Low, f.High = min(f.Low, f.Value), max(f.High, f.Value)
	return f
}
