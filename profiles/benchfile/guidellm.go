package benchfile

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"
)

// guideSummary is a distribution of successful requests.
type guideSummary struct {
	Successful struct {
		Mean   scalar `json:"mean"`
		Median scalar `json:"median"`
	} `json:"successful"`
}

func (g *guideSummary) mean() float64   { return g.Successful.Mean.number() }
func (g *guideSummary) middle() float64 { return either(g.Successful.Median, g.Successful.Mean) }

type guideStrategy struct {
	Type        scalar `json:"type_"`
	Streams     scalar `json:"streams"`
	Concurrency scalar `json:"max_concurrency"`
	Rate        scalar `json:"rate"`
}

type guideTotals struct {
	Successful scalar `json:"successful"`
	Errored    scalar `json:"errored"`
	Incomplete scalar `json:"incomplete"`
}

// guideModel is where the versions keep the model's name.
type guideModel struct {
	Model   scalar `json:"model"`
	Backend scalar `json:"backend_model"`
}

func (m *guideModel) name() string { return string(firstOfAll(m.Model, m.Backend)) }

// guideBenchmark is one load. Until 0.2 its settings are in args and worker,
// since 0.3 in config.
type guideBenchmark struct {
	Args struct {
		Strategy guideStrategy `json:"strategy"`
	} `json:"args"`
	Config struct {
		Strategy guideStrategy `json:"strategy"`
		Backend  guideModel    `json:"backend"`
	} `json:"config"`
	// between, some versions named it so
	Scheduler struct {
		Strategy guideStrategy `json:"strategy"`
	} `json:"scheduler"`
	Clock struct {
		Start scalar `json:"measure_start_time"`
	} `json:"scheduler_metrics"`
	Worker  guideModel  `json:"worker"`
	Start   scalar      `json:"start_time"`
	Totals  guideTotals `json:"request_totals"`
	Metrics struct {
		Totals      guideTotals  `json:"request_totals"`
		Concurrency guideSummary `json:"request_concurrency"`
		Prompt      guideSummary `json:"prompt_token_count"`
		Output      guideSummary `json:"output_token_count"`
		TTFT        guideSummary `json:"time_to_first_token_ms"`
		ITL         guideSummary `json:"inter_token_latency_ms"`
		OutputTokS  guideSummary `json:"output_tokens_per_second"`
	} `json:"metrics"`
}

// guidellm reads the report of GuideLLM, of any version.
func (r *reader) guidellm(line int, raw json.RawMessage) {
	var v struct {
		Args       guideModel       `json:"args"`
		Config     guideConfig      `json:"config"`
		Benchmarks []guideBenchmark `json:"benchmarks"`
	}
	if decode(raw, &v) != nil {
		return
	}
	// other tools have lists of that name
	known := false
	for i := range v.Benchmarks {
		known = known || v.Benchmarks[i].Metrics.Prompt.mean() > 0 || v.Benchmarks[i].strategy().Type != ""
	}
	if !known {
		r.skip(line, "", "a list of benchmarks without GuideLLM's strategies and metrics")
		return
	}
	r.tools[GuideLLM] = true
	model := string(firstOfAll(scalar(v.Args.name()), v.Config.name()))
	for i := range v.Benchmarks {
		if r.full {
			return
		}
		r.guideBenchmark(line, i, &v.Benchmarks[i], model)
	}
}

// guideConfig is the whole run's; its backend is a name or a mapping.
type guideConfig struct {
	guideModel
	Nested guideModel
}

// UnmarshalJSON tolerates both forms of backend.
func (c *guideConfig) UnmarshalJSON(b []byte) error {
	var nested struct {
		Backend guideModel `json:"backend"`
	}
	if err := decode(b, &nested); err != nil {
		return err
	}
	c.Nested = nested.Backend
	return decode(b, &c.guideModel)
}

func (c *guideConfig) name() scalar {
	return firstOfAll(scalar(c.guideModel.name()), scalar(c.Nested.name()))
}

func (b *guideBenchmark) strategy() *guideStrategy {
	for _, s := range []*guideStrategy{&b.Config.Strategy, &b.Args.Strategy, &b.Scheduler.Strategy} {
		if s.Type != "" {
			return s
		}
	}
	return &b.Config.Strategy
}

func (r *reader) guideBenchmark(line, index int, b *guideBenchmark, model string) {
	m := &b.Metrics
	row := r.newRow()
	row.Model = string(firstOfAll(scalar(b.Config.Backend.name()), scalar(b.Worker.name()), scalar(model)))
	row.Weights, _ = weightsInName(row.Model)
	if at := firstOfAll(b.Start, b.Clock.Start).number(); at > 0 && at < 1<<33 {
		row.Date = monthOf(time.Unix(int64(at), 0).UTC())
	}
	totals := &m.Totals
	if totals.Successful == "" {
		totals = &b.Totals
	}
	// time_per_output_token_ms counts the first token in, so it is no TPOT
	s := serving{line: line, tool: GuideLLM, completed: totals.Successful.count(), failed: max(totals.Errored.count(), 0),
		input: m.Prompt.mean(), output: m.Output.mean(), outputTokS: m.OutputTokS.mean(), ttftMS: m.TTFT.middle(), tpotMS: m.ITL.middle()}
	if totals.Successful == "" && s.input > 0 {
		s.completed = 1 // not stated, yet there are figures
	}
	if n := totals.Incomplete.count(); n > 0 && n*10 > s.completed {
		s.outputReason = fmt.Sprintf("%d requests were cut off at the end and their tokens are not counted; run longer", n)
	}
	strategy := b.strategy()
	s.what = fmt.Sprintf("benchmark %d (%s)", index+1, clean(string(strategy.Type)))
	guideLoad(&s, strategy, m.Concurrency.mean())
	r.servingRows(&s, row)
}

// guideLoad settles how many requests were in flight.
func guideLoad(s *serving, strategy *guideStrategy, mean float64) {
	switch kind := strings.ToLower(string(strategy.Type)); kind {
	case "synchronous":
		s.batch = 1
	case "concurrent":
		if s.batch = strategy.Streams.count(); s.batch <= 0 {
			s.batch = strategy.Concurrency.count()
		}
		s.batchReason = "the number of streams is not stated"
	case "throughput":
		// the client's own count; a server may queue beyond its limit
		if n := math.Round(mean); n >= 1 && n <= allAtOnce {
			s.batch, s.ramp = int(n), n > 1
		}
		s.batchReason = "more requests were sent than a server takes at once, so how many were in flight is not known; use the profile concurrent"
	case "":
		s.batchReason = "the strategy is not stated"
	default:
		s.batchReason = "requests came at a set rate, so how many were in flight is not known; use the profile concurrent"
	}
}
