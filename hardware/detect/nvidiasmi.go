package detect

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
)

// smiSource asks the nvidia-smi command: for builds without cgo, for Windows,
// and where the command works but the library is out of reach (WSL2).
type smiSource struct {
	sys *system
	// run replaces the command in tests.
	run func(ctx context.Context, args ...string) ([]byte, error)
}

func (s *smiSource) Name() string { return "nvidia-smi" }

// command asks nvidia-smi; WSL2 and Windows keep it off the usual path.
func (s *smiSource) command(ctx context.Context, capture string, args ...string) ([]byte, error) {
	if s.run != nil {
		return s.run(ctx, args...)
	}
	t := tool{name: "nvidia-smi", args: args, capture: capture, paths: []string{"/usr/lib/wsl/lib/nvidia-smi"}}
	if runtime.GOOS == "windows" {
		t.paths = []string{os.Getenv("SystemRoot") + `\System32\nvidia-smi.exe`, os.Getenv("ProgramFiles") + `\NVIDIA Corporation\NVSMI\nvidia-smi.exe`}
	}
	return s.sys.command(ctx, t)
}

func (s *smiSource) Read(ctx context.Context) (Reading, error) {
	out, err := s.command(ctx, "nvidia-smi-q-x", "-q", "-x")
	if err == nil {
		var r Reading
		if r, err = ParseNvidiaSMIXML(out); err == nil && len(r.Accelerators) > 0 {
			s.more(ctx, &r)
			return r, nil
		}
	}
	if timedOut(err) || errors.Is(err, errTooMuch) {
		return Reading{}, err // it would do so again
	}
	if s.sys != nil && !s.sys.live {
		return s.captured(ctx)
	}
	if absent(err) {
		return Reading{}, err
	}
	out, err2 := s.command(ctx, "", "--query-gpu="+smiQuery, "--format=csv")
	if err2 != nil {
		if err != nil {
			err2 = fmt.Errorf("-q -x %w; --query-gpu %w", err, err2)
		}
		return Reading{}, err2
	}
	r, err2 := ParseNvidiaSMICSV(out)
	if err2 == nil {
		s.more(ctx, &r)
	}
	return r, err2
}

// captured reads what a snapshot has of nvidia-smi, the most telling first.
func (s *smiSource) captured(ctx context.Context) (Reading, error) {
	var first error
	for _, c := range []string{"nvidia-smi-q", "nvidia-smi-query-gpu", "nvidia-smi", "nvidia-smi-L"} {
		out, err := s.command(ctx, c, "("+c+")")
		if err != nil {
			continue
		}
		r, err := ParseNvidiaSMI(out)
		if err == nil && len(r.Accelerators) > 0 {
			s.more(ctx, &r)
			return r, nil
		}
		if first == nil {
			first = err
		}
	}
	return Reading{}, first
}

// more asks what only machines with several devices or with MIG need.
func (s *smiSource) more(ctx context.Context, r *Reading) {
	mig := false
	for i := range r.Accelerators {
		mig = mig || r.Accelerators[i].MIG
	}
	if mig {
		if out, err := s.command(ctx, "nvidia-smi-L", "-L"); err == nil {
			if list, err := ParseNvidiaSMIList(out); err == nil {
				addProfiles(r.Accelerators, list.Accelerators)
			}
		}
	}
	if len(r.Accelerators) < 2 {
		return
	}
	if out, err := s.command(ctx, "nvidia-smi-nvlink-s", "nvlink", "-s"); err == nil {
		ParseNVLinkStatus(out, r.Accelerators)
	}
	s.topology(ctx, r)
}

// topology reads how the devices are joined.
func (s *smiSource) topology(ctx context.Context, r *Reading) {
	out, err := s.command(ctx, "nvidia-smi-topo-m", "topo", "-m")
	if err != nil {
		return
	}
	t, n := ParseNvidiaTopo(out)
	if n > 0 && (n == len(r.Accelerators) || len(r.Accelerators) == 0) {
		r.Topology = t
		for i := range r.Accelerators {
			r.Accelerators[i].NUMANode = t.NUMA[i]
		}
	}
}

// addProfiles takes the names of MIG devices from the list into the devices,
// where both have as many.
func addProfiles(as, list []Accelerator) {
	for i := range as {
		if i >= len(list) || len(list[i].Slices) != len(as[i].Slices) {
			continue
		}
		for k := range as[i].Slices {
			if as[i].Slices[k].Profile == "" {
				as[i].Slices[k].Profile = list[i].Slices[k].Profile
			}
		}
	}
}

// smiQuery holds fields that every release since 2016 knows.
const smiQuery = "name,memory.total,memory.free,memory.used,pci.bus_id,pci.device_id,driver_version,pcie.link.gen.max,pcie.link.gen.current,pcie.link.width.max,pcie.link.width.current,clocks.max.sm,clocks.max.memory,power.default_limit"

// smiLog is the part of `nvidia-smi -q -x` that is read.
type smiLog struct {
	Driver string   `xml:"driver_version"`
	GPUs   []smiGPU `xml:"gpu"`
}

type smiMemory struct {
	Total string `xml:"total"`
	Used  string `xml:"used"`
	Free  string `xml:"free"`
}

