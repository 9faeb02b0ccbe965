package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/ci"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
)

// diffFigures is how many figures of a case a table shows; all are folded away
// below it.
const diffFigures = 3

// DiffMarkdown writes a diff for a pull request.
func DiffMarkdown(w io.Writer, d *report.Diff) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### plimsoll diff: %s\n\n%s\n", ci.Escape(d.Headline()), ci.Escape(diffSides(d)))
	if len(d.Result.Cases) > 0 {
		b.WriteString("\n| | case | what changed | figures | $ a month |\n|---|---|---|---|--:|\n")
	}
	for i := range d.Result.Cases {
		c := &d.Result.Cases[i]
		word, _ := diffWord(c)
		if c.Worse {
			word = "**" + word + "**"
		}
		name := ci.Code(c.Name)
		if c.Was != "" {
			name = ci.Code(c.Was) + " → " + name
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", word, name, ci.Escape(diffWhat(c)), diffCells(c), ci.Escape(diffCost(c)))
	}
	for i := range d.Result.Cases {
		c := &d.Result.Cases[i]
		fmt.Fprintf(&b, "\n<details><summary>%s</summary>\n\n", ci.Escape(c.Name))
		for _, line := range diffLines(c) {
			fmt.Fprintf(&b, "- %s\n", ci.Escape(line))
		}
		b.WriteString("\n</details>\n")
	}
	if len(d.Result.Inputs) > 0 {
		b.WriteString("\n| input | old | new |\n|---|---|---|\n")
		for i := range d.Result.Inputs {
			old, next := d.Result.Inputs[i].Texts()
			fmt.Fprintf(&b, "| %s | %s | %s |\n", ci.Escape(d.Result.Inputs[i].Field), ci.Escape(old), ci.Escape(next))
		}
	}
	for _, warning := range d.Warnings {
		fmt.Fprintf(&b, "\n> %s\n", ci.Escape(warning.Message))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// diffWhat says what changed beside figures.
func diffWhat(c *report.CaseDiff) string {
	switch {
	case c.Change == report.Added:
		return c.NewMessage
	case c.Change == report.Removed:
		return "was " + c.OldMessage
	}
	var parts []string
	switch {
	case c.OldVerdict != c.NewVerdict && c.OldVerdict != "" && c.NewVerdict != "":
		parts = append(parts, report.VerdictWords(c.OldVerdict, "")+" → "+report.VerdictWords(c.NewVerdict, ""))
	case c.OldOutcome != c.NewOutcome:
		parts = append(parts, string(c.OldOutcome)+" → "+string(c.NewOutcome))
	}
	for i := range c.Requirements {
		parts = append(parts, c.Requirements[i].Words())
	}
	for i := range c.Inputs {
		if i == diffFigures {
			parts = append(parts, fmt.Sprintf("%d more inputs", len(c.Inputs)-i))
			break
		}
		old, next := c.Inputs[i].Texts()
		parts = append(parts, c.Inputs[i].Field+" "+old+" → "+next)
	}
	return strings.Join(parts, "; ")
}

// diffCells are the figures of a case that changed most surely.
func diffCells(c *report.CaseDiff) string {
	var parts []string
	for _, certain := range []report.Certainty{report.Clear, report.Likely, report.Noise} {
		for i := range c.Figures {
			f := &c.Figures[i]
			if f.Certainty != certain || f.Relative == nil || len(parts) == diffFigures {
				continue
			}
			text := ci.Escape(report.FigureWords(f.Name) + " " + report.Percent(*f.Relative))
			switch certain {
			case report.Clear:
				text = "**" + text + "**"
			case report.Noise:
				text += " (within the intervals)"
			}
			parts = append(parts, text)
		}
	}
	if n := len(c.Figures) - len(parts); n > 0 && len(parts) > 0 {
		parts = append(parts, units.Thousands(int64(n))+" more")
	}
	return strings.Join(parts, ", ")
}

func diffCost(c *report.CaseDiff) string {
	if c.Cost == nil || c.Cost.Change == 0 {
		return ""
	}
	return report.SignedUSD(c.Cost.Change)
}
