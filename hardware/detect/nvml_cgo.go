//go:build linux && cgo

package detect

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
)

// Cgo says whether this build can load the libraries of drivers.
const Cgo = true

// newNVML returns the NVML source: libnvidia-ml.so.1, loaded when it is read.
func newNVML(sys *system) Source { return &nvmlSource{lib: nvml.New(), sys: sys} }

// nvmlSource reads NVIDIA devices through the driver's management library.
type nvmlSource struct {
	lib nvml.Interface
	sys *system // where questions are recorded; may be nil
}

// asked records a call of the library.
func (s *nvmlSource) asked(start time.Time, ret nvml.Return, what string, answer any) {
	if s.sys == nil || s.sys.trace == nil {
		return
	}
	var err error
	if ret != nvml.SUCCESS {
		err = errors.New(nvmlText(ret))
	}
	s.sys.called(what, start, fmt.Sprint(answer), err)
}

func (s *nvmlSource) Name() string { return "nvml" }

// has says whether the loaded library exports one of these functions. Calling
// one that it lacks (an older driver, a Tegra board's small library) would end
// the process, not return an error.
func (s *nvmlSource) has(symbols ...string) bool {
	ext := s.lib.Extensions()
	for _, name := range symbols {
		if ext != nil && ext.LookupSymbol("nvmlDeviceGet"+name) == nil {
			return true
		}
	}
	return false
}

func (s *nvmlSource) Read(ctx context.Context) (Reading, error) {
	var r Reading
	start := time.Now()
	ret := s.lib.Init()
	s.asked(start, ret, "nvmlInit", "")
	switch ret {
	case nvml.SUCCESS:
	case nvml.ERROR_LIBRARY_NOT_FOUND:
		return r, fmt.Errorf("libnvidia-ml.so.1 %w", ErrAbsent)
	case nvml.ERROR_DRIVER_NOT_LOADED, nvml.ERROR_NO_PERMISSION:
		return r, fmt.Errorf("the NVIDIA driver does not answer (%s): is it loaded, and may this user open /dev/nvidia*?", nvmlText(ret))
	default:
		return r, fmt.Errorf("the library does not start (%s)", nvmlText(ret))
	}
	defer s.lib.Shutdown()
	start = time.Now()
	v, ret := s.lib.SystemGetDriverVersion()
	if s.asked(start, ret, "nvmlSystemGetDriverVersion", v); ret == nvml.SUCCESS {
		r.Driver = v
	}
	start = time.Now()
	n, ret := s.lib.DeviceGetCount()
	if s.asked(start, ret, "nvmlDeviceGetCount", n); ret != nvml.SUCCESS {
		return r, fmt.Errorf("cannot count the devices (%s)", nvmlText(ret))
	}
	var handles []nvml.Device
	for i := 0; i < min(n, maxDevices); i++ {
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
		d, ret := s.lib.DeviceGetHandleByIndex(i)
		if ret != nvml.SUCCESS {
			r.Notes = append(r.Notes, fmt.Sprintf("nvml: device %d cannot be opened (%s): left out", i, nvmlText(ret)))
			continue
		}
		start := time.Now()
		a, err := s.device(d)
		s.recordDevice(start, i, &a, err)
		if err != nil {
			r.Notes = append(r.Notes, fmt.Sprintf("nvml: device %d %s: left out", i, err))
			continue
		}
		r.Accelerators = append(r.Accelerators, a)
		handles = append(handles, d)
	}
	r.Topology = s.topology(handles)
	return r, nil
}

