package fleet

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles"
)

// maxReport bounds the report of a detection.
const maxReport = 4 << 20

// ReadReport reads the machine of a report that plimsoll hardware detect wrote
// as JSON. name is what errors call it.
func ReadReport(name string, r io.Reader) (*hardware.Machine, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxReport+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxReport {
		return nil, fmt.Errorf("%s: more than %d MiB, which no report takes", name, maxReport>>20)
	}
	var report struct {
		Machine *hardware.Machine `json:"machine"`
	}
	if err := json.Unmarshal(data, &report); err != nil || report.Machine == nil || len(report.Machine.Nodes) == 0 {
		return nil, fmt.Errorf("%s: no report of plimsoll hardware detect", name)
	}
	for i := range report.Machine.Nodes {
		for _, d := range report.Machine.Nodes[i].Devices {
			if d == nil {
				return nil, fmt.Errorf("%s: no report of plimsoll hardware detect", name)
			}
		}
	}
	// What a profile may hold is checked by its reader.
	m, err := profiles.ReadMachine(name, profiles.WriteMachine(report.Machine))
	if err != nil {
		return nil, err
	}
	return m, nil
}

// ReadProfile reads a profile file, or a report of a detection.
func ReadProfile(path string) (*hardware.Machine, error) {
	m, err := profiles.ReadMachineFile(path)
	if err == nil {
		return m, nil
	}
	f, openErr := os.Open(path)
	if openErr != nil {
		return nil, err
	}
	defer f.Close()
	var first [1]byte
	if _, e := io.ReadFull(f, first[:]); e != nil || first[0] != '{' {
		return nil, err
	}
	if _, e := f.Seek(0, io.SeekStart); e != nil {
		return nil, errors.Join(err, e)
	}
	return ReadReport(path, f)
}
