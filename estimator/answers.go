package estimator

import (
	"fmt"
	"sort"

	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/estimator/model"
)

// variant is the request with one thing changed, allocated but not timed.
func (req *Request) variant(d engine.Deployment, w engine.Workload, weights *format.Weights) (*Result, error) {
	v := *req
	v.Deployment, v.Workload, v.Weights = d, w, weights
	v.Explain, v.Answers = false, false
	e := new(Result)
	if err := allocate(&v, e); err != nil {
		return nil, err
	}
	return e, nil
}

// holds says whether a variant's verdict is at least as good as limit.
func (req *Request) holds(limit int, d engine.Deployment, w engine.Workload, weights *format.Weights) bool {
	e, err := req.variant(d, w, weights)
	return err == nil && e.Verdict.Rank() <= limit
}

// contextStep is the granularity of the context search, in tokens.
const contextStep = 256

// answers follows the verdict: what is the most that would still fit? "Fit"
// means at least as well as the request itself does; where the request does
// not fit, it means fitting at all.
func answers(req *Request, e *Result) *Answers {
	limit := e.Verdict.Rank()
	if limit == DoesNotFit.Rank() {
		limit = FitsOffload.Rank()
	}
	a := &Answers{MaxContext: maxContext(req, e, limit), MaxSequences: maxSequences(req, e, limit)}
	a.BestFormat = bestFormat(req, e)
	return a
}

// maxContext returns the largest context of one sequence that fits, a
// multiple of contextStep or the model's own limit; 0 when none does.
func maxContext(req *Request, e *Result, limit int) int {
	longest := req.Model.Arch.MaxContext
	if longest <= 0 {
		longest = e.Deployment.Context
	}
	holds := func(context int) bool {
		d, w := req.Deployment, req.Workload
		d.Context = context * max(slots(req), 1)
		w.InputTokens, w.Depth = min(w.InputTokens, context), 0
		w.OutputTokens = min(w.OutputTokens, context-w.InputTokens)
		w.PromptAssumed = false
		return req.holds(limit, d, w, req.Weights)
	}
	if holds(longest) {
		return longest
	}
	n := sort.Search(longest/contextStep, func(i int) bool { return !holds((i + 1) * contextStep) })
	return n * contextStep
}

// slots returns the number of sequences that the cache is divided for where
// the context is that of all together.
func slots(req *Request) int {
	if !req.Engine.SharedContext() {
		return 1
	}
	return max(req.Deployment.Slots, req.Workload.Batch, 1)
}

// mostSequences bounds the search for concurrent sequences.
const mostSequences = 1 << 14

// poolTokens returns how many tokens the paged cache of one data-parallel group
// holds: as many as on its fullest device. 0 where there is none.
func poolTokens(e *Result) int64 {
	least := int64(0)
	for i := range e.Ledgers {
		if n := e.Ledgers[i].PoolTokens; n > 0 && (least == 0 || n < least) {
			least = n
		}
	}
	return least
}

// maxSequences returns how many sequences of the request's own context fit
// at once.
func maxSequences(req *Request, e *Result, limit int) int {
	per := e.Deployment.Context
	if req.Engine.SharedContext() {
		per /= max(slots(req), 1)
	}
	per = max(per, 1)
	if pool := poolTokens(e); pool > 0 {
		// Each data-parallel group has a cache of its own.
		return int(pool/int64(per)) * max(e.Settings.DP, 1)
	}
	return sort.Search(mostSequences, func(i int) bool {
		n := i + 1
		d, w := req.Deployment, req.Workload
		w.Batch, d.Slots = n, n
		if req.Engine.SharedContext() {
			d.Context = per * n
		}
		return !req.holds(limit, d, w, req.Weights)
	})
}

// bestFormat returns the largest weight format of the engine's ladder that
// fits without offload (or, failing that, with it); "" when none does. A file
// has but its own.
func bestFormat(req *Request, e *Result) string {
	if req.Model.FromFile {
		if e.Verdict.Rank() <= FitsOffload.Rank() {
			return req.Weights.Format
		}
		return ""
	}
	if req.Formats == nil {
		return ""
	}
	for _, limit := range []int{Fits.Rank(), FitsOffload.Rank()} {
		if limit == FitsOffload.Rank() && !wantsDevice(&req.Deployment) {
			break
		}
		for _, name := range req.Engine.FormatLadder {
			w, err := req.Formats.Weights(req.Model, name)
			if err == nil && req.holds(limit, req.Deployment, req.Workload, w) {
				return name
			}
		}
	}
	return ""
}

