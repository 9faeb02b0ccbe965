//go:build windows

package detect

import (
	"fmt"
	"strings"

	"golang.org/x/sys/windows/registry"
)

// displayClass is the registry's class of display adapters.
const displayClass = `SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}`

// readRegistry lists the display adapters of this machine.
func readRegistry() ([]winAdapter, error) {
	class, err := registry.OpenKey(registry.LOCAL_MACHINE, displayClass, registry.ENUMERATE_SUB_KEYS)
	if err != nil {
		return nil, fmt.Errorf("the display class of the registry cannot be opened: %w", err)
	}
	defer class.Close() //nolint:errcheck // only read
	names, err := class.ReadSubKeyNames(maxDevices)
	if len(names) == 0 && err != nil {
		return nil, fmt.Errorf("the display class of the registry cannot be listed: %w", err)
	}
	var out []winAdapter
	for _, name := range names {
		k, err := registry.OpenKey(class, name, registry.QUERY_VALUE)
		if err != nil {
			continue // "Properties" is not for every user
		}
		var w winAdapter
		w.Name, _, _ = k.GetStringValue("DriverDesc")
		w.Driver, _, _ = k.GetStringValue("DriverVersion")
		w.PCI = "0000:0000"
		if id, _, err := k.GetStringValue("MatchingDeviceId"); err == nil {
			if m := venDev().FindStringSubmatch(id); m != nil {
				w.PCI = strings.ToLower(m[1] + ":" + m[2])
			}
		}
		if b, _, err := k.GetBinaryValue("HardwareInformation.qwMemorySize"); err == nil && len(b) == 8 {
			w.Memory = littleEndian(b)
		} else if n, _, err := k.GetIntegerValue("HardwareInformation.qwMemorySize"); err == nil {
			w.Memory = clampBytes(n)
		}
		k.Close() //nolint:errcheck // only read
		if w.Name != "" {
			out = append(out, w)
		}
	}
	return out, nil
}
