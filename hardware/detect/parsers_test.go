package detect

import (
	"context"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"os"
	"strings"
	"testing"
)

// dimm is a type 17 structure; mib is its size.
func dimm(bank, slot string, mib, mts int) []byte {
	b := make([]byte, 0x28)
	b[0], b[1] = 17, 0x28
	binary.LittleEndian.PutUint16(b[0x08:], 64)
	binary.LittleEndian.PutUint16(b[0x0a:], 64)
	binary.LittleEndian.PutUint16(b[0x0c:], 0x7fff)
	binary.LittleEndian.PutUint32(b[0x1c:], uint32(mib))
	b[0x10], b[0x11], b[0x12] = 1, 2, 0x22
	binary.LittleEndian.PutUint16(b[0x15:], uint16(mts+800))
	binary.LittleEndian.PutUint16(b[0x20:], uint16(mts))
	return append(b, []byte(slot+"\x00"+bank+"\x00\x00")...)
}

// socket is a type 4 structure of a populated processor socket.
func socket(name string, cores int) []byte {
	b := make([]byte, 0x30)
	b[0], b[1], b[5], b[0x10], b[0x18] = 4, 0x30, 3, 1, 0x41
	b[0x23] = 0xff
	binary.LittleEndian.PutUint16(b[0x2a:], uint16(cores))
	return append(b, []byte(name+"\x00\x00")...)
}

func dmiTable(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = append(out, p...)
	}
	return append(out, 127, 4, 0, 0, 0, 0)
}

func TestSMBIOS(t *testing.T) {
	empty := dimm("P0 CHANNEL C", "DIMM 0", 0, 0)
	binary.LittleEndian.PutUint16(empty[0x0c:], 0)
	s, err := ParseSMBIOS(dmiTable(socket("AMD EPYC 9654", 96), socket("AMD EPYC 9654", 96),
		dimm("P0 CHANNEL A", "DIMM 0", 65536, 4800), dimm("P0 CHANNEL A", "DIMM 1", 65536, 4800),
		dimm("P1 CHANNEL A", "DIMM 0", 65536, 4800), empty))
	if err != nil || len(s.Processors) != 2 || s.Cores != 192 || len(s.Modules) != 3 || s.Modules[0].Bytes != 64<<30 {
		t.Fatalf("%+v %v", s, err)
	}
	// Two channels (a second module in one adds nothing): 2 x 4800 x 8 = 76.8 GB/s.
	if g, ch, mts, kind, ok := s.Bandwidth(); !ok || g != 76.8 || ch != 2 || mts != 4800 || kind != "DDR5" {
		t.Errorf("bandwidth %v %d %d %s %v", g, ch, mts, kind, ok)
	}
	// Slots whose names tell nothing: two modules may share a channel.
	s, _ = ParseSMBIOS(dmiTable(dimm("BANK 0", "slot", 8192, 3200), dimm("BANK 1", "slot", 8192, 3200)))
	if _, _, _, _, ok := s.Bandwidth(); ok {
		t.Error("channels were guessed")
	}
	if _, err := ParseSMBIOS([]byte{1, 2}); err == nil {
		t.Error("two bytes are no table")
	}
	for loc, want := range map[string]string{
		"P0 CHANNEL A DIMM 0": "p0/a", "Controller1-ChannelB-DIMM0": "controller1/b", "CPU1_DIMM_A2": "cpu1/a",
		"DIMMA1": "a", "DIMM_B1": "b", "slot": "", "": "", "DIMM 0": "",
	} {
		if got := channelOf(loc); got != want {
			t.Errorf("channel of %q is %q, want %q", loc, got, want)
		}
	}
}

