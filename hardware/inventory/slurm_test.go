package inventory

import (
	"reflect"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/hardware"
)

func TestGres(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []gres
	}{
		{"gpu:h100:8(S:0-1)", []gres{{"gpu", "h100", 8}}},
		{"gpu:4(S:0-1)", []gres{{"gpu", "", 4}}},
		{"gpu:(null):4(IDX:0-3)", []gres{{"gpu", "", 4}}},
		{"gpu", []gres{{"gpu", "", 1}}},
		{"gpu:tesla:no_consume:2", []gres{{"gpu", "tesla", 2}}},
		{"gpu:a100:2(S:0,2,4),gpu:v100:1(S:1),shard:16,bandwidth:lustre:4G", []gres{{"gpu", "a100", 2}, {"gpu", "v100", 1}, {"shard", "", 16}, {"bandwidth", "lustre", 4 << 30}}},
		{"gpu:a100_3g.20gb:2", []gres{{"gpu", "a100_3g.20gb", 2}}},
		{"(null)", nil}, {"", nil}, {"N/A", nil},
	} {
		if got := parseGres(c.in); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", c.in, got, c.want)
		}
	}
}

func TestSlicePattern(t *testing.T) {
	for in, want := range map[string]string{"1g.10gb": "1g.10gb", "all-3g.40gb": "3g.40gb", "nvidia_a100_1g.5gb": "1g.5gb", "a100_2g_20gb": "2g.20gb", "A100 MIG 7g.80GB": "7g.80gb",
		"1g.10gb+me": "1g.10gb", "a100": "", "h100_80gb": "", "g.10gb": "", "12g.24gb": "", "all-disabled": "", "1g.gb": ""} {
		if got := slicePattern(in); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

const scontrolJSON = `{"meta":{"plugin":{"type":"openapi/slurmctld"}},"nodes":[
 {"name":"h1","state":["MIXED"],"partitions":["gpu","long"],"active_features":["hopper"],"gres":"gpu:h100:8(S:0-1)","gres_used":"gpu:h100:5(IDX:0-4)","real_memory":2063937,"cpus":192,"sockets":2,"cores":48,"threads":2,"architecture":"x86_64","operating_system":"Linux 5.15.0-1","tres":"cpu=192,mem=2063937M,gres/gpu=8"},
 {"name":"v1","state":["IDLE","DRAIN"],"reason":"bad DIMM","partitions":["gpu"],"gres":"gpu:v100:4","gres_used":"gpu:v100:0","real_memory":{"set":true,"infinite":false,"number":386000},"cpus":40},
 {"name":"u1","state":"idle","state_flags":[],"partitions":["old"],"features":"GPU_SKU:A100_PCIE,GPU_MEM:40GB","gres":"gpu:4(S:0-1)","gres_used":"gpu:(null):1(IDX:0)","real_memory":257000,"cpus":64},
 {"name":"m1","state":["ALLOCATED"],"partitions":["mig"],"gres":"gpu:a100_3g.20gb:2,gpu:a100_1g.5gb:1","gres_used":"gpu:a100_3g.20gb:1(IDX:0)","tres":"","real_memory":512000,"cpus":64},
 {"name":"c1","state":["IDLE","CLOUD","POWERED_DOWN"],"partitions":["cpu"],"gres":"","real_memory":128000,"cpus":32}],"errors":[]}`

func TestSlurmJSON(t *testing.T) {
	inv := read(t, scontrolJSON)
	if len(inv.Nodes) != 4 || !reflect.DeepEqual(inv.Left, []Left{{"v1", "drained", "bad DIMM"}}) || inv.Sources[0] != Slurm {
		t.Fatalf("%+v", inv)
	}
	h := inv.Nodes[0]
	want := Node{Name: "h1", Pool: "gpu+long", MemoryBytes: 2063937 * hardware.MiB, AllocatableBytes: 2063937 * hardware.MiB, CPU: CPU{Sockets: 2, Cores: 48, Threads: 192},
		Arch: "x86_64", OS: "linux", UsageKnown: true,
		Accelerators: []Accelerator{{Name: "h100", Named: "type of the gres", Hints: []string{"hopper"}, Count: 8, Used: 5}}}
	if !reflect.DeepEqual(h, want) {
		t.Errorf("got %+v\nwant %+v", h, want)
	}
	if a := inv.Nodes[1].Accelerators; !reflect.DeepEqual(a, []Accelerator{{Count: 4, Used: 1, Hints: []string{"A100_PCIE"}, MemoryBytes: 40 * hardware.GiB}}) {
		t.Errorf("features: %+v", a)
	}
	if a := inv.Nodes[2].Accelerators; len(a) != 2 || a[0].Slice != "3g.20gb" || a[0].Name != "a100" || a[0].Used != 1 || a[1].Slice != "1g.5gb" || a[1].Used != 0 {
		t.Errorf("slices: %+v", a)
	}
	if n := inv.Nodes[3]; len(n.Accelerators) != 0 || n.NotReady != "" {
		t.Errorf("a machine that is started on demand: %+v", n)
	}
	s, _ := ParseSelector("partition=gpu")
	if inv, err := readWith(Options{Selector: s, NotReady: true}, scontrolJSON); err != nil || len(inv.Nodes) != 2 || inv.Unselected != 3 {
		t.Errorf("%+v %v", inv, err)
	}
}

// The text of scontrol says the same as its JSON.
func TestSlurmText(t *testing.T) {
	const text = `NodeName=h1 Arch=x86_64 CoresPerSocket=48
   CPUAlloc=8 CPUEfctv=192 CPUTot=192 CPULoad=3.45
   AvailableFeatures=hopper
   ActiveFeatures=hopper
   Gres=gpu:h100:8(S:0-1)
   NodeAddr=h1 NodeHostName=h1 Version=24.05.2
   OS=Linux 5.15.0-1 #152-Ubuntu SMP Mon May 19 10:54:31 UTC 2025
   RealMemory=2063937 AllocMem=0 FreeMem=196025 Sockets=2 Boards=1
   State=MIXED ThreadsPerCore=2 TmpDisk=0 Weight=1 Owner=N/A MCS_label=N/A
   Partitions=gpu,long
   CfgTRES=cpu=192,mem=2063937M,billing=192,gres/gpu=8,gres/gpu:h100=8
   AllocTRES=cpu=8,gres/gpu=5,gres/gpu:h100=5

NodeName=d1 Arch=x86_64 CPUTot=12 Gres=gpu:1 State=DOWN*+DRAIN RealMemory=1000 Partitions=gpu Reason=not responding at all [root@2025-01-01T00:00:00]
`
	inv := read(t, text)
	if len(inv.Nodes) != 1 || len(inv.Left) != 1 || inv.Left[0] != (Left{"d1", "down", "not responding at all [root@2025-01-01T00:00:00]"}) {
		t.Fatalf("%+v", inv)
	}
	if got, want := inv.Nodes[0], read(t, scontrolJSON).Nodes[0]; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	one := strings.ReplaceAll(text, "\n   ", " ")
	if got := read(t, one); !reflect.DeepEqual(got, inv) {
		t.Errorf("on one line each: %+v", got)
	}
}

func TestSlurmStates(t *testing.T) {
	for state, ready := range map[string]bool{"IDLE": true, "MIXED+PLANNED": true, "ALLOCATED": true, "IDLE+CLOUD+POWERED_DOWN": true, "IDLE~": true, "RESERVED": true, "COMPLETING": true, "IDLE+DYNAMIC_NORM": true,
		"DOWN": false, "IDLE*": false, "IDLE+DRAIN": false, "DRAINED": false, "MIXED+DRAIN": false, "IDLE+MAINT": false, "FUTURE": false, "UNKNOWN": false, "IDLE+NOT_RESPONDING": false, "FAIL": false, "drained": false, "INVAL": false} {
		if got := slurmState([]string{state}); (got == "") != ready {
			t.Errorf("%s: %q", state, got)
		}
	}
}

// A node of several partitions is one node.
func TestSinfo(t *testing.T) {
	inv := read(t, `{"sinfo":[
 {"node":{"state":["IDLE"]},"nodes":{"total":3,"nodes":["g[01-03]"]},"cpus":{"minimum":64,"maximum":64},"memory":{"minimum":512000,"maximum":515000},"partition":{"name":"gpu"},"features":{"total":"x","active":"x"},"gres":{"total":"gpu:a100:4","used":"gpu:a100:0"}},
 {"node":{"state":["IDLE"]},"nodes":{"total":1,"nodes":["g02"]},"cpus":{"minimum":64},"memory":{"minimum":512000},"partition":{"name":"long"},"gres":{"total":"gpu:a100:4","used":"gpu:a100:2(IDX:0-1)"}},
 {"node":{"state":["DOWN"]},"nodes":{"nodes":["g04"]},"partition":{"name":"gpu"},"gres":{"total":"gpu:a100:4"}},
 {"node":{"state":["DOWN"]},"nodes":{"nodes":["g04"]},"partition":{"name":"long"},"gres":{"total":"gpu:a100:4"}}],"meta":{}}`)
	if len(inv.Nodes) != 3 || len(inv.Left) != 1 {
		t.Fatalf("%+v", inv)
	}
	if n := inv.Nodes[1]; n.Name != "g02" || n.Pool != "gpu+long" || n.Accelerators[0].Count != 4 || n.MemoryBytes != 512000*hardware.MiB {
		t.Errorf("%+v", n)
	}
}

func TestHostLists(t *testing.T) {
	for list, want := range map[string]string{"a": "a", "g[01-03,7],b": "g01 g02 g03 g7 b", "r[1-2]-n": "r1-n r2-n", "": ""} {
		got, err := Expand(list)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %q %v, want %q", list, got, err, want)
		}
	}
	for _, bad := range []string{"a[3-1]", "a[x]", "a[1-99999999]", "a[-1]"} {
		if _, err := Expand(bad); err == nil {
			t.Errorf("%s is a host list", bad)
		}
	}
	for names, want := range map[string]string{"g01 g02 g03 g07 b": "b,g[01-03,07]", "n9 n10 n11": "n9,n[10-11]", "x-1.dc x-2.dc y": "x-[1-2].dc,y", "a a": "a", "gke-pool-a1b2-x gke-pool-a1b3-x": "gke-pool-a1b[2-3]-x"} {
		if got := Fold(strings.Fields(names)); got != want {
			t.Errorf("%s: %s, want %s", names, got, want)
		}
	}
}
