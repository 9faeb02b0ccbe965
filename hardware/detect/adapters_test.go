package detect

import (
	"context"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/hardware"
)

// readAll runs the default sources on a made-up tree.
func readTree(t *testing.T, files map[string]string) *Report {
	t.Helper()
	r, err := Local(context.Background(), Options{Root: root(t, files), Catalogue: fakeCatalogue{}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// amdCard is what amdgpu shows of a card; sizes in MiB.
func amdCard(at, id, rev string, vram, used, gtt string) map[string]string {
	return map[string]string{
		at + "/device/vendor": "0x1002\n", at + "/device/device": "0x" + id + "\n", at + "/device/revision": "0x" + rev + "\n", at + "/device/class": "0x030000\n",
		at + "/device/uevent":              "DRIVER=amdgpu\nPCI_CLASS=30000\nPCI_ID=1002:" + strings.ToUpper(id) + "\nPCI_SLOT_NAME=0000:03:00.0\n",
		at + "/device/mem_info_vram_total": vram + "\n", at + "/device/mem_info_vram_used": used + "\n", at + "/device/mem_info_gtt_total": gtt + "\n", at + "/device/mem_info_gtt_used": "0\n",
		at + "/device/max_link_speed": "16.0 GT/s PCIe\n", at + "/device/max_link_width": "16\n", at + "/device/current_link_speed": "2.5 GT/s PCIe\n", at + "/device/current_link_width": "8\n",
		at + "/device/pp_dpm_sclk": "0: 500Mhz *\n1: 2660Mhz\n", at + "/device/hwmon/hwmon3/power1_cap_default": "300000000\n",
	}
}

func join(parts ...map[string]string) map[string]string {
	out := map[string]string{}
	for _, p := range parts {
		for k, v := range p {
			out[k] = v
		}
	}
	return out
}

const memory32 = "MemTotal: 33554432 kB\nMemFree: 1 kB\nMemAvailable: 25165824 kB\n"

func TestAMDCard(t *testing.T) {
	// A file that the driver fills up with NULs, as some do.
	files := amdCard("sys/class/drm/card1", "73bf", "c0", "17163091968", "1073741824", "16786171904")
	files["sys/class/drm/card1/device/mem_info_vram_total"] += strings.Repeat("\x00", 100)
	files["sys/class/drm/card1-DP-1/status"] = "connected"
	files["sys/module/amdgpu/version"] = "6.10.5"
	r := readTree(t, files)
	d := r.Machine.Nodes[0].Devices
	if len(d) != 1 || d[0].Name != "AMD Radeon RX 6900 XT" || d[0].UsableBytes != 17163091968 || d[0].FreeBytes != 17163091968-1<<30 || d[0].Unified || d[0].PCIeGen != 4 || d[0].PCIeLanes != 8 || d[0].TDPWatts != 300 {
		t.Fatalf("%+v notes %v", d, r.Notes)
	}
	if !noted(r, "runs on 8 of 16 PCIe lanes") || finding(r, "driver") != "6.10.5" {
		t.Errorf("notes %v findings %v", r.Notes, r.Findings)
	}
}

// TestAPU holds what is true of a processor's GPU: its pool is the main memory
// up to the share that the kernel allows; a part that the firmware sets aside
// counts where it is the larger.
func TestAPU(t *testing.T) {
	strix := amdCard("sys/class/drm/card1", "1586", "c1", "536870912", "100000000", "25769803776")
	strix["proc/meminfo"] = memory32
	r, err := Local(context.Background(), Options{Root: root(t, strix)})
	if err != nil {
		t.Fatal(err)
	}
	d, h := r.Machine.Nodes[0].Devices[0], r.Machine.Nodes[0].Host
	if !d.Unified || d.MemoryBytes != 32<<30 || d.UsableBytes != 24<<30 || d.FreeBytes != 24<<30 || h.MemoryBytes != 32<<30 || h.LimitBytes != 0 || d.Name != "Radeon 8060S Graphics" {
		t.Errorf("device %+v host %+v", d, h)
	}
	// 96 GiB set aside of 128: the system sees 32.
	carved := amdCard("sys/class/drm/card1", "1586", "c1", "103079215104", "3221225472", "17179869184")
	carved["proc/meminfo"] = memory32
	if r, err = Local(context.Background(), Options{Root: root(t, carved)}); err != nil {
		t.Fatal(err)
	}
	d, h = r.Machine.Nodes[0].Devices[0], r.Machine.Nodes[0].Host
	if !d.Unified || d.MemoryBytes != 128<<30 || d.UsableBytes != 96<<30 || h.MemoryBytes != 128<<30 || h.LimitBytes != 32<<30 || h.AvailableBytes != (24+93)<<30 {
		t.Errorf("device %+v host %+v", d, h)
	}
	// Beside a card it is not counted.
	both := join(strix, amdCard("sys/class/drm/card0", "73bf", "c0", "17163091968", "0", "16786171904"))
	both["sys/class/drm/card1/device/uevent"] = strings.Replace(both["sys/class/drm/card1/device/uevent"], "0000:03:00.0", "0000:13:00.0", 1)
	r = readTree(t, both)
	if ds := r.Machine.Nodes[0].Devices; len(ds) != 1 || ds[0].Unified || len(r.Recognised) != 1 || !r.Recognised[0].Integrated {
		t.Errorf("devices %v recognised %+v", names(ds), r.Recognised)
	}
}

func TestKFD(t *testing.T) {
	node := func(i, location string) map[string]string {
		at := "sys/class/kfd/kfd/topology/nodes/" + i
		return map[string]string{
			at + "/properties":             "cpu_cores_count 0\nsimd_count 80\nsimd_per_cu 4\nvendor_id 4098\ndevice_id 29858\ngfx_target_version 90402\nlocation_id " + location + "\ndomain 0\nmax_engine_clk_fcompute 1420\n",
			at + "/mem_banks/0/properties": "heap_type 1\nsize_in_bytes 51539607552\nwidth 8192\nmem_clk_max 1300\n",
			at + "/io_links/0/properties":  "type 11\nnode_to 2\n", at + "/io_links/1/properties": "type 11\nnode_to 3\n", at + "/io_links/2/properties": "type 2\nnode_to 0\n",
		}
	}
	files := join(map[string]string{"sys/class/kfd/kfd/topology/nodes/0/properties": "cpu_cores_count 112\nsimd_count 0\n"}, node("2", "2560"), node("3", "2561"))
	r := readTree(t, files)
	d := r.Machine.Nodes[0].Devices
	if len(d) != 2 || d[0].Compute != "gfx942" || d[0].MemoryBytes != 51539607552 || !noted(r, "each card is 2 devices") || finding(r, "device 1 pci address") != "0000:0a:00.1" {
		t.Fatalf("%+v notes %v findings %v", d, r.Notes, r.Findings)
	}
	for version, want := range map[uint64]string{90010: "gfx90a", 90402: "gfx942", 110001: "gfx1101", 0: ""} {
		if got := gfx(version); got != want {
			t.Errorf("target %d is %q, want %q", version, got, want)
		}
	}
}

func TestAMDSMIForms(t *testing.T) {
	text := "GPU: 0\n    ASIC:\n        MARKET_NAME: AMD Instinct MI300X\n        VENDOR_ID: 0x1002\n        DEVICE_ID: 0x74a1\n        TARGET_GRAPHICS_VERSION: gfx942\n    BUS:\n        BDF: 0000:05:00.0\n        MAX_PCIE_SPEED: 32 GT/s\n        MAX_PCIE_WIDTH: 16\n    VRAM:\n        TYPE: HBM\n        SIZE: 196592 MB\n        BIT_WIDTH: 8192\n    DRIVER:\n        VERSION: 6.12.12\nGPU: 1\n    ASIC:\n        MARKET_NAME: AMD Instinct MI300X\n"
	js := `[{"gpu":0,"asic":{"market_name":"AMD Instinct MI300X","vendor_id":"0x1002","device_id":"0x74a1","target_graphics_version":"gfx942"},"bus":{"bdf":"0000:05:00.0","max_pcie_speed":{"value":32,"unit":"GT/s"},"max_pcie_width":16},"vram":{"type":"HBM","size":{"value":196592,"unit":"MB"},"bit_width":8192},"driver":{"version":"6.12.12"}},{"gpu":1,"asic":{"market_name":"AMD Instinct MI300X"}}]`
	for _, in := range []string{text, js, `{"gpu_data":` + js + `}`} {
		r, err := ParseAMDSMI([]byte(in))
		if err != nil || len(r.Accelerators) != 2 || r.Driver != "6.12.12" {
			t.Fatalf("%+v %v", r, err)
		}
		a := r.Accelerators[0]
		if a.Name != "AMD Instinct MI300X" || a.PCIID != "1002:74a1" || a.MemoryTotal != 196592<<20 || a.PCIeGen != 5 || a.PCIeLanes != 16 || a.BusWidthBits != 8192 || a.Compute != "gfx942" || a.PCIAddress != "0000:05:00.0" {
			t.Errorf("%+v", a)
		}
	}
	r, _ := ParseAMDSMI([]byte(js))
	addAMDSMIUsage(&r, []byte(`[{"gpu":0,"mem_usage":{"total_vram":{"value":196592,"unit":"MB"},"used_vram":{"value":592,"unit":"MB"},"free_vram":{"value":196000,"unit":"MB"}}}]`))
	if a := r.Accelerators[0]; a.MemoryFree != 196000<<20 || a.MemoryUsed != 592<<20 {
		t.Errorf("usage %+v", a)
	}
}

func TestIntel(t *testing.T) {
	arc := func(at, id, slot, driver string) map[string]string {
		return map[string]string{
			at + "/device/vendor": "0x8086", at + "/device/uevent": "DRIVER=" + driver + "\nPCI_CLASS=30000\nPCI_ID=8086:" + id + "\nPCI_SLOT_NAME=" + slot + "\n",
			at + "/device/max_link_speed": "2.5 GT/s PCIe", at + "/device/max_link_width": "1", at + "/device/current_link_speed": "2.5 GT/s PCIe", at + "/device/current_link_width": "1",
			at + "/device/tile0/physical_vram_size_bytes": "12809404416", at + "/device/tile0/gt0/freq0/rp0_freq": "2850",
		}
	}
	r := readTree(t, arc("sys/class/drm/card0", "E20B", "0000:03:00.0", "xe"))
	d := r.Machine.Nodes[0].Devices
	// The link that the card shows is the one inside it.
	if len(d) != 1 || d[0].Name != "Intel(R) Arc(TM) B580 Graphics" || d[0].MemoryBytes != 12809404416 || d[0].PCIeGen != 0 || d[0].Unified {
		t.Errorf("%+v notes %v", d, r.Notes)
	}
	// A processor's GPU that no catalogue knows leaves the work to the processor.
	igpu := arc("sys/class/drm/card0", "FFFF", "0000:00:02.0", "i915")
	r = readTree(t, igpu)
	if len(r.Machine.Nodes[0].Devices) != 0 || len(r.Recognised) != 1 || !r.Recognised[0].Integrated || !noted(r, "the processor is taken to do the work") {
		t.Errorf("recognised %+v notes %v", r.Recognised, r.Notes)
	}
	// Driven by vfio: a virtual machine has it.
	r = readTree(t, map[string]string{
		"sys/bus/pci/devices/0000:03:00.0/class": "0x030000", "sys/bus/pci/devices/0000:03:00.0/vendor": "0x8086", "sys/bus/pci/devices/0000:03:00.0/device": "0xe20b",
		"sys/bus/pci/devices/0000:03:00.0/uevent": "DRIVER=vfio-pci\nPCI_ID=8086:E20B\n",
	})
	if len(r.Recognised) != 1 || !strings.Contains(r.Recognised[0].Why, "vfio-pci") {
		t.Errorf("recognised %+v", r.Recognised)
	}
}

func TestNPUs(t *testing.T) {
	r := readTree(t, map[string]string{
		"sys/class/accel/accel0/device/vendor": "0x8086", "sys/class/accel/accel0/device/device": "0x643e",
		"sys/bus/pci/devices/0000:05:00.0/class": "0x0b4000", "sys/bus/pci/devices/0000:05:00.0/vendor": "0x1e60", "sys/bus/pci/devices/0000:05:00.0/device": "0x2864",
		"sys/bus/pci/devices/0000:06:00.0/class": "0x020000", "sys/bus/pci/devices/0000:06:00.0/vendor": "0x8086", "sys/bus/pci/devices/0000:06:00.0/device": "0x1572",
		"sys/class/devfreq/fdab0000.npu/max_freq": "1000000000", "proc/device-tree/compatible": "radxa,rock-5b\x00rockchip,rk3588\x00",
	})
	var got []string
	for _, x := range r.Recognised {
		got = append(got, x.Name+"/"+string(x.Kind)+"/"+x.Source)
	}
	if s := strings.Join(got, " "); s != "Intel NPU (Lunar Lake)/npu/sysfs RK3588 NPU/npu/device tree Hailo-8/npu/pci" {
		t.Errorf("recognised %s", s)
	}
	if len(r.Machine.Nodes[0].Devices) != 0 {
		t.Error("an NPU is counted")
	}
}

func TestTopologies(t *testing.T) {
	// The heading underlined for a terminal; tabs; a row that ends early.
	text := "\t\x1b[4mGPU0\tGPU1\tGPU2\tCPU Affinity\tNUMA Affinity\x1b[0m\nGPU0\t X \tNV4\tSYS\t0-31\t0\nGPU1\tNV4\t X \tSYS\t0-31\t0\nGPU2\tSYS\tSYS\t X \t32-63\t1\n\nLegend:\n"
	topo, n := ParseNvidiaTopo([]byte(text))
	if n != 3 || topo.Links[0][1] != "NV4" || topo.Links[2][0] != "SYS" || topo.NUMA[2] != 1 {
		t.Fatalf("%+v %d", topo, n)
	}
	ds := []*hardware.Device{{NVLinkGBps: 112.5, PCIeGen: 4, PCIeLanes: 16}, {NVLinkGBps: 112.5, PCIeGen: 4, PCIeLanes: 16}, {NVLinkGBps: 112.5, PCIeGen: 4, PCIeLanes: 8}}
	b := &builder{}
	// A bridge joins two of three: what all share is PCI Express, of the narrowest slot.
	if l := b.nodeLink(ds, topo); l.ID != "pcie4-x8" || len(b.report.Notes) != 1 {
		t.Errorf("%+v %v", l, b.report.Notes)
	}
	if l := b.nodeLink(ds[:2], &Topology{Links: [][]string{{"", "NV4"}, {"NV4", ""}}}); l.Kind != "nvlink" || l.GBps != 56.25 {
		t.Errorf("%+v", l)
	}
	// Cards that could, in a box that does not join them.
	if l := b.nodeLink(ds[:2], &Topology{Links: [][]string{{"", "PHB"}, {"PHB", ""}}}); l.Kind != "pcie" {
		t.Errorf("%+v", l)
	}
	for _, bad := range []string{"", "GPU0\n", "\tGPU0\tGPU1\n", "nonsense"} {
		if topo, n := ParseNvidiaTopo([]byte(bad)); n > 0 && len(topo.Links) != n {
			t.Errorf("%q: %+v %d", bad, topo, n)
		}
	}
}

func TestSlotLink(t *testing.T) {
	dir := root(t, map[string]string{
		"sys/devices/pci0000:00/0000:00:01.0/vendor": "0x8086", "sys/devices/pci0000:00/0000:00:01.0/class": "0x060400", "sys/devices/pci0000:00/0000:00:01.0/max_link_speed": "32.0 GT/s PCIe", "sys/devices/pci0000:00/0000:00:01.0/max_link_width": "16",
		"sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/vendor": "0x8086", "sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/class": "0x060400",
		"sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/max_link_speed": "16.0 GT/s PCIe", "sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/max_link_width": "8",
		"sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/current_link_speed": "16.0 GT/s PCIe", "sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/current_link_width": "4",
		"sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:01.0/0000:03:00.0/vendor": "0x8086", "sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:01.0/vendor": "0x8086", "sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:01.0/class": "0x060400",
		"sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:01.0/0000:03:00.0/max_link_speed": "2.5 GT/s PCIe", "sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:01.0/0000:03:00.0/max_link_width": "1",
	})
	most, now := newSystem(dir, nil).slotLink("/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:01.0/0000:03:00.0")
	if most != (pcieLink{4, 8}) || now != (pcieLink{4, 4}) {
		t.Errorf("%+v %+v", most, now)
	}
}

func TestWindowsAdapters(t *testing.T) {
	reg := "[HKEY_LOCAL_MACHINE\\SYSTEM\\Class\\{4d36e968}\\0000]\r\n\"DriverDesc\"=\"NVIDIA GeForce RTX 4090\"\r\n\"MatchingDeviceId\"=\"pci\\\\ven_10de&dev_2684&subsys_1\"\r\n\"HardwareInformation.qwMemorySize\"=hex(b):00,00,00,00,06,00,00,00\r\n[HKEY_LOCAL_MACHINE\\x\\0001]\r\n\"DriverDesc\"=\"Microsoft Basic Display Adapter\"\r\n[HKEY_LOCAL_MACHINE\\x\\0002]\r\n\"DriverDesc\"=\"Intel(R) UHD Graphics 770\"\r\n\"MatchingDeviceId\"=\"PCI\\\\VEN_8086&DEV_4680\"\r\n"
	r := windowsReading(ParseWindowsDisplay([]byte(reg)))
	if len(r.Accelerators) != 2 || r.Accelerators[0].MemoryTotal != 24<<30 || r.Accelerators[0].PCIID != "10de:2684" || !r.Accelerators[1].Integrated {
		t.Errorf("%+v", r)
	}
	wmi := "AdapterRAM=4293918720\nName=AMD Radeon RX 9070 XT\nPNPDeviceID=PCI\\VEN_1002&amp;DEV_7550&amp;SUBSYS_1\n\nAdapterRAM=\nName=Some Mirror Driver\nPNPDeviceID=ROOT\\DISPLAY\n"
	list := ParseWindowsDisplay([]byte(wmi))
	if len(list) != 2 || list[0].PCI != "1002:7550" || list[0].AdapterRAM != 4293918720 || list[0].Memory != 0 {
		t.Errorf("%+v", list)
	}
	if r := windowsReading(list); len(r.Accelerators) != 1 {
		t.Errorf("%+v", r)
	}
}

func TestApple(t *testing.T) {
	sysctl := "hw.memsize: 68719476736\nhw.physicalcpu: 16\nhw.perflevel0.physicalcpu: 12\nhw.perflevel1.physicalcpu: 4\nmachdep.cpu.brand_string: Apple M4 Max\nhw.optional.neon: 1\nhw.optional.arm.FEAT_DotProd: 1\nhw.optional.arm.FEAT_I8MM: 1\niogpu.wired_limit_mb: 57344\n"
	r := readTree(t, map[string]string{"sysctl-hw.txt": sysctl, "ioreg-AGXAccelerator.txt": `    "gpu-core-count" = 40`})
	d, h := r.Machine.Nodes[0].Devices, r.Machine.Nodes[0].Host
	if len(d) != 1 || d[0].Name != "Apple M4 Max" || !d[0].Unified || d[0].MemoryBytes != 64<<30 || d[0].UsableBytes != 56<<30 || h.OS != "darwin" || strings.Join(h.CPU.ISA, " ") != "neon dotprod i8mm" || finding(r, "device 0 compute units") != "40" {
		t.Errorf("%+v %+v", d, h)
	}
	for in, want := range map[string]appleFacts{
		`{"SPHardwareDataType":[{"chip_type":"Apple M5 Pro","number_processors":"proc 18:6:0:12","physical_memory":"48 GB"}],"SPDisplaysDataType":[{"sppci_model":"Apple M5 Pro","sppci_cores":"20"}]}`:                                                     {Chip: "Apple M5 Pro", CPUCores: 18, Fast: 6, Slow: 12, GPUCores: 20, Memory: 48 << 30},
		"Hardware:\n    Hardware Overview:\n      Chip: Apple M1\n      Total Number of Cores: 8 (4 performance and 4 efficiency)\n      Memory: 16 GB\nGraphics/Displays:\n    Apple M1:\n      Chipset Model: Apple M1\n      Total Number of Cores: 7\n": {Chip: "Apple M1", CPUCores: 8, Fast: 4, Slow: 4, GPUCores: 7, Memory: 16 << 30},
	} {
		if got := parseSystemProfiler([]byte(in)); got.Chip != want.Chip || got.CPUCores != want.CPUCores || got.Fast != want.Fast || got.Slow != want.Slow || got.GPUCores != want.GPUCores || got.Memory != want.Memory {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	// An Intel Mac has no such chip.
	r = readTree(t, map[string]string{"sysctl-hw.txt": "hw.memsize: 17179869184\nmachdep.cpu.brand_string: Intel(R) Core(TM) i7-9750H CPU @ 2.60GHz\n"})
	if len(r.Machine.Nodes[0].Devices) != 0 || !noted(r, "names no Apple chip") {
		t.Errorf("%v", r.Notes)
	}
}

func TestLSPCI(t *testing.T) {
	out := ParseLSPCI([]byte("00:02.0 VGA compatible controller [0300]: Intel Corporation TigerLake-LP GT2 [Iris Xe Graphics] [8086:9a49] (rev 01)\n01:00.0 3D controller: NVIDIA Corporation Device 2330 (rev a1)\n0001:02:00.0 Bridge [0680]: NVIDIA Corporation GA100 [A100 NVSwitch] [10de:1af1] (rev a1)\n03:00.0 Co-processor [0b40]: Hailo Technologies Ltd. Hailo-8 AI Processor [1e60:2864] (rev 01)\n\tSubsystem: x\n"))
	if len(out) != 3 || out[0].ID != "8086:9a49" || out[1].ID != "10de:2330" || out[2].ID != "1e60:2864" {
		t.Fatalf("%+v", out)
	}
	if a := out[0].accelerator(); !a.Integrated || a.Vendor != "Intel" {
		t.Errorf("%+v", a)
	}
}

func TestHostParts(t *testing.T) {
	m, err := ParseMemInfo([]byte("MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 50 kB\nCached: 200 kB\nSwapTotal: 10 kB\nHugePages_Total: 4\nHugepagesize: 100 kB\n"))
	if err != nil || m.Available != 350<<10 || m.SwapTotal != 10<<10 || m.HugePages != 400<<10 {
		t.Errorf("without MemAvailable: %+v %v", m, err)
	}
	if m, err := ParseFree([]byte("               total        used        free      shared  buff/cache   available\nMem:           7.9Gi       524Mi       7.2Gi        18Mi       282Mi       7.4Gi\nSwap:           99Mi          0B        99Mi\n")); err != nil || m.Total != 8482560409 || m.SwapTotal != 99<<20 {
		t.Errorf("%+v %v", m, err)
	}
	r := readTree(t, map[string]string{
		"proc/meminfo": memory32 + "SwapTotal: 2097152 kB\nSwapFree: 2097152 kB\n", "proc/swaps": "Filename Type Size Used Priority\n/dev/zram0 partition 2097148 0 100\n",
		"proc/self/cgroup":                                   "0::/lxc/box\n",
		"sys/devices/system/node/node0/cpulist":              "0-7\n",
		"sys/devices/system/node/node1/cpulist":              "8-15\n",
		"sys/block/nvme0n1/size":                             "2000000000\n",
		"sys/block/nvme0n1/device/device/max_link_speed":     "16.0 GT/s PCIe\n",
		"sys/block/nvme0n1/device/device/max_link_width":     "4\n",
		"sys/block/nvme0n1/device/device/current_link_speed": "8.0 GT/s PCIe\n",
		"sys/block/nvme0n1/device/device/current_link_width": "4\n",
		"sys/block/sda/size":                                 "1000\n", "sys/block/sda/queue/rotational": "1\n", "sys/block/loop0/size": "8\n",
		"sys/block/mmcblk0/size": "1000\n", "sys/block/mmcblk0/device/type": "SD\n", "sys/block/mmcblk0boot0/size": "8\n",
	})
	if !noted(r, "zram") || finding(r, "container") != "lxc" || finding(r, "numa nodes") != "2" {
		t.Errorf("notes %v findings %v", r.Notes, r.Findings)
	}
	var drives []string
	for _, d := range r.Storage {
		drives = append(drives, d.Name+" "+d.Class+" "+d.Link)
	}
	if got := strings.Join(drives, ", "); got != "mmcblk0 sd , nvme0n1 nvme gen 3 x4, sda hdd " {
		t.Errorf("drives %s", got)
	}
	if d := r.Storage[1]; d.ReadGBps < 3 || d.ReadGBps > 3.94 {
		t.Errorf("a drive on PCIe 3 x4 reads %v GB/s", d.ReadGBps)
	}
}

func TestContainers(t *testing.T) {
	for want, files := range map[string]map[string]string{
		"wsl2": {"proc/sys/kernel/osrelease": "5.15.153.1-microsoft-standard-WSL2"}, "wsl1": {"proc/sys/kernel/osrelease": "4.4.0-19041-Microsoft"},
		"docker": {".dockerenv": ""}, "podman": {"run/.containerenv": ""}, "lxc": {"proc/self/mountinfo": "40 30 0:50 / /proc/meminfo rw - fuse.lxcfs lxcfs rw\n"},
		"kubernetes": {"proc/self/cgroup": "0::/kubepods/burstable/pod1/abc\n"}, "systemd-nspawn": {"run/systemd/container": "systemd-nspawn\n"}, "": {"proc/self/cgroup": "0::/system.slice/docker.service\n"},
	} {
		if got := newSystem(root(t, files), nil).container(); got != want {
			t.Errorf("%v: %q, want %q", files, got, want)
		}
	}
}

// TestSuperchip: the kernel lists a GPU's memory as main memory on Grace.
func TestSuperchip(t *testing.T) {
	r := readTree(t, map[string]string{
		"proc/cpuinfo": "processor : 0\nFeatures : asimd sve2\nCPU implementer : 0x41\nCPU part : 0xd4f\n", "dev/nvidiactl": "",
		"proc/meminfo":                          "MemTotal: 600000000 kB\nMemFree: 500000000 kB\nMemAvailable: 550000000 kB\n",
		"sys/devices/system/node/node0/cpulist": "0-71\n", "sys/devices/system/node/node0/meminfo": "Node 0 MemTotal: 500000000 kB\nNode 0 MemFree: 450000000 kB\n",
		"sys/devices/system/node/node1/cpulist": "\n", "sys/devices/system/node/node1/meminfo": "Node 1 MemTotal: 100000000 kB\nNode 1 MemFree: 90000000 kB\n",
	})
	if h := r.Machine.Nodes[0].Host; h.MemoryBytes != 500000000<<10 || h.AvailableBytes != 460000000<<10 || !noted(r, "not counted twice") {
		t.Errorf("%+v %v", h, r.Notes)
	}
}

func TestModules(t *testing.T) {
	text := "# dmidecode 3.3\nHandle 0x0100, DMI type 1, 27 bytes\nSystem Information\n\tManufacturer: Dell Inc.\n\tProduct Name: PowerEdge\n\tSerial Number: SECRET\n\nHandle 0x0400, DMI type 4, 48 bytes\nProcessor Information\n\tType: Central Processor\n\tVersion: AMD EPYC 9654\n\tStatus: Populated, Enabled\n\tCore Count: 96\n"
	for _, ch := range "ABCD" {
		text += "\nHandle 0x1100, DMI type 17, 92 bytes\nMemory Device\n\tData Width: 64 bits\n\tSize: 64 GB\n\tLocator: DIMM 0\n\tBank Locator: P0 CHANNEL " + string(ch) + "\n\tType: DDR5\n\tSpeed: 5600 MT/s\n\tConfigured Memory Speed: 4800 MT/s\n\tSerial Number: SECRET\n"
	}
	text += "\nHandle 0x1101, DMI type 17, 92 bytes\nMemory Device\n\tSize: No Module Installed\n"
	s, vendor, product, err := ParseDMIDecode([]byte(text))
	if g, ch, mts, kind, ok := s.Bandwidth(); err != nil || vendor != "Dell Inc." || product != "PowerEdge" || len(s.Processors) != 1 || !ok || g != 153.6 || ch != 4 || mts != 4800 || kind != "DDR5" {
		t.Errorf("%+v %v %v %v", s, g, ch, err)
	}
	// A server with four of twelve channels filled, seen as root and as a user.
	cpu := "processor : 0\nvendor_id : AuthenticAMD\nmodel name : AMD EPYC 9654 96-Core Processor\nflags : avx2\n"
	if c := readTree(t, map[string]string{"proc/cpuinfo": cpu, "dmidecode.txt": text}).Machine.Nodes[0].Host.CPU; c.BandwidthGBps != 153.6 || c.MemoryChannels != 4 {
		t.Errorf("%+v", c)
	}
	files := map[string]string{"proc/cpuinfo": cpu}
	for _, ch := range []string{"0", "1", "2", "3"} {
		files["sys/devices/system/edac/mc/mc0/dimm"+ch+"/size"] = "65536\n"
		files["sys/devices/system/edac/mc/mc0/dimm"+ch+"/dimm_location"] = "csrow 0 channel " + ch + " \n"
		files["sys/devices/system/edac/mc/mc0/dimm"+ch+"/dimm_mem_type"] = "Unbuffered-DDR5\n"
	}
	files["sys/devices/system/edac/mc/mc0/dimm4/size"] = "0\n"
	if c := readTree(t, files).Machine.Nodes[0].Host.CPU; c.BandwidthGBps != 153.6 || c.Assumed["bandwidth_gb_s"] == "" {
		t.Errorf("%+v", c)
	}
	// DDR4-3200: 0.625 ns. DDR5-5600: 357 ps.
	ddr4, ddr5 := make([]byte, 512), make([]byte, 1024)
	ddr4[2], ddr4[18] = 0x0c, 5
	ddr5[2], ddr5[20], ddr5[21] = 0x12, 0x65, 0x01
	for want, b := range map[spdModule][]byte{{"DDR4", 3200}: ddr4, {"DDR5", 5600}: ddr5} {
		if m, ok := parseSPD(b); !ok || m != want {
			t.Errorf("%+v %v, want %+v", m, ok, want)
		}
	}
	ddr4[18], ddr4[125] = 6, 0
	if m, _ := parseSPD(ddr4); m.MTs != 2666 {
		t.Errorf("%+v", m)
	}
	if _, ok := parseSPD(make([]byte, 16)); ok {
		t.Error("sixteen bytes are no module's memory")
	}
}

func TestJetsonModules(t *testing.T) {
	for _, c := range []struct{ compatible, model, memory, want string }{
		{"nvidia,p3768-0000+p3767-0005\x00nvidia,p3767-0005\x00nvidia,tegra234\x00", "NVIDIA Jetson Orin Nano Developer Kit", "7800000", "jetson-orin-nano-8gb"},
		{"nvidia,p3737-0000+p3701-0000\x00nvidia,tegra234\x00", "NVIDIA Jetson AGX Orin Developer Kit", "62000000", "jetson-agx-orin-64gb"},
		{"nvidia,p3737-0000+p3701-0000\x00nvidia,tegra234\x00", "NVIDIA Jetson AGX Orin Developer Kit", "30000000", "jetson-agx-orin-32gb"},
		{"vendor,board\x00nvidia,tegra234\x00", "Some NVIDIA Jetson Orin NX Carrier", "15000000", "jetson-orin-nx-16gb"},
	} {
		asked := &askedCatalogue{}
		_, err := Local(context.Background(), Options{Catalogue: asked, Root: root(t, map[string]string{
			"proc/device-tree/compatible": c.compatible, "proc/device-tree/model": c.model + "\x00", "proc/meminfo": "MemTotal: " + c.memory + " kB\nMemAvailable: 1000 kB\n"})})
		if err != nil || len(asked.given) == 0 || asked.given[len(asked.given)-1] != c.want {
			t.Errorf("%s: %v, want %s (%v)", c.model, asked.given, c.want, err)
		}
	}
}

// askedCatalogue notes which of its devices were taken.
type askedCatalogue struct {
	fakeCatalogue
	given []string
}

func (a *askedCatalogue) Device(name string) *hardware.Device {
	a.given = append(a.given, name)
	gib := map[string]int64{"jetson-agx-orin-32gb": 32, "jetson-agx-orin-64gb": 64, "jetson-orin-nx-8gb": 8, "jetson-orin-nx-16gb": 16}[name]
	return &hardware.Device{ID: name, Name: name, Vendor: "NVIDIA", Kind: hardware.GPU, MemoryBytes: max(gib, 8) << 30, BandwidthGBps: 100, Unified: true}
}

func TestVirtualGPUNames(t *testing.T) {
	for name, want := range map[string]int64{"NVIDIA L40S-12Q": 12 << 30, "GRID V100D-32C": 32 << 30, "NVIDIA A100-3-20C": 20 << 30, "NVIDIA L40S": 0, "GeForce RTX 4090": 0} {
		if got := vgpuMemory(name); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
}

// TestTwoMakers keeps the devices of the maker that has more memory.
func TestTwoMakers(t *testing.T) {
	files := amdCard("sys/class/drm/card0", "73bf", "c0", "17163091968", "0", "16786171904")
	files["nvidia-smi-q-x.xml"] = "<nvidia_smi_log><gpu id=\"00000000:01:00.0\"><product_name>NVIDIA L40S</product_name><fb_memory_usage><total>46068 MiB</total></fb_memory_usage><processes><process_info><used_memory>512 MiB</used_memory></process_info></processes></gpu></nvidia_smi_log>"
	r := readTree(t, files)
	if d := r.Machine.Nodes[0].Devices; len(d) != 1 || d[0].ID != "l40s" || len(r.Recognised) != 1 || r.Recognised[0].Vendor != "AMD" || !noted(r, "an engine runs on one maker's") {
		t.Errorf("%v %+v", names(d), r.Recognised)
	}
	if finding(r, "device 0 in use") != "1 programs hold 536870912 bytes" {
		t.Errorf("%v", r.Findings)
	}
}

func TestNaturalOrder(t *testing.T) {
	for _, c := range [][2]string{{"card9", "card10"}, {"a", "b"}, {"card1", "card1-DP"}, {"n01", "n2"}} {
		if compareNatural(c[0], c[1]) >= 0 || compareNatural(c[1], c[0]) <= 0 {
			t.Errorf("%q does not come before %q", c[0], c[1])
		}
	}
}

func TestPCITable(t *testing.T) {
	if n := len(pciTable()); n < 500 {
		t.Fatalf("%d PCI ids were read", n)
	}
	for id, list := range pciTable() {
		for _, p := range list {
			if len(id) != 9 || id != strings.ToLower(id) || p.name == "" || p.kind != "integrated" && p.kind != "discrete" && p.kind != "npu" {
				t.Errorf("%s: %+v", id, p)
			}
		}
	}
	for f, want := range map[pciFunction]string{
		{id: "1002:7480", rev: "c3"}: "AMD Radeon RX 7600S", {id: "1002:744c", subsystem: "1da2:e471"}: "AMD Radeon RX 7900 XTX", {id: "1002:744c", rev: "cc", subsystem: "1da2:e471"}: "AMD Radeon RX 7900 XT", {id: "ffff:ffff"}: "",
	} {
		if got := f.product().name; got != want {
			t.Errorf("%+v is %q, want %q", f, got, want)
		}
	}
}
