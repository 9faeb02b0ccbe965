package cli

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/cmd/internal/stream"
	"github.com/plimsoll/plimsoll/estimator"
)

// sweepOptions is what plimsoll sweep was asked.
type sweepOptions struct {
	stdin   bool              // JSON Lines; else a grid
	base    scenario.Scenario // single values, for every line
	axes    []gridAxis
	output  string
	failOn  string
	workers int
	csv     report.SweepCSV
}

// gridAxis is one flag with its values.
type gridAxis struct {
	axis   axis
	values []string
}

// maxGrid bounds the scenarios of one grid; beyond it JSON Lines serve.
const maxGrid = 100_000_000

func newSweep(a *app) *cobra.Command {
	o := sweepOptions{}
	cmd := &cobra.Command{
		Use:   "sweep [MODEL,MODEL… | -]",
		Short: "Evaluate many scenarios: a grid of flags, or JSON Lines on stdin",
		Long: "Evaluates many scenarios at once, in order, on all cores: a grid from flags with\n" +
			"comma-separated values, or JSON Lines on stdin (-), one scenario a line. The\n" +
			"fields of a scenario are the names of the flags, see plimsoll schema sweep-input;\n" +
			"flags given beside JSON Lines are defaults for every line. A bad line yields an\n" +
			"error object on its own line, the others still run, and the exit code is 2.",
		Example: "  plimsoll sweep llama-3.1-8b,qwen3-30b-a3b --on rtx-4090-24gb,rtx-3090-24gb -q Q4_K_M,Q8_0 -c 8k,32k\n" +
			"  plimsoll sweep - < scenarios.jsonl",
	}
	fs := cmd.Flags()
	fs.SetNormalizeFunc(normalize)
	flags := addScenarioFlags(fs)
	flags.repeatSet(",")
	fs.StringVarP(&o.output, "output", "o", "jsonl", "jsonl or csv")
	fs.StringVar(&o.failOn, "fail-on", "never", "verdict that makes the exit code 1: never, no or tight")
	fs.IntVar(&o.workers, "workers", 0, "workers (default: one for each core)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		stdin := len(args) == 1 && args[0] == "-"
		if len(args) == 0 && !fs.Changed("model") {
			if f, ok := a.Stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
				return problem.Wrong(problem.Usage, "nothing to sweep", "plimsoll sweep", "name models, or give JSON Lines on stdin")
			}
			stdin = true
		}
		o.stdin, o.base = stdin, scenario.New()
		if stdin {
			if err := flags.one(&o.base); err != nil {
				return err
			}
		} else if err := o.grid(flags, args); err != nil {
			return err
		}
		return a.sweep(cmd.Context(), &o)
	}
	return cmd
}

// grid reads the axes of the grid from flags and arguments.
func (o *sweepOptions) grid(flags *scenarioFlags, models []string) error {
	total := 1
	for i := range flags.axes {
		ax := flags.axes[i]
		var values []string
		if flags.given(i) {
			values = strings.Split(flags.values[i], ",")
		}
		if ax.flag == "model" {
			for _, m := range models {
				values = append(values, strings.Split(m, ",")...)
			}
		}
		if len(values) == 0 {
			continue
		}
		var probe scenario.Scenario
		for _, v := range values { // every value must parse before anything runs
			if err := ax.apply(&probe, v); err != nil {
				return err
			}
		}
		if total *= len(values); total > maxGrid {
			return problem.Wrong(problem.Usage, fmt.Sprintf("the grid has more than %d scenarios", maxGrid), "plimsoll sweep", "split it")
		}
		o.axes = append(o.axes, gridAxis{ax, values})
	}
	return nil
}

// generate calls yield for each scenario of the grid, the last axis fastest.
// Its id names the values that vary.
func (o *sweepOptions) generate(yield func(*scenario.Scenario) bool) {
	index := make([]int, len(o.axes))
	for {
		s := o.base
		var id []byte
		for i, ax := range o.axes {
			v := strings.TrimSpace(ax.values[index[i]])
			_ = ax.axis.apply(&s, v) // every value was tried in grid
			if len(ax.values) > 1 {
				if len(id) > 0 {
					id = append(id, ' ')
				}
				id = append(append(append(id, ax.axis.flag...), '='), v...)
			}
		}
		s.ID = string(id)
		if !yield(&s) {
			return
		}
		i := len(index) - 1
		for ; i >= 0; i-- {
			if index[i]++; index[i] < len(o.axes[i].values) {
				break
			}
			index[i] = 0
		}
		if i < 0 {
			return
		}
	}
}

