package profiles

import (
	"strings"
	"sync"
	"testing"

	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles/names"
)

// in fails the test when a known figure is outside of what such parts have.
func in(t *testing.T, id, field string, x, low, high float64) {
	t.Helper()
	if x != 0 && (x < low || x > high) {
		t.Errorf("%s: %s is %g, want %g to %g", id, field, x, low, high)
	}
}

func TestAccelerators(t *testing.T) {
	list, err := Devices()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 350 {
		t.Errorf("%d accelerators, want at least 350", len(list))
	}
	for _, d := range list {
		if d.Name == "" || d.Vendor == "" || d.Source == "" || d.Year == 0 {
			t.Errorf("%s: needs name, vendor, year and source", d.ID)
		}
		if d.NotEstimated == "" && (d.MemoryBytes == 0 || d.BandwidthGBps == 0) {
			t.Errorf("%s: cannot be estimated and does not say why", d.ID)
		}
		if d.UsableBytes > d.MemoryBytes {
			t.Errorf("%s: more usable than there is", d.ID)
		}
		in(t, d.ID, "usable share", float64(d.UsableBytes)/max(1, float64(d.MemoryBytes)), 0.88, 1)
		in(t, d.ID, "memory GiB", float64(d.MemoryBytes)/float64(hardware.GiB), 0.2, 600)
		in(t, d.ID, "bandwidth", d.BandwidthGBps, 10, 80000)
		in(t, d.ID, "fp32", d.Rates.FP32, 0.1, 200)
		in(t, d.ID, "fp16", d.Rates.FP16, 0.01, 10000)
		in(t, d.ID, "fp8", d.Rates.FP8, 10, 20000)
		in(t, d.ID, "int8", d.Rates.INT8, 1, 20000)
		in(t, d.ID, "fp4", d.Rates.FP4, 10, 30000)
		in(t, d.ID, "tdp", d.TDPWatts, 5, 2500)
		in(t, d.ID, "year", float64(d.Year), 2014, 2027)
		in(t, d.ID, "pcie gen", float64(d.PCIeGen), 2, 6)
	}
}

func TestCPUs(t *testing.T) {
	list, err := CPUs()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 274 {
		t.Errorf("%d processors, want at least 274", len(list))
	}
	for _, c := range list {
		if c.Name == "" || c.Source == "" {
			t.Errorf("%s: needs name and source", c.ID)
		}
		if c.NotEstimated == "" && c.BandwidthGBps == 0 {
			t.Errorf("%s: cannot be estimated and does not say why", c.ID)
		}
		in(t, c.ID, "bandwidth", c.BandwidthGBps, 3, 1000)
		in(t, c.ID, "cores", float64(c.Cores), 4, 256)
		in(t, c.ID, "fp32 GFLOPS", c.PeakFP32GFLOPS, 30, 30000)
		if c.MemoryChannels > 0 && c.MemoryMTs > 0 && strings.HasPrefix(c.MemoryType, "DDR") {
			want := float64(c.MemoryChannels) * 8 * float64(c.MemoryMTs) / 1000
			in(t, c.ID, "bandwidth of channels x 8 bytes x MT/s", c.BandwidthGBps/want, 0.98, 1.02)
		}
	}
}

func TestLinks(t *testing.T) {
	list, err := Links()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range list {
		if l.Source == "" {
			t.Errorf("%s: needs a source", l.ID)
		}
		if !strings.HasPrefix(l.Kind, "measured_") && l.GBps == 0 {
			t.Errorf("%s: needs a rate", l.ID)
		}
		in(t, l.ID, "rate", l.GBps, 0.1, 2000)
		in(t, l.ID, "peak bus rate", l.BusGBpsPeak, 1, 1000)
	}
}

