package cost

import "fmt"

// Site is where a machine stands.
type Site struct {
	// PUE is power usage effectiveness: all power of the building by that of
	// its computers. Nil counts as 1, at home.
	PUE *Fact
	// Electricity is the price in USD per kWh, Carbon the intensity in grams
	// of CO2 equivalent per kWh; nil where not known, with the reason beside it.
	Electricity, Carbon     *Fact
	NoElectricity, NoCarbon string
}

// because prefers the reason of whoever looked a fact up.
func because(why, what, remedy string, f *Fact) string {
	reason := f.known(what, remedy)
	if f == nil && why != "" {
		return why
	}
	return reason
}

// Energy is what a machine takes from the grid per hour of work, in kWh:
//
//	(busy + idle · (1 − utilisation) ÷ utilisation) · PUE ÷ 1000
//
// busy and idle are watts at the wall; idle may be nil only at a utilisation
// of 1. The reason is empty when there is a figure.
func (s *Site) Energy(busy, idle *Figure, utilisation float64) (*Figure, string) {
	if why := usable(utilisation); why != "" {
		return nil, why
	}
	if !busy.sound() {
		return nil, "the machine's power is not known; give tdp_w in a profile file"
	}
	f := *busy
	if utilisation < 1 {
		if !idle.sound() {
			return nil, "the machine's idle power is not known; give tdp_w in a profile file, or a utilisation of 1"
		}
		f = add(f, idle.Times((1-utilisation)/utilisation, "W"))
	}
	pue := 1.0
	if s.PUE != nil {
		if why := s.PUE.known("PUE", "give one"); why != "" {
			return nil, why
		}
		if s.PUE.Value < 1 {
			return nil, fmt.Sprintf("PUE is %g; want 1 or more", s.PUE.Value)
		}
		pue = s.PUE.Value
		if s.PUE.Assumed {
			f.Basis = join(f.Basis, s.PUE.basis("PUE"))
		}
	}
	f = f.Times(pue/1000, "kWh/h")
	if !f.sound() {
		return nil, "the energy is too large to be told"
	}
	return &f, ""
}

// Emissions turns energy into carbon, in grams of CO2 equivalent per whatever
// the energy is per ("kWh/h" gives "gCO2e/h").
func (s *Site) Emissions(energy *Figure) (*Figure, string) {
	if why := because(s.NoCarbon, "the carbon intensity", "name a country, or give it in a price file", s.Carbon); why != "" {
		return nil, why
	}
	if !energy.sound() {
		return nil, "the energy is not known"
	}
	f := energy.Times(s.Carbon.Value, "gCO2e"+tail(energy.Unit))
	f.Basis = join(f.Basis, s.Carbon.basis("carbon intensity"))
	if !f.sound() {
		return nil, "the emissions are too large to be told"
	}
	return &f, ""
}

func usable(utilisation float64) string {
	if utilisation > 0 && utilisation <= 1 {
		return ""
	}
	return fmt.Sprintf("utilisation is %g; want more than 0 and at most 1", utilisation)
}