func TestCPUInfo(t *testing.T) {
	gb10 := ""
	for i := 0; i < 4; i++ {
		part := "0xd87"
		if i%2 == 1 {
			part = "0xd85"
		}
		gb10 += "processor : 0\nFeatures : asimd asimddp sve sve2 i8mm bf16\nCPU implementer : 0x41\nCPU part : " + part + "\n\n"
	}
	for name, c := range map[string]struct {
		text                    string
		model                   string
		cores, threads, sockets int
		isa                     string
	}{
		"two sockets with threads": {"processor: 0\nmodel name: X\nphysical id: 0\ncore id: 0\ncpu cores: 1\nflags: avx2 avx_vnni amx_int8\nprocessor: 1\nphysical id: 0\ncore id: 0\nprocessor: 2\nphysical id: 1\ncore id: 0\nprocessor: 3\nphysical id: 1\ncore id: 0\n",
			"X", 2, 4, 2, "avx2 avx_vnni amx_int8"},
		"two kinds of cores":    {gb10, "Cortex-X925 + Cortex-A725", 4, 4, 0, "neon dotprod sve sve2 i8mm bf16"},
		"32-bit kernel":         {"processor: 0\nmodel name: ARMv7 Processor rev 4 (v7l)\nFeatures: neon\nCPU implementer: 0x41\nCPU part: 0xd03\n", "Cortex-A53", 1, 1, 0, "neon"},
		"part nobody knows":     {"processor: 0\nCPU implementer: 0x99\nCPU part: 0x123\n", "Arm core 0x99/0x123", 1, 1, 0, ""},
		"RISC-V":                {"processor: 0\nhart: 1\nisa: rv64imafdc\nuarch: thead,c920\n", "thead,c920", 1, 1, 0, ""},
		"middle blocks cut out": {"processor: 0\nmodel name: X\n...\nprocessor: 143\nmodel name: X\n", "X", 144, 144, 0, ""},
	} {
		f, err := ParseCPUInfo([]byte(c.text))
		if err != nil || f.Name != c.model || f.Cores != c.cores || f.Threads != c.threads || f.Sockets != c.sockets || strings.Join(f.ISA, " ") != c.isa {
			t.Errorf("%s: %+v %v", name, f, err)
		}
	}
	if _, err := ParseCPUInfo([]byte("hello")); err == nil {
		t.Error("no processor must be an error")
	}
}

// TestIDs reads the table as it stands: each row whole, each key once.
func TestIDs(t *testing.T) {
	r := csv.NewReader(strings.NewReader(idsCSV))
	r.Comment, r.FieldsPerRecord = '#', 4
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, row := range rows[1:] {
		key := strings.Join(row[:3], "|")
		if seen[key] || row[3] == "" || row[0] == "arm" && (!strings.HasPrefix(row[1], "0x") || !strings.HasPrefix(row[2], "0x")) {
			t.Errorf("row %v", row)
		}
		seen[key] = true
	}
	if armCore("0x41", "0xD0B") != "Cortex-A76" || socName("Amazon EC2", "Neoverse-V1") != "AWS Graviton3" || socName("Acme", "Neoverse-N1") != "" {
		t.Error("lookups")
	}
}

