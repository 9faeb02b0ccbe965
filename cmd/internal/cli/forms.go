package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/ci"
	"github.com/plimsoll/plimsoll/cmd/internal/html"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/render"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

// caseForms are the forms of every document that has cases.
var caseForms = []string{"table", "json", "jsonl", "csv", "markdown", "html", "junit", "sarif", "github", "prometheus"}

// caseFormsHelp lists them for --help.
var caseFormsHelp = strings.Join(caseForms[:len(caseForms)-1], ", ") + " or " + caseForms[len(caseForms)-1]

// formWriters are the forms that are the same for all documents.
var formWriters = map[string]ci.Writer{
	"jsonl": ci.JSONLines, "csv": ci.CSV, "html": html.Write, "junit": ci.JUnit, "sarif": ci.SARIF, "github": ci.GitHub, "prometheus": ci.Prometheus,
}

// formOptions are what forms need beside the document.
type formOptions struct {
	failOn    report.FailOn
	intervals bool          // of tables of figures
	plots     []plotRequest // drawn below a table
}

// checkForm says whether the form is one, before anything is computed.
func (o *output) checkForm() error { return oneOf("output", o.form, caseForms...) }

// writeForm writes a document in the form that was asked for, and for GitHub
// also the step's summary and outputs.
func (a *app) writeForm(o *output, doc report.Cased, f formOptions) error {
	options := ci.Options{Head: report.HeadOf(doc), FailOn: f.failOn}
	tag := o.tag
	if tag == "" {
		tag = options.Head.Kind()
	}
	err := a.writeReport(o, func(w io.Writer, style render.Style, width int) error {
		switch o.form {
		case "table":
			return writeTable(w, doc, f, style, width)
		case "json":
			return writeDocument(w, doc)
		case "markdown":
			return writeComment(w, doc, f, options, tag, ci.MaxComment)
		case "csv":
			if c, ok := doc.(*report.Compare); ok { // with marks and ratios
				return report.WriteCompareCSV(w, c)
			}
		}
		return formWriters[o.form](w, doc, options)
	})
	if err != nil || o.form != "github" {
		return err
	}
	return a.writeStep(doc, f, options, tag)
}

// writeTable writes a document for reading.
func writeTable(w io.Writer, doc report.Cased, f formOptions, style render.Style, width int) error {
	switch d := doc.(type) {
	case *report.Check:
		return render.Table(w, d, style)
	case *report.Compare:
		if err := render.Compare(w, d, render.CompareStyle{Style: style, Table: width, Intervals: f.intervals}); err != nil {
			return err
		}
		return drawBelow(w, d, f.plots, style)
	case *report.Recommend:
		return render.Recommend(w, d, style, width)
	case *report.Diff:
		return render.Diff(w, d, style)
	case *report.CapacityPlan:
		return render.Capacity(w, d, style, width)
	}
	return render.Cases(w, doc, style)
}

// writeDocument writes a document as JSON: sweeps and several documents are
// JSON Lines.
func writeDocument(w io.Writer, doc report.Cased) error {
	switch doc.(type) {
	case *report.Sweep, *report.Cases:
		return problem.Wrong(problem.Usage, "several documents are no single one", "--output json", "use jsonl")
	}
	return writeJSON(w, doc)
}

// writeComment writes a document as markdown, tagged and within a limit of
// characters.
func writeComment(w io.Writer, doc report.Cased, f formOptions, o ci.Options, tag string, limit int) error {
	var b bytes.Buffer
	var err error
	switch d := doc.(type) {
	case *report.Check:
		err = render.Markdown(&b, d)
	case *report.Compare:
		err = render.CompareMarkdown(&b, d, f.intervals)
	case *report.Recommend:
		err = render.RecommendMarkdown(&b, d)
	case *report.Diff:
		err = render.DiffMarkdown(&b, d)
	case *report.CapacityPlan:
		err = render.CapacityMarkdown(&b, d)
	default:
		err = ci.Markdown(&b, doc, o)
	}
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, ci.Comment(tag, b.String(), limit))
	return err
}

// writeStep adds to the files that GitHub names for a step: its summary and its
// outputs.
func (a *app) writeStep(doc report.Cased, f formOptions, o ci.Options, tag string) error {
	for _, part := range []struct {
		variable string
		write    func(w io.Writer) error
	}{
		{"GITHUB_STEP_SUMMARY", func(w io.Writer) error { return writeComment(w, doc, f, o, tag, ci.MaxSummary) }},
		{"GITHUB_OUTPUT", func(w io.Writer) error { return ci.Outputs(w, doc, o) }},
	} {
		if err := appendTo(a.Getenv(part.variable), part.variable, part.write); err != nil {
			return err
		}
	}
	return nil
}

// appendTo appends to a file that a variable names; without one it does nothing.
func appendTo(path, variable string, write func(w io.Writer) error) error {
	if path == "" {
		return nil
	}
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	wrong := func() error {
		return problem.Wrong(problem.WriteFailed, "cannot append to the file", fmt.Sprintf("%s %.200s", variable, problem.OneLine(path)), "check the path and its permissions")
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return wrong()
	}
	_, err = f.Write(b.Bytes())
	if cerr := f.Close(); err != nil || cerr != nil {
		return wrong()
	}
	return nil
}
