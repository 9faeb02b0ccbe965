package engine_test

import (
	"testing"

	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/hardware"
)

// macOS lets the GPU wire about two thirds of the memory up to 36 GB and
// three quarters above, whatever size the catalogue calls usable; a limit
// that the system itself reported goes before that rule.
func TestWired(t *testing.T) {
	rules := &engine.HostRules{UnifiedWired: map[string][]engine.WiredStep{
		"apple": {{UpToGiB: 36, Fraction: 2.0 / 3}, {Fraction: 0.75}}}}
	for _, c := range []struct {
		name   string
		vendor string
		usable int64
		gib    int64
		want   int64
	}{
		{"16 GB", "Apple", 0, 16, 16 * hardware.GiB * 2 / 3},
		{"64 GB", "Apple", 0, 64, 48 * hardware.GiB},
		{"64 GB, all called usable", "Apple", 64 * hardware.GiB, 64, 48 * hardware.GiB},
		{"64 GB, raised by the owner", "Apple", 56 * hardware.GiB, 64, 56 * hardware.GiB},
		{"another vendor", "AMD", 0, 128, 0},
	} {
		d := &hardware.Device{Vendor: c.vendor, Unified: true, MemoryBytes: c.gib * hardware.GiB, UsableBytes: c.usable}
		if got := rules.Wired(d, d.MemoryBytes); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
