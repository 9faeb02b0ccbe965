package fleet

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/hardware/inventory"
	"github.com/plimsoll/plimsoll/profiles"
)

// Bounds of a profile file (profiles.ReadMachine).
const (
	mostPools = 256
	mostBytes = 128 << 10
)

// finish orders and names the pools and writes the profile.
func (b *builder) finish(source string, unselected int) (*Result, error) {
	r := &Result{Source: source}
	r.Unselected = unselected
	r.LeftOut = b.leftOut()
	if len(b.pools) == 0 {
		return nil, problem.Wrong(problem.BadFile, "no node is left of the inventory"+b.reasons(r.LeftOut, unselected), "", "keep nodes that take no work with --only-ready=false, those without accelerators with --cpu-nodes")
	}
	slices.SortStableFunc(b.pools, func(p, q *pool) int {
		return cmp.Or(cmp.Compare(q.memory(), p.memory()), cmp.Compare(p.template.pool, q.template.pool), cmp.Compare(p.title(), q.title()), cmp.Compare(q.node.Host.MemoryBytes, p.node.Host.MemoryBytes))
	})
	if len(b.pools) > mostPools {
		return nil, problem.Wrong(problem.BadFile, fmt.Sprintf("%d pools of unlike nodes, and a profile has at most %d", len(b.pools), mostPools), "--selector", "choose some of the nodes")
	}
	b.name()
	m := &hardware.Machine{}
	if err := b.networks(m); err != nil {
		return nil, err
	}
	counted := map[*inventory.Node]bool{} // the pools of slices share their nodes
	for _, p := range b.pools {
		m.Nodes = append(m.Nodes, p.node)
		if !counted[p.rep] {
			counted[p.rep] = true
			r.Nodes += p.nodes
		}
		r.Devices += len(p.node.Devices) * p.node.Count
	}
	m.Name = fmt.Sprintf("%s fleet, %s", source, plural(r.Nodes, "node"))
	m.Source = "imported from an inventory: " + source
	if reasons := b.reasons(r.LeftOut, unselected); reasons != "" {
		m.Notes = clip("not in it: " + strings.TrimPrefix(reasons, ": "))
	}
	text := profiles.WriteBrief(m, b.comments(r))
	if len(text) > mostBytes {
		return nil, problem.Wrong(problem.BadFile, fmt.Sprintf("the profile would take %d KiB, and one of more than %d KiB is not read", len(text)>>10, mostBytes>>10), "--selector", "choose some of the nodes, or leave --names out")
	}
	back, err := profiles.ReadMachine("fleet.yaml", text)
	if err != nil {
		return nil, problem.Failed("the profile that was made cannot be read back: " + err.Error())
	}
	r.Machine, r.Profile, r.Said = back, string(text), b.said(r.LeftOut)
	b.describe(r)
	return r, nil
}

// clip bounds the notes that a profile holds.
func clip(s string) string {
	s = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return ' '
		}
		return c
	}, s)
	return short(s, 2000)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return units.Thousands(int64(n)) + " " + what + "s"
}

// leftOut lists the nodes left out by reason, the most first.
func (b *builder) leftOut() []report.FleetLeft {
	out := []report.FleetLeft{}
	for _, reason := range slices.Sorted(maps.Keys(b.left)) {
		l := report.FleetLeft{Nodes: len(b.left[reason]), Reason: reason}
		if b.Names {
			l.Hosts = inventory.Fold(namesOf(b.left[reason]))
		}
		out = append(out, l)
	}
	slices.SortStableFunc(out, func(x, y report.FleetLeft) int { return cmp.Compare(y.Nodes, x.Nodes) })
	return out
}

func namesOf(left []inventory.Left) []string {
	var out []string
	for _, l := range left {
		out = append(out, l.Name)
	}
	return out
}

// said tells a person which nodes were left out, and what was written of them.
func (b *builder) said(left []report.FleetLeft) []string {
	var out []string
	for _, l := range left {
		all := b.left[l.Reason]
		text := fmt.Sprintf("left out %s: %s: %s", plural(l.Nodes, "node"), l.Reason, short(inventory.Fold(namesOf(all)), 160))
		var details []string
		for _, x := range all {
			if x.Detail != "" && !slices.Contains(details, x.Detail) {
				if len(details) == 3 {
					details = append(details, "…")
					break
				}
				details = append(details, x.Detail)
			}
		}
		if len(details) > 0 {
			text += " (" + strings.Join(details, "; ") + ")"
		}
		out = append(out, problem.OneLine(text))
	}
	return out
}

