package profiles

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/hardware"
)

// WriteBrief writes a machine as a profile file for people to read and edit:
// what the catalogue has is named, with the fields that differ from it, and
// what a reader of the file would assume is left out. comments stand above it.
// [ReadMachine] gives the same machine back while the catalogue is the same.
func WriteBrief(m *hardware.Machine, comments []string) []byte {
	w := &writer{}
	for _, c := range comments {
		w.line(0, "# "+oneComment(c))
	}
	w.fields(0, machineFields(m))
	w.line(0, "nodes:")
	for i := range m.Nodes {
		w.briefNode(&m.Nodes[i])
	}
	if m.Network != nil {
		w.link(0, "network", m.Network)
	}
	return w.out.Bytes()
}

// oneComment keeps a text on the line of its comment.
func oneComment(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, s)
}

func (w *writer) briefNode(n *hardware.Node) {
	w.item = true
	if n.Name != "" {
		w.line(2, "name: "+quote(n.Name))
	}
	w.line(2, "count: "+strconv.Itoa(max(n.Count, 1)))
	if len(n.Devices) > 0 {
		w.line(2, "devices:")
	}
	for i := 0; i < len(n.Devices); {
		d := n.Devices[i]
		same := i + 1
		for same < len(n.Devices) && reflect.DeepEqual(n.Devices[same], d) {
			same++
		}
		w.device(d, same-i)
		i = same
	}
	w.host(n)
	if n.Domain > 0 {
		w.line(2, "scale_up_domain: "+strconv.Itoa(n.Domain))
	}
	switch {
	case n.Link != nil:
		w.link(2, "link", n.Link)
	case len(n.Devices) > 1:
		w.line(2, "link: none")
	}
	if n.Network != nil {
		w.link(2, "network", n.Network)
	}
}

// device writes so many devices as an entry of a list.
func (w *writer) device(d *hardware.Device, count int) {
	w.item = true
	row, known := accelerators.find(d.ID)
	base, err := &hardware.Device{Kind: hardware.GPU}, error(nil)
	if known {
		base, err = deviceOf(&row)
		known = err == nil
	}
	if known && reflect.DeepEqual(base, d) {
		name := d.ID
		if count > 1 {
			name = strconv.Itoa(count) + "x " + name
		}
		w.line(4, quote(name))
		return
	}
	if known {
		w.line(4, "device: "+quote(d.ID))
	}
	w.line(4, "count: "+strconv.Itoa(count))
	changed := differ(deviceFields(base), deviceFields(d))
	rates := differ(rateFields(&base.Rates), rateFields(&d.Rates))
	w.stated(4, changed, len(rates) > 0, base.Assumed, d.Assumed)
	if len(rates) > 0 {
		w.line(4, "tflops:")
		w.all(5, rates)
	}
}

// host writes what a reader would not assume.
func (w *writer) host(n *hardware.Node) {
	h, left := n.Host, hardware.Host{}
	assumable := completeHost(&left, n.Devices) == nil
	if assumable && h.MemoryBytes == left.MemoryBytes && h.MemoryAssumed == left.MemoryAssumed {
		h.MemoryBytes, h.MemoryAssumed = 0, ""
	}
	if h.Sockets == 1 {
		h.Sockets = 0
	}
	fields := differ(hostFields(&hardware.Host{}), hostFields(&h))
	same := assumable && reflect.DeepEqual(h.CPU, left.CPU) || h.CPU.ID == "" && h.CPU.Name == ""
	if len(fields) == 0 && same {
		return
	}
	w.line(2, "host:")
	w.all(3, fields)
	if same {
		return
	}
	base, err := CPU(h.CPU.ID)
	switch {
	case err != nil || base.ID != h.CPU.ID:
		w.line(3, "cpu:")
		w.fields(4, cpuFields(&h.CPU))
	case reflect.DeepEqual(*base, h.CPU):
		w.line(3, "cpu: "+quote(base.ID))
	default:
		w.line(3, "cpu:")
		w.line(4, "cpu: "+quote(base.ID))
		w.stated(4, differ(cpuFields(base), cpuFields(&h.CPU)), false, base.Assumed, h.CPU.Assumed)
	}
}

// link writes a link under its key.
func (w *writer) link(level int, key string, l *hardware.Link) {
	base, err := Link(l.ID)
	if err != nil || base.ID != l.ID {
		w.line(level, key+":")
		w.fields(level+1, linkFields(l))
		return
	}
	changed := differ(linkFields(base), linkFields(l))
	if len(changed) == 0 {
		w.line(level, key+": "+quote(l.ID))
		return
	}
	w.line(level, key+":")
	w.line(level+1, "link: "+quote(l.ID))
	w.stated(level+1, changed, false, base.Assumed, l.Assumed)
}

// stated writes fields that differ from the entry that a mapping starts from.
// The reader drops that entry's marks of assumption from what is stated, so that
// the marks are written where they would come out wrong.
func (w *writer) stated(level int, changed []field, rates bool, base, is map[string]string) {
	changed = slices.DeleteFunc(changed, isKey("assumed"))
	expect := maps.Clone(base)
	for _, f := range changed {
		delete(expect, f.key)
		if name, ok := strings.CutSuffix(f.key, "_gb"); ok {
			delete(expect, name+"_bytes")
		}
	}
	if rates {
		delete(expect, "tflops")
		for _, f := range rateFields(&hardware.Rates{}) {
			delete(expect, f.key)
		}
	}
	w.all(level, changed)
	switch {
	case maps.Equal(expect, is):
	case len(is) == 0:
		w.line(level, "assumed: {}")
	default:
		w.fields(level, []field{{key: "assumed", to: &is}})
	}
}

// all writes fields also where they have no value.
func (w *writer) all(level int, fields []field) {
	for _, f := range fields {
		before := w.out.Len()
		w.fields(level, []field{f})
		if w.out.Len() > before {
			continue
		}
		switch f.to.(type) {
		case *string:
			w.line(level, f.key+`: ""`)
		case *bool:
			w.line(level, f.key+": false")
		case *[]string:
			w.line(level, f.key+": []")
		case *map[string]string:
			w.line(level, f.key+": {}")
		default:
			w.line(level, f.key+": 0")
		}
	}
}

// differ returns the fields of is that have another value than those of base,
// a list of the same fields.
func differ(base, is []field) []field {
	var out []field
	for i := range is {
		a, b := base[i].to, is[i].to
		if x, ok := a.(gib); ok {
			a, b = x.bytes, b.(gib).bytes
		}
		if x, ok := a.(*map[string]string); ok && len(*x) == 0 && len(*b.(*map[string]string)) == 0 {
			continue
		}
		if !reflect.DeepEqual(a, b) {
			out = append(out, is[i])
		}
	}
	return out
}

func isKey(key string) func(field) bool { return func(f field) bool { return f.key == key } }
