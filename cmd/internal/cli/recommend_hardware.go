package cli

import (
	"context"
	"math"

	"github.com/plimsoll/plimsoll/cmd/internal/money"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/recommend"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

// recommendHardware opens the price lists and reads the load.
func (a *app) recommendHardware(ctx context.Context, advisor *recommend.Advisor, doc *report.Recommend) error {
	in := &doc.Inputs
	book, err := money.Open(in.Prices, a.Getenv)
	if err != nil {
		return err
	}
	if in.Priced && len(in.Among) == 0 {
		if in.Among, err = ownHardware(book); err != nil {
			return err
		}
	}
	var traffic *recommend.Traffic
	if in.Load != nil {
		load, objectives, err := loadOf(in.Load, &in.Scenario)
		if err != nil {
			return err
		}
		if math.IsInf(load.Rate, 1) {
			return problem.Wrong(problem.BadValue, "hardware is sized for a rate, not for everything at once", "--rate", "give requests per second, as 20/s")
		}
		traffic = &recommend.Traffic{Load: load, Objectives: objectives, Amount: load.Rate}
		if load.Concurrency > 0 {
			traffic.Amount = float64(load.Concurrency)
		}
	}
	return advisor.MachinesFor(ctx, doc, book, traffic)
}

// ownHardware lists what the user's price file has prices of.
func ownHardware(book *money.Book) ([]string, error) {
	entries, err := book.Prices().Entries(book.At())
	if err != nil {
		return nil, problem.Failed(err.Error())
	}
	var out []string
	seen := map[string]bool{}
	for i := range entries {
		e := &entries[i]
		if e.Own && (e.Kind == "rent" || e.Kind == "spot" || e.Kind == "purchase") && !seen[e.Item] {
			seen[e.Item] = true
			out = append(out, e.Item)
		}
	}
	if len(out) == 0 {
		return nil, problem.Wrong(problem.BadFile, "the price file has no prices of hardware", "--price-list", "see plimsoll schema price-file")
	}
	return out, nil
}

// sensitivity adds to a check what changes would buy.
func (a *app) sensitivity(ctx context.Context, doc *report.Check) error {
	advisor, err := recommend.NewAdvisor(a.Facts, a.Estimate)
	if err != nil {
		return err
	}
	doc.Result.Sensitivity, err = advisor.Sensitivity(ctx, doc.Result.Model.Name+" "+doc.Result.Model.WeightFormat+" on "+doc.Result.Machine.Name, doc.Inputs)
	return err
}
