package report

import "github.com/plimsoll/plimsoll/estimator"

// DiffSchema is the id of the document of plimsoll diff.
const DiffSchema = "urn:plimsoll:diff"

// Diff is the document of plimsoll diff: what changed from a saved result to
// another, or to the same questions answered again.
type Diff struct {
	Schema        string              `json:"schema" jsonschema:"const=urn:plimsoll:diff"`
	SchemaVersion int                 `json:"schema_version" jsonschema:"const=1"`
	ToolVersion   string              `json:"tool_version"`
	DataVersion   string              `json:"data_version"`
	Inputs        DiffInputs          `json:"inputs"`
	Result        DiffResult          `json:"result"`
	Assumptions   []string            `json:"assumptions"`
	Warnings      []estimator.Warning `json:"warnings"`
}

// DiffInputs are what was compared, and how.
type DiffInputs struct {
	Kind string   `json:"kind"` // schema of both documents
	Base DiffSide `json:"base"`
	New  DiffSide `json:"new"`
	// Rerun says that the new side is the base's inputs, estimated again.
	Rerun bool `json:"rerun"`
	// Threshold is the share by which a figure must change to be listed: 0.01 is 1%.
	Threshold float64 `json:"threshold"`
	FailOn    string  `json:"fail_on" jsonschema:"enum=never,enum=worse,enum=any"`
}

// DiffSide is one of the two documents.
type DiffSide struct {
	File        string `json:"file,omitempty"`
	ToolVersion string `json:"tool_version"`
	DataVersion string `json:"data_version"`
}

// DiffResult says what changed. Cases that did not are only counted.
type DiffResult struct {
	Counts DiffCounts    `json:"counts"`
	Inputs []FieldChange `json:"inputs"` // those that are of no single case
	Cases  []CaseDiff    `json:"cases"`  // the gravest first
	// Cost is that of all cases together, where they are parts of one plan and
	// their costs are known on both sides.
	Cost *CostChange `json:"cost,omitempty"`
}

// DiffCounts count cases. One may be both worse and better.
type DiffCounts struct {
	Base    int `json:"base"`
	New     int `json:"new"`
	Added   int `json:"added"`
	Removed int `json:"removed"`
	Changed int `json:"changed"`
	Same    int `json:"same"`
	Worse   int `json:"worse"`
	Better  int `json:"better"`
}

// Change says what became of a case.
type Change string

// Changes.
const (
	Added   Change = "added"
	Removed Change = "removed"
	Changed Change = "changed"
)

// CaseDiff is a case that is not what it was.
type CaseDiff struct {
	Group  string `json:"group"`
	Name   string `json:"name"`
	Was    string `json:"was,omitempty"` // its name in the base, where that differs
	Change Change `json:"change" jsonschema:"enum=added,enum=removed,enum=changed"`
	// Worse and Better say that an outcome, a verdict or a requirement is, or a
	// figure beyond the intervals of both estimates.
	Worse  bool `json:"worse"`
	Better bool `json:"better"`
	// Outcomes and messages; those of the base are empty for a case that was
	// added, the new ones for one that was removed.
	OldOutcome Outcome           `json:"old_outcome,omitempty"`
	NewOutcome Outcome           `json:"new_outcome,omitempty"`
	OldVerdict estimator.Verdict `json:"old_verdict,omitempty"`
	NewVerdict estimator.Verdict `json:"new_verdict,omitempty"`
	OldMessage string            `json:"old_message,omitempty"`
	NewMessage string            `json:"new_message,omitempty"`

	Requirements []RequirementChange `json:"requirements"`
	Figures      []FigureChange      `json:"figures"`
	// Below counts the figures that changed by less than the threshold.
	Below  int           `json:"figures_below_threshold"`
	Inputs []FieldChange `json:"inputs"`
	Cost   *CostChange   `json:"cost,omitempty"`
}

// RequirementChange is a requirement that came out otherwise, was added or was
// removed; the side without it is empty.
type RequirementChange struct {
	Text string  `json:"text"`
	Old  Outcome `json:"old,omitempty"`
	New  Outcome `json:"new,omitempty"`
}

// Certainty says how a figure's change compares with the intervals.
type Certainty string

// Certainties.
const (
	// Clear: the two intervals do not meet.
	Clear Certainty = "clear"
	// Likely: they meet, and a central value lies outside the other's interval.
	Likely Certainty = "likely"
	// Noise: each central value lies within the other's interval. Where only
	// inputs differ the change of the estimate is real, but a measurement may
	// not show it.
	Noise Certainty = "within_intervals"
)

// FigureChange is a figure that changed; the side that does not have it is null.
type FigureChange struct {
	Name string            `json:"name"`
	Old  *estimator.Figure `json:"old"`
	New  *estimator.Figure `json:"new"`
	// Relative is new over old, less 1; null where there is no such number.
	Relative *float64 `json:"relative"`
	// Direction is better, worse, or neither.
	Direction string    `json:"direction" jsonschema:"enum=better,enum=worse,enum=neither"`
	Certainty Certainty `json:"certainty,omitempty" jsonschema:"enum=clear,enum=likely,enum=within_intervals"`
}

// FieldChange is an input that changed; null where it was not given.
type FieldChange struct {
	Field string `json:"field"`
	Old   any    `json:"old"`
	New   any    `json:"new"`
}

// CostChange is what a month of 730 hours costs, in USD.
type CostChange struct {
	Old    float64 `json:"old_usd_per_month"`
	New    float64 `json:"new_usd_per_month"`
	Change float64 `json:"change_usd_per_month"`
}

var _ Cased = (*Diff)(nil)

// Title names the document.
func (d *Diff) Title() string { return "plimsoll diff" }

// Cases judges the changes: what became worse fails, what likely did is unsure.
// With fail_on any, every change fails.
func (d *Diff) Cases() []Case {
	out := make([]Case, 0, len(d.Result.Cases)+1)
	for i := range d.Result.Cases {
		c := &d.Result.Cases[i]
		one := Case{Group: c.Group, Name: c.Name, Outcome: Pass, Rule: Worsened, Message: c.Words()}
		likely := false
		for k := range c.Figures {
			f := &c.Figures[k]
			one.Detail = append(one.Detail, f.Words())
			likely = likely || f.Direction == "worse" && f.Certainty == Likely
			if f.New != nil {
				one.Figures = append(one.Figures, NamedFigure{f.Name, f.New})
			}
		}
		switch {
		case c.Worse || d.Inputs.FailOn == "any":
			one.Outcome = Fail
		case likely:
			one.Outcome = Unsure
		}
		for k := range c.Inputs {
			one.Detail = append(one.Detail, c.Inputs[k].Words())
		}
		out = append(out, one)
	}
	if n := len(d.Result.Inputs); n > 0 {
		one := Case{Group: d.Title(), Name: "inputs", Outcome: Pass, Rule: Worsened, Message: "inputs changed"}
		if d.Inputs.FailOn == "any" {
			one.Outcome = Fail
		}
		for k := range d.Result.Inputs {
			one.Detail = append(one.Detail, d.Result.Inputs[k].Words())
		}
		out = append(out, one)
	}
	return unique(out)
}

// Changed says whether anything did.
func (d *Diff) Changed() bool { return len(d.Result.Cases) > 0 || len(d.Result.Inputs) > 0 }
