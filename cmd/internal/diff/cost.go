package diff

import (
	"math"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator/cost"
)

// monthly is what a case costs in a month before and after; nil where that is
// not known of a side that is there. A case that came cost nothing before.
func monthly(old, next *report.Case) *report.CostChange {
	var c report.CostChange
	for _, side := range []struct {
		from *report.Case
		to   *float64
	}{{old, &c.Old}, {next, &c.New}} {
		if side.from == nil {
			continue
		}
		v, ok := perMonth(side.from)
		if !ok {
			return nil
		}
		*side.to = v
	}
	return settle(&c)
}

// settle fills in the change; nil where an amount is no number.
func settle(c *report.CostChange) *report.CostChange {
	for _, v := range [...]float64{c.Old, c.New, c.New - c.Old} {
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return nil
		}
	}
	c.Old, c.New, c.Change = report.Significant(c.Old), report.Significant(c.New), report.Significant(c.New-c.Old)
	return c
}

func perMonth(c *report.Case) (float64, bool) {
	if c.Group == "budget" { // the limit of a sum, which costs nothing more
		return 0, false
	}
	for _, f := range c.Figures {
		if f.Figure == nil {
			continue
		}
		switch f.Name {
		case "usd_per_month":
			return f.Figure.Value, true
		case "usd_per_hour":
			return f.Figure.Value * cost.HoursPerMonth, true
		}
	}
	return 0, false
}

// together is what all that the documents ask for costs: that of a check, or the
// total of a plan. Rows of a comparison or a sweep are alternatives.
func together(base, next report.Cased) *report.CostChange {
	switch b := base.(type) {
	case *report.Check:
		if n, ok := next.(*report.Check); ok {
			return monthly(&b.Cases()[0], &n.Cases()[0])
		}
	case *report.CapacityPlan:
		n, ok := next.(*report.CapacityPlan)
		if !ok || b.Result.Totals.USDPerMonth == nil || n.Result.Totals.USDPerMonth == nil {
			return nil
		}
		return settle(&report.CostChange{Old: b.Result.Totals.USDPerMonth.Value, New: n.Result.Totals.USDPerMonth.Value})
	}
	return nil
}
