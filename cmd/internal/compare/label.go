package compare

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
)

// leading fields name a row by their value alone, in this order; of the others
// the name says what the value is of.
var leading = []string{"on", "model", "quant", "engine"}

// quiet fields never name a row.
var quiet = []string{"id", "quant_assumed", "engine_assumed", "context_assumed", "prompt_assumed"}

// label finds the fields in which the rows differ, and names the rows by them.
func label(doc *report.Compare) {
	fields := slices.Clone(leading)
	for _, f := range scenario.FieldNames() {
		if !slices.Contains(leading, f) && !slices.Contains(quiet, f) {
			fields = append(fields, f)
		}
	}
	texts := make([]map[string]string, len(doc.Rows))
	for i := range doc.Rows {
		texts[i] = labelsOf(&doc.Inputs.Scenarios[i], &doc.Rows[i])
	}
	doc.Varies = []string{}
	for _, f := range fields {
		if varies(texts, f) {
			doc.Varies = append(doc.Varies, f)
		}
	}
	if len(doc.Varies) == 0 {
		doc.Varies = append(doc.Varies, "on")
	}
	taken := map[string]int{}
	for i := range doc.Rows {
		r := &doc.Rows[i]
		r.Labels = make(map[string]string, len(doc.Varies))
		var parts []string
		for _, f := range doc.Varies {
			text := texts[i][f]
			r.Labels[f] = text
			switch {
			case text == "":
			case slices.Contains(leading, f):
				parts = append(parts, text)
			default:
				parts = append(parts, Title(f)+" "+text)
			}
		}
		r.Name = strings.Join(parts, " · ")
		if taken[r.Name]++; taken[r.Name] > 1 {
			r.Name = fmt.Sprintf("%s (%d)", r.Name, taken[r.Name])
		}
	}
}

// Title is the heading of a label's column.
func Title(field string) string {
	switch field {
	case "on":
		return "machine"
	case "quant":
		return "format"
	}
	return strings.ReplaceAll(field, "_", " ")
}

// varies says whether a field has several values. An empty one, of a scenario
// that failed before it was settled, tells nothing.
func varies(texts []map[string]string, field string) bool {
	first := ""
	for _, t := range texts {
		switch v := t[field]; {
		case v == "" || v == first:
		case first == "":
			first = v
		default:
			return true
		}
	}
	return false
}

// labelsOf writes the fields of a scenario as a person would. What follows
// from other fields is left out: a context that nobody asked for and, of a
// scenario that failed, all that nobody gave.
func labelsOf(s *scenario.Scenario, r *report.CompareRow) map[string]string {
	out := map[string]string{}
	v, unset := reflect.ValueOf(s).Elem(), reflect.ValueOf(scenario.New())
	for i, name := range scenario.FieldNames() {
		f := v.Field(i)
		if r.Error != nil && reflect.DeepEqual(f.Interface(), unset.Field(i).Interface()) || name == "context" && s.ContextAssumed {
			continue
		}
		out[name] = text(name, f)
	}
	unasked(out, s, r)
	if r.Error == nil && s.Quant == "" {
		out["quant"] = r.Model.WeightFormat // as the file has it
	}
	if s.Devices > 0 && s.Devices == max(s.TP, 1)*max(s.PP, 1)*max(s.DP, 1) {
		delete(out, "devices") // follows from the ranks
	}
	return out
}

func text(name string, f reflect.Value) string {
	switch f.Kind() {
	case reflect.String:
		return f.String()
	case reflect.Pointer:
		if f.IsNil() {
			return "auto"
		}
		return text(name, f.Elem())
	case reflect.Slice:
		list, _ := f.Interface().([]string)
		if len(list) == 0 {
			return "unchanged"
		}
		return strings.Join(list, "; ")
	case reflect.Bool:
		if f.Bool() {
			return "on"
		}
		return "off"
	case reflect.Int:
		if f.Int() < 0 {
			return "auto"
		}
	}
	return fmt.Sprint(f.Interface())
}
