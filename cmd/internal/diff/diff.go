package diff

import (
	"encoding/json"
	"slices"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator"
)

// Side is a document with its name and head.
type Side struct {
	File string
	Doc  report.Cased
	Head report.Head
}

// Options say how documents are compared.
type Options struct {
	Threshold float64 // share of a figure's value below which its change is not listed
	FailOn    string
	Rerun     bool
	Versions  report.Versions // of the tool that compares
}

// Documents compares two documents of a kind.
func Documents(base, next Side, o Options) *report.Diff {
	d := &report.Diff{Schema: report.DiffSchema, SchemaVersion: report.SchemaVersion, ToolVersion: o.Versions.Tool, DataVersion: o.Versions.Data,
		Inputs: report.DiffInputs{Kind: base.Head.Schema, Base: sideOf(base), New: sideOf(next), Rerun: o.Rerun, Threshold: o.Threshold, FailOn: o.FailOn},
		Result: report.DiffResult{Inputs: []report.FieldChange{}, Cases: []report.CaseDiff{}}, Assumptions: []string{}, Warnings: []estimator.Warning{}}
	a, b := casesOf(base.Doc), casesOf(next.Doc)
	d.Result.Counts.Base, d.Result.Counts.New = len(a), len(b)
	d.Result.Inputs = fields(whole(base.Doc), whole(next.Doc))
	pairs := match(a, b)
	for _, p := range pairs {
		c, changed := compare(p, o.Threshold)
		if !changed {
			d.Result.Counts.Same++
			continue
		}
		count(&d.Result.Counts, &c)
		d.Result.Cases = append(d.Result.Cases, c)
	}
	slices.SortStableFunc(d.Result.Cases, func(x, y report.CaseDiff) int { return gravity(&x) - gravity(&y) })
	d.Result.Cost = together(base.Doc, next.Doc)
	warn(d)
	return d
}

func sideOf(s Side) report.DiffSide {
	return report.DiffSide{File: s.File, ToolVersion: s.Head.ToolVersion, DataVersion: s.Head.DataVersion}
}

func count(n *report.DiffCounts, c *report.CaseDiff) {
	switch c.Change {
	case report.Added:
		n.Added++
	case report.Removed:
		n.Removed++
	default:
		n.Changed++
	}
	if c.Worse {
		n.Worse++
	}
	if c.Better {
		n.Better++
	}
}

// gravity orders cases: verdicts and requirements first, then those that came
// or went, then figures that clearly changed, then the others; the worse first.
func gravity(c *report.CaseDiff) int {
	g := 10
	switch {
	case c.Change != report.Changed:
		g = 2
	case c.OldVerdict != c.NewVerdict || c.OldOutcome != c.NewOutcome || len(c.Requirements) > 0:
		g = 0
	case c.Worse || c.Better:
		g = 4
	}
	if !c.Worse {
		g++
	}
	return g
}

// warn says what makes the two sides less alike than they look.
func warn(d *report.Diff) {
	base, next := d.Inputs.Base, d.Inputs.New
	if base.DataVersion != next.DataVersion {
		d.Warnings = append(d.Warnings, estimator.Warning{Code: "data_version", Message: "the data changed from version " + known(base.DataVersion) + " to " + known(next.DataVersion) + ": figures may differ for that alone"})
	}
	if base.ToolVersion != next.ToolVersion {
		d.Warnings = append(d.Warnings, estimator.Warning{Code: "tool_version", Message: "plimsoll changed from version " + known(base.ToolVersion) + " to " + known(next.ToolVersion) + ": figures may differ for that alone"})
	}
}

func known(version string) string {
	if version == "" {
		return "(not known)"
	}
	return version
}

// asked is a case with what was asked of it.
type asked struct {
	report.Case
	inputs map[string]any // flattened
	key    string         // its inputs as text; empty: not known
}

func casesOf(doc report.Cased) []asked {
	cases := doc.Cases()
	out := make([]asked, len(cases))
	tells, ok := doc.(report.Asked)
	for i := range cases {
		out[i].Case = cases[i]
		if ok {
			out[i].inputs = flatten(tells.AskedOf(i))
		}
		if len(out[i].inputs) > 0 {
			if text, err := json.Marshal(out[i].inputs); err == nil {
				out[i].key = string(text)
			}
		}
	}
	return out
}

// whole is what was asked of the document beside its cases.
func whole(doc report.Cased) map[string]any {
	if tells, ok := doc.(report.Asked); ok {
		return flatten(tells.AskedOfAll())
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return nil
	}
	var parts struct {
		Inputs any `json:"inputs"`
	}
	if json.Unmarshal(text, &parts) != nil {
		return nil
	}
	return flatten(parts.Inputs)
}

// pair is a case of both sides; one that came or went has one side only.
type pair struct{ old, new *asked }

// match pairs cases by group and name, then those left by what was asked of
// them, and at last the only ones of both sides: there the name tells what
// changed. New cases come in their order after those of the base.
func match(a, b []asked) []pair {
	type id struct{ group, name string }
	byID, byKey := map[id]*asked{}, map[string][]*asked{}
	for i := range b {
		byID[id{b[i].Group, b[i].Name}] = &b[i]
	}
	taken := map[*asked]bool{}
	partner := make([]*asked, len(a))
	for i := range a {
		if p := byID[id{a[i].Group, a[i].Name}]; p != nil && !taken[p] {
			partner[i], taken[p] = p, true
		}
	}
	for i := range b {
		if !taken[&b[i]] && b[i].key != "" {
			byKey[b[i].key] = append(byKey[b[i].key], &b[i])
		}
	}
	for i := range a {
		if same := byKey[a[i].key]; partner[i] == nil && len(same) > 0 && a[i].key != "" {
			partner[i], byKey[a[i].key] = same[0], same[1:]
			taken[same[0]] = true
		}
	}
	if len(a) == 1 && len(b) == 1 && partner[0] == nil {
		partner[0], taken[&b[0]] = &b[0], true
	}
	out := make([]pair, 0, len(a))
	for i := range a {
		out = append(out, pair{&a[i], partner[i]})
	}
	for i := range b {
		if !taken[&b[i]] {
			out = append(out, pair{nil, &b[i]})
		}
	}
	return out
}
