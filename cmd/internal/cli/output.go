package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/render"
)

// output says where a report goes and what it looks like.
type output struct {
	form    string // table, json …
	file    string // empty: stdout
	quiet   bool   // no report on stdout
	noColor bool
	tag     string // of markdown, by which a bot finds its comment; empty: the document's kind
}

// addFlags adds the flags of a report; forms lists what it may look like.
func (o *output) addFlags(fs *pflag.FlagSet, forms string) {
	fs.StringVarP(&o.form, "output", "o", "table", forms)
	fs.StringVar(&o.file, "out-file", "", "write the report to a file")
	fs.BoolVar(&o.quiet, "quiet", false, "no report, only files and the exit code")
	fs.StringVar(&o.tag, "tag", "", "name in the hidden tag of markdown, by which a bot finds its comment (default: the command)")
	fs.BoolVar(&o.noColor, "no-color", false, "no colours (as with NO_COLOR)")
}

// writeReport hands write the report's destination and what can be shown
// there. A table in a file has no colours, and is as wide as it likes.
func (a *app) writeReport(o *output, write func(w io.Writer, s render.Style, width int) error) (err error) {
	style, width := a.style(o.noColor), a.tableWidth()
	var w io.Writer = a.out
	switch {
	case o.file != "":
		f, err := os.Create(o.file)
		if err != nil {
			return problem.Wrong(problem.WriteFailed, "cannot write the report", fmt.Sprintf("--out-file %.200s", o.file), "check the path and its permissions")
		}
		defer func() {
			if cerr := f.Close(); err == nil {
				err = cerr
			}
		}()
		w, style.Color, width = f, false, 0
	case o.quiet:
		return nil
	}
	return write(w, style, width)
}
