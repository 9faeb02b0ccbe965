package profiles

import (
	_ "embed" // the power tables
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/plimsoll/plimsoll/estimator/cost"
	"github.com/plimsoll/plimsoll/hardware"
)

//go:embed prices/power.csv
var powerCSV string

//go:embed prices/power_readings.csv
var readingsCSV string

//go:embed prices/assumptions.csv
var assumptionsCSV string

var (
	powerTable       = table{file: "power.csv", kind: "power class", text: powerCSV}
	readingsTable    = table{file: "power_readings.csv", kind: "device", text: readingsCSV}
	assumptionsTable = table{file: "assumptions.csv", kind: "assumption", text: assumptionsCSV}
)

// Assumption is what a cost rests on when the user says nothing: lifetime_years,
// utilisation, pue_home, pue_datacentre.
func Assumption(name string) (*cost.Fact, error) {
	r, ok := assumptionsTable.find(name)
	if !ok {
		return nil, fmt.Errorf("assumptions.csv: no %q", name)
	}
	f := &cost.Fact{Value: r.number("value"), Source: r.text("source"), Assumed: true}
	return f, r.fault()
}

// scope says what the watts of a reading are of.
type scope string

const (
	scopeCard    scope = "card"    // the accelerator alone
	scopeMachine scope = "machine" // a whole computer, at the wall
)

// powerFacts are the tables of power, decoded.
type powerFacts struct {
	levels map[string]*cost.Levels // by class: shares of TDP, or watts
	units  map[string]string       // of a class, see power.csv
	spread cost.Level              // of one device's readings
	supply cost.Level
}

var powerOnce = sync.OnceValues(readPower)

