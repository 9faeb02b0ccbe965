package inventory

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/plimsoll/plimsoll/hardware"
)

// facts are those of one host (ansible.builtin.setup), by their names without
// the prefix ansible_.
type facts map[string]jsontext.Value

func factsOf(fields map[string]jsontext.Value) facts {
	out := facts{}
	for k, v := range fields {
		out[strings.TrimPrefix(k, "ansible_")] = v
	}
	return out
}

func (f facts) text(name string) string {
	var w word
	if f[name] != nil && decode(f[name], &w) == nil {
		return string(w)
	}
	return ""
}

func (f facts) number(name string) amount {
	var a amount
	if f[name] != nil && decode(f[name], &a) == nil {
		return a
	}
	return 0
}

func (f facts) list(name string) []string {
	var w words
	if f[name] != nil && decode(f[name], &w) == nil {
		return w
	}
	return nil
}

// ansible takes what a task said of a host: its facts, or that it could not be
// reached. host is the name that the file or line gave, empty for none.
func (b *Builder) ansible(host string, fields map[string]jsontext.Value) error {
	b.from(Ansible)
	f := factsOf(fields)
	if raw := fields["ansible_facts"]; raw != nil {
		var inner map[string]jsontext.Value
		if err := decode(raw, &inner); err != nil {
			return err
		}
		f = factsOf(inner)
	}
	n := Node{Name: or(host, or(f.text("nodename"), f.text("hostname"))), MemoryBytes: f.number("memtotal_mb").times(hardware.MiB),
		OS: strings.ToLower(f.text("system")), Arch: f.text("architecture"), Product: strings.TrimSpace(f.text("product_name")), Instance: f.text("ec2_instance_type"),
		CPU: CPU{Sockets: count(f.number("processor_count")), Cores: count(f.number("processor_cores")), Threads: count(f.number("processor_vcpus"))}}
	n.Pool = n.Product
	for _, p := range f.list("processor") {
		switch {
		case strings.Contains(p, " ") && n.CPU.Model == "":
			n.CPU.Model = p
		case n.CPU.Vendor == "" && (strings.HasPrefix(p, "Genuine") || strings.HasPrefix(p, "Authentic")):
			n.CPU.Vendor = p
		}
	}
	if fields["unreachable"] != nil && string(fields["unreachable"]) == "true" || fields["failed"] != nil && string(fields["failed"]) == "true" {
		n.NotReady = "not reached"
		if m := factsOf(fields).text("msg"); m != "" {
			n.Detail = clip(strings.Join(strings.Fields(m), " "))
		}
	}
	n.Network = f.network()
	var local map[string]jsontext.Value
	if f["local"] != nil && decode(f["local"], &local) == nil {
		n.Accelerators = localDevices(local)
	}
	return b.add(n, func(key string) []string {
		key = strings.TrimPrefix(key, "ansible_")
		if f[key] == nil {
			return nil
		}
		return []string{f.text(key)}
	})
}

// network finds the fastest interface that is up.
func (f facts) network() Network {
	var best Network
	for _, name := range f.list("interfaces") {
		var i struct {
			Active bool   `json:"active"`
			Type   word   `json:"type"`
			Speed  amount `json:"speed"` // Mbit/s
		}
		raw := f[strings.NewReplacer("-", "_", ".", "_", ":", "_").Replace(name)]
		if raw == nil || decode(raw, &i) != nil || !i.Active {
			continue
		}
		rate := float64(i.Speed) / 8e3
		if kind := string(i.Type); (kind == "ether" || kind == "infiniband") && rate > best.GBps && rate < 1e4 {
			best = Network{Kind: strings.Replace(kind, "ether", "ethernet", 1), GBps: rate}
		}
	}
	return best
}
