package recommend

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles"
)

// kindOf is hardware that is tried in growing numbers, the first that is enough
// and some more.
type kindOf struct {
	name string // of the kind: what lists have one row of
	// on are the machines, as --on names them; beyond are those that are tried
	// only where none of these is enough.
	on, beyond []string
}

// counts of accelerators in one computer, and of computers beyond it.
var (
	counts = []int{1, 2, 4, 8}
	boxes  = []int{2, 4}
)

// kinds lists the hardware to try: what was named, or the catalogue's.
func (a *Advisor) kinds(ctx context.Context, in *report.RecommendInputs) ([]kindOf, error) {
	if len(in.Among) > 0 {
		var out []kindOf
		for _, name := range in.Among {
			m, err := a.facts.Machine(ctx, name, scenario.MachineOptions{})
			if err != nil {
				return nil, problem.From(problem.UnknownHW, err)
			}
			out = append(out, a.kind(name, m, in.Scenario.Devices))
		}
		return out, nil
	}
	var out []kindOf
	covered := map[string]bool{}
	devices, err := a.facts.Devices()
	if err != nil {
		return nil, problem.Failed(err.Error())
	}
	for _, d := range devices {
		if d.NotEstimated != "" || d.Slice != "" || !a.supported(d) {
			continue
		}
		m, err := a.facts.Machine(ctx, d.ID, scenario.MachineOptions{})
		if err != nil {
			continue // the catalogue says why
		}
		k := a.kind(d.ID, m, in.Scenario.Devices)
		for _, n := range counts[:min(len(k.on), len(counts))] {
			covered[fmt.Sprintf("%dx %s", n, d.ID)] = true
		}
		out = append(out, k)
	}
	nodes, err := a.facts.Nodes()
	if err != nil {
		return nil, problem.Failed(err.Error())
	}
	for _, m := range nodes {
		n := m.Primary()
		if m.NotEstimated != "" || n == nil || len(n.Devices) == 0 || !a.supported(n.Devices[0]) {
			continue
		}
		// A server with what is tried anyway, whose accelerators decide.
		if len(m.Nodes) == 1 && n.Count <= 1 && covered[fmt.Sprintf("%dx %s", len(n.Devices), n.Devices[0].ID)] || in.Scenario.Devices > 0 {
			continue
		}
		out = append(out, kindOf{name: m.ID, on: []string{m.ID}})
	}
	cpus, err := a.facts.CPUs()
	if err != nil {
		return nil, problem.Failed(err.Error())
	}
	for _, c := range cpus {
		if c.NotEstimated == "" && c.Vendor != "generic" && c.BandwidthGBps > 0 && in.Scenario.Devices == 0 {
			out = append(out, kindOf{name: c.ID, on: []string{c.ID}})
		}
	}
	return out, nil
}

// kind lists the numbers in which hardware is tried: only discrete accelerators
// outside laptops are bought in several.
func (a *Advisor) kind(name string, m *hardware.Machine, devices int) kindOf {
	k := kindOf{name: name, on: []string{name}}
	n := m.Primary()
	if n == nil || len(m.Nodes) != 1 || max(n.Count, 1) > 1 || len(n.Devices) != 1 || n.Devices[0].Unified || profiles.Laptop(m) || strings.ContainsAny(name, "+(") {
		return k
	}
	if counted, _, _ := strings.Cut(name, " "); counted == "1x" {
		return k // one was asked for
	}
	k.on = nil
	for _, c := range counts {
		if devices == 0 || c == devices {
			k.on = append(k.on, several(c, name))
		}
	}
	if devices > 0 && k.on == nil {
		k.on = []string{several(devices, name)}
	}
	if devices == 0 && !profiles.AtHome(m) {
		for _, b := range boxes {
			k.beyond = append(k.beyond, fmt.Sprintf("%dx(%s)", b, several(counts[len(counts)-1], name)))
		}
	}
	return k
}

func several(n int, name string) string {
	if n == 1 {
		return name
	}
	return fmt.Sprintf("%dx %s", n, name)
}

// supported says whether an engine of ours runs on a device.
func (a *Advisor) supported(d *hardware.Device) bool {
	for _, id := range []string{a.rule.Servers.Engine, scenario.LocalEngine} {
		if e, err := a.facts.Engine(id); err == nil && runsOn(e, d) {
			return true
		}
	}
	return false
}

// runsOn says whether an engine has a backend that names a device's vendor, or
// for GPUs any.
func runsOn(e *engine.Engine, d *hardware.Device) bool {
	b := e.DefaultBackend(d.Vendor)
	return b != nil && (d.Kind == hardware.GPU || slices.ContainsFunc(b.Vendors, func(v string) bool { return strings.EqualFold(v, d.Vendor) }))
}
