package serving

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"
)

// roof is a small roofline: the time is an overhead, and the slower of reading
// weights and caches and of multiplying.
type roof struct {
	overhead         float64 // seconds
	weights          float64 // seconds to read them
	cache            float64 // seconds per cached token read
	token, pair, seq float64 // seconds per token, per pair of query and key, per sequence
}

func (r roof) Seconds(s *Step) float64 {
	read := r.weights + r.cache*(s.Cache+s.PromptCache+s.Prompt)
	work := r.token*(s.Decodes+s.Prompt) + r.pair*(s.Cache+s.PromptPairs)
	return r.overhead + r.seq*(s.Decodes+s.PromptSeqs) + max(read, work)
}

// roofs are kinds of deployments.
var roofs = []struct {
	name string
	roof
}{
	// A small model on a card with little bandwidth.
	{"bandwidth", roof{overhead: 300e-6, weights: 3e-3, cache: 4e-8, token: 12e-6, pair: 2e-10, seq: 2e-6}},
	// A large model over several devices, whose prompts are work.
	{"compute", roof{overhead: 1e-3, weights: 9e-3, cache: 2e-8, token: 45e-6, pair: 2e-9, seq: 5e-6}},
	// An engine that spends its time between steps.
	{"overhead", roof{overhead: 20e-3, weights: 1e-3, cache: 1e-8, token: 4e-6, pair: 1e-10, seq: 20e-6}},
}

type scenario struct {
	name  string
	sched Scheduler
	load  Load
	pacer Pacer
}

// scenarios is the grid over which the closed form and the simulation are held
// together: every combination, of which each n-th is taken.
func scenarios(every int) []scenario {
	var out []scenario
	i := 0
	for _, policy := range []Policy{Mixed, PrefillFirst, Static} {
		for _, io := range [][2]int{{128, 128}, {2048, 128}, {128, 2048}, {1000, 1000}, {8000, 500}, {2000, 500}} {
			for _, c := range []int{1, 4, 16, 64, 128, 256, 512} {
				for _, r := range roofs {
					for _, budget := range []int{2048, 8192} {
						for _, chunked := range []bool{true, false} {
							for _, pool := range [][2]int{{0, 0}, {60_000, 0}, {60_000, 1}, {400_000, 0}, {400_000, 1}} {
								for _, fixed := range []bool{true, false} {
									i++
									// A whole prompt that waits for decodes to end is beyond the closed form
									// when lengths differ: see Steady.
									if i%every != 0 || policy == Mixed && !chunked && !fixed {
										continue
									}
									in, out2, rounds, floor := Fixed(io[0]), Fixed(io[1]), 10, 100
									if !fixed {
										in, out2, rounds = LogNormal(float64(io[0]), 0.5, 2*io[0]), LogNormal(float64(io[1]), 0.5, 3*io[1]), 20
										floor = 4000
									}
									if policy == Static && !fixed {
										rounds, floor = 60, 8000
									}
									s := Scheduler{Policy: policy, MaxSeqs: 256, MaxTokens: budget, Chunked: chunked, CacheTokens: int64(pool[0]), BlockTokens: 16, Reserve: float64(pool[1])}
									l := Load{Concurrency: c, Input: in, Output: out2, Seed: uint64(i), Requests: max(floor, rounds*c)}
									out = append(out, scenario{fmt.Sprintf("%v c%d %v/%v budget %d chunked %v pool %v %s", policy, c, in, out2, budget, chunked, pool, r.name), s, l, r.roof})
								}
							}
						}
					}
				}
			}
		}
	}
	return out
}

// row is the error of the closed form against the simulation.
type row struct {
	name, line string
	rate, tpot float64
	ttft       float64
	preempted  float64
}

// compare runs both ways.
func compare(t *testing.T, sc *scenario) row {
	t.Helper()
	r, err := Simulate(&sc.sched, &sc.load, sc.pacer)
	if err != nil {
		t.Fatalf("%s: %v", sc.name, err)
	}
	st, err := Steady(&sc.sched, &sc.load, sc.pacer)
	if err != nil {
		t.Fatalf("%s: %v", sc.name, err)
	}
	again := float64(r.Preemptions) / float64(r.Requests)
	return row{
		name: sc.name, preempted: again,
		rate: st.RequestsPerSecond/r.RequestsPerSecond - 1, tpot: st.TPOT/r.TPOT.Mean - 1, ttft: st.TTFT/r.TTFT.Mean - 1,
		line: fmt.Sprintf("rate %.4g/%.4g tpot %.4g/%.4g ttft %.4g/%.4g queue %.4g/%.4g running %.4g/%.4g step %.4g/%.4g preempted %.3g/%.3g",
			st.RequestsPerSecond, r.RequestsPerSecond, st.TPOT, r.TPOT.Mean, st.TTFT, r.TTFT.Mean, st.Queue, r.Queue.Mean,
			st.Running, r.MeanRunning, st.StepSeconds, r.MeanStep, st.Preemptions, again),
	}
}

// spread logs the median, the 90th percentile and the worst of |get|, in
// percent, and returns the latter two.
func spread(t *testing.T, what string, rows []row, get func(row) float64) (p90, worst float64) {
	t.Helper()
	if len(rows) == 0 {
		t.Fatalf("%s: no scenarios", what)
	}
	v := make([]float64, len(rows))
	for i, r := range rows {
		v[i] = 100 * math.Abs(get(r))
	}
	slices.Sort(v)
	at := func(p float64) float64 { return v[int(p*float64(len(v)-1))] }
	t.Logf("%s over %d scenarios: median %.2f%%, p90 %.2f%%, p99 %.2f%%, worst %.2f%%", what, len(v), at(0.5), at(0.9), at(0.99), at(1))
	return at(0.9), at(1)
}

