package diff

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

// flatten turns a value into fields by their paths in its JSON: "load.rate",
// "scenarios[2].model". Lists of plain values are one field.
func flatten(v any) map[string]any {
	text, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var tree any
	if json.Unmarshal(text, &tree) != nil {
		return nil
	}
	out := map[string]any{}
	walk("", tree, out)
	return out
}

func walk(path string, v any, out map[string]any) {
	switch v := v.(type) {
	case map[string]any:
		for name, part := range v {
			if path != "" {
				name = path + "." + name
			}
			walk(name, part, out)
		}
	case []any:
		plain := !slices.ContainsFunc(v, func(part any) bool {
			switch part.(type) {
			case map[string]any, []any:
				return true
			}
			return false
		})
		if plain {
			out[path] = list(v)
			return
		}
		for i, part := range v {
			walk(path+"["+strconv.Itoa(i)+"]", part, out)
		}
	case nil: // not given
	default:
		out[path] = v
	}
}

func list(values []any) string {
	text := ""
	for i, v := range values {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprint(v)
	}
	return text
}

// fields lists what differs, by name.
func fields(a, b map[string]any) []report.FieldChange {
	names := make([]string, 0, len(a)+len(b))
	for name := range a {
		names = append(names, name)
	}
	for name := range b {
		if _, both := a[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	out := []report.FieldChange{}
	for _, name := range names {
		if a[name] != b[name] {
			out = append(out, report.FieldChange{Field: name, Old: a[name], New: b[name]})
		}
	}
	return out
}
