//go:build linux && cgo

package detect

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
	"github.com/NVIDIA/go-nvml/pkg/nvml/mock"
)

// card describes a device that the mock plays.
type card struct {
	name                 string
	total, free          uint64
	memRet               nvml.Return
	bus, memClock, smClk uint32
	cores, major, minor  int
	gen, lanes, lanesNow int
	links                int
	linkMBps             uint32
	mig                  bool
	slices               []Slice
	wholeMultiprocessors uint32
	pciDevice            uint32
	nameRet              nvml.Return
	programs             int
}

func a100() card {
	return card{name: "NVIDIA A100-SXM4-80GB", total: 85899345920, free: 85e9, bus: 5120, memClock: 1593, smClk: 1410,
		cores: 6912, major: 8, gen: 4, lanes: 16, lanesNow: 16, links: 12, linkMBps: 25781, wholeMultiprocessors: 98, pciDevice: 0x20b210de}
}

func unsupported(n int) (int, nvml.Return) { return 0, nvml.ERROR_NOT_SUPPORTED }

// device plays one card. Getters of zero facts answer "not supported".
func (c card) device() *mock.Device {
	num := func(v int) (int, nvml.Return) {
		if v == 0 {
			return unsupported(v)
		}
		return v, nvml.SUCCESS
	}
	u32 := func(v uint32) (uint32, nvml.Return) {
		if v == 0 {
			return 0, nvml.ERROR_NOT_SUPPORTED
		}
		return v, nvml.SUCCESS
	}
	return &mock.Device{
		GetNameFunc: func() (string, nvml.Return) { return c.name, c.nameRet },
		GetMemoryInfoFunc: func() (nvml.Memory, nvml.Return) {
			return nvml.Memory{Total: c.total, Free: c.free, Used: c.total - c.free}, c.memRet
		},
		GetPciInfoFunc: func() (nvml.PciInfo, nvml.Return) {
			p := nvml.PciInfo{PciDeviceId: c.pciDevice}
			copy(p.BusId[:], "00000000:07:00.0")
			return p, nvml.SUCCESS
		},
		GetMemoryBusWidthFunc: func() (uint32, nvml.Return) { return u32(c.bus) },
		GetMaxClockInfoFunc: func(t nvml.ClockType) (uint32, nvml.Return) {
			if t == nvml.CLOCK_MEM {
				return u32(c.memClock)
			}
			return u32(c.smClk)
		},
		GetNumGpuCoresFunc:                 func() (int, nvml.Return) { return num(c.cores) },
		GetCudaComputeCapabilityFunc:       func() (int, int, nvml.Return) { return c.major, c.minor, nvml.SUCCESS },
		GetMaxPcieLinkGenerationFunc:       func() (int, nvml.Return) { return num(c.gen) },
		GetMaxPcieLinkWidthFunc:            func() (int, nvml.Return) { return num(c.lanes) },
		GetCurrPcieLinkGenerationFunc:      func() (int, nvml.Return) { return num(1) },
		GetCurrPcieLinkWidthFunc:           func() (int, nvml.Return) { return num(c.lanesNow) },
		GetPowerManagementDefaultLimitFunc: func() (uint32, nvml.Return) { return 400000, nvml.SUCCESS },
		GetNvLinkStateFunc: func(l int) (nvml.EnableState, nvml.Return) {
			if c.links == 0 {
				return 0, nvml.ERROR_NOT_SUPPORTED
			}
			if l < c.links {
				return nvml.FEATURE_ENABLED, nvml.SUCCESS
			}
			return nvml.FEATURE_DISABLED, nvml.SUCCESS
		},
		GetFieldValuesFunc: func(v []nvml.FieldValue) nvml.Return {
			binary.NativeEndian.PutUint32(v[0].Value[:4], c.linkMBps)
			return nvml.SUCCESS
		},
		GetMigModeFunc: func() (int, int, nvml.Return) {
			if c.mig {
				return nvml.DEVICE_MIG_ENABLE, nvml.DEVICE_MIG_ENABLE, nvml.SUCCESS
			}
			return 0, 0, nvml.ERROR_NOT_SUPPORTED
		},
		GetNumaNodeIdFunc: func() (int, nvml.Return) { return 0, nvml.ERROR_NOT_SUPPORTED },
		GetComputeRunningProcessesFunc: func() ([]nvml.ProcessInfo, nvml.Return) {
			return []nvml.ProcessInfo{{Pid: 1, UsedGpuMemory: 1 << 30}, {Pid: 2, UsedGpuMemory: ^uint64(0)}}[:c.programs], nvml.SUCCESS
		},
		GetTopologyCommonAncestorFunc: func(nvml.Device) (nvml.GpuTopologyLevel, nvml.Return) {
			return nvml.TOPOLOGY_SYSTEM, nvml.SUCCESS
		},
		GetNvLinkRemoteDeviceTypeFunc: func(int) (nvml.IntNvLinkDeviceType, nvml.Return) {
			return nvml.NVLINK_DEVICE_TYPE_SWITCH, nvml.SUCCESS
		},
		GetMaxMigDeviceCountFunc: func() (int, nvml.Return) { return 7, nvml.SUCCESS },
		GetGpuInstanceProfileInfoFunc: func(p int) (nvml.GpuInstanceProfileInfo, nvml.Return) {
			if p == nvml.GPU_INSTANCE_PROFILE_7_SLICE {
				return nvml.GpuInstanceProfileInfo{MultiprocessorCount: c.wholeMultiprocessors}, nvml.SUCCESS
			}
			return nvml.GpuInstanceProfileInfo{}, nvml.ERROR_NOT_SUPPORTED
		},
		GetMigDeviceHandleByIndexFunc: func(i int) (nvml.Device, nvml.Return) {
			if i >= len(c.slices) {
				return nil, nvml.ERROR_NOT_FOUND
			}
			s := c.slices[i]
			return &mock.Device{
				GetAttributesFunc: func() (nvml.DeviceAttributes, nvml.Return) {
					return nvml.DeviceAttributes{MultiprocessorCount: uint32(s.Multiprocessors), MemorySizeMB: uint64(s.MemoryTotal >> 20)}, nvml.SUCCESS
				},
				GetMemoryInfoFunc: func() (nvml.Memory, nvml.Return) {
					return nvml.Memory{Total: uint64(s.MemoryTotal), Free: uint64(s.MemoryFree)}, nvml.SUCCESS
				},
				GetGpuInstanceIdFunc: func() (int, nvml.Return) { return s.GPUInstance, nvml.SUCCESS },
				GetNameFunc:          func() (string, nvml.Return) { return c.name + " MIG " + s.Profile, nvml.SUCCESS },
			}, nvml.SUCCESS
		},
	}
}

