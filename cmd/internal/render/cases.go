package render

import (
	"io"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

// caseWords are outcomes as a list shows them.
var caseWords = map[report.Outcome]struct{ word, color string }{
	report.Pass: {"PASS", green}, report.Fail: {"FAIL", red}, report.Unsure: {"UNSURE", yellow}, report.Error: {"ERROR", red},
}

// Cases writes the cases of any document for reading: a line for each with what
// is wrong with it below, and a headline at the end.
func Cases(w io.Writer, doc report.Cased, s Style) error {
	var b strings.Builder
	cases := doc.Cases()
	for i := range cases {
		c := &cases[i]
		o := caseWords[c.Outcome]
		text := s.wrap(pad(o.word, 7), "       ", c.Name+": "+c.Message)
		b.WriteString(strings.Replace(text, o.word, s.paint(o.color, o.word), 1))
		for _, p := range c.Problems() {
			if p.Message != c.Message {
				b.WriteString(s.wrap("       - ", "         ", p.Message))
			}
		}
		if c.Outcome != report.Pass {
			for _, d := range c.Detail {
				b.WriteString(s.wrap("       - ", "         ", d))
			}
		}
	}
	if len(cases) > 0 {
		b.WriteString("\n")
	}
	b.WriteString(s.wrap("", "  ", report.Count(cases).Words()))
	_, err := io.WriteString(w, b.String())
	return err
}