// recordDevice records what the calls about one device came to.
func (s *nvmlSource) recordDevice(start time.Time, i int, a *Accelerator, err error) {
	if s.sys == nil || s.sys.trace == nil {
		return
	}
	answer := fmt.Sprintf("name %q, pci %s at %s, memory %d total %d free, own memory %t, bus %d bit, clocks %d/%d MHz, cores %d, compute %s, "+
		"pcie gen %d x%d of gen %d x%d, power %g W, nvlink %d up %g GB/s, mig %t %d, processes %d",
		a.Name, a.PCIID, a.PCIAddress, a.MemoryTotal, a.MemoryFree, !a.NoOwnMemory, a.BusWidthBits, a.SMClockMHz, a.MemoryClockMHz, a.Cores, a.Compute,
		a.PCIeGenNow, a.PCIeLanesNow, a.PCIeGen, a.PCIeLanes, a.PowerWatts, a.NVLinks, a.NVLinkGBps, a.MIG, len(a.Slices), a.Processes)
	s.sys.called(fmt.Sprintf("nvmlDeviceGet* of device %d", i), start, answer, err)
}

// topology asks how far apart the devices are on PCI Express, and which have
// NVLinks between them: those whose links end at the other, or at a switch.
func (s *nvmlSource) topology(ds []nvml.Device) *Topology {
	if len(ds) < 2 || !s.has("TopologyCommonAncestor") {
		return nil
	}
	words := map[nvml.GpuTopologyLevel]string{
		nvml.TOPOLOGY_INTERNAL: "PIX", nvml.TOPOLOGY_SINGLE: "PIX", nvml.TOPOLOGY_MULTIPLE: "PXB",
		nvml.TOPOLOGY_HOSTBRIDGE: "PHB", nvml.TOPOLOGY_NODE: "NODE", nvml.TOPOLOGY_SYSTEM: "SYS",
	}
	t := &Topology{Links: make([][]string, len(ds))}
	start := time.Now()
	at := make([]string, len(ds))
	for i, d := range ds {
		t.Links[i] = make([]string, len(ds))
		if s.has("PciInfo_v3", "PciInfo_v2", "PciInfo") {
			if p, ret := d.GetPciInfo(); ret == nvml.SUCCESS {
				at[i] = shortPCI(cString(p.BusId[:]))
			}
		}
	}
	for i, d := range ds {
		ends, switched := s.linkEnds(d)
		for j, other := range ds {
			if i == j {
				continue
			}
			if level, ret := d.GetTopologyCommonAncestor(other); ret == nvml.SUCCESS {
				t.Links[i][j] = words[level]
			}
			if n := ends[at[j]] + switched; n > 0 {
				t.Links[i][j] = fmt.Sprintf("NV%d", n)
			}
		}
	}
	s.asked(start, nvml.SUCCESS, "nvmlDeviceGetTopologyCommonAncestor, nvmlDeviceGetNvLinkRemotePciInfo", t.Links)
	return t
}

// linkEnds counts the NVLinks of a device by the address they end at, and
// those that end at a switch.
func (s *nvmlSource) linkEnds(d nvml.Device) (ends map[string]int, switched int) {
	ends = map[string]int{}
	if !s.has("NvLinkState") || !s.has("NvLinkRemotePciInfo_v2") {
		return ends, 0
	}
	for l := 0; l < nvml.NVLINK_MAX_LINKS; l++ {
		state, ret := d.GetNvLinkState(l)
		if ret != nvml.SUCCESS {
			break
		}
		if state != nvml.FEATURE_ENABLED {
			continue
		}
		if s.has("NvLinkRemoteDeviceType") {
			if kind, ret := d.GetNvLinkRemoteDeviceType(l); ret == nvml.SUCCESS && kind == nvml.NVLINK_DEVICE_TYPE_SWITCH {
				switched++
				continue
			}
		}
		if p, ret := d.GetNvLinkRemotePciInfo(l); ret == nvml.SUCCESS {
			ends[shortPCI(cString(p.BusId[:]))]++
		}
	}
	return ends, switched
}

