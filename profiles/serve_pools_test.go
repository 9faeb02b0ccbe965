package profiles_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/serving"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles"
)

// nodesOf writes a profile of nodes: "2 8x h100-sxm5-80gb" is two of eight.
func nodesOf(t fatal, nodes ...string) *hardware.Machine {
	t.Helper()
	text := "name: mixed\nnetwork: ib-ndr\nnodes:\n"
	for _, n := range nodes {
		count, devices, _ := strings.Cut(n, " ")
		text += fmt.Sprintf("  - {count: %s, devices: [%s], link: nvlink4}\n", count, devices)
	}
	m, err := profiles.ReadMachine("mixed.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%v", err)
	}
	return m
}

// mixed is a request for a machine of such nodes, not joined.
func mixed(t fatal, modelID, format string, nodes ...string) *estimator.Request {
	t.Helper()
	req := ask(t, modelID, format, "h100-sxm5-80gb", "vllm")
	req.Machine = nodesOf(t, nodes...)
	req.Cache = new(estimator.Cache)
	return req
}

func atRate(rate float64) *serving.Load {
	return &serving.Load{Rate: rate, Input: serving.Fixed(1000), Output: serving.Fixed(200), Seed: 1}
}

func TestSplitMachine(t *testing.T) {
	const h, a = "8x h100-sxm5-80gb", "8x a100-sxm4-80gb"
	for _, c := range []struct {
		nodes []string
		want  string
	}{
		{[]string{"1 " + h}, "mixed"},
		{[]string{"1 " + h, "1 " + h}, "mixed"},
		{[]string{"1 " + h, "2 " + a}, "mixed: " + h + " 8; mixed: 2x(" + a + ") 16"},
		{[]string{"1 " + a, "1 " + h, "1 " + a}, "mixed: 2x(" + a + ") 16; mixed: " + h + " 8"},
		{[]string{"1 8x h100-sxm5-80gb", "1 4x h100-sxm5-80gb"}, "mixed: " + h + " 8; mixed: 4x h100-sxm5-80gb 4"},
		{[]string{"1 h100-sxm5-80gb", "3 2x a100-sxm4-80gb, h100-sxm5-80gb"}, "mixed: h100-sxm5-80gb 1; mixed: 3x(2x a100-sxm4-80gb + h100-sxm5-80gb) 9"},
		// One card with two sizes of memory is two.
		{[]string{"1 {device: l40s, memory_gb: 48}", "1 {device: l40s, memory_gb: 24}"}, "mixed: l40s-48gb 1; mixed: l40s-48gb 1"},
	} {
		m := nodesOf(t, c.nodes...)
		before := m.Devices()
		pools := estimator.SplitMachine(m)
		var got []string
		for _, p := range pools {
			text := p.Name
			if len(pools) > 1 {
				text += fmt.Sprintf(" %d", p.Devices())
			}
			got = append(got, text)
		}
		if s := strings.Join(got, "; "); s != c.want {
			t.Errorf("%v: pools %s, want %s", c.nodes, s, c.want)
		}
		if m.Devices() != before {
			t.Errorf("%v: the machine itself was changed", c.nodes)
		}
	}
}

