package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll/plimsoll/cmd/internal/diff"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/saved"
)

// diffOptions is what plimsoll diff was asked.
type diffOptions struct {
	base, next string // next is empty where the base is estimated again
	threshold  string
	failOn     string
	output     output
}

func newDiff(a *app) *cobra.Command {
	var o diffOptions
	cmd := &cobra.Command{
		Use:   "diff BASE.json [NEW.json]",
		Short: "What changed since a saved result",
		Long: "Says what changed from a saved result to another of the same kind: verdicts and\n" +
			"requirements first, then cases that came or went, then figures, inputs and what a\n" +
			"month costs. Without NEW the inputs of BASE are estimated again, so that the effect\n" +
			"of another version of plimsoll or of its data shows.\n\n" +
			"A figure's change is clear where the intervals of the two estimates do not meet,\n" +
			"and within the intervals where each value lies inside the other's: a measurement\n" +
			"may not show it. Something is worse when its verdict or a requirement is, or a\n" +
			"figure clearly.\n\n" +
			"Exit code: 0, or 1 for what --fail-on names.",
		Example: "  plimsoll check llama-3.1-8b --on rtx-4090 -o json > base.json\n" +
			"  plimsoll check llama-3.1-8b --on rtx-4090 -c 32k -o json | plimsoll diff base.json -\n" +
			"  plimsoll diff base.json --fail-on worse",
	}
	fs := cmd.Flags()
	fs.SetNormalizeFunc(normalize)
	fs.StringVar(&o.threshold, "threshold", "1%", "figures that changed by less are only counted")
	fs.StringVar(&o.failOn, "fail-on", "never", "what makes the exit code 1: never, worse or any change")
	o.output.addFlags(fs, caseFormsHelp)
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		switch len(args) {
		case 0:
			return problem.Wrong(problem.Usage, "no saved result given", cmd.CommandPath(), "write plimsoll diff base.json new.json")
		case 1, 2:
			return nil
		}
		return problem.Wrong(problem.Usage, fmt.Sprintf("more than two results: %.60q", args[2]), cmd.CommandPath(), "give a base and a new one")
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.base = args[0]
		if len(args) == 2 {
			o.next = args[1]
		}
		return a.diff(cmd.Context(), &o)
	}
	return cmd
}

// diff compares two saved results, or one with itself estimated again.
func (a *app) diff(ctx context.Context, o *diffOptions) error {
	if err := o.output.checkForm(); err != nil {
		return err
	}
	if err := oneOf("fail-on", o.failOn, "never", "worse", "any"); err != nil {
		return err
	}
	threshold, err := parseShare(o.threshold)
	if err != nil {
		return err
	}
	if o.base == "-" && o.next == "-" {
		return problem.Wrong(problem.Contradiction, "both results are standard input", "plimsoll diff - -", "give a file for one")
	}
	base, text, err := a.readSide(o.base)
	if err != nil {
		return err
	}
	var next *diff.Side
	if o.next != "" {
		next, _, err = a.readSide(o.next)
	} else {
		next, err = a.rerun(ctx, base, text)
	}
	if err != nil {
		return err
	}
	if base.Head.Schema != next.Head.Schema {
		return problem.Wrong(problem.BadFile, fmt.Sprintf("the results are of different kinds: %s and %s", base.Doc.Title(), next.Doc.Title()),
			"plimsoll diff "+problem.OneLine(o.base+" "+o.next), "give two of the same command")
	}
	doc := diff.Documents(*base, *next, diff.Options{Threshold: threshold, FailOn: o.failOn, Rerun: o.next == "",
		Versions: report.Versions{Tool: toolVersion(), Data: a.Facts.DataVersion()}})
	failOn := report.FailNo
	if o.failOn == "never" {
		failOn = report.FailNever
	}
	if err := a.writeForm(&o.output, doc, formOptions{failOn: failOn}); err != nil {
		return err
	}
	if o.failOn == "worse" && doc.Result.Counts.Worse > 0 || o.failOn == "any" && doc.Changed() {
		a.exit = problem.ExitNo
	}
	return nil
}

// parseShare reads a share as 5% or 0.05.
func parseShare(s string) (float64, error) {
	number, percent := strings.CutSuffix(strings.TrimSpace(s), "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		v /= 100
	}
	if err != nil || math.IsNaN(v) || v < 0 || v > 100 {
		return 0, problem.Wrong(problem.BadValue, fmt.Sprintf("%.40q is not a share", s), "--threshold", "write it as 5%")
	}
	return v, nil
}

// readSide reads a saved result, and keeps its text to run it again.
func (a *app) readSide(path string) (*diff.Side, []byte, error) {
	r, err := a.openSaved(path)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	var text bytes.Buffer
	d, err := saved.Read(io.TeeReader(r, &text), problem.OneLine(path))
	if err != nil {
		return nil, nil, err
	}
	side := &diff.Side{File: path, Doc: d.Doc, Head: d.Head}
	if path == "-" {
		side.File = ""
	}
	return side, text.Bytes(), nil
}

// rerunArgs is the command line that estimates a saved document again from its
// text on standard input; nil where there is none.
func rerunArgs(doc report.Cased) []string {
	args := []string{"--from", "-", "--output", "json", "--exit-zero"}
	switch d := doc.(type) {
	case *report.Check:
		args = append([]string{"check"}, args...)
		for i := range d.Requirements {
			args = append(args, "--require", d.Requirements[i].Text)
		}
		return args
	case *report.Compare:
		return append([]string{"compare"}, args...)
	case *report.CapacityPlan:
		return append([]string{"plan"}, args...)
	case *report.Recommend:
		return append([]string{"recommend"}, args...)
	}
	return nil
}

// rerun estimates the inputs of a saved document again.
func (a *app) rerun(ctx context.Context, base *diff.Side, text []byte) (*diff.Side, error) {
	args := rerunArgs(base.Doc)
	if args == nil {
		return nil, problem.Wrong(problem.Usage, fmt.Sprintf("what %s wrote does not hold all of its inputs", base.Doc.Title()), "plimsoll diff "+problem.OneLine(base.File), "give the new result, too")
	}
	var stdout, stderr bytes.Buffer
	env := *a.Env
	env.Stdin, env.Stdout, env.Stderr = bytes.NewReader(text), &stdout, &stderr
	exit := Main(ctx, args, env)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if stdout.Len() == 0 {
		var failed struct{ Error *problem.Error }
		if err := json.Unmarshal(stderr.Bytes(), &failed); err != nil || failed.Error == nil {
			failed.Error = problem.Failed("estimating the saved inputs again ended with " + strconv.Itoa(exit))
		}
		failed.Error.Exit = exit
		return nil, failed.Error
	}
	d, err := saved.Read(&stdout, "the inputs of "+problem.OneLine(base.File))
	if err != nil {
		return nil, err
	}
	return &diff.Side{Doc: d.Doc, Head: d.Head}, nil
}
