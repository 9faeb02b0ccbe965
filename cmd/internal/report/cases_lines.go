package report

import (
	"fmt"
	"strings"

	"github.com/plimsoll/plimsoll/estimator"
)

// Sweep is what plimsoll sweep wrote, read back: its lines in order. It is no
// document of its own, for sweeps stream.
type Sweep struct{ Lines []SweptLine }

// SweptLine is one line of a sweep: an estimate or an error.
type SweptLine struct {
	Estimate *SweepLine
	Failed   *SweepError
	// Requirements were added when it was read back.
	Requirements []Requirement
}

var _ Cased = (*Sweep)(nil)

// Title names the document.
func (s *Sweep) Title() string { return "plimsoll sweep" }

// Cases are the lines.
func (s *Sweep) Cases() []Case {
	out := make([]Case, 0, len(s.Lines))
	for i := range s.Lines {
		if f := s.Lines[i].Failed; f != nil {
			name := f.ID
			if name == "" {
				name = fmt.Sprintf("line %d", f.Line)
			}
			out = append(out, Case{Group: "sweep", Name: name, Outcome: Error, Message: f.Error.Error()})
			continue
		}
		one := s.Lines[i].Estimate.sweptCase()
		one.Requirements = s.Lines[i].Requirements
		one.Outcome = OutcomeOf(one.Verdict, one.Requirements)
		out = append(out, one)
	}
	return unique(out)
}

func (l *SweepLine) sweptCase() Case {
	name := l.ID
	if name == "" {
		parts := []string{l.Model}
		if l.Quant != "" {
			parts = append(parts, l.Quant)
		}
		name = strings.Join(append(parts, "on", l.On), " ")
	}
	m := &l.Memory
	c := Case{Group: "sweep", Name: name, Verdict: l.Verdict, Labels: labelsOf(l.Model, l.Quant, l.On, l.Engine),
		Message: VerdictWords(l.Verdict, fmt.Sprintf("%s on %s", FigureText(m.Fullest.TotalBytes.figure(), m.Fullest.TotalBytes.Value), m.Fullest.Name))}
	for _, f := range [...]struct {
		name   string
		figure *SweepFigure
	}{
		{"prefill_tok_s", l.PrefillTokS}, {"decode_tok_s", l.DecodeTokS}, {"output_tok_s", l.OutputTokS},
		{"ttft_ms", l.TTFTMs}, {"tpot_ms", l.TPOTMs}, {"requests_s", l.RequestsS},
		{"weights_bytes", &m.WeightsBytes}, {"kv_cache_bytes", &m.KVCacheBytes}, {"compute_bytes", &m.ComputeBytes},
		{"overhead_bytes", &m.OverheadBytes}, {"total_bytes", &m.TotalBytes}, {"fullest_device_bytes", &m.Fullest.TotalBytes},
	} {
		if f.figure != nil {
			c.Figures = append(c.Figures, NamedFigure{f.name, f.figure.figure()})
		}
	}
	var own []NamedFigure
	for _, f := range l.SweepPipeline.figures() {
		if *f.figure != nil {
			own = append(own, NamedFigure{f.name, (*f.figure).figure()})
		}
	}
	c.Figures = append(own, c.Figures...)
	return c
}

func (f *SweepFigure) figure() *estimator.Figure {
	return &estimator.Figure{Value: f.Value, Low: f.Low, High: f.High, Unit: f.Unit}
}

// unique numbers names that occur several times in a group.
func unique(cases []Case) []Case {
	type id struct{ group, name string }
	seen := make(map[id]int, len(cases))
	taken := make(map[id]bool, len(cases))
	for i := range cases {
		taken[id{cases[i].Group, cases[i].Name}] = true
	}
	for i := range cases {
		c := &cases[i]
		key := id{c.Group, c.Name}
		if seen[key]++; seen[key] == 1 {
			continue
		}
		for n := seen[key]; ; n++ {
			name := fmt.Sprintf("%s #%d", key.name, n)
			if !taken[id{key.group, name}] {
				c.Name, taken[id{key.group, name}], seen[key] = name, true, n
				break
			}
		}
	}
	return cases
}
