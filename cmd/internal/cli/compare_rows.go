package cli

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/plimsoll/plimsoll/cmd/internal/money"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/require"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
)

// compareRows estimates every scenario of the document on all cores and fills
// in its rows and, of those that succeed, the resolved scenarios. It returns
// the first requirement that could not be judged.
func (a *app) compareRows(ctx context.Context, doc *report.Compare, gates []*require.Requirement, book *money.Book) error {
	scenarios := doc.Inputs.Scenarios
	doc.Rows = make([]report.CompareRow, len(scenarios))
	unjudged := make([]error, len(scenarios))
	store := scenario.NewStore(a.Facts)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range workersFor(len(scenarios)) {
		workers.Go(func() {
			w := compareWorker{ctx: ctx, a: a, resolver: scenario.NewResolver(store), gates: gates, book: book, roofline: doc.Inputs.Roofline}
			for {
				i := int(next.Add(1)) - 1
				if i >= len(scenarios) || ctx.Err() != nil {
					return
				}
				doc.Rows[i], unjudged[i] = w.row(&scenarios[i])
			}
		})
	}
	workers.Wait()
	for _, err := range unjudged {
		if err != nil {
			return err
		}
	}
	return nil
}

// compareWorker estimates one scenario after the other.
type compareWorker struct {
	ctx      context.Context
	a        *app
	resolver *scenario.Resolver
	gates    []*require.Requirement
	book     *money.Book
	roofline bool
	cache    estimator.Cache
}

// row estimates a scenario, which it replaces by the resolved one.
func (w *compareWorker) row(s *scenario.Scenario) (row report.CompareRow, unjudged error) {
	defer func() {
		if p := recover(); p != nil {
			row, unjudged = report.FailedCompareRow(problem.Failed(fmt.Sprintf("panic: %v", p))), nil
		}
	}()
	var p scenario.Prepared
	if err := w.resolver.Resolve(w.ctx, s, &p); err != nil {
		return report.FailedCompareRow(problem.From(problem.BadValue, err)), nil
	}
	p.Request.Answers, p.Request.Cache = true, &w.cache
	terms, offer, err := w.book.Terms(p.Request.Machine)
	if err != nil {
		return report.FailedCompareRow(problem.From(problem.BadValue, err)), nil
	}
	p.Request.Terms = terms
	e, err := w.a.Estimate(&p.Request)
	if err != nil {
		return report.FailedCompareRow(problem.From(problem.BadValue, err)), nil
	}
	check := report.NewCheck(&p, e, report.Versions{})
	*s = check.Inputs
	check.Result.Offer = offer
	for _, g := range w.gates {
		switch r, err := g.Judge(check); {
		case err == nil:
			check.Requirements = append(check.Requirements, r)
		case unjudged == nil:
			unjudged = err
		}
	}
	node := p.Request.Machine.Primary()
	row = report.NewCompareRow(check, len(node.Devices))
	if w.roofline && p.Request.Pipeline == nil {
		if work, err := estimator.WorkOf(&p.Request); err == nil {
			row.Work = report.NewCompareWork(node, work, e)
		}
	}
	return row, unjudged
}
