package serving

import (
	"math"
	"testing"
)

func sloCase() (Scheduler, Load) {
	return Scheduler{MaxSeqs: 128, MaxTokens: 2048, Chunked: true, CacheTokens: 200_000, BlockTokens: 16, Reserve: 1},
		Load{Input: LogNormal(800, 0.5, 0), Output: LogNormal(200, 0.5, 0), Requests: 2000, Seed: 5}
}

func TestMaxRate(t *testing.T) {
	s, l := sloCase()
	p := roofs[0].roof
	capacity := l
	capacity.Rate = 1
	top, err := Capacity(&s, &capacity, p)
	if err != nil {
		t.Fatal(err)
	}
	last := math.Inf(1)
	for _, limit := range []float64{1, 0.02, 0.012, 0.006, 0.001} {
		o := Objective{"tpot", 95, limit}
		rate, r, err := MaxRate(&s, &l, p, []Objective{o})
		if err != nil {
			t.Fatal(err)
		}
		if rate > last || rate > 1.03*top {
			t.Errorf("limit %v: %v requests/s, more than %v or the capacity %v", limit, rate, last, top)
		}
		last = rate
		if limit == 0.001 {
			if rate != 0 || r == nil {
				t.Errorf("a limit below one step is met at %v", rate)
			}
			continue
		}
		if o.Value(r) > limit || !r.Stable {
			t.Errorf("limit %v: %v at the rate", limit, o.Value(r))
		}
		// A little more breaks it.
		l.Rate = rate * 1.025
		over, err := Simulate(&s, &l, p)
		if err != nil {
			t.Fatal(err)
		}
		if meets(over, []Objective{o}) && l.Rate < top {
			t.Errorf("limit %v: %v requests/s meet it too", limit, l.Rate)
		}
		l.Rate = 0
		// A load split over two replicas stays within the objective.
		l.Rate = rate / 2
		half, err := Simulate(&s, &l, p)
		if err != nil {
			t.Fatal(err)
		}
		if !meets(half, []Objective{o}) {
			t.Errorf("limit %v: half of the rate breaks it: %v", limit, o.Value(half))
		}
		l.Rate = 0
	}
}

func TestReplicas(t *testing.T) {
	for _, x := range []struct {
		rate, top float64
		want      int
	}{{10, 3, 4}, {9, 3, 3}, {0.1, 3, 1}, {0, 3, 0}, {1, 0, 0}, {math.NaN(), 1, 0}, {1, math.NaN(), 0}, {math.Inf(1), 1, 0}, {-1, 1, 0}} {
		if got := Replicas(x.rate, x.top); got != x.want {
			t.Errorf("%v at %v each: %d replicas, want %d", x.rate, x.top, got, x.want)
		}
	}
}

func TestDisaggregated(t *testing.T) {
	s, l := sloCase()
	d := Disaggregated{
		Prefill: s, Decode: s, PrefillPacer: roofs[0].roof, DecodePacer: roofs[0].roof, PrefillReplicas: 2, DecodeReplicas: 3,
		TransferSeconds: func(tokens float64) float64 { return 0.001 + tokens*1e-6 },
	}
	l.Rate, l.Requests = 1, 20_000
	c, err := d.Capacity(&l)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range []float64{0.2, 0.5, 0.7} {
		l.Rate = u * c
		st, err := d.Steady(&l)
		if err != nil {
			t.Fatal(err)
		}
		r, err := d.Simulate(&l)
		if err != nil {
			t.Fatal(err)
		}
		if !r.Stable || st.Unstable || math.Abs(st.Utilisation-u) > 1e-9 {
			t.Errorf("at %v: Stable %v, Unstable %v, Utilisation %v", u, r.Stable, st.Unstable, st.Utilisation)
		}
		for _, x := range []struct {
			name      string
			got, want float64
			within    float64
		}{{"TTFT", st.TTFT, r.TTFT.Mean, 0.2}, {"TPOT", st.TPOT, r.TPOT.Mean, 0.1}, {"end to end", st.EndToEnd, r.EndToEnd.Mean, 0.1}} {
			if math.Abs(x.got/x.want-1) > x.within {
				t.Errorf("at %v of capacity: %s %v s, simulated %v", u, x.name, x.got, x.want)
			}
		}
	}
	// More decode replicas do not help when prompts are the bound, and more
	// prefill replicas do.
	before := c
	d.DecodeReplicas *= 4
	if c, _ = d.Capacity(&l); c < before {
		t.Errorf("capacity fell from %v to %v", before, c)
	}
	before = c
	d.PrefillReplicas *= 2
	if c, _ = d.Capacity(&l); math.Abs(c/before-2) > 1e-9 {
		t.Errorf("capacity rose from %v to %v", before, c)
	}
	for _, bad := range []Load{{Concurrency: 3, Input: Fixed(1), Output: Fixed(1)}, {}, {Rate: math.Inf(1), Input: Fixed(1), Output: Fixed(1)}} {
		if _, err := d.Steady(&bad); err == nil {
			t.Errorf("%+v is accepted", bad)
		} else {
			oneLine(t, err)
		}
	}
	one := l
	one.Output = Fixed(1)
	if _, err := d.Simulate(&one); err != nil {
		t.Error(err)
	}
	d.PrefillReplicas = 0
	if _, err := d.Simulate(&l); err == nil {
		t.Error("no prefill replicas")
	}
}