// library plays a driver with some cards; lacks lists functions that its
// release does not export.
func library(lacks string, cards ...card) *mock.Interface {
	return &mock.Interface{
		InitFunc:                   func() nvml.Return { return nvml.SUCCESS },
		ShutdownFunc:               func() nvml.Return { return nvml.SUCCESS },
		SystemGetDriverVersionFunc: func() (string, nvml.Return) { return "590.48.01", nvml.SUCCESS },
		DeviceGetCountFunc:         func() (int, nvml.Return) { return len(cards), nvml.SUCCESS },
		DeviceGetHandleByIndexFunc: func(i int) (nvml.Device, nvml.Return) {
			if cards[i].name == "lost" {
				return nil, nvml.ERROR_GPU_IS_LOST
			}
			return cards[i].device(), nvml.SUCCESS
		},
		ExtensionsFunc: func() nvml.ExtendedInterface {
			return &mock.ExtendedInterface{LookupSymbolFunc: func(s string) error {
				if strings.Contains(lacks, s) {
					return errors.New("not found")
				}
				return nil
			}}
		},
	}
}

func localNVML(t *testing.T, cat Catalogue, lib nvml.Interface) *Report {
	t.Helper()
	r, err := Local(context.Background(), Options{Catalogue: cat, Root: "testdata/empty", Sources: []Source{&nvmlSource{lib: lib}}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestNVMLComputesWhatNoCatalogueKnows(t *testing.T) {
	r := localNVML(t, nil, library("", a100()))
	ds := r.Machine.Nodes[0].Devices
	if len(ds) != 1 {
		t.Fatalf("%d devices: %v", len(ds), r.Notes)
	}
	d := ds[0]
	// NVIDIA A100 80GB SXM data sheet: 2039 GB/s, 19.5 TFLOPS FP32.
	if d.BandwidthGBps != 2039.04 || d.Rates.FP32 != 19.492 {
		t.Errorf("bandwidth %v GB/s, fp32 %v TFLOPS", d.BandwidthGBps, d.Rates.FP32)
	}
	if d.Assumed["bandwidth_gb_s"] == "" || d.Assumed["fp32_tflops"] == "" {
		t.Errorf("computed figures are not marked: %v", d.Assumed)
	}
	if d.MemoryBytes != 85899345920 || d.FreeBytes != 85e9 || d.Compute != "8.0" || d.PCIeGen != 4 || d.PCIeLanes != 16 || d.TDPWatts != 400 {
		t.Errorf("device %+v", d)
	}
	if d.NVLinkGBps < 600 || d.NVLinkGBps > 640 { // 12 links, 600 GB/s on the data sheet
		t.Errorf("nvlink %v GB/s", d.NVLinkGBps)
	}
	if got := finding(r, "device 0 pci id"); got != "10de:20b2" {
		t.Errorf("pci id %q", got)
	}
}

func TestNVMLOldDriver(t *testing.T) {
	lacks := "nvmlDeviceGetMemoryBusWidth nvmlDeviceGetNumGpuCores nvmlDeviceGetMigMode nvmlDeviceGetFieldValues"
	r := localNVML(t, nil, library(lacks, a100()))
	d := r.Machine.Nodes[0].Devices[0]
	if d.BandwidthGBps != 0 || d.Rates.FP32 != 0 || d.Assumed["bandwidth_gb_s"] == "" || !noted(r, "memory bandwidth is not known") {
		t.Errorf("device %+v notes %v", d, r.Notes)
	}
}

func TestNVMLEightDevices(t *testing.T) {
	cards := make([]card, 8)
	for i := range cards {
		cards[i] = a100()
	}
	n := localNVML(t, fakeCatalogue{}, library("", cards...)).Machine.Nodes[0]
	if len(n.Devices) != 8 || n.Link == nil || n.Link.Kind != "nvlink" || n.Link.GBps != 300 {
		t.Fatalf("%d devices, link %+v", len(n.Devices), n.Link)
	}
	if n.Devices[7].ID != "a100-sxm-80gb" || n.Devices[7] == n.Devices[0] {
		t.Error("devices must be the catalogue's, and each its own")
	}
}

func TestNoBridgeNoNVLink(t *testing.T) {
	c := a100()
	c.links = 0
	n := localNVML(t, fakeCatalogue{}, library("", c, c)).Machine.Nodes[0]
	if n.Link.ID != "pcie4-x16" || n.Devices[0].NVLinkGBps != 0 {
		t.Errorf("link %+v", n.Link)
	}
}

func TestNVMLMIG(t *testing.T) {
	c := a100()
	c.mig = true
	// nvidia-smi -q of an A100-SXM4-40GB gives 42 multiprocessors and half of
	// the memory to 3g (netdata: a100-sxm4-mig.xml).
	c.slices = []Slice{
		{Profile: "1g.10gb", GPUInstance: 9, MemoryTotal: 10 << 30, MemoryFree: 9 << 30, Multiprocessors: 14},
		{Profile: "3g.40gb", GPUInstance: 1, MemoryTotal: 40 << 30, MemoryFree: 39 << 30, Multiprocessors: 42},
		{Profile: "1c.3g.40gb", GPUInstance: 1, MemoryTotal: 40 << 30, MemoryFree: 39 << 30, Multiprocessors: 14},
	}
	r := localNVML(t, fakeCatalogue{}, library("", c))
	ds := r.Machine.Nodes[0].Devices
	if len(ds) != 2 || ds[0].Slice != "3g.40gb" || ds[1].Slice != "1g.10gb" {
		t.Fatalf("slices %v notes %v", names(ds), r.Notes)
	}
	if ds[0].MemoryBytes != 40<<30 || ds[0].BandwidthGBps != 1019.5 {
		t.Errorf("half a card: %d bytes, %v GB/s", ds[0].MemoryBytes, ds[0].BandwidthGBps)
	}
	if want := round3(19.5 * 42 / 98); ds[0].Rates.FP32 != want {
		t.Errorf("fp32 %v, want %v", ds[0].Rates.FP32, want)
	}
	if ds[0].Assumed["tflops"] == "" || !noted(r, "share the memory") || !noted(r, "one MIG device at a time") {
		t.Errorf("assumed %v notes %v", ds[0].Assumed, r.Notes)
	}
	c.slices = nil
	if r := localNVML(t, fakeCatalogue{}, library("", c)); len(r.Machine.Nodes[0].Devices) != 0 || !noted(r, "no MIG device exists") {
		t.Errorf("MIG without devices: %v", r.Notes)
	}
}

func TestNVMLUnifiedMemory(t *testing.T) {
	c := card{name: "NVIDIA GB10", memRet: nvml.ERROR_NOT_SUPPORTED, major: 12, minor: 1}
	r, err := Local(context.Background(), Options{Root: "testdata/pi5", Sources: []Source{&nvmlSource{lib: library("", c)}}})
	if err != nil {
		t.Fatal(err)
	}
	d, h := r.Machine.Nodes[0].Devices[0], r.Machine.Nodes[0].Host
	if !d.Unified || d.MemoryBytes != h.MemoryBytes || h.MemoryBytes == 0 || d.FreeBytes != h.AvailableBytes {
		t.Errorf("device %+v host %d", d, h.MemoryBytes)
	}
}

// TestTegra: the board tells what "Orin (nvgpu)" does not, and the small
// library of Tegra lacks nearly every function.
func TestTegra(t *testing.T) {
	dir := root(t, map[string]string{
		"proc/device-tree/model": "NVIDIA Jetson Nano Orin A100 Board\x00",
		"proc/meminfo":           "MemTotal: 8000000 kB\nMemFree: 1 kB\nMemAvailable: 7000000 kB\nBuffers: 1 kB\nCached: 1 kB\n",
		"proc/cpuinfo":           "processor : 0\nCPU implementer : 0x41\nCPU part : 0xd42\n",
	})
	all := "MemoryInfo PciInfo_v3 PciInfo_v2 PciInfo MemoryBusWidth MaxClockInfo NumGpuCores CudaComputeCapability MaxPcieLinkWidth PowerManagementDefaultLimit NvLinkState MigMode"
	var lacks string
	for _, f := range strings.Fields(all) {
		lacks += " nvmlDeviceGet" + f
	}
	r, err := Local(context.Background(), Options{Root: dir, Catalogue: fakeCatalogue{}, Sources: []Source{&nvmlSource{lib: library(lacks, card{name: "Orin (nvgpu)", total: 1})}}})
	if err != nil || len(r.Machine.Nodes[0].Devices) != 1 {
		t.Fatal(err, r)
	}
	d, h := r.Machine.Nodes[0].Devices[0], r.Machine.Nodes[0].Host
	if d.ID != "a100-sxm-80gb" || !d.Unified || d.UsableBytes != 8000000<<10 || d.PCIeGen != 0 {
		t.Errorf("device %+v", d)
	}
	if h.CPU.BandwidthGBps != d.BandwidthGBps || h.CPU.Name != "Cortex-A78AE" {
		t.Errorf("cpu %+v", h.CPU)
	}
}

func TestNVMLErrors(t *testing.T) {
	for ret, want := range map[nvml.Return]string{
		nvml.ERROR_LIBRARY_NOT_FOUND: "not present",
		nvml.ERROR_DRIVER_NOT_LOADED: "is it loaded",
		nvml.ERROR_UNKNOWN:           "does not start",
	} {
		lib := library("")
		lib.InitFunc = func() nvml.Return { return ret }
		if r := localNVML(t, nil, lib); !noted(r, want) || len(r.Machine.Nodes[0].Devices) != 0 {
			t.Errorf("%v: notes %v", ret, r.Notes)
		}
	}
	// One lost and one nameless device do not hide the third.
	nameless := a100()
	nameless.nameRet = nvml.ERROR_UNKNOWN
	r := localNVML(t, nil, library("", card{name: "lost"}, nameless, a100()))
	if len(r.Machine.Nodes[0].Devices) != 1 || !noted(r, "device 0 cannot be opened") || !noted(r, "device 1 does not tell its name") {
		t.Errorf("notes %v", r.Notes)
	}
	// A reader that panics is a note.
	lib := library("", a100())
	lib.DeviceGetCountFunc = nil
	if r := localNVML(t, nil, lib); !noted(r, "the reader failed") {
		t.Errorf("notes %v", r.Notes)
	}
}

func TestNVMLNonsense(t *testing.T) {
	c := a100()
	c.total, c.free, c.bus, c.memClock, c.lanesNow = 1<<63, 1<<63, 1<<31, 1<<31, 4
	r := localNVML(t, fakeCatalogue{}, library("", c))
	d := r.Machine.Nodes[0].Devices[0]
	if d.MemoryBytes != 80*1e9 || d.BandwidthGBps != 2039 || d.PCIeLanes != 4 || !noted(r, "4 of 16 PCIe lanes") {
		t.Errorf("device %+v notes %v", d, r.Notes)
	}
}

// TestNVMLLosesADevice plays a card that falls off the bus after it told its
// name: what it told counts, the catalogue fills in the rest.
func TestNVMLLosesADevice(t *testing.T) {
	lib := library("", a100(), a100())
	calls := 0
	lib.DeviceGetHandleByIndexFunc = func(i int) (nvml.Device, nvml.Return) {
		d := a100().device()
		if calls++; i == 1 {
			lost := nvml.ERROR_GPU_IS_LOST
			d.GetMemoryInfoFunc = func() (nvml.Memory, nvml.Return) { return nvml.Memory{Total: 12345}, lost }
			d.GetPciInfoFunc = func() (nvml.PciInfo, nvml.Return) { return nvml.PciInfo{}, lost }
			d.GetMemoryBusWidthFunc = func() (uint32, nvml.Return) { return 99, lost }
			d.GetMaxClockInfoFunc = func(nvml.ClockType) (uint32, nvml.Return) { return 99, lost }
			d.GetNvLinkStateFunc = func(int) (nvml.EnableState, nvml.Return) { return nvml.FEATURE_ENABLED, lost }
			d.GetMaxPcieLinkWidthFunc = func() (int, nvml.Return) { return 99, lost }
			d.GetCurrPcieLinkWidthFunc = func() (int, nvml.Return) { return 99, lost }
			d.GetComputeRunningProcessesFunc = func() ([]nvml.ProcessInfo, nvml.Return) { return nil, lost }
			d.GetTopologyCommonAncestorFunc = func(nvml.Device) (nvml.GpuTopologyLevel, nvml.Return) { return 0, lost }
		}
		return d, nvml.SUCCESS
	}
	r := localNVML(t, fakeCatalogue{}, lib)
	d := r.Machine.Nodes[0].Devices
	if len(d) != 2 || d[1].MemoryBytes != 80e9 || d[1].FreeBytes != 0 || d[1].BandwidthGBps != 2039 || !noted(r, "its memory was not reported") {
		t.Errorf("%+v notes %v", d, r.Notes)
	}
}

func TestNVMLProcessesAndSwitch(t *testing.T) {
	c := a100()
	c.programs = 2
	r := localNVML(t, nil, library("", c, c))
	if finding(r, "device 0 in use") != "2 programs hold 1073741824 bytes" {
		t.Errorf("findings %v", r.Findings)
	}
	// All links end at a switch: the pair is joined by NVLink.
	if l := r.Machine.Nodes[0].Link; l == nil || l.Kind != "nvlink" {
		t.Errorf("link %+v", l)
	}
}
