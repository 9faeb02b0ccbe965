package profiles

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/cost"
)

// Of a card on a small board the power supply's losses and the board are
// taken off; what a driver read is taken as it is.
const (
	boardSupply = 0.90
	boardWatts  = 6
)

type powerReading struct {
	device, scope, notes string
	state                cost.State
	watts, wall          float64
}

func readings(t *testing.T) []powerReading {
	t.Helper()
	var list []powerReading
	for r := range readingsTable.rows() {
		state, ok := cost.ParseState(r.text("state"))
		p := powerReading{r.text("device"), r.text("scope"), r.text("notes"), state, r.number("watts"), r.number("wall_w")}
		if err := r.fault(); err != nil || !ok {
			t.Fatal(r.fields, err)
		}
		list = append(list, p)
	}
	return list
}

func percentile(sorted []float64, p float64) float64 {
	x := p * float64(len(sorted)-1)
	i := int(x)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (x-float64(i))*(sorted[i+1]-sorted[i])
}

func TestPowerReadings(t *testing.T) {
	for _, r := range readings(t) {
		_, device := accelerators.find(r.device)
		_, cpu := cpus.find(r.device)
		if !device && !cpu {
			t.Errorf("%s is in no catalogue", r.device)
		}
		switch want := math.Round((r.wall*boardSupply-boardWatts)*10) / 10; {
		case r.scope == "card" && r.wall > 0 && math.Abs(r.watts-want) > 0.11:
			t.Errorf("%s: %g W of %g at the wall, want %g", r.device, r.watts, r.wall, want)
		case r.scope == "card" && r.wall == 0 && r.notes != "read by the driver":
			t.Errorf("%s: who read %g W?", r.device, r.watts)
		case (r.scope == "pc" || r.scope == "machine" && r.notes == "") && r.watts != r.wall:
			t.Errorf("%s: %g W of a whole computer, %g at its wall", r.device, r.watts, r.wall)
		}
	}
}

// Shares that are marked measured are what the readings give: the median over
// devices of each device's median, and the 10th and 90th percentile (which of
// two machines says too little: there the table is wider).
func TestMeasuredSharesAreTheReadings(t *testing.T) {
	facts, err := powerOnce()
	if err != nil {
		t.Fatal(err)
	}
	byDevice := map[string]map[string][]float64{} // class and state, device
	for _, r := range readings(t) {
		if r.scope == "pc" {
			continue
		}
		tdp, class := 0.0, "cpu"
		if a, ok := accelerators.find(r.device); ok {
			tdp, class = a.number("tdp_w"), "gpu"
			switch {
			case r.scope == "machine":
				class = "soc"
			case strings.HasPrefix(a.text("memory_type"), "HBM"):
				class = "hbm"
			}
		}
		if tdp == 0 {
			continue
		}
		key := fmt.Sprint(class, " ", r.state)
		if byDevice[key] == nil {
			byDevice[key] = map[string][]float64{}
		}
		byDevice[key][r.device] = append(byDevice[key][r.device], r.watts/tdp)
	}
	checked := 0
	for class, levels := range facts.levels {
		for s := range levels {
			l := levels[s]
			if !l.Measured || strings.HasPrefix(class, "host_") {
				continue
			}
			checked++
			var medians []float64
			for _, list := range byDevice[fmt.Sprint(class, " ", cost.State(s))] {
				slices.Sort(list)
				medians = append(medians, percentile(list, 0.5))
			}
			slices.Sort(medians)
			if len(medians) < 2 {
				t.Errorf("%s %v: measured on %d devices", class, cost.State(s), len(medians))
				continue
			}
			low, mid, high := percentile(medians, 0.1), percentile(medians, 0.5), percentile(medians, 0.9)
			t.Logf("%s %v: %.3f (%.3f to %.3f) of %d devices; the table has %g (%g to %g)", class, cost.State(s), mid, low, high, len(medians), l.Value, l.Low, l.High)
			const slack = 0.006
			if math.Abs(l.Value-mid) > slack || l.Low > low+slack || l.High < high-slack {
				t.Errorf("%s %v: the table has %g (%g to %g), the readings %.3f (%.3f to %.3f)", class, cost.State(s), l.Value, l.Low, l.High, mid, low, high)
			}
			if len(medians) > 2 && (math.Abs(l.Low-low) > slack || math.Abs(l.High-high) > slack) {
				t.Errorf("%s %v: the table's interval %g to %g is not that of the readings, %.3f to %.3f", class, cost.State(s), l.Low, l.High, low, high)
			}
		}
	}
	if checked != 4 {
		t.Errorf("%d measured shares, want 4", checked)
	}
}

