package saved

import (
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// clean replaces, in all text of a document, characters that steer terminals
// or turn the direction of text around.
func clean(doc any) { cleanValue(reflect.ValueOf(doc)) }

func cleanValue(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return
		}
		if v.Kind() == reflect.Interface && v.CanSet() {
			if s, ok := v.Interface().(string); ok {
				v.Set(reflect.ValueOf(cleanText(s)))
			}
			return
		}
		cleanValue(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() {
				cleanValue(f)
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return // JSON that is kept as it is
		}
		for i := range v.Len() {
			cleanValue(v.Index(i))
		}
	case reflect.Map:
		cleanMap(v)
	case reflect.String:
		if s := cleanText(v.String()); s != v.String() {
			v.SetString(s)
		}
	}
}

// cleanMap cleans keys and values; maps of documents are small.
func cleanMap(v reflect.Value) {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	for _, key := range keys {
		value := reflect.New(v.Type().Elem()).Elem()
		value.Set(v.MapIndex(key))
		cleanValue(value)
		v.SetMapIndex(key, reflect.Value{})
		name := reflect.New(key.Type()).Elem()
		name.Set(key)
		cleanValue(name)
		v.SetMapIndex(name, value)
	}
}

func cleanText(s string) string {
	if strings.IndexFunc(s, steers) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if steers(r) {
			return ' '
		}
		return r
	}, s)
}

func steers(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == '\u200e' || r == '\u200f' ||
		r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}