// processes counts the programs that hold memory of a device.
func (s *nvmlSource) processes(d nvml.Device, a *Accelerator) {
	if !s.has("ComputeRunningProcesses_v3", "ComputeRunningProcesses_v2", "ComputeRunningProcesses") {
		return
	}
	list, ret := d.GetComputeRunningProcesses()
	if ret != nvml.SUCCESS {
		return
	}
	for _, p := range list {
		a.Processes++
		if n := clampBytes(p.UsedGpuMemory); n > 0 { // all ones: the driver does not say
			a.ProcessMemory += n
		}
	}
}

// device reads one device. Only the name is required: what a driver or device
// does not support stays zero.
func (s *nvmlSource) device(d nvml.Device) (Accelerator, error) {
	a := Accelerator{Vendor: "NVIDIA", NUMANode: -1}
	var ret nvml.Return
	if a.Name, ret = d.GetName(); ret != nvml.SUCCESS || a.Name == "" {
		return a, fmt.Errorf("does not tell its name (%s)", nvmlText(ret))
	}
	if !s.has("MemoryInfo") {
		a.NoOwnMemory = true
	} else if m, ret := d.GetMemoryInfo(); true {
		switch {
		case ret == nvml.SUCCESS && m.Total > 0:
			a.MemoryTotal, a.MemoryFree, a.MemoryUsed = clampBytes(m.Total), clampBytes(m.Free), clampBytes(m.Used)
		case ret == nvml.SUCCESS || ret == nvml.ERROR_NOT_SUPPORTED:
			a.NoOwnMemory = true
		}
	}
	if s.has("PciInfo_v3", "PciInfo_v2", "PciInfo") {
		if p, ret := d.GetPciInfo(); ret == nvml.SUCCESS {
			a.PCIAddress = shortPCI(cString(p.BusId[:]))
			// The id holds the device in its upper and the vendor in its lower half.
			if p.PciDeviceId != 0 {
				a.PCIID = fmt.Sprintf("%04x:%04x", p.PciDeviceId&0xffff, p.PciDeviceId>>16)
			}
		}
	}
	if s.has("MemoryBusWidth") {
		a.BusWidthBits = value(d.GetMemoryBusWidth())
	}
	if s.has("MaxClockInfo") {
		a.MemoryClockMHz = value(d.GetMaxClockInfo(nvml.CLOCK_MEM))
		a.SMClockMHz = value(d.GetMaxClockInfo(nvml.CLOCK_SM))
	}
	if s.has("NumGpuCores") {
		a.Cores = value(d.GetNumGpuCores())
	}
	if s.has("CudaComputeCapability") {
		if major, minor, ret := d.GetCudaComputeCapability(); ret == nvml.SUCCESS {
			a.Compute = fmt.Sprintf("%d.%d", major, minor)
		}
	}
	if s.has("MaxPcieLinkWidth") && s.has("CurrPcieLinkWidth") {
		a.PCIeGen, a.PCIeLanes = value(d.GetMaxPcieLinkGeneration()), value(d.GetMaxPcieLinkWidth())
		a.PCIeGenNow, a.PCIeLanesNow = value(d.GetCurrPcieLinkGeneration()), value(d.GetCurrPcieLinkWidth())
	}
	if s.has("PowerManagementDefaultLimit") {
		a.PowerWatts = float64(value(d.GetPowerManagementDefaultLimit())) / 1000
	}
	if s.has("NumaNodeId") {
		if n, ret := d.GetNumaNodeId(); ret == nvml.SUCCESS {
			a.NUMANode = n
		}
	}
	s.nvlink(d, &a)
	s.mig(d, &a)
	s.processes(d, &a)
	return a, nil
}

