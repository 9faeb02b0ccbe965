package scaling

import (
	"fmt"
	"math"
)

// Law is what one paper found. Curve is always there; Surface is nil for laws
// that say what is optimal but not what loss it reaches.
type Law struct {
	ID, Name string
	Year     int
	// NonEmbedding is true where N leaves the embeddings out.
	NonEmbedding bool
	Fitted       Range
	// Comparable names the data whose loss the law predicts; losses of laws on
	// other data must not be compared.
	Comparable string
	Curve      Curve
	Surface    Surface
	// Note explains the law's figures, Caution is to be said wherever it is used.
	Note, Caution, Source string
}

// Surface is a loss over sizes and lengths of training.
type Surface interface {
	// Loss is in nats per token, for N parameters trained on D tokens.
	Loss(params, tokens float64) float64
	// Optimal is the loss of the compute-optimal model of a budget in FLOPs.
	Optimal(flops float64) float64
	// Terms are the parts that the loss is made of, or its limits.
	Terms(params, tokens float64) []Term
	// explain writes the formula with its numbers put in.
	explain(params, tokens float64) string
}

// Term is a part of a loss, in nats per token.
type Term struct {
	Name string  `json:"name"`
	Nats float64 `json:"nats_per_token"`
}

// Range is what a law was fitted on; 0: not published.
type Range struct {
	MinParams, MaxParams float64
	MinTokens, MaxTokens float64
	MinFLOPs, MaxFLOPs   float64
}

// Beyond is a quantity outside the range that a law was fitted on, and how
// many times outside.
type Beyond struct {
	Quantity     string // parameters, tokens or FLOPs
	Value, Limit float64
	Factor       float64 // above 1
}

// Outside lists which of a model's quantities the law was not fitted on. A
// value on the edge is inside, and so is one that rounding puts a hair beyond.
func (r *Range) Outside(params, tokens, flops float64) []Beyond {
	const hair = 1 + 1e-9
	var out []Beyond
	for _, q := range [...]struct {
		name           string
		value, min, at float64
	}{{UnitParams, params, r.MinParams, r.MaxParams}, {UnitTokens, tokens, r.MinTokens, r.MaxTokens}, {UnitFLOPs, flops, r.MinFLOPs, r.MaxFLOPs}} {
		switch {
		case q.at > 0 && q.value > q.at*hair:
			out = append(out, Beyond{q.name, q.value, q.at, q.value / q.at})
		case q.min > 0 && q.value*hair < q.min:
			out = append(out, Beyond{q.name, q.value, q.min, q.min / q.value})
		}
	}
	return out
}

// middle is the geometric middle of an interval, or 0 where it is not known.
func middle(low, high float64) float64 {
	if low <= 0 || high <= 0 {
		return 0
	}
	return math.Sqrt(low * high)
}

// middles of the fitted range: about these a doubtful exponent turns.
func (r *Range) middles() (params, tokens, flops float64) {
	params, tokens = middle(r.MinParams, r.MaxParams), middle(r.MinTokens, r.MaxTokens)
	if flops = middle(r.MinFLOPs, r.MaxFLOPs); flops == 0 {
		flops = TrainingFLOPs(params, tokens)
	}
	return params, tokens, flops
}

// Check says what is wrong with a law's coefficients, if anything.
func (l *Law) Check() error {
	if err := l.Curve.check(); err != nil {
		return fmt.Errorf("%s: %w", l.ID, err)
	}
	switch s := l.Surface.(type) {
	case *Parametric:
		if err := s.check(); err != nil {
			return fmt.Errorf("%s: %w", l.ID, err)
		}
	case *Kaplan:
		if err := s.check(); err != nil {
			return fmt.Errorf("%s: %w", l.ID, err)
		}
	}
	return nil
}
