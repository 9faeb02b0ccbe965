package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

// diffWord says in a word what became of a case.
func diffWord(c *report.CaseDiff) (word, color string) {
	switch {
	case c.Worse && c.Better:
		return "MIXED", yellow
	case c.Worse:
		return "WORSE", red
	case c.Change == report.Removed:
		return "REMOVED", yellow
	case c.Change == report.Added:
		return "ADDED", green
	case c.Better:
		return "BETTER", green
	}
	return "CHANGED", yellow
}

// diffSides says what was compared with what.
func diffSides(d *report.Diff) string {
	name := func(s *report.DiffSide, other string) string {
		if s.File != "" {
			other = s.File
		}
		return fmt.Sprintf("%s (plimsoll %s, data %s)", other, s.ToolVersion, s.DataVersion)
	}
	next := name(&d.Inputs.New, "the new result")
	if d.Inputs.Rerun {
		next = fmt.Sprintf("the same inputs, estimated again (plimsoll %s, data %s)", d.Inputs.New.ToolVersion, d.Inputs.New.DataVersion)
	}
	return name(&d.Inputs.Base, "the base") + " against " + next
}

// Diff writes a diff for reading.
func Diff(w io.Writer, d *report.Diff, s Style) error {
	var b strings.Builder
	b.WriteString(s.wrap("", "  ", diffSides(d)) + "\n")
	for i := range d.Result.Cases {
		c := &d.Result.Cases[i]
		word, color := diffWord(c)
		name := c.Name
		if c.Was != "" {
			name = c.Was + " -> " + c.Name
		}
		text := s.wrap(pad(word, 8), "        ", name)
		b.WriteString(strings.Replace(text, word, s.paint(bold+";"+color, word), 1))
		for _, line := range diffLines(c) {
			b.WriteString(s.wrap("        - ", "          ", line))
		}
	}
	for i := range d.Result.Inputs {
		b.WriteString(s.wrap(pad("INPUT", 8), "        ", d.Result.Inputs[i].Words()))
	}
	if d.Changed() {
		b.WriteString("\n")
	}
	b.WriteString(s.wrap("", "  ", d.Headline()))
	for _, warning := range d.Warnings {
		b.WriteString(s.wrap("- ", "  ", warning.Message))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// diffLines says all that changed of a case, the gravest first.
func diffLines(c *report.CaseDiff) []string {
	var out []string
	switch {
	case c.Change == report.Added:
		return append(out, c.NewMessage)
	case c.Change == report.Removed:
		return append(out, "it was: "+c.OldMessage)
	case c.OldVerdict != c.NewVerdict && c.OldVerdict != "" && c.NewVerdict != "":
		out = append(out, fmt.Sprintf("was %s, now %s", report.VerdictWords(c.OldVerdict, ""), c.NewMessage))
	case c.OldOutcome != c.NewOutcome:
		out = append(out, fmt.Sprintf("was %s, now %s: %s", c.OldOutcome, c.NewOutcome, c.NewMessage))
	}
	for i := range c.Requirements {
		out = append(out, c.Requirements[i].Words())
	}
	for _, certain := range []report.Certainty{report.Clear, report.Likely, "", report.Noise} {
		for i := range c.Figures {
			if c.Figures[i].Certainty == certain {
				out = append(out, c.Figures[i].Words())
			}
		}
	}
	if c.Below > 0 {
		out = append(out, fmt.Sprintf("%d figures changed by less than the threshold", c.Below))
	}
	for i := range c.Inputs {
		out = append(out, "input "+c.Inputs[i].Words())
	}
	if c.Cost != nil && c.Cost.Change != 0 {
		out = append(out, c.Cost.Words())
	}
	if len(out) == 0 {
		out = append(out, c.NewMessage)
	}
	return out
}
