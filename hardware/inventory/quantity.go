package inventory

import (
	"math"
	"strconv"
	"strings"
)

// suffixes of Kubernetes quantities (apimachinery: pkg/api/resource), and of
// sizes that labels carry.
var suffixes = map[string]float64{
	"": 1, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
	"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40, "Pi": 1 << 50, "Ei": 1 << 60,
}

// quantity reads "2113481484Ki", "500m", "8" or "1e3"; 0 where it is none.
func quantity(s string) float64 {
	s = strings.TrimSpace(s)
	end := strings.LastIndexAny(s, "0123456789.") + 1
	scale, ok := suffixes[s[end:]]
	f, err := strconv.ParseFloat(s[:end], 64)
	if !ok || err != nil || !(f >= 0) || math.IsInf(f*scale, 0) {
		return 0
	}
	return f * scale
}

// whole is a quantity as a whole number, rounded down.
func whole(s string) int64 {
	f := quantity(s)
	if !(f < 1<<62) {
		return 0
	}
	return int64(f)
}

// sizeOf reads a memory size that a label or a feature gives: a bare number is
// in units, one with a suffix (192G, 80GB, 81559MiB) is binary, as makers of
// accelerators count. 0 where it is none.
func sizeOf(s string, unit int64) int64 {
	s = strings.TrimSpace(s)
	end := strings.LastIndexAny(s, "0123456789.") + 1
	f, err := strconv.ParseFloat(s[:end], 64)
	if err != nil || !(f >= 0) {
		return 0
	}
	switch strings.ToLower(strings.TrimSpace(s[end:])) {
	case "":
	case "k", "kb", "ki", "kib":
		unit = 1 << 10
	case "m", "mb", "mi", "mib":
		unit = 1 << 20
	case "g", "gb", "gi", "gib":
		unit = 1 << 30
	case "t", "tb", "ti", "tib":
		unit = 1 << 40
	default:
		return 0
	}
	if f *= float64(unit); !(f < 1<<50) {
		return 0
	}
	return int64(f)
}
