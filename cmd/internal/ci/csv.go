package ci

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

// CSV writes a row for each case: what it is, how it came out, and every figure
// that any case has, with the ends of its interval. Empty cells are figures that
// are not known.
func CSV(w io.Writer, doc report.Cased, _ Options) error {
	cases := doc.Cases()
	labels, figures := columns(cases)
	head := append([]string{"group", "name", "outcome", "verdict", "message"}, labels...)
	for _, f := range figures {
		head = append(head, f, f+"_low", f+"_high")
	}
	out := csv.NewWriter(w)
	if err := out.Write(head); err != nil {
		return err
	}
	for i := range cases {
		c := &cases[i]
		row := []string{cell(c.Group), cell(c.Name), string(c.Outcome), string(c.Verdict), cell(c.Message)}
		for _, name := range labels {
			row = append(row, cell(labelOf(c, name)))
		}
		for _, name := range figures {
			row = append(row, numbers(c, name)...)
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// columns lists the labels and figures that occur, each in the order in which
// it first does.
func columns(cases []report.Case) (labels, figures []string) {
	haveLabel, haveFigure := map[string]bool{}, map[string]bool{}
	for i := range cases {
		for _, l := range cases[i].Labels {
			if !haveLabel[l.Name] {
				haveLabel[l.Name] = true
				labels = append(labels, l.Name)
			}
		}
		for _, f := range cases[i].Figures {
			if f.Figure != nil && !haveFigure[f.Name] {
				haveFigure[f.Name] = true
				figures = append(figures, f.Name)
			}
		}
	}
	return labels, figures
}

func labelOf(c *report.Case, name string) string {
	for _, l := range c.Labels {
		if l.Name == name {
			return l.Value
		}
	}
	return ""
}

func figureOf(c *report.Case, name string) *report.NamedFigure {
	for i := range c.Figures {
		if c.Figures[i].Name == name && c.Figures[i].Figure != nil {
			return &c.Figures[i]
		}
	}
	return nil
}

func numbers(c *report.Case, name string) []string {
	f := figureOf(c, name)
	if f == nil {
		return []string{"", "", ""}
	}
	return []string{number(f.Figure.Value), number(f.Figure.Low), number(f.Figure.High)}
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// cell keeps text from being taken for a formula by a spreadsheet.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