// A desktop PC with a card at its wall: predicted from the card's readings on
// a small board, and as if no such card had been read, from its TDP. The table's
// host and spread come from the same PC, so the first says that they are
// reckoned as the table says; the second is a check of the shares of TDP.
func TestPowerOfPCs(t *testing.T) {
	facts, err := powerOnce()
	if err != nil {
		t.Fatal(err)
	}
	type tally struct {
		inside int
		off    []float64
	}
	var read, unread tally
	var spread []float64
	for _, r := range readings(t) {
		if r.scope != "pc" {
			continue
		}
		m, err := Machine(r.device, MachineOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []*tally{&read, &unread} {
			if c == &unread {
				d := *m.Nodes[0].Devices[0]
				d.ID = "never read"
				if m.Nodes[0].Devices[0] = &d; d.TDPWatts == 0 {
					continue
				}
			}
			p, why, err := Power(m)
			if err != nil || why != "" {
				t.Fatal(r.device, why, err)
			}
			f := p.Draw(cost.Parts{Bandwidth: 1}, 0)
			if f.Low <= r.wall && r.wall <= f.High {
				c.inside++
			}
			c.off = append(c.off, math.Abs(f.Value/r.wall-1))
			t.Logf("%-26s %5.0f W read, %5.0f (%.0f to %.0f) estimated, %s", r.device, r.wall, f.Value, f.Low, f.High, f.Basis)
		}
		if own, k := reading(r.device, scopeCard, cost.Bandwidth); k > 0 {
			host := facts.levels["host_desktop"][cost.Driving].Value
			spread = append(spread, (r.wall*facts.supply.Value-host)/own)
		}
	}
	for _, c := range []*tally{&read, &unread} {
		slices.Sort(c.off)
		n := len(c.off)
		t.Logf("%d of %d inside, median error %.0f%%", c.inside, n, 100*percentile(c.off, 0.5))
		if n < 13 || float64(c.inside) < 0.75*float64(n) || percentile(c.off, 0.5) > 0.15 {
			t.Errorf("%d of %d inside, median error %.0f%%", c.inside, n, 100*percentile(c.off, 0.5))
		}
	}
	slices.Sort(spread)
	low, high := percentile(spread, 0.1), percentile(spread, 0.9)
	if math.Abs(facts.spread.Low-low) > 0.02 || math.Abs(facts.spread.High-high) > 0.02 {
		t.Errorf("a card's readings spread from %.3f to %.3f, the table has %g to %g", low, high, facts.spread.Low, facts.spread.High)
	}
}

func TestPower(t *testing.T) {
	decode, prefill := cost.Parts{Bandwidth: 1}, cost.Parts{Compute: 1}
	for _, c := range []struct {
		query     string
		low, high float64 // of the estimate in decode, in watts at the wall
		basis     string
	}{
		{"rtx-4090", 380, 440, "measured on such parts"},
		{"rtx-3060-ti", 180, 260, "measured on such parts"},
		{"8x h100-sxm5-80gb", 6000, 8000, "assumed"},
		{"2x(8x h100-sxm5-80gb)", 12000, 16000, "assumed"},
		{"apple-m3-ultra", 240, 265, "measured on such parts"},
		{"radeon-ai-pro-r9700-32gb", 300, 350, "measured on such parts"},
		{"rpi-500-plus", 13, 13, "measured on such parts"},
		{"gb10", 130, 137, "measured on such parts"},
		{"epyc-9654", 450, 560, "assumed"},
		{"l40s", 350, 600, "measured on such parts"},
	} {
		m, err := Machine(c.query, MachineOptions{})
		if err != nil {
			t.Fatal(err)
		}
		p, why, err := Power(m)
		if err != nil || why != "" {
			t.Errorf("%s: %s %v", c.query, why, err)
			continue
		}
		at := decode
		if len(p.Devices) == 0 {
			at = cost.Parts{HostBandwidth: 1}
		}
		f, busy, idle := p.Draw(at, 0), p.Draw(prefill, 0), p.Idle()
		if f.Value < c.low || f.Value > c.high || !strings.Contains(f.Basis, c.basis) {
			t.Errorf("%s: %.0f W (%.0f to %.0f), %s; want %g to %g, %s", c.query, f.Value, f.Low, f.High, f.Basis, c.low, c.high, c.basis)
		}
		if idle.Value >= f.Value || f.Value > busy.Value*1.0001 || f.Low > f.Value || f.High < f.Value {
			t.Errorf("%s: idle %.0f, decode %.0f, prefill %.0f W", c.query, idle.Value, f.Value, busy.Value)
		}
		for _, d := range p.Explain(at, 0) {
			if d.Source == "" || !strings.Contains(d.Formula, " W ") {
				t.Errorf("%s: %+v", c.query, d)
			}
		}
	}
	for _, query := range []string{"apple-m1-max", "rpi-4b", "rk3588-npu"} {
		m, err := Machine(query, MachineOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if p, why, err := Power(m); p != nil || err != nil || !strings.Contains(why, "is not known; give tdp_w") {
			t.Errorf("%s: %+v %q %v", query, p, why, err)
		}
	}
}

// A profile that states another power limit is believed before the readings.
func TestPowerOfProfile(t *testing.T) {
	m, err := ReadMachine("capped.yaml", []byte("host: {cpu: rpi-5}\ndevices:\n- device: rtx-4090\n  tdp_w: 300\n"))
	if err != nil {
		t.Fatal(err)
	}
	p, why, err := Power(m)
	if err != nil || why != "" {
		t.Fatal(why, err)
	}
	if w := p.Devices[0].Watts[cost.Bandwidth].Value; w != 240 {
		t.Errorf("%g W of 300", w)
	}
	if s := p.Hosts[0].Source; !strings.HasPrefix(s, "a board") {
		t.Errorf("the host is %s", s)
	}
}

// Every state that a class can be in has a level, in order.
func TestPowerTableIsComplete(t *testing.T) {
	facts, err := powerOnce()
	if err != nil {
		t.Fatal(err)
	}
	for class, levels := range facts.levels {
		for s, l := range levels {
			state := cost.State(s)
			needed := state != cost.Driving
			if strings.HasPrefix(class, "host_") {
				needed = state == cost.Driving || state <= cost.Compute
			}
			if needed && !(0 < l.Low && l.Low <= l.Value && l.Value <= l.High) || !needed && l != (cost.Level{}) {
				t.Errorf("%s %v: %+v", class, state, l)
			}
		}
		if idle := levels[cost.Idle]; idle.Value > levels[cost.Bandwidth].Value || levels[cost.Bandwidth].Value > levels[cost.Compute].Value {
			t.Errorf("%s: idle, bandwidth and compute are out of order", class)
		}
	}
	if len(facts.levels) != 10 {
		t.Errorf("%d classes", len(facts.levels))
	}
}
