package cli

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/require"
	"github.com/plimsoll/plimsoll/cmd/internal/saved"
)

// reportOptions is what plimsoll report was asked.
type reportOptions struct {
	from      []string
	require   []string
	failOn    string
	intervals bool
	output    output
}

func newReport(a *app) *cobra.Command {
	var o reportOptions
	cmd := &cobra.Command{
		Use:   "report --from FILE",
		Short: "Make any form of report from saved JSON",
		Long: "Makes any form of report from JSON that a command wrote: nothing is estimated\n" +
			"again. --from takes the document of any command that judges (check, compare, plan,\n" +
			"recommend, diff), JSON Lines of sweep, and lines of --output jsonl, of which those\n" +
			"of several runs may stand in one file. Given several times, the documents are\n" +
			"judged together.\n\n" +
			"The markdown is made for a comment on a pull request: it begins with a hidden tag\n" +
			"(--tag) by which a bot finds the comment that it is to update, and stays below\n" +
			"GitHub's limit. The form github writes annotations, and adds to the files that\n" +
			"GITHUB_STEP_SUMMARY and GITHUB_OUTPUT name.\n\n" +
			"Exit code: 0, or with --fail-on that of what was saved: 1 the answer is no, 2 a\n" +
			"case could not be judged.",
		Example: "  plimsoll check llama-3.1-8b --on rtx-4090 -o json > run.json\n" +
			"  plimsoll report --from run.json -o html --out-file run.html\n" +
			"  plimsoll report --from run.json -o junit --out-file junit.xml --fail-on no",
	}
	fs := cmd.Flags()
	fs.SetNormalizeFunc(normalize)
	fs.StringArrayVar(&o.from, "from", nil, "saved JSON (- for stdin; repeatable)")
	fs.StringArrayVar(&o.require, "require", nil, "a further gate on every case such as 'decode_tok_s >= 20' (repeatable)")
	fs.StringVar(&o.failOn, "fail-on", "", "judge by what was saved: never (only a requirement that fails), no, tight or unsure makes the exit code 1")
	fs.BoolVar(&o.intervals, "intervals", false, "show the 80% range of every figure of a comparison")
	o.output.addFlags(fs, caseFormsHelp)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		o.from = append(o.from, args...)
		return a.makeReport(&o)
	}
	return cmd
}

// makeReport reads what was saved and writes it anew.
func (a *app) makeReport(o *reportOptions) error {
	if err := o.output.checkForm(); err != nil {
		return err
	}
	if o.failOn != "" {
		if err := oneOf("fail-on", o.failOn, "never", "no", "tight", "unsure"); err != nil {
			return err
		}
	}
	g := gates{all: make([]*require.Requirement, len(o.require))}
	for i, text := range o.require {
		var err error
		if g.all[i], err = require.Parse(text); err != nil {
			return err
		}
	}
	if len(o.from) == 0 {
		return problem.Wrong(problem.Usage, "no saved report given", "plimsoll report", "write plimsoll report --from run.json")
	}
	d, err := a.readReports(o.from)
	if err != nil {
		return err
	}
	if err := g.add(d.Doc); err != nil {
		return err
	}
	failOn := report.FailOn(o.failOn)
	if failOn == "" {
		failOn = report.FailNo // of what is loud in it, not of the exit code
	}
	if err := a.writeForm(&o.output, d.Doc, formOptions{failOn: failOn, intervals: o.intervals}); err != nil {
		return err
	}
	if o.failOn != "" || len(g.all) > 0 {
		a.exit = failOn.Exit(d.Doc.Cases())
	}
	return g.err
}

// gates are requirements that are added to every case of documents. err is the
// first that could not be judged: an error, after all else has been.
type gates struct {
	all []*require.Requirement
	err error
}

// add judges every case of a document. It refuses documents of which the
// requirements are not all.
func (g *gates) add(doc report.Cased) error {
	if len(g.all) == 0 {
		return nil
	}
	switch d := doc.(type) {
	case *report.Check:
		d.Requirements = append(d.Requirements, g.judge(func(r *require.Requirement) (report.Requirement, error) { return r.Judge(d) })...)
	case *report.Compare:
		for i, c := range d.Cases() {
			d.Rows[i].Requirements = append(d.Rows[i].Requirements, g.of(&c)...)
		}
	case *report.Sweep:
		for i, c := range d.Cases() {
			d.Lines[i].Requirements = append(d.Lines[i].Requirements, g.of(&c)...)
		}
	case *report.Cases:
		for _, part := range d.Parts {
			if err := g.add(part); err != nil {
				return err
			}
		}
		for i := range d.Lines {
			l := &d.Lines[i]
			c := l.Case()
			for _, r := range g.of(&c) {
				l.Requirements = append(l.Requirements, r)
				if report.Worse(l.Outcome, r.Outcome) {
					l.Outcome = r.Outcome
				}
			}
		}
	default:
		return problem.Wrong(problem.Usage, fmt.Sprintf("gates cannot be added to what %s wrote", doc.Title()), "--require", "give them to the command itself")
	}
	return nil
}

// of judges a case; one that could not be estimated meets none.
func (g *gates) of(c *report.Case) []report.Requirement {
	if c.Outcome == report.Error {
		return nil
	}
	return g.judge(func(r *require.Requirement) (report.Requirement, error) { return r.JudgeCase(c) })
}

func (g *gates) judge(one func(*require.Requirement) (report.Requirement, error)) []report.Requirement {
	var out []report.Requirement
	for _, gate := range g.all {
		r, err := one(gate)
		if err == nil {
			out = append(out, r)
		} else if g.err == nil {
			g.err = err
		}
	}
	return out
}

// readReports reads documents from files, one after the other.
func (a *app) readReports(paths []string) (*saved.Document, error) {
	readers := make([]io.Reader, 0, 2*len(paths))
	for _, path := range paths {
		r, err := a.openSaved(path)
		if err != nil {
			return nil, err
		}
		defer r.Close()
		readers = append(readers, r, strings.NewReader("\n"))
	}
	return saved.Read(io.MultiReader(readers...), "--from "+problem.OneLine(strings.Join(paths, ", ")))
}

// openSaved opens a saved report; path - is standard input.
func (a *app) openSaved(path string) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(a.Stdin), nil
	}
	f, err := os.Open(path)
	if err == nil {
		info, serr := f.Stat()
		if serr == nil && !info.IsDir() {
			return f, nil
		}
		f.Close()
	}
	return nil, problem.Wrong(problem.BadFile, "cannot open the saved report", fmt.Sprintf("%.200s", problem.OneLine(path)), "give a file that plimsoll wrote with --output json")
}
