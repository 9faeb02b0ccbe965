package capacity

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/plimsoll/plimsoll/cmd/internal/money"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	assign "github.com/plimsoll/plimsoll/estimator/capacity"
	"github.com/plimsoll/plimsoll/profiles"
)

// Options are what a plan is made with beside its file.
type Options struct {
	// File is the plan's name in messages; paths in the plan start from its folder.
	File     string
	Prices   money.Options
	Simulate bool
	Versions report.Versions
	Facts    scenario.Facts
	Getenv   func(string) string
	Estimate func(*estimator.Request) (*estimator.Result, error)
}

// PricesOf is what a plan says of prices.
func PricesOf(plan *profiles.PlanFile) money.Options {
	p := plan.Prices
	if p == nil {
		return money.Options{}
	}
	return money.Options{PriceFile: p.File, PricesAt: p.At, Country: p.Country, Spot: p.Spot, Own: p.Own, Used: p.Used, USDPerKWh: p.USDPerKWh,
		GramsPerKWh: p.GramsPerKWh, PUE: p.PUE, LifetimeYears: p.LifetimeYears, ResidualShare: p.ResidualShare}
}

// DefaultUtilisation is to what share of the most that they carry deployments
// are loaded where the plan does not say.
const DefaultUtilisation = 0.8

// planner makes one plan.
type planner struct {
	Options
	ctx  context.Context
	plan *profiles.PlanFile
	book *money.Book

	kinds     []*kind
	workloads []*workload

	goal        assign.Resource
	limits      assign.Amounts
	utilisation float64
	// energy says that power has to be known before anything is assigned.
	energy bool
	// priced says that money has; unpriced, that nothing has a price and nobody
	// asked for the cheapest.
	priced, unpriced bool

	store  *scenario.Store
	slices memo
}

// Make makes the plan.
func Make(ctx context.Context, plan *profiles.PlanFile, o Options) (*report.CapacityPlan, error) {
	p := &planner{Options: o, ctx: ctx, plan: plan, utilisation: plan.Utilisation, store: scenario.NewStore(o.Facts)}
	if p.utilisation == 0 {
		p.utilisation = DefaultUtilisation
	}
	if err := p.prepare(); err != nil {
		return nil, err
	}
	if err := p.evaluate(p.all()); err != nil {
		return nil, err
	}
	a, err := p.decide()
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return p.document(a)
}

// goals are the resources of a plan's goals.
var goals = map[string]assign.Resource{"": assign.USD, "cost": assign.USD, "energy": assign.KWh, "carbon": assign.KgCO2e, "machines": assign.Machines}

// prepare reads prices, hardware and workloads.
func (p *planner) prepare() error {
	p.goal, p.limits = goals[p.plan.Goal], assign.NoLimits()
	if b := p.plan.Budget; b != nil {
		for r, v := range map[assign.Resource]*float64{assign.USD: b.USDPerMonth, assign.Kilowatts: b.Kilowatts, assign.KWh: b.KWhPerMonth,
			assign.KgCO2e: b.KgPerMonth, assign.Machines: b.Machines} {
			if v != nil {
				p.limits[r] = *v
			}
		}
	}
	own := p.plan.Prices != nil && p.plan.Prices.Own
	p.priced = p.goal == assign.USD || p.limits[assign.USD] >= 0
	p.energy = p.goal == assign.KWh || p.goal == assign.KgCO2e || own && p.priced
	for _, r := range []assign.Resource{assign.Kilowatts, assign.KWh, assign.KgCO2e} {
		p.energy = p.energy || p.limits[r] >= 0
	}
	if f := p.Prices.PriceFile; f != "" {
		p.Prices.PriceFile = p.located(f)
	}
	var err error
	if p.book, err = money.Open(&p.Prices, p.Getenv); err != nil {
		return p.at("prices", err)
	}
	if f := p.plan.Prices; f != nil && f.File != "" && p.Prices.PriceFile == p.located(f.File) {
		p.Prices.PriceFile = f.File // as it was written
	}
	if (p.goal == assign.KgCO2e || p.limits[assign.KgCO2e] >= 0) && p.Prices.Country == "" && p.Prices.GramsPerKWh == nil {
		key := "goal"
		if p.limits[assign.KgCO2e] >= 0 {
			key = "budget.kg_co2e_per_month"
		}
		return p.at(key, problem.Wrong(problem.BadValue, "carbon depends on the country", "", "write prices: {country: …}, or gco2e_per_kwh"))
	}
	if err := p.hardware(); err != nil {
		return err
	}
	p.withoutPrices()
	return p.resolve()
}

// where names the place of a key: "plan.yaml:12".
func (p *planner) where(key string) string {
	if line := p.plan.Line(key); line > 0 {
		return fmt.Sprintf("%s:%d", p.File, line)
	}
	return p.File
}

// at tells where in the plan a wrong thing was asked.
func (p *planner) at(key string, err error) error {
	e := *problem.From(problem.BadValue, err)
	if e.Exit == problem.ExitUsage {
		e.Message = p.where(key) + ": " + e.Message
	}
	return &e
}

// located is a file's path, which starts from the plan's folder where it is
// there, and else from where the command runs.
func (p *planner) located(name string) string {
	if name == "" || filepath.IsAbs(name) || p.File == "" {
		return name
	}
	if dir := filepath.Dir(p.File); dir != "." {
		if path := filepath.Join(dir, name); exists(path) {
			return path
		}
	}
	return name
}

// each runs f for 0 to n−1 on all cores; the first error in their order wins.
func (p *planner) each(n int, f func(i int, cache *estimator.Cache) error) error {
	errs := make([]error, n)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range max(min(runtime.GOMAXPROCS(0), n), 1) {
		workers.Go(func() {
			var cache estimator.Cache
			for {
				i := int(next.Add(1)) - 1
				if i >= n || p.ctx.Err() != nil {
					return
				}
				errs[i] = guarded(func() error { return f(i, &cache) })
			}
		})
	}
	workers.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return p.ctx.Err()
}

// guarded makes a panic our own failure, instead of ending the program.
func guarded(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = problem.Failed(fmt.Sprintf("panic: %v", v))
		}
	}()
	return f()
}
