package serving

import (
	"math"
	"testing"
)

// benchPacer costs about what a small roofline model does: some 100 ns.
type benchPacer struct{}

func (benchPacer) Seconds(s *Step) float64 {
	n := s.Decodes + s.Prompt
	t := 200e-6
	for layer := range 8 {
		read := 1e-3 + 1e-8*(s.Cache+s.PromptCache)
		work := 2e-6*n + 1e-10*(s.Cache+s.PromptPairs)
		// A smooth roof, and efficiency that rises with the size of the step.
		t += math.Sqrt(read*read+work*work) / (8 * (1 - 0.3/(1+math.Sqrt(n)+float64(layer))))
	}
	return t
}

func benchLoad() (Scheduler, Load) {
	return Scheduler{MaxSeqs: 256, MaxTokens: 2048, Chunked: true, CacheTokens: 500_000, BlockTokens: 16},
		Load{Concurrency: 100, Input: LogNormal(500, 0.5, 0), Output: LogNormal(500, 0.5, 0), Requests: 20_000, Seed: 1}
}

func BenchmarkPacer(b *testing.B) {
	s := Step{Decodes: 100, Cache: 70_000, Prompt: 500, PromptSeqs: 1, PromptPairs: 125_000}
	for b.Loop() {
		benchPacer{}.Seconds(&s)
	}
}

func benchSimulate(b *testing.B, l Load, s Scheduler) {
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		r, err := Simulate(&s, &l, benchPacer{})
		if err != nil {
			b.Fatal(err)
		}
		n += r.Requests
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "requests/s")
}

func BenchmarkSimulate(b *testing.B) {
	s, l := benchLoad()
	b.Run("closed", func(b *testing.B) { benchSimulate(b, l, s) })
	l.Concurrency, l.Rate = 0, 6
	b.Run("rate", func(b *testing.B) { benchSimulate(b, l, s) })
	s.CacheTokens = 40_000
	l.Concurrency, l.Rate = 100, 0
	b.Run("preempting", func(b *testing.B) { benchSimulate(b, l, s) })
}

func BenchmarkSteady(b *testing.B) {
	run := func(name string, s Scheduler, l Load) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			calls := 0
			p := PacerFunc(func(s *Step) float64 { calls++; return benchPacer{}.Seconds(s) })
			for b.Loop() {
				if _, err := Steady(&s, &l, p); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(calls)/float64(b.N), "pacer-calls/op")
		})
	}
	s, l := benchLoad()
	fixed := l
	fixed.Input, fixed.Output = Fixed(500), Fixed(500)
	run("closed-fixed", s, fixed)
	run("closed", s, l)
	open := l
	open.Concurrency, open.Rate = 0, 6
	run("rate", s, open)
	first := s
	first.Policy = PrefillFirst
	run("rate-prefill-first", first, open)
	small := s
	small.CacheTokens = 40_000
	run("preempting", small, l)
	run("preempting-fixed", small, fixed)
	static := s
	static.Policy = Static
	run("rate-static", static, open)
}

// What a simulation allocates does not grow with what happens in it, but for
// one slice of samples.
func TestSimulateAllocatesLittle(t *testing.T) {
	s, l := benchLoad()
	s.CacheTokens = 40_000
	count := func(n int) float64 {
		l.Requests = n
		return testing.AllocsPerRun(2, func() {
			if _, err := Simulate(&s, &l, benchPacer{}); err != nil {
				t.Fatal(err)
			}
		})
	}
	few, many := count(500), count(5000)
	if many > few+4 {
		t.Errorf("%v allocations for 500 requests, %v for 5000", few, many)
	}
}
