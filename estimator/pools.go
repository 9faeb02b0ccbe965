package estimator

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/serving"
	"github.com/plimsoll/plimsoll/hardware"
)

// PoolPlan is what one pool does: nodes of a machine that are alike, which run
// a deployment of their own.
type PoolPlan struct {
	Name    string `json:"name"` // as --on takes it, "2x(8x h100-sxm5-80gb)"
	Nodes   int    `json:"nodes"`
	Devices int    `json:"devices"` // of all its nodes
	// Share of the load that a router sends it, 0 to 1.
	Share float64 `json:"share"`
	// Plan is the best for that share, with its figures (of a pool that gets
	// none: for the whole load); nil where none can be.
	Plan *Plan `json:"plan,omitempty"`
	// Refused says why the model does not run here.
	Refused string `json:"refused,omitempty"`

	// Machine is the pool as one node (hardware.Machine.Join), Load its part of
	// the load, nil where it gets none, and Plans are all that were weighed.
	Machine *hardware.Machine `json:"-"`
	Load    *serving.Load     `json:"-"`
	Plans   []Plan            `json:"-"`
}

// PoolPlans is a machine of unlike nodes that serves one load: every pool runs a
// deployment of its own, and a router shares the requests among them.
type PoolPlans struct {
	Pools []PoolPlan `json:"each"`
	// CapacityRequestsS is the most requests per second that all together
	// carry, OutputTokS what all users get together.
	CapacityRequestsS float64 `json:"capacity_requests_s"`
	OutputTokS        float64 `json:"output_tok_s"`
	// DeviceHours and Cost are those of a million generated tokens, as in Plan.
	DeviceHours float64 `json:"device_hours_per_million_tokens,omitempty"`
	Cost        float64 `json:"cost_per_million_tokens,omitempty"`
	// Stable says that every pool carries its share, and meets the objectives
	// in the mean.
	Stable bool `json:"stable"`
}

// Largest returns the pool that takes most of the load.
func (p *PoolPlans) Largest() *PoolPlan {
	best := &p.Pools[0]
	for i := range p.Pools {
		if q := &p.Pools[i]; q.Plan != nil && (best.Plan == nil || q.Share > best.Share) {
			best = q
		}
	}
	return best
}

// Price sets what tokens cost where an hour of the whole machine costs perHour,
// in any currency, and every device the same.
func (p *PoolPlans) Price(perHour float64) {
	devices := 0
	for i := range p.Pools {
		devices += p.Pools[i].Devices
	}
	for i := range p.Pools {
		Price(p.Pools[i].Plans, perHour, devices)
	}
	p.Cost = costOf(p.DeviceHours, perHour, devices)
}

// SplitMachine returns a machine's pools, each as a machine of its own, in the
// order of their first nodes. A machine whose nodes are alike is its only pool,
// unless it has more devices than one deployment may span
// (hardware.MaxJoined): it is cut into equal parts then.
func SplitMachine(m *hardware.Machine) []*hardware.Machine {
	var pools []*hardware.Machine
	for i := range m.Nodes {
		n := &m.Nodes[i]
		at := slices.IndexFunc(pools, func(p *hardware.Machine) bool { return alike(p.Primary(), n) })
		if at >= 0 {
			own := pools[at].Primary()
			own.Count = max(own.Count, 1) + max(n.Count, 1)
			continue
		}
		pool := *m
		pool.Nodes = []hardware.Node{*n}
		pools = append(pools, &pool)
	}
	if pools = cut(pools); len(pools) <= 1 {
		return []*hardware.Machine{m}
	}
	for _, p := range pools {
		if own := p.Primary().Network; own != nil {
			p.Network = own
		}
		name := PoolName(p.Primary())
		p.ID, p.Name = m.ID+": "+name, m.Name+": "+name
		if p.Primary().Count <= 1 {
			p.Network = nil
		}
	}
	return pools
}

// cut divides pools that are too large for one deployment into parts that differ
// by one node at most.
func cut(pools []*hardware.Machine) []*hardware.Machine {
	var out []*hardware.Machine
	for _, p := range pools {
		n := p.Primary()
		count, most := max(n.Count, 1), hardware.MaxJoined/max(len(n.Devices), 1)
		if len(n.Devices) == 0 || most == 0 || count <= most {
			out = append(out, p)
			continue
		}
		parts := (count + most - 1) / most
		for i := range parts {
			part := *p
			part.Nodes = []hardware.Node{*n}
			part.Nodes[0].Count = (count + i) / parts
			out = append(out, &part)
		}
	}
	return out
}

