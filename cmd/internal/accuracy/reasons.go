package accuracy

import (
	"fmt"
	"math"

	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/profiles/measured"
)

const (
	// old is the age of a build, in months before the engine's newest one that
	// was measured, from which it is worth naming.
	old = 12
	// rare is the number of rows of an architecture below which it is.
	rare = 10
	// shortPrompt is the length up to which fixed times govern a prefill.
	shortPrompt = 64
	// powerCut is the share of the nominal power below which a limit matters.
	powerCut = 0.9
	// apart is the ratio from which two measurements of the same disagree.
	apart = 1.25
)

// evidence is what the other measurements say about one of them.
type evidence struct {
	held     string
	families map[string]map[string]bool // devices by family
	archs    map[string]int             // rows by architecture
	newest   map[string]int             // month of the newest build by engine
	twins    map[twinKey][]*measured.Row
}

// twinKey is shared by measurements of the same thing.
type twinKey struct {
	model, weights, engine, backend, device, metric, offload string
	devices, batch, input, output, depth                     int
}

func newEvidence(cases []Case, held string) *evidence {
	e := &evidence{held: held, families: map[string]map[string]bool{}, archs: map[string]int{}, newest: map[string]int{}, twins: map[twinKey][]*measured.Row{}}
	for i := range cases {
		c := &cases[i]
		f := family(c)
		if e.families[f] == nil {
			e.families[f] = map[string]bool{}
		}
		e.families[f][c.tag("device")] = true
		e.archs[arch(c)]++
		if m, ok := month(c.Row.Date); ok {
			id := c.example.Request.Engine.ID
			e.newest[id] = max(e.newest[id], m)
		}
		k := twin(c.Row)
		e.twins[k] = append(e.twins[k], c.Row)
	}
	return e
}

func twin(r *measured.Row) twinKey {
	return twinKey{r.Model, r.Weights, r.Engine, r.Backend, r.Hardware, r.Metric, r.Offload, r.Devices, r.Batch, r.Input, r.Output, r.Depth}
}

// family names what the device shares with its siblings.
func family(c *Case) string {
	d, cpu := leads(c.example)
	if d != nil {
		return calibration.Family(d)
	}
	return calibration.HostFamily(cpu)
}

func arch(c *Case) string {
	a := &c.example.Request.Model.Arch
	if a.Arch != "" {
		return a.Arch
	}
	return a.ID
}

// reasons lists the facts that may explain why an estimate is off, those of
// the measurement first. They are true of the row, not proven to be the cause.
func (e *evidence) reasons(c *Case) []string {
	out := []string{}
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	r := c.Row
	if r.Quality == measured.QualityC {
		add("settings that matter are not stated")
	}
	for _, other := range e.twins[twin(r)] {
		if other.Source != r.Source && math.Max(other.Value/r.Value, r.Value/other.Value) >= apart {
			add("another source measured %s of the same", units.Number(other.Value))
			break
		}
	}
	if c.example.Spilled {
		add("by our ledger it does not fit the device: part of it ran elsewhere")
	}
	if r.WallClock {
		add("the time of prompts and of the server is inside the figure")
	}
	if d, _ := leads(c.example); d != nil && r.PowerWatts > 0 && float64(r.PowerWatts) < powerCut*d.TDPWatts {
		add("power limited to %d of %s W", r.PowerWatts, units.Number(d.TDPWatts))
	}
	if n := r.Input; !c.Decoding() && n > 0 && n <= shortPrompt {
		add("a prompt of %d tokens, of which fixed times are a large part", n)
	}
	if (r.Offload == "partial" || r.Offload == "experts-cpu") && r.Host == "" {
		add("part of it ran on a host that is not stated")
	}
	e.build(c, add)
	e.neighbours(c, add)
	return out
}

func (e *evidence) build(c *Case, add func(string, ...any)) {
	id := c.example.Request.Engine.ID
	m, ok := month(c.Row.Date)
	if age := e.newest[id] - m; ok && age >= old {
		add("a build of %s, %d months older than the newest measured", c.Row.Date, age)
	} else if !ok && e.held != "" {
		add("the age of the build is not stated")
	}
}

// neighbours says how much the fit knew about the likes of the row.
func (e *evidence) neighbours(c *Case, add func(string, ...any)) {
	d, cpu := leads(c.example)
	var assumed map[string]string
	if d != nil {
		assumed = d.Assumed
	} else {
		assumed = cpu.Assumed
	}
	if assumed["bandwidth_gb_s"] != "" {
		add("the memory bandwidth of %s is assumed", c.tag("device"))
	}
	if e.held == "" {
		return
	}
	if c.tag("level") == "assumed" {
		add("its parameters are borrowed from another engine or backend")
	} else if f := family(c); e.held == HeldDevice && f != "" && len(e.families[f]) == 1 {
		add("the only device of its family (%s): nothing near it in the fit", f)
	}
	if n := e.archs[arch(c)]; n < rare {
		add("only %d rows of its architecture (%s)", n, arch(c))
	}
}

// month reads "2025-03" as a count of months.
func month(date string) (int, bool) {
	var y, m int
	if n, err := fmt.Sscanf(date, "%4d-%2d", &y, &m); n != 2 || err != nil || m < 1 || m > 12 {
		return 0, false
	}
	return y*12 + m, true
}