// Every accelerator, processor and node of the catalogue makes a machine: so
// every reference between the tables resolves.
func TestEveryEntryIsAMachine(t *testing.T) {
	for _, table := range []*table{&accelerators, &cpus, &nodes} {
		for r := range table.rows() {
			id := r.text("id")
			m, err := Machine(id, MachineOptions{})
			if err != nil {
				t.Errorf("%s: %v", id, err)
				continue
			}
			n := m.Primary()
			if n == nil || n.Count < 1 || n.Host.Sockets < 1 || n.Host.CPU.ID == "" {
				t.Errorf("%s: incomplete machine %+v", id, n)
				continue
			}
			for _, d := range n.Devices {
				if d.NotEstimated == "" && n.Host.MemoryBytes == 0 {
					t.Errorf("%s: no main memory", id)
				}
				if d.Unified && n.Host.MemoryBytes != d.MemoryBytes {
					t.Errorf("%s: one pool, two sizes", id)
				}
			}
			if len(n.Devices) > 1 && (n.Link == nil || n.Link.GBps == 0) {
				t.Errorf("%s: no link between its devices", id)
			}
		}
	}
}

// An accelerator and a processor of one chip may share an id; nothing else may.
func TestIDsAndAliasesAreUnique(t *testing.T) {
	shared := map[string]bool{"ryzen-ai-max-385": true}
	seen := map[string]string{}
	for _, table := range []*table{&accelerators, &cpus, &links, &nodes} {
		for r := range table.rows() {
			id := r.text("id")
			for _, name := range append(r.list("aliases"), id) {
				key := strings.ToLower(name)
				if other, ok := seen[key]; ok && !shared[key] {
					t.Errorf("%s: %q already names %s", id, name, other)
				}
				seen[key] = id
				if got, err := table.named().Resolve(name); err != nil || got != id {
					t.Errorf("%s: its name %q gives %q, %v", id, name, got, err)
				}
			}
		}
	}
}

// Ways in which people, drivers and shops write names.
func TestMachineNames(t *testing.T) {
	for _, test := range []struct {
		query, id   string
		nodes, devs int
		ramGiB      int64
		link        string
	}{
		{"rtx-4090", "rtx-4090-24gb", 1, 1, 64, ""},
		{"NVIDIA GeForce RTX 4090", "rtx-4090-24gb", 1, 1, 64, ""},
		{"7900 XTX", "rx-7900-xtx-24gb", 1, 1, 64, ""},
		{"rtx 3060", "rtx-3060-12gb", 1, 1, 64, ""},
		{"raspberry-pi-5-8gb", "rpi-5-8gb", 1, 0, 8, ""},
		{"rpi-5", "rpi-5", 1, 0, 8, ""},
		{"apple-m4-max-40c-64gb", "apple-m4-max-40c-64gb", 1, 1, 64, ""},
		{"m4 max 48 GB", "apple-m4-max-40c-48gb", 1, 1, 48, ""},
		{"ryzen-ai-max-395-96gb", "ryzen-ai-max-395-96gb", 1, 1, 96, ""},
		{"Ryzen AI Max+ 395", "ryzen-ai-max-395-128gb", 1, 1, 128, ""},
		{"strix-halo", "ryzen-ai-max-395-128gb", 1, 1, 128, ""},
		{"8x h100-sxm-80gb", "8x h100-sxm5-80gb", 1, 8, 1280, "nvlink4"},
		{"8 x H100", "8x h100-sxm5-80gb", 1, 8, 1280, "nvlink4"},
		{"2x(8x h100-sxm-80gb)", "2x(8x h100-sxm5-80gb)", 2, 8, 1280, "nvlink4"},
		{"rtx-4090 + rtx-3090", "rtx-4090-24gb + rtx-3090-24gb", 1, 2, 64, "pcie4-x8"},
		{"2x rtx-4090", "2x rtx-4090-24gb", 1, 2, 64, "pcie4-x8"},
		{"dgx-h100", "dgx-h100", 1, 8, 2048, "nvlink4"},
		{"4x dgx-h100", "4x(dgx-h100)", 4, 8, 2048, "nvlink4"},
		{"4x rpi-5", "4x(rpi-5)", 4, 0, 8, ""},
		{"2x epyc-9654", "2x epyc-9654", 1, 0, 1024, ""},
		{"ryzen-9-7950x-64gb", "ryzen-9-7950x-64gb", 1, 0, 64, ""},
		{"ryzen-7-5800x3d", "ryzen-7-5800x3d", 1, 0, 64, ""},
	} {
		m, err := Machine(test.query, MachineOptions{})
		if err != nil {
			t.Errorf("%s: %v", test.query, err)
			continue
		}
		n := m.Primary()
		link := ""
		if n.Link != nil {
			link = n.Link.ID
		}
		if m.ID != test.id || n.Count != test.nodes || len(n.Devices) != test.devs || n.Host.MemoryBytes != test.ramGiB*hardware.GiB || link != test.link {
			t.Errorf("%s: %s, %d nodes of %d devices, %d GiB, link %q; want %+v", test.query, m.ID, n.Count, len(n.Devices), n.Host.MemoryBytes/hardware.GiB, link, test)
		}
		if (n.Count > 1) != (m.Network != nil) {
			t.Errorf("%s: %d nodes, network %v", test.query, n.Count, m.Network)
		}
	}
}

