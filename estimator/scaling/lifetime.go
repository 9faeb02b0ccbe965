package scaling

import (
	"fmt"
	"math"
)

// Quality is what a model must be as good as: a loss in nats per token, or the
// loss that a law gives a model of given size and training.
type Quality struct {
	Loss           float64
	Params, Tokens float64 // where Loss is 0
}

// of is the loss that a law demands.
func (q *Quality) of(p *Parametric) float64 {
	if q.Loss > 0 {
		return q.Loss
	}
	return p.Loss(q.Params, q.Tokens)
}

// Service is what a model does over its life. A training FLOP costs Train, a
// serving FLOP Serve, both in USD or both 1.
type Service struct {
	Tokens       float64 // served over the life, read or written
	Train, Serve float64
}

// cost of training and serving a model: 6ND·Train + 2NT·Serve.
func (s *Service) cost(params, tokens float64) float64 {
	return TrainingFLOPs(params, tokens)*s.Train + ServingFLOPs(params, s.Tokens)*s.Serve
}

// CheapestLife is the model that reaches a loss for the least 6ND·Train +
// 2NT·Serve (the argument of LLaMA, arXiv:2302.13971, section 1; put so by
// Sardana et al. 2023, arXiv:2401.00448, eq. 2). Along the curve of equal loss
// dlnD/dlnN = −(α·A/N^α) / (β·B/D^β), so that the sum is least where
//
//	3·D·Train·((α·A/N^α) / (β·B/D^β) − 1) = T·Serve
//
// whose left side falls from infinity, at the N that no data can bring to the
// loss, to 0 at the training optimum. ok is false for a loss that nothing reaches.
func (p *Parametric) CheapestLife(loss float64, s Service) (params, tokens float64, ok bool) {
	most, tokens, ok := p.CheapestTraining(loss)
	ratio := s.Serve / s.Train
	if !ok || s.Tokens*ratio == 0 {
		return most, tokens, ok
	}
	least := math.Pow(p.A/(loss-p.E), 1/p.Alpha)
	low, high := math.Log(least), math.Log(most)
	// 80 halvings of an interval of a few units leave less than rounding does.
	for range 80 {
		mid := (low + high) / 2
		n := math.Exp(mid)
		d, reached := p.TokensFor(loss, n)
		if !reached || 3*d*(p.Alpha*p.size(n)/(p.Beta*p.data(d))-1) > s.Tokens*ratio {
			low = mid
		} else {
			high = mid
		}
	}
	params = math.Exp(high)
	tokens, ok = p.TokensFor(loss, params)
	return params, tokens, ok
}

// Option is a model that reaches the quality, with what its life takes.
type Option struct {
	Name string
	// Tokens and what follows from it are absent, with the reason in Why,
	// where no training takes a model of this size there.
	Params                        Figure
	Tokens, TokensPerParam        *Figure
	TrainFLOPs, ServeFLOPs, FLOPs *Figure
	TrainUSD, ServeUSD, USD       *Figure
	Why                           string
	Outside                       []Beyond
	point                         func(*Law) (params, tokens float64, ok bool)
}

// Names of options that are not the user's.
const (
	LeastLife     = "least over the life"
	LeastTraining = "least training"
	Reference     = "reference"
)

// Life is the cheapest model of a quality over a life, with others beside it.
type Life struct {
	Loss    Figure
	Served  float64
	Options []Option // the cheapest over the life, the cheapest to train, the reference, the sizes named
	Evens   []BreakEven
}

// BreakEven is how many served tokens make two models of equal loss cost the
// same over their lives: from there on the smaller is cheaper.
type BreakEven struct {
	Small, Large string  // names of options
	Tokens       *Figure // nil: Why says so
	Why          string
}

// Size is a model size that the user names; Params are the active ones.
type Size struct {
	Name   string
	Params float64
}

// Lifetime compares models of equal quality over a life. The reason is empty
// where the law can tell: it must say the loss of every size and training in
// one pass over its data, as parametric laws do. money says that Train and
// Serve are USD.
func (l *Law) Lifetime(q Quality, s Service, sizes []Size, money bool) (*Life, string) {
	if _, ok := l.Surface.(*Parametric); !ok {
		if l.Surface != nil {
			return nil, "its L(N,D) is of training until the loss no longer falls, not of one pass over D tokens"
		}
		return nil, "it says which size is optimal, not what loss another reaches"
	}
	loss, ok := l.figure(UnitLoss, func(l *Law) (float64, bool) { return q.of(l.surface()), true })
	if q.Loss > 0 {
		loss = given(q.Loss, UnitLoss)
	}
	if _, _, can := l.surface().CheapestTraining(loss.Value); !ok || !can {
		return nil, fmt.Sprintf("no model reaches %s nats/token: its irreducible loss is %g", num(loss.Value), l.surface().E)
	}
	life := &Life{Loss: loss, Served: s.Tokens}
	add := func(name string, at func(*Law) (float64, float64, bool)) {
		life.Options = append(life.Options, l.option(name, at, s, money))
	}
	add(LeastLife, func(l *Law) (float64, float64, bool) { return l.surface().CheapestLife(q.of(l.surface()), s) })
	add(LeastTraining, func(l *Law) (float64, float64, bool) { return l.surface().CheapestTraining(q.of(l.surface())) })
	if q.Loss == 0 {
		add(Reference, func(*Law) (float64, float64, bool) { return q.Params, q.Tokens, true })
	}
	for _, size := range sizes {
		add(size.Name, func(l *Law) (float64, float64, bool) {
			d, ok := l.surface().TokensFor(q.of(l.surface()), size.Params)
			return size.Params, d, ok
		})
	}
	life.Evens = l.breakEvens(life.Options, s)
	return life, ""
}

