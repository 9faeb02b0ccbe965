package recommend

import (
	"context"
	"slices"

	"github.com/plimsoll/plimsoll/cmd/internal/money"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/require"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/serving"
)

// Traffic is what users send; nil where nothing was said.
type Traffic struct {
	Load       *serving.Load
	Objectives []serving.Objective
	// Amount is requests per second, or users of a closed loop.
	Amount float64
}

// Goals in the order of their lists, with what each is ranked by.
var goals = []struct{ id, words string }{
	{"cheapest", "least cost of an hour"},
	{"fastest", "fastest decode of one user, at the pessimistic end"},
	{"efficient", "least energy for an output token"},
}

// machineQuestion is what hardware is asked for.
type machineQuestion struct {
	in      *report.RecommendInputs
	gates   []*require.Requirement
	book    *money.Book
	traffic *Traffic
	answers bool
	// exact asks also of machines that carry too little how much they carry.
	exact bool
}

// option is a machine that was tried.
type option struct {
	kind     kind
	place    int // index of its kind of hardware
	on       string
	row      report.RecommendRow
	distance float64

	final *report.RecommendRow // with all that follows a verdict
	done  bool                 // final is settled: nil where it is not recommended after all
	err   error
}

// MachinesFor fills in the hardware of a document about a model: of each kind
// the number that serves each goal best, of those that fit and meet everything
// asked.
func (a *Advisor) MachinesFor(ctx context.Context, doc *report.Recommend, book *money.Book, traffic *Traffic) error {
	in := &doc.Inputs
	q := &machineQuestion{in: in, book: book, traffic: traffic, answers: len(in.Require) > 0}
	var err error
	if q.gates, err = floors(in.MinDecodeTokS, in.MaxTTFTMs, in.Require); err != nil {
		return err
	}
	m, err := a.worker(ctx).resolver.Model(in.Scenario.Model)
	if err != nil {
		return err
	}
	doc.Subject = m.Arch.Name
	if doc.Subject == "" {
		doc.Subject = in.Scenario.Model
	}
	kinds, err := a.kinds(ctx, in)
	if err != nil {
		return err
	}
	var tries []try
	for i := range kinds {
		for _, on := range kinds[i].on {
			tries = append(tries, try{i, on})
		}
	}
	options, err := a.tryAll(ctx, q, tries)
	if err != nil {
		return err
	}
	enough := make([]bool, len(kinds))
	for i := range options {
		enough[options[i].place] = enough[options[i].place] || options[i].kind == recommended
	}
	tries = tries[:0]
	for i := range kinds {
		if !enough[i] {
			for _, on := range kinds[i].beyond {
				tries = append(tries, try{i, on})
			}
		}
	}
	more, err := a.tryAll(ctx, q, tries)
	if err != nil {
		return err
	}
	options = append(options, more...)
	if q.traffic != nil && !slices.ContainsFunc(options, func(o option) bool { return o.kind == recommended }) {
		// Nothing carries it: what carries most is the nearest.
		q.exact = true
		tries = tries[:0]
		for i := range options {
			tries = append(tries, try{options[i].place, options[i].on})
		}
		if options, err = a.tryAll(ctx, q, tries); err != nil {
			return err
		}
	}
	return a.hardware(ctx, doc, q, options)
}

// try is a machine to be tried.
type try struct {
	kind int
	on   string
}

func (a *Advisor) tryAll(ctx context.Context, q *machineQuestion, tries []try) ([]option, error) {
	options := make([]option, len(tries))
	err := a.each(ctx, len(tries), func(w *worker, i int) {
		options[i] = w.try(q, tries[i].on)
		options[i].place, options[i].on = tries[i].kind, tries[i].on
	})
	return options, err
}

