package serving

import (
	"math"
	"testing"
)

// flat is a pacer whose every step takes as many seconds.
type flat float64

func (f flat) Seconds(*Step) float64 { return float64(f) }

// With one place, prompts and answers of one token and steps of s seconds the
// engine is an M/D/1 queue: the mean wait is ρ·s/(2(1−ρ)) (Pollaczek–Khinchine).
func TestSimulateIsMD1(t *testing.T) {
	const service = 0.25
	for _, rho := range []float64{0.3, 0.5, 0.7, 0.8} {
		var got float64
		const seeds = 4
		for seed := range uint64(seeds) {
			r, err := Simulate(&Scheduler{MaxSeqs: 1, MaxTokens: 1024},
				&Load{Rate: rho / service, Input: Fixed(1), Output: Fixed(1), Requests: 300_000, Seed: seed}, flat(service))
			if err != nil {
				t.Fatal(err)
			}
			if !r.Stable {
				t.Errorf("ρ %v: not stable", rho)
			}
			got += r.Queue.Mean / seeds
		}
		if want := rho * service / (2 * (1 - rho)); math.Abs(got/want-1) > 0.03 {
			t.Errorf("ρ %v: mean wait %v s, want %v", rho, got, want)
		}
	}
}

// With answers of nearly exponential lengths it is close to M/M/1; the exact
// mean is λ·E[S²]/(2(1−ρ)) for the lengths that are drawn.
func TestSimulateIsMG1(t *testing.T) {
	const step = 0.01
	var lengths []int
	var sum, square float64
	for i := range 1000 {
		n := int(1 - 50*math.Log(1-(float64(i)+0.5)/1000))
		lengths = append(lengths, n)
		s := float64(n) * step
		sum += s / 1000
		square += s * s / 1000
	}
	for _, rho := range []float64{0.4, 0.7} {
		rate := rho / sum
		var got float64
		const seeds = 4
		for seed := range uint64(seeds) {
			r, err := Simulate(&Scheduler{MaxSeqs: 1, MaxTokens: 1024},
				&Load{Rate: rate, Input: Fixed(1), Output: Empirical(lengths), Requests: 200_000, Seed: seed}, flat(step))
			if err != nil {
				t.Fatal(err)
			}
			got += r.Queue.Mean / seeds
		}
		if want := rate * square / (2 * (1 - rho)); math.Abs(got/want-1) > 0.03 {
			t.Errorf("ρ %v: mean wait %v s, want %v", rho, got, want)
		}
	}
}

// Little's law: in the system are the rate times the time in it.
func TestLittle(t *testing.T) {
	for _, policy := range []Policy{Mixed, PrefillFirst, Static} {
		for _, load := range []Load{
			{Rate: 4, Input: LogNormal(500, 0.5, 0), Output: LogNormal(300, 0.5, 0), Requests: 20_000},
			{Rate: 4, Burst: 2, Input: Fixed(500), Output: Uniform(100, 500), Requests: 20_000},
			{Concurrency: 100, Input: LogNormal(500, 0.5, 0), Output: LogNormal(300, 0.5, 0), Requests: 20_000},
		} {
			s := Scheduler{Policy: policy, MaxSeqs: 64, MaxTokens: 2048, Chunked: true, CacheTokens: 50_000, BlockTokens: 16}
			r, err := Simulate(&s, &load, roofs[0].roof)
			if err != nil {
				t.Fatal(err)
			}
			if !r.Stable {
				t.Errorf("%v: not stable", policy)
			}
			got, want := r.MeanRunning+r.MeanWaiting, r.RequestsPerSecond*r.EndToEnd.Mean
			if math.Abs(got/want-1) > 0.02 {
				t.Errorf("%v: %v in the system, %v by Little's law", policy, got, want)
			}
			if math.Abs(r.PeakOccupancy) > 1 || r.MeanOccupancy > r.PeakOccupancy {
				t.Errorf("%v: occupancy mean %v, peak %v", policy, r.MeanOccupancy, r.PeakOccupancy)
			}
		}
	}
}

func TestOverloadIsSaid(t *testing.T) {
	s := Scheduler{MaxSeqs: 64, MaxTokens: 2048, Chunked: true}
	l := Load{Rate: 1, Input: Fixed(500), Output: Fixed(200), Requests: 3000}
	c, err := Capacity(&s, &l, roofs[0].roof)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []float64{0.5, 0.8, 1.3, 3, 1000} {
		l.Rate = x * c
		r, err := Simulate(&s, &l, roofs[0].roof)
		if err != nil {
			t.Fatal(err)
		}
		st, err := Steady(&s, &l, roofs[0].roof)
		if err != nil {
			t.Fatal(err)
		}
		if carried := x < 1; r.Stable != carried || st.Unstable == carried || math.IsInf(st.TTFT, 1) == carried {
			t.Errorf("at %v of capacity: Stable %v, Unstable %v, TTFT %v", x, r.Stable, st.Unstable, st.TTFT)
		}
	}
}
