package cli

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/serving"
)

// addLoadFlags adds the flags that say what users send.
func addLoadFlags(fs *pflag.FlagSet, l *report.Load) {
	fs.StringVar(&l.Rate, "rate", "", "requests that arrive, as 20/s or 300/min; inf: all at once")
	fs.IntVar(&l.Concurrency, "concurrency", 0, "users of a closed loop: each sends its next request when the last is answered")
	fs.Float64Var(&l.Burst, "burst", 0, "coefficient of variation of the times between arrivals (1 = Poisson)")
	fs.StringVar(&l.InputLengths, "input-lengths", "", "lengths of prompts: 512, 256..1024 or lognormal(512,0.8) (default --input-tokens)")
	fs.StringVar(&l.OutputLengths, "output-lengths", "", "lengths of answers, likewise (default --output-tokens)")
	fs.StringVar(&l.Trace, "trace", "", "requests with times and lengths from a CSV or JSONL file")
	fs.Float64Var(&l.PrefixHit, "prefix-hit", 0, "share of prompt tokens found in the prefix cache, 0 to 1")
	fs.StringVar(&l.Speculate, "speculate", "", "drafted tokens and the chance that one is accepted, as 3:0.7")
	fs.StringArrayVar(&l.Objectives, "slo", nil, "service-level objective such as 'ttft_p95<=800ms' (repeatable)")
	fs.IntVar(&l.Requests, "requests", 0, "requests to simulate (default: enough)")
	fs.Uint64Var(&l.Seed, "seed", 1, "seed of the simulation")
	fs.StringVar(&l.Pools, "disaggregate", "", "groups (--dp) for prompts and for answers, as 2:6")
	fs.StringVar(&l.Plan, "plan", "", "how the devices share the model: auto searches tp, pp, dp and ep (default auto for several nodes)")
	fs.StringVar(&l.Goal, "goal", "", "what auto is for: latency, throughput, objectives, or cost, which may leave devices unused (a goal implies auto)")
}

// maxTrace bounds a trace file.
const maxTrace = 1 << 30

// loadOf turns what was asked into a load, or nil where none was.
func loadOf(l *report.Load, s *scenario.Scenario) (*serving.Load, []serving.Objective, error) {
	wrong := func(flag string, err error) error {
		return problem.Wrong(problem.BadValue, err.Error(), "--"+flag, "see plimsoll check --help")
	}
	out := &serving.Load{Concurrency: l.Concurrency, Burst: l.Burst, PrefixHit: l.PrefixHit, Requests: l.Requests, Seed: l.Seed,
		Input: serving.Fixed(max(s.InputTokens, 1)), Output: serving.Fixed(max(s.OutputTokens, 1))}
	var err error
	if l.InputLengths != "" {
		if out.Input, err = serving.ParseLengths(l.InputLengths); err != nil {
			return nil, nil, wrong("input-lengths", err)
		}
	}
	if l.OutputLengths != "" {
		if out.Output, err = serving.ParseLengths(l.OutputLengths); err != nil {
			return nil, nil, wrong("output-lengths", err)
		}
	}
	if l.Rate != "" {
		if out.Rate, err = serving.ParseRate(l.Rate); err != nil {
			return nil, nil, wrong("rate", err)
		}
	}
	if l.Speculate != "" {
		if out.TokensPerStep, err = parseSpeculation(l.Speculate); err != nil {
			return nil, nil, wrong("speculate", err)
		}
	}
	if l.Trace != "" {
		if out.Trace, err = readTrace(l.Trace); err != nil {
			return nil, nil, err
		}
	}
	var objectives []serving.Objective
	for _, text := range l.Objectives {
		o, err := serving.ParseObjective(text)
		if err != nil {
			return nil, nil, wrong("slo", err)
		}
		objectives = append(objectives, o)
	}
	if out.Rate == 0 && out.Concurrency == 0 && out.Trace == nil {
		if len(objectives) == 0 {
			return nil, nil, nil
		}
		// Asked is how much it carries: one sequence at a time shows its best.
		out.Concurrency = 1
	}
	if err := out.Validate(); err != nil {
		return nil, nil, wrong(flagOf(err.Error()), err)
	}
	return out, objectives, nil
}

// flagOf names the flag that a complaint about a load is of.
func flagOf(complaint string) string {
	for _, f := range [][2]string{{"Concurrency is", "concurrency"}, {"PrefixHit is", "prefix-hit"}, {"TokensPerStep is", "speculate"}, {"Burst is", "burst"},
		{"Requests is", "requests"}, {"load: input", "input-lengths"}, {"load: output", "output-lengths"}, {"trace", "trace"}} {
		if strings.Contains(complaint, f[0]) {
			return f[1]
		}
	}
	return "rate"
}

func parseSpeculation(text string) (float64, error) {
	k, a, ok := strings.Cut(text, ":")
	n, err := strconv.Atoi(strings.TrimSpace(k))
	p, err2 := strconv.ParseFloat(strings.TrimSpace(a), 64)
	if !ok || err != nil || err2 != nil || n < 1 || n > 64 || !(p >= 0 && p <= 1) {
		return 0, fmt.Errorf("speculate %.40q: want drafted tokens (1 to 64) and the chance that one is accepted (0 to 1), as in 3:0.7", text)
	}
	return serving.Speculate(n, p), nil
}

func readTrace(path string) ([]serving.Arrival, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, problem.Wrong(problem.BadFile, "cannot read the trace", fmt.Sprintf("--trace %.200s", path), "give a CSV or JSONL file with times and lengths")
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.Size() > maxTrace {
		return nil, problem.Wrong(problem.BadFile, "the trace is larger than 1 GiB", fmt.Sprintf("--trace %.200s", path), "cut it")
	}
	trace, err := serving.ReadTrace(f)
	if err != nil {
		return nil, problem.Wrong(problem.BadFile, err.Error(), fmt.Sprintf("--trace %.200s", path), "")
	}
	return trace, nil
}

// serve adds what users see under the load; where that cannot be said, why.
func serve(doc *report.Check, req *estimator.Request, e *estimator.Result, load *serving.Load, objectives []serving.Objective) error {
	var pools estimator.Pools
	if text := doc.Load.Pools; text != "" {
		p, d, ok := strings.Cut(text, ":")
		var err, err2 error
		pools.Prefill, err = strconv.Atoi(strings.TrimSpace(p))
		pools.Decode, err2 = strconv.Atoi(strings.TrimSpace(d))
		if !ok || err != nil || err2 != nil {
			return problem.Wrong(problem.BadValue, fmt.Sprintf("disaggregate %.40q: want groups for prompts and for answers, as in 2:6", text), "--disaggregate", "")
		}
		if groups := max(e.Settings.DP, 1); pools.Prefill < 1 || pools.Decode < 1 || pools.Prefill+pools.Decode != groups {
			return problem.Wrong(problem.Contradiction, fmt.Sprintf("disaggregate %s asks for %d groups, and dp is %d", text, pools.Prefill+pools.Decode, groups), "--disaggregate", "give --dp their sum")
		}
	}
	u, err := estimator.Serve(req, e, load, objectives, pools)
	if err != nil {
		doc.Unavailable = append(doc.Unavailable, estimator.Unavailable{Figure: "under_load", Reason: err.Error()})
		return nil
	}
	doc.Serve(u)
	return nil
}
