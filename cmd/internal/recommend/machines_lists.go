package recommend

import (
	"cmp"
	"context"
	"slices"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator"
)

// hardware makes the lists.
func (a *Advisor) hardware(ctx context.Context, doc *report.Recommend, q *machineQuestion, options []option) error {
	h := &report.RecommendHardware{Lists: []report.RecommendList{}}
	doc.Hardware = h
	s := &q.in.Scenario
	h.Asked = report.RecommendAsked{InputTokens: s.InputTokens, OutputTokens: s.OutputTokens, Context: s.Context, Sequences: s.Batch,
		MinDecodeTokS: q.in.MinDecodeTokS, MaxTTFTMs: q.in.MaxTTFTMs, Require: q.in.Require}
	var good []*option
	var near *option
	for i := range options {
		o := &options[i]
		h.Coverage.Considered++
		switch o.kind {
		case recommended:
			good = append(good, o)
			h.Coverage.Recommended++
			if o.row.Figures.USDPerHour == nil {
				h.NoPrice++
			}
			if o.row.Figures.JoulesPerToken == nil {
				h.NoPower++
			}
			continue
		case belowFloors:
			h.Coverage.TooSlow++
		case tooLarge:
			h.Coverage.TooLarge++
		default:
			h.Coverage.NotEstimated++
			continue
		}
		if near == nil || o.nearer(near) {
			near = o
		}
	}
	front(good)
	for _, g := range goals {
		if q.in.Goal != "" && q.in.Goal != g.id {
			continue
		}
		list := report.RecommendList{Goal: g.id, Words: g.words, Rows: []report.RecommendRow{}}
		rows, err := a.list(ctx, q, good, g.id)
		if err != nil {
			return err
		}
		list.Rows = append(list.Rows, rows...)
		h.Lists = append(h.Lists, list)
	}
	if len(good) == 0 && near != nil {
		h.Nearest = &near.row
	}
	for i := range h.Lists {
		if len(h.Lists[i].Rows) > 0 {
			h.Model = h.Lists[i].Rows[0].Model
			break
		}
	}
	if h.Nearest != nil {
		h.Model = h.Nearest.Model
	}
	return nil
}

func (o *option) nearer(than *option) bool {
	if o.kind != than.kind {
		return o.kind == belowFloors
	}
	return o.distance < than.distance
}

// worth is what a goal ranks by: less is better. ok is false where it is not
// known.
func worth(r *report.RecommendRow, goal string) (v float64, ok bool) {
	f := &r.Figures
	switch goal {
	case "cheapest":
		if f.USDPerHour == nil {
			return 0, false
		}
		return f.USDPerHour.Value, true
	case "efficient":
		if f.JoulesPerToken == nil {
			return 0, false
		}
		return f.JoulesPerToken.Value, true
	}
	if f.DecodeTokS == nil {
		if f.PrefillTokS == nil {
			return 0, false
		}
		return -f.PrefillTokS.Low, true
	}
	return -f.DecodeTokS.Low, true
}

// list ranks the machines for a goal, one of each kind of hardware. What is
// asked of percentiles is simulated for those that come into it.
func (a *Advisor) list(ctx context.Context, q *machineQuestion, good []*option, goal string) ([]report.RecommendRow, error) {
	ranked := slices.Clone(good)
	ranked = slices.DeleteFunc(ranked, func(o *option) bool { _, ok := worth(&o.row, goal); return !ok })
	slices.SortStableFunc(ranked, func(x, y *option) int {
		vx, _ := worth(&x.row, goal)
		vy, _ := worth(&y.row, goal)
		return cmp.Or(cmp.Compare(vx, vy), other(&x.row, &y.row, goal), cmp.Compare(x.row.Devices, y.row.Devices), cmp.Compare(x.on, y.on))
	})
	taken := map[int]bool{}
	var rows []report.RecommendRow
	for len(ranked) > 0 && len(rows) < q.in.Top {
		// As many kinds as there is room for, and then what they left.
		var batch, later []*option
		in := map[int]bool{}
		for _, o := range ranked {
			switch {
			case taken[o.place]:
			case in[o.place] || len(batch) == q.in.Top-len(rows):
				later = append(later, o)
			default:
				batch, in[o.place] = append(batch, o), true
			}
		}
		if err := a.each(ctx, len(batch), func(w *worker, i int) { w.finishOnce(q, batch[i]) }); err != nil {
			return nil, err
		}
		for _, o := range batch {
			if o.err != nil {
				return nil, o.err
			}
			if o.final != nil {
				taken[o.place] = true
				rows = append(rows, *o.final)
				rows[len(rows)-1].Rank = len(rows)
			}
		}
		ranked = later
	}
	return rows, nil
}

// finishOnce finishes an option that may stand in several lists.
func (w *worker) finishOnce(q *machineQuestion, o *option) {
	if o.done {
		return
	}
	row, ok, err := w.finish(q, o)
	if o.done, o.err = true, err; ok {
		o.final = &row
	}
}

// other breaks ties: of equal cost the faster, of equal speed or energy the
// cheaper.
func other(x, y *report.RecommendRow, goal string) int {
	by := "cheapest"
	if goal == by {
		by = "fastest"
	}
	vx, okX := worth(x, by)
	vy, okY := worth(y, by)
	if okX != okY {
		if okX {
			return -1
		}
		return 1
	}
	return cmp.Compare(vx, vy)
}

// front marks the machines that no other beats in cost and in speed; those
// without a price take no part.
func front(good []*option) {
	at := func(o *option) ([]float64, bool) {
		cost, ok := worth(&o.row, "cheapest")
		speed, _ := worth(&o.row, "fastest")
		return []float64{cost, speed}, ok
	}
	for _, o := range good {
		own, ok := at(o)
		o.row.Pareto = ok && !slices.ContainsFunc(good, func(p *option) bool {
			other, ok := at(p)
			return ok && estimator.Dominates(other, own)
		})
	}
}
