package cost

import "fmt"

// Payback is when buying becomes cheaper than renting, or than paying
// somebody by the token.
type Payback struct {
	Amount *Figure // hours of work, or million tokens: what both prices are per
	Months *Figure // calendar months, where the amount is hours
	// InLife tells whether that is before the machine is written off, at the
	// high end too.
	InLife bool

	Unavailable []Unavailable
}

// BreakEven finds the amount at which
//
//	upfront + running · amount = rent · amount
//
// rent and running are per the same work; running is what the bought machine
// costs once it is bought. unit is that of the amount.
func BreakEven(upfront *Fact, running, rent *Figure, unit string) (*Figure, string) {
	if why := upfront.known("the purchase price", "give one, or one in a price file"); why != "" {
		return nil, why
	}
	if !running.sound() || !rent.sound() {
		return nil, "what both ways cost is not known"
	}
	saved, least := rent.Value-running.Value, rent.Low-running.High
	switch {
	case saved <= 0:
		return nil, fmt.Sprintf("it never pays: running costs %.3g %s, renting %.3g", running.Value, running.Unit, rent.Value)
	case least <= 0:
		return nil, fmt.Sprintf("it pays after about %.3g %s at the central values, but perhaps never: running may cost as much as renting", upfront.Value/saved, unit)
	}
	f := Figure{
		Value: upfront.Value / saved, Low: upfront.Value / (rent.High - running.Low), High: upfront.Value / least,
		Unit: unit, Basis: join(join(upfront.basis("price"), rent.Basis), running.Basis),
	}
	if !f.sound() {
		return nil, "the amount is too large to be told"
	}
	return &f, ""
}

// Against compares owning a machine with renting one. rent is the cost of the
// rented hours that do the work of one hour of the owned machine (Rental.Hour
// times how much faster the owned one is); busy is the owned machine's power
// at work, in watts at the wall.
func (o *Owned) Against(rent, busy *Figure) Payback {
	var p Payback
	running, why := o.Running(busy)
	if why == "" {
		p.Amount, why = BreakEven(o.USD, running, rent, "h of work")
	}
	if why == "" {
		why = usable(o.Utilisation)
	}
	if why != "" {
		p.Amount = nil
		p.Unavailable = []Unavailable{{"break_even_hours", why}, {"break_even_months", why}}
		return p
	}
	months := p.Amount.Times(1/(o.Utilisation*HoursPerMonth), "months")
	p.Months = &months
	p.InLife = p.Amount.High <= o.WorkHours()
	return p
}
