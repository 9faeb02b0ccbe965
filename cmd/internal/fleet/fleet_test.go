package fleet

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/hardware/inventory"
	"github.com/plimsoll/plimsoll/profiles"
)

// The spellings of device plugins and schedulers.
func TestDevices(t *testing.T) {
	r := new(resolver)
	const mib, gib = hardware.MiB, hardware.GiB
	for _, c := range []struct {
		a        inventory.Accelerator
		instance string
		id       string
		assumed  bool
	}{
		{inventory.Accelerator{Name: "NVIDIA-H100-80GB-HBM3", Vendor: "NVIDIA", MemoryBytes: 81559 * mib}, "", "h100-sxm5-80gb", false},
		{inventory.Accelerator{Name: "A100-SXM4-80GB", Vendor: "NVIDIA", MemoryBytes: 81920 * mib}, "", "a100-sxm4-80gb", false},
		{inventory.Accelerator{Name: "NVIDIA-A100-PCIE-40GB", Vendor: "NVIDIA", MemoryBytes: 40960 * mib}, "", "a100-pcie-40gb", false},
		{inventory.Accelerator{Name: "Tesla-T4", Vendor: "NVIDIA", MemoryBytes: 15360 * mib}, "", "tesla-t4-16gb", false},
		{inventory.Accelerator{Name: "NVIDIA-GeForce-RTX-4090", Vendor: "NVIDIA", MemoryBytes: 24564 * mib}, "", "rtx-4090-24gb", false},
		{inventory.Accelerator{Name: "nvidia_h100_80gb_hbm3"}, "", "h100-sxm5-80gb", false}, // Slurm, AutoDetect=nvml
		{inventory.Accelerator{Name: "tesla_t4"}, "", "tesla-t4-16gb", false},
		{inventory.Accelerator{Name: "t4", Vendor: "NVIDIA", MemoryBytes: 16384 * mib}, "", "tesla-t4-16gb", false}, // Karpenter: nominal
		{inventory.Accelerator{Name: "h100"}, "", "h100-sxm5-80gb", true},
		{inventory.Accelerator{Name: "a100"}, "", "a100-sxm4-80gb", true},
		{inventory.Accelerator{Name: "a100", MemoryBytes: 40960 * mib}, "", "a100-sxm4-40gb", true},
		{inventory.Accelerator{Name: "A100-40G"}, "", "a100-sxm4-40gb", true}, // Ray
		{inventory.Accelerator{Name: "a100"}, "a2-highgpu-1g", "a100-sxm4-40gb", false},
		{inventory.Accelerator{Name: "a40"}, "", "a40-48gb", false},
		{inventory.Accelerator{Name: "L40S"}, "", "l40s-48gb", false},
		{inventory.Accelerator{Name: "nvidia-tesla-a100", Vendor: "NVIDIA"}, "", "a100-sxm4-40gb", false}, // GKE
		{inventory.Accelerator{Name: "nvidia-h100-mega-80gb", Vendor: "NVIDIA"}, "", "h100-sxm5-80gb", false},
		{inventory.Accelerator{Name: "nvidia-l4", Vendor: "NVIDIA"}, "", "l4-24gb", false},
		{inventory.Accelerator{Name: "AMD_Instinct_MI300X_OAM", Vendor: "AMD", MemoryBytes: 192 * gib, PCIID: "74a1"}, "", "mi300x-192gb", false},
		{inventory.Accelerator{Name: "AMD_Instinct_MI210", Vendor: "AMD", MemoryBytes: 64 * gib, PCIID: "740f"}, "", "mi210-64gb", false},
		{inventory.Accelerator{Name: "Max_1550", Vendor: "Intel", PCIID: "0bd5"}, "", "max-1550-128gb", false},
		{inventory.Accelerator{Name: "Gaudi2", Vendor: "Intel"}, "", "gaudi2-96gb", false},
		{inventory.Accelerator{Name: "Neuron device", Vendor: "AWS", Hints: []string{"inf2"}}, "", "inferentia2", false},
		{inventory.Accelerator{Vendor: "NVIDIA"}, "g5.xlarge", "a10g-24gb", false},
		{inventory.Accelerator{Hints: []string{"skylake", "ib", "A100_PCIE"}, MemoryBytes: 80 * gib}, "", "a100-pcie-80gb", false},
		{inventory.Accelerator{Name: "H100 SXM5 80GB", Vendor: "NVIDIA", PCIID: "2330"}, "", "h100-sxm5-80gb", false}, // lspci
	} {
		var theirs *hardware.Device
		if c.instance != "" {
			m, _, ok := profiles.Instance(c.instance)
			if !ok {
				t.Fatalf("%s is not known", c.instance)
			}
			theirs = m.Nodes[0].Devices[0]
		}
		m := r.device(&c.a, theirs)
		if !m.known || m.device.ID != c.id || (m.assumed != "") != c.assumed || m.found == "" {
			t.Errorf("%+v: %s, assumed %q, found %q; want %s", c.a, m.device.ID, m.assumed, m.found, c.id)
		}
	}
	// What is not known keeps what was said of it; another vendor's or another
	// size is not taken for it.
	for _, a := range []inventory.Accelerator{
		{Name: "NVIDIA-X9000", Vendor: "NVIDIA", MemoryBytes: 64 * gib}, {Name: "Gaudi", Vendor: "Intel"}, {Vendor: "NVIDIA"},
		{Name: "NVIDIA-L40S", Vendor: "NVIDIA", MemoryBytes: 96 * gib}, {Name: "L40S", Vendor: "AMD"}, {Name: "A100-SXM4-80GB", Vendor: "NVIDIA", MemoryBytes: 20 * gib},
	} {
		m := r.device(&a, nil)
		if m.known || m.device.NotEstimated == "" || m.device.MemoryBytes != a.MemoryBytes || m.device.BandwidthGBps != 0 || m.assumed == "" || a.MemoryBytes > 0 && m.device.Assumed["memory_bytes"] == "" {
			t.Errorf("%+v: %+v", a, m.device)
		}
	}
}

