package cli

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/profiles"
)

// experts is a bare size of a mixture of experts: 671B-A37B.
var experts = regexp.MustCompile(`(?i)^([0-9.]+ ?[kmbt])[- ]a([0-9.]+ ?[kmbt])$`)

// scalingModel reads a size, and what it is trained on where that is known or
// written behind an @: 70B, 70B@1.4T, 671B-A37B, a published model, a model of
// the catalogue, or a file. where names the flag in errors.
func (a *app) scalingModel(text, where string) (*report.ScalingModel, error) {
	name, tokens := strings.TrimSpace(text), 0.0
	if i := strings.LastIndexByte(name, '@'); i >= 0 {
		var err error
		if tokens, err = units.ParseAmount(name[i+1:], false); err != nil {
			return nil, badAmount(err, where)
		}
		name = strings.TrimSpace(name[:i])
	}
	m, err := a.modelSize(name)
	if err != nil {
		return nil, err
	}
	if tokens > 0 {
		m.Tokens = tokens
	}
	return m, nil
}

func (a *app) modelSize(name string) (*report.ScalingModel, error) {
	if v, err := units.ParseAmount(name, false); err == nil {
		return &report.ScalingModel{Name: units.Amount(v), Params: v, ActiveParams: v}, nil
	}
	if part := experts.FindStringSubmatch(name); part != nil {
		total, err := units.ParseAmount(part[1], false)
		active, err2 := units.ParseAmount(part[2], false)
		if err != nil || err2 != nil || active > total {
			return nil, problem.Wrong(problem.BadValue, fmt.Sprintf("%.60q is no size of a mixture of experts", name), "", "write all and active parameters as 671B-A37B")
		}
		return &report.ScalingModel{Name: units.Amount(total) + "-A" + units.Amount(active), Params: total, ActiveParams: active}, nil
	}
	if p, ok := profiles.FindTrainedModel(name); ok {
		return &report.ScalingModel{Name: p.Name, Params: p.Params, ActiveParams: p.ActiveParams, Tokens: p.Tokens, Source: p.Source}, nil
	}
	m, err := a.model(name)
	if err != nil {
		return nil, err
	}
	total, active, rest := profiles.Parameters(m)
	if active <= 0 {
		return nil, problem.Wrong(problem.NotEstimable, "the parameters of "+problem.OneLine(name)+" are not known", "", "give their number, as 70B")
	}
	out := &report.ScalingModel{Name: m.Arch.Name, Params: float64(total), ActiveParams: float64(active), Source: "tensor inventory"}
	if out.Name == "" {
		out.Name = name
	}
	out.Name = problem.OneLine(out.Name) // a file may say anything
	if total == active {
		out.NonEmbedding = float64(rest)
	}
	return out, nil
}
