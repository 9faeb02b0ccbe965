package profiles_test

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles"
)

// What each pool holds: weights of 70.6 GB in FP8 go on one card of 80 GB only
// without a margin, on two of 48 GB, and nowhere on one of 24 GB.
func TestRooms(t *testing.T) {
	req := mixed(t, "llama-3.1-70b", "FP8", "3 8x h100-sxm5-80gb", "2 5x l40s-48gb", "4 rtx-4090-24gb")
	rooms := estimator.Rooms(req)
	if len(rooms) != 3 {
		t.Fatalf("%+v", rooms)
	}
	for i, want := range []estimator.Room{
		{Pool: "3x(8x h100-sxm5-80gb)", Nodes: 3, Devices: 24, Verdict: estimator.Fits, TP: 1, PP: 1, DevicesEach: 1, NodesEach: 1, Replicas: 24},
		// Two replicas of two cards in each node of five; one card is left.
		{Pool: "2x(5x l40s-48gb)", Nodes: 2, Devices: 10, Verdict: estimator.Fits, TP: 2, PP: 1, DevicesEach: 2, NodesEach: 1, Replicas: 4, LeftDevices: 2},
		// One card of 24 GB in each of four computers, a stage on each.
		{Pool: "4x(rtx-4090-24gb)", Nodes: 4, Devices: 4, Verdict: estimator.Fits, TP: 1, PP: 4, DevicesEach: 4, NodesEach: 4, Replicas: 1},
	} {
		got := rooms[i]
		if got.Sequences < got.Replicas || got.LeftBytes <= 0 {
			t.Errorf("%s: %d sequences, %d bytes left", got.Pool, got.Sequences, got.LeftBytes)
		}
		got.Sequences, got.LeftBytes = 0, 0
		if got != want {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
	}
}

func TestRoomsOfOneComputer(t *testing.T) {
	req := mixed(t, "llama-3.1-70b", "Q4_K_M", "2 4x rtx-4090-24gb", "3 rtx-4090-24gb")
	engine, err := profiles.Engine("llama.cpp")
	if err != nil {
		t.Fatal(err)
	}
	req.Engine = engine
	rooms := estimator.Rooms(req)
	// 42 GB take two cards; on one the rest stays with the host.
	if r := rooms[0]; r.Verdict != estimator.Fits || r.DevicesEach != 2 || r.Replicas != 4 || r.LeftDevices != 0 || r.TP != 0 {
		t.Errorf("%+v", r)
	}
	if r := rooms[1]; r.Verdict != estimator.FitsOffload || r.Replicas != 3 || r.NodesEach != 1 {
		t.Errorf("%+v", r)
	}
	if best := estimator.Best(rooms); best != 0 {
		t.Errorf("the best pool is %d", best)
	}
	// A division by hand is kept to.
	req = mixed(t, "llama-3.1-8b", "FP8", "2 8x h100-sxm5-80gb")
	req.Deployment.TP = 4
	if r := estimator.Rooms(req)[0]; r.TP != 4 || r.DevicesEach != 4 || r.Replicas != 4 {
		t.Errorf("%+v", r)
	}
}

// A slice holds what fits in it alone, whatever else its pool has.
func TestRoomsOfSlices(t *testing.T) {
	req := mixed(t, "llama-3.1-8b", "BF16", "14 {device: a100-sxm4-80gb, memory_gb: 9.5, slice: 1g.10gb}", "2 8x h100-sxm5-80gb")
	if r := estimator.Rooms(req)[0]; r.Replicas != 0 || r.LeftDevices != 14 || r.LeftNodes != 14 || !strings.Contains(r.Refused, "does not fit: needs") {
		t.Errorf("%+v", r)
	}
	plans, err := estimator.PlanPools(req, atRate(5), estimator.ForThroughput, nil)
	if err != nil || plans.Pools[0].Refused == "" || plans.Pools[1].Plan == nil {
		t.Errorf("%+v %v", plans, err)
	}
}

// Devices are in a replica or left; more nodes hold no less; a larger context
// leaves no more replicas.
func TestRoomsLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nodes := rapid.SliceOfNDistinct(rapid.SampledFrom(somePools), 1, 4, rapid.ID).Draw(t, "nodes")
		model := rapid.SampledFrom([]string{"llama-3.1-8b", "llama-3.1-70b", "deepseek-v3", "qwen3-30b-a3b"}).Draw(t, "model")
		req := mixed(t, model, "native", nodes...)
		req.Deployment.Context = rapid.SampledFrom([]int{2048, 8192, 32768}).Draw(t, "context")
		rooms := estimator.Rooms(req)
		for i, r := range rooms {
			used := r.Replicas * r.DevicesEach
			if used+r.LeftDevices != r.Devices || r.Replicas < 0 || (r.Replicas == 0) != (r.Refused != "") || (r.Replicas == 0) != (r.Verdict == estimator.DoesNotFit) || r.LeftNodes > r.Nodes || r.LeftBytes < 0 || r.Sequences < 0 {
				t.Fatalf("%+v", r)
			}
			if r.Replicas > 0 && r.NodesEach*r.Replicas > r.Nodes && r.NodesEach > 1 {
				t.Fatalf("%+v", r)
			}
			more := *req.Machine
			more.Nodes = []hardware.Node{req.Machine.Nodes[i]}
			more.Nodes[0].Count = 2 * max(more.Nodes[0].Count, 1)
			twice := *req
			twice.Machine = &more
			if n := estimator.Rooms(&twice)[0].Replicas; n < r.Replicas*2 {
				t.Fatalf("twice the nodes hold %d replicas, once %d", n, r.Replicas)
			}
		}
		req.Deployment.Context *= 2
		for i, r := range estimator.Rooms(req) {
			if r.Replicas > rooms[i].Replicas {
				t.Fatalf("twice the context: %d replicas instead of %d", r.Replicas, rooms[i].Replicas)
			}
		}
	})
}

