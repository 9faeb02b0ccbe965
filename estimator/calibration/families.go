package calibration

import (
	"strings"

	"github.com/plimsoll/plimsoll/hardware"
)

// Family names a device's family: its architecture and kind of memory.
func Family(d *hardware.Device) string {
	if d.Architecture == "" {
		return ""
	}
	return d.Architecture + "/" + memoryKind(d)
}

func memoryKind(d *hardware.Device) string {
	switch {
	case d.Unified:
		return "unified"
	case strings.HasPrefix(d.MemoryType, "HBM"):
		return "hbm"
	}
	return "gddr"
}

// HostFamily names a processor's family: its widest instruction set.
func HostFamily(c *hardware.CPU) string {
	for _, want := range [...]string{"amx_int8", "avx512_vnni", "avx512", "avx2", "i8mm", "dotprod", "neon"} {
		for _, s := range c.ISA {
			if s == want {
				return want
			}
		}
	}
	return ""
}

// months returns how many months date lies before reference; 0 when either
// cannot be read.
func months(reference, date string) float64 {
	r, ok1 := month(reference)
	d, ok2 := month(date)
	if !ok1 || !ok2 {
		return 0
	}
	return float64(r - d)
}

func month(s string) (int, bool) {
	if len(s) < 7 || s[4] != '-' {
		return 0, false
	}
	n := 0
	for i, w := range [...]int{0, 1, 2, 3, 5, 6} {
		c := s[w]
		if c < '0' || c > '9' {
			return 0, false
		}
		if i < 4 {
			n = n*10 + int(c-'0')
		}
	}
	return n*12 + int(s[5]-'0')*10 + int(s[6]-'0'), true
}