// sweep runs the scenarios.
func (a *app) sweep(ctx context.Context, o *sweepOptions) error {
	if err := oneOf("output", o.output, "jsonl", "csv"); err != nil {
		return err
	}
	if err := oneOf("fail-on", o.failOn, "never", "no", "tight"); err != nil {
		return err
	}
	if o.workers < 0 || o.workers > 4096 {
		return problem.Wrong(problem.BadValue, "workers is out of range", "--workers", "use a number from 1 to 4096")
	}
	if o.workers == 0 {
		o.workers = runtime.GOMAXPROCS(0)
	}
	store := scenario.NewStore(a.Facts)
	job := stream.Job{Workers: o.workers, Out: a.out,
		NewWorker: func() stream.Worker {
			d := scenario.NewDecoder()
			d.Base = o.base
			return &sweepWorker{ctx: ctx, options: o, estimate: a.Estimate, resolver: scenario.NewResolver(store), decoder: d}
		}}
	in := a.Stdin
	if o.output == "csv" {
		in = o.chooseColumns(in, scenario.NewResolver(store))
		if _, err := a.out.WriteString(o.csv.Header()); err != nil {
			return err
		}
	}
	var exit int
	var err error
	if o.stdin {
		exit, err = job.Lines(ctx, in)
	} else {
		exit, err = job.Scenarios(ctx, o.generate)
	}
	a.exit = problem.Worse(a.exit, exit)
	return err
}

// sweepWorker evaluates scenarios one after the other, reusing its buffers.
type sweepWorker struct {
	ctx      context.Context
	options  *sweepOptions
	estimate func(*estimator.Request) (*estimator.Result, error)
	resolver *scenario.Resolver
	decoder  *scenario.Decoder
	scenario scenario.Scenario
	prepared scenario.Prepared
	cache    estimator.Cache
}

// Line evaluates one line of JSON and appends its answer.
func (w *sweepWorker) Line(out []byte, line []byte, number int) ([]byte, int) {
	if err := w.decoder.Decode(line, &w.scenario); err != nil {
		return w.failed(out, number, err)
	}
	return w.Scenario(out, &w.scenario, number)
}

// TooLong answers a line that was not read to its end.
func (w *sweepWorker) TooLong(out []byte, limit, number int) ([]byte, int) {
	w.scenario = scenario.Scenario{}
	return w.failed(out, number, problem.Wrong(problem.BadScenario, fmt.Sprintf("the line is longer than %d bytes", limit), "", "a scenario takes a few hundred"))
}

// Scenario evaluates one scenario and appends its answer.
func (w *sweepWorker) Scenario(out []byte, s *scenario.Scenario, number int) (b []byte, exit int) {
	start := len(out)
	defer func() {
		if p := recover(); p != nil {
			w.scenario.ID = s.ID
			b, exit = w.failed(out[:start], number, problem.Failed(fmt.Sprintf("panic: %v", p)))
		}
	}()
	var r *estimator.Result
	err := w.resolver.Resolve(w.ctx, s, &w.prepared)
	if err == nil {
		w.prepared.Request.Cache = &w.cache
		r, err = w.estimate(&w.prepared.Request)
	}
	if err != nil {
		w.scenario.ID = s.ID
		return w.failed(out, number, err)
	}
	no := r.Verdict == estimator.DoesNotFit && w.options.failOn != "never" ||
		r.Verdict == estimator.Tight && w.options.failOn == "tight"
	if no {
		exit = problem.ExitNo
	}
	if w.options.output == "csv" {
		if r.Pipeline != nil && !w.options.csv.Pipelines {
			w.scenario.ID = s.ID
			return w.failed(out, number, otherColumns(w.prepared.Inputs.Model))
		}
		return w.options.csv.Append(out, &w.prepared.Inputs, r), exit
	}
	return report.AppendSweep(out, &w.prepared.Inputs, r), exit
}

func (w *sweepWorker) failed(out []byte, number int, err error) ([]byte, int) {
	p := problem.From(problem.BadValue, err)
	if w.options.output == "csv" {
		return w.options.csv.AppendError(out, w.scenario.ID, number, p), p.Exit
	}
	return report.AppendSweepError(out, w.scenario.ID, number, p), p.Exit
}
