package scaling

import "fmt"

// Derivation shows how a figure came about: the formula with its numbers put
// in, the facts in it and where they came from. It has the shape of
// estimator.Derivation.
type Derivation struct {
	Figure  string `json:"figure"`
	Formula string `json:"formula"`
	Facts   string `json:"facts,omitempty"`
	Source  string `json:"source,omitempty"`
}

// ExplainOptimum derives an optimum of the law.
func (l *Law) ExplainOptimum(o *Optimum) []Derivation {
	c, n, d := o.FLOPs.Value, o.Params.Value, o.Tokens.Value
	list := []Derivation{
		{Figure: l.ID + " params", Formula: l.Curve.explain(c), Facts: l.Note, Source: l.Source},
		{Figure: l.ID + " tokens", Formula: fmt.Sprintf("%s / (6 x %s) = %s tokens", num(c), num(n), num(d)), Facts: "C = 6ND"},
	}
	switch s := l.Surface.(type) {
	case *Parametric:
		list = append(list, Derivation{Figure: l.ID + " loss", Formula: s.explain(n, d), Source: l.Source})
	case *Kaplan:
		list = append(list, Derivation{Figure: l.ID + " loss", Formula: fmt.Sprintf("(%s / %s)^%g = %.4f nats/token", num(s.Cc), num(c), s.AlphaC, s.Optimal(c)), Source: l.Source})
	}
	return list
}

func (c *Curve) explain(flops float64) string {
	p, slope := c.line(func(p Point) bool { return p.FLOPs > flops })
	return fmt.Sprintf("%s x (%s / %s)^%.4g = %s parameters", num(p.Params), num(flops), num(p.FLOPs), slope, num(c.Params(flops)))
}

// ExplainLoss derives the loss of a model.
func (l *Law) ExplainLoss(params, tokens float64) []Derivation {
	if l.Surface == nil {
		return nil
	}
	return []Derivation{{Figure: l.ID + " loss", Formula: l.Surface.explain(params, tokens), Facts: l.Note, Source: l.Source}}
}

// ExplainLife derives the options of a life: tokens at equal loss, and what
// training and serving take.
func (l *Law) ExplainLife(life *Life, s Service) []Derivation {
	var list []Derivation
	for i := range life.Options {
		o := &life.Options[i]
		if o.Tokens == nil {
			continue
		}
		n, d := o.Params.Value, o.Tokens.Value
		list = append(list,
			Derivation{Figure: fmt.Sprintf("%s tokens, %s", l.ID, o.Name), Facts: fmt.Sprintf("on the curve of equal loss, %s nats/token", num(life.Loss.Value)),
				Formula: l.Surface.explain(n, d), Source: l.Source},
			Derivation{Figure: fmt.Sprintf("%s FLOPs, %s", l.ID, o.Name), Facts: "6ND + 2NT",
				Formula: fmt.Sprintf("6 x %s x %s + 2 x %s x %s = %s FLOPs", num(n), num(d), num(n), num(s.Tokens), num(o.FLOPs.Value))})
		if o.USD != nil {
			list = append(list, Derivation{Figure: fmt.Sprintf("%s USD, %s", l.ID, o.Name), Facts: "training and serving FLOPs by their prices",
				Formula: fmt.Sprintf("%s x %s + %s x %s = %s USD", num(o.TrainFLOPs.Value), num(s.Train), num(o.ServeFLOPs.Value), num(s.Serve), num(o.USD.Value))})
		}
	}
	return list
}

// ExplainTraining derives the time on a cluster.
func ExplainTraining(t *Training, c Cluster, params, tokens float64, mfu Level) []Derivation {
	return []Derivation{{Figure: "days", Formula: t.explain(c, params, tokens, mfu), Facts: "MFU: model FLOPs utilisation", Source: "arXiv:2204.02311, section 4.1"}}
}