func TestMachineErrors(t *testing.T) {
	for _, test := range []struct {
		query string
		opts  MachineOptions
		want  string
	}{
		{"", MachineOptions{}, "machine: the name is empty; plimsoll hardware list shows what is known"},
		{"rtx 4091", MachineOptions{}, `unknown machine "rtx 4091"; did you mean rtx-4090-24gb, rtx-4090-48gb, rtx-2060-6gb, rtx-3050-8gb?`},
		{"rtx 4060 ti", MachineOptions{}, `device "rtx 4060 ti" fits several: rtx-4060-ti-16gb, rtx-4060-ti-8gb; name one of them`},
		{"rpi-5-64gb", MachineOptions{}, "rpi-5: is sold with 2, 4, 8, 16 GB, not with 64"},
		{"0x rtx-4090", MachineOptions{}, `machine "0x rtx-4090": 0 devices, want 1 to 1024`},
		{"99999x rtx-4090", MachineOptions{}, `machine "99999x rtx-4090": 99999 devices, want 1 to 1024`},
		{"2x(2x(rtx-4090))", MachineOptions{}, `machine "2x(2x(rtx-4090))": want one machine in the parentheses, as in 2x(8x h100-sxm-80gb)`},
		{"rtx-4090 + apple-m4-max", MachineOptions{}, `machine "rtx-4090 + apple-m4-max": apple-m4-max-40c shares its memory with its host and cannot stand in one node with other accelerators`},
		{"rtx-4090", MachineOptions{Devices: -1}, "devices: -1, want 1 to 1024"},
		{"rtx-4090", MachineOptions{Host: "pentium"}, `unknown cpu "pentium"; plimsoll hardware list shows what is known`},
		{"apple-m4-max", MachineOptions{Host: "epyc-9654"}, `host "epyc-9654": apple-m4-max-40c has its own processor; leave the host out`},
		{strings.Repeat("x", 1000), MachineOptions{}, "machine: a name of 1000 bytes, want at most 512"},
	} {
		_, err := Machine(test.query, test.opts)
		if err == nil || err.Error() != test.want {
			t.Errorf("%.40q %+v\n got %v\nwant %s", test.query, test.opts, err, test.want)
		}
	}
}

func TestMachineOptions(t *testing.T) {
	m, err := Machine("rtx-4090", MachineOptions{Devices: 4, Nodes: 2, Host: "2x epyc-9654-768gb"})
	if err != nil {
		t.Fatal(err)
	}
	n := m.Primary()
	if m.ID != "2x(4x rtx-4090-24gb)" || n.Host.CPU.ID != "epyc-9654" || n.Host.Sockets != 2 || n.Host.MemoryBytes != 768*hardware.GiB || n.Host.MemoryAssumed != "" {
		t.Errorf("got %s, host %s x%d, %d bytes, assumed %q", m.ID, n.Host.CPU.ID, n.Host.Sockets, n.Host.MemoryBytes, n.Host.MemoryAssumed)
	}
}

