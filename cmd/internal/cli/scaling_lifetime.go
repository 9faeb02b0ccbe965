package cli

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plimsoll/plimsoll/cmd/internal/money"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator/scaling"
)

func newScalingLifetime(a *app) *cobra.Command {
	var o scalingOptions
	var as, loss, train, serve, mToken string
	var served, sizes []string
	var trainOn, serveOn machineFlags
	cmd := &cobra.Command{
		Use:   "lifetime",
		Short: "The size that costs least to train and serve, at equal quality",
		Long: "Models of equal loss side by side: which size and how much training cost least over a\n" +
			"life in which so many tokens are served (read or written), and from how many served\n" +
			"tokens on a smaller model trained longer is cheaper. By compute, that is 6ND + 2NT; by\n" +
			"cost, training and serving operations have their own prices, from machines paid by the\n" +
			"hour and the share of their peak that is reached, or from a price by the token (plimsoll\n" +
			"compare gives one).",
		Example: "  plimsoll scaling lifetime --as 70B@1.4T --served 0,1T,10T --sizes 8B,34B\n" +
			"  plimsoll scaling lifetime --as chinchilla-70b --served 10T --law chinchilla-replication\n" +
			"  plimsoll scaling lifetime --as 70B@15T --served 5T --on '8x h100' --mfu 40% --serve-mfu 10%",
		Args: cobra.NoArgs,
	}
	fs := cmd.Flags()
	fs.StringVar(&as, "as", "", "the quality of this model and training: 70B@1.4T, chinchilla-70b, llama-3.1-8b@15T")
	fs.StringVar(&loss, "loss", "", "the quality as a loss, in nats per token by each law")
	fs.StringSliceVar(&served, "served", nil, "tokens served over the life: 10T (several with commas)")
	fs.StringSliceVar(&sizes, "sizes", nil, "sizes to compare, at equal loss: 8B,13B")
	fs.StringVar(&o.in.By, "by", "", "what to minimise: compute or cost (default: cost where prices are given)")
	trainOn.add(fs, "")
	fs.StringVar(&serveOn.on, "serve-on", "", "machine that serves (default: the one that trains)")
	fs.StringVar(&serveOn.mfu, "serve-mfu", "", "share of its peak that serving reaches: 10%")
	fs.Float64Var(&serveOn.usdPerHour, "serve-price-per-hour", 0, "what the machine that serves costs per hour, in USD")
	fs.StringVar(&mToken, "serve-usd-per-m-tokens", "", "what serving a million tokens of the --as model costs, in USD")
	fs.StringVar(&train, "train-usd-per-flop", "", "what a training operation costs, in USD: 2e-18")
	fs.StringVar(&serve, "serve-usd-per-flop", "", "what a serving operation costs, in USD")
	money.AddFlags(fs, &o.prices)
	return question(a, report.AskLifetime, cmd, &o, func(cmd *cobra.Command, _ []string) error {
		var err error
		switch {
		case (as == "") == (loss == ""):
			return problem.Wrong(problem.Usage, "the quality is that of a model, or a loss", cmd.CommandPath(), "give one of --as and --loss")
		case as != "":
			if o.in.Model, err = a.scalingModel(as, "--as"); err != nil {
				return err
			}
			if o.in.Model.Tokens == 0 {
				return problem.Wrong(problem.BadValue, "what "+o.in.Model.Name+" was trained on is not known", "--as", "write it as "+as+"@1.4T")
			}
			o.in.Tokens = o.in.Model.Tokens
		default:
			if o.in.Loss, err = flag("loss", loss, number); err != nil {
				return err
			}
		}
		if len(served) == 0 {
			return problem.Wrong(problem.Usage, "how many tokens are served is not said", cmd.CommandPath(), "give --served 10T")
		}
		for _, text := range served {
			n, err := flag("served", text, func(s string) (float64, error) { return units.ParseAmount(s, true) })
			if err != nil {
				return err
			}
			o.in.Served = append(o.in.Served, n)
		}
		for _, text := range sizes {
			m, err := a.scalingModel(text, "--sizes")
			if err != nil {
				return err
			}
			m.Tokens = 0 // they follow from the loss
			o.in.Sizes = append(o.in.Sizes, *m)
		}
		for _, p := range []struct {
			flag, text string
			to         *float64
		}{{"train-usd-per-flop", train, &o.in.TrainUSDPerFLOP}, {"serve-usd-per-flop", serve, &o.in.ServeUSDPerFLOP}, {"serve-usd-per-m-tokens", mToken, &o.in.ServeUSDPerMToken}} {
			if p.text != "" {
				if *p.to, err = flag(p.flag, p.text, number); err != nil {
					return err
				}
			}
		}
		return a.lifetimeMachines(cmd.Flags(), &o, &trainOn, &serveOn)
	})
}

