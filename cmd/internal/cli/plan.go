package cli

import (
	"fmt"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/serving"
	"github.com/plimsoll/plimsoll/hardware"
)

// division is how the devices were told to share the model.
type division struct {
	plans []estimator.Plan
	pools *estimator.PoolPlans // where the machine's nodes differ
	load  *serving.Load        // of the deployment that is estimated
}

// plan chooses how the devices share the model, where that was left open, and
// says which part of the load the deployment gets. perHour is what the whole
// machine costs, in USD; 0 where that is not known.
func plan(l *report.Load, p *scenario.Prepared, load *serving.Load, objectives []serving.Objective, perHour float64) (*division, error) {
	if p.Request.Pipeline != nil {
		return &division{}, nil
	}
	d := &p.Request.Deployment
	given := max(d.TP, d.PP, d.DP, d.EP) > 0 || d.Split != "" || l.Plan == "given"
	goal, err := goalOf(l, load, objectives)
	if err != nil {
		return nil, err
	}
	serves := p.Request.Engine.Serves()
	if serves && len(estimator.SplitMachine(p.Request.Machine)) > 1 {
		return planPools(l, p, load, goal, objectives, given, perHour)
	}
	users(p, load)
	asked, node := "--plan", p.Request.Machine.Primary()
	if l.Goal != "" && l.Plan == "" {
		asked = "--goal"
	}
	switch {
	case l.Plan == "auto" || asked == "--goal":
		if given {
			return nil, problem.Wrong(problem.Contradiction, "plan auto searches tp, pp, dp and ep, and one of them or split is given", asked, "leave out either")
		}
		if !serves {
			return nil, problem.Wrong(problem.BadValue, p.Request.Engine.Name+" divides a model by layers: there is no plan to search", asked, "name a server: --engine vllm, sglang or tensorrt-llm")
		}
	case given || node == nil || node.Box == 0:
		return &division{load: load}, nil
	}
	plans, err := estimator.Plans(&p.Request, load, goal, objectives)
	if err != nil {
		return nil, problem.From(problem.BadValue, err)
	}
	estimator.Price(plans, perHour, p.Request.Machine.Devices())
	best := &plans[0]
	deploy(p, best)
	p.Inputs.TP, p.Inputs.PP, p.Inputs.DP, p.Inputs.EP = best.TP, best.PP, best.DP, best.EP
	if best.TP == 1 {
		p.Inputs.Split = string(d.Split)
	}
	p.Assumptions = append(p.Assumptions, chosen(best, goal, p.Request.Machine.Devices()))
	p.Assumptions = append(p.Assumptions, priced(perHour, goal)...)
	return &division{plans: plans, load: load}, nil
}

// planPools plans for each pool of a machine whose nodes differ, or are more than
// one deployment may span, and turns the
// request to the pool that takes most of the load.
func planPools(l *report.Load, p *scenario.Prepared, load *serving.Load, goal estimator.Goal, objectives []serving.Objective, given bool, perHour float64) (*division, error) {
	m := p.Request.Machine
	why := "the nodes differ"
	if len(m.Nodes) == 1 {
		why = fmt.Sprintf("one deployment spans at most %d devices", hardware.MaxJoined)
	}
	wrong := func(what, flag, hint string) error {
		names := []string{}
		for _, pool := range estimator.SplitMachine(m) {
			names = append(names, estimator.PoolName(pool.Primary()))
		}
		return problem.Wrong(problem.Contradiction, what+", and "+why+" ("+strings.Join(names, "; ")+")", flag, hint+", or name the nodes of one pool")
	}
	switch {
	case given:
		return nil, wrong("a plan by hand is of one deployment", "--tp, --pp, --dp, --ep, --split or --plan given", "leave the plan to auto")
	case l.Pools != "":
		return nil, wrong("disaggregate divides one deployment", "--disaggregate", "leave it out")
	}
	pools, err := estimator.PlanPools(&p.Request, load, goal, objectives)
	if err != nil {
		return nil, problem.From(problem.BadValue, err)
	}
	pools.Price(perHour)
	best := pools.Largest()
	p.Request.Machine = best.Machine
	users(p, best.Load)
	deploy(p, best.Plan)
	p.Assumptions = append(p.Assumptions,
		fmt.Sprintf("%s: each of %d pools runs a deployment of its own, and a router shares the load in proportion to what each carries; all but the pools is about %s, which takes %.0f%%",
			why, len(pools.Pools), best.Name, 100*best.Share),
		chosen(best.Plan, goal, best.Devices))
	p.Assumptions = append(p.Assumptions, priced(perHour, goal)...)
	return &division{plans: best.Plans, pools: pools, load: best.Load}, nil
}

// users makes the users of a closed loop the batch, where none was given.
func users(p *scenario.Prepared, load *serving.Load) {
	if load != nil && load.Concurrency > 0 && p.Request.Workload.Batch <= 1 {
		p.Request.Workload.Batch, p.Inputs.Batch = load.Concurrency, load.Concurrency
	}
}

// deploy makes the plan the request's deployment.
func deploy(p *scenario.Prepared, best *estimator.Plan) {
	d := &p.Request.Deployment
	d.TP, d.PP, d.DP, d.EP = best.TP, best.PP, best.DP, best.EP
	if best.TP == 1 {
		d.Split = engine.SplitPipeline
	}
}

// goalOf reads what a plan is chosen for, or says what it is by itself.
func goalOf(l *report.Load, load *serving.Load, objectives []serving.Objective) (estimator.Goal, error) {
	switch l.Plan {
	case "", "auto", "given":
	default:
		return "", problem.Wrong(problem.BadValue, fmt.Sprintf("unknown plan %.40q", l.Plan), "--plan", "use auto or given")
	}
	switch goal := estimator.Goal(l.Goal); goal {
	case estimator.ForLatency, estimator.ForThroughput, estimator.ForObjectives, estimator.ForCost:
		return goal, nil
	case "":
	default:
		return "", problem.Wrong(problem.BadValue, fmt.Sprintf("unknown goal %.40q", l.Goal), "--goal", "use latency, throughput, objectives or cost")
	}
	switch {
	case len(objectives) > 0:
		return estimator.ForObjectives, nil
	case load != nil:
		return estimator.ForThroughput, nil
	}
	return estimator.ForLatency, nil
}

// chosen says which plan was taken.
func chosen(best *estimator.Plan, goal estimator.Goal, devices int) string {
	text := fmt.Sprintf("plan not given: %s chosen for %s", best.String(), goal)
	if best.Devices < devices {
		text += fmt.Sprintf("; it uses %d of %d devices", best.Devices, devices)
	}
	return text
}

// priced says what costs are counted in.
func priced(perHour float64, goal estimator.Goal) []string {
	switch {
	case perHour > 0:
		return []string{fmt.Sprintf("the price of %.6g USD per hour is the whole machine's, the same for each device; a plan pays for the devices that it uses (the costs of an hour are those of the whole machine)", perHour)}
	case goal == estimator.ForCost:
		return []string{"no price given: cost is counted in device-hours (--price-per-hour turns it into money)"}
	}
	return nil
}
