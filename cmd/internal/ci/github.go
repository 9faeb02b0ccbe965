package ci

import (
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

// maxAnnotations is how many annotations of a level GitHub shows of one step;
// it drops the others without a word.
const maxAnnotations = 10

// annotation is one line that GitHub's runner reads.
type annotation struct {
	level, file, title, message string
	line                        int
}

// GitHub writes the problems as workflow commands that GitHub turns into
// annotations, errors before warnings, and one notice with the headline. Where
// there are more of a level than GitHub shows, the last one says how many.
func GitHub(w io.Writer, doc report.Cased, o Options) error {
	cases := doc.Cases()
	levels := map[string][]annotation{}
	for i := range cases {
		c := &cases[i]
		for _, p := range c.Problems() {
			level := "error"
			if o.FailOn.Level(&p) == report.Unsure {
				level = "warning"
			}
			levels[level] = append(levels[level], annotation{level: level, file: c.File, line: c.Line,
				title: c.Name, message: p.Message})
		}
	}
	var b strings.Builder
	for _, level := range [...]string{"error", "warning"} {
		all := levels[level]
		if n := len(all); n > maxAnnotations {
			all = append(all[:maxAnnotations-1:maxAnnotations-1], annotation{level: level, title: doc.Title(),
				message: fmt.Sprintf("%d more problems are not shown here: see the step summary or the report", n-maxAnnotations+1)})
		}
		for i := range all {
			all[i].write(&b)
		}
	}
	head := annotation{level: "notice", title: doc.Title(), message: report.Count(cases).Words()}
	head.write(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (a *annotation) write(b *strings.Builder) {
	b.WriteString("::" + a.level + " ")
	if a.file != "" {
		b.WriteString("file=" + property.Replace(a.file) + ",")
		if a.line > 0 {
			fmt.Fprintf(b, "line=%d,", a.line)
		}
	}
	b.WriteString("title=" + property.Replace(a.title) + "::" + data.Replace(a.message) + "\n")
}

// Escapes of workflow commands: in their message and in their properties.
var (
	data     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// Outputs writes what later steps of a workflow may ask for, in the form of the
// file that GITHUB_OUTPUT names: the worst outcome, the exit code and counts.
func Outputs(w io.Writer, doc report.Cased, o Options) error {
	cases := doc.Cases()
	n := report.Count(cases)
	_, err := fmt.Fprintf(w, "verdict=%s\nexit-code=%d\ncases=%d\npass=%d\nfail=%d\nunsure=%d\nerror=%d\n",
		n.Outcome(), o.FailOn.Exit(cases), n.Total, n.Pass, n.Fail, n.Unsure, n.Error)
	return err
}
