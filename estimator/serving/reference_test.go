package serving

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// naive is one sequence of the plain simulator below.
type naive struct {
	at, first, end float64
	in, out, done  int
	todo, cached   int
	decode         bool
}

// plain is the same scheduler written without any short cut: every step looks
// at every sequence. Prompts are chunked, steps give one token, and the load is
// a trace. It returns the times of first tokens and ends, and the preemptions.
func plain(s Scheduler, trace []Arrival, p Pacer) (seqs []*naive, preempted, steps int) {
	var queue, run []*naive
	now := 0.0
	page := int(s.block())
	pages := func(n int) int { return (n + page - 1) / page }
	pool := int(s.CacheTokens) / page
	if s.CacheTokens == 0 {
		pool = math.MaxInt
	}
	held := func(q *naive, extra int) int {
		keep := q.in
		if s.Reserve == 1 {
			keep += q.out
		}
		if q.decode {
			return max(pages(q.cached+extra), pages(keep))
		}
		return max(pages(q.in+q.done), pages(keep))
	}
	used := func(extra int) (n int) {
		for _, q := range run {
			n += held(q, extra)
		}
		return n
	}
	next, left := 0, len(trace)
	for left > 0 {
		if len(run) == 0 && len(queue) == 0 && trace[next].At > now {
			now = trace[next].At
		}
		for next < len(trace) && trace[next].At <= now {
			a := trace[next]
			q := &naive{at: a.At, in: a.Input, out: a.Output, first: -1}
			seqs, queue = append(seqs, q), append(queue, q)
			next++
		}
		var step Step
		room := func() (dropped bool) {
			for len(run) > 1 && used(1) > pool {
				decodes := false
				for _, q := range run {
					decodes = decodes || q.decode
				}
				if !decodes {
					return dropped
				}
				q := run[len(run)-1]
				run = run[:len(run)-1]
				if q.decode {
					q.done = q.cached - q.in + 1
				}
				q.decode = false
				queue = append([]*naive{q}, queue...)
				preempted++
				dropped = true
			}
			return dropped
		}
		budget, admit := s.MaxTokens, true
		if s.Policy == Mixed {
			admit = !room()
			for _, q := range run {
				if q.decode {
					budget--
				}
			}
		}
		var finishing []*naive
		chunk := func(q *naive) {
			n := min(q.todo, budget)
			step.Prompt += float64(n)
			step.PromptSeqs++
			step.PromptCache += float64(q.cached)
			step.PromptPairs += float64(n) * (float64(q.cached) + float64(n)/2)
			q.cached += n
			q.todo -= n
			budget -= n
			if q.todo == 0 {
				finishing = append(finishing, q)
			}
		}
		for _, q := range run {
			if !q.decode && budget > 0 {
				chunk(q)
			}
		}
		for admit && budget > 0 && len(queue) > 0 && len(run) < s.MaxSeqs && used(0)+held(queue[0], 0) <= pool {
			q := queue[0]
			queue, run = queue[1:], append(run, q)
			q.cached, q.todo = 0, q.in+q.done
			chunk(q)
		}
		var decoded []*naive
		if s.Policy == Mixed || step.PromptSeqs == 0 {
			if s.Policy != Mixed {
				room()
			}
			for _, q := range run {
				if q.decode {
					decoded = append(decoded, q)
					step.Decodes++
					step.Cache += float64(q.cached + 1)
				}
			}
		}
		now += p.Seconds(&step)
		steps++
		for _, q := range decoded {
			q.cached++
		}
		for _, q := range finishing {
			q.done++
			q.decode = true
			q.cached = q.in + q.done - 1
			if q.first < 0 {
				q.first = now
			}
		}
		kept := run[:0:0]
		for _, q := range run {
			if q.decode && q.cached-q.in+1 >= q.out {
				q.end = now
				left--
			} else {
				kept = append(kept, q)
			}
		}
		run = kept
	}
	return seqs, preempted, steps
}

// The simulator's clock, heap and skipped steps change nothing: a plain one
// sees the same times.
func TestSimulateMatchesPlain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Scheduler{
			Policy:    rapid.SampledFrom([]Policy{Mixed, PrefillFirst}).Draw(t, "policy"),
			MaxSeqs:   rapid.IntRange(1, 20).Draw(t, "seqs"),
			MaxTokens: rapid.IntRange(32, 300).Draw(t, "budget"),
			Chunked:   true, BlockTokens: rapid.SampledFrom([]int{1, 7, 16}).Draw(t, "page"),
			Reserve: float64(rapid.IntRange(0, 1).Draw(t, "reserve")),
		}
		if rapid.Bool().Draw(t, "bounded") {
			s.CacheTokens = int64(rapid.IntRange(250, 1500).Draw(t, "pool"))
		}
		var trace []Arrival
		at := 0.0
		for range rapid.IntRange(1, 60).Draw(t, "requests") {
			at += rapid.SampledFrom([]float64{0, 0.0101234567, 0.10033476, 0.70710678}).Draw(t, "gap")
			trace = append(trace, Arrival{At: at, Input: rapid.IntRange(1, 100).Draw(t, "in"), Output: rapid.IntRange(1, 100).Draw(t, "out")})
		}
		l := Load{Trace: trace}
		pacer := roof{overhead: 1e-3, weights: 2e-3, cache: 1e-6, token: 3e-5, pair: 1e-8, seq: 1e-5}
		e, err := simulate(&s, &l, pacer)
		if err != nil {
			t.Fatal(err)
		}
		seqs, preempted, steps := plain(s, trace, pacer)
		if e.rec.preemptions != preempted || int(e.rec.steps) != steps {
			t.Fatalf("%d preemptions and %d steps, plainly %d and %d", e.rec.preemptions, e.rec.steps, preempted, steps)
		}
		for i, q := range seqs {
			ttft, total := q.first-q.at, q.end-q.at
			if math.Abs(e.rec.ttft[i]-ttft) > 0.001*ttft+1e-9 || math.Abs(e.rec.total[i]-total) > 0.001*total+1e-9 {
				t.Fatal(fmt.Sprintf("request %d: first token after %v s and end after %v s, plainly %v and %v", i, e.rec.ttft[i], e.rec.total[i], ttft, total))
			}
		}
	})
}
