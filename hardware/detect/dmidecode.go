package detect

import (
	"fmt"
	"strings"
)

// ParseDMIDecode reads the text of dmidecode: processors, memory modules, and
// the product's name. Serial numbers and asset tags are not read.
func ParseDMIDecode(text []byte) (s SMBIOS, vendor, product string, err error) {
	kind, seen := "", 0
	fields := map[string]string{}
	flush := func() {
		switch kind {
		case "System Information":
			vendor, product = known(fields["Manufacturer"]), known(fields["Product Name"])
		case "Processor Information":
			if strings.Contains(fields["Status"], "Populated") && (fields["Type"] == "" || fields["Type"] == "Central Processor") {
				s.Processors = append(s.Processors, known(fields["Version"]))
				s.Cores += smiInt(fields["Core Count"])
			}
		case "Memory Device":
			if m, ok := dmiModule(fields); ok && len(s.Modules) < 512 {
				s.Modules = append(s.Modules, m)
			}
		}
		kind, fields = "", map[string]string{}
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, " \r\n")
		bare := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "Handle "):
			flush()
			seen++
		case bare == "" || strings.HasPrefix(bare, "#"):
		case line == bare && kind == "" && seen > 0:
			kind = bare
		default:
			if k, v, ok := strings.Cut(bare, ":"); ok && line != bare {
				fields[strings.TrimSpace(k)] = strings.TrimSpace(v)
			}
		}
	}
	flush()
	if seen == 0 {
		err = fmt.Errorf("dmidecode: no line that begins with Handle: is this its output, run as root?")
	}
	return s, vendor, product, err
}

// dmiModule is one memory device; ok is false for an empty slot.
func dmiModule(f map[string]string) (Module, bool) {
	size, ok := number(f["Size"])
	if !ok || size > 1<<30 {
		return Module{}, false
	}
	m := Module{Type: known(f["Type"]), WidthBits: smiInt(f["Data Width"])}
	switch {
	case strings.HasSuffix(f["Size"], "GB"):
		m.Bytes = int64(size * (1 << 30))
	case strings.HasSuffix(f["Size"], "MB"):
		m.Bytes = int64(size * (1 << 20))
	case strings.HasSuffix(f["Size"], "kB"):
		m.Bytes = int64(size * (1 << 10))
	}
	for _, k := range []string{"Configured Memory Speed", "Configured Clock Speed", "Speed"} {
		if m.MTs == 0 {
			m.MTs = smiInt(f[k]) // "4800 MT/s", on old releases "2133 MHz", which means the same
		}
	}
	m.Locator = strings.TrimSpace(f["Bank Locator"] + " " + f["Locator"])
	return m, m.Bytes > 0
}
