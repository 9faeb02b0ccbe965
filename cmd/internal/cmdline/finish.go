package cmdline

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/profiles"
)

// finish settles what only the whole command tells: the version, the model,
// the engine's own defaults, and fields that follow from others.
func (p *parser) finish() error {
	p.dated()
	p.findModel()
	p.placeExperts()
	p.defaults()
	if err := p.derive(); err != nil {
		return err
	}
	for _, l := range p.table.Lacks {
		if p.holds(l.If) {
			p.left(p.origin[markOf(l.If)], l.Why)
		}
	}
	// Marks that came to nothing changed no figure.
	for _, mark := range slices.Sorted(maps.Keys(p.fields)) {
		if isMark(mark) && !p.used[mark] {
			p.noEffect(p.origin[mark])
		}
	}
	return nil
}

// dated takes the version from the tag of a container image.
func (p *parser) dated() {
	if p.tag == "" || p.o.Date != "" {
		return
	}
	month := monthOf(p.table.Releases, p.tag)
	if month != "" {
		p.read(p.tagged, "engine_date", month, "the month of that release")
	}
}

// monthOf returns the month of a version such as "v0.10.1-cu128": that of the
// last release that is not newer. A version beyond the list has none, for the
// newest rules are its.
func monthOf(releases []profiles.CommandRelease, tag string) string {
	want, ok := versionOf(tag)
	if !ok || len(releases) == 0 {
		return ""
	}
	if newest, _ := versionOf(releases[len(releases)-1].Version); slices.Compare(want, newest) > 0 {
		return ""
	}
	month := ""
	for _, r := range releases {
		if v, ok := versionOf(r.Version); ok && slices.Compare(v, want) <= 0 {
			month = r.Month
		}
	}
	return month
}

// versionOf reads the numbers at the start of a version, three at most.
func versionOf(s string) ([]int, bool) {
	s = strings.TrimPrefix(s, "v")
	var out []int
	for len(out) < 3 {
		i := 0
		for i < len(s) && s[i] >= '0' && s[i] <= '9' && i < 9 {
			i++
		}
		n, err := strconv.Atoi(s[:i])
		if err != nil {
			break
		}
		out = append(out, n)
		if i == len(s) || s[i] != '.' {
			break
		}
		s = s[i+1:]
	}
	return out, len(out) >= 2
}

// defaults fills in what the engine does by itself where we would not.
func (p *parser) defaults() {
	for i := range p.table.Defaults {
		d := &p.table.Defaults[i]
		if len(d.Programs) > 0 && !slices.ContainsFunc(d.Programs, func(id string) bool { return slices.Contains(p.programs, id) }) {
			continue
		}
		date := p.date()
		if d.Since != "" && date != "" && date < d.Since || d.Before != "" && (date == "" || date >= d.Before) {
			continue
		}
		_, set := p.fields[d.Field]
		if d.Field == "context_rule" {
			_, context := p.fields["context"]
			set = set || context
		}
		if set || !p.holds(d.If) {
			continue
		}
		p.fields[d.Field] = d.Value
		p.c.Defaults = append(p.c.Defaults, Setting{Flag: "default", Field: d.Field, Value: d.Value, Note: d.Note})
	}
}

// date is the month of the build, as given or by the image; "" for the newest.
func (p *parser) date() string {
	if p.o.Date != "" {
		return p.o.Date
	}
	return p.fields["engine_date"]
}

// derive works fields out from others.
func (p *parser) derive() error {
	for i := range p.table.Derive {
		r := &p.table.Derive[i]
		if len(r.Programs) > 0 && !slices.ContainsFunc(r.Programs, func(id string) bool { return slices.Contains(p.programs, id) }) || !p.holds(r.If) {
			continue
		}
		flag := p.origin[markOf(r.If)]
		for j := range r.Set {
			a := &r.Set[j]
			if a.Clear {
				p.left(p.origin[a.Field], r.Note)
				p.drop(a.Field)
				continue
			}
			v, ok := assigned(p.fields, a)
			if !ok {
				return wrong("the numbers of devices in the command line do not divide: "+r.Note, flag, "correct the command line")
			}
			from := flag
			if o := p.origin[a.Field]; o != "" && from == "" {
				from = o
			}
			if from == "" {
				from = "default"
			}
			p.read(from, a.Field, v, r.Note)
			p.used[a.Field] = true
		}
	}
	return nil
}

// markOf is the first field of a condition: what the rule is about.
func markOf(conditions []string) string {
	for _, c := range conditions {
		if f, _, _ := condition(c); !strings.HasPrefix(c, "!") {
			return f
		}
	}
	return ""
}

// condition takes "field", "!field", "field=value" and "field>number" apart.
func condition(c string) (field, op, value string) {
	if f, ok := strings.CutPrefix(c, "!"); ok {
		return f, "!", ""
	}
	for _, op := range []string{">", "="} {
		if f, v, ok := strings.Cut(c, op); ok {
			return f, op, v
		}
	}
	return c, "", ""
}

// holds says whether all conditions are met, and notes the marks that it used.
func (p *parser) holds(conditions []string) bool {
	if !met(p.fields, conditions) {
		return false
	}
	for _, c := range conditions {
		if f, _, _ := condition(c); isMark(f) {
			p.used[f] = true
		}
	}
	return true
}

func met(fields map[string]string, conditions []string) bool {
	for _, c := range conditions {
		field, op, want := condition(c)
		v, set := fields[field]
		switch op {
		case "!":
			if set {
				return false
			}
		case "=":
			if v != want {
				return false
			}
		case ">":
			n, err := strconv.ParseFloat(v, 64)
			limit, err2 := strconv.ParseFloat(want, 64)
			if err != nil || err2 != nil || !(n > limit) {
				return false
			}
		default:
			if !set {
				return false
			}
		}
	}
	return true
}

// assigned computes a derived value; false where a quotient is not whole.
func assigned(fields map[string]string, a *profiles.CommandAssign) (string, bool) {
	number := func(field string) int64 {
		n, _ := strconv.ParseInt(fields[field], 10, 64)
		return n
	}
	var v int64
	switch {
	case a.Product != nil:
		v = 1
		for _, f := range a.Product {
			n := max(number(f), 1)
			if v > maxProduct/n {
				return "", false
			}
			v *= n
		}
	case a.Quotient != nil:
		n, d := number(a.Quotient[0]), max(number(a.Quotient[1]), 1)
		if n%d != 0 {
			return "", false
		}
		v = n / d
	case a.Sum != nil:
		for _, f := range a.Sum {
			v += number(f)
		}
	case a.Max != nil:
		for _, f := range a.Max {
			v = max(v, number(f))
		}
	default:
		return a.Value, true
	}
	return strconv.FormatInt(v, 10), true
}

// maxProduct bounds products of counts.
const maxProduct = 1 << 40