// bounds are the limits for a set of rows, in percent.
type bounds struct{ rate90, rate, tpot90, tpot float64 }

// judge holds rows against the limits and names those beyond.
func judge(t *testing.T, what string, rows []row, b bounds) {
	t.Helper()
	r90, _ := spread(t, "throughput "+what, rows, func(r row) float64 { return r.rate })
	t90, _ := spread(t, "TPOT "+what, rows, func(r row) float64 { return r.tpot })
	if r90 > b.rate90 || t90 > b.tpot90 {
		t.Errorf("%s: a tenth is beyond %v%% of throughput or %v%% of TPOT", what, b.rate90, b.tpot90)
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(math.Abs(b.rate), math.Abs(a.rate)) })
	for _, r := range rows {
		if !(100*math.Abs(r.rate) <= b.rate && 100*math.Abs(r.tpot) <= b.tpot) {
			t.Errorf("%+.1f%% %+.1f%% %s\n     %s", 100*r.rate, 100*r.tpot, r.name, r.line)
		}
	}
}

// The closed form agrees with the simulation over closed loops: within 5% of
// throughput and 10% of TPOT wherever next to nothing is preempted. Where the
// pool preempts, who waits how long hangs on details that a closed form does
// not see, so only nine in ten come close.
func TestClosedFormAgrees(t *testing.T) {
	every := 11 // no divisor of the grid's sides
	if raceEnabled {
		every *= 7 // ten times slower, and nothing runs in parallel there
	}
	if os.Getenv("PLIMSOLL_FULL_GRID") != "" {
		every = 1
	}
	var calm, preempted []row
	for _, sc := range scenarios(every) {
		if r := compare(t, &sc); r.preempted > 0.02 {
			preempted = append(preempted, r)
		} else {
			calm = append(calm, r)
		}
	}
	judge(t, "without preemption", calm, bounds{2, 5, 2, 10})
	judge(t, "with preemption", preempted, bounds{7, 16, 25, 80})
}

// At a Poisson rate throughput is the rate; TPOT and, away from saturation,
// TTFT agree too.
func TestClosedFormAgreesAtRates(t *testing.T) {
	var rows, ttft []row
	for _, policy := range []Policy{Mixed, PrefillFirst, Static} {
		for _, r := range roofs {
			for _, io := range [][2]int{{128, 128}, {2000, 500}, {2048, 128}, {128, 2048}, {8000, 500}} {
				for _, u := range []float64{0.1, 0.4, 0.6, 0.75} {
					s := Scheduler{Policy: policy, MaxSeqs: 256, MaxTokens: 2048, Chunked: true, CacheTokens: 400_000, BlockTokens: 16, Reserve: 1}
					l := Load{Rate: 1, Input: LogNormal(float64(io[0]), 0.5, 0), Output: LogNormal(float64(io[1]), 0.5, 0), Requests: 12_000, Seed: 4}
					c, err := Capacity(&s, &l, r.roof)
					if err != nil {
						t.Fatal(err)
					}
					l.Rate = u * c
					x := compare(t, &scenario{fmt.Sprintf("%v %v %s at %v", policy, io, r.name, u), s, l, r.roof})
					if math.Abs(x.rate) > 0.06 {
						t.Errorf("%s: %s", x.name, x.line)
					}
					rows = append(rows, x)
					if u < 0.7 {
						x.rate = x.ttft
						ttft = append(ttft, x)
					}
				}
			}
		}
	}
	judge(t, "at rates", rows, bounds{1, 2, 7, 20})
	spread(t, "TTFT up to 0.6 of capacity", ttft, func(r row) float64 { return r.ttft })
}

// The rest of what a load and a scheduler can ask for agrees as well.
func TestClosedFormAgreesElsewhere(t *testing.T) {
	var rows []row
	for _, policy := range []Policy{Mixed, PrefillFirst, Static} {
		for _, r := range roofs {
			for _, c := range []int{8, 100, 300} {
				for _, fixed := range []bool{true, false} {
					in, out := Fixed(1500), Fixed(400)
					if !fixed {
						in, out = Uniform(100, 2900), Uniform(50, 750)
					}
					s := Scheduler{Policy: policy, MaxSeqs: 256, MaxTokens: 4096, Chunked: true}
					l := Load{Concurrency: c, Input: in, Output: out, Requests: max(6000, 30*c), Seed: 9}
					add := func(what string, change func()) {
						s0, l0 := s, l
						change()
						rows = append(rows, compare(t, &scenario{fmt.Sprintf("%s: %v c%d fixed %v %s", what, policy, c, fixed, r.name), s, l, r.roof}))
						s, l = s0, l0
					}
					add("prefix hits", func() { l.PrefixHit = 0.7 })
					add("speculation", func() { l.TokensPerStep = 2.6 })
					add("both", func() { l.PrefixHit, l.TokensPerStep = 0.5, 2 })
					add("large pages", func() { s.CacheTokens, s.BlockTokens, s.Reserve = 100_000, 256, 1 })
				}
			}
		}
	}
	judge(t, "elsewhere", rows, bounds{3, 5, 3, 10})
}
