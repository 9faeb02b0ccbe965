package report

import (
	"maps"
	"slices"

	"github.com/plimsoll/plimsoll/estimator"
)

// CaseSchema is the id of the lines of --output jsonl.
const CaseSchema = "urn:plimsoll:case"

// CaseLine is one case as a line of JSON, alike for all documents.
type CaseLine struct {
	Schema        string            `json:"schema" jsonschema:"const=urn:plimsoll:case"`
	SchemaVersion int               `json:"schema_version" jsonschema:"const=1"`
	ToolVersion   string            `json:"tool_version,omitempty"`
	DataVersion   string            `json:"data_version,omitempty"`
	Group         string            `json:"group"`
	Name          string            `json:"name"`
	Outcome       Outcome           `json:"outcome" jsonschema:"enum=pass,enum=fail,enum=unsure,enum=error"`
	Verdict       estimator.Verdict `json:"verdict,omitempty" jsonschema:"enum=fits,enum=tight,enum=fits_with_offload,enum=does_not_fit"`
	Rule          Rule              `json:"rule,omitempty"` // of what is wrong beside verdict and requirements
	Message       string            `json:"message"`
	Detail        []string          `json:"detail,omitempty"`
	Labels        map[string]string `json:"labels,omitempty"`
	// Figures by their names; those that are not known are left out.
	Figures      map[string]estimator.Figure `json:"figures"`
	FigureOrder  []string                    `json:"figure_order"`
	Requirements []Requirement               `json:"requirements"`
	File         string                      `json:"file,omitempty"`
	Line         int                         `json:"line,omitempty"`
}

// NewCaseLine makes the line of a case.
func NewCaseLine(c *Case, h Head) CaseLine {
	l := CaseLine{Schema: CaseSchema, SchemaVersion: SchemaVersion, ToolVersion: h.ToolVersion, DataVersion: h.DataVersion,
		Group: c.Group, Name: c.Name, Outcome: c.Outcome, Verdict: c.Verdict, Rule: c.Rule, Message: c.Message, Detail: c.Detail,
		Figures: map[string]estimator.Figure{}, FigureOrder: []string{}, Requirements: orEmpty(c.Requirements), File: c.File, Line: c.Line}
	for _, f := range c.Figures {
		if f.Figure != nil && finite(f.Figure) {
			l.Figures[f.Name] = *f.Figure
			l.FigureOrder = append(l.FigureOrder, f.Name)
		}
	}
	for i, label := range c.Labels {
		if i == 0 {
			l.Labels = map[string]string{}
		}
		l.Labels[label.Name] = label.Value
	}
	return l
}

// Case is the case that the line tells of.
func (l *CaseLine) Case() Case {
	c := Case{Group: l.Group, Name: l.Name, Outcome: l.Outcome, Verdict: l.Verdict, Rule: l.Rule, Message: l.Message, Detail: l.Detail,
		Requirements: l.Requirements, File: l.File, Line: l.Line}
	for _, name := range l.FigureOrder {
		if f, ok := l.Figures[name]; ok {
			c.Figures = append(c.Figures, NamedFigure{name, &f})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.Labels)) {
		c.Labels = append(c.Labels, Label{name, l.Labels[name]})
	}
	return c
}