// surface is the parametric surface of a law that has one.
func (l *Law) surface() *Parametric { return l.Surface.(*Parametric) }

// option works out one model; where it is out of reach only its size is known.
func (l *Law) option(name string, at func(*Law) (float64, float64, bool), s Service, money bool) Option {
	o := Option{Name: name, point: at}
	figure := func(unit string, f func(n, d float64) float64) *Figure {
		fig, ok := l.figure(unit, func(l *Law) (float64, bool) {
			n, d, ok := at(l)
			return f(n, d), ok
		})
		if !ok {
			return nil
		}
		return &fig
	}
	n, d, ok := at(l)
	if !ok {
		o.Params = given(n, UnitParams)
		o.Why = "no amount of data takes this size to the loss"
		return o
	}
	o.Params = *figure(UnitParams, func(n, _ float64) float64 { return n })
	if o.Params.Low == o.Params.High && name != LeastLife && name != LeastTraining {
		o.Params = given(n, UnitParams)
	}
	o.Tokens = figure(UnitTokens, func(_, d float64) float64 { return d })
	o.TokensPerParam = figure(UnitPerParam, func(n, d float64) float64 { return d / n })
	o.TrainFLOPs = figure(UnitFLOPs, TrainingFLOPs)
	o.ServeFLOPs = figure(UnitFLOPs, func(n, _ float64) float64 { return ServingFLOPs(n, s.Tokens) })
	o.FLOPs = figure(UnitFLOPs, func(n, d float64) float64 { return TrainingFLOPs(n, d) + ServingFLOPs(n, s.Tokens) })
	if s.Tokens == 0 {
		o.ServeFLOPs = &Figure{Unit: UnitFLOPs, Basis: "nothing is served"}
	}
	if money {
		o.TrainUSD = figure(UnitUSD, func(n, d float64) float64 { return TrainingFLOPs(n, d) * s.Train })
		o.ServeUSD = figure(UnitUSD, func(n, _ float64) float64 { return ServingFLOPs(n, s.Tokens) * s.Serve })
		o.USD = figure(UnitUSD, s.cost)
		if s.Tokens == 0 {
			o.ServeUSD = &Figure{Unit: UnitUSD, Basis: "nothing is served"}
		}
	}
	o.Outside = l.Fitted.Outside(n, d, TrainingFLOPs(n, d))
	return o
}

// breakEvens pairs the models that the user named with each other or, where
// there are no two, the cheapest over the life with the cheapest to train.
func (l *Law) breakEvens(options []Option, s Service) []BreakEven {
	named := options[2:]
	if len(named) < 2 {
		named = options
	}
	var out []BreakEven
	for i := range named {
		for j := i + 1; j < len(named); j++ {
			a, b := &named[i], &named[j]
			if a.Params.Value > b.Params.Value {
				a, b = b, a
			}
			if a.Params.Value == b.Params.Value {
				continue
			}
			out = append(out, l.breakEven(a, b, s))
		}
	}
	return out
}

// breakEven solves 6·N₁D₁·Train + 2·N₁T·Serve = 6·N₂D₂·Train + 2·N₂T·Serve for T.
func (l *Law) breakEven(small, large *Option, s Service) BreakEven {
	e := BreakEven{Small: small.Name, Large: large.Name}
	if small.Tokens == nil || large.Tokens == nil {
		e.Why = "one of them does not reach the loss"
		return e
	}
	even := func(l *Law) (float64, bool) {
		n1, d1, ok1 := small.point(l)
		n2, d2, ok2 := large.point(l)
		return Even(n1, d1, n2, d2, s), ok1 && ok2
	}
	if v, _ := even(l); v <= 0 {
		e.Why = "the smaller takes no more training: it is cheaper from the first token"
		return e
	}
	fig, ok := l.figure(UnitTokens, even)
	if !ok {
		e.Why = "it is beyond all numbers"
		return e
	}
	e.Tokens = &fig
	return e
}

// Even is the number of served tokens at which two models cost the same over
// their lives, T = 3·Train·(N₁D₁ − N₂D₂) / (Serve·(N₂ − N₁)); negative where
// the smaller (N₁) takes less training.
func Even(n1, d1, n2, d2 float64, s Service) float64 {
	return 3 * s.Train * (n1*d1 - n2*d2) / (s.Serve * (n2 - n1))
}
