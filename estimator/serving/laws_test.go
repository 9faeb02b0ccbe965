package serving

import (
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// drawScheduler draws any scheduler in which requests of up to 600 tokens fit.
func drawScheduler(t *rapid.T) Scheduler {
	s := Scheduler{
		Policy:      rapid.SampledFrom([]Policy{Mixed, PrefillFirst, Static}).Draw(t, "policy"),
		MaxSeqs:     rapid.IntRange(1, 64).Draw(t, "seqs"),
		MaxTokens:   rapid.IntRange(80, 1024).Draw(t, "budget"),
		Chunked:     rapid.Bool().Draw(t, "chunked"),
		BlockTokens: rapid.SampledFrom([]int{0, 1, 16, 64}).Draw(t, "page"),
		Reserve:     rapid.SampledFrom([]float64{0, 0.3, 0.5, 1}).Draw(t, "reserve"),
	}
	if rapid.Bool().Draw(t, "bounded") {
		s.CacheTokens = int64(rapid.IntRange(800, 20_000).Draw(t, "pool"))
	}
	return s
}

func drawLengths(t *rapid.T, name string) Lengths {
	switch rapid.IntRange(0, 3).Draw(t, name+" kind") {
	case 0:
		return Fixed(rapid.IntRange(1, 300).Draw(t, name))
	case 1:
		lo := rapid.IntRange(1, 150).Draw(t, name+" lo")
		return Uniform(lo, lo+rapid.IntRange(0, 150).Draw(t, name+" span"))
	case 2:
		return LogNormal(float64(rapid.IntRange(1, 100).Draw(t, name+" mean")), rapid.Float64Range(0, 2).Draw(t, name+" cv"), 300)
	}
	return Empirical(rapid.SliceOfN(rapid.IntRange(1, 300), 1, 9).Draw(t, name))
}

func drawLoad(t *rapid.T) Load {
	l := Load{
		Input: drawLengths(t, "input"), Output: drawLengths(t, "output"),
		PrefixHit:     rapid.SampledFrom([]float64{0, 0.4, 1}).Draw(t, "hit"),
		TokensPerStep: rapid.SampledFrom([]float64{0, 1, 1.7, 2, 3.3}).Draw(t, "per step"),
		Requests:      rapid.IntRange(1, 300).Draw(t, "requests"),
		Warmup:        rapid.SampledFrom([]int{-1, 0, 20}).Draw(t, "warmup"),
		Seed:          rapid.Uint64().Draw(t, "seed"),
	}
	switch rapid.IntRange(0, 3).Draw(t, "mode") {
	case 0:
		l.Concurrency = rapid.IntRange(1, 80).Draw(t, "users")
	case 1:
		l.Rate = math.Inf(1)
	case 2:
		l.Rate, l.Burst = rapid.Float64Range(0.1, 100).Draw(t, "rate"), rapid.SampledFrom([]float64{0, 0.3, 1, 3}).Draw(t, "burst")
	case 3:
		at := 0.0
		for range rapid.IntRange(1, 200).Draw(t, "trace") {
			at += rapid.Float64Range(0, 0.2).Draw(t, "gap")
			l.Trace = append(l.Trace, Arrival{at, rapid.IntRange(1, 300).Draw(t, "in"), rapid.IntRange(1, 300).Draw(t, "out")})
		}
	}
	return l
}

// lawRoof is a quick roof for laws.
var lawRoof = roof{overhead: 1e-3, weights: 2e-3, cache: 1e-7, token: 2e-5, pair: 1e-9, seq: 1e-5}

func ordered(q Quantiles) bool {
	return q.P50 <= q.P90 && q.P90 <= q.P95 && q.P95 <= q.P99 && q.Mean >= 0
}

// Whatever is asked, every request ends with its tokens, times are in order,
// nothing exceeds its bound, and the same arguments give the same report.
func TestSimulateConserves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, l := drawScheduler(t), drawLoad(t)
		e, err := simulate(&s, &l, lawRoof)
		if err != nil {
			t.Fatal(err)
		}
		if e.running != 0 || e.used != 0 || e.cached != 0 || e.decoding != 0 || e.growing != 0 || len(e.heap) != 0 || e.rec.left != 0 {
			t.Fatalf("left over: %d running, %d pages, %d tokens, %d decoding, %d growing, %d events, %d measured",
				e.running, e.used, e.cached, e.decoding, e.growing, len(e.heap), e.rec.left)
		}
		for i := range e.rec.ttft {
			if !(e.rec.queue[i] >= 0 && e.rec.queue[i] <= e.rec.ttft[i] && e.rec.ttft[i] <= e.rec.total[i]+1e-9) {
				t.Fatalf("request %d: queue %v, first token %v, end %v", i, e.rec.queue[i], e.rec.ttft[i], e.rec.total[i])
			}
		}
		n, _ := l.counts()
		r := e.rec.report(e)
		if r.OutputTokens != r.AskedTokens || e.completed != r.Requests || r.EndToEnd.Count != n {
			t.Fatalf("%d of %d tokens, %d of %d requests, %d of %d measured", r.OutputTokens, r.AskedTokens, e.completed, r.Requests, r.EndToEnd.Count, n)
		}
		for _, q := range []Quantiles{r.TTFT, r.TPOT, r.EndToEnd, r.Queue} {
			if !ordered(q) {
				t.Fatalf("percentiles out of order: %+v", q)
			}
		}
		if r.PeakOccupancy > 1 || r.MeanOccupancy > r.PeakOccupancy+1e-9 || r.MeanRunning > float64(s.MaxSeqs)+1e-9 || len(r.Timeline) > maxPoints {
			t.Fatalf("out of bounds: %+v", r)
		}
		if (s.Reserve == 1 || s.CacheTokens == 0 || s.Policy == Static) && r.Preemptions > 0 {
			t.Fatalf("%d preemptions", r.Preemptions)
		}
		again, err := simulate(&s, &l, lawRoof)
		if err != nil {
			t.Fatal(err)
		}
		if b := again.rec.report(again); !reflect.DeepEqual(*r, *b) {
			t.Fatalf("the same arguments give %+v and %+v", r, b)
		}
	})
}

