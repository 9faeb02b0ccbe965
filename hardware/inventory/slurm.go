package inventory

import (
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/hardware"
)

// slurmNode is a node of scontrol show node --json (and of the sinfo --json of
// Slurm 21.08 and 22.05): data_parser's v0.0.3x to v0.0.4x NODE.
type slurmNode struct {
	Name         word   `json:"name"`
	State        words  `json:"state"`
	StateFlags   words  `json:"state_flags"`
	Reason       word   `json:"reason"`
	Partitions   words  `json:"partitions"`
	Features     words  `json:"features"`
	Active       words  `json:"active_features"`
	Gres         word   `json:"gres"`
	GresUsed     word   `json:"gres_used"`
	TRES         word   `json:"tres"`
	TRESUsed     word   `json:"tres_used"`
	Memory       amount `json:"real_memory"` // MiB
	CPUs         amount `json:"cpus"`
	Sockets      amount `json:"sockets"`
	Cores        amount `json:"cores"` // of a socket
	Architecture word   `json:"architecture"`
	OS           word   `json:"operating_system"`
	Instance     word   `json:"instance_type"`
}

func (b *Builder) slurm(s *slurmNode) error {
	b.from(Slurm)
	states := append(slices.Clone([]string(s.State)), s.StateFlags...)
	features := s.Active
	if len(features) == 0 {
		features = s.Features
	}
	n := Node{Name: string(s.Name), Pool: strings.Join(s.Partitions, "+"), Instance: string(s.Instance), MemoryBytes: s.Memory.times(hardware.MiB),
		CPU: CPU{Sockets: count(s.Sockets), Cores: count(s.Cores), Threads: count(s.CPUs)}, Arch: string(s.Architecture),
		OS: systemOf(string(s.OS)), NotReady: slurmState(states), UsageKnown: s.GresUsed != "" || s.TRES != ""}
	n.AllocatableBytes = n.MemoryBytes
	if n.NotReady != "" && s.Reason != "(null)" {
		n.Detail = clip(strings.TrimSpace(string(s.Reason)))
	}
	n.slurmDevices(string(s.Gres), string(s.GresUsed), string(s.TRES), string(s.TRESUsed), features)
	return b.add(n, slurmLabels(s.Partitions, features, states))
}

// count bounds a number of processors.
func count(a amount) int { return int(min(a.count(), 1<<16)) }

// systemOf is the operating system that a kernel's description begins with.
func systemOf(s string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(s), " ")
	return strings.ToLower(clip(first))
}

// slurmLabels lets a selector choose by partition, feature and state.
func slurmLabels(partitions, features, states []string) func(string) []string {
	return func(key string) []string {
		switch strings.ToLower(key) {
		case "partition", "partitions":
			return partitions
		case "feature", "features":
			return features
		case "state":
			return states
		}
		return nil
	}
}

// slurmOff are the states in which a node takes no work (slurm.conf, scontrol:
// node state codes), in the order of importance. What is powered down in the
// cloud is started when work comes.
var slurmOff = []struct{ state, why string }{
	{"FUTURE", "not there yet (FUTURE)"}, {"DOWN", "down"}, {"FAIL", "failing"}, {"FAILING", "failing"}, {"ERROR", "error"},
	{"NOT_RESPONDING", "not responding"}, {"NO_RESPOND", "not responding"}, {"UNKNOWN", "state unknown"},
	{"DRAIN", "drained"}, {"DRAINED", "drained"}, {"DRAINING", "being drained"},
	{"MAINT", "under maintenance"}, {"MAINTENANCE", "under maintenance"}, {"REBOOT", "about to be rebooted"}, {"REBOOT_ISSUED", "about to be rebooted"},
	{"REBOOT_REQUESTED", "about to be rebooted"}, {"INVALID", "its registration is invalid"}, {"INVALID_REG", "its registration is invalid"}, {"INVAL", "its registration is invalid"},
}

// slurmState says why a node takes no work. Text forms join states by "+", and
// end one with "*" where the node does not respond.
func slurmState(states []string) string {
	var all []string
	for _, s := range states {
		for part := range strings.SplitSeq(strings.ToUpper(s), "+") {
			bare := strings.TrimRight(part, "*~#!%$@^-")
			if strings.HasSuffix(part, "*") {
				all = append(all, "NOT_RESPONDING")
			}
			all = append(all, bare)
		}
	}
	for _, off := range slurmOff {
		if slices.Contains(all, off.state) {
			return off.why
		}
	}
	return ""
}

// sinfoRow is a row of sinfo --json since Slurm 23.02: nodes that are alike, in
// one partition.
type sinfoRow struct {
	Node struct {
		State words `json:"state"`
	} `json:"node"`
	Nodes struct {
		Total amount `json:"total"`
		Nodes words  `json:"nodes"`
	} `json:"nodes"`
	CPUs      span `json:"cpus"`
	Sockets   span `json:"sockets"`
	Cores     span `json:"cores"`
	Memory    span `json:"memory"`
	Partition struct {
		Name word `json:"name"`
	} `json:"partition"`
	Features struct {
		Total, Active words
	} `json:"features"`
	Gres struct {
		Total word `json:"total"`
		Used  word `json:"used"`
	} `json:"gres"`
	Reason struct {
		Description word `json:"description"`
	} `json:"reason"`
}

type span struct {
	Minimum amount `json:"minimum"`
	Maximum amount `json:"maximum"`
}

// sinfo takes the nodes of a row. A node of several partitions comes several
// times.
func (b *Builder) sinfo(r *sinfoRow) error {
	var names []string
	for _, n := range r.Nodes.Nodes {
		list, err := Expand(n)
		if err != nil {
			return err
		}
		names = append(names, list...)
	}
	s := slurmNode{State: r.Node.State, Partitions: words{string(r.Partition.Name)}, Features: r.Features.Total, Active: r.Features.Active,
		Gres: r.Gres.Total, GresUsed: r.Gres.Used, Memory: r.Memory.Minimum, CPUs: r.CPUs.Minimum, Sockets: r.Sockets.Minimum, Cores: r.Cores.Minimum,
		Reason: r.Reason.Description}
	if len(names) > 1 {
		s.GresUsed = "" // that of the row is of one of its nodes
	}
	if b.at == nil {
		b.at = map[string]int{}
	}
	if b.listed += len(names); b.listed > 8*MaxNodes {
		return errTooMany
	}
	for _, name := range names {
		if i, ok := b.at[name]; ok {
			if p := string(r.Partition.Name); i >= 0 && !slices.Contains(strings.Split(b.Nodes[i].Pool, "+"), p) {
				b.Nodes[i].Pool += "+" + p
			}
			continue
		}
		s.Name = word(name)
		kept, unselected := len(b.Nodes), b.Unselected
		if err := b.slurm(&s); err != nil {
			return err
		}
		switch {
		case len(b.Nodes) > kept:
			b.at[name] = kept
		case b.Unselected == unselected:
			b.at[name] = -1 // left out; its other partitions change nothing
		}
	}
	return nil
}