// Two groups of like nodes are one pool, and it plans as the same nodes written
// as one group do.
func TestLikeGroupsAreOnePool(t *testing.T) {
	load := closed(64, 1000, 200)
	two := mixed(t, "llama-3.1-70b", "FP8", "1 8x h100-sxm5-80gb", "1 8x h100-sxm5-80gb", "1 4x a100-sxm4-80gb")
	one := mixed(t, "llama-3.1-70b", "FP8", "2 8x h100-sxm5-80gb", "1 4x a100-sxm4-80gb")
	a, err := estimator.PlanPools(two, load, estimator.ForThroughput, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := estimator.PlanPools(one, load, estimator.ForThroughput, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Pools) != 2 || len(b.Pools) != 2 || a.CapacityRequestsS != b.CapacityRequestsS {
		t.Fatalf("%+v\n%+v", a, b)
	}
	for i := range a.Pools {
		p, q := &a.Pools[i], &b.Pools[i]
		if p.Name != q.Name || p.Share != q.Share || *p.Plan != *q.Plan {
			t.Errorf("%+v %+v\nand as one group %+v %+v", p, p.Plan, q, q.Plan)
		}
	}
	// The pool alone is the machine joined.
	alone := mixed(t, "llama-3.1-70b", "FP8", "2 8x h100-sxm5-80gb")
	whole, err := estimator.PlanPools(alone, load, estimator.ForThroughput, nil)
	if err != nil {
		t.Fatal(err)
	}
	if alone.Machine, err = alone.Machine.Join(); err != nil {
		t.Fatal(err)
	}
	plans, err := estimator.Plans(alone, load, estimator.ForThroughput, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(whole.Pools) != 1 || whole.Pools[0].Share != 1 || *whole.Pools[0].Plan != plans[0] {
		t.Errorf("one pool %+v, and joined %+v", whole.Pools[0].Plan, &plans[0])
	}
}

var somePools = []string{"1 8x h100-sxm5-80gb", "2 8x a100-sxm4-80gb", "1 4x l40s-48gb", "3 2x h200-sxm-141gb", "1 2x rtx-4090-24gb"}

// Shares add up, parts of the load are the load, and a further pool never
// lowers what all carry together (by more than what counts as alike).
func TestPoolsShareALoad(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nodes := rapid.SliceOfNDistinct(rapid.SampledFrom(somePools), 2, 4, rapid.ID).Draw(t, "nodes")
		load := rapid.SampledFrom([]*serving.Load{atRate(2), atRate(50), atRate(math.Inf(1)), closed(1, 1000, 200), closed(37, 1000, 200), closed(2000, 300, 40),
			{Seed: 1, Trace: []serving.Arrival{{At: 0, Input: 100, Output: 20}, {At: 1, Input: 200, Output: 10}, {At: 2, Input: 300, Output: 30}, {At: 5, Input: 50, Output: 5}, {At: 6, Input: 700, Output: 50}}}}).Draw(t, "load")
		modelID := rapid.SampledFrom([]string{"llama-3.1-8b", "qwen3-30b-a3b"}).Draw(t, "model")
		all, err := estimator.PlanPools(mixed(t, modelID, "native", nodes...), load, estimator.ForThroughput, nil)
		if err != nil {
			t.Fatalf("%v", err)
		}
		shares, rate, users, requests := 0.0, 0.0, 0, 0
		for i := range all.Pools {
			p := &all.Pools[i]
			shares += p.Share
			if (p.Share > 0) != (p.Load != nil) || p.Refused != "" && p.Share > 0 || (p.Refused == "") != (p.Plan != nil) {
				t.Fatalf("%+v", p)
			}
			if p.Load != nil {
				rate, users, requests = rate+p.Load.Rate, users+p.Load.Concurrency, requests+len(p.Load.Trace)
			}
		}
		if math.Abs(shares-1) > 1e-9 || users != load.Concurrency || requests != len(load.Trace) || !(rate == load.Rate || math.Abs(rate-load.Rate) < 1e-9*load.Rate) {
			t.Fatalf("shares add up to %g, rates to %g, users to %d, requests to %d", shares, rate, users, requests)
		}
		if largest := all.Largest(); largest.Plan == nil {
			t.Fatalf("the largest pool %s does not run it: %s", largest.Name, largest.Refused)
		}
		fewer, err := estimator.PlanPools(mixed(t, modelID, "native", nodes[1:]...), load, estimator.ForThroughput, nil)
		if err != nil {
			return // only the pool left out runs it
		}
		if all.CapacityRequestsS < 0.98*fewer.CapacityRequestsS {
			t.Fatalf("%v carry %g requests/s, and without the first %g", nodes, all.CapacityRequestsS, fewer.CapacityRequestsS)
		}
		if fewer.Stable && !all.Stable {
			t.Fatalf("%v do not carry what all but the first do", nodes)
		}
	})
}

