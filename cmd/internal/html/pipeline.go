package html

import (
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
)

// pipeline adds where the time of a pipeline goes, and how full its memories
// get meanwhile.
func (p *page) pipeline(c *report.Check) {
	from := c.Result.Pipeline
	if from == nil {
		return
	}
	stages := sheet{ID: "stages", Title: "Where the time goes", Note: "Seconds are of all calls together, with the range that should hold 80% of measurements.",
		Heads: append(append(words("stage", "component"), numbers("calls", "seconds", "range", "share")...), words("limited by", "on")...)}
	for i := range from.Stages {
		s := &from.Stages[i]
		f := s.Seconds
		f.Unit = ""
		row := append(words(s.Name, s.Component), numbers(decimal(s.Calls), report.FigureText(&f, f.Value), report.FigureText(&f, f.Low)+" – "+report.FigureText(&f, f.High), decimal(100*s.Share)+"%")...)
		stages.Rows = append(stages.Rows, append(row, words(s.Bound, s.Where)...))
	}
	phases := sheet{ID: "phases", Title: "Memory by phase", Heads: append(words("memory", "phase", ""), append(numbers("needs, GiB", "range, GiB"), words("made of")...)...)}
	for i := range from.Phases {
		one := &from.Phases[i]
		mark, rng := "", "exact"
		if one.Fullest {
			mark = "fullest"
		}
		if one.Low != one.High {
			rng = units.GiB(float64(one.Low)) + " – " + units.GiB(float64(one.High))
		}
		var lines []string
		for _, l := range one.Lines {
			lines = append(lines, l.Note+" "+units.GiB(float64(l.Bytes)))
		}
		row := append(words(one.Memory, one.Phase, mark), numbers(units.GiB(float64(one.Need)), rng)...)
		phases.Rows = append(phases.Rows, append(row, words(strings.Join(lines, ", "))...))
	}
	p.sheet(stages)
	p.sheet(phases)
}
