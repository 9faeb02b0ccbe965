package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plimsoll/plimsoll/cmd/internal/capacity"
	"github.com/plimsoll/plimsoll/cmd/internal/money"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/profiles"
)

// capacityOptions is what plimsoll plan was asked.
type capacityOptions struct {
	from     string
	goal     string
	months   int
	require  []string
	closed   bool // nothing is simulated
	prices   money.Options
	failOn   string
	exitZero bool
	output   output
}

func newCapacity(a *app) *cobra.Command {
	var o capacityOptions
	cmd := &cobra.Command{
		Use:   "plan FILE",
		Short: "Which machines carry these workloads, for how long, and what that costs",
		Long: "Makes a capacity plan of a file (YAML, - for stdin): workloads with their traffic and\n" +
			"objectives, and a fleet or a menu of hardware. It finds the assignment that costs\n" +
			"least (or takes least energy, carbon or machines), verifies it by simulation, and\n" +
			"says what limits it, what each month ahead needs, and what a change would do.\n\n" +
			"Deployments are sized for the pessimistic end of the intervals; where machines do\n" +
			"not suffice for that, for the central values, and the verdict is unsure.\n" +
			"Exit code: 0 it holds, 1 it does not (or, unless --fail-on no, is unsure), 2 the\n" +
			"plan is wrong, 3 our failure (help exit-codes).",
		Example: "  plimsoll plan example > plan.yaml\n" +
			"  plimsoll plan validate plan.yaml\n" +
			"  plimsoll plan plan.yaml --months 24\n" +
			"  plimsoll plan plan.yaml -o github --fail-on no",
	}
	fs := cmd.Flags()
	fs.SetNormalizeFunc(normalize)
	fs.StringVar(&o.from, "from", "", "take the plan from a saved report (JSON file, - for stdin)")
	fs.StringVar(&o.goal, "goal", "", "what there is to be least of: cost, energy, carbon or machines (default: the plan's, or cost)")
	fs.IntVar(&o.months, "months", 0, "how many months ahead traffic grows (default: the plan's)")
	fs.StringArrayVar(&o.require, "require", nil, "a further gate on every workload such as 'decode_tok_s >= 20' (repeatable)")
	fs.BoolVar(&o.closed, "no-simulation", false, "judge percentiles by their means in closed form only")
	money.AddFlags(fs, &o.prices)
	for _, name := range machinePrices {
		fs.Lookup(name).Hidden = true
	}
	fs.StringVar(&o.failOn, "fail-on", "unsure", "what exit code 1 means: no, tight or unsure")
	fs.BoolVar(&o.exitZero, "exit-zero", false, "exit with 0 also when the answer is no")
	o.output.addFlags(fs, caseFormsHelp)
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 && o.from != "" {
			return nil
		}
		if len(args) > 0 && o.from != "" {
			return problem.Wrong(problem.Contradiction, "a plan and a saved one", "--from", "give one of them")
		}
		return oneArg("plan", "plimsoll plan plan.yaml")(cmd, args)
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		for _, name := range machinePrices {
			if fs.Changed(name) {
				return problem.Wrong(problem.Usage, "a plan has many machines", "--"+name, "give it to each hardware in the plan, or in a price file")
			}
		}
		return a.capacity(cmd.Context(), &o, fs, args)
	}
	cmd.AddCommand(newPlanValidate(a), newPlanExample(a))
	return cmd
}

// machinePrices are flags of prices that are of one machine.
var machinePrices = []string{"price-per-hour", "purchase-price", "utilisation"}

func newPlanValidate(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "validate FILE",
		Short: "Check a plan file, without planning",
		Long:  "Reads a plan file (- for stdin) and says what is wrong with it, with file and line, or\nnothing: for editors and hooks. Names of models and hardware are not looked up.",
		Args:  oneArg("plan", "plimsoll plan validate plan.yaml"),
		RunE: func(_ *cobra.Command, args []string) error {
			plan, err := a.readPlan(args[0])
			if err == nil {
				_, err = fmt.Fprintf(a.out, "%s: %d workloads, %d kinds of hardware\n", args[0], len(plan.Workloads), len(plan.Hardware))
			}
			return err
		},
	}
}

func newPlanExample(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "example",
		Aliases: []string{"init"},
		Short:   "Print a plan file to start from",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := io.WriteString(a.out, profiles.PlanExample())
			return err
		},
	}
}

