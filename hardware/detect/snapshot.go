package detect

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// A snapshot is a folder with files of another machine, each under its own
// path (proc/cpuinfo, sys/class/drm/...), and with what commands printed
// there, under the command's words joined by "-" (nvidia-smi-q-x.xml,
// rocm-smi.json, lscpu.txt). A few well-known files may also lie beside the
// tree under their short names.

// shortNames are files that snapshots keep under a short name.
var shortNames = []string{
	"cpuinfo", "meminfo", "mountinfo", "swaps",
	"cpu.max", "cpu.cfs_quota_us", "cpu.cfs_period_us", "memory.max", "memory.high", "memory.current", "memory.stat",
	"memory.limit_in_bytes", "memory.usage_in_bytes", "cpuset.cpus.effective", "nv_tegra_release",
}

// shortName finds the file that stands for a path in a snapshot.
func shortName(root, name string) (string, bool) {
	try := []string{strings.ReplaceAll(strings.TrimPrefix(name, "/"), "/", "-")}
	if base := path.Base(name); slices.Contains(shortNames, base) {
		try = append(try, base)
	}
	for _, t := range try {
		p := filepath.Join(root, t)
		if st, err := os.Stat(p); err == nil && st.Mode().IsRegular() {
			return p, true
		}
	}
	return "", false
}

// captureEndings may follow the name of a captured output.
var captureEndings = []string{".txt", ".json", ".xml", ".csv", ".reg", ".partial.txt", ".wmi.txt", ""}

// captureFile finds what a command printed on the machine of a snapshot.
func captureFile(root, capture string) (string, bool) {
	if capture == "" {
		return "", false
	}
	for _, ending := range captureEndings {
		p := filepath.Join(root, capture+ending)
		if st, err := os.Stat(p); err == nil && st.Mode().IsRegular() {
			return p, true
		}
	}
	return "", false
}

// captured lists the outputs in a snapshot whose names begin with one of these
// words, without the folders.
func (s *system) captured(prefixes ...string) []string {
	if s.live {
		return nil
	}
	entries, err := os.ReadDir(s.root)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		if !e.IsDir() && slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(e.Name(), p) }) {
			out = append(out, e.Name())
		}
	}
	return out
}

// capturedOS guesses the operating system of a snapshot from what it holds.
func (s *system) capturedOS() string {
	switch {
	case len(s.captured("sysctl-", "system_profiler", "SPHardwareDataType", "SPMemoryDataType", "SPDisplaysDataType", "hardware-fields")) > 0:
		return "darwin"
	case len(s.captured("Win32_", "wmic-", "Get-CimInstance", "display-class", "adapter-ram")) > 0:
		return "windows"
	}
	return "linux"
}
