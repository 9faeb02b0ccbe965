package detect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// tree is a document of nested keys, from JSON or from indented text, with its
// keys in lower case and their blanks, dashes and brackets as underscores.
type tree map[string]any

// parseJSON reads a JSON document; numbers keep their digits.
func parseJSON(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("unreadable JSON (%s)", shortErr(err))
	}
	return normal(v, 0), nil
}

// normal lowers the keys of what JSON gave.
func normal(v any, depth int) any {
	switch v := v.(type) {
	case map[string]any:
		if depth > 64 {
			return nil
		}
		t := make(tree, len(v))
		for k, x := range v {
			t[keyName(k)] = normal(x, depth+1)
		}
		return t
	case []any:
		if depth > 64 {
			return nil
		}
		for i := range v {
			v[i] = normal(v[i], depth+1)
		}
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return v
}

func keyName(k string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(strings.TrimSpace(k)) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '/' || r == '.' || r == '%':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "_"):
			b.WriteByte('_')
		}
	}
	return strings.TrimSuffix(b.String(), "_")
}

// at follows keys down; nil where there is no such place.
func (t tree) at(keys ...string) any {
	var v any = t
	for _, k := range keys {
		m, ok := v.(tree)
		if !ok {
			return nil
		}
		v = m[k]
	}
	return v
}

// text is the value at the first of several keys that has one. A value with a
// unit ({"value": 32, "unit": "GT/s"}) is written as one text.
func (t tree) text(keys ...string) string {
	for _, k := range keys {
		if s := valueText(t.at(strings.Split(k, ">")...)); known(s) != "" {
			return strings.TrimSpace(s)
		}
	}
	return ""
}

func valueText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case tree:
		value, _ := v["value"].(string)
		unit, _ := v["unit"].(string)
		return strings.TrimSpace(value + " " + unit)
	}
	return ""
}

// parseIndented reads text of "KEY: value" lines whose depth is shown by
// indentation, and gives one tree for each line of depth nought.
func parseIndented(text []byte) []tree {
	var out []tree
	type level struct {
		indent int
		at     tree
	}
	var stack []level
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, " \r\n\t")
		bare := strings.TrimLeft(line, " ")
		k, v, ok := strings.Cut(bare, ":")
		if !ok || bare == "" {
			continue
		}
		indent := len(line) - len(bare)
		for len(stack) > 0 && stack[len(stack)-1].indent >= indent {
			stack = stack[:len(stack)-1]
		}
		if len(stack) == 0 {
			if len(out) >= maxDevices {
				break
			}
			t := tree{keyName(k): strings.TrimSpace(v)}
			out = append(out, t)
			stack = append(stack, level{indent, t})
			continue
		}
		if len(stack) > 32 {
			continue
		}
		parent := stack[len(stack)-1].at
		if v = strings.TrimSpace(v); v != "" {
			parent[keyName(k)] = v
			continue
		}
		child := tree{}
		parent[keyName(k)] = child
		stack = append(stack, level{indent, child})
	}
	return out
}
