package cost_test

import (
	"testing"

	"github.com/plimsoll/plimsoll/estimator/cost"
)

// The LLaMA paper (arXiv 2302.13971, table 15) gives the energy and carbon of
// training by GPU-hours at 400 W, a PUE of 1.1 and 0.385 kg of CO2e per kWh,
// printed in whole MWh and tonnes: the formula of Site, within their rounding.
func TestEnergyOfLLaMA(t *testing.T) {
	site := cost.Site{PUE: fact(1.1), Carbon: fact(385)}
	for _, c := range []struct {
		model             string
		hours, mwh, tCO2e float64
	}{
		{"OPT-175B", 809472, 356, 137},
		{"BLOOM-175B", 1082880, 475, 183},
		{"LLaMA-7B", 82432, 36, 14},
		{"LLaMA-13B", 135168, 59, 23},
		{"LLaMA-33B", 530432, 233, 90},
		{"LLaMA-65B", 1022362, 449, 173},
	} {
		energy, why := site.Energy(exact(400, "W"), nil, 1)
		if why != "" {
			t.Fatal(why)
		}
		carbon, why := site.Emissions(energy)
		if why != "" {
			t.Fatal(why)
		}
		if got := energy.Value * c.hours / 1e3; !near(got, c.mwh, 0.01) {
			t.Errorf("%s: %.1f MWh, published %g", c.model, got, c.mwh)
		}
		if got := carbon.Value * c.hours / 1e6; !near(got, c.tCO2e, 0.01) {
			t.Errorf("%s: %.1f t, published %g", c.model, got, c.tCO2e)
		}
	}
}

// DeepSeek's account of a day of serving V3 and R1 (Open Infra, day six,
// 2025-03-01, as generally published): 226.75 nodes of eight H800 at 2 USD per
// device and hour, 87,072 USD for 608 billion prompt and 168 billion generated
// tokens.
func TestDayOfDeepSeek(t *testing.T) {
	r := cost.Rental{USDPerHour: fact(2), Devices: 1, Utilisation: 1}
	h := r.Hour(1814) // 226.75 x 8
	if h.Total == nil || !near(h.Total.Value*24, 87072, 1e-9) {
		t.Fatalf("a day costs %+v", h.Total)
	}
	s := cost.Spend(cost.Flow{Input: h.Total, Output: h.Total},
		cost.Work{InputTokens: 608e9, OutputTokens: 168e9, Requests: exact(1/86400.0, "days/s")})
	if s.Request == nil || !near(s.Request.Value, 87072, 1e-9) || !near(s.PerMOutputAll.Value, 0.518, 0.001) || !near(s.PerMTotal.Value, 0.1122, 0.001) {
		t.Errorf("%+v", s)
	}
}