// A pool of more devices than one deployment spans is cut into equal parts, which
// together carry what its nodes carry.
func TestPoolsBeyondOneDeployment(t *testing.T) {
	big := mixed(t, "llama-3.1-8b", "FP8", "1001 8x h100-sxm5-80gb", "1 8x a100-sxm4-80gb")
	parts := estimator.SplitMachine(big.Machine)
	if len(parts) != 3 || parts[0].Nodes[0].Count != 500 || parts[1].Nodes[0].Count != 501 || parts[0].Devices()+parts[1].Devices() != 8008 {
		t.Fatalf("%d parts of %d and %d nodes", len(parts), parts[0].Nodes[0].Count, parts[1].Nodes[0].Count)
	}
	load := atRate(100)
	all, err := estimator.PlanPools(big, load, estimator.ForThroughput, nil)
	if err != nil {
		t.Fatal(err)
	}
	small, err := estimator.PlanPools(mixed(t, "llama-3.1-8b", "FP8", "500 8x h100-sxm5-80gb", "1 8x a100-sxm4-80gb"), load, estimator.ForThroughput, nil)
	if err != nil {
		t.Fatal(err)
	}
	shares := 0.0
	for i := range all.Pools {
		shares += all.Pools[i].Share
	}
	a, b := all.CapacityRequestsS, small.CapacityRequestsS
	if math.Abs(shares-1) > 1e-9 || a < 1.98*b || a > 2.02*b {
		t.Errorf("shares %g; 1001 nodes carry %g, 500 carry %g", shares, a, b)
	}
	even, err := estimator.PlanPools(mixed(t, "llama-3.1-8b", "FP8", "1000 8x h100-sxm5-80gb"), load, estimator.ForThroughput, nil)
	if err != nil || len(even.Pools) != 2 || even.Pools[0].Share != even.Pools[1].Share || *even.Pools[0].Plan != *even.Pools[1].Plan {
		t.Errorf("%+v %v", even, err)
	}
}

// Nodes of one kind with networks of their own are pools of their own, and each
// is joined by its own.
func TestPoolsOfOtherNetworks(t *testing.T) {
	m, err := profiles.ReadMachine("f.yaml", []byte("network: ib-ndr\nnodes:\n  - {count: 2, devices: [8x h100-sxm5-80gb], link: nvlink4}\n  - {count: 2, devices: [8x h100-sxm5-80gb], link: nvlink4, network: eth-25}\n  - {count: 2, devices: [8x h100-sxm5-80gb], link: nvlink4, network: none}\n"))
	if err != nil {
		t.Fatal(err)
	}
	pools := estimator.SplitMachine(m)
	if len(pools) != 2 || pools[0].Nodes[0].Count != 4 {
		t.Fatalf("%d pools", len(pools))
	}
	for i, want := range []string{"ib-ndr", "eth-25"} {
		j, err := pools[i].Join()
		if err != nil || j.Primary().Network == nil || j.Primary().Network.ID != want {
			t.Errorf("pool %d is joined by %+v, want %s (%v)", i, j.Primary().Network, want, err)
		}
	}
}
