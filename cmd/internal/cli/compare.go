package cli

import (
	"context"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plimsoll/plimsoll/cmd/internal/compare"
	"github.com/plimsoll/plimsoll/cmd/internal/money"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/require"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
)

// compareOptions is what plimsoll compare was asked.
type compareOptions struct {
	inputs    report.CompareInputs // what is written into the document
	from      string
	plots     []plotRequest
	failOn    string
	exitZero  bool
	intervals bool
	output    output
}

// maxCompared bounds the rows of a comparison, which a person reads; sweep
// takes as many as one likes.
const maxCompared = 10_000

func newCompare(a *app) *cobra.Command {
	var o compareOptions
	var plots []string
	cmd := &cobra.Command{
		Use:   "compare MODEL[,MODEL…] --on HARDWARE[,HARDWARE…]",
		Short: "Set models, machines, formats and engines side by side",
		Long: "Sets models, machines, weight formats, engines or any other setting side by side:\n" +
			"every flag of a scenario takes several values with commas, or is given several\n" +
			"times. The best of each column is marked, and what cannot be told from it because\n" +
			"the intervals overlap: do not choose on such a difference. --baseline adds ratios\n" +
			"to one row, named by its machine, model, format or several of these.\n\n" +
			"The Pareto front (◆) weighs the decode speed of one user against the memory to\n" +
			"spare or, with several sequences in flight (-b), against the output per device.\n" +
			"Costs are those of machines rented by the hour, or bought with --own.\n" +
			"Models of several classes (language, images, video, speech, embedding) are each\n" +
			"told by their own main figure, and not weighed against each other.\n\n" +
			"Rows that cannot be estimated stay, with their reason, and the exit code is 2;\n" +
			"it is 1 when a requirement fails, or a verdict does that --fail-on names.",
		Example: "  plimsoll compare llama-3.1-8b -q Q4_K_M,Q8_0 --on rtx-4090,rtx-3090,apple-m4-max --baseline 'rtx-3090 Q8_0'\n" +
			"  plimsoll compare llama-3.1-70b -q FP8 --engine vllm -b 32 --on '4x h100,8x a100-sxm4-80gb' --sort cost\n" +
			"  plimsoll compare qwen3-30b-a3b,llama-3.1-8b --on rtx-4090 --plot pareto=front.svg --plot memory=memory.png",
	}
	fs := cmd.Flags()
	fs.SetNormalizeFunc(normalize)
	flags := addScenarioFlags(fs)
	for i := range flags.axes {
		f := fs.Lookup(flags.axes[i].flag)
		f.Value = &commaList{text: &flags.values[i]}
	}
	fs.StringVar(&o.from, "from", "", "take the rows from a saved comparison (JSON file, - for stdin)")
	fs.StringVar(&o.inputs.Sort, "sort", "", "column to sort by, the best first: decode, ttft, memory, cost …; -decode: the worst first")
	fs.StringVar(&o.inputs.Baseline, "baseline", "", "row that ratios are to, such as rtx-3090 or 'rtx-3090 Q8_0'")
	fs.StringArrayVar(&o.inputs.Require, "require", nil, "a gate on every row such as 'decode_tok_s >= 20' (repeatable)")
	fs.StringVar(&o.failOn, "fail-on", "never", "what makes the exit code 1 beside a requirement that fails: never, no, tight or unsure")
	fs.BoolVar(&o.exitZero, "exit-zero", false, "exit with 0 also when the answer is no")
	money.AddFlags(fs, &o.inputs.Prices)
	fs.StringArrayVar(&plots, "plot", nil, "a picture, as KIND=FILE.svg or .png: pareto, memory or roofline; without a file it is drawn below the table (repeatable)")
	fs.BoolVar(&o.intervals, "intervals", false, "show the 80% range of every figure")
	o.output.addFlags(fs, caseFormsHelp)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var err error
		if o.plots, args, err = parsePlots(plots, args); err != nil {
			return err
		}
		if o.from != "" {
			err = a.readCompared(&o, fs, flags, args)
		} else {
			err = o.grid(flags, args)
		}
		if err != nil {
			return err
		}
		return a.compare(cmd.Context(), &o)
	}
	return cmd
}

// commaList is a flag of a scenario that may be given several times: its
// values are joined as if they had been written with commas.
type commaList struct {
	text  *string
	given bool
}

