package diff

import (
	"math"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator"
)

// compare says what became of a case, and whether anything did.
func compare(p pair, threshold float64) (report.CaseDiff, bool) {
	c := report.CaseDiff{Requirements: []report.RequirementChange{}, Figures: []report.FigureChange{}, Inputs: []report.FieldChange{}}
	switch {
	case p.old == nil:
		n := p.new
		c.Change, c.Group, c.Name = report.Added, n.Group, n.Name
		c.NewOutcome, c.NewVerdict, c.NewMessage = n.Outcome, n.Verdict, n.Message
		c.Worse = n.Outcome == report.Fail || n.Outcome == report.Error
		c.Cost = monthly(nil, &n.Case)
		return c, true
	case p.new == nil:
		o := p.old
		c.Change, c.Group, c.Name = report.Removed, o.Group, o.Name
		c.OldOutcome, c.OldVerdict, c.OldMessage = o.Outcome, o.Verdict, o.Message
		c.Cost = monthly(&o.Case, nil)
		return c, true
	}
	o, n := p.old, p.new
	c.Change, c.Group, c.Name = report.Changed, n.Group, n.Name
	if o.Name != n.Name || o.Group != n.Group {
		c.Was = o.Name
	}
	c.OldOutcome, c.OldVerdict, c.OldMessage = o.Outcome, o.Verdict, o.Message
	c.NewOutcome, c.NewVerdict, c.NewMessage = n.Outcome, n.Verdict, n.Message
	c.Requirements = requirements(o.Requirements, n.Requirements)
	c.Figures, c.Below = figures(o.Figures, n.Figures, threshold)
	c.Inputs = fields(o.inputs, n.inputs)
	c.Cost = monthly(&o.Case, &n.Case)
	c.Worse = report.Worse(o.Outcome, n.Outcome) || report.WorseVerdict(o.Verdict, n.Verdict)
	c.Better = report.Worse(n.Outcome, o.Outcome) || report.WorseVerdict(n.Verdict, o.Verdict)
	for _, r := range c.Requirements {
		if r.Old != "" && r.New != "" {
			c.Worse = c.Worse || report.Worse(r.Old, r.New)
			c.Better = c.Better || report.Worse(r.New, r.Old)
		}
	}
	for i := range c.Figures {
		if f := &c.Figures[i]; f.Certainty == report.Clear {
			c.Worse = c.Worse || f.Direction == "worse"
			c.Better = c.Better || f.Direction == "better"
		}
	}
	changed := c.OldOutcome != c.NewOutcome || c.OldVerdict != c.NewVerdict || c.Was != "" ||
		len(c.Requirements)+len(c.Figures)+len(c.Inputs) > 0 ||
		c.OldOutcome == report.Error && c.OldMessage != c.NewMessage
	return c, changed
}

// requirements lists those that came out otherwise, came or went.
func requirements(a, b []report.Requirement) []report.RequirementChange {
	out := []report.RequirementChange{}
	after := map[string]report.Outcome{}
	for i := range b {
		after[b[i].Text] = b[i].Outcome
	}
	before := map[string]bool{}
	for i := range a {
		before[a[i].Text] = true
		if n := after[a[i].Text]; n != a[i].Outcome {
			out = append(out, report.RequirementChange{Text: a[i].Text, Old: a[i].Outcome, New: n})
		}
	}
	for i := range b {
		if !before[b[i].Text] {
			out = append(out, report.RequirementChange{Text: b[i].Text, New: b[i].Outcome})
		}
	}
	return out
}

// figures lists those that changed by at least the threshold, in the order of
// the new side, and counts the others that changed.
func figures(a, b []report.NamedFigure, threshold float64) (out []report.FigureChange, below int) {
	out = []report.FigureChange{}
	before, after := byName(a), byName(b)
	add := func(name string) {
		f := report.FigureChange{Name: name, Old: before[name], New: after[name], Direction: "neither"}
		if f.Old == nil || f.New == nil {
			out = append(out, f)
			return
		}
		if f.Old.Value == f.New.Value && f.Old.Low == f.New.Low && f.Old.High == f.New.High && f.Old.Unit == f.New.Unit {
			return
		}
		if f.Old.Unit == f.New.Unit {
			if small(f.Old, f.New, threshold) {
				below++
				return
			}
			judge(&f)
		}
		out = append(out, f)
	}
	for _, f := range b {
		if f.Figure != nil && after[f.Name] == f.Figure {
			add(f.Name)
		}
	}
	for _, f := range a {
		if f.Figure != nil && before[f.Name] == f.Figure && after[f.Name] == nil {
			add(f.Name)
		}
	}
	return out, below
}

// byName finds figures; of a name that occurs twice the first counts.
func byName(figures []report.NamedFigure) map[string]*estimator.Figure {
	out := make(map[string]*estimator.Figure, len(figures))
	for _, f := range figures {
		if f.Figure != nil && out[f.Name] == nil {
			out[f.Name] = f.Figure
		}
	}
	return out
}

// small says whether neither the value nor an end of the interval moved by the
// threshold's share.
func small(old, next *estimator.Figure, threshold float64) bool {
	for _, v := range [...][2]float64{{old.Value, next.Value}, {old.Low, next.Low}, {old.High, next.High}} {
		if math.Abs(v[1]-v[0]) >= threshold*math.Abs(v[0]) && v[0] != v[1] {
			return false
		}
	}
	return true
}

// judge fills in how far, which way and how surely a figure moved.
func judge(f *report.FigureChange) {
	o, n := f.Old, f.New
	if r := n.Value/o.Value - 1; o.Value != 0 && !math.IsInf(r, 0) && !math.IsNaN(r) {
		r = report.Significant(r)
		f.Relative = &r
	}
	switch {
	case n.Low > o.High || n.High < o.Low:
		f.Certainty = report.Clear
	case n.Value >= o.Low && n.Value <= o.High && o.Value >= n.Low && o.Value <= n.High:
		f.Certainty = report.Noise
	default:
		f.Certainty = report.Likely
	}
	way := report.Better(f.Name)
	if n.Value < o.Value {
		way = -way
	}
	switch {
	case n.Value == o.Value || way == 0:
	case way > 0:
		f.Direction = "better"
	default:
		f.Direction = "worse"
	}
}
