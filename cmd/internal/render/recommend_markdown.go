package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
)

// RecommendMarkdown writes a recommendation for a pull request or a wiki page.
func RecommendMarkdown(w io.Writer, d *report.Recommend) error {
	var b strings.Builder
	for i := range d.Groups {
		markdownGroup(&b, d, &d.Groups[i])
	}
	if d.Hardware != nil {
		markdownHardware(&b, d)
	}
	if x := d.Sensitivity; x != nil {
		markdownSensitivity(&b, x)
	}
	rule := append([]string{d.Rule.Words}, d.Rule.Terms...)
	for _, part := range []struct {
		title string
		items []string
	}{{"Rule", rule}, {"Assumed", append(d.Rule.Assumed, d.Assumptions...)}} {
		fmt.Fprintf(&b, "\n**%s**\n\n", part.title)
		for _, item := range part.items {
			fmt.Fprintf(&b, "- %s\n", md(item))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func markdownGroup(b *strings.Builder, d *report.Recommend, g *report.RecommendGroup) {
	fmt.Fprintf(b, "### Models for %s on %s\n\n%s\n\n", md(g.Words), md(d.Subject), md(askedWords(&g.Asked, nil)))
	if len(g.Rows) == 0 {
		markdownNothing(b, g.Nearest)
	} else {
		b.WriteString("| # | model | format | memory GiB | decode tok/s | 80% range | TTFT | longest context | score | why |\n|--:|---|---|--:|--:|---|--:|--:|--:|---|\n")
		for i := range g.Rows {
			r := &g.Rows[i]
			score := ""
			if r.Score != nil {
				score = fmt.Sprintf("%.2f", r.Score.Total)
			}
			fmt.Fprintf(b, "| %d | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", r.Rank, md(r.Model.ID), md(r.Model.WeightFormat), memoryCell(r),
				figureCell(r.Figures.DecodeTokS), rangeCell(r.Figures.DecodeTokS), timeCell(r.Figures.TTFTMs), units.Thousands(int64(r.MaxContext)), score, md(r.Why))
		}
	}
	fmt.Fprintf(b, "\n%s\n\n", md(coverageWords(&g.Coverage, "models")))
}

func markdownNothing(b *strings.Builder, near *report.RecommendRow) {
	b.WriteString("**Nothing fits and meets this.**\n")
	if near == nil {
		return
	}
	fmt.Fprintf(b, "\nNearest: %s\n", md(nearestWords(near)))
	for i := range near.Suggestions {
		fmt.Fprintf(b, "- %s\n", md(suggestionWords(&near.Suggestions[i])))
	}
}

func markdownHardware(b *strings.Builder, d *report.Recommend) {
	h := d.Hardware
	fmt.Fprintf(b, "### Hardware for %s\n\n%s\n", md(d.Subject), md(askedWords(&h.Asked, d.Inputs.Load)+loadWords(d.Inputs.Load)))
	if h.Coverage.Recommended == 0 {
		b.WriteByte('\n')
		markdownNothing(b, h.Nearest)
	}
	for i := range h.Lists {
		list := &h.Lists[i]
		if len(list.Rows) == 0 {
			continue
		}
		fmt.Fprintf(b, "\n**%s**: %s\n\n", goalTitles[list.Goal], md(list.Words))
		l := &grid{s: Style{UTF8: true}, heads: hardwareHeads(list.Goal)}
		for k := range list.Rows {
			l.rows = append(l.rows, gridRow{cells: hardwareCells(&list.Rows[k], "◆")})
		}
		l.clean()
		l.markdown(b)
	}
	fmt.Fprintf(b, "\n%s\n", md(coverageWords(&h.Coverage, "machines")))
}

func markdownSensitivity(b *strings.Builder, x *report.Sensitivity) {
	fmt.Fprintf(b, "\n**What a change would buy**: %s\n\n", md(x.Name+sensitivityLimits(x)))
	l := sensitivityLines(Style{UTF8: true}, x)
	l.clean()
	l.markdown(b)
}
