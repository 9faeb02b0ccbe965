package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plimsoll/plimsoll/cmd/internal/money"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/render"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
)

// scalingOptions is what plimsoll scaling was asked.
type scalingOptions struct {
	in      report.ScalingInputs
	prices  money.Options
	explain bool
	output  output
}

// scalingForms are what its reports may look like.
var scalingForms = []string{"table", "json", "markdown", "csv"}

func newScaling(a *app) *cobra.Command {
	var o scalingOptions
	var from string
	cmd := &cobra.Command{
		Use:   "scaling",
		Short: "Lifetime economics: compute, loss and cost of training, and the size that serves cheapest",
		Long: "What training a language model takes and what it buys, by the published scaling laws\n" +
			"(Kaplan 2020, Chinchilla 2022 with its three approaches, and its replication of 2024).\n" +
			"Alone it lists the laws and published models.",
		Example: "  plimsoll scaling optimum --flops 5.76e23\n" +
			"  plimsoll scaling loss --params 8B --tokens 15T\n" +
			"  plimsoll scaling lifetime --as 70B@1.4T --served 10T --sizes 8B,13B,34B\n" +
			"  plimsoll scaling train llama-65b --on '256x(8x a100-sxm4-80gb)' --mfu 45%",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return problem.Wrong(problem.Usage, fmt.Sprintf("unknown command %.60q", args[0]), cmd.CommandPath(), "use one of optimum, loss, lifetime, train")
			}
			o.in.Ask = report.AskOverview
			if from != "" {
				again := given(cmd.Flags())
				if err := a.readScaling(from, &o); err != nil {
					return err
				}
				if err := again(); err != nil {
					return err
				}
			}
			return a.scaling(cmd, &o)
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "answer the question of a saved report (JSON file, - for stdin)")
	o.addFlags(cmd.Flags())
	cmd.AddCommand(newScalingOptimum(a), newScalingLoss(a), newScalingLifetime(a), newScalingTrain(a))
	return cmd
}

// addFlags adds the flags that all questions have.
func (o *scalingOptions) addFlags(fs *pflag.FlagSet) {
	fs.SetNormalizeFunc(normalize)
	fs.StringSliceVar(&o.in.Laws, "law", nil, "laws to go by: kaplan, chinchilla-1, -2, -3, chinchilla-replication, rule-20 (default: all that can answer)")
	fs.BoolVar(&o.explain, "explain", false, "show how each figure came about")
	o.output.addFlags(fs, "table, json, markdown or csv")
}

// question makes a subcommand that asks one question.
func question(a *app, ask string, cmd *cobra.Command, o *scalingOptions, fill func(cmd *cobra.Command, args []string) error) *cobra.Command {
	o.addFlags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.in.Ask = ask
		if err := fill(cmd, args); err != nil {
			return err
		}
		return a.scaling(cmd, o)
	}
	return cmd
}

func newScalingOptimum(a *app) *cobra.Command {
	var o scalingOptions
	var flops, params, tokens string
	cmd := &cobra.Command{
		Use:   "optimum",
		Short: "The compute-optimal model of a budget, or the budget of a size or of tokens",
		Example: "  plimsoll scaling optimum --flops 5.76e23\n" +
			"  plimsoll scaling optimum --params 70B --law chinchilla-replication\n" +
			"  plimsoll scaling optimum --tokens 15T -o csv",
		Args: cobra.NoArgs,
	}
	fs := cmd.Flags()
	fs.StringVar(&flops, "flops", "", "training compute: 5.76e23, 576 ZFLOPs or 6667 PF-days")
	fs.StringVar(&params, "params", "", "parameters: 70B, or a model")
	fs.StringVar(&tokens, "tokens", "", "training tokens: 1.4T")
	return question(a, report.AskOptimum, cmd, &o, func(cmd *cobra.Command, _ []string) error {
		given := 0
		for _, text := range []string{flops, params, tokens} {
			if text != "" {
				given++
			}
		}
		if given != 1 {
			return problem.Wrong(problem.Usage, "the optimum is that of one quantity", cmd.CommandPath(), "give one of --flops, --params, --tokens")
		}
		var err error
		switch {
		case flops != "":
			o.in.FLOPs, err = flag("flops", flops, units.ParseFLOPs)
		case tokens != "":
			o.in.Tokens, err = flag("tokens", tokens, positive)
		default:
			o.in.Model, err = a.scalingModel(params, "--params")
		}
		return err
	})
}

