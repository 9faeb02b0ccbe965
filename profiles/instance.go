package profiles

import (
	"fmt"
	"strings"

	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles/names"
)

// Instance finds the machine that a cloud's name of an instance type means, as
// inventories write it ("p5.48xlarge", "a3-highgpu-8g",
// "Standard_ND96isr_H100_v5"): in the catalogue of nodes, else among the offers
// of the price list, which tell the accelerators and at most the memory beside
// them. how says which; ok is false where neither knows the name.
func Instance(name string) (m *hardware.Machine, how string, ok bool) {
	want := instanceName(name)
	if want == "" {
		return nil, "", false
	}
	for r := range nodes.rows() {
		if _, own, _ := strings.Cut(r.text("name"), " "); instanceName(own) != want && instanceName(r.text("id")) != want {
			continue
		}
		m, err := nodeMachine(&r, MachineOptions{})
		if err != nil {
			return nil, "", false
		}
		return m, "instance type " + m.ID + " in the catalogue", true
	}
	for r := range cloudTable.rows() {
		c := cloudOf(&r)
		if c.Survey || instanceName(c.Instance) != want {
			continue
		}
		query := r.text("device")
		if c.Devices > 1 {
			query = fmt.Sprintf("%dx %s", c.Devices, query)
		}
		m, err := Machine(query, MachineOptions{MemoryBytes: r.gib("memory_gb")})
		if err != nil {
			return nil, "", false
		}
		return m, "instance type of " + c.Provider + " in the price list", true
	}
	return nil, "", false
}

// instanceName is an instance type in one spelling. Azure's API puts Standard_
// in front, and some records add in parentheses what it holds.
func instanceName(s string) string {
	s, _, _ = strings.Cut(s, " (")
	if rest, ok := strings.CutPrefix(s, "Standard_"); ok {
		s = rest
	}
	if !strings.ContainsAny(s, "0123456789") {
		return ""
	}
	return names.Normalize(s)
}
