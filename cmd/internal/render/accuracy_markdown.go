package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/accuracy"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
)

// AccuracyMarkdown writes an accuracy report for a page.
func AccuracyMarkdown(w io.Writer, r *accuracy.Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### Accuracy\n\n%s.\n", md(accuracyHead(r)))
	if len(r.Measurements) > 0 {
		comparisons(&b, r.Measurements, false)
	}
	for i := range r.Sections {
		sec := &r.Sections[i]
		title := sec.Title
		if sec.Metric != "all" {
			title += ", " + sec.Metric
		}
		accuracyMarkdownTable(&b, title, accuracyColumns, sec.Groups)
	}
	for _, e := range errorTables(r) {
		accuracyMarkdownTable(&b, e.title, e.columns, e.lines)
	}
	for _, c := range classTables(r) {
		title := c.head
		if c.part != "" {
			title += ", " + strings.ToLower(c.part)
		}
		accuracyMarkdownTable(&b, title, c.columns, c.lines)
	}
	if l := legend(r); l != "" {
		fmt.Fprintf(&b, "\n%s\n\n", md(l))
	}
	for _, m := range r.Method {
		fmt.Fprintf(&b, "- %s\n", md(m))
	}
	if len(r.Worst) > 0 {
		fmt.Fprintf(&b, "\n**The worst %d of %s**\n", len(r.Worst), units.Thousands(int64(r.Rows.Judged)))
		comparisons(&b, r.Worst, true)
	}
	for _, part := range []struct {
		title string
		items []string
	}{{"Assumed", r.Assumptions}, {"Skipped", skippedTexts(r)}} {
		if len(part.items) > 0 {
			fmt.Fprintf(&b, "\n**%s**\n\n", part.title)
		}
		for _, item := range part.items {
			fmt.Fprintf(&b, "- %s\n", md(item))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func accuracyMarkdownTable(b *strings.Builder, title string, columns []accuracyColumn, groups []accuracy.Group) {
	fmt.Fprintf(b, "\n**%s**\n\n| |", md(title))
	for _, c := range columns {
		b.WriteString(" " + c.head + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("--:|", len(columns)) + "\n")
	for i := range groups {
		g := &groups[i]
		fmt.Fprintf(b, "| %s |", md(g.Name))
		for _, c := range columns {
			b.WriteString(" " + c.text(&g.Summary) + " |")
		}
		b.WriteByte('\n')
	}
}

// comparisons writes rows with their estimates; published ones name their source.
func comparisons(b *strings.Builder, rows []accuracy.Comparison, published bool) {
	b.WriteString("\n| row | model | on | measured | estimate | 80% range | error | likely |")
	if published {
		b.WriteString(" source |")
	}
	b.WriteString("\n|---|---|---|--:|--:|---|--:|---|")
	if published {
		b.WriteString("---|")
	}
	b.WriteByte('\n')
	for i := range rows {
		c := &rows[i]
		f := &c.Estimate
		why := likely(c)
		if c.Inside && !published {
			why = ""
		}
		fmt.Fprintf(b, "| %s | %s %s | %s | %s | %s %s | %s – %s | %s | %s |", md(c.ID+": "+c.What), md(c.Model), md(c.WeightFormat), md(accuracyPlace(c)),
			units.Number(c.Measured), units.Number(f.Value), f.Unit, units.Number(f.Low), units.Number(f.High), signedText(&c.Error), md(why))
		if published {
			fmt.Fprintf(b, " %s |", md(c.Source))
		}
		b.WriteByte('\n')
	}
}

// SkippedText says on one line which part of a file is left out, and why.
func SkippedText(s *accuracy.Skipped) string {
	parts := make([]string, 0, 4)
	if s.Source != "" {
		parts = append(parts, s.Source)
	}
	if s.Line > 0 {
		parts = append(parts, fmt.Sprintf("line %d", s.Line))
	}
	if s.What != "" {
		parts = append(parts, s.What)
	}
	return strings.Join(append(parts, s.Reason), ": ")
}

func skippedTexts(r *accuracy.Report) []string {
	out := make([]string, len(r.Skipped))
	for i := range r.Skipped {
		out[i] = SkippedText(&r.Skipped[i])
	}
	return out
}