// What is visible of the memory, against figures that were read: vLLM start-up
// logs (79.19 GiB, 44.42 GiB, 23.5 GiB) and sysfs (RX 7900 XT 21458059264 B).
func TestUsableMemory(t *testing.T) {
	for id, want := range map[string]float64{"h100-sxm5-80gb": 79.19, "l40s-48gb": 44.42, "rtx-4090-24gb": 23.5, "rx-7900-xt-20gb": 19.984} {
		d, err := Device(id)
		if err != nil {
			t.Fatal(err)
		}
		if got := float64(d.UsableBytes) / float64(hardware.GiB); got < want*0.9999 || got > want*1.0001 {
			t.Errorf("%s: %.3f GiB usable, want %.3f", id, got, want)
		}
	}
}

func TestMatchDevice(t *testing.T) {
	for _, test := range []struct {
		name string
		mib  int64
		pci  string
		want string
	}{
		{"NVIDIA GeForce RTX 4090", 24564, "10de:2684", "rtx-4090-24gb"},
		{"NVIDIA GeForce RTX 4090", 49140, "10de:2684", "rtx-4090-48gb"},
		{"NVIDIA GeForce RTX 4090 Laptop GPU", 16376, "", "rtx-4090-laptop-16gb"},
		{"NVIDIA GeForce RTX 4090 D", 24564, "", "rtx-4090-d-24gb"},
		{"NVIDIA GeForce RTX 3060", 12288, "", "rtx-3060-12gb"},
		{"NVIDIA GeForce RTX 3060", 8192, "", "rtx-3060-8gb"},
		{"NVIDIA GeForce RTX 3060", 0, "", ""},
		{"NVIDIA GeForce RTX 3060 Laptop GPU", 6144, "", "rtx-3060-laptop-6gb"},
		{"NVIDIA GeForce RTX 4080 SUPER", 16376, "", "rtx-4080-super-16gb"},
		{"NVIDIA GeForce GTX 1650", 4096, "10de:1f91", "gtx-1650-laptop-4gb"},
		{"Tesla T4", 15360, "", "tesla-t4-16gb"},
		{"NVIDIA H100 80GB HBM3", 81559, "", "h100-sxm5-80gb"},
		{"NVIDIA H200", 143771, "", "h200-sxm-141gb"},
		{"NVIDIA A100-SXM4-40GB", 40960, "", "a100-sxm4-40gb"},
		{"NVIDIA L40S", 46068, "", "l40s-48gb"},
		{"Radeon RX 7900 XT", 20464, "", "rx-7900-xt-20gb"},
		{"AMD Radeon RX 9060 XT", 16304, "", "rx-9060-xt-16gb"},
		{"", 20464, "1002:744c", "rx-7900-xt-20gb"},
		{"", 0, "1002:744c", ""},
		{"NVIDIA GeForce RTX 4099", 24564, "", ""},
	} {
		d, how, ok := MatchDevice(test.name, test.mib*hardware.MiB, test.pci, "")
		got := ""
		if ok {
			got = d.ID
		}
		if got != test.want || ok != (how != "") {
			t.Errorf("MatchDevice(%q, %d MiB, %q) = %q (%s), want %q", test.name, test.mib, test.pci, got, how, test.want)
		}
	}
}

