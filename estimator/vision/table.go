package vision

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/plimsoll/plimsoll/estimator/model"
)

// Table is all rules, and what is assumed of encoders in general.
type Table struct {
	Rules []Rule `json:"rules"`
	// SpreadSD is by how much the time of an encoder is less sure than that of a
	// prompt, as a standard deviation of its logarithm; Spread the reason.
	SpreadSD float64 `json:"spread_sd"`
	Spread   string  `json:"spread_reason"`
	// PeakSpread is the interval of an encoder's activations relative to their
	// central value: low and high.
	PeakSpread [2]float64 `json:"peak_spread"`
	Source     string     `json:"source"`
}

// Parse reads a table.
func Parse(data []byte) (*Table, error) {
	t := new(Table)
	if err := json.Unmarshal(data, t); err != nil {
		return nil, fmt.Errorf("vision rules: %w", err)
	}
	for i := range t.Rules {
		if r := &t.Rules[i]; r.Kind != "" && (r.Patch < 1 || r.Kind != Grid && r.Kind != Padded && r.Kind != Rows && r.Kind != Budget && r.Side < r.Patch) {
			return nil, fmt.Errorf("vision rules: %s: patch or side is missing", r.ID)
		}
		if a := t.Rules[i].Audio; a != nil && a.Tokens == 0 && !(a.FrameMs > 0) {
			return nil, fmt.Errorf("vision rules: %s: the hop between frames of sound is missing", t.Rules[i].ID)
		}
	}
	return t, nil
}

// Named returns the rule with an id, nil where there is none.
func (t *Table) Named(id string) *Rule {
	for i := range t.Rules {
		if t.Rules[i].ID == id {
			return &t.Rules[i]
		}
	}
	return nil
}

// Find returns the rule of a model, nil where it takes only text as far as is
// known. A projector's own file goes before what the model's name says, unless
// its kind fits that, or no rule is known of it.
func (t *Table) Find(a *model.Architecture) *Rule {
	own := t.byModel(a)
	if !a.Vision.OwnFile() || own.Projects(a.Vision.Projector) {
		return own
	}
	// Several families have projectors of a kind: the widths tell them apart.
	var found *Rule
	for i := range t.Rules {
		r := &t.Rules[i]
		if !r.Projects(a.Vision.Projector) {
			continue
		}
		if r.Patch == a.Vision.Patch && slices.ContainsFunc(r.Towers, func(w Tower) bool { return w.Hidden == a.Vision.Hidden }) {
			return r
		}
		if found == nil {
			found = r
		}
	}
	if found != nil {
		return found
	}
	return own
}

// Projects says whether a projector of this kind goes with the rule.
func (r *Rule) Projects(kind string) bool { return r != nil && slices.Contains(r.Projectors, kind) }

// byModel returns the rule of a model by what it is called: of the catalogue that
// of its id or, if it is multimodal, of its family; of a file that of its type,
// else of its architecture.
func (t *Table) byModel(a *model.Architecture) *Rule {
	sees, kind := a.Vision != nil || a.Class == "multimodal", ""
	if a.Vision != nil {
		kind = a.Vision.Type
	}
	for _, of := range [...]struct {
		name string
		list func(*Rule) []string
		may  bool
	}{
		{a.ID, func(r *Rule) []string { return r.Models }, true},
		{a.Family, func(r *Rule) []string { return r.Families }, sees},
		{kind, func(r *Rule) []string { return r.Types }, true},
		{a.Arch, func(r *Rule) []string { return r.Archs }, sees || a.ID == "" || a.HFRepo == ""},
	} {
		if of.name == "" || !of.may {
			continue
		}
		for i := range t.Rules {
			if slices.Contains(of.list(&t.Rules[i]), of.name) {
				return &t.Rules[i]
			}
		}
	}
	return nil
}

// Tower returns the encoder that a model of this rule has, by the widths that
// are known of it; nil where they do not tell. Of a tower that no rule lists the
// feed-forward is taken to be four times as wide as the rest.
func (r *Rule) Tower(v *model.Vision) *Tower {
	if r.NoTower != "" {
		return nil
	}
	if v == nil || v.Hidden == 0 {
		if len(r.Towers) == 1 {
			return &r.Towers[0]
		}
		return nil
	}
	for i := range r.Towers {
		if t := &r.Towers[i]; t.Hidden == v.Hidden && (v.Layers == 0 || v.Layers == t.Layers) {
			return t
		}
	}
	for i := range r.Towers {
		if t := r.Towers[i]; t.Hidden == v.Hidden {
			t.Layers = v.Layers
			return &t
		}
	}
	if v.Layers == 0 {
		return nil
	}
	t := &Tower{Layers: v.Layers, Hidden: v.Hidden, FFN: v.FFN, Projector: Linear}
	if t.FFN == 0 {
		t.FFN, t.Assumed = 4*v.Hidden, "feed-forward four times as wide as the rest"
	}
	if len(r.Towers) > 0 {
		t.Projector = r.Towers[0].Projector
	}
	return t
}
