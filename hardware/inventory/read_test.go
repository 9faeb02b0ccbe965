package inventory

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/plimsoll/plimsoll/hardware"
)

func TestTables(t *testing.T) {
	for name, text := range map[string]string{"resources.csv": resourcesCSV, "products.csv": productsCSV} {
		rows, err := table(text)
		if err != nil || len(rows) < 10 {
			t.Fatalf("%s: %d lines, %v", name, len(rows), err)
		}
		for _, r := range rows {
			if r["source"] == "" {
				t.Errorf("%s: %v has no source", name, r)
			}
		}
	}
}

func TestQuantities(t *testing.T) {
	for in, want := range map[string]float64{"8": 8, "500m": 0.5, "2113481484Ki": 2113481484 * 1024, "16Gi": 16 << 30, "2T": 2e12, "1e3": 1000, "1.5": 1.5, "": 0, "x": 0, "-3": 0, "1e400": 0, "NaN": 0, "5Q": 0} {
		if got := quantity(in); got != want {
			t.Errorf("%q: %g, want %g", in, got, want)
		}
	}
	for in, want := range map[string]int64{"192G": 192 << 30, "80GB": 80 << 30, "81559": 81559 << 20, "81559 MiB": 81559 << 20, "": 0, "lots": 0, "1e99": 0, "-1": 0} {
		if got := sizeOf(in, hardware.MiB); got != want {
			t.Errorf("%q: %d, want %d", in, got, want)
		}
	}
}

// What is no inventory is refused on one line that says what to do.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		from Source
		in   string
		want string
	}{
		{"", "", "it is empty"},
		{"", "  \n", "it is empty"},
		{"", "\xff\xfe{\x00", "it is UTF-16"},
		{"", "hello", "it is no inventory that is known"},
		{"", "{}", "it is no inventory that is known"},
		{"", "[]", "no node is in it"},
		{"", "[1]", "want a list of objects"},
		{"", `{"apiVersion":"v1","items":[],"kind":"List"}`, "no node is in it"},
		{"", `{"apiVersion":"v1","items":[{"kind":"Node","metadata":{`, "it is cut off"},
		{"", `{"items":[{"kind":"Node","metadata":[]}]}`, "at /items/0/metadata"},
		{"", `{"items":[{]}`, "not valid JSON at byte 11"},
		{"", `{"machine":{},"findings":[]}`, "a hardware profile"},
		{"", "apiVersion: v1\nitems:\n", "kubectl get nodes -o json"},
		{"", "NAME   STATUS   ROLES   AGE   VERSION\nn1  Ready  <none>  1d  v1.30\n", "kubectl get nodes -o json"},
		{"", "PARTITION AVAIL  TIMELIMIT  NODES  STATE NODELIST\n", "scontrol show node"},
		{Slurm, `{"kind":"Node","metadata":{"name":"a"}}`, "it is of kubernetes, not of slurm"},
		{Nomad, "NodeName=a State=IDLE", "it is of slurm, not of nomad"},
		{"", `{"items":[{"kind":"Node","metadata":{"name":"` + strings.Repeat("x", 5<<20) + `"}}]}`, "more than 4 MiB"},
		{"", `{"kind":"Node","metadata":{"labels":{` + strings.Repeat(`"a":"b",`, 1<<20) + `"c":"d"}}}`, "more than 4 MiB"},
		{"", strings.Repeat(`{"a":`, 100000), "depth"},
	} {
		_, err := readWith(Options{From: c.from}, c.in)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.60q: %v, want %s", c.in, err, c.want)
		}
	}
}

// A byte order mark, blanks before the text, and objects one after the other.
func TestForms(t *testing.T) {
	one := kubeNode("a", "", "cpu=1", "")
	for _, text := range []string{one, "\xef\xbb\xbf" + one, "\n\n  " + one, "[" + one + "]", kubeList(one)} {
		if inv := read(t, text); len(inv.Nodes) != 1 || inv.Nodes[0].Name != "a" {
			t.Errorf("%.40q: %+v", text, inv)
		}
	}
	if inv := read(t, one+"\n"+kubeNode("b", "", "cpu=1", "")+kubeList(kubeNode("c", "", "cpu=1", ""))); len(inv.Nodes) != 3 {
		t.Errorf("%+v", inv.Nodes)
	}
}

