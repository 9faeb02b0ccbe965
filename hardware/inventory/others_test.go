package inventory

import (
	"reflect"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/hardware"
)

func TestRayNodes(t *testing.T) {
	inv := read(t, `[{"node_id":"a1","node_name":"10.0.0.1","is_head_node":true,"state":"ALIVE","resources_total":{"CPU":16.0,"memory":34359738368.0,"node:10.0.0.1":1.0,"object_store_memory":1e10},"labels":{"ray.io/node-id":"a1"}},
 {"node_id":"a2","node_name":"10.0.0.2","state":"ALIVE","resources_total":{"CPU":208.0,"GPU":8.0,"accelerator_type:H100":1.0,"memory":1.5e12},"labels":{"ray.io/node-group":"gpu-group","ray.io/accelerator-type":"H100"}},
 {"node_id":"a3","node_name":"10.0.0.3","state":"DEAD","state_message":"health check failed","resources_total":{"GPU":8.0}},
 {"node_id":"a4","node_name":"10.0.0.4","state":"ALIVE","resources_total":{"TPU":4.0,"accelerator_type:TPU-V4":1.0,"TPU-v4-8-head":1.0}}]`)
	if len(inv.Nodes) != 3 || !reflect.DeepEqual(inv.Left, []Left{{"10.0.0.3", "dead", "health check failed"}}) {
		t.Fatalf("%+v", inv)
	}
	if n := inv.Nodes[1]; n.Pool != "gpu-group" || n.CPU.Threads != 208 || n.AllocatableBytes != 1.5e12 || n.MemoryBytes != 0 ||
		!reflect.DeepEqual(n.Accelerators, []Accelerator{{Name: "H100", Named: "accelerator_type", Hints: []string{}, Count: 8}}) {
		t.Errorf("%+v", n)
	}
	if a := inv.Nodes[2].Accelerators; len(a) != 1 || a[0].Count != 4 || a[0].Name != "TPU-V4" || a[0].Refused == "" {
		t.Errorf("%+v", a)
	}
	old := read(t, `[{"NodeID":"x","Alive":true,"NodeManagerHostname":"h","Resources":{"GPU":2,"accelerator_type:A10G":1},"Labels":{}},{"NodeID":"y","Alive":false,"NodeManagerHostname":"i"}]`)
	if len(old.Nodes) != 1 || len(old.Left) != 1 || old.Nodes[0].Accelerators[0].Name != "A10G" || old.Nodes[0].Accelerators[0].Count != 2 {
		t.Errorf("%+v", old)
	}
	dash := read(t, `{"result":true,"msg":"","data":{"summary":[{"hostname":"d","cpus":[64,32],"mem":[540000000000,1,2,3],"gpus":[{"index":0,"name":"NVIDIA A100-SXM4-80GB","memoryTotal":81920},{"index":1,"name":"NVIDIA A100-SXM4-80GB","memoryTotal":81920}],"raylet":{"state":"ALIVE","resourcesTotal":{"GPU":2.0}}}]}}`)
	if n := dash.Nodes[0]; n.MemoryBytes != 540000000000 || n.CPU.Threads != 64 || len(n.Accelerators) != 1 || n.Accelerators[0].Count != 2 || n.Accelerators[0].MemoryBytes != 80*hardware.GiB {
		t.Errorf("%+v", n)
	}
	api := read(t, `{"result":true,"data":{"result":{"total":1,"result":[{"node_id":"a","node_name":"n","state":"ALIVE","resources_total":{"GPU":1.0}}]}}}`)
	if len(api.Nodes) != 1 || api.Nodes[0].Accelerators[0].Count != 1 {
		t.Errorf("%+v", api)
	}
}

const rayTotals = `======== Autoscaler status: 2024-01-01 00:00:00.000000 ========
Node status
---------------------------------------------------------------
Active:
 2 ray.worker
Pending:
 (no pending nodes)
Recent failures:
 (no failures)

Resources
---------------------------------------------------------------
Usage:
 30.0/64.0 CPU (0.0 used of 2.0 reserved in placement groups)
 3.0/4.0 GPU (0.0 used of 4.0 reserved in placement groups)
 0.0/2.0 accelerator_type:A40
 0B/225.761GiB memory
 0B/10.000GiB object_store_memory

Demands:
 (no resource demands)
`