func readPower() (*powerFacts, error) {
	f := &powerFacts{levels: map[string]*cost.Levels{}, units: map[string]string{}}
	for r := range powerTable.rows() {
		l := cost.Level{Value: r.number("value"), Low: r.number("low"), High: r.number("high"), Measured: r.text("basis") == "measured"}
		class, name := r.text("class"), r.text("state")
		switch state, ok := cost.ParseState(name); {
		case r.err != nil:
		case class == "read":
			f.spread = l
		case class == "supply":
			f.supply = l
		case !ok:
			r.err = fmt.Errorf("no state %q", name)
		default:
			if f.levels[class] == nil {
				f.levels[class] = &cost.Levels{}
			}
			f.levels[class][state] = l
			f.units[class] = r.text("unit")
		}
		if err := r.fault(); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// reading is the median of what was read on a device in a state, in watts,
// and from how many readings.
func reading(id string, of scope, state cost.State) (watts float64, n int) {
	var list []float64
	for r := range readingsTable.of(id) {
		// A test decodes every line: none has a fault.
		if scope(r.text("scope")) == of && r.text("state") == state.String() {
			list = append(list, r.number("watts"))
		}
	}
	slices.Sort(list)
	if n = len(list); n == 0 {
		return 0, 0
	}
	return (list[n/2] + list[(n-1)/2]) / 2, n
}

// Power is what a machine draws in each state, by the TDP of its parts and by
// readings of the same devices where there are any. The reason is empty when
// it is known.
func Power(m *hardware.Machine) (p *cost.Power, reason string, err error) {
	facts, err := powerOnce()
	if err != nil {
		return nil, "", err
	}
	p = &cost.Power{Supply: facts.supply}
	for i := range m.Nodes {
		if reason := facts.node(p, &m.Nodes[i]); reason != "" {
			return nil, reason, nil
		}
	}
	return p, "", nil
}

const powerRemedy = "give tdp_w in a profile file"

// node adds the parts of so many equal computers.
func (f *powerFacts) node(p *cost.Power, n *hardware.Node) string {
	count := max(n.Count, 1)
	if len(n.Devices) == 0 {
		c := &n.Host.CPU
		u, reason := f.unit(c.ID, "cpu", c.TDPWatts*float64(max(n.Host.Sockets, 1)), scopeMachine, true)
		u.Count, u.Whole = count, true
		p.Hosts = append(p.Hosts, u)
		return reason
	}
	type kind struct {
		device *hardware.Device
		count  int
	}
	var kinds []kind
	for _, d := range n.Devices {
		i := slices.IndexFunc(kinds, func(k kind) bool { return k.device == d || k.device.ID == d.ID && k.device.TDPWatts == d.TDPWatts })
		if i < 0 {
			kinds = append(kinds, kind{d, 0})
			i = len(kinds) - 1
		}
		kinds[i].count++
	}
	tdp, whole := 0.0, false // of all devices of one computer
	for _, k := range kinds {
		d := k.device
		class, of := "gpu", scopeCard
		switch {
		case d.Slice != "":
			return "what a slice draws of its card's power is not known"
		case strings.HasPrefix(d.MemoryType, "HBM"):
			class = "hbm"
		case d.Unified:
			class, of, whole = "soc", scopeMachine, true
		case d.Kind != hardware.GPU:
			class = "npu"
		}
		u, reason := f.unit(d.ID, class, d.TDPWatts, of, stock(d))
		if reason != "" {
			return reason
		}
		u.Count, u.Whole = count*k.count, class == "soc"
		p.Devices = append(p.Devices, u)
		full := d.TDPWatts
		if full == 0 {
			full = u.Watts[cost.Compute].Value
		}
		tdp += full * float64(k.count)
	}
	if !whole {
		p.Hosts = append(p.Hosts, f.host(n, tdp, count))
	}
	return ""
}

// stock tells whether a device has the power limit of its catalogue entry, for
// which its readings hold.
func stock(d *hardware.Device) bool {
	r, ok := accelerators.find(d.ID)
	return ok && r.number("tdp_w") == d.TDPWatts
}

// unit makes the levels of a part: its class's shares of its TDP, and its own
// readings in their states. Where only readings are known they set the scale.
func (f *powerFacts) unit(id, class string, tdp float64, of scope, stock bool) (u cost.Unit, reason string) {
	shares := f.levels[class]
	read, n := reading(id, of, cost.Bandwidth)
	if !stock {
		n = 0
	}
	switch {
	case tdp > 0:
		u.Watts = shares.Times(tdp)
		u.Source = fmt.Sprintf("%s: TDP of %g W", id, tdp)
	case n > 0:
		u.Watts = shares.Times(read / shares[cost.Bandwidth].Value)
		for s := range u.Watts {
			u.Watts[s].Measured = false
		}
		u.Source = id + ": TDP not known"
	default:
		if id == "" {
			id = "the machine"
		}
		return u, fmt.Sprintf("the power of %s is not known; %s", id, powerRemedy)
	}
	if !stock {
		return u, ""
	}
	for s := range cost.NumStates {
		w, k := reading(id, of, s)
		if k == 0 {
			continue
		}
		u.Watts[s] = cost.Level{Value: w, Low: w * f.spread.Low, High: w * f.spread.High, Measured: true}
		u.Source += fmt.Sprintf("; %s read %d times: %.0f W", s, k, w)
	}
	// Arithmetic draws at least what streaming from memory does.
	c, b := &u.Watts[cost.Compute], u.Watts[cost.Bandwidth]
	c.Value, c.Low, c.High = math.Max(c.Value, b.Value), math.Max(c.Low, b.Low), math.Max(c.High, b.High)
	return u, ""
}

// host is the computer around accelerators, by what they are usually put into.
func (f *powerFacts) host(n *hardware.Node, devicesTDP float64, count int) cost.Unit {
	d, class := n.Devices[0], hostOf(n)
	levels := f.levels["host_"+class]
	if levels == nil {
		class, levels = "desktop", f.levels["host_desktop"]
	}
	u := cost.Unit{Count: count, Watts: *levels, Source: "a " + class + " around " + d.ID}
	if f.units["host_"+class] == "devices_tdp" {
		u.Watts = levels.Times(devicesTDP)
	}
	return u
}

// hostOf says what kind of computer the accelerators of a node stand in, as the
// tables of hosts call it.
func hostOf(n *hardware.Node) string {
	if n.Host.CPU.Board {
		return "board"
	}
	if r, ok := accelerators.find(n.Devices[0].ID); ok && r.text("host_class") != "" {
		return r.text("host_class")
	}
	if strings.HasPrefix(n.Devices[0].MemoryType, "HBM") {
		return "server"
	}
	return "desktop"
}

// desktopChannels is the most memory channels of processors made for desks.
const desktopChannels = 4

// AtHome guesses whether a machine stands at home or in an office, and not in
// a data centre: by the kind of its host or, without accelerators, by the
// memory channels of its processor.
func AtHome(m *hardware.Machine) bool {
	n := m.Primary()
	switch {
	case n == nil:
		return true
	case len(n.Devices) == 0:
		return n.Host.CPU.Board || n.Host.CPU.MemoryChannels <= desktopChannels
	}
	switch hostOf(n) {
	case "server", "superchip":
		return false
	}
	return true
}