// short cuts a text.
func short(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// reasons says in a few words what is not in the profile.
func (b *builder) reasons(left []report.FleetLeft, unselected int) string {
	var out []string
	for i, l := range left {
		if i == 8 {
			out = append(out, fmt.Sprintf("and %d other reasons", len(left)-i))
			break
		}
		out = append(out, fmt.Sprintf("%s: %s", plural(l.Nodes, "node"), l.Reason))
	}
	if unselected > 0 {
		out = append(out, plural(unselected, "node")+" not selected")
	}
	if len(out) == 0 {
		return ""
	}
	return ": " + strings.Join(out, "; ")
}

// networks gives the machine the network of its largest pool, and the other
// pools theirs where it is another.
func (b *builder) networks(m *hardware.Machine) error {
	if b.Network != "" {
		link, err := profiles.Link(b.Network)
		if err != nil {
			return problem.Wrong(problem.BadValue, err.Error(), "--network", "see plimsoll hardware show, or write the link into the profile")
		}
		m.Network = link
		for _, p := range b.pools {
			p.network = link
		}
	}
	var slowest *hardware.Link
	for _, p := range b.pools {
		if m.Network == nil {
			m.Network = p.network
		}
		if p.network != nil && (slowest == nil || p.network.GBps < slowest.GBps) {
			slowest = p.network
		}
	}
	for _, p := range b.pools {
		if p.network == nil && p.node.Count > 1 && slowest != nil {
			own := *slowest
			own.Assumed = map[string]string{"gb_s_per_direction": "the network of this pool is not told: the slowest of the others"}
			p.network = &own
		}
		if p.node.Network = nil; p.network != nil && !sameLink(p.network, m.Network) {
			p.node.Network = p.network
		}
	}
	return nil
}

// comments stand above the profile.
func (b *builder) comments(r *Result) []string {
	out := []string{"Written by plimsoll hardware import. One entry of nodes is a pool of like computers; change what is not right."}
	for _, l := range r.LeftOut {
		text := fmt.Sprintf("left out: %s: %s", plural(l.Nodes, "node"), l.Reason)
		if l.Hosts != "" {
			text += ": " + l.Hosts
		}
		out = append(out, text)
	}
	for _, p := range b.pools {
		for _, d := range p.devices {
			if d.Assumed != "" {
				out = append(out, fmt.Sprintf("%s: %s: %s", p.pool, d.ID, d.Assumed))
			}
		}
		for _, n := range append(slices.Clone(p.rep.Notes), p.notes...) {
			out = append(out, p.pool+": "+n)
		}
		if b.Names {
			out = append(out, p.pool+": "+inventory.Fold(p.names))
		}
	}
	return append(out, b.notes...)
}

// describe fills in the pools of the document and what is not certain of them.
func (b *builder) describe(r *Result) {
	r.Pools = []report.FleetPool{}
	r.Assumptions = append([]string{}, b.notes...)
	r.Warnings = []estimator.Warning{}
	for i, p := range b.pools {
		n := &r.Machine.Nodes[i]
		q := report.FleetPool{Name: p.pool, Nodes: p.nodes, Devices: p.devices, Instance: p.rep.Instance, HostMemoryBytes: n.Host.MemoryBytes, AllocatableBytes: n.Host.LimitBytes,
			InUse: p.inUse, Taints: p.rep.Taints, Notes: append(slices.Clone(p.rep.Notes), p.notes...)}
		if q.Devices == nil {
			q.Devices = []report.FleetDevice{}
		}
		if q.Host = n.Host.CPU.ID; q.Host == "" {
			q.Host = n.Host.CPU.Name
		}
		if n.Host.Sockets > 1 {
			q.Host = fmt.Sprintf("%dx %s", n.Host.Sockets, q.Host)
		}
		if p.shares > 1 {
			q.Devices = slices.Clone(q.Devices)
			q.Devices[0].Count = p.shares
		}
		if link := cmp.Or(n.Network, r.Machine.Network); link != nil {
			q.Network = link.ID
		}
		if b.Names {
			q.Hosts = inventory.Fold(p.names)
		}
		r.Pools = append(r.Pools, q)
		for _, d := range p.devices {
			switch {
			case d.NotEstimated != "":
				r.Warnings = append(r.Warnings, estimator.Warning{Code: "unknown_accelerator", Message: fmt.Sprintf("pool %s: %s: %s", p.pool, d.Name, d.NotEstimated)})
			case d.Assumed != "":
				r.Assumptions = append(r.Assumptions, fmt.Sprintf("pool %s: %s: %s", p.pool, d.ID, d.Assumed))
			}
		}
	}
	if link := r.Machine.Network; link != nil && link.Assumed["gb_s_per_direction"] != "" && b.Network == "" {
		r.Assumptions = append(r.Assumptions, fmt.Sprintf("the network between the nodes is not told: %s assumed (--network names another)", link.ID))
	}
}