func TestRayStatus(t *testing.T) {
	inv := read(t, rayTotals)
	if len(inv.Nodes) != 2 || len(inv.Notes) != 1 {
		t.Fatalf("%+v", inv)
	}
	for i, used := range []int{2, 1} {
		n := inv.Nodes[i]
		if a := n.Accelerators[0]; a.Name != "A40" || a.Count != 2 || a.Used != used || n.CPU.Threads != 32 || n.AllocatableBytes>>30 != 112 || !n.UsageKnown {
			t.Errorf("%+v", n)
		}
	}
	// 4 devices of two kinds on unknown nodes tell nothing.
	if _, err := readWith(Options{}, strings.Replace(rayTotals, "0B/10.000GiB obj", "1.0/1.0 accelerator_type:T4\n 0B/10.000GiB obj", 1)); err == nil || !strings.Contains(err.Error(), "ray list nodes") {
		t.Errorf("two kinds: %v", err)
	}
	verbose := rayTotals[:strings.Index(rayTotals, "Usage:")] + "Total Usage:\n 1.0/3.0 GPU\n\nNode: a\n Usage:\n  0.0/8.0 CPU\n  1.0/1.0 GPU\n  0.0/1.0 accelerator_type:T4\n\nNode: b\n Usage:\n  0.0/2.0 GPU\n  0.0/1.0 accelerator_type:A10G\n"
	inv = read(t, verbose)
	if len(inv.Nodes) != 2 || inv.Nodes[0].Accelerators[0].Used != 1 || inv.Nodes[1].Accelerators[0].Name != "A10G" || inv.Nodes[1].Accelerators[0].Count != 2 {
		t.Errorf("%+v", inv.Nodes)
	}
}

const nomadOne = `{"ID":"0a","Name":"client-1","Datacenter":"dc1","NodeClass":"gpu","NodePool":"default","Status":"ready","Drain":false,"SchedulingEligibility":"eligible",
 "Attributes":{"cpu.modelname":"AMD EPYC 7763 64-Core Processor","cpu.numcores":"128","cpu.arch":"amd64","kernel.name":"linux","memory.totalbytes":"540000000000","platform.gce.machine-type":"projects/1/machineTypes/a2-highgpu-1g"},
 "Meta":{"rack":"r1"},"NodeResources":{"Cpu":{"CpuShares":1},"Memory":{"MemoryMB":514984},"Devices":[
  {"Vendor":"nvidia","Type":"gpu","Name":"Tesla T4","Instances":[{"ID":"GPU-1","Healthy":true},{"ID":"GPU-2","Healthy":false,"HealthDescription":"xid"}],
   "Attributes":{"memory":{"Int":15360,"Unit":"MiB"},"pci_bandwidth":{"Int":15760,"Unit":"MB/s"},"driver_version":{"String":"535"}}},
  {"Vendor":"x","Type":"usb","Name":"stick","Instances":[{"ID":"1"}]}]},"ReservedResources":{"Memory":{"MemoryMB":1024}}}`

func TestNomad(t *testing.T) {
	down := strings.Replace(strings.Replace(nomadOne, `"ready"`, `"down"`, 1), "client-1", "client-2", 1)
	// Each node's own document after the other, and a list.
	for _, text := range []string{nomadOne + "\n" + down, "[" + nomadOne + "," + down + "]"} {
		inv := read(t, text)
		if len(inv.Nodes) != 1 || len(inv.Left) != 1 || inv.Left[0] != (Left{"client-2", "down", ""}) {
			t.Fatalf("%+v", inv)
		}
		n := inv.Nodes[0]
		want := Node{Name: "client-1", Pool: "gpu", Instance: "a2-highgpu-1g", OS: "linux", Arch: "amd64", MemoryBytes: 540000000000, AllocatableBytes: 513960 * hardware.MiB,
			CPU: CPU{Model: "AMD EPYC 7763 64-Core Processor", Threads: 128}, Notes: []string{"1 of 2 devices cannot be given to work"},
			Accelerators: []Accelerator{{Name: "Tesla T4", Named: "name of the device", Vendor: "NVIDIA", MemoryBytes: 15360 * hardware.MiB, Count: 1}}}
		if !reflect.DeepEqual(n, want) {
			t.Errorf("got %+v\nwant %+v", n, want)
		}
	}
	for selector, kept := range map[string]int{"class=gpu": 2, "meta.rack=r1": 2, "cpu.arch=arm64": 0, "datacenter=dc1": 2} {
		s, _ := ParseSelector(selector)
		if inv, err := readWith(Options{Selector: s, NotReady: true}, nomadOne+down); err != nil || len(inv.Nodes) != kept {
			t.Errorf("%s: %+v %v", selector, inv, err)
		}
	}
	if _, err := readWith(Options{}, `[{"ID":"1","Name":"a","Status":"ready","SchedulingEligibility":"eligible","NodeClass":""}]`); err == nil || !strings.Contains(err.Error(), "resources=true") {
		t.Errorf("a list without resources: %v", err)
	}
}

const ansibleFacts = `{"ansible_facts":{"ansible_architecture":"x86_64","ansible_system":"Linux","ansible_hostname":"secret","ansible_nodename":"secret.example","ansible_memtotal_mb":515552,
 "ansible_processor":["0","AuthenticAMD","AMD EPYC 7763 64-Core Processor","1","AuthenticAMD","AMD EPYC 7763 64-Core Processor"],"ansible_processor_count":2,"ansible_processor_cores":64,"ansible_processor_threads_per_core":2,"ansible_processor_vcpus":256,
 "ansible_product_name":"PowerEdge R7525","ansible_interfaces":["lo","eno1","ib0"],"ansible_eno1":{"active":true,"type":"ether","speed":25000},"ansible_ib0":{"active":true,"type":"infiniband","speed":200000},"ansible_lo":{"active":true,"type":"loopback"},
 "ansible_local":{"site":{"rack":"7"},"gpus":LOCAL}},"changed":false}`