func TestCgroups(t *testing.T) {
	const v2mount = "34 33 0:29 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n"
	for name, c := range map[string]struct {
		files   map[string]string
		memory  int64
		cpus    float64
		version string
	}{
		"none":          {map[string]string{}, 0, 0, ""},
		"v2 no limit":   {map[string]string{"sys/fs/cgroup/memory.max": "max\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}, 0, 0, "v2"},
		"v2 only quota": {map[string]string{"sys/fs/cgroup/cpu.max": "500000\n"}, 0, 5, "v2"},
		"v2 high below": {map[string]string{"sys/fs/cgroup/memory.max": "200", "sys/fs/cgroup/memory.high": "100"}, 100, 0, "v2"},
		"v1 no limit":   {map[string]string{"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1"}, 0, 0, "v1"},
		"v1 64k pages":  {map[string]string{"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854710272\n"}, 0, 0, "v1"},
		"v1 limit":      {map[string]string{"sys/fs/cgroup/memory/memory.limit_in_bytes": "1073741824\n"}, 1 << 30, 0, "v1"},
		"nonsense":      {map[string]string{"sys/fs/cgroup/memory.max": "plenty\n", "sys/fs/cgroup/cpu.max": "NaN Inf\n"}, 0, 0, "v2"},
		"parent is tighter": {map[string]string{
			"proc/self/mountinfo": v2mount, "proc/self/cgroup": "0::/a/b\n",
			"sys/fs/cgroup/a/b/memory.max": "max", "sys/fs/cgroup/a/memory.max": "300", "sys/fs/cgroup/memory.max": "400",
			"sys/fs/cgroup/a/b/cpu.max": "400000 100000", "sys/fs/cgroup/a/cpu.max": "200000 100000"}, 300, 2, "v2"},
		"v1 in a container": {map[string]string{
			"proc/self/mountinfo":                        "7 5 0:6 /docker/x /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n8 5 0:7 /docker/x /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
			"proc/self/cgroup":                           "3:memory:/docker/x\n2:cpu,cpuacct:/docker/x\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "500", "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "600000", "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000"}, 500, 6, "v1"},
		"path outside the mount": {map[string]string{
			"proc/self/mountinfo": "8 5 0:7 /kubepods/y /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n", "proc/self/cgroup": "3:memory:/elsewhere\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "700"}, 700, 0, "v1"},
		"hybrid": {map[string]string{
			"proc/self/mountinfo":                          "34 33 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n42 33 0:37 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
			"proc/self/cgroup":                             "4:memory:/m\n0::/u\n",
			"sys/fs/cgroup/memory/m/memory.limit_in_bytes": "900", "sys/fs/cgroup/unified/u/cpu.max": "100000 100000"}, 900, 1, "v1+v2"},
	} {
		l := ReadLimits(root(t, c.files))
		if l.MemoryBytes != c.memory || l.CPUs != c.cpus || l.Version != c.version {
			t.Errorf("%s: %+v", name, l)
		}
	}
	for list, want := range map[string]int{"0-3,8": 5, "0": 1, "": 0, "x": 0, "3-1": 0, "0-95": 96, "0-99999999": 0} {
		if got := cpuListCount(list); got != want {
			t.Errorf("%q holds %d, want %d", list, got, want)
		}
	}
}

func testdata(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestSMIForms reads one card in the five forms that nvidia-smi prints.
func TestSMIForms(t *testing.T) {
	for _, name := range []string{"smi.xml", "smi.csv", "smi.txt", "smi-q.txt", "smi-L.txt"} {
		r, err := ParseNvidiaSMI(testdata(t, name))
		if err != nil || len(r.Accelerators) != 1 {
			t.Errorf("%s: %d devices, %v", name, len(r.Accelerators), err)
			continue
		}
		a := r.Accelerators[0]
		if a.Name != "NVIDIA H200" || !a.MIG {
			t.Errorf("%s: %+v", name, a)
		}
		if name == "smi-L.txt" {
			if len(a.Slices) != 3 || a.Slices[1].Profile != "2c.3g.71gb" {
				t.Errorf("%s: %+v", name, a.Slices)
			}
			continue
		}
		if a.MemoryTotal != 143771<<20 || r.Driver != "590.48.01" {
			t.Errorf("%s: %d bytes, driver %q", name, a.MemoryTotal, r.Driver)
		}
		if name == "smi.csv" {
			continue
		}
		if len(a.Slices) != 2 || a.Slices[1].MemoryTotal != 33280<<20 || a.Slices[1].Multiprocessors != 32 || a.Slices[1].GPUInstance != 3 {
			t.Errorf("%s: %+v", name, a.Slices)
		}
	}
	for _, bad := range []string{"", "hello", "<a", "a,b\n1,2\n"} {
		if r, err := ParseNvidiaSMI([]byte(bad)); err == nil && len(r.Accelerators) > 0 {
			t.Errorf("%q gave %+v", bad, r)
		}
	}
}

func TestSMIReadsLinks(t *testing.T) {
	one := "<gpu><product_name>X</product_name><fb_memory_usage><total>1024 MiB</total></fb_memory_usage></gpu>"
	s := &smiSource{run: func(_ context.Context, args ...string) ([]byte, error) {
		if args[0] == "nvlink" {
			return []byte("GPU 0: X (UUID: 0)\n\t Link 0: 25.781 GB/s\n\t Link 1: <inactive>\nGPU 1: X (UUID: 1)\nDevice does not have or support Nvlink\n"), nil
		}
		return []byte("<nvidia_smi_log>" + one + one + "</nvidia_smi_log>"), nil
	}}
	r, err := s.Read(context.Background())
	if err != nil || len(r.Accelerators) != 2 {
		t.Fatal(err, r)
	}
	if a, b := r.Accelerators[0], r.Accelerators[1]; a.NVLinks != 1 || a.NVLinkGBps != 25.781 || b.NVLinks != 0 || !b.NVLinkRead {
		t.Errorf("%+v %+v", a, b)
	}
}

func TestSMIFallsBackToCSV(t *testing.T) {
	s := &smiSource{run: func(_ context.Context, args ...string) ([]byte, error) {
		if args[0] == "-q" {
			return nil, errors.New("failed")
		}
		return []byte("name, memory.total [MiB]\nTesla T4, 15360 MiB\nNVIDIA GB10, [N/A]\n"), nil
	}}
	r, err := s.Read(context.Background())
	if err != nil || len(r.Accelerators) != 2 || r.Accelerators[0].MemoryTotal != 15360<<20 || !r.Accelerators[1].NoOwnMemory {
		t.Errorf("%+v %v", r, err)
	}
}

func TestLSCPU(t *testing.T) {
	f, err := ParseLSCPU([]byte("CPU(s): 12\nVendor ID: Qualcomm\nModel name: -\nBIOS Model name: Snapdragon X\nThread(s) per core: 1\nCore(s) per socket: 4\nSocket(s): 1\nModel name: -\nCore(s) per socket: 8\nFlags: asimd i8mm\n"))
	if err != nil || f.Name != "Snapdragon X" || f.Cores != 12 || f.Threads != 12 {
		t.Errorf("%+v %v", f, err)
	}
	if _, err := ParseLSCPU([]byte("x")); err == nil {
		t.Error("no processor must be an error")
	}
}

func FuzzNvidiaSMI(f *testing.F) {
	for _, name := range []string{"smi.xml", "smi.csv", "smi.txt", "smi-q.txt", "smi-L.txt"} {
		f.Add(testdata(f, name))
	}
	f.Add([]byte("<nvidia_smi_log><gpu><fb_memory_usage><total>99999999999999999999 MiB</total></fb_memory_usage><product_name>x</product_name></gpu>"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, parse := range []func([]byte) (Reading, error){ParseNvidiaSMI, ParseNvidiaSMIXML, ParseNvidiaSMICSV, ParseNvidiaSMITable, ParseNvidiaSMIList, ParseNvidiaSMIQuery} {
			r, err := parse(text)
			ParseNVLinkStatus(text, r.Accelerators)
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("error of several lines: %q", err)
			}
			for _, a := range r.Accelerators {
				if a.MemoryTotal < 0 || a.MemoryFree < 0 || a.PCIeGen < 0 || len(a.Slices) > maxDevices {
					t.Errorf("%+v", a)
				}
			}
		}
	})
}

func FuzzCPUInfo(f *testing.F) {
	f.Add([]byte(epycInfo))
	f.Add(testdata(f, "pi5/proc/cpuinfo"))
	f.Add([]byte("CPU(s): 4\nCore(s) per socket: 4\nSocket(s): 60000\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if c, err := ParseCPUInfo(text); err == nil && (c.Threads < 1 || c.Cores < 1 || c.Cores > c.Threads) {
			t.Errorf("%+v", c)
		}
		if c, err := ParseLSCPU(text); err == nil && (c.Cores < 0 || c.Threads > 0 && c.Cores > c.Threads) {
			t.Errorf("lscpu %+v", c)
		}
	})
}

func FuzzCgroup(f *testing.F) {
	f.Add("7 5 0:6 /docker /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n", "2:cpu:/docker\n", "100000 100000")
	f.Add("34 33 0:29 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n", "0::/../..\n", "max")
	f.Fuzz(func(t *testing.T, mountinfo, self, value string) {
		paths := cgroupPaths(self)
		for _, m := range cgroupMounts(mountinfo) {
			if n := len(m.chain(paths)); n < 1 || n > 65 {
				t.Errorf("%d folders", n)
			}
		}
		if v, ok := cgroupNumber(value); v < 0 || !ok && v != 0 {
			t.Errorf("%q is %d", value, v)
		}
		if n := cpuListCount(value); n < 0 {
			t.Errorf("%q holds %d", value, n)
		}
	})
}

func FuzzSMBIOS(f *testing.F) {
	f.Add(dmiTable(socket("x", 8), dimm("P0 CHANNEL A", "DIMM 0", 1024, 3200)))
	f.Add([]byte{17, 4, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, table []byte) {
		s, err := ParseSMBIOS(table)
		if err != nil {
			return
		}
		if g, _, _, _, ok := s.Bandwidth(); ok && !(g > 0) {
			t.Errorf("bandwidth %v", g)
		}
	})
}