func newScalingLoss(a *app) *cobra.Command {
	var o scalingOptions
	var params, tokens string
	cmd := &cobra.Command{
		Use:   "loss [MODEL[@TOKENS]]",
		Short: "The loss of a model of given size and training",
		Example: "  plimsoll scaling loss --params 8B --tokens 15T\n" +
			"  plimsoll scaling loss gopher\n" +
			"  plimsoll scaling loss llama-3.1-8b@15T",
		Args: cobra.MaximumNArgs(1),
	}
	fs := cmd.Flags()
	fs.StringVar(&params, "params", "", "parameters: 70B, or a model")
	fs.StringVar(&tokens, "tokens", "", "training tokens: 1.4T")
	return question(a, report.AskLoss, cmd, &o, func(cmd *cobra.Command, args []string) error {
		return a.trained(&o, cmd, args, params, tokens)
	})
}

// trained fills in a model and its tokens from an argument or flags.
func (a *app) trained(o *scalingOptions, cmd *cobra.Command, args []string, params, tokens string) (err error) {
	where := "--params"
	switch {
	case len(args) == 1 && params != "":
		return problem.Wrong(problem.Contradiction, "the model is given twice", "--params", "give it once")
	case len(args) == 1:
		params, where = args[0], cmd.CommandPath()
	case params == "":
		return problem.Wrong(problem.Usage, "no model given", cmd.CommandPath(), "name one, or give --params 70B")
	}
	if o.in.Model, err = a.scalingModel(params, where); err != nil {
		return err
	}
	if tokens != "" {
		if strings.Contains(params, "@") {
			return problem.Wrong(problem.Contradiction, "the tokens are given twice", "--tokens", "give them once")
		}
		if o.in.Tokens, err = flag("tokens", tokens, positive); err != nil {
			return err
		}
		return nil
	}
	if o.in.Tokens = o.in.Model.Tokens; o.in.Tokens == 0 {
		return problem.Wrong(problem.Usage, "what "+o.in.Model.Name+" is trained on is not known", cmd.CommandPath(), "give --tokens 1.4T")
	}
	return nil
}

// flag reads the value of a flag.
func flag(name, text string, read func(string) (float64, error)) (float64, error) {
	v, err := read(text)
	if err != nil {
		return 0, badAmount(err, "--"+name)
	}
	return v, nil
}

// badAmount puts the place of a wrong amount before its remedy.
func badAmount(err error, where string) error {
	const remedy = "write it as"
	what, hint := err.Error(), ""
	if i := strings.LastIndex(what, ": "+remedy); i >= 0 {
		what, hint = what[:i], what[i+2:]
	}
	return problem.Wrong(problem.BadValue, what, where, hint)
}

func positive(s string) (float64, error) { return units.ParseAmount(s, false) }

// number reads a plain number above 0.
func number(s string) (float64, error) {
	v, dim, err := units.Parse(s)
	if err != nil || dim != "" || v <= 0 {
		return 0, fmt.Errorf("%.60q is not a number above 0", s)
	}
	return v, nil
}

// writeScaling writes the answer.
func (a *app) writeScaling(doc *report.Scaling, o *scalingOptions) error {
	return a.writeReport(&o.output, func(w io.Writer, style render.Style, width int) error {
		switch o.output.form {
		case "json":
			return writeJSON(w, doc)
		case "csv":
			return report.WriteScalingCSV(w, doc)
		case "markdown":
			return render.ScalingMarkdown(w, doc)
		}
		return render.Scaling(w, doc, style, width)
	})
}