func TestMatchCPU(t *testing.T) {
	for name, want := range map[string]string{
		"Intel(R) Core(TM) i9-13900K CPU @ 3.00GHz":  "intel-core-i9-13900k",
		"13th Gen Intel(R) Core(TM) i9-13900K":       "intel-core-i9-13900k",
		"AMD EPYC 7763 64-Core Processor":            "epyc-7763",
		"AMD Ryzen 9 7950X 16-Core Processor":        "ryzen-9-7950x",
		"AMD Ryzen 9 7950X3D 16-Core Processor":      "ryzen-9-7950x3d",
		"AMD Ryzen 7 7840HS w/ Radeon 780M Graphics": "ryzen-7-7840hs",
		"AMD RYZEN AI MAX+ 395 w/ Radeon 8060S":      "ryzen-ai-maxplus-395",
		"Intel(R) Xeon(R) Platinum 8462Y+":           "intel-xeon-platinum-8462yplus",
		"INTEL(R) XEON(R) PLATINUM 8568Y+":           "intel-xeon-8568y+",
		"Raspberry Pi 5 Model B Rev 1.0":             "rpi-5",
		"Neoverse-N1":                                "", "AMD EPYC": "", "": "",
	} {
		c, _, ok := MatchCPU(name, 0)
		got := ""
		if ok {
			got = c.ID
		}
		if got != want {
			t.Errorf("MatchCPU(%q) = %q, want %q", name, got, want)
		}
	}
	if c, _, ok := MatchCPU("Neoverse-N1", 80); !ok || c.ID != "ampere-altra-q80-30" {
		t.Errorf("80 cores of Neoverse-N1: %v", ok)
	}
	if c := AssumedCPU(4, []string{"avx2"}, "AMD"); c == nil || c.BandwidthGBps == 0 || c.Assumed["bandwidth_gb_s"] == "" {
		t.Errorf("AssumedCPU gave %+v, want an assumed bandwidth", c)
	}
}

func TestMissKeepsItsType(t *testing.T) {
	_, err := Device("rtx 4091")
	if _, ok := err.(*names.Miss); !ok {
		t.Errorf("error %T, want *names.Miss", err)
	}
}

func FuzzMachine(f *testing.F) {
	for _, s := range []string{"8x h100", "2x(8x h100)", "a+b", "rpi-5-8gb", "(((", "x", "1x", "99999999x rtx-4090", " + ", "0x(a)", "m4 max 1e9gb"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		if strings.Contains(strings.ToLower(query), ".y") {
			return // would open files
		}
		m, err := Machine(query, MachineOptions{})
		if err == nil && (len(m.Nodes) == 0 || m.Nodes[0].Count < 1) {
			t.Fatalf("%q: a machine without nodes", query)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\n\r") {
			t.Fatalf("%q: an error of several lines: %q", query, err)
		}
	})
}

// BenchmarkMachineCold resolves a machine as a fresh process does: every table
// that it needs is opened anew.
func BenchmarkMachineCold(b *testing.B) {
	for _, query := range []string{"rtx-4090", "NVIDIA GeForce RTX 4090", "raspberry-pi-5-8gb", "8x h100-sxm-80gb"} {
		b.Run(strings.ReplaceAll(query, " ", "_"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for _, t := range []*table{&accelerators, &cpus, &links, &nodes, &hosts, &rules} {
					t.forget()
				}
				if _, err := Machine(query, MachineOptions{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// forget puts a table back to what it is when a process starts.
func (t *table) forget() { t.once, t.naming, t.columns, t.index = sync.Once{}, sync.Once{}, nil, nil }

// Names that drivers' tools print are names of machines, too.
func TestMachineByDriversName(t *testing.T) {
	for name, want := range map[string]string{
		"NVIDIA H100 80GB HBM3": "h100-sxm5-80gb", "NVIDIA-H100-80GB-HBM3": "h100-sxm5-80gb", "8x NVIDIA H100 80GB HBM3": "h100-sxm5-80gb",
		"NVIDIA GH200 480GB": "gh200-96gb", "AMD Instinct MI300X OAM": "mi300x-192gb", "AMD_Instinct_MI325X_OAM": "mi325x-256gb",
	} {
		m, err := Machine(name, MachineOptions{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := m.Primary().Devices[0].ID; got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