// fleet writes the node list of a cluster as kubectl would, node by node: the
// labels of feature discovery, the conditions and the list of images, 12 KB each.
type fleet struct {
	nodes, at int
	buf       bytes.Buffer
}

func (f *fleet) Read(p []byte) (int, error) {
	for f.buf.Len() < len(p) && f.at <= f.nodes+1 {
		switch {
		case f.at == 0:
			f.buf.WriteString(`{"apiVersion": "v1", "items": [`)
		case f.at == f.nodes+1:
			f.buf.WriteString(`], "kind": "List", "metadata": {"resourceVersion": ""}}`)
		default:
			if f.at > 1 {
				f.buf.WriteString(",\n")
			}
			f.buf.WriteString(fleetNode(f.at))
		}
		f.at++
	}
	return f.buf.Read(p)
}

func fleetNode(i int) string {
	labels := "kubernetes.io/hostname=node-%d node.kubernetes.io/instance-type=p5.48xlarge eks.amazonaws.com/nodegroup=h100 nvidia.com/gpu.product=NVIDIA-H100-80GB-HBM3 nvidia.com/gpu.memory=81559 nvidia.com/gpu.count=8 nvidia.com/gpu.replicas=1"
	resources := "cpu=192|191890m memory=2097075312Ki|2086000000Ki pods=100 nvidia.com/gpu=8 vpc.amazonaws.com/efa=32 ephemeral-storage=1048366060Ki|965100234912"
	switch i % 4 {
	case 1:
		labels = "kubernetes.io/hostname=node-%d node.kubernetes.io/instance-type=g5.12xlarge eks.amazonaws.com/nodegroup=a10g nvidia.com/gpu.product=NVIDIA-A10G nvidia.com/gpu.memory=23028 nvidia.com/gpu.count=4"
		resources = "cpu=48 memory=195743044Ki|193000000Ki nvidia.com/gpu=4"
	case 2:
		labels, resources = "kubernetes.io/hostname=node-%d node.kubernetes.io/instance-type=m5.4xlarge eks.amazonaws.com/nodegroup=cpu", "cpu=16 memory=64304148Ki"
	}
	labels = fmt.Sprintf(labels, i)
	for _, f := range []string{"ADX", "AESNI", "AVX", "AVX2", "AVX512BW", "AVX512F", "AVX512VNNI", "FMA3", "HYPERVISOR", "IBPB", "STIBP", "VAES", "VPCLMULQDQ"} {
		labels += " feature.node.kubernetes.io/cpu-cpuid." + f + "=true"
	}
	for k := range 40 {
		labels += fmt.Sprintf(" example.com/label-%d=value-%d", k, k)
	}
	var images strings.Builder
	for k := range 50 {
		fmt.Fprintf(&images, `{"names":["registry.example/team/image-%d@sha256:%064x","registry.example/team/image-%d:v1.%d"],"sizeBytes":%d},`, k, k, k, k, 1000000+k)
	}
	return kubeNode(fmt.Sprintf("node-%05d", i), labels, resources, fmt.Sprintf(
		`{"providerID":"aws:///x/i-%d","taints":[{"key":"nvidia.com/gpu","effect":"NoSchedule"}]}|"more":[%s{}],"conditions":[{"type":"MemoryPressure","status":"False","lastHeartbeatTime":"2025-01-01T00:00:00Z"},{"type":"Ready","status":"True"}]`, i, images.String()))
}

