package cli

import (
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
)

// setSeparator stands between changes that are made together. Commas separate
// alternatives where a flag takes several values.
const setSeparator = ";"

// setAxis takes changes of facts: PATH=VALUE, several with semicolons.
func setAxis() axis {
	return axis{flag: "set", usage: "change a fact: hardware.bandwidth_gb_s=+10%, hardware.memory_gb=+8GB, hardware.tflops=x2, model.layers=40 …", set: func(s *scenario.Scenario, text string) error {
		s.Set = nil
		for _, change := range strings.Split(text, setSeparator) {
			if change = strings.TrimSpace(change); change != "" {
				s.Set = append(s.Set, change)
			}
		}
		return nil
	}}
}

// joined is a flag that may be given several times: its values are joined.
type joined struct {
	text      *string
	separator string
}

func (j *joined) String() string {
	if j.text == nil {
		return ""
	}
	return *j.text
}

// Set adds a value. What is there already, as when flags are given again after
// a saved document was read, is not added.
func (j *joined) Set(text string) error {
	if *j.text != "" && *j.text != text {
		text = *j.text + j.separator + text
	}
	*j.text = text
	return nil
}

func (j *joined) Type() string { return "string" }

// repeatSet lets --set be given several times.
func (f *scenarioFlags) repeatSet(separator string) {
	for i := range f.axes {
		if f.axes[i].flag == "set" {
			f.flags.Lookup("set").Value = &joined{&f.values[i], separator}
		}
	}
}