// readPlan reads a plan file, or stdin.
func (a *app) readPlan(path string) (*profiles.PlanFile, error) {
	if path != "-" {
		plan, err := profiles.ReadPlanFile(path)
		if err != nil {
			return nil, problem.Wrong(problem.BadFile, problem.OneLine(err.Error()), "", "")
		}
		return plan, nil
	}
	data, err := io.ReadAll(io.LimitReader(a.Stdin, maxPlan))
	if err != nil {
		return nil, problem.Wrong(problem.BadFile, "cannot read the plan", "stdin", "")
	}
	plan, err := profiles.ReadPlan("stdin", data)
	if err != nil {
		return nil, problem.Wrong(problem.BadFile, problem.OneLine(err.Error()), "", "")
	}
	return plan, nil
}

// Bounds of what is read: plans themselves are bounded by their reader.
const (
	maxPlan       = 1 << 20
	maxSavedPlans = 64 << 20
)

// capacity makes one plan.
func (a *app) capacity(ctx context.Context, o *capacityOptions, fs *pflag.FlagSet, args []string) error {
	if err := o.output.checkForm(); err != nil {
		return err
	}
	if err := oneOf("fail-on", o.failOn, "no", "tight", "unsure"); err != nil {
		return err
	}
	in := capacity.Options{Simulate: !o.closed, Versions: report.Versions{Tool: toolVersion(), Data: a.Facts.DataVersion()}, Facts: a.Facts, Getenv: a.Getenv, Estimate: a.Estimate}
	plan, source, err := a.planAsked(o, &in, fs, args)
	if err != nil {
		return err
	}
	if err := override(plan, o, fs); err != nil {
		return err
	}
	if o.from == "" { // a saved plan's are in what was saved
		again := given(fs)
		o.prices = capacity.PricesOf(plan)
		if err := again(); err != nil {
			return err
		}
	}
	in.Prices = o.prices
	doc, err := capacity.Make(ctx, plan, in)
	if err != nil {
		return err
	}
	if source != nil { // where it was asked at first
		doc.From(source)
	}
	if err := a.writeForm(&o.output, doc, formOptions{failOn: report.FailOn(o.failOn)}); err != nil {
		return err
	}
	if !o.exitZero {
		a.exit = report.FailOn(o.failOn).Exit(doc.Cases())
	}
	return nil
}

// planAsked reads the plan, from its file or a saved report, whose source is
// then returned, too.
func (a *app) planAsked(o *capacityOptions, in *capacity.Options, fs *pflag.FlagSet, args []string) (*profiles.PlanFile, *report.CapacitySource, error) {
	if o.from == "" {
		if in.File = args[0]; args[0] == "-" {
			in.File = "stdin"
		}
		plan, err := a.readPlan(args[0])
		return plan, nil, err
	}
	var saved struct {
		Schema string `json:"schema"`
		Inputs struct {
			Plan     json.RawMessage `json:"plan"`
			Prices   money.Options   `json:"prices"`
			Simulate bool            `json:"simulate"`
		} `json:"inputs"`
		Source report.CapacitySource `json:"source"`
	}
	wrong := func() error {
		return problem.Wrong(problem.BadFile, "no saved plan", "--from "+o.from, "give a file that plimsoll plan --output json wrote")
	}
	var text json.RawMessage
	if err := a.readSaved(o.from, "saved plan", "plimsoll plan --output json", maxSavedPlans, &text); err != nil {
		return nil, nil, err
	}
	if err := json.Unmarshal(text, &saved); err != nil || saved.Schema != report.CapacitySchema || saved.Inputs.Plan == nil {
		return nil, nil, wrong()
	}
	plan, err := profiles.ReadPlan(filepath.Base(o.from), saved.Inputs.Plan)
	if err != nil {
		return nil, nil, problem.Wrong(problem.BadFile, problem.OneLine(err.Error()), "--from "+o.from, "")
	}
	in.File = saved.Source.File
	if !fs.Changed("no-simulation") {
		in.Simulate = saved.Inputs.Simulate
	}
	again := given(fs)
	o.prices = saved.Inputs.Prices
	return plan, &saved.Source, again()
}

// override changes a plan by flags.
func override(plan *profiles.PlanFile, o *capacityOptions, fs *pflag.FlagSet) error {
	if o.goal != "" {
		if err := oneOf("goal", o.goal, "cost", "energy", "carbon", "machines"); err != nil {
			return err
		}
		plan.Goal = o.goal
	}
	if fs.Changed("months") {
		if o.months < 0 || o.months > 120 {
			return problem.Wrong(problem.BadValue, fmt.Sprintf("%d months", o.months), "--months", "give 0 to 120")
		}
		plan.Months = o.months
	}
	plan.Require = append(plan.Require, o.require...)
	return nil
}
