package calibration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// significant is how many digits of a fitted number are written: more than
// the measurements support, few enough to be the same on every machine.
const significant = 4

func round(x float64) float64 {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return x
	}
	v, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', significant, 64), 64) // what FormatFloat wrote parses
	return v
}

func (f *Factors) round() {
	for i := range FactorFields {
		v := FactorFields[i].Of(f)
		if *v = round(*v); *v == 1 {
			*v = 0
		}
	}
}

// Format writes a table as Parse reads it: the sets as JSON, one a line, and
// the groups as lines of GroupColumns. Groups that change nothing are left
// out. The same table gives the same bytes.
func (t *Table) Format() (sets []byte, groups string, err error) {
	c := t.Clone()
	for i := range c.Traits.Decode {
		c.Traits.Decode[i], c.Traits.Prefill[i] = round(c.Traits.Decode[i]), round(c.Traits.Prefill[i])
	}
	var b bytes.Buffer
	line := func(format string, v any) {
		text, e := json.Marshal(v)
		if e != nil && err == nil {
			err = fmt.Errorf("calibration: %w", e)
		}
		fmt.Fprintf(&b, format, text)
	}
	line("{\"version\":%s,\n", c.Version)
	line("\"source\":%s,\n", c.Source)
	line("\"host\":%s,\n", c.Host)
	line("\"traits\":%s,\n\"sets\":[\n", c.Traits)
	for i := range c.Sets {
		s := &c.Sets[i]
		s.Factors.round()
		for l := range s.SDDecode {
			s.SDDecode[l], s.SDPrefill[l] = round(s.SDDecode[l]), round(s.SDPrefill[l])
		}
		if s.Base != nil {
			s.Base.round()
		}
		if i > 0 {
			b.WriteString(",\n")
		}
		line("%s", s)
	}
	b.WriteString("\n]}\n")
	return b.Bytes(), c.formatGroups(), err
}

func (b *Base) round() {
	for i := range Fields {
		v := Fields[i].Of(b)
		*v = round(*v)
	}
	for i := range ClassFields {
		m := ClassFields[i].Of(b)
		for k, v := range m {
			m[k] = round(v)
		}
	}
	for i := range b.ISA {
		b.ISA[i].X = round(b.ISA[i].X)
	}
	for l := range b.SDDecode {
		b.SDDecode[l], b.SDPrefill[l] = round(b.SDDecode[l]), round(b.SDPrefill[l])
	}
}

func (t *Table) formatGroups() string {
	return t.writeGroups("# Deviations of vendors, families and devices from the base of their engine and backend; * stands for any (SOURCES.md).\n",
		func(g *Group) bool { return g.Factors != Factors{} })
}

// FormatOwn writes the groups that the user's own measurements refined, as
// WithOwn reads them.
func (t *Table) FormatOwn() string {
	return t.Clone().writeGroups("# What plimsoll calibrate --from learnt of this user's machines. Remove a line, or the file, to forget it.\n",
		func(g *Group) bool { return g.Own })
}

func (t *Table) writeGroups(comment string, keep func(*Group) bool) string {
	var b strings.Builder
	b.WriteString(comment)
	b.WriteString(GroupColumns + "\n")
	for _, k := range slices.Sorted(maps.Keys(t.Groups)) {
		g := t.Groups[k]
		g.Factors.round()
		if !keep(&g) {
			continue
		}
		b.WriteString(strings.Join(strings.SplitN(k, "/", 4), ","))
		fmt.Fprintf(&b, ",%d", g.Rows)
		for i := range FactorFields {
			b.WriteByte(',')
			if v := *FactorFields[i].Of(&g.Factors); v != 0 {
				b.WriteString(strconv.FormatFloat(v, 'g', -1, 64))
			}
		}
		for _, sd := range [...]float64{g.SDDecode, g.SDPrefill} {
			b.WriteByte(',')
			if sd = round(sd); sd != 0 {
				b.WriteString(strconv.FormatFloat(sd, 'g', -1, 64))
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
