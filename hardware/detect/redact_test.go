package detect

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
)

// secrets are planted in every kind of answer; none may come out.
var secrets = []string{
	"zeus-lab", "zeus-lab.olymp.example.org", "alice", "Alice Liddell", "1322021098765", "C02XK0ABJG5H", "9c1f8e52-7d1b-4a9e-b3a6-0f2f6a1d9c11",
	"GPU-5d2c9f60-12ab-34cd-56ef-0123456789ab", "MIG-1a2b3c4d-1111-2222-3333-444455556666", "0x7e5f2a9bdeadbeef", "12609507387757274807", "de:ad:be:ef:12:34",
	"192.168.17.23", "203.0.113.77", "2001:db8::dead:beef", "fe80::1ff:fe23:4567:890a", "4f1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e", "b6d7a1f0_1234_5678_9abc_def012345678",
	"alice@olymp.example.org", "bobsbox", "secretproc", "luks-77aa", "hunter2", "00-1b-21-ff-fe-aa-bb-cc",
}

// planted is a machine whose files and tools give away everything.
var planted = map[string]string{
	"proc/cmdline":                  "BOOT_IMAGE=/vmlinuz root=UUID=9c1f8e52-7d1b-4a9e-b3a6-0f2f6a1d9c11 rd.luks.name=luks-77aa ip=192.168.17.23 password=hunter2 ttm.pages_limit=25165824\n",
	"proc/self/mountinfo":           "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n31 1 8:1 / /home/alice/private rw - ext4 /dev/mapper/luks-77aa rw\n32 1 0:50 / /mnt rw - nfs 203.0.113.77:/x rw\n",
	"proc/self/cgroup":              "0::/kubepods/podb6d7a1f0_1234_5678_9abc_def012345678/4f1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e\n",
	"proc/cpuinfo":                  "processor : 0\nmodel name : AMD EPYC 9654 96-Core Processor\nSerial : 1322021098765\nflags : avx2\n",
	"proc/meminfo":                  memory32,
	"proc/device-tree/model":        "zeus-lab board of Alice Liddell\x00",
	"sys/class/dmi/id/product_name": "Box owned by alice\n",
	"nvidia-smi-q-x.xml": `<nvidia_smi_log><attached_gpus>1</attached_gpus><gpu id="00000000:01:00.0"><product_name>NVIDIA L40S</product_name><serial>1322021098765</serial>
<uuid>GPU-5d2c9f60-12ab-34cd-56ef-0123456789ab</uuid><mig_devices><mig_device><uuid>MIG-1a2b3c4d-1111-2222-3333-444455556666</uuid></mig_device></mig_devices>
<processes><process_info><process_name>/home/alice/secretproc --host zeus-lab.olymp.example.org</process_name><used_memory>1 MiB</used_memory></process_info></processes></gpu></nvidia_smi_log>`,
	"rocm-smi.json": `{"card0":{"Card Series":"x","Unique ID":"0x7e5f2a9bdeadbeef","Serial Number":"C02XK0ABJG5H"}}`,
	"sys/class/kfd/kfd/topology/nodes/1/properties": "simd_count 4\nunique_id 12609507387757274807\nhive_id 12609507387757274807\nvendor_id 4098\ndevice_id 29711\n",
	"lscpu.txt":     "Model name: X\nHost name: bobsbox\n",
	"lspci-nn.txt":  "01:00.0 VGA compatible controller [0300]: NVIDIA Corporation X [10de:26b9]\n\tCapabilities: Device Serial Number 00-1b-21-ff-fe-aa-bb-cc\n",
	"dmidecode.txt": "Handle 0x0001, DMI type 1\nSystem Information\n\tSerial Number: C02XK0ABJG5H\n\tUUID: 9c1f8e52-7d1b-4a9e-b3a6-0f2f6a1d9c11\n\tAsset Tag: 1322021098765\n",
	"sys/class/drm/card0/device/mem_info_vram_total": "4294967296\n",
	"sys/class/drm/card0/device/mem_info_gtt_total":  "103079215104\n",
	"run/systemd/container":                          "de:ad:be:ef:12:34",
	"sys/fs/cgroup/cpu.max":                          "max 2001:db8::dead:beef fe80::1ff:fe23:4567:890a alice@olymp.example.org 192.168.17.23\n",
}

func TestRedaction(t *testing.T) {
	trace := new(Trace)
	r, err := Local(context.Background(), Options{Root: root(t, planted), Catalogue: fakeCatalogue{}, Trace: trace})
	if err != nil {
		t.Fatal(err)
	}
	clean := NewRedactor([]string{"zeus-lab.olymp.example.org", "zeus-lab", "olymp.example.org"}, []string{"alice", "Alice Liddell"})
	questions, _ := trace.Questions(clean)
	var all strings.Builder
	for _, q := range questions {
		b, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
		all.WriteByte('\n')
	}
	for _, f := range r.Findings {
		all.WriteString(clean.Clean(f.Value) + "\n")
	}
	for _, n := range r.Notes {
		all.WriteString(clean.Clean(n) + "\n")
	}
	text := all.String()
	for _, s := range secrets {
		if i := strings.Index(strings.ToLower(text), strings.ToLower(s)); i >= 0 {
			t.Errorf("%q is in the record: ...%s...", s, text[max(0, i-60):min(len(text), i+60)])
		}
	}
	// What helps must be left.
	for _, s := range []string{"NVIDIA L40S", "AMD EPYC 9654 96-Core Processor", "ttm.pages_limit=25165824", "MemTotal: 33554432 kB", "cgroup2", "10de:26b9"} {
		if !strings.Contains(text, s) {
			t.Errorf("%q is gone", s)
		}
	}
}