// What each carries decides its share, so that a load is carried as long as it
// is less than what all carry, whatever the goal.
func TestPoolsCarryWhatTheyCan(t *testing.T) {
	for _, goal := range []estimator.Goal{estimator.ForThroughput, estimator.ForLatency, estimator.ForCost} {
		req := mixed(t, "llama-3.1-70b", "FP8", "1 8x h100-sxm5-80gb", "1 8x a100-sxm4-80gb")
		most, err := estimator.PlanPools(req, atRate(1), estimator.ForThroughput, nil)
		if err != nil {
			t.Fatal(err)
		}
		if fast, slow := &most.Pools[0], &most.Pools[1]; fast.Share <= slow.Share || most.Largest() != fast {
			t.Errorf("eight H100 get %g of the load, eight A100 %g", fast.Share, slow.Share)
		}
		for _, part := range []float64{0.5, 0.97, 1.05} {
			p, err := estimator.PlanPools(req, atRate(part*most.CapacityRequestsS), goal, nil)
			if err != nil {
				t.Fatal(err)
			}
			if p.Stable != (part < 1) {
				t.Errorf("%g of the capacity for %s: carried %t", part, goal, p.Stable)
			}
		}
	}
}

func TestPoolsThatCannot(t *testing.T) {
	req := mixed(t, "llama-3.1-70b", "FP8", "1 8x h100-sxm5-80gb", "1 rtx-4090-24gb")
	for _, load := range []*serving.Load{nil, atRate(1), closed(8, 1000, 200)} {
		p, err := estimator.PlanPools(req, load, estimator.ForThroughput, nil)
		if err != nil {
			t.Fatal(err)
		}
		if q := &p.Pools[1]; q.Plan != nil || q.Share != 0 || !strings.Contains(q.Refused, "does not fit") || p.Pools[0].Share != 1 {
			t.Errorf("%+v", p)
		}
	}
	req = mixed(t, "deepseek-v3", "native", "1 8x l40s-48gb", "1 rtx-4090-24gb")
	if _, err := estimator.PlanPools(req, nil, estimator.ForLatency, nil); err == nil ||
		!strings.Contains(err.Error(), "8x l40s-48gb: ") || !strings.Contains(err.Error(), "rtx-4090-24gb: ") {
		t.Errorf("no pool holds it: %v", err)
	}
	var many []string
	for i := range 40 {
		many = append(many, fmt.Sprintf("1 {device: l40s, memory_gb: %d}", 48+i))
	}
	req = mixed(t, "llama-3.1-8b", "FP8", many...)
	if _, err := estimator.PlanPools(req, nil, estimator.ForLatency, nil); err == nil || !strings.Contains(err.Error(), "40 pools") {
		t.Errorf("40 pools: %v", err)
	}
}

