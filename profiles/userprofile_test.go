package profiles

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/hardware"
)

func TestReadMachine(t *testing.T) {
	m, err := ReadMachine("box.yaml", []byte(`
name: my box
host:
  cpu: ryzen-9-7950x
  memory_gb: 96
devices:
  - device: rtx-4090-24gb
    count: 2
    bandwidth_gb_s: 1100
  - name: Lab card
    memory_gb: 48
    bandwidth_gb_s: 900
    tflops: {fp16: 120, fp32: 60}
link: pcie4-x8
`))
	if err != nil {
		t.Fatal(err)
	}
	n := m.Primary()
	if m.ID != "box" || m.Name != "my box" || len(n.Devices) != 3 || n.Count != 1 {
		t.Fatalf("got %s %q with %d devices, %d nodes", m.ID, m.Name, len(n.Devices), n.Count)
	}
	if d := n.Devices[1]; d.ID != "rtx-4090-24gb" || d.BandwidthGBps != 1100 || d.MemoryBytes != 24*hardware.GiB {
		t.Errorf("second device %s, %g GB/s, %d bytes", d.ID, d.BandwidthGBps, d.MemoryBytes)
	}
	if d := n.Devices[2]; d.Name != "Lab card" || d.Rates.FP16 != 120 || d.Kind != hardware.GPU {
		t.Errorf("third device %+v", d)
	}
	if n.Host.CPU.ID != "ryzen-9-7950x" || n.Host.MemoryBytes != 96*hardware.GiB || n.Host.MemoryAssumed != "" {
		t.Errorf("host %+v", n.Host)
	}
	if n.Link == nil || n.Link.GBps != 15.75 {
		t.Errorf("link %+v", n.Link)
	}
}

func TestReadMachineErrors(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"devices:\n  - device: rtx-4090\n    memory_gb: lots\n", `x.yaml:3: memory_gb: want a number, got "lots"`},
		{"devices:\n  - rtx-4091\n", `x.yaml:2: devices: unknown machine "rtx-4091"; did you mean rtx-4090-24gb, rtx-4090-48gb, rtx-2060-6gb, rtx-3050-8gb?`},
		{"devices:\n  - device: rtx-4090\n    bandwith: 3\n", `x.yaml:3: a device: unknown key "bandwith"; the schema lists what is known`},
		{"devices:\n  - device: rtx-4090\n    bandwidth: 3\n", `x.yaml:3: a device: unknown key "bandwidth"; did you mean "bandwidth_gb_s"?`},
		{"devices:\n  - device: rtx-4090\n    bandwidth_gb_s: -3\n", `x.yaml:3: bandwidth_gb_s: want 0 to 1e+06, got -3`},
		{"devices:\n  - device: rtx-4090\n    bandwidth_gb_s: .nan\n", `x.yaml:3: bandwidth_gb_s: want a number, got .nan`},
		{"devices:\n  - device: rtx-4090\n    bandwidth_gb_s: .inf\n", `x.yaml:3: bandwidth_gb_s: want 0 to 1e+06, got +Inf`},
		{"devices:\n  - device: rtx-4090\n    count: 99999\n", `x.yaml:3: count: want 0 to 1024, got 99999`},
		{"devices:\n  - name: a\n    bandwidth_gb_s: 1\n", `x.yaml:2: device: needs memory_gb`},
		{"devices: rtx-4090\n", `x.yaml:1: devices: want a list, got "rtx-4090"`},
		{"host:\n  cpu: epyc-9654\n  memory_gb: [1]\n", `x.yaml:3: memory_gb: want a number, got a list`},
		{"name: x\nname: y\n", `x.yaml:2: not valid YAML: mapping key "name" already defined at [1:1]`},
		{"name: x\n", `x.yaml:1: describes no machine; want devices or host, or a list of nodes`},
		{"", `x.yaml: 0 documents, want one that describes a machine`},
		{"[1, 2]", `x.yaml:1: the profile: want a mapping of keys and values, got a list`},
		{"a: &a [*a]\n", `x.yaml:1: the profile: unknown key "a"; the schema lists what is known`},
		{strings.Repeat("[", 100000), `x.yaml:1: nested more than 24 levels deep; a hardware profile needs five`},
		{strings.Repeat("#", 1<<20) + "#", `x.yaml: more than 128 KiB; a hardware profile is a few lines`},
		{"devices: [rtx-4090]\nnodes: []\n", `x.yaml:1: host, devices, link and count belong to one machine; put them under nodes, or leave nodes out`},
	} {
		_, err := ReadMachine("x.yaml", []byte(test.in))
		if err == nil {
			t.Errorf("%.60q: no error, want %s", test.in, test.want)
		} else if err.Error() != test.want {
			t.Errorf("%.60q\n got %s\nwant %s", test.in, err, test.want)
		}
	}
}