func TestSlices(t *testing.T) {
	r := new(resolver)
	m := r.device(&inventory.Accelerator{Name: "NVIDIA-A100-SXM4-80GB", Vendor: "NVIDIA", Slice: "1g.10gb", MemoryBytes: 9728 * hardware.MiB}, nil)
	d := m.device
	// 9728 of 81920 MiB of the card's 2039 GB/s.
	if d.Slice != "1g.10gb" || d.MemoryBytes != 9728*hardware.MiB || d.BandwidthGBps < 242 || d.BandwidthGBps > 243 || d.NVLinkGBps != 0 || d.ID != "a100-sxm4-80gb" {
		t.Errorf("%+v", d)
	}
	m = r.device(&inventory.Accelerator{Name: "a100", Slice: "3g.40gb"}, nil)
	if gib := m.device.MemoryBytes >> 30; gib < 38 || gib > 40 || m.device.Assumed["memory_bytes"] == "" || m.assumed == "" {
		t.Errorf("%d GiB, %+v", gib, m.device.Assumed)
	}
}

func node(name, pool string, mutate ...func(*inventory.Node)) inventory.Node {
	n := inventory.Node{Name: name, Pool: pool, OS: "linux", Arch: "amd64", MemoryBytes: 1000 * hardware.GiB, AllocatableBytes: 990 * hardware.GiB, CPU: inventory.CPU{Threads: 96},
		Accelerators: []inventory.Accelerator{{Name: "NVIDIA-L40S", Named: "label", Vendor: "NVIDIA", MemoryBytes: 46068 * hardware.MiB, Count: 4}}}
	for _, m := range mutate {
		m(&n)
	}
	return n
}