// Costs are the price of the devices used over the tokens that come of them.
func TestPlansCost(t *testing.T) {
	req := cluster(t, "llama-3.1-8b", "FP8", "8x h100-sxm5-80gb", "vllm")
	const price = 24.0
	for _, load := range []*serving.Load{atRate(5), atRate(120), closed(64, 1000, 200)} {
		plans, err := estimator.Plans(req, load, estimator.ForCost, nil)
		if err != nil {
			t.Fatal(err)
		}
		estimator.Price(plans, price, 8)
		best, partly := &plans[0], 0
		for i := range plans {
			p := &plans[i]
			if p.TP*p.PP*p.DP != p.Devices || p.Devices > 8 {
				t.Errorf("%s uses %d devices", p, p.Devices)
			}
			if p.Refused != "" {
				continue
			}
			if p.Devices < 8 {
				partly++
			}
			if want := price * float64(p.Devices) / 8 / (p.OutputTokS * 3600) * 1e6; math.Abs(p.Cost-want) > 1e-9*want {
				t.Errorf("%s costs %g per million tokens, want %g", p, p.Cost, want)
			}
			// The closed form is good to nine tenths of the capacity.
			carries := p.Stable && (load.Rate == 0 || load.Rate <= 0.9*p.CapacityRequestsS)
			if carries && p.Cost < 0.985*best.Cost {
				t.Errorf("%s costs %g and carries the load, and %s for %g was chosen", p, p.Cost, best, best.Cost)
			}
		}
		if !best.Stable || partly < 10 {
			t.Errorf("best %+v; %d plans leave devices unused", best, partly)
		}
	}
	// Other goals use all devices, and cost weighs what they weigh.
	all, err := estimator.Plans(req, atRate(5), estimator.ForThroughput, nil)
	if err != nil {
		t.Fatal(err)
	}
	cheap, err := estimator.Plans(req, atRate(5), estimator.ForCost, nil)
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for i := range cheap {
		named[cheap[i].String()] = true
	}
	for i := range all {
		if all[i].Devices != 8 || !named[all[i].String()] {
			t.Errorf("%s uses %d devices; weighed for cost: %t", &all[i], all[i].Devices, named[all[i].String()])
		}
	}
	// Without a load the batch's whole requests count; without answers nothing can.
	req.Workload.Batch = 16
	batch, err := estimator.Plans(req, nil, estimator.ForCost, nil)
	if err != nil {
		t.Fatal(err)
	}
	if p := &batch[0]; p.Devices != 1 || math.Abs(p.DeviceHours*3600*p.CapacityRequestsS*128/1e6-1) > 1e-9 {
		t.Errorf("a batch by itself: %+v", p)
	}
	req.Workload.OutputTokens = 0
	if _, err := estimator.Plans(req, nil, estimator.ForCost, nil); err == nil || !strings.Contains(err.Error(), "output token") {
		t.Errorf("no answers: %v", err)
	}
}

// A plan so near its capacity that its queue is longer than the closed form
// says does not carry the load as far as cost goes.
func TestCostLeavesRoom(t *testing.T) {
	req := cluster(t, "llama-3.1-8b", "FP8", "4x h100-sxm5-80gb", "vllm")
	alone := cluster(t, "llama-3.1-8b", "FP8", "h100-sxm5-80gb", "vllm")
	one, err := estimator.Plans(alone, atRate(1), estimator.ForThroughput, nil)
	if err != nil {
		t.Fatal(err)
	}
	for part, devices := range map[float64]int{0.85: 1, 0.95: 2, 1.05: 2, 3.95: 4, 20: 4} {
		plans, err := estimator.Plans(req, atRate(part*one[0].CapacityRequestsS), estimator.ForCost, nil)
		if err != nil {
			t.Fatal(err)
		}
		if plans[0].Devices != devices {
			t.Errorf("%g of what a device carries: %s, want %d devices", part, &plans[0], devices)
		}
	}
}

// More requests never need fewer devices.
func TestCostGrowsWithTheLoad(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		req := cluster(t, rapid.SampledFrom([]string{"llama-3.1-8b", "qwen3-30b-a3b", "llama-3.1-70b"}).Draw(t, "model"), "FP8", "2x(4x h200-sxm-141gb)", "vllm")
		rate := rapid.Float64Range(0.1, 100).Draw(t, "rate")
		devices := func(rate float64) *estimator.Plan {
			plans, err := estimator.Plans(req, atRate(rate), estimator.ForCost, nil)
			if err != nil {
				t.Fatalf("%v", err)
			}
			return &plans[0]
		}
		a, b := devices(rate), devices(rate*rapid.Float64Range(1, 4).Draw(t, "more"))
		if b.Devices < a.Devices && b.Stable {
			t.Fatalf("%g requests/s on %d devices (%s), and more on %d (%s)", rate, a.Devices, a, b.Devices, b)
		}
	})
}