// Every kind of machine comes back from its own file unchanged.
func TestWriteMachineRoundTrip(t *testing.T) {
	for _, query := range []string{"rtx-4090", "8x h100-sxm-80gb", "2x(8x h100-sxm-80gb)", "rtx-4090 + 2x rtx-3090",
		"raspberry-pi-5-8gb", "apple-m4-max-40c-64gb", "dgx-h100", "2x epyc-9654", "dgx-spark-pair", "4x(gb200-nvl72-tray)", "hailo-8"} {
		m, err := Machine(query, MachineOptions{})
		if err != nil {
			t.Fatal(err)
		}
		// A file holds what was measured over all devices of a node, not over
		// fewer or more.
		for i := range m.Nodes {
			if l := m.Nodes[i].Link; l != nil {
				l.Collectives = nil
			}
		}
		data := WriteMachine(m)
		back, err := ReadMachine("other.yaml", data)
		if err != nil {
			t.Errorf("%s: %v\n%s", query, err, data)
			continue
		}
		if !reflect.DeepEqual(m, back) {
			t.Errorf("%s: changed on the way\n%s\nagain:\n%s", query, data, WriteMachine(back))
		}
	}
}

func TestUserFolderComesFirst(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "rtx-4090.yaml"), []byte("devices: [rtx-3090-24gb]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := Machine("rtx-4090", MachineOptions{UserDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Primary().Devices[0].ID; got != "rtx-3090-24gb" || m.ID != "rtx-4090" {
		t.Errorf("got %s with %s, want the user's own", m.ID, got)
	}
	if _, err := Machine(filepath.Join(dir, "none.yaml"), MachineOptions{}); err == nil || !strings.Contains(err.Error(), "none.yaml: no such file") {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := Machine(dir+"/../x/y.yaml", MachineOptions{UserDir: dir}); err == nil {
		t.Error("a missing file in a missing folder: no error")
	}
}

func FuzzReadMachine(f *testing.F) {
	for _, s := range []string{"devices: [rtx-4090]", "nodes:\n- count: 2\n  host: {cpu: rpi-5}\n", "a: &x [*x]", "? a\n: b", "- - -",
		"devices:\n  - device: rtx-4090\n    memory_gb: 1e400\n", "host: {cpu: {name: x, bandwidth_gb_s: 10}, memory_gb: 8}\nlink: none", "<<: {a: b}", "\"\\x", "--- |\n x\n...\n%", "!!binary x"} {
		f.Add([]byte(s))
	}
	if m, err := Machine("2x rtx-4090", MachineOptions{}); err == nil {
		f.Add(WriteMachine(m))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ReadMachine("f.yaml", data)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") || !strings.HasPrefix(err.Error(), "f.yaml") {
				t.Fatalf("error is not one line that names the file: %q", err)
			}
			return
		}
		if len(m.Nodes) == 0 || m.Nodes[0].Count < 1 {
			t.Fatalf("a machine without nodes: %+v", m)
		}
	})
}
