package profiles

import (
	"reflect"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/hardware"
)

// What is written in brief is the same machine when it is read back.
func TestWriteBriefRoundTrip(t *testing.T) {
	of := func(query string) *hardware.Machine {
		m, err := Machine(query, MachineOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	var all []*hardware.Machine
	for _, query := range []string{"rtx-4090", "8x h100-sxm-80gb", "2x(8x h100-sxm-80gb)", "rtx-4090 + 2x rtx-3090", "aws-p5.48xlarge", "4x tesla-t4",
		"raspberry-pi-5-8gb", "apple-m4-max-40c-64gb", "dgx-h100", "2x epyc-9654", "dgx-spark-pair", "4x(gb200-nvl72-tray)", "hailo-8", "2x l40s"} {
		all = append(all, of(query))
	}
	// A fleet: nodes with networks of their own, a slice, a card that the
	// catalogue does not know, facts changed, marks of assumption dropped.
	fleet := of("4x a100-sxm4-80gb")
	slow := of("aws-g5.xlarge")
	slow.Nodes[0].Network, slow.Nodes[0].Name, slow.Nodes[0].Count = slow.Network, "small: \"one\"", 7
	slice := *fleet.Nodes[0].Devices[0]
	slice.Slice, slice.Name, slice.MemoryBytes, slice.UsableBytes, slice.BandwidthGBps, slice.NVLinkGBps = "1g.10gb", "A100 MIG 1g.10gb", 10*hardware.GiB, 9*hardware.GiB, 254.875, 0
	slice.Rates.FP16, slice.Assumed = 44.571, map[string]string{"tflops": "by the share"}
	odd := hardware.Device{ID: "lab-card", Name: "Lab card", Kind: hardware.NPU, MemoryBytes: 48 * hardware.GiB,
		Provenance: hardware.Provenance{NotEstimated: "no bandwidth is known"}}
	host := fleet.Nodes[0].Host
	host.MemoryBytes, host.LimitBytes, host.MemoryAssumed, host.CPU.Assumed = 503*hardware.GiB, 500*hardware.GiB, "", nil
	fleet.Nodes = append(fleet.Nodes, slow.Nodes[0], hardware.Node{Count: 3, Name: "slices", Host: host, Devices: []*hardware.Device{&slice, &slice}},
		hardware.Node{Count: 1, Host: host, Devices: []*hardware.Device{&odd}})
	all = append(all, fleet)
	for _, m := range all {
		for i := range m.Nodes {
			if l := m.Nodes[i].Link; l != nil {
				l.Collectives = nil
			}
		}
		data := WriteBrief(m, []string{"a comment", "one that\nbreaks: [the line"})
		back, err := ReadMachine("other.yaml", data)
		if err != nil {
			t.Errorf("%s: %v\n%s", m.ID, err, data)
			continue
		}
		// An empty list of assumptions is as good as none.
		for _, machine := range []*hardware.Machine{m, back} {
			for i := range machine.Nodes {
				for _, d := range machine.Nodes[i].Devices {
					if len(d.Assumed) == 0 {
						d.Assumed = nil
					}
				}
				if c := &machine.Nodes[i].Host.CPU; len(c.Assumed) == 0 {
					c.Assumed = nil
				}
			}
		}
		if !reflect.DeepEqual(m, back) {
			t.Errorf("%s: changed on the way\n%s\nwas\n%s\nis\n%s", m.ID, data, WriteMachine(m), WriteMachine(back))
		}
		if full := WriteMachine(m); len(data) > len(full) {
			t.Errorf("%s: %d bytes in brief, %d in full", m.ID, len(data), len(full))
		}
	}
	if text := string(WriteBrief(of("8x h100-sxm-80gb"), nil)); !strings.Contains(text, `- "8x h100-sxm5-80gb"`) || strings.Contains(text, "cpu:") {
		t.Errorf("what the catalogue knows is written out:\n%s", text)
	}
}