func TestAnsible(t *testing.T) {
	h := func(name, pci string, memory int64, n int) Accelerator {
		return Accelerator{Name: name, Named: "local fact gpus", PCIID: pci, MemoryBytes: memory, Count: n}
	}
	nv := func(a Accelerator) Accelerator { a.Vendor = "NVIDIA"; return a }
	slice := nv(h("NVIDIA A100-SXM4-80GB", "", 0, 2))
	slice.Slice = "1g.10gb"
	for _, c := range []struct {
		local string
		want  []Accelerator
	}{
		{`["NVIDIA A40","NVIDIA A40"]`, []Accelerator{h("NVIDIA A40", "", 0, 2)}},
		{`[{"name":"NVIDIA A40","memory_mib":46068},{"name":"NVIDIA A40","memory":"46068 MiB"}]`, []Accelerator{h("NVIDIA A40", "", 46068*hardware.MiB, 2)}},
		{`{"model":"NVIDIA A40","count":4}`, []Accelerator{h("NVIDIA A40", "", 0, 4)}},
		{`{"0":{"product_name":"NVIDIA L4"},"1":{"product_name":"NVIDIA L4"}}`, []Accelerator{h("NVIDIA L4", "", 0, 2)}},
		{`"NVIDIA H100 80GB HBM3, 81559 MiB\nNVIDIA H100 80GB HBM3, 81559 MiB\n"`, []Accelerator{h("NVIDIA H100 80GB HBM3", "", 81559*hardware.MiB, 2)}},
		{`"GPU 0: Tesla T4 (UUID: GPU-0)\nGPU 1: Tesla T4 (UUID: GPU-1)\n"`, []Accelerator{nv(h("Tesla T4", "", 0, 2))}},
		{`"GPU 0: NVIDIA A100-SXM4-80GB (UUID: GPU-0)\n  MIG 1g.10gb Device 0: (UUID: MIG-0)\n  MIG 1g.10gb Device 1: (UUID: MIG-1)\n"`, []Accelerator{slice}},
		{`"17:00.0 3D controller [0302]: NVIDIA Corporation GH100 [H100 SXM5 80GB] [10de:2330] (rev a1)\n2a:00.0 VGA compatible controller [0300]: ASPEED Technology, Inc. ASPEED Graphics Family [1a03:2000] (rev 52)"`, []Accelerator{nv(h("H100 SXM5 80GB", "2330", 0, 1))}},
		{`["17:00.0 3D controller: NVIDIA Corporation GA102GL [A40] (rev a1)"]`, []Accelerator{nv(h("A40", "", 0, 1))}},
		{`"no gpu here"`, nil}, {`null`, nil}, {`7`, nil},
	} {
		inv := read(t, strings.Replace(ansibleFacts, "LOCAL", c.local, 1))
		n := inv.Nodes[0]
		if !reflect.DeepEqual(n.Accelerators, c.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", c.local, n.Accelerators, c.want)
		}
		if n.Name != "secret.example" || n.MemoryBytes != 515552*hardware.MiB || !reflect.DeepEqual(n.CPU, CPU{Model: "AMD EPYC 7763 64-Core Processor", Vendor: "AuthenticAMD", Sockets: 2, Cores: 64, Threads: 256}) ||
			n.Network != (Network{"infiniband", 25}) || n.Pool != "PowerEdge R7525" || n.OS != "linux" {
			t.Errorf("%+v", n)
		}
	}
}

// What ansible prints, and facts as a cache keeps them.
func TestAnsibleForms(t *testing.T) {
	facts := strings.Replace(ansibleFacts, "LOCAL", `["NVIDIA A40"]`, 1)
	inv := read(t, "web1 | SUCCESS => "+facts+"\nweb2 | UNREACHABLE! => {\n    \"changed\": false,\n    \"msg\": \"Failed to connect\",\n    \"unreachable\": true\n}\n")
	if len(inv.Nodes) != 1 || inv.Nodes[0].Name != "web1" || !reflect.DeepEqual(inv.Left, []Left{{"web2", "not reached", "Failed to connect"}}) {
		t.Errorf("%+v", inv)
	}
	cache := facts[len(`{"ansible_facts":`):strings.LastIndex(facts, `,"changed"`)]
	var b Builder
	if err := b.Read("host-a", strings.NewReader(cache)); err != nil {
		t.Fatal(err)
	}
	if err := b.Read("host-b", strings.NewReader(facts)); err != nil {
		t.Fatal(err)
	}
	inv, err := b.Finish()
	if err != nil || len(inv.Nodes) != 2 || inv.Nodes[0].Name != "host-a" || inv.Nodes[1].Name != "host-b" || len(inv.Sources) != 1 {
		t.Errorf("%+v %v", inv, err)
	}
}
