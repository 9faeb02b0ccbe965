package detect

import (
	_ "embed"
	"encoding/csv"
	"path"
	"strings"
	"sync"
)

//go:embed pci.csv
var pciCSV string

// pciProduct is what a PCI id is known to be.
type pciProduct struct {
	rev, subsystem, name string
	kind                 string // integrated, discrete, npu
}

// pciTable is read on first use.
var pciTable = sync.OnceValue(func() map[string][]pciProduct {
	r := csv.NewReader(strings.NewReader(pciCSV))
	r.Comment, r.FieldsPerRecord = '#', 5
	t := map[string][]pciProduct{}
	rows, err := r.ReadAll()
	if err != nil {
		return t // the test of the table reports it
	}
	for _, row := range rows[1:] {
		t[row[0]] = append(t[row[0]], pciProduct{row[1], row[2], row[3], row[4]})
	}
	return t
})

// pciFunction is one function on a PCI bus as sysfs shows it.
type pciFunction struct {
	address   string // "0000:01:00.0"
	id        string // "10de:2684"
	rev       string // "a1"; "" when not told
	subsystem string // "1458:40bf"
	class     string // "030000"
	driver    string
}

// product looks the function up: by its board, by its revision, or, where
// neither is listed, by the chip alone.
func (f *pciFunction) product() pciProduct {
	var chip pciProduct
	for _, p := range pciTable()[f.id] {
		switch {
		case p.subsystem != "":
			if p.subsystem == f.subsystem && f.rev == "" {
				return p
			}
		case p.rev != "":
			if p.rev == f.rev {
				return p
			}
			if chip.kind == "" {
				chip.kind = p.kind
			}
		default:
			chip = p
		}
	}
	// Boards without a listed revision: the subsystem tells.
	for _, p := range pciTable()[f.id] {
		if p.subsystem != "" && p.subsystem == f.subsystem {
			return p
		}
	}
	return chip
}

// pciAt reads the function whose sysfs folder is dir.
func (s *system) pciAt(dir string) pciFunction {
	var f pciFunction
	for line := range strings.Lines(s.text(dir + "/uevent")) {
		k, v, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch k {
		case "DRIVER":
			f.driver = v
		case "PCI_CLASS":
			f.class = strings.ToLower(v)
		case "PCI_ID":
			f.id = strings.ToLower(v)
		case "PCI_SUBSYS_ID":
			f.subsystem = strings.ToLower(v)
		case "PCI_SLOT_NAME":
			f.address = v
		}
	}
	if f.id == "" {
		f.id = pciID(s.text(dir+"/vendor"), s.text(dir+"/device"))
	}
	if f.subsystem == "" {
		f.subsystem = pciID(s.text(dir+"/subsystem_vendor"), s.text(dir+"/subsystem_device"))
	}
	if f.class == "" {
		f.class = strings.TrimPrefix(s.text(dir+"/class"), "0x")
	}
	if len(f.class) == 5 {
		f.class = "0" + f.class
	}
	f.rev = strings.TrimPrefix(s.text(dir+"/revision"), "0x")
	if f.address == "" {
		if base := path.Base(dir); strings.Count(base, ":") == 2 {
			f.address = base
		} else if real := s.real(dir); strings.Count(path.Base(real), ":") == 2 {
			f.address = path.Base(real)
		}
	}
	return f
}

// pciVendor names the maker of an accelerator by its PCI id, "" for others.
func pciVendor(id string) string {
	v, _, _ := strings.Cut(id, ":")
	return ids()["vendor"][v][""]
}

// pciID joins two hexadecimal ids as sysfs writes them ("0x10de").
func pciID(vendor, device string) string {
	v, d := strings.TrimPrefix(vendor, "0x"), strings.TrimPrefix(device, "0x")
	if len(v) != 4 || len(d) != 4 {
		return ""
	}
	return strings.ToLower(v + ":" + d)
}

// shortPCI writes an address with a four-digit domain, as sysfs does.
func shortPCI(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if i := strings.IndexByte(s, ':'); i == 8 && strings.HasPrefix(s, "0000") {
		return s[4:]
	}
	if len(s) == 7 && strings.Count(s, ":") == 1 { // "01:00.0", as lspci writes it
		return "0000:" + s
	}
	return s
}

// pciNames looks a device up in the machine's own copy of the list of PCI
// ids, which is newer than the tool on a newer system; "" when there is none.
func (s *system) pciName(id string) string {
	vendor, device, ok := strings.Cut(id, ":")
	if !ok {
		return ""
	}
	for _, file := range []string{"/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids"} {
		b, err := s.read(file)
		if err != nil {
			continue
		}
		text := string(b)
		at := strings.Index(text, "\n"+vendor+"  ")
		if at < 0 {
			continue
		}
		for line := range strings.Lines(text[at+1:][strings.IndexByte(text[at+1:], '\n')+1:]) {
			if line[0] != '\t' && line[0] != '#' && line != "\n" {
				break // the next vendor
			}
			if name, ok := strings.CutPrefix(line, "\t"+device+"  "); ok {
				return strings.TrimSpace(name)
			}
		}
	}
	return ""
}