// lifetimeMachines settles what training and serving operations are priced by.
func (a *app) lifetimeMachines(fs *pflag.FlagSet, o *scalingOptions, train, serve *machineFlags) (err error) {
	in := &o.in
	if train.on != "" {
		if in.Machine, err = train.machine(); err != nil {
			return err
		}
	}
	if serve.on != "" || serve.mfu != "" || serve.usdPerHour != 0 {
		if serve.on == "" {
			serve.on = train.on
		}
		serve.precision = train.precision
		if in.Serving, err = serve.machine(); err != nil {
			return err
		}
	}
	for _, name := range []string{"mfu", "price-per-hour", "spot", "own", "purchase-price", "price-file"} {
		if fs.Changed(name) && train.on == "" && serve.on == "" {
			return problem.Wrong(problem.Usage, "--"+name+" is of a machine, and none is given", "plimsoll scaling lifetime", "give --on")
		}
	}
	if in.Machine != nil || in.Serving != nil {
		in.Prices = &o.prices
	}
	return nil
}

// lifetimes answers by every law that can; asked for one that cannot, that is
// an error.
func (a *app) lifetimes(ctx context.Context, doc *report.Scaling, laws []*scaling.Law, explain bool) error {
	in := &doc.Inputs
	service := scaling.Service{Train: 1, Serve: 1}
	priced := in.Machine != nil || in.Serving != nil || in.TrainUSDPerFLOP+in.ServeUSDPerFLOP+in.ServeUSDPerMToken > 0
	if in.By != "" {
		if err := oneOf("by", in.By, "compute", "cost"); err != nil {
			return err
		}
	}
	if in.By == "compute" && priced {
		return problem.Wrong(problem.Contradiction, "prices are given, and do not count by compute", "--by", "leave out either")
	}
	byCost := in.By == "cost" || priced
	if in.By = "compute"; byCost {
		in.By = "cost"
		prices, err := a.flopPrices(ctx, doc)
		if err != nil {
			return err
		}
		doc.Result.Prices = prices
		service.Train, service.Serve = prices.Train, prices.Serve
	}
	quality := scaling.Quality{Loss: in.Loss}
	var models []report.ScalingModel
	if in.Model != nil {
		quality = scaling.Quality{Params: in.Model.ActiveParams, Tokens: in.Tokens}
		models = append(models, *in.Model)
	}
	sizes := make([]scaling.Size, len(in.Sizes))
	for i, m := range in.Sizes {
		sizes[i] = scaling.Size{Name: m.Name, Params: m.ActiveParams}
	}
	var used []*scaling.Law
	reason := ""
	for _, l := range laws {
		for i, served := range in.Served {
			service.Tokens = served
			life, why := l.Lifetime(quality, service, sizes, byCost)
			if why != "" {
				if _, can := l.Surface.(*scaling.Parametric); can || reason == "" {
					reason = l.ID + ": " + why
				}
				doc.Missing(why, l.ID+" lifetime")
				break
			}
			if i == 0 {
				used = append(used, l)
			}
			doc.Life(l, life)
			if explain {
				doc.Derive(l.ExplainLife(life, service))
			}
		}
	}
	if len(used) == 0 {
		return problem.Wrong(problem.NotEstimable, reason, "plimsoll scaling lifetime", "use --law chinchilla-replication, and a loss above what it cannot go below")
	}
	doc.Uses(used)
	doc.Assume("serving takes 2N operations for each token read or written, training 6ND: attention over the context is in neither")
	sparse(doc, append(models, in.Sizes...)...)
	return nil
}