type smiGPU struct {
	ID           string `xml:"id,attr"`
	Name         string `xml:"product_name"`
	Architecture string `xml:"product_architecture"`
	MIG          string `xml:"mig_mode>current_mig"`
	MIGDevices   []struct {
		GPUInstance string    `xml:"gpu_instance_id"`
		SMs         string    `xml:"device_attributes>shared>multiprocessor_count"`
		Memory      smiMemory `xml:"fb_memory_usage"`
	} `xml:"mig_devices>mig_device"`
	PCI struct {
		DeviceID string `xml:"pci_device_id"`
		BusID    string `xml:"pci_bus_id"`
		GenMax   string `xml:"pci_gpu_link_info>pcie_gen>max_link_gen"`
		GenNow   string `xml:"pci_gpu_link_info>pcie_gen>current_link_gen"`
		WidthMax string `xml:"pci_gpu_link_info>link_widths>max_link_width"`
		WidthNow string `xml:"pci_gpu_link_info>link_widths>current_link_width"`
	} `xml:"pci"`
	Memory    smiMemory `xml:"fb_memory_usage"`
	Processes []struct {
		Used string `xml:"used_memory"`
	} `xml:"processes>process_info"`
	Power struct {
		Default string `xml:"default_power_limit"`
	} `xml:"power_readings"`
	GPUPower struct {
		Default string `xml:"default_power_limit"`
	} `xml:"gpu_power_readings"`
	MaxClocks struct {
		SM     string `xml:"sm_clock"`
		Memory string `xml:"mem_clock"`
	} `xml:"max_clocks"`
}

// ParseNvidiaSMIXML reads the output of `nvidia-smi -q -x`.
func ParseNvidiaSMIXML(text []byte) (Reading, error) {
	var log smiLog
	d := xml.NewDecoder(bytes.NewReader(text))
	d.Strict = false
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	if err := d.Decode(&log); err != nil {
		return Reading{}, fmt.Errorf("nvidia-smi -q -x: unreadable XML (%s): run it by hand and see what it says", shortErr(err))
	}
	r := Reading{Driver: known(log.Driver)}
	for i := range log.GPUs[:min(len(log.GPUs), maxDevices)] {
		g := &log.GPUs[i]
		a := Accelerator{
			Name: known(g.Name), Vendor: "NVIDIA", Architecture: known(g.Architecture), NUMANode: -1,
			PCIAddress: shortPCI(known(g.PCI.BusID)), PCIID: smiPCIID(g.PCI.DeviceID),
			PCIeGen: smiInt(g.PCI.GenMax), PCIeGenNow: smiInt(g.PCI.GenNow),
			PCIeLanes: smiInt(g.PCI.WidthMax), PCIeLanesNow: smiInt(g.PCI.WidthNow),
			SMClockMHz: smiInt(g.MaxClocks.SM), MemoryClockMHz: smiInt(g.MaxClocks.Memory),
			MIG: strings.EqualFold(strings.TrimSpace(g.MIG), "enabled"),
		}
		if a.PCIAddress == "" {
			a.PCIAddress = shortPCI(known(g.ID))
		}
		if w, ok := number(g.Power.Default); ok {
			a.PowerWatts = w
		} else if w, ok := number(g.GPUPower.Default); ok {
			a.PowerWatts = w
		}
		smiMemoryInto(&a, g.Memory.Total, g.Memory.Free, g.Memory.Used)
		for _, p := range g.Processes {
			a.Processes++
			a.ProcessMemory += smiBytes(p.Used)
		}
		for k, m := range g.MIGDevices[:min(len(g.MIGDevices), maxDevices)] {
			s := Slice{MemoryTotal: smiBytes(m.Memory.Total), MemoryFree: smiBytes(m.Memory.Free), Multiprocessors: smiInt(m.SMs), GPUInstance: -1 - k}
			if n, ok := number(m.GPUInstance); ok {
				s.GPUInstance = int(min(n, 1<<20))
			}
			if s.MemoryTotal > 0 {
				a.Slices = append(a.Slices, s)
			}
		}
		if a.Name != "" {
			r.Accelerators = append(r.Accelerators, a)
		}
	}
	return r, nil
}

// smiMemoryInto fills the memory of a device. "N/A" and "Not Supported" stand
// where the device has none of its own; a missing text says nothing.
func smiMemoryInto(a *Accelerator, total, free, used string) {
	a.MemoryTotal, a.MemoryFree, a.MemoryUsed = smiBytes(total), smiBytes(free), smiBytes(used)
	t := strings.ToLower(strings.Trim(strings.TrimSpace(total), "[]"))
	a.NoOwnMemory = a.MemoryTotal == 0 && (t == "n/a" || t == "not supported")
}

// smiBytes reads "40960 MiB" in bytes; 0 when there is no number.
func smiBytes(s string) int64 {
	v, ok := number(s)
	if !ok || v > 1<<40 {
		return 0
	}
	switch u := strings.ToLower(strings.TrimSpace(s)); {
	case strings.HasSuffix(u, "gib"):
		v *= 1 << 30
	case strings.HasSuffix(u, "kib"):
		v *= 1 << 10
	default: // MiB, and figures without a unit (--format=nounits)
		v *= 1 << 20
	}
	if v > 1<<60 {
		return 0
	}
	return int64(v)
}

func smiInt(s string) int {
	v, ok := number(s)
	if !ok || v > 1<<24 {
		return 0
	}
	return int(v)
}

// smiPCIID turns 0x20B010DE (device, then vendor) into 10de:20b0.
func smiPCIID(s string) string {
	s = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(s), "0x"))
	if len(s) != 8 || strings.Trim(s, "0123456789abcdef") != "" {
		return ""
	}
	return s[4:] + ":" + s[:4]
}

// known drops the words that stand for nothing.
func known(s string) string {
	s = strings.TrimSpace(s)
	switch strings.ToLower(strings.Trim(s, "[]")) {
	case "n/a", "not supported", "unknown error", "requested functionality has been deprecated":
		return ""
	}
	return s
}

// shortErr keeps an error to one line.
func shortErr(err error) string {
	s := strings.ReplaceAll(err.Error(), "\n", " ")
	if len(s) > 160 {
		s = s[:160]
	}
	return s
}
