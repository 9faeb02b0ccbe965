package ci

import (
	"encoding/xml"
	"io"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

// Elements of a JUnit report, as Jenkins' schema names them. There are no
// times or dates: an estimate has none.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		File    string        `xml:"file,attr,omitempty"`
		Line    int           `xml:"line,attr,omitempty"`
		Skipped *junitSkipped `xml:"skipped"`
		Error   *junitProblem `xml:"error"`
		Failure *junitProblem `xml:"failure"`
		Out     string        `xml:"system-out,omitempty"`
	}
	junitSkipped struct {
		Message string `xml:"message,attr"`
	}
	junitProblem struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes the cases as a JUnit XML report: a suite for each group. A case
// that is unsure fails if o says so, and else counts as skipped, so that it
// does not pass unseen.
func JUnit(w io.Writer, doc report.Cased, o Options) error {
	all := junitSuites{Name: doc.Title()}
	index := map[string]int{}
	cases := doc.Cases()
	for i := range cases {
		c := &cases[i]
		k, ok := index[c.Group]
		if !ok {
			k = len(all.Suites)
			index[c.Group] = k
			all.Suites = append(all.Suites, junitSuite{Name: c.Group, Properties: junitProperties(&o.Head)})
		}
		s := &all.Suites[k]
		jc := junitCaseOf(c, o.FailOn)
		s.Cases = append(s.Cases, jc)
		s.Tests++
		all.Tests++
		switch {
		case jc.Error != nil:
			s.Errors++
			all.Errors++
		case jc.Failure != nil:
			s.Failures++
			all.Failures++
		case jc.Skipped != nil:
			s.Skipped++
		}
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(&all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func junitProperties(h *report.Head) []junitProperty {
	var out []junitProperty
	for _, p := range [...]junitProperty{{"plimsoll.version", h.ToolVersion}, {"plimsoll.data_version", h.DataVersion}} {
		if p.Value != "" {
			out = append(out, p)
		}
	}
	return out
}

func junitCaseOf(c *report.Case, failOn report.FailOn) junitCase {
	out := junitCase{Class: c.Group, Name: c.Name, File: c.File, Line: c.Line}
	var told []string
	for _, f := range c.Figures {
		if f.Figure != nil {
			told = append(told, report.FigureWords(f.Name)+": "+interval(f))
		}
	}
	out.Out = strings.Join(append([]string{c.Message}, told...), "\n")
	problems := c.Problems()
	if len(problems) == 0 {
		return out
	}
	worst, lines := problems[0], make([]string, 0, len(problems)+len(c.Detail))
	for _, p := range problems {
		lines = append(lines, p.Message)
		if report.Worse(worst.Outcome, p.Outcome) {
			worst = p
		}
	}
	problem := &junitProblem{Message: worst.Message, Type: string(worst.Rule), Text: strings.Join(append(lines, c.Detail...), "\n")}
	switch {
	case worst.Outcome == report.Error:
		out.Error = problem
	case failOn.Level(&worst) == report.Fail:
		out.Failure = problem
	default:
		out.Skipped = &junitSkipped{Message: worst.Message}
	}
	return out
}
