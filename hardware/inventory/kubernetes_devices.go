package inventory

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/hardware"
)

// counted ties a resource to the accelerators that it counts.
type counted struct {
	resource string
	at       int   // of the node's accelerators
	replicas int64 // how many times each device is offered
}

// kubeDevices reads a node's accelerators from its resources and labels. What
// cannot be given to work (no device plugin, unhealthy devices) is not counted,
// and noted.
func (n *Node) kubeDevices(labels map[string]string, capacity, allocatable map[string]word) []counted {
	var out []counted
	for _, name := range slices.Sorted(maps.Keys(capacity)) {
		r, slice := resourceOf(name)
		if r == nil || strings.HasSuffix(name, "_monitoring") {
			continue
		}
		has, free := whole(string(capacity[name])), whole(string(allocatable[name]))
		if has == 0 {
			continue
		}
		a := Accelerator{Vendor: r.vendor, Slice: slice, Refused: r.refusedAs}
		a.describe(r, slice, labels)
		fill := func(label string) string { return strings.Replace(label, "*", slice, 1) }
		replicas := int64(1)
		for _, label := range r.replicas {
			replicas = max(replicas, min(whole(labels[fill(label)]), maxDevices))
		}
		physical := whole(labels[fill(r.count)])
		if physical <= 0 || replicas == 1 {
			physical = up(has, replicas)
		}
		a.Count = devices(min(physical, up(free, replicas)))
		if replicas > 1 {
			n.note("each of its %d devices is offered %d times; they are counted once", physical, replicas)
		}
		if lost := physical - int64(a.Count); lost > 0 {
			n.note("%d of %d devices cannot be given to work", lost, physical)
		}
		if part := labels["amd.com/gpu.partition-type"]; r.vendor == "AMD" && part != "" && !strings.HasPrefix(part, "spx") {
			a.Refused = "its cards are divided (" + part + "), and what a part has is not told"
		}
		if family, _, dotted := strings.Cut(n.Instance, "."); dotted { // inf2.48xlarge has Inferentia2
			a.Hints = append(a.Hints, family)
		}
		out = append(out, counted{name, len(n.Accelerators), replicas})
		n.Accelerators = append(n.Accelerators, a)
	}
	if len(n.Accelerators) == 0 && whole(labels["nvidia.com/gpu.count"]) > 0 {
		n.note("a label says that it has %s accelerators, and none can be given to work: is the device plugin running?", clip(labels["nvidia.com/gpu.count"]))
	}
	return out
}

func up(n, parts int64) int64 { return (n + parts - 1) / parts }

func (n *Node) note(format string, args ...any) {
	n.Notes = append(n.Notes, fmt.Sprintf(format, args...))
}

// clip bounds a text of the input in a message.
func clip(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:80], "") + "..."
	}
	return s
}

// describe fills in what the labels say of a device.
func (a *Accelerator) describe(r *resource, slice string, labels map[string]string) {
	for _, key := range r.product {
		if v := labelled(labels, key); v != "" && v != "true" && !strings.EqualFold(v, r.vendor) {
			if a.Name == "" {
				a.Name, a.Named = v, "label "+key
			} else {
				a.Hints = append(a.Hints, v)
			}
		}
	}
	if a.Name == "" && r.productDefault != "" {
		a.Name, a.Named = r.productDefault, "resource "+r.name
	}
	for _, key := range r.memory {
		if a.MemoryBytes = sizeOf(labelled(labels, strings.Replace(key, "*", slice, 1)), hardware.MiB); a.MemoryBytes > 0 {
			break
		}
	}
	for _, key := range r.pci {
		if v := labelled(labels, key); v != "" {
			v = v[strings.LastIndexByte(v, '-')+1:] // class and device: 0380-0bd5
			a.PCIID, _, _ = strings.Cut(v, ".")
			break
		}
	}
	if cut, ok := strings.CutSuffix(a.Name, "-SHARED"); ok {
		a.Name = cut
	}
	if card, profile, ok := strings.Cut(a.Name, "-MIG-"); ok { // the single strategy: every device is such a slice
		a.Name = card
		if a.Slice == "" {
			a.Slice = profile
		}
	}
	if a.Slice == "" && r.slice != "" {
		a.Slice = slicePattern(labels[r.slice])
	}
	if a.Slice == "" && a.Vendor == "NVIDIA" {
		if all, ok := strings.CutPrefix(labels["nvidia.com/mig.config"], "all-"); ok && slicePattern(all) != "" && labels["nvidia.com/mig.config.state"] != "failed" {
			a.Slice = slicePattern(all)
		}
	}
}

// labelled is the value of a label, or the end of the first longer key (in
// their order) that begins with it.
func labelled(labels map[string]string, key string) string {
	if v := labels[key]; v != "" {
		return v
	}
	best := ""
	for k := range labels {
		if rest, ok := strings.CutPrefix(k, key+"."); ok && rest != "" && (best == "" || rest < best) {
			best = rest
		}
	}
	return best
}

// slicePattern finds the profile of a MIG slice ("1g.10gb", "2g.20gb+me") in a
// name; "" where there is none.
func slicePattern(s string) string {
	s = strings.ToLower(s)
	for i := 0; i+1 < len(s); i++ {
		if s[i+1] != 'g' || s[i] < '1' || s[i] > '9' || i > 0 && s[i-1] >= '0' && s[i-1] <= '9' {
			continue
		}
		rest := s[i+2:]
		if len(rest) < 2 || rest[0] != '.' && rest[0] != '_' && rest[0] != '-' {
			continue
		}
		end := 1
		for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
			end++
		}
		if end > 1 && strings.HasPrefix(rest[end:], "gb") {
			return s[i:i+2] + "." + rest[1:end] + "gb"
		}
	}
	return ""
}
