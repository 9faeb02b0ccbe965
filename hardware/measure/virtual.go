package measure

import (
	"bytes"
	"os"
)

// virtual says whether the system tells that it runs under a hypervisor; what
// tells nothing counts as a machine of its own.
func virtual() bool {
	for _, name := range []string{"/sys/hypervisor/type", "/proc/device-tree/hypervisor/compatible"} {
		if _, err := os.Stat(name); err == nil {
			return true
		}
	}
	info, err := os.ReadFile("/proc/cpuinfo")
	return err == nil && bytes.Contains(info, []byte(" hypervisor"))
}