// alike says whether one deployment may span both nodes as if they were one kind.
func alike(a, b *hardware.Node) bool {
	if a.Domain != b.Domain || len(a.Devices) != len(b.Devices) || (a.Link == nil) != (b.Link == nil) {
		return false
	}
	if a.Link != nil && (a.Link.ID != b.Link.ID || a.Link.Kind != b.Link.Kind || a.Link.GBps != b.Link.GBps) {
		return false
	}
	if (a.Network == nil) != (b.Network == nil) || a.Network != nil && (a.Network.ID != b.Network.ID || a.Network.GBps != b.Network.GBps) {
		return false
	}
	for i, d := range a.Devices {
		// A profile may give one card of the catalogue another memory.
		e := b.Devices[i]
		if d != e && (d.ID != e.ID || d.Name != e.Name || d.Slice != e.Slice || d.MemoryBytes != e.MemoryBytes || d.BandwidthGBps != e.BandwidthGBps || d.Rates != e.Rates) {
			return false
		}
	}
	return true
}

// PoolName writes like nodes as --on takes them: "2x(8x h100-sxm5-80gb)".
func PoolName(n *hardware.Node) string {
	name := ""
	for i := 0; i < len(n.Devices); {
		id, count := n.Devices[i].ID, 0
		for ; i < len(n.Devices) && n.Devices[i].ID == id; i++ {
			count++
		}
		if id == "" {
			id = "device"
		}
		if name != "" {
			name += " + "
		}
		if count > 1 {
			name += fmt.Sprintf("%dx ", count)
		}
		name += id
	}
	if name == "" {
		name = "no accelerators"
	}
	if n.Count > 1 {
		name = fmt.Sprintf("%dx(%s)", n.Count, name)
	}
	return name
}

// Bounds of a machine whose pools are planned for: each takes two searches.
const (
	mostPools       = 32
	mostPoolDevices = mostPools * hardware.MaxJoined
)

// PlanPools plans for every pool of the request's machine by itself, which must
// not be joined, and shares the load among them in proportion to the most that
// each carries by any plan; each is then planned for again with its share.
// Without a load (nil) every pool runs the request's own batch, and shares are
// in proportion to the requests per second that come of it. Pools that cannot
// run the model are listed with the reason; it is an error if none can, or if
// there are too many.
func PlanPools(req *Request, load *serving.Load, goal Goal, objectives []serving.Objective) (*PoolPlans, error) {
	v := *req
	if v.Cache == nil {
		v.Cache = new(Cache)
	}
	machines := SplitMachine(req.Machine)
	if n, devices := len(machines), req.Machine.Devices(); n > mostPools || devices > mostPoolDevices {
		return nil, fmt.Errorf("%s has %d pools of like nodes and %d devices, and at most %d and %d are planned for: name fewer nodes", req.Machine.ID, n, devices, mostPools, mostPoolDevices)
	}
	out := &PoolPlans{Pools: make([]PoolPlan, len(machines))}
	able := make([]float64, len(machines))
	for i, m := range machines {
		p := &out.Pools[i]
		n := m.Primary()
		*p = PoolPlan{Name: PoolName(n), Nodes: max(n.Count, 1), Devices: m.Devices(), Load: load}
		if i > 0 && twins(machines[i-1].Primary(), n) { // parts of one pool
			p.Machine, p.Plans, p.Refused = out.Pools[i-1].Machine, slices.Clone(out.Pools[i-1].Plans), out.Pools[i-1].Refused
			able[i] = able[i-1]
			continue
		}
		var err error
		if p.Machine, err = m.Join(); err == nil {
			err = p.weigh(&v, goal, objectives)
		}
		if err != nil {
			p.Refused, p.Plans = err.Error(), nil
			continue
		}
		able[i] = p.able()
	}
	if err := out.refused(); err != nil {
		return nil, err
	}
	out.divide(able, load)
	out.Stable = true
	devices := 0
	tokS := 0.0
	for i := range out.Pools {
		p := &out.Pools[i]
		if p.Refused != "" {
			continue
		}
		if i > 0 && twins(machines[i-1].Primary(), machines[i].Primary()) && sameLoad(p.Load, out.Pools[i-1].Load) {
			p.Plans = slices.Clone(out.Pools[i-1].Plans)
		} else if p.Load != nil {
			if err := p.weigh(&v, goal, objectives); err != nil {
				return nil, fmt.Errorf("%s: %w", p.Name, err)
			}
		}
		best := &p.Plans[0]
		p.Plan = best
		out.CapacityRequestsS += best.CapacityRequestsS
		if load != nil && p.Load == nil {
			continue // fewer users than pools
		}
		out.OutputTokS += best.OutputTokS
		out.Stable = out.Stable && best.Stable
		devices, tokS = devices+best.Devices, tokS+best.tokS
	}
	out.DeviceHours = perMillion(devices, tokS)
	return out, nil
}