// The closed form answers every load with finite values that agree among
// themselves, or says that it is unstable.
func TestSteadyIsSane(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, l := drawScheduler(t), drawLoad(t)
		st, err := Steady(&s, &l, lawRoof)
		if err != nil {
			t.Fatal(err)
		}
		if !(st.RequestsPerSecond > 0) || !(st.TPOT >= 0) || !(st.Running >= 0) || !(st.Running <= float64(s.MaxSeqs)+1e-6) || !(st.Utilisation >= 0) || math.IsInf(st.RequestsPerSecond, 1) {
			t.Fatalf("%+v", st)
		}
		if st.Unstable {
			return
		}
		for _, v := range []float64{st.TTFT, st.EndToEnd, st.Queue, st.Waiting, st.StepSeconds, st.Capacity} {
			if !(v >= 0) || math.IsInf(v, 1) {
				t.Fatalf("%+v", st)
			}
		}
		if st.Queue > st.EndToEnd*(1+1e-9) || st.TTFT > st.EndToEnd*(1+1e-6)+1e-12 {
			t.Fatalf("queue %v, first token %v, end %v", st.Queue, st.TTFT, st.EndToEnd)
		}
		if c := float64(l.Concurrency); c > 0 && math.Abs(st.RequestsPerSecond*st.EndToEnd/c-1) > 0.02 && s.Policy != Static {
			t.Fatalf("%v in the system of %v users", st.RequestsPerSecond*st.EndToEnd, c)
		}
	})
}

// scaled is a pacer whose steps take a share of another's.
type scaled struct {
	p  Pacer
	by float64
}

func (s scaled) Seconds(x *Step) float64 { return s.by * s.p.Seconds(x) }

// In a closed loop what happens in which step does not depend on how long steps
// take, so a faster pacer shortens all times alike; the tolerance is that of
// skipped steps.
func TestFasterPacer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, l := drawScheduler(t), drawLoad(t)
		if l.Concurrency == 0 {
			l = Load{Concurrency: 7, Input: Fixed(40), Output: Fixed(40)}
		}
		slow, err := Simulate(&s, &l, lawRoof)
		if err != nil {
			t.Fatal(err)
		}
		fast, err := Simulate(&s, &l, scaled{p: lawRoof, by: 0.9})
		if err != nil {
			t.Fatal(err)
		}
		if slow.RequestsPerSecond > 0 && math.Abs(fast.RequestsPerSecond*0.9/slow.RequestsPerSecond-1) > 1e-6 {
			t.Fatalf("%v and %v requests/s", slow.RequestsPerSecond, fast.RequestsPerSecond)
		}
		if fast.EndToEnd.Mean > slow.EndToEnd.Mean || fast.TTFT.Mean > slow.TTFT.Mean {
			t.Fatal("a faster pacer raised a latency")
		}
	})
}

// More cache lets more run. It may also let in what is preempted later, make
// prompts interrupt more decodes and break up cohorts: 25% of slack.
func TestMoreCache(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScheduler(t)
		l := Load{
			Concurrency: rapid.IntRange(1, 80).Draw(t, "users"), Requests: 2000,
			Input: drawLengths(t, "input"), Output: drawLengths(t, "output"), Seed: rapid.Uint64().Draw(t, "seed"),
		}
		s.CacheTokens = int64(rapid.IntRange(800, 10_000).Draw(t, "pool"))
		if s.Policy == Mixed && !s.Chunked {
			s.Chunked = true
		}
		little, err := Simulate(&s, &l, lawRoof)
		if err != nil {
			t.Fatal(err)
		}
		s.CacheTokens = int64(float64(s.CacheTokens) * rapid.Float64Range(1, 4).Draw(t, "more"))
		much, err := Simulate(&s, &l, lawRoof)
		if err != nil {
			t.Fatal(err)
		}
		if much.RequestsPerSecond < 0.75*little.RequestsPerSecond {
			t.Fatalf("%v requests/s with less cache, %v with %d tokens", little.RequestsPerSecond, much.RequestsPerSecond, s.CacheTokens)
		}
	})
}
