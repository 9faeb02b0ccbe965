package fleet

import (
	"fmt"
	"strings"

	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/hardware/detect"
	"github.com/plimsoll/plimsoll/hardware/inventory"
	"github.com/plimsoll/plimsoll/profiles"
	"github.com/plimsoll/plimsoll/profiles/names"
)

// match is what an accelerator of an inventory turned out to be.
type match struct {
	device  *hardware.Device
	found   string // by what
	assumed string // what of it is not certain
	known   bool   // the catalogue has it
}

// resolver looks things up in the catalogue, each once: a look goes over all its
// lines, and a fleet has few kinds of anything.
type resolver struct {
	all       []*hardware.Device // see variants
	matches   map[string]match
	cpus      map[string]*hardware.CPU
	instances map[string]*hardware.Machine
}

// once returns what find gives for a key, the same every time.
func once[T any](known *map[string]T, key string, find func() T) T {
	if v, ok := (*known)[key]; ok {
		return v
	}
	v := find()
	if *known == nil {
		*known = map[string]T{}
	}
	(*known)[key] = v
	return v
}

// instance is the machine of a cloud's instance type, nil where it is not known.
func (r *resolver) instance(name string) *hardware.Machine {
	if name == "" {
		return nil
	}
	return once(&r.instances, name, func() *hardware.Machine {
		m, _, _ := profiles.Instance(name)
		return m
	})
}

// cpu is the processor that a system reports, nil where it is not known.
func (r *resolver) cpu(model string, cores int) *hardware.CPU {
	return once(&r.cpus, fmt.Sprint(model, "\x00", cores), func() *hardware.CPU {
		c, _, _ := profiles.MatchCPU(model, cores)
		return c
	})
}

// device finds what an accelerator is. instance is the accelerator of the
// node's instance type, nil where that is not known.
func (r *resolver) device(a *inventory.Accelerator, instance *hardware.Device) match {
	key := *a
	key.Count, key.Used = 0, 0
	theirs := ""
	if instance != nil {
		theirs = instance.ID
	}
	return once(&r.matches, fmt.Sprintf("%s\x00%+v", theirs, key), func() match { return r.find(a, instance) })
}

func (r *resolver) find(a *inventory.Accelerator, instance *hardware.Device) match {
	memory := a.MemoryBytes
	if a.Slice != "" {
		memory = 0 // it is the slice's
	}
	m, ok := r.named(a.Name, memory, a)
	if ok {
		m.found = "name (" + a.Named + ")" + m.found
	}
	if instance != nil && (a.Vendor == "" || strings.EqualFold(a.Vendor, instance.Vendor)) {
		switch {
		case !ok:
			m, ok = match{device: instance, found: "instance type"}, true
		case m.assumed != "" && r.variants(a.Name, memory)[instance.ID]:
			m = match{device: instance, found: m.found + " and instance type"}
		}
	}
	for i := 0; !ok && i < len(a.Hints); i++ {
		if m, ok = r.named(a.Hints[i], memory, a); ok {
			m.found = "a label or feature of the node"
		}
	}
	if !ok {
		return unknown(a)
	}
	m.known = true
	if a.Slice != "" {
		m.slice(a)
	}
	return m
}

// named looks a name up as drivers and people write it.
func (r *resolver) named(name string, memory int64, a *inventory.Accelerator) (match, bool) {
	if name == "" && a.PCIID == "" {
		return match{}, false
	}
	if meaning, ok := inventory.Means(name); ok {
		if d, err := profiles.Device(meaning.Name); err == nil && fits(d, memory, a.Vendor) {
			return match{device: d, assumed: meaning.Assumed}, true
		}
	}
	if d, how, ok := profiles.MatchDevice(name, memory, a.PCIID, a.Vendor); ok {
		return match{device: d, found: ", " + how}, true
	}
	if name == "" {
		return match{}, false
	}
	d, err := profiles.Device(name)
	if err != nil || !fits(d, memory, a.Vendor) {
		// A name that another size bears as well: ask for the one that was told.
		gib := (memory + hardware.GiB/2) / hardware.GiB
		if d, err = profiles.Device(fmt.Sprintf("%s-%dgb", name, gib)); memory == 0 || err != nil || !fits(d, memory, a.Vendor) {
			return match{}, false
		}
	}
	m := match{device: d}
	if all := r.variants(name, memory); len(all) > 1 {
		m.assumed = fmt.Sprintf("the inventory says %s, which %d devices of the catalogue are called; this one is assumed", quoted(name), len(all))
	}
	return m, true
}

