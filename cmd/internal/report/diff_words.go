package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
)

// Headline says how much changed on one line.
func (d *Diff) Headline() string {
	n := d.Result.Counts
	if !d.Changed() {
		return fmt.Sprintf("nothing changed in %s", countOf(n.Same))
	}
	others := 0 // changed, neither worse nor better
	for i := range d.Result.Cases {
		if c := &d.Result.Cases[i]; c.Change == Changed && !c.Worse && !c.Better {
			others++
		}
	}
	var parts []string
	for _, p := range []struct {
		n    int
		word string
	}{{n.Worse, "worse"}, {n.Better, "better"}, {others, "changed"}, {n.Added, "added"}, {n.Removed, "removed"}, {n.Same, "the same"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.word))
		}
	}
	text := countOf(n.New) + ": " + strings.Join(parts, ", ")
	if len(d.Result.Cases) == 0 {
		text = countOf(n.New) + ": inputs changed, results did not"
	}
	if c := d.Result.Cost; c != nil && c.Change != 0 {
		text += "; " + c.Words()
	}
	return text
}

func countOf(n int) string {
	if n == 1 {
		return "1 case"
	}
	return fmt.Sprintf("%d cases", n)
}

// Words says on one line what became of a case.
func (c *CaseDiff) Words() string {
	switch c.Change {
	case Added:
		return "added: " + c.NewMessage
	case Removed:
		return "removed; it was: " + c.OldMessage
	}
	var parts []string
	switch {
	case c.OldVerdict != c.NewVerdict && c.OldVerdict != "" && c.NewVerdict != "":
		parts = append(parts, fmt.Sprintf("was %s, now %s", VerdictWords(c.OldVerdict, ""), c.NewMessage))
	case c.OldOutcome != c.NewOutcome:
		parts = append(parts, fmt.Sprintf("was %s, now %s: %s", c.OldOutcome, c.NewOutcome, c.NewMessage))
	}
	for _, r := range c.Requirements {
		parts = append(parts, r.Words())
	}
	for i := range c.Figures {
		if f := &c.Figures[i]; f.Certainty == Clear && len(parts) < 4 {
			parts = append(parts, f.Words())
		}
	}
	if len(parts) == 0 {
		switch n := len(c.Figures); {
		case n == 1:
			parts = append(parts, c.Figures[0].Words())
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d figures changed, none beyond the intervals", n))
		case len(c.Inputs) > 0:
			parts = append(parts, "inputs changed, figures did not")
		default:
			parts = append(parts, "another reason is given: "+c.NewMessage)
		}
	}
	if c.Cost != nil && c.Cost.Change != 0 {
		parts = append(parts, c.Cost.Words())
	}
	return strings.Join(parts, "; ")
}

// Words says how a requirement came out before and after.
func (r *RequirementChange) Words() string {
	switch {
	case r.Old == "":
		return fmt.Sprintf("%s: new, %s", r.Text, r.New)
	case r.New == "":
		return fmt.Sprintf("%s: no longer asked, it was %s", r.Text, r.Old)
	}
	return fmt.Sprintf("%s: was %s, now %s", r.Text, r.Old, r.New)
}

// certaintyWords say what a change beyond or within the intervals means.
var certaintyWords = map[Certainty]string{Clear: "clearly", Likely: "likely", Noise: "within the intervals"}

// Words says a figure's change: "decode: 152 -> 104 tok/s, -32%, clearly worse".
func (f *FigureChange) Words() string {
	name := FigureWords(f.Name)
	switch {
	case f.Old == nil && f.New == nil:
		return name
	case f.Old == nil:
		return name + ": not known before, now " + FigureText(f.New, f.New.Value)
	case f.New == nil:
		return name + ": was " + FigureText(f.Old, f.Old.Value) + ", no longer known"
	}
	old, next := FigureText(f.Old, f.Old.Value), FigureText(f.New, f.New.Value)
	if number, unit, _ := strings.Cut(old, " "); strings.HasSuffix(next, " "+unit) {
		old = number // the unit is the same
	}
	text := fmt.Sprintf("%s: %s -> %s", name, old, next)
	if f.Relative != nil {
		text += ", " + Percent(*f.Relative)
	}
	switch {
	case f.Certainty == Noise:
		return text + ", within the intervals"
	case f.Direction == "neither":
		return text
	}
	return text + ", " + certaintyWords[f.Certainty] + " " + f.Direction
}

// Percent writes a share as a signed percentage.
func Percent(share float64) string {
	p := 100 * share
	switch a := math.Abs(p); {
	case a >= 10:
		return fmt.Sprintf("%+.0f%%", p)
	case a >= 0.1:
		return fmt.Sprintf("%+.1f%%", p)
	}
	return fmt.Sprintf("%+.2g%%", p)
}

// Words says the change of a month's cost.
func (c *CostChange) Words() string {
	return fmt.Sprintf("%s a month (%s -> %s)", SignedUSD(c.Change), USD(c.Old), USD(c.New))
}

// USD writes an amount of money.
func USD(v float64) string {
	if v < 0 {
		return "-" + USD(-v)
	}
	if v < 10 {
		return "$" + strconv.FormatFloat(v, 'f', 2, 64)
	}
	return "$" + units.Thousands(int64(math.Round(math.Min(v, 1e15))))
}

// SignedUSD writes a change of an amount.
func SignedUSD(v float64) string {
	if v < 0 {
		return USD(v)
	}
	return "+" + USD(v)
}

// Words says an input's change.
func (f *FieldChange) Words() string {
	old, next := f.Texts()
	return fmt.Sprintf("%s: %s -> %s", f.Field, old, next)
}

// Texts are the two sides as text.
func (f *FieldChange) Texts() (old, next string) { return valueText(f.Old), valueText(f.New) }

func valueText(v any) string {
	switch v := v.(type) {
	case nil:
		return "not given"
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return fmt.Sprint(v)
}

// WorseVerdict says whether verdict b is worse than a; one that is not known is
// neither.
func WorseVerdict(a, b estimator.Verdict) bool { return a.Known() && b.Known() && b.Rank() > a.Rank() }
