package profiles

import (
	"reflect"
	"slices"
	"testing"

	"github.com/plimsoll/plimsoll/hardware"
)

// TestMachineNumbersAreOfProfiles holds the paths and the keys of a profile
// together: what is set through a number is what a profile file says.
func TestMachineNumbersAreOfProfiles(t *testing.T) {
	m, err := Machine("2x(2x rtx-4090-24gb)", MachineOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c := m.Clone()
	paths := map[string]int{}
	numbers := MachineNumbers(c)
	for i := range numbers {
		n := &numbers[i]
		paths[n.Path]++
		n.Set(n.Value())
	}
	if !reflect.DeepEqual(m, c) {
		t.Error("setting every number to what it is changed the machine")
	}
	for path, count := range paths {
		if count != 1 {
			t.Errorf("%s is listed %d times, of one device", path, count)
		}
	}
	for _, want := range []string{"devices.memory_gb", "devices.bandwidth_gb_s", "devices.tflops.fp16_acc32", "devices.tdp_w",
		"host.memory_gb", "host.cpu.bandwidth_gb_s", "link.gb_s_per_direction", "network.gb_s_per_direction"} {
		if paths[want] == 0 {
			t.Errorf("%s is missing", want)
		}
	}
	at := slices.IndexFunc(numbers, func(n Number) bool { return n.Path == "devices.memory_gb" })
	numbers[at].Set(48)
	if d := c.Nodes[0].Devices[0]; d.MemoryBytes != 48*hardware.GiB || numbers[at].Key() != "memory_gb" || numbers[at].Of != d.Name {
		t.Errorf("memory_gb=48 made %d bytes of %s", d.MemoryBytes, numbers[at].Of)
	}
	if got := m.Nodes[0].Devices[0].MemoryBytes; got != 24*hardware.GiB {
		t.Errorf("the catalogue's machine changed to %d bytes", got)
	}
}