func TestRedactorLeavesFacts(t *testing.T) {
	r := NewRedactor([]string{"box"}, []string{"pi", "root", "raspi-user"})
	for _, s := range []string{
		"0000:01:00.0", "570.86.15", "driver 30.0.15.1215", "Raspberry Pi 5 Model B Rev 1.0", "00000000:65:00.0, 8192 MiB", "16.0 GT/s PCIe", "boxes and /inbox/",
		"0x7ffffffffffff000", "9223372036854771712", "processor\t: 0", "08:38:09 up 3 days", "Serial Number: N/A", "<uuid></uuid>", "127.0.0.1 0.0.0.0 ::1", "gfx942", "SMBIOS 3.3.0 present", "Memory: 16 GB",
	} {
		if got := r.Clean(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
	// Two of a kind stay apart, one stays one.
	if got := r.Clean("serial: A1B2\nserial: C3D4\nserial: A1B2\nBOX box.example"); got != "serial: <serial 1>\nserial: <serial 2>\nserial: <serial 1>\n<host 1> <host 1>.example" {
		t.Errorf("%q", got)
	}
	if got := cleanColumns("name, uuid, serial, memory.total [MiB]\nNVIDIA A, GPU-x, 17, 81559 MiB"); got != "name, uuid, serial, memory.total [MiB]\nNVIDIA A, <removed>, <removed>, 81559 MiB" {
		t.Errorf("%q", got)
	}
}

func TestTraceBounds(t *testing.T) {
	trace := new(Trace)
	trace.add(Question{Kind: "file", What: "long", answer: []byte(strings.Repeat("ä", 1<<20))})
	trace.add(Question{Kind: "file", What: "binary", answer: []byte("\x01\x02\xff\xfe")})
	questions, _ := trace.Questions(NewRedactor(nil, nil))
	if q := questions[0]; len(q.Answer) > maxAnswer+8 || q.Bytes != 2<<20 || !strings.HasSuffix(q.Answer, "ä ...") {
		t.Errorf("%d bytes of %d", len(q.Answer), q.Bytes)
	}
	if q := questions[1]; q.Answer != "not text" || q.Bytes != 4 {
		t.Errorf("%+v", q)
	}
	for range maxQuestions {
		trace.add(Question{})
	}
	if _, lost := trace.Questions(NewRedactor(nil, nil)); lost != 2 {
		t.Errorf("%d lost", lost)
	}
	var none *Trace
	none.add(Question{})
	if q, lost := none.Questions(NewRedactor(nil, nil)); q != nil || lost != 0 {
		t.Error("nothing was recorded, yet something is there")
	}
}

// FuzzReaders gives every reader of foreign text any bytes.
func FuzzReaders(f *testing.F) {
	for _, s := range planted {
		f.Add([]byte(s))
	}
	f.Add([]byte("[{\"gpu\":0,\"asic\":{\"market_name\":\"x\"}}]"))
	f.Add([]byte("GPU: 0\n  ASIC:\n    MARKET_NAME: x\n"))
	f.Add([]byte("\tGPU0\tGPU1\nGPU0\t X \tNV4\nGPU1\tNV4\t X \n"))
	f.Add([]byte("AdapterRAM  Name\n1  x\n"))
	clean := NewRedactor([]string{"zeus"}, []string{"alice"})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, parse := range []func([]byte) (Reading, error){
			ParseNvidiaSMI, ParseAMDSMI, ParseROCmSMI, ParseAMDGPUTop, ParseXPUSMI, ParseHLSMI, ParseNPUSMI, ParseNvtop, ParseTegrastats, lspciReading,
			parseGPUModels, parseIntelGPUTop, ParseVGPUProfiles, topoReading,
		} {
			r, _ := parse(b)
			if len(r.Accelerators) > maxDevices {
				t.Errorf("%d devices", len(r.Accelerators))
			}
			for _, a := range r.Accelerators {
				if a.MemoryTotal < 0 || a.MemoryFree < 0 || a.SharedTotal < 0 {
					t.Errorf("%+v", a)
				}
			}
		}
		if m, err := ParseMemInfo(b); err == nil && (m.Available > m.Total || m.Total < 0) {
			t.Errorf("%+v", m)
		}
		_, _ = ParseFree(b)
		_, _, _, _ = ParseDMIDecode(b)
		_, _, _, _ = ParseNUMACtl(b)
		_, _ = ParseSBCTopology(b)
		_, _ = ParseCPUInfo(b)
		_, _ = ParseLSCPU(b)
		_, _ = parseSPD(b)
		_, _ = ParseRocmTopo(b)
		parseSysctl(b)
		parseSystemProfiler(b)
		parseSwaps(string(b))
		windowsReading(ParseWindowsDisplay(b))
		if s := clean.Clean(string(b)); strings.Contains(s, " alice ") {
			t.Errorf("%q", s)
		}
	})
}