// variants are the devices of the catalogue that a bare name may mean, by id.
func (r *resolver) variants(name string, memory int64) map[string]bool {
	if r.all == nil {
		r.all, _ = profiles.Devices() // the catalogue's own test reads all of them
	}
	out := map[string]bool{}
	want := names.Normalize(name)
	for _, d := range r.all {
		if id := names.Normalize(d.ID); (id == want || strings.HasPrefix(id, want+"-")) && fits(d, memory, "") {
			out[d.ID] = true
		}
	}
	return out
}

// fits says whether a device may be the one of which an inventory tells the
// memory and the vendor. A driver keeps some of the memory to itself.
func fits(d *hardware.Device, memory int64, vendor string) bool {
	if vendor != "" && !strings.EqualFold(vendor, d.Vendor) {
		return false
	}
	if memory <= 0 || d.MemoryBytes <= 0 || d.Unified {
		return true
	}
	off := float64(memory)/float64(d.MemoryBytes) - 1
	return off > -0.12 && off < 0.05
}

// unknown keeps a device that the catalogue does not have, with what the
// inventory says of it.
func unknown(a *inventory.Accelerator) match {
	name := a.Name
	if name == "" {
		name = strings.TrimSpace(a.Vendor + " device")
	}
	d := &hardware.Device{ID: slug(name), Name: name, Vendor: a.Vendor, Kind: hardware.GPU, MemoryBytes: a.MemoryBytes, Slice: a.Slice}
	d.Source = "the inventory"
	what := "it is not in the catalogue"
	if a.Name == "" {
		what = "the inventory does not say which device it is"
	}
	if d.MemoryBytes > 0 {
		d.NotEstimated = what + ": its memory bandwidth is not known; add bandwidth_gb_s and tflops, or name a device of the catalogue"
		d.Assumed = map[string]string{"memory_bytes": "as the inventory says"}
	} else {
		d.NotEstimated = what + ": neither its memory nor its bandwidth is known; add memory_gb, bandwidth_gb_s and tflops, or name a device of the catalogue"
	}
	return match{device: d, found: "not found", assumed: what}
}

// slice turns a card into a slice of it.
func (m *match) slice(a *inventory.Accelerator) {
	s := &detect.Slice{Profile: a.Slice, MemoryTotal: a.MemoryBytes}
	guessed := ""
	if s.MemoryTotal == 0 {
		// The name of the profile tells the nominal size: 1g.10gb.
		_, size, _ := strings.Cut(a.Slice, ".")
		var gib float64
		if _, err := fmt.Sscanf(size, "%fgb", &gib); err == nil && gib > 0 && gib < 1024 {
			s.MemoryTotal = int64(gib * float64(hardware.GiB))
		}
		if d := m.device; d.UsableBytes > 0 && d.MemoryBytes > 0 {
			s.MemoryTotal = int64(float64(s.MemoryTotal) * float64(d.UsableBytes) / float64(d.MemoryBytes))
		}
		guessed = "by the name of the slice's profile"
	}
	card := *m.device
	d := detect.SliceOf(m.device, 0, s)
	if guessed != "" {
		d.Assumed["memory_bytes"] = guessed
	}
	d.Aliases = nil
	if card.MemoryBytes == d.MemoryBytes && d.UsableBytes == card.UsableBytes { // a slice of all of it
		d.UsableBytes = card.UsableBytes
	}
	m.device = d
}

// slug makes an id of a name.
func slug(name string) string {
	var s strings.Builder
	dash := false
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			if dash && s.Len() > 0 {
				s.WriteByte('-')
			}
			s.WriteRune(r)
			dash = false
		default:
			dash = true
		}
	}
	if s.Len() == 0 {
		return "unknown"
	}
	return s.String()[:min(s.Len(), 64)]
}

func quoted(s string) string { return fmt.Sprintf("%.60q", s) }
