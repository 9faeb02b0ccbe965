package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator"
)

// CompareMarkdown writes a comparison for a pull request or a wiki page.
func CompareMarkdown(w io.Writer, c *report.Compare, intervals bool) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### plimsoll compare: %s\n\n%s\n\n", report.Count(c.Cases()).Words(), md(strings.Join(compareConstants(c), " · ")))
	heads := compareHeads(c)
	var titles, rule []string
	for _, h := range heads {
		title := h.title
		if h.unit != "" {
			title += " " + h.unit
		}
		titles = append(titles, title)
		if h.column != nil {
			rule = append(rule, "--:")
		} else {
			rule = append(rule, "---")
		}
	}
	markdownRow(&b, append(titles, "front"))
	b.WriteString("|" + strings.Join(append(rule, ":-:"), "|") + "|\n")
	for i := range c.Rows {
		r := &c.Rows[i]
		var cells []string
		for _, h := range heads {
			cells = append(cells, compareMarkdownCell(c, r, &h, intervals))
		}
		front := ""
		if r.Pareto {
			front = "◆"
		}
		markdownRow(&b, append(cells, front))
	}
	b.WriteString("\n**bold**: the best of its column; ~: its interval and the best's overlap, do not choose on the difference; ◆: on the Pareto front of " +
		md(c.Front.Words) + "; (…): if the memory were there.\n")
	if c.Baseline != "" {
		fmt.Fprintf(&b, "x: times the figure of %s; ≈: the two intervals overlap.\n", md(c.Baseline))
	}
	for _, part := range compareLists(c) {
		folded(&b, part.title, part.items)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func compareMarkdownCell(c *report.Compare, r *report.CompareRow, h *compareHead, intervals bool) string {
	switch {
	case h.label != "":
		return r.Labels[h.label]
	case h.column == nil:
		if r.Error != nil {
			return "error"
		}
		word := compareWords[r.Verdict].word
		if r.Verdict == estimator.DoesNotFit {
			word = "**" + word + "**"
		}
		return word
	}
	cell := compareCellOf(r, h.column, intervals)
	text := cell.value
	switch cell.mark {
	case report.Best:
		text = "**" + text + "**"
	case report.Within:
		text += " ~"
	}
	if cell.interval != "" {
		text += " " + cell.interval
	}
	if r.Name == c.Baseline {
		return text + " base"
	}
	if cell.ratio != "" {
		text += " " + cell.ratio
	}
	return text
}
