package scenario

import (
	"reflect"
	"strings"
)

// FieldNames lists the fields of a scenario in their order.
func FieldNames() []string {
	t := reflect.TypeFor[Scenario]()
	names := make([]string, t.NumField())
	for i := range names {
		names[i], _, _ = strings.Cut(t.Field(i).Tag.Get("json"), ",")
	}
	return names
}

// suggestField names the field that was probably meant.
func suggestField(name string) string {
	const remedy = "see plimsoll schema sweep-input for the fields"
	if len(name) > 64 {
		return remedy
	}
	want := strings.ToLower(strings.ReplaceAll(name, "-", "_"))
	for _, f := range FieldNames() {
		if want == f || len(want) >= 3 && (strings.HasPrefix(f, want) || strings.HasPrefix(want, f) && len(f) > 2) {
			return "did you mean " + f + "? " + remedy
		}
	}
	return remedy
}
