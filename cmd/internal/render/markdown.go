package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/ci"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
)

// Markdown writes a check for a pull request or a wiki page.
func Markdown(w io.Writer, c *report.Check) error {
	var b strings.Builder
	what, where := headParts(c)
	v := verdictWords[c.Result.Verdict]
	fmt.Fprintf(&b, "### %s\n\n%s\n\n", v.word, md(what+" "+where))
	if c.Result.Reason != "" {
		fmt.Fprintf(&b, "%s\n\n", md(c.Result.Reason))
	}
	b.WriteString("| memory | component | GiB | 80% range |\n|---|---|--:|---|\n")
	for _, g := range alike(used(c.Result.Memories)) {
		name := g.ledger.Name
		if g.count > 1 {
			name = fmt.Sprintf("%s (× %d)", name, g.count)
		}
		for _, line := range g.ledger.Lines {
			if line.Bytes == 0 && line.High == 0 {
				continue
			}
			rng := "exact"
			if line.Low != line.High {
				rng = units.GiB(float64(line.Low)) + " – " + units.GiB(float64(line.High))
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", md(name), md(line.Component), units.GiB(float64(line.Bytes)), rng)
		}
		fmt.Fprintf(&b, "| %s | **total** of %s usable | **%s** | %s – %s |\n", md(name), units.GiB(float64(g.ledger.Usable)),
			units.GiB(float64(g.ledger.Need)), units.GiB(float64(g.ledger.Low)), units.GiB(float64(g.ledger.High)))
	}
	if c.Result.Pipeline != nil {
		markdownPipeline(&b, c)
	} else {
		markdownSpeeds(&b, c)
	}
	markdownLoading(&b, c)
	markdownLoad(&b, c)
	markdownPlans(&b, c)
	markdownCosts(&b, c)
	if len(c.Requirements) > 0 {
		b.WriteString("\n| requirement | outcome |\n|---|---|\n")
		for _, r := range c.Requirements {
			fmt.Fprintf(&b, "| %s | %s |\n", md(requirementText(r)), outcomeWords[r.Outcome].word)
		}
	}
	var limits []string
	for _, l := range c.Result.Limits {
		if l.Bound != "" {
			limits = append(limits, limitText(l))
		}
	}
	read, settings := commandTexts(c)
	for _, part := range []struct {
		title string
		items []string
	}{
		{read, settings},
		{"What limits it", limits}, {"What fits", answerTexts(c)}, {"What would help", suggestions(c)},
		{"Assumed", c.Assumptions}, {"Warnings", warnings(c)}, {"Not estimated", unavailable(c)},
	} {
		if len(part.items) == 0 {
			continue
		}
		folded(&b, part.title, part.items)
	}
	if x := c.Result.Sensitivity; x != nil {
		markdownSensitivity(&b, x)
	}
	if c.Result.Verify != "" {
		fmt.Fprintf(&b, "\n**Check it on the real machine**\n\n```sh\n%s\n```\n", c.Result.Verify)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// markdownSpeeds writes the speeds of a language model.
func markdownSpeeds(b *strings.Builder, c *report.Check) {
	b.WriteString("\n| speed | value | 80% range |\n|---|--:|---|\n")
	for _, r := range speedRows(c) {
		if r.fig == nil {
			fmt.Fprintf(b, "| %s | not estimated | |\n", r.name)
			continue
		}
		value, rng, unit := humanFigure(r.fig)
		fmt.Fprintf(b, "| %s | %s %s | %s |\n", r.name, value, unit, rng)
	}
}

// folded lists items below a title that opens them.
func folded(w io.Writer, title string, items []string) {
	fmt.Fprintf(w, "\n<details><summary>%s</summary>\n\n", title)
	for _, item := range items {
		fmt.Fprintf(w, "- %s\n", md(item))
	}
	fmt.Fprintf(w, "\n</details>\n")
}

// md keeps user-given text from being read as markup, except for bold, by which
// cells stand out.
func md(s string) string { return strings.ReplaceAll(ci.Escape(s), `\*\*`, "**") }