// Memory grows with the nodes, not with what is written of each.
func TestMemoryOfLongLists(t *testing.T) {
	const nodes = 2000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var b Builder
	if err := b.Read("", &fleet{nodes: nodes}); err != nil {
		t.Fatal(err)
	}
	inv, err := b.Finish()
	runtime.GC()
	runtime.ReadMemStats(&after)
	if err != nil || len(inv.Nodes) != nodes {
		t.Fatalf("%d nodes, %v", len(inv.Nodes), err)
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > nodes*4096 {
		t.Errorf("%d bytes are kept of %d nodes", grown, nodes)
	}
	runtime.KeepAlive(inv)
}

func BenchmarkKubernetes(b *testing.B) {
	for _, nodes := range []int{1000, 10000} {
		b.Run(fmt.Sprint(nodes), func(b *testing.B) {
			text, err := io.ReadAll(&fleet{nodes: nodes})
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				var r Builder
				if err := r.Read("", bytes.NewReader(text)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// fuzzed holds what every reader owes whatever it reads: no panic, a one-line
// error or an inventory within its bounds.
func fuzzed(t *testing.T, data []byte) {
	for _, o := range []Options{{}, {NotReady: true, From: Ansible}} {
		b := Builder{Options: o}
		err := b.Read("host", bytes.NewReader(data))
		if err == nil {
			_, err = b.Finish()
		}
		if err != nil && (err.Error() == "" || strings.Contains(err.Error(), "\n")) {
			t.Errorf("error %q", err)
		}
		for i := range b.Nodes {
			n := &b.Nodes[i]
			if n.MemoryBytes < 0 || n.AllocatableBytes < 0 || n.CPU.Threads < 0 || n.CPU.Sockets < 0 || n.CPU.Cores < 0 || n.NotReady != "" && !o.NotReady || n.Network.GBps < 0 {
				t.Errorf("%+v", n)
			}
			for _, a := range n.Accelerators {
				if a.Count < 0 || a.Count > maxDevices || a.Used < 0 || a.Used > a.Count || a.MemoryBytes < 0 {
					t.Errorf("%+v", a)
				}
			}
		}
	}
}

func FuzzKubernetes(f *testing.F) {
	f.Add([]byte(kubeList(fleetNode(4), fleetNode(1), `{"kind":"Pod","spec":{"nodeName":"node-00004","containers":[{"resources":{"requests":{"nvidia.com/gpu":"2"}}}]},"status":{"phase":"Running"}}`)))
	f.Add([]byte(kubeNode("m", "nvidia.com/gpu.product=A100-PCIE-40GB nvidia.com/mig-1g.5gb.memory=4864", "nvidia.com/mig-1g.5gb=7 nvidia.com/gpu.shared=-8", "")))
	f.Fuzz(fuzzed)
}

func FuzzSlurm(f *testing.F) {
	f.Add([]byte(scontrolJSON))
	f.Add([]byte("NodeName=a Gres=gpu:h100:8(S:0-1),gpu:1g.10gb:2 GresUsed=gpu:h100:9(IDX:0) State=DOWN*+DRAIN Reason=x y=z RealMemory=1e30 CPUTot=-1 Partitions=a,b CfgTRES=gres/gpu:a=99999999999"))
	f.Add([]byte(`{"sinfo":[{"nodes":{"nodes":["g[01-03],x"]},"gres":{"total":"gpu:a100:4M"},"partition":{"name":"p"}},{"nodes":{"nodes":"g01"}}]}`))
	f.Fuzz(fuzzed)
}

func FuzzRay(f *testing.F) {
	f.Add([]byte(rayTotals))
	f.Add([]byte(`[{"node_id":"a","state":"ALIVE","resources_total":{"GPU":1e300,"accelerator_type:H100":1}},{"NodeID":"b","Alive":false}]`))
	f.Add([]byte(`{"result":true,"data":{"summary":[{"hostname":"d","cpus":[64],"mem":[5e11],"gpus":[{"name":"x","memoryTotal":1}]}]}}`))
	f.Fuzz(fuzzed)
}

func FuzzNomad(f *testing.F) {
	f.Add([]byte(nomadOne))
	f.Fuzz(fuzzed)
}

func FuzzAnsible(f *testing.F) {
	f.Add([]byte(strings.Replace(ansibleFacts, "LOCAL", `{"a":["GPU 0: T4 (UUID: x)","MIG 1g.5gb Device 0"],"b":[{"name":"c","count":-3}]}`, 1)))
	f.Add([]byte("a | SUCCESS => {}\nb | FAILED! => {\"failed\": true, \"msg\": \"x\"}\n"))
	f.Fuzz(fuzzed)
}

func FuzzHostList(f *testing.F) {
	f.Add("a[01-03,7],b")
	f.Fuzz(func(t *testing.T, s string) {
		names, err := Expand(s)
		if err == nil && len(names) > 2*MaxNodes {
			t.Errorf("%d names", len(names))
		}
		if strings.ContainsAny(s, "[]\x00") || len(names) > 100 {
			return
		}
		// Names without brackets come back from their fold, each once, but for
		// numbers that no longer fit.
		again, err := Expand(Fold(names))
		if err != nil {
			t.Fatalf("%q folds to %q: %v", names, Fold(names), err)
		}
		if want := slices.Compact(slices.Sorted(slices.Values(names))); !slices.Equal(slices.Sorted(slices.Values(again)), want) {
			t.Errorf("%q comes back as %q", want, again)
		}
	})
}

// The captures of real nodes, where they are at hand (INDEX.csv says what each
// must give).
func TestFixtures(t *testing.T) {
	root := os.Getenv("PLIMSOLL_FIXTURES")
	if root == "" {
		t.Skip("PLIMSOLL_FIXTURES is not set")
	}
	file := func(path ...string) string {
		data, err := os.ReadFile(filepath.Join(append([]string{root, "hardware"}, path...)...))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	// Captures of labels alone are made nodes with the resources named.
	labels := func(text string) string {
		var out []string
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(strings.Replace(strings.TrimSpace(line), ": ", "=", 1))
			out = append(out, strings.NewReplacer(`"`, "", `'`, "").Replace(line))
		}
		return strings.Join(out, " ")
	}
	for _, c := range []struct {
		folder, file, resources, name, slice string
		count                                int
		memory                               int64 // MiB
	}{
		{"k8s-xe9680-h100-8x", "node-labels.txt", "nvidia.com/gpu=8", "NVIDIA-H100-80GB-HBM3", "", 8, 81559},
		{"k8s-eks-karpenter-g4dn", "node-labels.txt", "nvidia.com/gpu=1", "t4", "", 1, 16384},
		{"k8s-supermicro-a100-pcie-mig", "node-labels.yaml", "nvidia.com/mig-1g.5gb=4", "A100-PCIE-40GB", "1g.5gb", 4, 4864},
		{"k8s-r7525-a100-mig-single", "node-labels.yaml", "nvidia.com/gpu=7", "", "1g.5gb", 7, 4864},
		{"k8s-intel-flex-max-labels", "node-labels.txt", "gpu.intel.com/i915=2", "Max_1550", "", 2, 0},
		{"k8s-k3s-intel-igpu", "node-labels.txt", "gpu.intel.com/i915=1", "", "", 1, 0},
		{"k8s-eks-g5", "node-labels.txt", "nvidia.com/gpu=1", "", "", 1, 0},
	} {
		n := read(t, kubeNode("n", labels(file(c.folder, c.file)), c.resources, "")).Nodes[0]
		a := n.Accelerators[0]
		if len(n.Accelerators) != 1 || a.Name != c.name || a.Slice != c.slice || a.Count != c.count || a.MemoryBytes != c.memory*hardware.MiB {
			t.Errorf("%s: %+v", c.folder, n.Accelerators)
		}
	}
	for _, c := range []struct {
		folder, file, name, slice string
		count                     int
		memory                    int64
	}{
		{"k8s-gcp-t4-2x", "node.yaml", "Tesla-T4", "", 2, 15360},
		{"k8s-gcp-a100-mig-7g", "node.yaml", "NVIDIA-A100-SXM4-40GB", "7g.40gb", 1, 40192},
	} {
		data, err := yaml.YAMLToJSON([]byte(file(c.folder, c.file)))
		if err != nil {
			t.Fatal(err)
		}
		a := read(t, string(data)).Nodes[0].Accelerators
		if len(a) != 1 || a[0].Name != c.name || a[0].Slice != c.slice || a[0].Count != c.count || a[0].MemoryBytes != c.memory*hardware.MiB {
			t.Errorf("%s: %+v", c.folder, a)
		}
	}
	if n := read(t, file("ray-a40-2-nodes", "ray-status.txt")).Nodes; len(n) != 2 || n[0].Accelerators[0].Name != "A40" || n[0].Accelerators[0].Count != 2 {
		t.Errorf("ray: %+v", n)
	}
	if n := read(t, file("slurm-esc8000a-a40", "scontrol-show-node.txt")).Nodes[0]; n.Accelerators[0].Name != "a40" || n.Accelerators[0].Count != 1 || n.MemoryBytes != 245760*hardware.MiB || n.Pool != "tn" {
		t.Errorf("slurm: %+v", n)
	}
}
