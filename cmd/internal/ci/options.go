package ci

import (
	"io"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

// Options are what a form needs beside the document.
type Options struct {
	Head report.Head
	// FailOn says which cases that are unsure fail.
	FailOn report.FailOn
}

// Writer writes a document in one form.
type Writer func(w io.Writer, doc report.Cased, o Options) error

// interval writes a figure with its interval: "152 tok/s (105 tok/s to 220 tok/s)".
func interval(f report.NamedFigure) string {
	text := report.FigureText(f.Figure, f.Figure.Value)
	if f.Figure.Low != f.Figure.High {
		text += " (" + report.FigureText(f.Figure, f.Figure.Low) + " to " + report.FigureText(f.Figure, f.Figure.High) + ")"
	}
	return text
}
