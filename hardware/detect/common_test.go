package detect

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/hardware"
)

// fakeCatalogue knows two cards, two processors and one board.
type fakeCatalogue struct{}

func (fakeCatalogue) MatchDevice(name string, _ int64, pci, vendor string) (*hardware.Device, string, bool) {
	switch {
	case strings.Contains(name, "A100"):
		return &hardware.Device{ID: "a100-sxm-80gb", Name: "A100", Vendor: vendor, MemoryBytes: 80 * hardware.GB,
			BandwidthGBps: 2039, Rates: hardware.Rates{FP32: 19.5}, NVLinkGBps: 600}, "by name", true
	case strings.HasSuffix(name, "L40S") || pci == "10de:26b9":
		return &hardware.Device{ID: "l40s", Name: "L40S", Vendor: vendor, MemoryBytes: 48 * hardware.GB, BandwidthGBps: 864}, "by name", true
	}
	return nil, "", false
}

func (fakeCatalogue) MatchCPU(name string, _ int) (*hardware.CPU, string, bool) {
	switch {
	case strings.Contains(name, "Raspberry Pi 5"):
		return &hardware.CPU{ID: "rpi-5", Name: "Raspberry Pi 5", Cores: 4, BandwidthGBps: 17.1, Board: true}, "by board", true
	case strings.Contains(name, "EPYC 9654"):
		return &hardware.CPU{ID: "epyc-9654", Name: "AMD EPYC 9654", Cores: 96, Threads: 192, BandwidthGBps: 460.8, MemoryChannels: 12}, "by name", true
	case strings.Contains(name, "Graviton2"):
		return &hardware.CPU{ID: "graviton2", Name: "AWS Graviton2", Cores: 64, BandwidthGBps: 204.8}, "by name", true
	}
	return nil, "", false
}

func (fakeCatalogue) AssumedCPU(int, []string, string) *hardware.CPU {
	return &hardware.CPU{ID: "generic-2ch-ddr4-3200", BandwidthGBps: 51.2, MemoryChannels: 2}
}

func finding(r *Report, what string) string {
	for _, f := range r.Findings {
		if f.What == what {
			return f.Value
		}
	}
	return ""
}

func noted(r *Report, part string) bool {
	return strings.Contains(strings.Join(r.Notes, "\n"), part)
}

func names(ds []*hardware.Device) []string {
	var out []string
	for _, d := range ds {
		out = append(out, d.Name)
	}
	return out
}

// root makes a file system of a map from path to text.
func root(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
