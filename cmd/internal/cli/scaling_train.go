package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/plimsoll/plimsoll/cmd/internal/money"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/scaling"
	"github.com/plimsoll/plimsoll/profiles"
)

func newScalingTrain(a *app) *cobra.Command {
	var o scalingOptions
	var params, tokens string
	var on machineFlags
	cmd := &cobra.Command{
		Use:   "train [MODEL[@TOKENS]]",
		Short: "How long training takes on a cluster, and what it costs",
		Long: "How long training takes on a cluster: 6ND over devices, peak dense rate and MFU, the\n" +
			"share of the peak that model FLOPs reach; and what that costs in money and energy.\n" +
			"Without --mfu it is the median of published training runs.",
		Example: "  plimsoll scaling train llama-65b --on '256x(8x a100-sxm4-80gb)' --mfu 45%\n" +
			"  plimsoll scaling train qwen3-30b-a3b@36T --on '32x(8x h100)' --mfu 30%-50% --price-per-hour 640\n" +
			"  plimsoll scaling train --params 124M --tokens 10B --on '8x a100'",
		Args: cobra.MaximumNArgs(1),
	}
	fs := cmd.Flags()
	fs.StringVar(&params, "params", "", "parameters: 70B, 671B-A37B, or a model")
	fs.StringVar(&tokens, "tokens", "", "training tokens: 1.4T")
	on.add(fs, "local")
	money.AddFlags(fs, &o.prices)
	return question(a, report.AskTrain, cmd, &o, func(cmd *cobra.Command, args []string) error {
		if err := a.trained(&o, cmd, args, params, tokens); err != nil {
			return err
		}
		if len(o.in.Laws) > 0 {
			return problem.Wrong(problem.Contradiction, "no law says how long training takes", "--law", "leave it out")
		}
		var err error
		o.in.Prices = &o.prices
		o.in.Machine, err = on.machine()
		return err
	})
}

// training answers how long training takes.
func (a *app) training(ctx context.Context, doc *report.Scaling, explain bool) error {
	in := &doc.Inputs
	m, c, rate, err := a.cluster(ctx, doc, in.Machine, "--on")
	if err != nil {
		return err
	}
	share, err := mfu(doc, in.Machine)
	if err != nil {
		return err
	}
	if in.Prices == nil {
		in.Prices = &money.Options{}
	}
	h, err := a.hour(doc, m, in.Prices)
	if err != nil {
		return err
	}
	t, err := c.Train(in.Model.ActiveParams, in.Tokens, share, h.levels())
	if err != nil {
		return problem.Wrong(problem.BadValue, err.Error(), "plimsoll scaling train", "")
	}
	state, source, err := profiles.TrainingStateBytes()
	if err != nil {
		return problem.Failed(err.Error())
	}
	out := &report.ScalingTraining{Model: *in.Model, Tokens: in.Tokens, Machine: m.ID, Devices: c.Devices, PeakTFLOPS: c.PeakFLOPs / 1e12, Rate: rate,
		Offer: h.offer, StateBytes: state * in.Model.Params, USDPerHour: (*estimator.Figure)(h.USD)}
	for i := range m.Nodes {
		for _, d := range m.Nodes[i].Devices {
			out.MemoryBytes += float64(d.MemoryBytes) * float64(max(m.Nodes[i].Count, 1))
		}
	}
	doc.Trains(out, t)
	for _, text := range h.assumed {
		doc.Assume(text)
	}
	for _, u := range h.missing {
		doc.Missing(u.Reason, u.Figure)
	}
	doc.Assume(fmt.Sprintf("weights, gradients and the optimiser's state take %g B a parameter (%s); activations come on top", state, source))
	doc.Assume("training takes 6ND operations: attention over the context is left out, as in the papers")
	if explain {
		doc.Derive(scaling.ExplainTraining(t, c, in.Model.ActiveParams, in.Tokens, share))
	}
	return nil
}
