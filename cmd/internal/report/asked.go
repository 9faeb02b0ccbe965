package report

import (
	"github.com/plimsoll/plimsoll/cmd/internal/money"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
)

// Asked is a document that tells what was asked of each of its cases, and what
// of all of them. Other documents are asked what their JSON calls inputs.
type Asked interface {
	Cased
	// AskedOf is what JSON of the i-th of Cases is made of.
	AskedOf(i int) any
	// AskedOfAll is that of the document beside its cases; nil: nothing.
	AskedOfAll() any
}

var (
	_ Asked = (*Check)(nil)
	_ Asked = (*Compare)(nil)
	_ Asked = (*Sweep)(nil)
)

// AskedOf is the scenario with its load, prices and requirements.
func (c *Check) AskedOf(int) any {
	return struct {
		scenario.Scenario
		Load   *Load          `json:"load,omitempty"`
		Prices *money.Options `json:"prices,omitempty"`
	}{c.Inputs, c.Load, c.Prices}
}

// AskedOfAll is nothing: a check is one case.
func (c *Check) AskedOfAll() any { return nil }

// AskedOf is the row's scenario.
func (c *Compare) AskedOf(i int) any {
	if i < len(c.Inputs.Scenarios) {
		return c.Inputs.Scenarios[i]
	}
	return nil
}

// AskedOfAll is what was asked beside the scenarios. The order of the rows and
// their gates are no inputs of the figures.
func (c *Compare) AskedOfAll() any {
	in := c.Inputs
	in.Scenarios, in.Require, in.Sort, in.Baseline, in.Roofline = nil, nil, "", "", false
	return in
}

// AskedOf is what a sweep's line tells of its scenario.
func (s *Sweep) AskedOf(i int) any {
	l := s.Lines[i].Estimate
	if l == nil {
		return nil
	}
	return struct {
		Model   string `json:"model,omitempty"`
		Quant   string `json:"quant,omitempty"`
		On      string `json:"on,omitempty"`
		Engine  string `json:"engine,omitempty"`
		Backend string `json:"backend,omitempty"`
		Context int    `json:"context,omitempty"`
	}{l.Model, l.Quant, l.On, l.Engine, l.Backend, l.Context}
}

// AskedOfAll is nothing: each line has its own.
func (s *Sweep) AskedOfAll() any { return nil }
