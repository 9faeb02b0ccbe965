//go:build unix

package detect

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fakeTools puts commands on the path, alone.
func fakeTools(t *testing.T, scripts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, body := range scripts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\nPATH=/usr/bin:/bin\n"+body+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
	return dir
}

// liveSystem may run commands; its files lie below root.
func liveSystem(root string, limit time.Duration) *system {
	s := newSystem(root, new(Trace))
	s.live, s.limit = true, limit
	return s
}

// commandSources are the adapters that run commands.
func commandSources(s *system) map[string]Source {
	return map[string]Source{
		"nvidia-smi": &smiSource{sys: s}, "amd-smi": &amdSMI{sys: s}, "rocm-smi": &amdSMI{sys: s},
		"xpu-smi": &xpuSMI{sys: s}, "hl-smi": &gaudiSMI{sys: s}, "npu-smi": &ascendSMI{sys: s},
	}
}

// TestBrokenTools gives every command every way to fail: the answer is one
// plain line and no device, and nothing waits for it.
func TestBrokenTools(t *testing.T) {
	for how, body := range map[string]string{
		"exits 9":         `echo "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."; exit 9`,
		"silent":          `exit 0`,
		"garbage":         `echo 'Segmentation fault <<<{{{ ,,, 0x'`,
		"binary":          `head -c 100000 /dev/zero | tr '\0' '\377'`,
		"endless":         `exec yes "<gpu><product_name>A</product_name></gpu>,,,{}"`,
		"half XML":        `printf '<nvidia_smi_log><gpu id="0"><product_na'`,
		"half JSON":       `printf '{"card0": {"Card Series": "x", '`,
		"stderr":          `echo trouble >&2; exit 1`,
		"killed":          `kill -9 $$`,
		"many lines":      `i=0; while [ $i -lt 2000 ]; do echo "| $i  A | 1 | 2 / 3 |"; i=$((i+1)); done`,
		"sleeps":          `sleep 60`,
		"sleeps, trapped": `trap '' TERM INT; sleep 60; sleep 60`,
		"leaves a child":  `sleep 60 & echo '{'`,
	} {
		for _, name := range []string{"nvidia-smi", "amd-smi", "rocm-smi", "xpu-smi", "hl-smi", "npu-smi"} {
			if strings.HasPrefix(how, "sleeps") && name != "nvidia-smi" && name != "rocm-smi" {
				continue // the way of running them is the same
			}
			t.Run(name+" "+how, func(t *testing.T) {
				fakeTools(t, map[string]string{name: body})
				limit := time.Minute
				if strings.HasPrefix(how, "sleeps") {
					limit = 300 * time.Millisecond
				}
				sys := liveSystem("testdata/empty", limit)
				r, err := Local(context.Background(), Options{Root: "testdata/empty", Sources: []Source{commandSources(sys)[name]}, SourceTimeout: time.Minute})
				if err != nil {
					t.Fatal(err)
				}
				if n := len(r.Machine.Nodes[0].Devices); n != 0 && how != "many lines" {
					t.Errorf("%d devices", n)
				}
				said := ""
				for _, n := range r.Notes {
					if strings.HasPrefix(n, "nvidia-smi:") || strings.HasPrefix(n, "amd-smi:") || strings.HasPrefix(n, name+":") {
						said = n
					}
					if strings.ContainsAny(n, "\n\r\x00\ufffd") || len(n) > 600 {
						t.Errorf("not a plain line: %q", n)
					}
				}
				if said == "" && how != "silent" && how != "many lines" {
					t.Errorf("nothing is said of it: %q", r.Notes)
				}
				if strings.HasPrefix(how, "sleeps") && !strings.Contains(said, "did not answer within 300ms") {
					t.Errorf("said %q", said)
				}
				if how == "exits 9" && name == "nvidia-smi" && (!strings.Contains(said, "exit status 9") || !strings.Contains(said, "couldn't communicate")) {
					t.Errorf("said %q", said)
				}
				if questions, _ := sys.trace.Questions(NewRedactor(nil, nil)); len(questions) == 0 || questions[0].Kind != "command" {
					t.Errorf("the question is not on record: %+v", questions)
				}
			})
		}
	}
}