// try estimates the model on a machine, divided as best serves what is asked.
func (w *worker) try(q *machineQuestion, on string) option {
	var o option
	s := q.in.Scenario
	s.On, s.Devices = on, 0
	m, err := w.resolver.Machine(w.ctx, &s)
	if err != nil {
		return o
	}
	w.engineOf(&s, m, q.in.Formats)
	if len(q.in.Formats) > 0 {
		s.Quant, s.QuantAssumed = q.in.Formats[0], false
	}
	var p scenario.Prepared
	if err := w.resolver.Resolve(w.ctx, &s, &p); err != nil {
		return o
	}
	if node := p.Request.Machine.Primary(); len(node.Devices) > 0 && !runsOn(p.Request.Engine, node.Devices[0]) {
		return o
	}
	if w.ofFiles(q.in.Formats) && !p.Request.Engine.SharedContext() {
		return o // it reads no GGUF files
	}
	p.Request.Cache = &w.cache
	var carry *report.RecommendCarry
	if q.traffic != nil {
		if carry, o.kind, o.distance = w.carried(q, &p); o.kind != recommended {
			if o.kind != notEstimated && q.exact {
				o.row = w.bare(q, &p)
				o.row.Carry = carry
			}
			return o
		}
	} else {
		divide(&p)
	}
	terms, offer, err := q.book.Terms(p.Request.Machine)
	if err != nil {
		return o
	}
	p.Request.Terms, p.Request.Answers = terms, q.answers
	e, err := w.estimate(&p.Request)
	if err != nil {
		return o
	}
	c := judged(&p, e, q.gates)
	c.Result.Offer = offer
	o.row = newRow(c, &p)
	o.row.Name, o.row.Carry, o.row.Plan = on, carry, planOf(&p)
	switch {
	case e.Speed.PrefillTokS == nil && e.Speed.DecodeTokS == nil:
		return o
	case e.Verdict.Rank() > q.in.Accept.Rank():
		o.kind, o.distance = tooLarge, excess(e)
	case !met(c.Requirements):
		o.kind, o.distance = belowFloors, missed(q.in, e)
	default:
		o.kind = recommended
	}
	return o
}

// divide chooses how several devices share the model, where an engine leaves
// that open: for the speed of the sequences in flight. Where no way fits, the
// first says by how much.
func divide(p *scenario.Prepared) {
	d, node := &p.Request.Deployment, p.Request.Machine.Primary()
	if !p.Request.Engine.Serves() || len(node.Devices) < 2 || max(d.TP, d.PP, d.DP, d.EP) > 0 || d.Split != engine.SplitAuto {
		return
	}
	if plans, _ := estimator.Plans(&p.Request, nil, estimator.ForLatency, nil); len(plans) > 0 {
		deploy(p, plans[0].TP, plans[0].PP, plans[0].DP, plans[0].EP)
	}
}

// divideBoxes does the same only where several computers share the model: in
// one, what an engine does by itself is what people run.
func divideBoxes(p *scenario.Prepared) {
	if p.Request.Machine.Primary().Box > 0 {
		divide(p)
	}
}

// deploy makes a division the request's, and the scenario's.
func deploy(p *scenario.Prepared, tp, pp, dp, ep int) {
	d := &p.Request.Deployment
	d.TP, d.PP, d.DP, d.EP = tp, pp, dp, ep
	p.Inputs.TP, p.Inputs.PP, p.Inputs.DP, p.Inputs.EP = tp, pp, dp, ep
	if tp == 1 {
		d.Split = engine.SplitPipeline
		p.Inputs.Split = string(d.Split)
	}
}

func planOf(p *scenario.Prepared) string {
	in := &p.Inputs
	if max(in.TP, in.PP, in.DP, in.EP) <= 1 {
		return ""
	}
	plan := estimator.Plan{TP: max(in.TP, 1), PP: in.PP, DP: in.DP, EP: in.EP}
	return plan.String()
}

// missed is the largest factor by which a floor is.
func missed(in *report.RecommendInputs, e *estimator.Result) float64 {
	q := modelQuestion{asked: report.RecommendAsked{MinDecodeTokS: in.MinDecodeTokS, MaxTTFTMs: in.MaxTTFTMs}}
	return q.missedBy(e)
}