// nvlink counts the links that are up and reads their common speed.
func (s *nvmlSource) nvlink(d nvml.Device, a *Accelerator) {
	for l := 0; l < nvml.NVLINK_MAX_LINKS && s.has("NvLinkState"); l++ {
		state, ret := d.GetNvLinkState(l)
		a.NVLinkRead = a.NVLinkRead || ret == nvml.SUCCESS || ret == nvml.ERROR_NOT_SUPPORTED
		if ret != nvml.SUCCESS {
			break
		}
		if state == nvml.FEATURE_ENABLED {
			a.NVLinks++
		}
	}
	if a.NVLinks == 0 || !s.has("FieldValues") {
		return
	}
	speed := []nvml.FieldValue{{FieldId: nvml.FI_DEV_NVLINK_SPEED_MBPS_COMMON}}
	if d.GetFieldValues(speed) != nvml.SUCCESS || nvml.Return(speed[0].NvmlReturn) != nvml.SUCCESS {
		return
	}
	if mbps := binary.NativeEndian.Uint32(speed[0].Value[:4]); mbps < 1_000_000 {
		a.NVLinkGBps = float64(a.NVLinks) * float64(mbps) / 1000
	}
}

// mig lists the MIG devices of a card whose MIG mode is on.
func (s *nvmlSource) mig(d nvml.Device, a *Accelerator) {
	if !s.has("MigMode") || !s.has("MigDeviceHandleByIndex") {
		return
	}
	now, _, ret := d.GetMigMode()
	if ret != nvml.SUCCESS || now != nvml.DEVICE_MIG_ENABLE {
		return
	}
	a.MIG = true
	n, ret := d.GetMaxMigDeviceCount()
	if ret != nvml.SUCCESS {
		return
	}
	total := s.multiprocessors(d)
	for i := 0; i < min(n, maxDevices); i++ {
		m, ret := d.GetMigDeviceHandleByIndex(i)
		if ret != nvml.SUCCESS {
			continue // the slot is empty
		}
		var sl Slice
		if at, ret := m.GetAttributes(); ret == nvml.SUCCESS {
			sl.Multiprocessors = int(at.MultiprocessorCount)
			sl.MemoryTotal = clampBytes(at.MemorySizeMB << 20)
			sl.MemoryFree = sl.MemoryTotal
		}
		if mem, ret := m.GetMemoryInfo(); ret == nvml.SUCCESS && mem.Total > 0 {
			sl.MemoryTotal, sl.MemoryFree = clampBytes(mem.Total), clampBytes(mem.Free)
		}
		if gi, ret := m.GetGpuInstanceId(); ret == nvml.SUCCESS {
			sl.GPUInstance = gi
		} else {
			sl.GPUInstance = -1 - i // not known: shares with none
		}
		if name, ret := m.GetName(); ret == nvml.SUCCESS {
			if _, profile, ok := strings.Cut(name, " MIG "); ok {
				sl.Profile = strings.TrimSpace(profile)
			}
		}
		if total > 0 {
			sl.ComputeShare = float64(sl.Multiprocessors) / float64(total)
		}
		if sl.MemoryTotal > 0 {
			a.Slices = append(a.Slices, sl)
		}
	}
}

// multiprocessors is how many the largest MIG profile of the card has, which
// is what slices divide among them; 0 when not known.
func (s *nvmlSource) multiprocessors(d nvml.Device) int {
	if !s.has("GpuInstanceProfileInfo") {
		return 0
	}
	most := 0
	for p := 0; p < nvml.GPU_INSTANCE_PROFILE_COUNT; p++ {
		if info, ret := d.GetGpuInstanceProfileInfo(p); ret == nvml.SUCCESS {
			most = max(most, int(info.MultiprocessorCount))
		}
	}
	return most
}

// value is what a getter returned, zero unless it succeeded with a sane figure.
func value[T int | uint32](v T, ret nvml.Return) int {
	if ret != nvml.SUCCESS || v < 0 || int64(v) > 1<<24 {
		return 0
	}
	return int(v)
}

func cString(b []uint8) string {
	s, _, _ := strings.Cut(string(b), "\x00")
	return s
}

// nvmlText is the code of a return. The library's own text is not asked for:
// it may not be loaded.
func nvmlText(ret nvml.Return) string { return fmt.Sprintf("NVML code %d", int(ret)) }
