package profiles

import (
	"bytes"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/hardware"
)

// WriteMachine writes a machine as a profile file in full, without reference
// to the catalogue. [ReadMachine] gives the same machine back.
func WriteMachine(m *hardware.Machine) []byte {
	w := &writer{}
	w.fields(0, machineFields(m))
	w.line(0, "nodes:")
	for i := range m.Nodes {
		w.node(&m.Nodes[i])
	}
	if m.Network != nil {
		w.line(0, "network:")
		w.fullLink(1, m.Network)
	}
	return w.out.Bytes()
}

type writer struct {
	out  bytes.Buffer
	item bool // the next line starts an entry of a list
}

// line writes one line, indented by two blanks a level.
func (w *writer) line(level int, s string) {
	indent := strings.Repeat("  ", level)
	if w.item {
		indent = indent[:len(indent)-2] + "- "
		w.item = false
	}
	w.out.WriteString(indent + s + "\n")
}

func (w *writer) node(n *hardware.Node) {
	w.item = true
	w.line(2, "count: "+strconv.Itoa(max(n.Count, 1)))
	if n.Name != "" {
		w.line(2, "name: "+quote(n.Name))
	}
	w.line(2, "host:")
	w.fields(3, hostFields(&n.Host))
	w.line(3, "cpu:")
	w.fields(4, cpuFields(&n.Host.CPU))
	if len(n.Devices) > 0 {
		w.line(2, "devices:")
	}
	for i := 0; i < len(n.Devices); {
		d := n.Devices[i]
		same := i + 1
		for same < len(n.Devices) && reflect.DeepEqual(n.Devices[same], d) {
			same++
		}
		w.item = true
		w.line(4, "count: "+strconv.Itoa(same-i))
		w.fields(4, deviceFields(d))
		if d.Rates != (hardware.Rates{}) {
			w.line(4, "tflops:")
			w.fields(5, rateFields(&d.Rates))
		}
		i = same
	}
	if n.Domain > 0 {
		w.line(2, "scale_up_domain: "+strconv.Itoa(n.Domain))
	}
	switch {
	case n.Link != nil:
		w.line(2, "link:")
		w.fullLink(3, n.Link)
	case len(n.Devices) > 1:
		w.line(2, "link: none")
	}
	if n.Network != nil {
		w.line(2, "network:")
		w.fullLink(3, n.Network)
	}
}

// fullLink writes a link with what was measured over fewer or more devices.
func (w *writer) fullLink(level int, l *hardware.Link) {
	w.fields(level, linkFields(l))
	if len(l.Collectives) > 0 {
		w.line(level, "collectives:")
	}
	for i := range l.Collectives {
		w.item = true
		w.fields(level+2, collectiveFields(&l.Collectives[i]))
	}
}

// fields writes the fields that have a value.
func (w *writer) fields(level int, fields []field) {
	for _, f := range fields {
		s := ""
		switch v := f.to.(type) {
		case *string:
			if *v != "" {
				s = quote(*v)
			}
		case *float64:
			s = number(*v)
		case *int:
			s = number(float64(*v))
		case gib:
			s = gibText(*v.bytes)
		case *bool:
			if *v {
				s = "true"
			}
		case *[]string:
			if len(*v) > 0 {
				quoted := make([]string, len(*v))
				for i, x := range *v {
					quoted[i] = quote(x)
				}
				s = "[" + strings.Join(quoted, ", ") + "]"
			}
		case *map[string]string:
			if len(*v) > 0 {
				w.line(level, f.key+":")
				for _, k := range slices.Sorted(maps.Keys(*v)) {
					w.line(level+1, quote(k)+": "+quote((*v)[k]))
				}
			}
		}
		if s != "" {
			w.line(level, f.key+": "+s)
		}
	}
}

// gibText writes bytes in GiB with as few decimals as give them back.
func gibText(bytes int64) string {
	f := float64(bytes) / float64(hardware.GiB)
	for decimals := range 7 {
		s := strconv.FormatFloat(f, 'f', decimals, 64)
		if back, err := strconv.ParseFloat(s, 64); err == nil && gibBytes(back) == bytes && back > 0 {
			return s
		}
	}
	return number(f)
}

func number(f float64) string {
	if f == 0 {
		return ""
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// quote writes a string as YAML reads it back: plain where nothing in it has
// a meaning, otherwise between double quotes.
func quote(s string) string {
	plain := s != "" && (s[0] >= 'a' && s[0] <= 'z' || s[0] >= 'A' && s[0] <= 'Z')
	for i := 0; i < len(s) && plain; i++ {
		c := s[i]
		plain = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.'
	}
	switch strings.ToLower(s) {
	case "true", "false", "yes", "no", "on", "off", "null", "none", "y", "n", "inf", "nan":
		plain = false
	}
	if plain {
		return s
	}
	return strconv.Quote(s)
}