// TestTimeLimitEndsChildren holds that what a command started ends with it.
func TestTimeLimitEndsChildren(t *testing.T) {
	dir := t.TempDir()
	pid := filepath.Join(dir, "pid")
	tools := fakeTools(t, map[string]string{"slow": fmt.Sprintf("sh -c 'echo $$ > %s.new; mv %s.new %s; exec sleep 60' &\nwait", pid, pid, pid)})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, err := runBounded(context.Background(), tool{name: "slow", limit: time.Second}, filepath.Join(tools, "slow"))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
	}()
	<-done
	text, err := os.ReadFile(pid)
	if err != nil {
		t.Skip("the machine was too slow to start the child")
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	for range 200 {
		if syscall.Kill(n, 0) != nil || zombie(n) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("process %d still runs", n)
}

// zombie says whether a process has ended but nobody has asked for its end.
func zombie(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(b), ") Z ")
}

// TestNoTools holds where nothing is installed.
func TestNoTools(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	sys := liveSystem("testdata/empty", time.Second)
	for name, s := range commandSources(sys) {
		if _, err := s.Read(context.Background()); !errors.Is(err, ErrAbsent) {
			// A machine may have the tool where its maker puts it.
			if _, ferr := lookTool(tool{name: name, paths: []string{"/opt/rocm/bin/" + name, "/usr/lib/wsl/lib/" + name}}); ferr != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestWorkingTools runs the whole chain on commands that answer.
func TestWorkingTools(t *testing.T) {
	fakeTools(t, map[string]string{
		"rocm-smi": `case "$*" in *showtopo*) cat <<'X'
============================= Link Type between two GPUs =============================
       GPU0         GPU1
GPU0   0            XGMI
GPU1   XGMI         0
================================ End of ROCm SMI Log ================================
X
;; *) echo 'WARNING: low power'; echo '{"card0":{"Card Series":"AMD Instinct MI210","Device ID":"0x740f","VRAM Total Memory (B)":"68702699520","VRAM Total Used Memory (B)":"10485760","PCI Bus":"0000:1E:00.0"},"card1":{"Card Series":"AMD Instinct MI210","Device ID":"0x740f","VRAM Total Memory (B)":"68702699520","VRAM Total Used Memory (B)":"0"},"system":{"Driver version":"6.3.6"}}';; esac`,
		"hl-smi": `echo 'name, bus_id, driver_version, memory.total [MiB], memory.free [MiB], memory.used [MiB]'; echo 'HL-225B, 0000:33:00.0, 1.17.1, 98304 MiB, 97536 MiB, 768 MiB'`,
		"npu-smi": `cat <<'X'
+------------------------------------------------------------------------------------------------+
| npu-smi 23.0.2                   Version: 23.0.2                                               |
+---------------------------+---------------+----------------------------------------------------+
| NPU   Name                | Health        | Power(W)    Temp(C)           Hugepages-Usage(page)|
| Chip                      | Bus-Id        | AICore(%)   Memory-Usage(MB)  HBM-Usage(MB)        |
+===========================+===============+====================================================+
| 0     910B1               | OK            | 92.9        49                0    / 0             |
| 0                         | 0000:C1:00.0  | 0           0    / 0          3360 / 65536         |
+===========================+===============+====================================================+
| NPU     Chip              | Process id    | Process name             | Process memory(MB)      |
+===========================+===============+====================================================+
| 0       0                 | 4711          | python                   | 3301                    |
+===========================+===============+====================================================+
X`,
	})
	sys := liveSystem("testdata/empty", 5*time.Second)
	read := commandSources(sys)
	r, err := read["rocm-smi"].Read(context.Background())
	if all, _ := r.Topology.joined("XGMI"); err != nil || len(r.Accelerators) != 2 || !all || r.Driver != "6.3.6" || r.Accelerators[0].MemoryFree != 68702699520-10485760 {
		t.Errorf("rocm-smi %+v %v", r, err)
	}
	if r, err = read["hl-smi"].Read(context.Background()); err != nil || len(r.Accelerators) != 1 || r.Accelerators[0].Name != "HL-225" || r.Accelerators[0].MemoryTotal != 98304<<20 || r.Accelerators[0].PCIAddress != "0000:33:00.0" {
		t.Errorf("hl-smi %+v %v", r, err)
	}
	if r, err = read["npu-smi"].Read(context.Background()); err != nil || len(r.Accelerators) != 1 || r.Accelerators[0].Name != "910B1" || r.Accelerators[0].MemoryTotal != 65536<<20 || r.Accelerators[0].PCIAddress != "0000:c1:00.0" {
		t.Errorf("npu-smi %+v %v", r, err)
	}
}

// TestUnreadableFiles puts in the place of every file that detection reads
// something that cannot be read, or would keep a reader waiting.
func TestUnreadableFiles(t *testing.T) {
	files := []string{
		"proc/cpuinfo", "proc/meminfo", "proc/swaps", "proc/cmdline", "proc/self/mountinfo", "proc/self/cgroup", "proc/self/status", "proc/device-tree/model",
		"sys/fs/cgroup/memory.max", "sys/fs/cgroup/cpu.max", "sys/devices/system/node/node0/meminfo", "sys/devices/system/node/node0/cpulist",
		"sys/class/drm/card0/device/vendor", "sys/class/drm/card0/device/uevent", "sys/class/drm/card0/device/mem_info_vram_total", "sys/class/drm/card0/device/current_link_speed",
		"sys/class/kfd/kfd/topology/nodes/0/properties", "sys/bus/pci/devices/0000:01:00.0/class", "sys/bus/pci/devices/0000:01:00.0/vendor",
		"sys/block/sda/size", "sys/block/sda/queue/rotational", "sys/class/accel/accel0/device/vendor", "sys/firmware/dmi/tables/DMI",
		"proc/driver/nvidia/gpus/0000:01:00.0/information", "sys/bus/i2c/drivers/ee1004/0-0050/eeprom", "nvidia-smi-q-x.xml", "lscpu.txt", "rocm-smi.json",
	}
	for how, place := range map[string]func(string) error{
		"folders":   func(p string) error { return os.Mkdir(p, 0o755) },
		"pipes":     func(p string) error { return syscall.Mkfifo(p, 0o644) },
		"loops":     func(p string) error { return os.Symlink(filepath.Base(p), p) },
		"nowhere":   func(p string) error { return os.Symlink("/does/not/exist", p) },
		"no rights": func(p string) error { return os.WriteFile(p, []byte("x"), 0) },
		"empty":     func(p string) error { return os.WriteFile(p, nil, 0o644) },
		"binary":    func(p string) error { return os.WriteFile(p, []byte(strings.Repeat("\xff\x00\x01", 5000)), 0o644) },
		"numbers":   func(p string) error { return os.WriteFile(p, []byte("99999999999999999999999999999999\n"), 0o644) },
	} {
		t.Run(how, func(t *testing.T) {
			dir := t.TempDir()
			for _, name := range files {
				p := filepath.Join(dir, filepath.FromSlash(name))
				if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := place(p); err != nil {
					t.Skip(err)
				}
			}
			r, err := Local(context.Background(), Options{Root: dir, Catalogue: fakeCatalogue{}, Trace: new(Trace)})
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range r.Machine.Nodes[0].Devices {
				if d.MemoryBytes < 0 || d.BandwidthGBps < 0 {
					t.Errorf("device %+v", d)
				}
			}
			if h := r.Machine.Nodes[0].Host; h.MemoryBytes < 0 || h.Sockets < 1 {
				t.Errorf("host %+v", h)
			}
			for _, n := range r.Notes {
				if strings.ContainsAny(n, "\n\r\x00\ufffd") {
					t.Errorf("not a plain line: %q", n)
				}
			}
		})
	}
}

// TestLyingTool believes no device count and no size without bound.
func TestLyingTool(t *testing.T) {
	var xml strings.Builder
	xml.WriteString("<nvidia_smi_log>")
	for range 5000 {
		xml.WriteString("<gpu><product_name>NVIDIA L40S</product_name><fb_memory_usage><total>99999999999999999 MiB</total></fb_memory_usage></gpu>")
	}
	xml.WriteString("</nvidia_smi_log>")
	smi := &smiSource{run: func(context.Context, ...string) ([]byte, error) { return []byte(xml.String()), nil }}
	r, err := Local(context.Background(), Options{Root: "testdata/empty", Catalogue: fakeCatalogue{}, Sources: []Source{smi}})
	if err != nil || len(r.Machine.Nodes[0].Devices) != maxDevices || r.Machine.Nodes[0].Devices[0].MemoryBytes != 48e9 {
		t.Fatalf("%d devices, %v", len(r.Machine.Nodes[0].Devices), err)
	}
}
