package inventory

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/hardware"
)

// read takes in one input with the default options.
func read(t *testing.T, text string) *Inventory {
	t.Helper()
	inv, err := readWith(Options{}, text)
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func readWith(o Options, text string) (*Inventory, error) {
	b := Builder{Options: o}
	if err := b.Read("", strings.NewReader(text)); err != nil {
		return nil, err
	}
	return b.Finish()
}

// kubeNode writes a node of a list: labels and resources as "key=value" words,
// the resources as capacity and allocatable ("nvidia.com/gpu=8/7": 7 of 8).
func kubeNode(name, labels, resources, more string) string {
	var l, c, a []string
	for _, f := range strings.Fields(labels) {
		k, v, _ := strings.Cut(f, "=")
		l = append(l, fmt.Sprintf("%q:%q", k, v))
	}
	for _, f := range strings.Fields(resources) {
		k, v, _ := strings.Cut(f, "=")
		has, free, two := strings.Cut(v, "|")
		if !two {
			free = has
		}
		c, a = append(c, fmt.Sprintf("%q:%q", k, has)), append(a, fmt.Sprintf("%q:%q", k, free))
	}
	if more == "" {
		more = `"conditions":[{"type":"MemoryPressure","status":"False"},{"type":"Ready","status":"True"}]`
	}
	spec := "{}"
	if i := strings.Index(more, "|"); i >= 0 {
		spec, more = more[:i], more[i+1:]
	}
	return fmt.Sprintf(`{"apiVersion":"v1","kind":"Node","metadata":{"name":%q,"labels":{%s},"uid":"x"},"spec":%s,"status":{"capacity":{%s},"allocatable":{%s},%s,"nodeInfo":{"operatingSystem":"linux","architecture":"amd64"},"images":[{"names":["a"],"sizeBytes":1}]}}`,
		name, strings.Join(l, ","), spec, strings.Join(c, ","), strings.Join(a, ","), more)
}

func kubeList(nodes ...string) string {
	return `{"apiVersion":"v1","items":[` + strings.Join(nodes, ",") + `],"kind":"List","metadata":{"resourceVersion":""}}`
}

func TestKubernetesAccelerators(t *testing.T) {
	const mem = "memory=1056690688Ki cpu=96 "
	for _, c := range []struct {
		what, labels, resources string
		want                    []Accelerator
		notes                   int
	}{
		{"GFD of an H100 box", "nvidia.com/gpu.product=NVIDIA-H100-80GB-HBM3 nvidia.com/gpu.memory=81559 nvidia.com/gpu.count=8 nvidia.com/gpu.replicas=1", mem + "nvidia.com/gpu=8",
			[]Accelerator{{Name: "NVIDIA-H100-80GB-HBM3", Named: "label nvidia.com/gpu.product", Vendor: "NVIDIA", MemoryBytes: 81559 * hardware.MiB, Count: 8}}, 0},
		{"one device is unhealthy", "nvidia.com/gpu.product=Tesla-T4 nvidia.com/gpu.memory=15360 nvidia.com/gpu.count=4", mem + "nvidia.com/gpu=4|3",
			[]Accelerator{{Name: "Tesla-T4", Named: "label nvidia.com/gpu.product", Vendor: "NVIDIA", MemoryBytes: 15360 * hardware.MiB, Count: 3}}, 1},
		{"time-slicing counts once", "nvidia.com/gpu.product=Tesla-T4-SHARED nvidia.com/gpu.memory=15360 nvidia.com/gpu.count=2 nvidia.com/gpu.replicas=10", mem + "nvidia.com/gpu=20",
			[]Accelerator{{Name: "Tesla-T4", Named: "label nvidia.com/gpu.product", Vendor: "NVIDIA", MemoryBytes: 15360 * hardware.MiB, Count: 2}}, 1},
		{"time-slicing under a name of its own", "nvidia.com/gpu.product=Tesla-T4 nvidia.com/gpu.memory=15360 nvidia.com/gpu.replicas=4", mem + "nvidia.com/gpu=0 nvidia.com/gpu.shared=8",
			[]Accelerator{{Name: "Tesla-T4", Named: "label nvidia.com/gpu.product", Vendor: "NVIDIA", MemoryBytes: 15360 * hardware.MiB, Count: 2}}, 1},
		{"MIG, single strategy", "nvidia.com/gpu.product=NVIDIA-A100-SXM4-80GB-MIG-1g.10gb nvidia.com/gpu.memory=9728 nvidia.com/mig.strategy=single nvidia.com/gpu.count=7", mem + "nvidia.com/gpu=7",
			[]Accelerator{{Name: "NVIDIA-A100-SXM4-80GB", Named: "label nvidia.com/gpu.product", Vendor: "NVIDIA", MemoryBytes: 9728 * hardware.MiB, Slice: "1g.10gb", Count: 7}}, 0},
		{"MIG, mixed strategy", "nvidia.com/gpu.product=A100-PCIE-40GB nvidia.com/gpu.memory=40536 nvidia.com/mig-1g.5gb.memory=4864 nvidia.com/mig-1g.5gb.count=4 nvidia.com/mig-2g.10gb.count=2", mem + "nvidia.com/gpu=0 nvidia.com/mig-1g.5gb=4 nvidia.com/mig-2g.10gb=2",
			[]Accelerator{{Name: "A100-PCIE-40GB", Named: "label nvidia.com/gpu.product", Vendor: "NVIDIA", MemoryBytes: 4864 * hardware.MiB, Slice: "1g.5gb", Count: 4},
				{Name: "A100-PCIE-40GB", Named: "label nvidia.com/gpu.product", Vendor: "NVIDIA", Slice: "2g.10gb", Count: 2}}, 0},
		{"AMD", "amd.com/gpu.product-name=AMD_Instinct_MI300X_OAM amd.com/gpu.vram=192G amd.com/gpu.device-id=74a1", mem + "amd.com/gpu=8",
			[]Accelerator{{Name: "AMD_Instinct_MI300X_OAM", Named: "label amd.com/gpu.product-name", Vendor: "AMD", PCIID: "74a1", MemoryBytes: 192 * hardware.GiB, Count: 8}}, 0},
		{"AMD, beta labels", "beta.amd.com/gpu.product-name.AMD_Instinct_MI210=2 beta.amd.com/gpu.vram.64G=2 beta.amd.com/gpu.device-id.740f=2", mem + "amd.com/gpu=2",
			[]Accelerator{{Name: "AMD_Instinct_MI210", Named: "label beta.amd.com/gpu.product-name", Vendor: "AMD", PCIID: "740f", MemoryBytes: 64 * hardware.GiB, Count: 2}}, 0},
		{"AMD, divided cards", "amd.com/gpu.product-name=AMD_Instinct_MI300X_OAM amd.com/gpu.partition-type=cpx_nps4", mem + "amd.com/gpu=64",
			[]Accelerator{{Name: "AMD_Instinct_MI300X_OAM", Named: "label amd.com/gpu.product-name", Vendor: "AMD", Count: 64, Refused: "its cards are divided (cpx_nps4), and what a part has is not told"}}, 0},
		{"Intel", "gpu.intel.com/product=Max_1550 gpu.intel.com/device-id.0380-0bd5.present=true", mem + "gpu.intel.com/i915=2 gpu.intel.com/i915_monitoring=1",
			[]Accelerator{{Name: "Max_1550", Named: "label gpu.intel.com/product", Vendor: "Intel", PCIID: "0bd5", Count: 2}}, 0},
		{"Gaudi", "", mem + "habana.ai/gaudi=8", []Accelerator{{Name: "Gaudi", Named: "resource habana.ai/gaudi", Vendor: "Intel", Count: 8}}, 0},
		{"TPU", "cloud.google.com/gke-tpu-accelerator=tpu-v5-lite-podslice", mem + "google.com/tpu=4",
			[]Accelerator{{Name: "tpu-v5-lite-podslice", Named: "label cloud.google.com/gke-tpu-accelerator", Vendor: "Google", Count: 4, Refused: "TPUs are not estimated"}}, 0},
		{"Neuron", "node.kubernetes.io/instance-type=inf2.48xlarge", mem + "aws.amazon.com/neuron=12 aws.amazon.com/neuroncore=24",
			[]Accelerator{{Name: "Neuron device", Named: "resource aws.amazon.com/neuron", Vendor: "AWS", Hints: []string{"inf2"}, Count: 12}}, 0},
		{"Karpenter, no GFD", "karpenter.k8s.aws/instance-gpu-name=t4 karpenter.k8s.aws/instance-gpu-memory=16384 node.kubernetes.io/instance-type=g4dn.2xlarge", mem + "nvidia.com/gpu=1",
			[]Accelerator{{Name: "t4", Named: "label karpenter.k8s.aws/instance-gpu-name", Vendor: "NVIDIA", MemoryBytes: 16384 * hardware.MiB, Hints: []string{"g4dn"}, Count: 1}}, 0},
		{"GKE time-sharing", "cloud.google.com/gke-accelerator=nvidia-l4 cloud.google.com/gke-max-shared-clients-per-gpu=4", mem + "nvidia.com/gpu=8",
			[]Accelerator{{Name: "nvidia-l4", Named: "label cloud.google.com/gke-accelerator", Vendor: "NVIDIA", Count: 2}}, 1},
		{"GKE partitions", "cloud.google.com/gke-accelerator=nvidia-a100-80gb cloud.google.com/gke-gpu-partition-size=1g.10gb", mem + "nvidia.com/gpu=7",
			[]Accelerator{{Name: "nvidia-a100-80gb", Named: "label cloud.google.com/gke-accelerator", Vendor: "NVIDIA", Slice: "1g.10gb", Count: 7}}, 0},
		{"AKS names the maker only", "accelerator=nvidia node.kubernetes.io/instance-type=Standard_NC4as_T4_v3", mem + "nvidia.com/gpu=1", []Accelerator{{Vendor: "NVIDIA", Count: 1}}, 0},
		{"no device plugin", "nvidia.com/gpu.count=8 nvidia.com/gpu.product=NVIDIA-L40S", mem, nil, 1},
		{"no product", "", mem + "nvidia.com/gpu=1", []Accelerator{{Vendor: "NVIDIA", Count: 1}}, 0},
		{"not allocatable at all", "nvidia.com/gpu.product=NVIDIA-L40S", mem + "nvidia.com/gpu=2|0", []Accelerator{{Name: "NVIDIA-L40S", Named: "label nvidia.com/gpu.product", Vendor: "NVIDIA", Count: 0}}, 1},
	} {
		inv := read(t, kubeList(kubeNode("n", c.labels, c.resources, "")))
		n := inv.Nodes[0]
		if !reflect.DeepEqual(n.Accelerators, c.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", c.what, n.Accelerators, c.want)
		}
		if len(n.Notes) != c.notes {
			t.Errorf("%s: notes %q", c.what, n.Notes)
		}
		if n.MemoryBytes != 1056690688<<10 || n.CPU.Threads != 96 || n.OS != "linux" || n.UsageKnown {
			t.Errorf("%s: %+v", c.what, n)
		}
	}
}

func TestKubernetesStates(t *testing.T) {
	for _, c := range []struct{ more, want, taints string }{
		{`"conditions":[{"type":"Ready","status":"True"}]`, "", ""},
		{`"conditions":[{"type":"Ready","status":"Unknown"}]`, "not ready", ""},
		{`{"unschedulable":true,"taints":[{"key":"node.kubernetes.io/unschedulable","effect":"NoSchedule"}]}|"conditions":[]`, "cordoned", ""},
		{`{"taints":[{"key":"nvidia.com/gpu","value":"present","effect":"NoSchedule"},{"key":"soft","effect":"PreferNoSchedule"}]}|"conditions":[]`, "", "nvidia.com/gpu:NoSchedule"},
		{`{"taints":[{"key":"ToBeDeletedByClusterAutoscaler","effect":"NoSchedule"}]}|"conditions":[]`, "about to be removed by the autoscaler", ""},
		{`{"taints":[{"key":"node.kubernetes.io/unreachable","effect":"NoExecute"}]}|"conditions":[]`, "unreachable", ""},
	} {
		list := kubeList(kubeNode("a", "pool=x", "cpu=1", c.more))
		all, err := readWith(Options{NotReady: true}, list)
		if err != nil {
			t.Fatal(err)
		}
		n := all.Nodes[0]
		if n.NotReady != c.want || strings.Join(n.Taints, " ") != c.taints || n.Pool != "x" {
			t.Errorf("%s: %q, taints %q", c.more, n.NotReady, n.Taints)
		}
		ready := read(t, list)
		if (len(ready.Left) == 1) != (c.want != "") || len(ready.Nodes)+len(ready.Left) != 1 || c.want != "" && ready.Left[0] != (Left{"a", c.want, ""}) {
			t.Errorf("%s: kept %d, left %v", c.more, len(ready.Nodes), ready.Left)
		}
	}
}

// Pods beside the nodes tell what is in use.
func TestKubernetesPods(t *testing.T) {
	pod := func(node, phase, containers string) string {
		return fmt.Sprintf(`{"kind":"Pod","metadata":{"name":"p"},"spec":{"nodeName":%q,"containers":[%s]},"status":{"phase":%q}}`, node, containers, phase)
	}
	ask := func(n int) string {
		return fmt.Sprintf(`{"resources":{"requests":{"cpu":"2","nvidia.com/gpu":"%d"}}}`, n)
	}
	inv := read(t, kubeList(pod("a", "Running", ask(2)+","+ask(1)), kubeNode("a", "nvidia.com/gpu.product=NVIDIA-L40S", "nvidia.com/gpu=8", ""),
		kubeNode("b", "nvidia.com/gpu.product=NVIDIA-L40S nvidia.com/gpu.replicas=4 nvidia.com/gpu.count=2", "nvidia.com/gpu=8", ""), kubeNode("c", "", "cpu=4", ""),
		pod("a", "Succeeded", ask(4)), pod("b", "Pending", ask(5)), pod("", "Pending", ask(8)), `{"kind":"Service","metadata":{"name":"s"}}`))
	if len(inv.Nodes) != 3 || !inv.Nodes[0].UsageKnown || !inv.Nodes[2].UsageKnown {
		t.Fatalf("%+v", inv.Nodes)
	}
	// Five shares of a quarter each are parts of two devices.
	if a, b := inv.Nodes[0].Accelerators[0], inv.Nodes[1].Accelerators[0]; a.Used != 3 || a.Count != 8 || b.Used != 2 || b.Count != 2 {
		t.Errorf("used %d of %d and %d of %d, want 3 of 8 and 2 of 2", a.Used, a.Count, b.Used, b.Count)
	}
}

func TestKubernetesProcessor(t *testing.T) {
	const f = "feature.node.kubernetes.io/"
	inv := read(t, kubeNode("n", f+"cpu-cpuid.AVX2=true "+f+"cpu-cpuid.AVX512F=true "+f+"cpu-cpuid.AVX512VNNI=true "+f+"cpu-cpuid.ADX=true "+f+"cpu-model.vendor_id=Intel "+f+"cpu-hardware_multithreading=true", "cpu=64 memory=263882788Ki|255882788Ki", ""))
	n := inv.Nodes[0]
	want := CPU{Vendor: "Intel", Threads: 64, Cores: 32, ISA: []string{"avx2", "avx512", "avx512_vnni"}}
	if !reflect.DeepEqual(n.CPU, want) || n.AllocatableBytes != 255882788<<10 {
		t.Errorf("got %+v, want %+v", n.CPU, want)
	}
}

func TestSelectors(t *testing.T) {
	list := kubeList(kubeNode("a", "pool=gpu tier=1", "cpu=1", ""), kubeNode("b", "pool=gpu tier=2", "cpu=1", ""), kubeNode("c", "pool=cpu", "cpu=1", ""))
	for _, c := range []struct{ selector, want string }{
		{"pool=gpu", "a b"}, {"pool==gpu,tier=2", "b"}, {"tier", "a b"}, {"!tier", "c"}, {"tier!=2", "a c"}, {"pool=none", ""},
	} {
		s, err := ParseSelector(c.selector)
		if err != nil {
			t.Fatal(err)
		}
		inv, err := readWith(Options{Selector: s}, list)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, n := range inv.Nodes {
			names = append(names, n.Name)
		}
		if got := strings.Join(names, " "); got != c.want || inv.Unselected != 3-len(names) {
			t.Errorf("%s: %q, want %q", c.selector, got, c.want)
		}
	}
	for _, bad := range []string{"", "=x", "a,,b", "!"} {
		if _, err := ParseSelector(bad); err == nil {
			t.Errorf("%q is a selector", bad)
		}
	}
}
