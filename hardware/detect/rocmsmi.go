package detect

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// ParseROCmSMI reads rocm-smi: its JSON, its CSV, or the table that it prints
// without either. The keys differ by release ("Card series", "Card Series",
// "Device Name").
func ParseROCmSMI(text []byte) (Reading, error) {
	b := bytes.TrimSpace(text)
	switch {
	case len(b) > 0 && b[0] == '{':
		return rocmJSON(b)
	case bytes.HasPrefix(b, []byte("device,")):
		return rocmCSV(b)
	case bytes.Contains(b[:min(len(b), 4096)], []byte("ROCm System Management Interface")):
		return rocmTable(b)
	}
	// Warnings may stand before the JSON.
	if i := bytes.IndexByte(b, '{'); i > 0 {
		return rocmJSON(b[i:])
	}
	return Reading{}, fmt.Errorf("rocm-smi: not its output: give rocm-smi --showproductname --showmeminfo vram --json")
}

func rocmJSON(text []byte) (Reading, error) {
	var r Reading
	v, err := parseJSON(text)
	if err != nil {
		return r, fmt.Errorf("rocm-smi: %w", err)
	}
	t, ok := v.(tree)
	if !ok {
		return r, fmt.Errorf("rocm-smi: the JSON is no object of cards")
	}
	for _, key := range sortedNatural(t) {
		card, ok := t[key].(tree)
		switch {
		case !ok:
		case key == "system":
			r.Driver = card.text("driver_version")
		case strings.HasPrefix(key, "card") && len(r.Accelerators) < maxDevices:
			r.Accelerators = append(r.Accelerators, rocmCard(card))
		}
	}
	if len(r.Accelerators) == 0 {
		return r, fmt.Errorf("rocm-smi: no card in it")
	}
	return r, nil
}

func rocmCard(c tree) Accelerator {
	a := Accelerator{
		Vendor: "AMD", NUMANode: -1,
		Name:       c.text("card_series", "device_name", "card_model_name", "market_name"),
		PCIAddress: shortPCI(c.text("pci_bus")), Compute: c.text("gfx_version"),
		MemoryTotal: plainBytes(c.text("vram_total_memory_b")), MemoryUsed: plainBytes(c.text("vram_total_used_memory_b")),
		SharedTotal: plainBytes(c.text("gtt_total_memory_b")), SharedUsed: plainBytes(c.text("gtt_total_used_memory_b")),
	}
	a.MemoryFree = max(a.MemoryTotal-a.MemoryUsed, 0)
	for _, key := range []string{"device_id", "gpu_id", "card_model"} {
		if id := pciID("1002", c.text(key)); id != "" && len(pciTable()[id]) > 0 {
			a.PCIID = id
			break
		}
	}
	f := pciFunction{id: a.PCIID, rev: strings.TrimPrefix(c.text("device_rev"), "0x")}
	p := f.product()
	a.Integrated = p.kind == "integrated"
	// Old releases print the vendor's id where the name should be, or none.
	if a.Name == "" || strings.HasPrefix(a.Name, "0x") {
		a.Name = p.name
	}
	if a.Name == "" {
		a.Name = c.text("card_sku")
	}
	return a
}

func rocmCSV(text []byte) (Reading, error) {
	var r Reading
	c := csv.NewReader(bytes.NewReader(text))
	c.FieldsPerRecord, c.LazyQuotes = -1, true
	rows, err := c.ReadAll()
	if err != nil {
		return r, fmt.Errorf("rocm-smi: unreadable CSV (%s)", shortErr(err))
	}
	for _, row := range rows[1:] {
		card := tree{}
		for i, h := range rows[0] {
			if i < len(row) {
				card[keyName(h)] = row[i]
			}
		}
		if strings.HasPrefix(card.text("device"), "card") && len(r.Accelerators) < maxDevices {
			r.Accelerators = append(r.Accelerators, rocmCard(card))
		}
	}
	if len(r.Accelerators) == 0 {
		return r, fmt.Errorf("rocm-smi: no card in the CSV")
	}
	return r, nil
}

var rocmRow = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(\d+)\s+\d+\s+(0x[0-9a-f]{4}),`) })

// rocmTable reads the concise table: device ids, no names and no sizes. A
// capture may hold several tables; the first counts.
func rocmTable(text []byte) (Reading, error) {
	var r Reading
	for line := range strings.Lines(string(text)) {
		m := rocmRow().FindStringSubmatch(strings.TrimSpace(line))
		if m == nil || m[1] != strconv.Itoa(len(r.Accelerators)) || len(r.Accelerators) >= maxDevices {
			if len(r.Accelerators) > 0 && strings.Contains(line, "End of ROCm SMI Log") {
				break
			}
			continue
		}
		a := Accelerator{Vendor: "AMD", PCIID: pciID("1002", m[2]), NUMANode: -1}
		f := pciFunction{id: a.PCIID}
		p := f.product()
		a.Name, a.Integrated = p.name, p.kind == "integrated"
		r.Accelerators = append(r.Accelerators, a)
	}
	if len(r.Accelerators) == 0 {
		return r, fmt.Errorf("rocm-smi: no device in the table")
	}
	return r, nil
}

// plainBytes reads a whole number of bytes.
func plainBytes(s string) int64 {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 64)
	if err != nil {
		return 0
	}
	return clampBytes(n)
}
