package cli

import (
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
)

// ofPipeline refuses what is asked of language models only.
func (o *checkOptions) ofPipeline(p *scenario.Prepared) error {
	m := p.Request.Pipeline.Model
	wrong := func(flag, what string) error {
		return problem.Wrong(problem.Contradiction, what+", and "+m.ID+" is "+scenario.ClassWords(m.Class), "--"+flag, "leave it out")
	}
	if flag := loadFlag(&o.load); flag != "" {
		return wrong(flag, "a load is of language models")
	}
	switch {
	case o.changes:
		return wrong("sensitivity", "what changes would buy is told of language models")
	case o.command.emit != "":
		return wrong("emit", "deployments are written of language models")
	}
	return nil
}

// loadFlag names a flag of a load that was given; "" where none was.
func loadFlag(l *report.Load) string {
	for _, f := range []struct {
		flag  string
		given bool
	}{
		{"rate", l.Rate != ""}, {"concurrency", l.Concurrency != 0}, {"burst", l.Burst != 0}, {"input-lengths", l.InputLengths != ""},
		{"output-lengths", l.OutputLengths != ""}, {"trace", l.Trace != ""}, {"prefix-hit", l.PrefixHit != 0}, {"speculate", l.Speculate != ""},
		{"slo", len(l.Objectives) > 0}, {"requests", l.Requests != 0}, {"disaggregate", l.Pools != ""}, {"plan", l.Plan != ""}, {"goal", l.Goal != ""},
	} {
		if f.given {
			return f.flag
		}
	}
	return ""
}