var _ pflag.Value = (*commaList)(nil)

func (l *commaList) String() string {
	if l.text == nil {
		return ""
	}
	return *l.text
}

func (l *commaList) Set(text string) error {
	if l.given {
		text = *l.text + "," + text
	}
	*l.text, l.given = text, true
	return nil
}

func (l *commaList) Type() string { return "string" }

// grid fills in the scenarios from flags and arguments, as sweep does.
func (o *compareOptions) grid(flags *scenarioFlags, models []string) error {
	g := sweepOptions{base: scenario.New()}
	// As in check, a comparison is of whole requests.
	g.base.PromptAssumed = false
	if err := g.grid(flags, models); err != nil {
		return err
	}
	rows, model := 1, false
	for _, ax := range g.axes {
		model = model || ax.axis.flag == "model"
		if rows *= len(ax.values); rows > maxCompared {
			return problem.Wrong(problem.Usage, fmt.Sprintf("more than %d rows", maxCompared), "plimsoll compare", "use plimsoll sweep")
		}
	}
	if !model {
		return problem.Wrong(problem.Usage, "no model given", "plimsoll compare", "write plimsoll compare llama-3.1-8b --on rtx-4090,rtx-3090")
	}
	g.generate(func(s *scenario.Scenario) bool {
		s.ID = "" // rows are named by what differs
		o.inputs.Scenarios = append(o.inputs.Scenarios, *s)
		return true
	})
	return nil
}

// compare runs one comparison.
func (a *app) compare(ctx context.Context, o *compareOptions) error {
	if err := o.output.checkForm(); err != nil {
		return err
	}
	if err := oneOf("fail-on", o.failOn, "never", "no", "tight", "unsure"); err != nil {
		return err
	}
	if _, err := compare.ParseSort(o.inputs.Sort); err != nil {
		return err
	}
	gates := make([]*require.Requirement, len(o.inputs.Require))
	for i, text := range o.inputs.Require {
		var err error
		if gates[i], err = require.Parse(text); err != nil {
			return err
		}
	}
	book, err := money.Open(&o.inputs.Prices, a.Getenv)
	if err != nil {
		return err
	}
	for _, p := range o.plots {
		o.inputs.Roofline = o.inputs.Roofline || p.kind == "roofline"
	}
	doc := &report.Compare{Schema: report.CompareSchema, SchemaVersion: report.SchemaVersion,
		ToolVersion: toolVersion(), DataVersion: a.Facts.DataVersion(), Inputs: o.inputs}
	gateErr := a.compareRows(ctx, doc, gates, book)
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := failedAll(doc); err != nil {
		return err
	}
	if err := compare.Finish(doc); err != nil {
		return err
	}
	for _, p := range o.plots {
		if err := p.write(doc); err != nil {
			return err
		}
	}
	if err := a.writeForm(&o.output, doc, formOptions{failOn: report.FailOn(o.failOn), intervals: o.intervals, plots: o.plots}); err != nil {
		return err
	}
	a.exit = problem.Worse(a.exit, compareExit(doc, o))
	return gateErr
}

// failedAll is the error of the first row where no row could be estimated:
// then there is nothing to compare, and one line says it best.
func failedAll(doc *report.Compare) error {
	for i := range doc.Rows {
		if doc.Rows[i].Error == nil {
			return nil
		}
	}
	return doc.Rows[0].Error
}

// compareExit is the exit code of the rows: the worst of them.
func compareExit(doc *report.Compare, o *compareOptions) int {
	exit := problem.ExitYes
	for i := range doc.Rows {
		r := &doc.Rows[i]
		if r.Error != nil {
			exit = problem.Worse(exit, r.Error.Exit)
			continue
		}
		no := r.Verdict == estimator.DoesNotFit && o.failOn != "never" ||
			r.Verdict == estimator.Tight && (o.failOn == "tight" || o.failOn == "unsure")
		for _, q := range r.Requirements {
			no = no || q.Outcome == report.Fail || q.Outcome == report.Unsure && o.failOn == "unsure"
		}
		if no && !o.exitZero {
			exit = problem.Worse(exit, problem.ExitNo)
		}
	}
	return exit
}

// workersFor is how many goroutines share so many rows.
func workersFor(rows int) int { return max(min(runtime.GOMAXPROCS(0), rows), 1) }
