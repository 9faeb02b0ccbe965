package cli

import (
	"context"
	"fmt"
	"math"

	"github.com/plimsoll/plimsoll/cmd/internal/money"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator/scaling"
)

// flopPrices are what a training and a serving operation cost.
func (a *app) flopPrices(ctx context.Context, doc *report.Scaling) (*report.ScalingPrices, error) {
	in, out := &doc.Inputs, &report.ScalingPrices{How: []string{}}
	paid := func(m *report.ScalingMachine, where, what string, prices money.Options) (float64, *money.Offer, error) {
		machine, c, _, err := a.cluster(ctx, doc, m, where)
		if err != nil {
			return 0, nil, err
		}
		share, err := mfu(doc, m)
		if err != nil {
			return 0, nil, err
		}
		h, err := a.hour(doc, machine, &prices)
		if err != nil {
			return 0, nil, err
		}
		in.Prices.PricesAt = prices.PricesAt
		for _, text := range h.assumed {
			if h.owned {
				doc.Assume(text)
			}
		}
		if h.USD == nil {
			return 0, nil, problem.Wrong(problem.NotEstimable, "no price is known of "+machine.ID, where, "give --price-per-hour, or --serve-price-per-hour for a machine that serves")
		}
		peak := float64(c.Devices) * c.PeakFLOPs
		v := scaling.USDPerFLOP(h.USD.Value, peak, share.Value)
		out.How = append(out.How, fmt.Sprintf("%s: %s USD/h / (3600 s x %s FLOP/s x %s%%) = %s USD/FLOP", what, units.Number(h.USD.Value), units.Power(peak), units.Number(100*share.Value), units.Power(v)))
		return v, h.offer, nil
	}
	var err error
	switch {
	case in.TrainUSDPerFLOP > 0 && in.Machine != nil && in.Serving == nil:
		return nil, problem.Wrong(problem.Contradiction, "the price of training is given twice", "--train-usd-per-flop", "leave out --on")
	case in.TrainUSDPerFLOP > 0:
		out.Train = in.TrainUSDPerFLOP
	case in.Machine != nil:
		if out.Train, out.Offer, err = paid(in.Machine, "--on", "training", *in.Prices); err != nil {
			return nil, err
		}
	default:
		return nil, problem.Wrong(problem.Usage, "what training costs is not said", "plimsoll scaling lifetime", "give --on with --price-per-hour, or --train-usd-per-flop")
	}
	ways := 0
	for _, given := range []bool{in.ServeUSDPerFLOP > 0, in.ServeUSDPerMToken > 0, in.Serving != nil} {
		if given {
			ways++
		}
	}
	switch {
	case ways > 1:
		return nil, problem.Wrong(problem.Contradiction, "the price of serving is given twice", "plimsoll scaling lifetime", "give one of --serve-usd-per-flop, --serve-usd-per-m-tokens and --serve-mfu")
	case in.ServeUSDPerFLOP > 0:
		out.Serve = in.ServeUSDPerFLOP
	case in.ServeUSDPerMToken > 0 && in.Model == nil:
		return nil, problem.Wrong(problem.Contradiction, "a price by the token is of a model", "--serve-usd-per-m-tokens", "name it with --as instead of --loss")
	case in.ServeUSDPerMToken > 0:
		out.Serve = scaling.USDPerServedFLOP(in.ServeUSDPerMToken, in.Model.ActiveParams)
		out.How = append(out.How, fmt.Sprintf("serving: %s USD/M tokens / (10^6 x 2 x %s) = %s USD/FLOP", units.Number(in.ServeUSDPerMToken), units.Amount(in.Model.ActiveParams), units.Power(out.Serve)))
	case in.Serving == nil || in.Serving.MFUAssumed:
		return nil, problem.Wrong(problem.Usage, "what serving costs is not said", "plimsoll scaling lifetime", "give --serve-mfu, the share of the peak that serving reaches, or --serve-usd-per-m-tokens, which plimsoll compare prints")
	case in.Serving.On == "":
		return nil, problem.Wrong(problem.Usage, "the machine that serves is not said", "plimsoll scaling lifetime", "give --serve-on")
	default:
		prices := *in.Prices
		switch {
		case in.Serving.USDPerHour != 0:
			prices.USDPerHour = in.Serving.USDPerHour
		case in.Machine == nil || in.Machine.On != in.Serving.On:
			prices.USDPerHour, prices.PurchaseUSD = 0, nil // those of the other machine
		}
		if out.Serve, _, err = paid(in.Serving, "--serve-on", "serving", prices); err != nil {
			return nil, err
		}
	}
	if !(out.Train > 0 && out.Serve > 0) || math.IsInf(out.Serve/out.Train, 0) {
		return nil, problem.Wrong(problem.BadValue, "an operation costs nothing", "plimsoll scaling lifetime", "give prices above 0")
	}
	return out, nil
}