// twins says that two pools are parts of one, and as large.
func twins(a, b *hardware.Node) bool { return a.Count == b.Count && alike(a, b) }

// sameLoad says that parts of one load are equal.
func sameLoad(a, b *serving.Load) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Rate == b.Rate && a.Concurrency == b.Concurrency && a.Requests == b.Requests && len(a.Trace) == 0 && len(b.Trace) == 0
}

// refused is the error that no pool can run the model, if so.
func (p *PoolPlans) refused() error {
	var why []string
	for i := range p.Pools {
		if p.Pools[i].Refused == "" {
			return nil
		}
		why = append(why, p.Pools[i].Name+": "+p.Pools[i].Refused)
	}
	return fmt.Errorf("no pool of like nodes can run it: %s", strings.Join(why, "; "))
}

// weigh fills in the plans for the pool's load.
func (p *PoolPlan) weigh(req *Request, goal Goal, objectives []serving.Objective) (err error) {
	v := *req
	v.Machine = p.Machine
	if p.Load != nil && p.Load.Concurrency > 0 && v.Workload.Batch <= 1 {
		v.Workload.Batch = p.Load.Concurrency // the users of a closed loop are a batch
	}
	p.Plans, err = Plans(&v, p.Load, goal, objectives)
	return err
}

// able returns the most requests per second that the pool carries: by any plan,
// since for little load the goal may choose one that carries little. A batch by
// itself is what the best plan makes of it.
func (p *PoolPlan) able() float64 {
	if p.Load == nil {
		return p.Plans[0].CapacityRequestsS
	}
	most := 0.0
	for i := range p.Plans {
		most = math.Max(most, p.Plans[i].CapacityRequestsS)
	}
	return most
}

// divide sets every pool's share and part of the load: what arrives at a rate
// in proportion to what each is able to carry, users and the requests of a
// trace one by one to the pool that is furthest behind.
func (p *PoolPlans) divide(able []float64, load *serving.Load) {
	total := 0.0
	for i := range able {
		total += able[i]
	}
	if !(total > 0) { // no answers, whose rate would tell: by devices
		for i := range p.Pools {
			if p.Pools[i].Refused == "" {
				able[i] = float64(p.Pools[i].Devices)
				total += able[i]
			}
		}
	}
	for i := range p.Pools {
		p.Pools[i].Share = able[i] / total
	}
	if load == nil {
		return
	}
	parts := make([]serving.Load, len(p.Pools))
	given := make([]int, len(p.Pools))
	deal := func(n int, to func(part *serving.Load, k int)) {
		for k := range n {
			at, behind := 0, math.Inf(-1)
			for i := range p.Pools {
				if b := p.Pools[i].Share*float64(k+1) - float64(given[i]); b > behind && p.Pools[i].Share > 0 {
					at, behind = i, b
				}
			}
			given[at]++
			to(&parts[at], k)
		}
		for i := range p.Pools {
			p.Pools[i].Share = float64(given[i]) / float64(n)
		}
	}
	for i := range parts {
		parts[i] = *load
		parts[i].Concurrency, parts[i].Trace = 0, nil
		parts[i].Rate *= p.Pools[i].Share // all at once (infinite) stays so
	}
	switch {
	case len(load.Trace) > 0:
		deal(len(load.Trace), func(part *serving.Load, k int) { part.Trace = append(part.Trace, load.Trace[k]) })
	case load.Concurrency > 0:
		deal(load.Concurrency, func(part *serving.Load, _ int) { part.Concurrency++ })
	case math.IsInf(load.Rate, 1) && load.Requests > 0:
		for i := range parts {
			parts[i].Requests = 0
		}
		deal(load.Requests, func(part *serving.Load, _ int) { part.Requests++ })
	}
	for i := range p.Pools {
		p.Pools[i].Load = &parts[i]
		if p.Pools[i].Share == 0 {
			p.Pools[i].Load = nil
		}
	}
}
