package html

import (
	"fmt"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

// diffView is what changed.
type diffView struct {
	Base, New string
	Cost      string
	Cases     []diffCase
	Inputs    []fieldView
}

type diffCase struct {
	Name, Was, Word, Message string
	Worse, Better            bool
	Figures                  []diffFigure
	Requirements             []string
	Inputs                   []fieldView
	Cost                     string
}

type diffFigure struct {
	Name, Old, New, Change, Certainty string
	Direction                         string
	OldBar, NewBar                    whisker
	Drawn                             bool
}

type fieldView struct{ Field, Old, New string }

// diff adds what only a diff tells, and leaves out what it would tell twice.
func (p *page) diff(d *report.Diff) {
	v := &diffView{Base: sideOf(&d.Inputs.Base), New: sideOf(&d.Inputs.New), Inputs: fieldsOf(d.Result.Inputs)}
	if d.Inputs.Rerun {
		v.New = "the same inputs, estimated again: " + v.New
	}
	if c := d.Result.Cost; c != nil && c.Change != 0 {
		v.Cost = c.Words()
	}
	p.Headline = d.Headline()
	for i := range d.Result.Cases {
		v.Cases = append(v.Cases, diffCaseOf(&d.Result.Cases[i]))
	}
	p.Diff, p.Cases, p.Ranges = v, nil, nil
}

func sideOf(s *report.DiffSide) string {
	text := fmt.Sprintf("plimsoll %s, data %s", s.ToolVersion, s.DataVersion)
	if s.File != "" {
		return s.File + " (" + text + ")"
	}
	return text
}

func diffCaseOf(c *report.CaseDiff) diffCase {
	v := diffCase{Name: c.Name, Was: c.Was, Message: c.Words(), Worse: c.Worse, Better: c.Better, Word: "changed", Inputs: fieldsOf(c.Inputs)}
	switch {
	case c.Worse && c.Better:
		v.Word = "mixed"
	case c.Worse:
		v.Word = "worse"
	case c.Change != report.Changed:
		v.Word = string(c.Change)
	case c.Better:
		v.Word = "better"
	}
	for i := range c.Requirements {
		v.Requirements = append(v.Requirements, c.Requirements[i].Words())
	}
	for i := range c.Figures {
		v.Figures = append(v.Figures, diffFigureOf(&c.Figures[i]))
	}
	if c.Cost != nil && c.Cost.Change != 0 {
		v.Cost = c.Cost.Words()
	}
	return v
}

func diffFigureOf(f *report.FigureChange) diffFigure {
	v := diffFigure{Name: report.FigureWords(f.Name), Direction: f.Direction}
	switch f.Certainty {
	case report.Clear:
		v.Certainty = "clear: the intervals do not meet"
	case report.Likely:
		v.Certainty = "likely: the intervals meet"
	case report.Noise:
		v.Certainty = "within both intervals"
	}
	if f.Relative != nil {
		v.Change = report.Percent(*f.Relative)
	}
	if f.Old != nil {
		v.Old = report.FigureText(f.Old, f.Old.Value)
	}
	if f.New != nil {
		v.New = report.FigureText(f.New, f.New.Value)
	}
	if f.Old == nil || f.New == nil || f.Old.Unit != f.New.Unit {
		return v
	}
	s, ok := newScale([]float64{f.Old.Low, f.Old.Value, f.Old.High, f.New.Low, f.New.Value, f.New.High}, 2, 178)
	if !ok {
		return v
	}
	v.Drawn = true
	v.OldBar = whisker{decimal(s.at(f.Old.Low)), decimal(max(s.at(f.Old.High)-s.at(f.Old.Low), 1)), decimal(s.at(f.Old.Value))}
	v.NewBar = whisker{decimal(s.at(f.New.Low)), decimal(max(s.at(f.New.High)-s.at(f.New.Low), 1)), decimal(s.at(f.New.Value))}
	return v
}

func fieldsOf(changes []report.FieldChange) []fieldView {
	var out []fieldView
	for i := range changes {
		old, next := changes[i].Texts()
		out = append(out, fieldView{changes[i].Field, old, next})
	}
	return out
}
