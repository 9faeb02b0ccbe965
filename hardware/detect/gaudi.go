package detect

import (
	"context"
	"fmt"
	"strings"

	"github.com/plimsoll/plimsoll/hardware"
)

// gaudiSMI asks hl-smi for Gaudi accelerators.
type gaudiSMI struct{ sys *system }

func (s *gaudiSMI) Name() string { return "hl-smi" }

func (s *gaudiSMI) Read(ctx context.Context) (Reading, error) {
	out, err := s.sys.command(ctx, tool{name: "hl-smi", capture: "hl-smi-Q",
		args: []string{"-Q", "name,bus_id,driver_version,memory.total,memory.free,memory.used", "-f", "csv"}})
	if err != nil {
		return Reading{}, err
	}
	return ParseHLSMI(out)
}

// ParseHLSMI reads `hl-smi -Q ... -f csv` with its header line.
func ParseHLSMI(text []byte) (Reading, error) {
	r, err := parseSMICSV("hl-smi", text, "Intel")
	for i := range r.Accelerators {
		a := &r.Accelerators[i]
		a.Kind = hardware.NPU
		a.NoOwnMemory = false
		a.Name = gaudiName(a.Name)
	}
	if err == nil && len(r.Accelerators) == 0 {
		err = fmt.Errorf("hl-smi: no device in the CSV")
	}
	return r, err
}

// gaudiName cuts the form factor off a module's name: HL-225B and HL-225H are
// HL-225.
func gaudiName(s string) string {
	if n := len(s); n > 6 && strings.HasPrefix(s, "HL-") && isNumber(s[3:6]) {
		return s[:6]
	}
	return s
}
