package fleet

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/hardware/inventory"
)

// Options say what to make of an inventory.
type Options struct {
	Network  string // link between nodes, by its name in the catalogue; empty: as found
	Free     bool   // only devices that are not in use
	CPUNodes bool   // nodes without accelerators, too
	Names    bool   // name the nodes
}

// Input is what a profile is made of; either part may be missing.
type Input struct {
	Inventory *inventory.Inventory
	// Profiles are those of single computers, Left the files that could not be
	// used.
	Profiles []Profile
	Left     []inventory.Left
}

// Result is a profile made of an inventory.
type Result struct {
	report.FleetResult
	Source      string // in words
	Machine     *hardware.Machine
	Assumptions []string
	Warnings    []estimator.Warning
	// Said are lines about what was left out, with the names of the nodes and
	// what was written of them: for a person, not for a document.
	Said []string
}

// pool is like nodes on the way into the profile.
type pool struct {
	*template
	nodes int // computers
	names []string
	inUse *int
	rep   *inventory.Node
}

// builder gathers pools.
type builder struct {
	Options
	resolve resolver
	pools   []*pool
	left    map[string][]inventory.Left // by reason
	notes   []string
}

// Build makes a profile.
func Build(in *Input, o Options) (*Result, error) {
	b := &builder{Options: o, left: map[string][]inventory.Left{}}
	inv := in.Inventory
	if inv == nil {
		inv = new(inventory.Inventory)
	}
	for _, l := range append(slices.Clone(inv.Left), in.Left...) {
		b.left[l.Reason] = append(b.left[l.Reason], l)
	}
	source := sourceName(inv.Sources)
	for i := range inv.Nodes {
		if n := &inv.Nodes[i]; o.Free && len(n.Accelerators) > 0 && !n.UsageKnown {
			return nil, problem.Wrong(problem.NotEstimable, "the inventory of "+source+" does not tell which devices are in use", "--free",
				"give one that does: kubectl get nodes,pods -A -o json, scontrol show node --json, ray status -v")
		}
	}
	b.notes = inv.Notes
	for _, g := range b.groups(inv.Nodes) {
		b.add(g)
	}
	if len(in.Profiles) > 0 {
		b.members(in.Profiles)
		if source != "" {
			source += " and "
		}
		source += "detected machines"
	}
	return b.finish(source, inv.Unselected)
}

func (b *builder) leave(name, reason string) {
	b.left[reason] = append(b.left[reason], inventory.Left{Name: name, Reason: reason})
}

// groups puts nodes together that an inventory describes alike, but for their
// memory and what of them is in use.
func (b *builder) groups(nodes []inventory.Node) [][]*inventory.Node {
	at := map[string]int{}
	var groups [][]*inventory.Node
	var bare []*inventory.Node
	for i := range nodes {
		n := &nodes[i]
		if reason := b.usable(n); reason != "" {
			b.leave(n.Name, reason)
			continue
		}
		if len(n.Accelerators) == 0 {
			bare = append(bare, n)
			continue
		}
		groups = gather(groups, at, n)
	}
	if b.CPUNodes || len(groups) == 0 {
		for _, n := range bare {
			groups = gather(groups, at, n)
		}
		return groups
	}
	for _, n := range bare {
		reason := "no accelerators (--cpu-nodes takes such nodes)"
		if m := b.resolve.instance(n.Instance); m != nil && len(m.Nodes[0].Devices) > 0 {
			reason = fmt.Sprintf("its type %s has %s, and no accelerator can be given to work: is the device plugin running?", n.Instance, estimator.PoolName(&m.Nodes[0]))
		} else if len(n.Notes) > 0 {
			reason = n.Notes[0]
		}
		b.leave(n.Name, reason)
	}
	return groups
}

func gather(groups [][]*inventory.Node, at map[string]int, n *inventory.Node) [][]*inventory.Node {
	key := signature(n)
	i, ok := at[key]
	if !ok {
		i = len(groups)
		at[key] = i
		groups = append(groups, nil)
	}
	groups[i] = append(groups[i], n)
	return groups
}

// usable drops the accelerators of a node that nothing can be made of, and says
// why the node is of no use then, if it is.
func (b *builder) usable(n *inventory.Node) (reason string) {
	kept := n.Accelerators[:0:0]
	for _, a := range n.Accelerators {
		why := a.Refused
		if b.Free {
			a.Count, a.Used = a.Count-a.Used, 0
		}
		switch {
		case why != "":
		case a.Count <= 0 && b.Free:
			why = "all its devices are in use"
		case a.Count <= 0:
			why = "none of its devices can be given to work"
		default:
			kept = append(kept, a)
			continue
		}
		if a.Name != "" && a.Refused != "" {
			why = a.Name + ": " + why
		}
		reason = cmp.Or(reason, why)
	}
	n.Accelerators = kept
	if len(kept) > 0 {
		return ""
	}
	return reason
}

// signature is equal of nodes that are described alike.
func signature(n *inventory.Node) string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s\x00%s\x00%s\x00%s\x00%s\x00%+v\x00%+v", n.Pool, n.Instance, n.Product, n.OS, n.Arch, n.CPU, n.Network)
	for i := range n.Accelerators {
		a := n.Accelerators[i]
		a.Used = 0
		fmt.Fprintf(&s, "\x00%+v", a)
	}
	return s.String()
}

// similarMemory is by how much the main memory of like nodes may differ: kernels
// and firmware keep some of it.
const similarMemory = 1.03

// add makes pools of a group, one for each size of memory.
func (b *builder) add(group []*inventory.Node) {
	slices.SortStableFunc(group, func(x, y *inventory.Node) int { return cmp.Compare(x.MemoryBytes, y.MemoryBytes) })
	for len(group) > 0 {
		rep := *group[0]
		size := 1
		for size < len(group) && float64(group[size].MemoryBytes) <= similarMemory*float64(rep.MemoryBytes) {
			size++
		}
		var names []string
		used, known := 0, true
		taints := map[string]bool{}
		for _, n := range group[:size] {
			names = append(names, n.Name)
			rep.AllocatableBytes = min(rep.AllocatableBytes, n.AllocatableBytes)
			known = known && n.UsageKnown && !b.Free
			for i := range n.Accelerators {
				used += n.Accelerators[i].Used
			}
			for _, t := range n.Taints {
				taints[t] = true
			}
			for _, note := range n.Notes {
				if !slices.Contains(rep.Notes, note) && len(rep.Notes) < 8 {
					rep.Notes = append(rep.Notes[:len(rep.Notes):len(rep.Notes)], note)
				}
			}
		}
		rep.Taints = sortedKeys(taints)
		group = group[size:]
		list, err := b.templates(&rep)
		if err != nil {
			for _, name := range names {
				b.leave(name, problem.OneLine(err.Error()))
			}
			continue
		}
		for _, t := range list {
			p := &pool{template: t, nodes: size, names: names, rep: &rep}
			if known && len(list) == 1 {
				p.inUse = &used
			}
			if link := networkOf(&rep.Network, len(t.node.Devices)); link != nil {
				p.network = link
			}
			p.node.Count = size * t.shares
			b.pools = append(b.pools, p)
		}
	}
}

func sortedKeys(m map[string]bool) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// sourceName writes the sources as people do.
func sourceName(sources []inventory.Source) string {
	var out []string
	for _, s := range sources {
		out = append(out, strings.ToUpper(string(s[:1]))+string(s[1:]))
	}
	return strings.Join(out, " and ")
}
