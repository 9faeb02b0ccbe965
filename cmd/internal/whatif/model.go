package whatif

import (
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/model"
)

// derived are numbers of a catalogue entry that follow from the others, or
// that no tensor depends on.
var derived = map[string]bool{"params_total": true, "params_active": true, "mtp_params": true}

// Model returns the model with the changes of it made, worked out anew, and a
// note for each. Changes of other things are left alone; without any of the
// model's, m itself comes back. A model read from its own tensors cannot be
// changed.
func Model(m *model.Model, changes []Change) (*model.Model, []string, error) {
	a := m.Arch
	var notes []string
	for i := range changes {
		c := &changes[i]
		if !strings.HasPrefix(c.Path, ModelPrefix) {
			continue
		}
		if m.FromFile {
			return nil, nil, c.wrong("the tensors of a file are what they are", "name a catalogue model, or a config.json, to change its shape")
		}
		path := strings.TrimPrefix(c.Path, ModelPrefix)
		n, ok := number64(reflect.ValueOf(&a).Elem(), path)
		if !ok {
			return nil, nil, c.wrong("no number of the model has this name", "use one of "+listed(ModelPrefix, modelPaths(reflect.ValueOf(a), "")))
		}
		old := float64(n.Int())
		value, err := c.Of(old, path, a.Name, 1<<28)
		if err != nil {
			return nil, nil, err
		}
		n.SetInt(int64(math.Round(value)))
		notes = append(notes, c.note(path, a.Name, old, float64(n.Int())))
	}
	if notes == nil {
		return m, nil, nil
	}
	out, err := model.New(a)
	if err != nil {
		return nil, nil, err
	}
	return out, notes, nil
}

// number64 finds an integer of a record by its JSON path. Records behind
// pointers are copied on the way, so that the original stays as it is.
func number64(v reflect.Value, path string) (reflect.Value, bool) {
	head, rest, nested := strings.Cut(path, ".")
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if name != head || derived[path] {
			continue
		}
		f := v.Field(i)
		switch {
		case !nested && (f.Kind() == reflect.Int || f.Kind() == reflect.Int64):
			return f, true
		case nested && f.Kind() == reflect.Pointer && !f.IsNil() && f.Elem().Kind() == reflect.Struct:
			c := reflect.New(f.Type().Elem())
			c.Elem().Set(f.Elem())
			f.Set(c)
			return number64(c.Elem(), rest)
		}
	}
	return reflect.Value{}, false
}

// modelPaths lists the integers of a record that are there.
func modelPaths(v reflect.Value, prefix string) []string {
	var out, deeper []string
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		f := v.Field(i)
		switch {
		case derived[prefix+name]:
		case f.Kind() == reflect.Int || f.Kind() == reflect.Int64:
			if f.Int() != 0 {
				out = append(out, prefix+name)
			}
		case f.Kind() == reflect.Pointer && !f.IsNil() && f.Elem().Kind() == reflect.Struct:
			deeper = append(deeper, modelPaths(f.Elem(), prefix+name+".")...)
		}
	}
	return slices.Concat(out, deeper)
}