// leastBits is the narrowest format proposed merely for speed: below four
// bits a model's answers get visibly worse, which no speed figure shows.
const leastBits = 4

// bitsPerWeight returns the mean bits per weight of the text model.
func bitsPerWeight(w *format.Weights, m *model.Model) float64 {
	params := m.EmbeddingParams + m.OutputParams + m.OtherParams
	for i := range m.Layers {
		params += m.Layers[i].Params()
	}
	return float64(w.Total) * 8 / float64(max(params, 1))
}

// suggestions says what would help, most useful first: what would make a
// model fit, or make it faster, each tried by the same estimate.
func suggestions(req *Request, e *Result) []Suggestion {
	var out []Suggestion
	fits := e.Verdict == Fits || e.Verdict == Tight
	if !fits {
		if best := e.Answers.BestFormat; best != "" && best != req.Weights.Format {
			if w, err := req.Formats.Weights(req.Model, best); err == nil && w.Total < req.Weights.Total {
				out = append(out, tried(req, req.Deployment, w, e, "weights in "+best, "--quant "+best)...)
			}
		}
		if c := e.Answers.MaxContext; e.Verdict == DoesNotFit && c > 0 && c < e.Deployment.Context {
			out = append(out, Suggestion{Change: fmt.Sprintf("a context of %d tokens", c), Effect: "fits", Flags: fmt.Sprintf("--context %d", c)})
		}
	}
	if cache := e.All.KVCacheBytes.Value; cache > 0.1*e.All.TotalBytes.Value && (e.Verdict != Fits) {
		if t := req.Engine.SmallerKVType; t != "" && req.Deployment.KVTypeK != t {
			d := req.Deployment
			d.KVTypeK, d.KVTypeV = t, t
			out = append(out, tried(req, d, req.Weights, e, "a KV cache in "+t, "--kv-type "+t)...)
		}
	}
	if fits && e.Speed.DecodeTokS != nil && !req.Model.FromFile && req.Formats != nil {
		// The next format down the ladder reads fewer bytes per token.
		for _, name := range req.Engine.FormatLadder {
			w, err := req.Formats.Weights(req.Model, name)
			if err == nil && bitsPerWeight(w, req.Model) < leastBits {
				break
			}
			if err == nil && float64(w.Total) < 0.8*float64(req.Weights.Total) {
				out = append(out, tried(req, req.Deployment, w, e, "weights in "+name, "--quant "+name)...)
				break
			}
		}
	}
	return out
}

// tried estimates a variant in full and says what it buys; nothing when it
// buys nothing.
func tried(req *Request, d engine.Deployment, w *format.Weights, was *Result, change, flags string) []Suggestion {
	v := *req
	v.Deployment, v.Weights = d, w
	v.Explain, v.Answers = false, false
	e, err := Estimate(&v)
	if err != nil {
		return nil
	}
	s := Suggestion{Change: change, Flags: flags}
	better := e.Verdict.Rank() < was.Verdict.Rank()
	switch {
	case better:
		s.Effect = e.Verdict.Words()
	case e.Verdict.Rank() > was.Verdict.Rank():
		return nil
	}
	if a, b := was.Speed.DecodeTokS, e.Speed.DecodeTokS; a != nil && b != nil && b.Value > 1.1*a.Value {
		faster := fmt.Sprintf("decode %.3g instead of %.3g tok/s", b.Value, a.Value)
		if s.Effect != "" {
			s.Effect += "; "
		}
		s.Effect += faster
	}
	if s.Effect == "" {
		return nil
	}
	return []Suggestion{s}
}

// Words returns the verdict as prose.
func (v Verdict) Words() string {
	switch v {
	case Fits:
		return "fits"
	case Tight:
		return "fits, but only just"
	case FitsOffload:
		return "fits with offload to main memory"
	case DoesNotFit:
		return "does not fit"
	}
	return string(v)
}
