package detect

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/hardware"
)

func detectRoot(t *testing.T, dir string, cat Catalogue, sources ...Source) *Report {
	t.Helper()
	if sources == nil {
		sources = []Source{&procSource{sys: newSystem(dir, nil)}}
	}
	r, err := Local(context.Background(), Options{Root: dir, Catalogue: cat, Sources: sources})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRaspberryPi(t *testing.T) {
	r := detectRoot(t, "testdata/pi5", fakeCatalogue{})
	h := r.Machine.Nodes[0].Host
	if h.CPU.ID != "rpi-5" || h.CPU.BandwidthGBps != 17.1 || h.Sockets != 1 {
		t.Errorf("cpu %+v", h.CPU)
	}
	if got := strings.Join(h.CPU.ISA, " "); got != "neon dotprod" {
		t.Errorf("isa %q", got)
	}
	if h.MemoryBytes != 8255264<<10 || h.AvailableBytes != 7700000<<10 || h.OS != "linux" {
		t.Errorf("memory %d, %d available", h.MemoryBytes, h.AvailableBytes)
	}
	if !r.Machine.Local || len(r.Machine.Nodes) != 1 || !noted(r, "no accelerator found") {
		t.Errorf("machine %+v notes %v", r.Machine, r.Notes)
	}
	// Firmware that has no device tree: the Model line of cpuinfo does.
	text, err := os.ReadFile("testdata/pi5/proc/cpuinfo")
	if err != nil {
		t.Fatal(err)
	}
	bare := root(t, map[string]string{"proc/cpuinfo": string(text)})
	if c := detectRoot(t, bare, fakeCatalogue{}).Machine.Nodes[0].Host.CPU; c.ID != "rpi-5" {
		t.Errorf("from cpuinfo alone: %q", c.ID)
	}
}

const epycInfo = "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC 9654 96-Core Processor\nphysical id\t: 0\ncore id\t: 0\ncpu cores\t: 2\nflags\t: fpu avx2 avx512f hypervisor\n\n" +
	"processor\t: 1\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC 9654 96-Core Processor\nphysical id\t: 0\ncore id\t: 1\ncpu cores\t: 2\nflags\t: fpu avx2 avx512f hypervisor\n"

func TestGuestHasAShareOfTheSocket(t *testing.T) {
	r := detectRoot(t, root(t, map[string]string{"proc/cpuinfo": epycInfo}), fakeCatalogue{})
	h := r.Machine.Nodes[0].Host
	if h.CPU.ID != "epyc-9654" || h.CPU.Cores != 96 || h.UsableCores != 2 {
		t.Errorf("cpu %s, %d cores, %v usable", h.CPU.ID, h.CPU.Cores, h.UsableCores)
	}
	if h.CPU.Assumed["bandwidth_gb_s"] == "" || !noted(r, "2 of the processor's 96 cores") {
		t.Errorf("a guest's bandwidth is not marked: %v %v", h.CPU.Assumed, r.Notes)
	}
	if strings.Join(h.CPU.ISA, " ") != "avx2 avx512" {
		t.Errorf("isa %v", h.CPU.ISA)
	}
}

func TestUnknownCPU(t *testing.T) {
	text := strings.ReplaceAll(strings.ReplaceAll(epycInfo, "EPYC 9654 96-Core", "Mystery 1"), " hypervisor", "")
	dir := root(t, map[string]string{"proc/cpuinfo": text})
	c := detectRoot(t, dir, fakeCatalogue{}).Machine.Nodes[0].Host.CPU
	if c.BandwidthGBps != 51.2 || !strings.Contains(c.Assumed["bandwidth_gb_s"], "generic-2ch-ddr4-3200") || c.Name != "AMD Mystery 1 Processor" || c.Cores != 2 {
		t.Errorf("assumed: %+v", c)
	}
	c = detectRoot(t, dir, nil).Machine.Nodes[0].Host.CPU
	if c.BandwidthGBps != 0 || c.Assumed["bandwidth_gb_s"] == "" {
		t.Errorf("without catalogue: %+v", c)
	}
	// Two modules of DDR5-5600 in two channels: 89.6 GB/s.
	table := dmiTable(dimm("P0 CHANNEL A", "DIMM 0", 32<<10, 5600), dimm("P0 CHANNEL B", "DIMM 0", 32<<10, 5600))
	if err := os.MkdirAll(filepath.Join(dir, "sys/firmware/dmi/tables"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "sys/firmware/dmi/tables/DMI"), table, 0o600); err != nil {
		t.Fatal(err)
	}
	c = detectRoot(t, dir, fakeCatalogue{}).Machine.Nodes[0].Host.CPU
	if c.BandwidthGBps != 89.6 || c.Assumed["bandwidth_gb_s"] != "" || c.MemoryChannels != 2 || c.MemoryMTs != 5600 {
		t.Errorf("from modules: %+v", c)
	}
}

func TestArmCloud(t *testing.T) {
	dir := root(t, map[string]string{
		"proc/cpuinfo":                  "processor : 0\nFeatures : asimd asimddp\nCPU implementer : 0x41\nCPU part : 0xd0c\n\nprocessor : 1\nCPU implementer : 0x41\nCPU part : 0xd0c\n",
		"sys/class/dmi/id/sys_vendor":   "Amazon EC2\n",
		"sys/class/dmi/id/product_name": "t4g.small\n",
	})
	h := detectRoot(t, dir, fakeCatalogue{}).Machine.Nodes[0].Host
	if h.CPU.ID != "graviton2" || h.UsableCores != 2 || h.CPU.Assumed["bandwidth_gb_s"] == "" {
		t.Errorf("cpu %+v, %v usable", h.CPU, h.UsableCores)
	}
}

func TestContainerLimits(t *testing.T) {
	dir := root(t, map[string]string{
		"proc/cpuinfo":                 strings.ReplaceAll(epycInfo, " hypervisor", ""),
		"proc/meminfo":                 "MemTotal: 16777216 kB\nMemFree: 1 kB\nMemAvailable: 8388608 kB\nBuffers: 1 kB\nCached: 1 kB\n",
		"sys/fs/cgroup/memory.max":     "4294967296\n",
		"sys/fs/cgroup/memory.current": "1073741824\n",
		"sys/fs/cgroup/memory.stat":    "anon 1\ninactive_file 536870912\n",
		"sys/fs/cgroup/cpu.max":        "150000 100000\n",
	})
	h := detectRoot(t, dir, nil).Machine.Nodes[0].Host
	if h.LimitBytes != 4<<30 || h.MemoryBytes != 16<<30 || h.AvailableBytes != 7<<29 || h.UsableCores != 1.5 {
		t.Errorf("host %+v", h)
	}
}

// stuck never answers; it ignores its context, as a wedged driver does.
type stuck struct{ ch chan struct{} }

func (stuck) Name() string { return "stuck" }
func (s stuck) Read(context.Context) (Reading, error) {
	<-s.ch
	return Reading{}, nil
}

func TestStuckSourceIsLeftBehind(t *testing.T) {
	s := stuck{make(chan struct{})}
	defer close(s.ch)
	r, err := Local(context.Background(), Options{Root: "testdata/empty", Sources: []Source{s}, SourceTimeout: time.Millisecond})
	if err != nil || !noted(r, "no answer within") {
		t.Fatalf("%v %v", err, r)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Local(ctx, Options{Root: "testdata/empty", Sources: []Source{s}}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestOneStuckMaker holds that a driver that hangs hides nobody else's devices.
func TestOneStuckMaker(t *testing.T) {
	s := stuck{make(chan struct{})}
	defer close(s.ch)
	smi := &smiSource{run: func(context.Context, ...string) ([]byte, error) {
		return []byte("<nvidia_smi_log><gpu><product_name>NVIDIA L40S</product_name></gpu></nvidia_smi_log>"), nil
	}}
	all := <-readGroups(context.Background(), []group{{s}, {smi}}, 50*time.Millisecond, func(string) bool { return false })
	if len(all) != 2 || len(all[0].reading.Accelerators) != 0 || len(all[1].reading.Accelerators) != 1 || all[1].source != "nvidia-smi" || !strings.Contains(all[0].notes[0], "no answer within 50ms") {
		t.Errorf("%+v", all)
	}
}

func TestNoRoot(t *testing.T) {
	if _, err := Local(context.Background(), Options{Root: filepath.Join(t.TempDir(), "none")}); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v", err)
	}
}

func TestEmptyMachine(t *testing.T) {
	r := detectRoot(t, "testdata/empty", fakeCatalogue{})
	if h := r.Machine.Nodes[0].Host; h.MemoryBytes != 0 || h.CPU.Assumed["bandwidth_gb_s"] == "" {
		t.Errorf("host %+v", h)
	}
	if !noted(r, "how much there is") || !noted(r, "processor is not known") {
		t.Errorf("notes %v", r.Notes)
	}
}

// TestThisMachine holds what must be true of any machine the tests run on, and
// that a report can be written as JSON.
func TestThisMachine(t *testing.T) {
	r, err := Local(context.Background(), Options{Catalogue: fakeCatalogue{}})
	if err != nil {
		t.Fatal(err)
	}
	h := r.Machine.Nodes[0].Host
	if h.OS != runtime.GOOS || h.MemoryBytes < 64<<20 || h.Sockets < 1 {
		t.Errorf("host %+v", h)
	}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if name, err := os.Hostname(); err == nil && len(name) > 6 && strings.Contains(string(b), name) {
		t.Error("the report holds the host's name")
	}
}

func TestDevicesFromProc(t *testing.T) {
	dir := root(t, map[string]string{
		"proc/driver/nvidia/version":                       "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build\nGCC version: 12\n",
		"proc/driver/nvidia/gpus/0000:01:00.0/information": "Model: \t\t NVIDIA L40S\nIRQ:   \t\t 90\nGPU UUID: \t GPU-00000000-0000-0000-0000-000000000001\nBus Location: \t 0000:01:00.0\n",
		"sys/bus/pci/devices/0000:01:00.0/vendor":          "0x10de\n",
		"sys/bus/pci/devices/0000:01:00.0/device":          "0x26b9\n",
		"sys/bus/pci/devices/0000:01:00.0/class":           "0x030200\n",
	})
	r := detectRoot(t, dir, fakeCatalogue{})
	d := r.Machine.Nodes[0].Devices
	if len(d) != 1 || d[0].ID != "l40s" || d[0].MemoryBytes != 48*hardware.GB || finding(r, "driver") != "570.86.15" {
		t.Fatalf("devices %v, notes %v", names(d), r.Notes)
	}
	b, _ := json.Marshal(r)
	if strings.Contains(string(b), "GPU-0000") {
		t.Error("the report holds a UUID")
	}
	// The same card with no driver is named, not counted.
	if err := os.RemoveAll(filepath.Join(dir, "proc")); err != nil {
		t.Fatal(err)
	}
	r = detectRoot(t, dir, fakeCatalogue{})
	if len(r.Machine.Nodes[0].Devices) != 0 || !noted(r, "L40S (10de:26b9) is on the PCI bus but its driver does not answer") {
		t.Errorf("notes %v", r.Notes)
	}
}

func TestVirtualGPU(t *testing.T) {
	smi := &smiSource{run: func(context.Context, ...string) ([]byte, error) {
		return []byte("<nvidia_smi_log><gpu><product_name>NVIDIA L40S-12Q</product_name><fb_memory_usage><total>12288 MiB</total></fb_memory_usage></gpu></nvidia_smi_log>"), nil
	}}
	r := detectRoot(t, "testdata/empty", fakeCatalogue{}, smi)
	d := r.Machine.Nodes[0].Devices
	if len(d) != 1 || d[0].ID != "l40s" || d[0].MemoryBytes != 12<<30 || d[0].Assumed["bandwidth_gb_s"] == "" {
		t.Fatalf("devices %+v, notes %v", d, r.Notes)
	}
}

func TestJetsonFromTheBoard(t *testing.T) {
	dir := root(t, map[string]string{
		"proc/device-tree/model":      "NVIDIA Jetson AGX Thor Developer Kit\x00",
		"proc/device-tree/compatible": "nvidia,p3834-0008\x00nvidia,tegra264\x00",
		"proc/meminfo":                "MemTotal: 131072000 kB\nMemFree: 1 kB\nMemAvailable: 100000000 kB\nBuffers: 1 kB\nCached: 1 kB\n",
	})
	d := detectRoot(t, dir, nil).Machine.Nodes[0].Devices
	if len(d) != 1 || !d[0].Unified || d[0].Name != "NVIDIA Jetson AGX Thor Developer Kit" || d[0].MemoryBytes != 131072000<<10 {
		t.Fatalf("devices %+v", d)
	}
}

func TestPCIeRates(t *testing.T) {
	// PCI-SIG: x16 in one direction: 4, 8, 15.75, 31.5, 63 GB/s.
	for gen, want := range map[int]float64{1: 4, 2: 8, 3: 15.754, 4: 31.508, 5: 63.015, 0: 0, 99: 0} {
		if got := 16 * pcieLaneGBps(gen); math.Abs(got-want) > 0.001 {
			t.Errorf("gen %d x16: %v GB/s, want %v", gen, got, want)
		}
	}
	l := (&builder{}).nodeLink([]*hardware.Device{{PCIeGen: 4, PCIeLanes: 16}, {PCIeGen: 3, PCIeLanes: 8}}, nil)
	if l.ID != "pcie3-x8" || math.Abs(l.GBps-7.877) > 0.001 {
		t.Errorf("slowest of two: %+v", l)
	}
}

func BenchmarkLocal(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Local(context.Background(), Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