func build(t *testing.T, o Options, nodes ...inventory.Node) *Result {
	t.Helper()
	r, err := Build(&Input{Inventory: &inventory.Inventory{Sources: []inventory.Source{inventory.Kubernetes}, Nodes: nodes}}, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPools(t *testing.T) {
	memory := func(gib int64) func(*inventory.Node) {
		return func(n *inventory.Node) {
			n.MemoryBytes, n.AllocatableBytes = gib*hardware.GiB, (gib-10)*hardware.GiB
		}
	}
	card := func(name string, mib int64, count int) func(*inventory.Node) {
		return func(n *inventory.Node) {
			n.Accelerators = []inventory.Accelerator{{Name: name, Named: "label", MemoryBytes: mib * hardware.MiB, Count: count}}
		}
	}
	bare := func(n *inventory.Node) { n.Accelerators = nil }
	r := build(t, Options{}, node("a1", "a"), node("a2", "a", memory(1010)), node("a3", "a", memory(500)), node("b1", "b", card("Tesla-T4", 15360, 1)), node("b2", "b", card("Tesla-T4", 15360, 2)), node("c1", "c", bare))
	var got []string
	for i, p := range r.Pools {
		got = append(got, fmt.Sprintf("%s: %d nodes of %dx %s, %d GiB", p.Name, p.Nodes, p.Devices[0].Count, p.Devices[0].ID, p.HostMemoryBytes>>30))
		if n := &r.Machine.Nodes[i]; n.Count != p.Nodes || len(n.Devices) != p.Devices[0].Count || n.Host.LimitBytes == 0 || n.Host.LimitBytes >= n.Host.MemoryBytes {
			t.Errorf("%+v", n.Host)
		}
	}
	// Memory within 3% is that of one pool, which has the least; the rest is
	// told apart by its name.
	want := []string{"a: 4x l40s-48gb: 1,000 GiB: 2 nodes of 4x l40s-48gb, 1000 GiB", "a: 4x l40s-48gb: 500 GiB: 1 nodes of 4x l40s-48gb, 500 GiB",
		"b: 2x tesla-t4-16gb: 1 nodes of 2x tesla-t4-16gb, 1000 GiB", "b: tesla-t4-16gb: 1 nodes of 1x tesla-t4-16gb, 1000 GiB"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if len(r.LeftOut) != 1 || r.LeftOut[0].Nodes != 1 || !strings.Contains(r.LeftOut[0].Reason, "--cpu-nodes") {
		t.Errorf("%+v", r.LeftOut)
	}
	for _, secret := range []string{"a1", "a2", "b1", "c1"} {
		if strings.Contains(r.Profile, secret) {
			t.Errorf("the profile names %s:\n%s", secret, r.Profile)
		}
	}
	named := build(t, Options{Names: true, CPUNodes: true}, node("n1", "a"), node("n2", "a"), node("n3", "c", bare))
	if len(named.Pools) != 2 || named.Pools[0].Hosts != "n[1-2]" || !strings.Contains(named.Profile, "# a: n[1-2]") || len(named.Pools[1].Devices) != 0 || named.Machine.Nodes[1].Host.MemoryBytes != 1000*hardware.GiB {
		t.Errorf("%+v\n%s", named.Pools, named.Profile)
	}
	if only := build(t, Options{}, node("c1", "c", bare)); len(only.Pools) != 1 || len(only.LeftOut) != 0 {
		t.Errorf("a fleet without accelerators: %+v", only.FleetResult)
	}
}

func TestInstances(t *testing.T) {
	p5 := func(n *inventory.Node) {
		n.Instance = "p5.48xlarge"
		n.Accelerators = []inventory.Accelerator{{Name: "NVIDIA-H100-80GB-HBM3", Vendor: "NVIDIA", MemoryBytes: 81559 * hardware.MiB, Count: 8}}
	}
	g5 := func(n *inventory.Node) { n.Instance, n.Accelerators = "g5.xlarge", nil }
	small := func(n *inventory.Node) {
		n.Instance = "g5.12xlarge"
		n.Accelerators = []inventory.Accelerator{{Vendor: "NVIDIA", Count: 4}}
	}
	r := build(t, Options{}, node("a", "", p5), node("b", "", p5), node("c", "", g5), node("d", "", small), node("e", "", small))
	if len(r.Pools) != 2 || r.Pools[0].Name != "p5.48xlarge" || r.Pools[0].Network != "aws-p5.48xlarge-network" || r.Pools[1].Devices[0].ID != "a10g-24gb" || r.Pools[1].Network != "aws-g5.12xlarge-network" {
		t.Errorf("%+v", r.Pools)
	}
	if n := r.Machine.Nodes[0]; n.Link == nil || n.Link.ID != "nvlink4" || n.Link.BusGBpsPeak == 0 || n.Host.MemoryBytes != 1000*hardware.GiB || n.Network != nil {
		t.Errorf("%+v", n)
	}
	if n := r.Machine.Nodes[1]; n.Network == nil || r.Machine.Network.ID != "aws-p5.48xlarge-network" {
		t.Errorf("%+v, and of all %+v", n.Network, r.Machine.Network)
	}
	if len(r.LeftOut) != 1 || !strings.Contains(r.LeftOut[0].Reason, "device plugin") {
		t.Errorf("%+v", r.LeftOut)
	}
	other := build(t, Options{Network: "eth-25"}, node("a", "", p5), node("d", "", small))
	if other.Machine.Network.ID != "eth-25" || other.Machine.Nodes[1].Network != nil {
		t.Errorf("%+v", other.Machine)
	}
	if _, err := Build(&Input{Inventory: &inventory.Inventory{Nodes: []inventory.Node{node("a", "")}}}, Options{Network: "pigeons"}); err == nil || !strings.Contains(err.Error(), "--network") {
		t.Errorf("%v", err)
	}
}

// A server that the catalogue has brings its host, but an inventory names no file.
func TestProducts(t *testing.T) {
	dgx := func(product string) func(*inventory.Node) {
		return func(n *inventory.Node) {
			n.Product = product
			n.Accelerators = []inventory.Accelerator{{Name: "NVIDIA-H100-80GB-HBM3", Vendor: "NVIDIA", MemoryBytes: 81559 * hardware.MiB, Count: 8}}
		}
	}
	file := filepath.Join(t.TempDir(), "other.yaml")
	if err := os.WriteFile(file, []byte("devices: [8x h100-sxm5-80gb]\nhost: {cpu: epyc-7763}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for product, cpu := range map[string]string{"NVIDIA-DGX-H100": "intel-xeon-platinum-8480plus", "PowerEdge-XE9680": "generic-8ch-ddr5-4800", file: "generic-8ch-ddr5-4800"} {
		if r := build(t, Options{}, node("a", "p", dgx(product))); r.Machine.Nodes[0].Host.CPU.ID != cpu {
			t.Errorf("%s: %s, want %s", product, r.Machine.Nodes[0].Host.CPU.ID, cpu)
		}
	}
}

func TestFree(t *testing.T) {
	used := func(n int) func(*inventory.Node) {
		return func(x *inventory.Node) { x.UsageKnown, x.Accelerators[0].Used = true, n }
	}
	nodes := []inventory.Node{node("a", "p", used(0)), node("b", "p", used(3)), node("c", "p", used(4))}
	r := build(t, Options{}, nodes...)
	if len(r.Pools) != 1 || r.Pools[0].InUse == nil || *r.Pools[0].InUse != 7 {
		t.Errorf("%+v", r.Pools)
	}
	r = build(t, Options{Free: true}, nodes...)
	if len(r.Pools) != 2 || r.Devices != 5 || len(r.LeftOut) != 1 || r.LeftOut[0].Reason != "all its devices are in use" {
		t.Errorf("%+v", r.FleetResult)
	}
	if _, err := Build(&Input{Inventory: &inventory.Inventory{Nodes: []inventory.Node{node("a", "p")}}}, Options{Free: true}); err == nil || !strings.Contains(err.Error(), "--free") {
		t.Errorf("%v", err)
	}
}

// Slices are written each as a node, with its part of the main memory.
func TestSlicedNodes(t *testing.T) {
	mig := func(n *inventory.Node) {
		n.Accelerators = []inventory.Accelerator{{Name: "A100-PCIE-40GB", Vendor: "NVIDIA", Slice: "1g.5gb", MemoryBytes: 4864 * hardware.MiB, Count: 4},
			{Name: "A100-PCIE-40GB", Vendor: "NVIDIA", Slice: "2g.10gb", MemoryBytes: 9856 * hardware.MiB, Count: 1}}
	}
	r := build(t, Options{}, node("a", "m", mig), node("b", "m", mig))
	if len(r.Pools) != 2 || r.Nodes != 2 || r.Devices != 10 || r.Machine.Nodes[0].Count != 8 || r.Machine.Nodes[1].Count != 2 || len(r.Machine.Nodes[0].Devices) != 1 || r.Machine.Nodes[0].Host.MemoryBytes>>30 != 200 {
		t.Errorf("%+v\n%s", r.FleetResult, r.Profile)
	}
}

// Whatever the inventory holds, every node is taken or left out, every device is
// in a pool, and the profile reads back; the order of the nodes does not matter.
func TestEveryNodeIsAccountedFor(t *testing.T) {
	names := []string{"NVIDIA-H100-80GB-HBM3", "h100", "Tesla-T4", "X-1", "", "A100-PCIE-40GB", "AMD_Instinct_MI300X_OAM", "NVIDIA GB10", "Gaudi2"}
	fleets := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) inventory.Node {
		n := inventory.Node{Name: rapid.StringMatching(`[a-z]{1,3}-[0-9]{1,2}`).Draw(t, "name"), Pool: rapid.SampledFrom([]string{"", "p", "q:\n x", "#"}).Draw(t, "pool"),
			Instance: rapid.SampledFrom([]string{"", "p5.48xlarge", "k3s"}).Draw(t, "instance"), MemoryBytes: rapid.Int64Range(0, 3<<40).Draw(t, "memory"), AllocatableBytes: rapid.Int64Range(0, 3<<40).Draw(t, "allocatable"),
			CPU: inventory.CPU{Threads: rapid.IntRange(0, 512).Draw(t, "threads"), Sockets: rapid.IntRange(0, 8).Draw(t, "sockets"), Model: rapid.SampledFrom([]string{"", "AMD EPYC 7763 64-Core Processor", "odd"}).Draw(t, "model")}}
		for range rapid.IntRange(0, 2).Draw(t, "kinds") {
			n.Accelerators = append(n.Accelerators, inventory.Accelerator{Name: rapid.SampledFrom(names).Draw(t, "card"), Count: rapid.IntRange(0, 16).Draw(t, "count"),
				MemoryBytes: rapid.SampledFrom([]int64{0, 81559 << 20, 15360 << 20}).Draw(t, "size"), Slice: rapid.SampledFrom([]string{"", "", "1g.10gb"}).Draw(t, "slice")})
		}
		return n
	}), 1, 12)
	for seed := range 40 {
		nodes := fleets.Example(seed)
		o := Options{CPUNodes: seed%2 == 0, Names: seed%3 == 0}
		r, err := Build(&Input{Inventory: &inventory.Inventory{Sources: []inventory.Source{inventory.Slurm}, Nodes: append([]inventory.Node(nil), nodes...)}}, o)
		if err != nil {
			if strings.Contains(err.Error(), "defect") || strings.Contains(err.Error(), "\n") {
				t.Fatalf("%v", err)
			}
			continue
		}
		left := 0
		for _, l := range r.LeftOut {
			left += l.Nodes
		}
		if r.Nodes+left != len(nodes) {
			t.Fatalf("%d nodes taken and %d left out of %d", r.Nodes, left, len(nodes))
		}
		seen := map[string]bool{}
		for i := range r.Pools {
			if seen[r.Pools[i].Name] {
				t.Fatalf("two pools are called %q", r.Pools[i].Name)
			}
			seen[r.Pools[i].Name] = true
		}
		back, err := profiles.ReadMachine("f.yaml", []byte(r.Profile))
		if err != nil || back.Devices() != r.Devices {
			t.Fatalf("%v\n%s", err, r.Profile)
		}
		turned := append([]inventory.Node(nil), nodes...)
		for i, j := 0, len(turned)-1; i < j; i, j = i+1, j-1 {
			turned[i], turned[j] = turned[j], turned[i]
		}
		again, err := Build(&Input{Inventory: &inventory.Inventory{Sources: []inventory.Source{inventory.Slurm}, Nodes: turned}}, o)
		if err != nil || again.Devices != r.Devices || again.Nodes != r.Nodes || len(again.Pools) != len(r.Pools) {
			t.Fatalf("another order: %v\n%s\n%s", err, r.Profile, again.Profile)
		}
	}
}

// Profiles of like computers become a pool, whatever was in use on them.
func TestProfiles(t *testing.T) {
	detected := func(free, memory int64) *hardware.Machine {
		m, err := profiles.Machine("2x l40s", profiles.MachineOptions{})
		if err != nil {
			t.Fatal(err)
		}
		m.Local = true
		m.Nodes[0].Devices[0].FreeBytes = free
		m.Nodes[0].Host.MemoryBytes, m.Nodes[0].Host.AvailableBytes, m.Nodes[0].Host.MemoryAssumed = memory, memory/2, ""
		return m
	}
	in := &Input{Profiles: []Profile{{"host-a", detected(40*hardware.GiB, 500*hardware.GiB)}, {"host-b", detected(20*hardware.GiB, 501*hardware.GiB)}}, Left: []inventory.Left{{Name: "host-c", Reason: "its file cannot be used"}}}
	r, err := Build(in, Options{})
	if err != nil {
		t.Fatal(err)
	}
	n := r.Machine.Nodes[0]
	if len(r.Pools) != 1 || n.Count != 2 || n.Devices[0].FreeBytes != 0 || n.Host.AvailableBytes != 0 || n.Host.MemoryBytes != 500*hardware.GiB || len(r.LeftOut) != 1 || strings.Contains(r.Profile, "host-") {
		t.Errorf("%+v\n%s", r.FleetResult, r.Profile)
	}
	r, err = Build(in, Options{Free: true})
	if err != nil || r.Machine.Nodes[0].Devices[0].FreeBytes != 20*hardware.GiB {
		t.Errorf("%v\n%s", err, r.Profile)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"p.yaml": string(profiles.WriteMachine(detected(0, 1<<39))), "r.json": `{"machine":{"id":"local","name":"x","nodes":[{"host":{"cpu":{"id":"c","name":"c","bandwidth_gb_s":50},"memory_bytes":68719476736}}]},"findings":[]}`} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if m, err := ReadProfile(path); err != nil || len(m.Nodes) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{`{`, `{"machine":{"nodes":[]}}`, `{"machine":{"nodes":[{"devices":[null]}]}}`, `{"machine":{"nodes":[{"host":{"memory_bytes":-5}}]}}`, "x", ""} {
		path := filepath.Join(dir, "bad.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadProfile(path); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
