package detect

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
)

var coreSplit = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^(\d+)(?:\s*\((\d+)\s+performance\s+and\s+(\d+)\s+efficiency\))?`)
})

// parseSystemProfiler reads system_profiler's text or JSON (SPHardwareDataType,
// SPDisplaysDataType, SPMemoryDataType), and the fields of the JSON as
// inventory tools write them one a line.
func parseSystemProfiler(text []byte) appleFacts {
	var f appleFacts
	if b := bytes.TrimSpace(text); len(b) > 0 && b[0] == '{' {
		if v, err := parseJSON(b); err == nil {
			f.profile(v, 0)
		}
		return f
	}
	display := false
	for line := range strings.Lines(string(text)) {
		k, v, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok {
			continue
		}
		v = strings.Trim(strings.TrimSpace(v), `"`)
		if !strings.HasPrefix(line, " ") && v == "" {
			display = strings.HasPrefix(k, "Graphics")
		}
		f.field(keyName(k), v, display)
	}
	return f
}

// profile walks the JSON.
func (f *appleFacts) profile(v any, depth int) {
	if depth > 8 {
		return
	}
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			f.profile(x, depth+1)
		}
	case tree:
		for _, k := range sortedNatural(v) {
			if s := valueText(v[k]); s != "" {
				f.field(k, s, false)
			} else {
				f.profile(v[k], depth+1)
			}
		}
	}
}

func (f *appleFacts) field(key, v string, display bool) {
	switch key {
	case "chip", "chip_type", "chiptype":
		f.merge(appleFacts{Chip: v})
	case "cpu_type", "processor_name":
		f.merge(appleFacts{Chip: v})
	case "chipset_model", "sppci_model":
		if strings.HasPrefix(v, "Apple ") {
			f.merge(appleFacts{Chip: v})
		}
	case "sppci_cores":
		f.merge(appleFacts{GPUCores: smiInt(v)})
	case "total_number_of_cores":
		if display {
			f.merge(appleFacts{GPUCores: smiInt(v)})
		} else if m := coreSplit().FindStringSubmatch(v); m != nil {
			f.merge(appleFacts{CPUCores: smiInt(m[1]), Fast: smiInt(m[2]), Slow: smiInt(m[3])})
		}
	case "number_processors", "numberprocessors":
		// "proc 16:12:4": all, performance, efficiency; four fields since macOS
		// 26 on chips with three tiers, of which the fourth is the second tier.
		n := strings.Split(strings.TrimPrefix(v, "proc "), ":")
		a := appleFacts{CPUCores: smiInt(n[0])}
		if len(n) > 2 {
			a.Fast, a.Slow = smiInt(n[1]), smiInt(n[len(n)-1])
			if a.CPUCores > 0 && a.Fast > 0 && a.Fast <= a.CPUCores {
				a.Slow = a.CPUCores - a.Fast
			}
		}
		f.merge(a)
	case "memory", "physical_memory", "physicalmemory", "spmemorydatatype":
		f.merge(appleFacts{Memory: gigabytes(v)})
	case "type", "dimm_type":
		if strings.HasPrefix(strings.ToUpper(v), "LPDDR") || strings.HasPrefix(strings.ToUpper(v), "DDR") {
			f.merge(appleFacts{MemoryType: v})
		}
	case "model_identifier", "machine_model", "machinemodel":
		f.merge(appleFacts{Model: v})
	}
}

// gigabytes reads "24 GB", which Apple counts in binary.
func gigabytes(s string) int64 {
	v, ok := number(s)
	if !ok || v > 1<<20 {
		return 0
	}
	switch {
	case strings.HasSuffix(s, "TB"):
		return int64(v * (1 << 40))
	case strings.HasSuffix(s, "GB"):
		return int64(v * (1 << 30))
	case strings.HasSuffix(s, "MB"):
		return int64(v * (1 << 20))
	}
	return 0
}
