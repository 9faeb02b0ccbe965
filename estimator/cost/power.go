package cost

import (
	"fmt"
	"math"
)

// State is what a part of a machine is doing, as far as its power is concerned.
type State int

// States. A device is in one of the middle five while its phase is limited so.
const (
	Idle          State = iota // nothing to do: clocks may be down
	Waiting                    // ready, while other parts work
	Bandwidth                  // limited by its memory
	Compute                    // limited by arithmetic
	Overhead                   // limited by launches and fixed times
	Communication              // limited by exchange with other devices
	Transfer                   // limited by the link to its host
	Driving                    // a host whose devices work
	NumStates
)

var stateNames = [NumStates]string{"idle", "waiting", "bandwidth", "compute", "overhead", "communication", "transfer", "driving"}

func (s State) String() string {
	if s < 0 || s >= NumStates {
		return fmt.Sprintf("State(%d)", int(s))
	}
	return stateNames[s]
}

// ParseState is the state of a name.
func ParseState(name string) (State, bool) {
	for i, n := range stateNames {
		if n == name {
			return State(i), true
		}
	}
	return 0, false
}

// Level is an amount with its interval; Measured tells whether readings of
// such parts stand behind it or general knowledge only.
type Level struct {
	Value, Low, High float64
	Measured         bool
}

// Times scales a level.
func (l Level) Times(k float64) Level {
	return Level{l.Value * k, l.Low * k, l.High * k, l.Measured}
}

// Levels holds one level for each state: watts of a part, or shares of its TDP.
type Levels [NumStates]Level

// Times scales all levels: shares by a TDP in watts give watts.
func (l *Levels) Times(k float64) Levels {
	var scaled Levels
	for s := range l {
		scaled[s] = l[s].Times(k)
	}
	return scaled
}

// Unit is a kind of part of a machine.
type Unit struct {
	Count int    // how many of them; none counts as one
	Watts Levels // of one
	// Whole says that the levels are those of a whole computer at the wall, in
	// which accelerator and processor are one: host and power supply included.
	Whole  bool
	Source string // where Watts comes from
}

func (u *Unit) count() float64 { return float64(max(u.Count, 1)) }

// Power is what a machine draws, part by part. All devices in it are of one
// placement: when some of them work, the phase's parts are theirs.
type Power struct {
	Devices []Unit
	Hosts   []Unit
	// Supply is the share of the power from the wall that reaches the parts;
	// zero for 1.
	Supply Level
}

// supply is the efficiency of the power supply.
func (p *Power) supply() Level {
	if p.Supply.Low <= 0 {
		return Level{1, 1, 1, true}
	}
	return p.Supply
}

// draw gathers the watts of a machine, unit by unit.
type draw struct {
	total    float64    // at the wall
	off      [2]float64 // squares of the half-widths below and above
	measured float64    // watts whose level was measured
}

// add takes a unit in its states, each for a share of the time. What is said
// of a unit's states errs together (its half-widths add); units err
// independently of each other (theirs add in quadrature).
func (d *draw) add(p *Power, u *Unit, shares [NumStates]float64) {
	var sum Level
	measured := 0.0
	for s, share := range shares {
		l := u.Watts[s].Times(share * u.count())
		sum.Value, sum.Low, sum.High = sum.Value+l.Value, sum.Low+l.Low, sum.High+l.High
		if l.Measured {
			measured += l.Value
		}
	}
	supply := p.supply()
	if u.Whole {
		supply = Level{Value: 1, Low: 1, High: 1}
	}
	f := over(Figure{Value: sum.Value, Low: sum.Low, High: sum.High}, Figure{Value: supply.Value, Low: supply.Low, High: supply.High}, "W")
	d.total += f.Value
	d.off[0] += (f.Value - f.Low) * (f.Value - f.Low)
	d.off[1] += (f.High - f.Value) * (f.High - f.Value)
	d.measured += measured / supply.Value
}

func (d *draw) figure() *Figure {
	f := &Figure{Value: d.total, Low: d.total - math.Sqrt(d.off[0]), High: d.total + math.Sqrt(d.off[1]), Unit: "W", Basis: "power assumed"}
	switch share := ratio(d.measured, d.total); {
	case share > 0.95:
		f.Basis = "power measured on such parts"
	case share > 0.05:
		f.Basis = fmt.Sprintf("power measured on such parts for %.0f%%, assumed else", 100*share)
	}
	return f
}

// Idle is the power of a machine that has nothing to do, in watts at the wall.
func (p *Power) Idle() *Figure {
	var d draw
	for _, list := range [2][]Unit{p.Devices, p.Hosts} {
		for i := range list {
			d.add(p, &list[i], [NumStates]float64{Idle: 1})
		}
	}
	return d.figure()
}

// Draw is the mean power of a machine in a phase, in watts at the wall.
// working is how many of its devices work at a time: all of them under tensor
// parallelism (0 says so), one where the layers of a model are split over
// devices that take turns. The rest waits.
//
//	watts = Σ parts count · Σ states level · time in the state ÷ time of the phase
//
// inside the case, divided by the efficiency of the power supply.
func (p *Power) Draw(t Parts, working float64) *Figure {
	total := t.total()
	if total <= 0 {
		return p.Idle()
	}
	var d draw
	at := p.at(working)
	for i := range p.Devices {
		u := &p.Devices[i]
		shares := t.device(u.Whole)
		for s := range shares {
			shares[s] *= at / total
		}
		shares[Waiting] += 1 - at
		d.add(p, u, shares)
	}
	for i := range p.Hosts {
		shares := t.host(len(p.Devices) > 0)
		for s := range shares {
			shares[s] /= total
		}
		d.add(p, &p.Hosts[i], shares)
	}
	return d.figure()
}

// at is the share of the devices that work at a time.
func (p *Power) at(working float64) float64 {
	devices := 0.0
	for i := range p.Devices {
		devices += p.Devices[i].count()
	}
	if working > 0 && working < devices {
		return working / devices
	}
	return 1
}
