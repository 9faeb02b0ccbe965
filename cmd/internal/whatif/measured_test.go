package whatif

import (
	"testing"

	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles"
)

// What was measured of the way to a device does not hold of another link, and
// the machine that was changed keeps it.
func TestOtherLinkIsNotMeasured(t *testing.T) {
	for text, want := range map[string]int{"hardware.pcie_lanes=4": 0, "hardware.pcie_gen=5": 0, "hardware.bandwidth_gb_s=+10%": 1} {
		m, err := profiles.Machine("rtx-4090-24gb", profiles.MachineOptions{})
		if err != nil {
			t.Fatal(err)
		}
		m.Nodes[0].Host.Measured = &hardware.Measured{Date: "2026-11-26", Devices: []hardware.MeasuredDevice{{Name: "x"}}}
		c, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		other, _, err := Machine(m, []Change{c})
		if err != nil {
			t.Fatal(err)
		}
		if got := other.Nodes[0].Host.Measured; got == nil || len(got.Devices) != want || got.Date == "" {
			t.Errorf("%s: measured %+v, want %d devices", text, got, want)
		}
		if len(m.Nodes[0].Host.Measured.Devices) != 1 {
			t.Errorf("%s changed the machine itself", text)
		}
	}
}
