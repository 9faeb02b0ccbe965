package profiles

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/plimsoll/plimsoll/hardware"
)

// reader walks the syntax tree of a profile. It keeps the first error, after
// which it does nothing more.
type reader struct {
	file string
	err  error
}

// fail records an error at the line of n.
func (r *reader) fail(n ast.Node, key, message string) {
	if r.err != nil {
		return
	}
	where := r.file
	if n != nil && n.GetToken() != nil && n.GetToken().Position != nil {
		where = fmt.Sprintf("%s:%d", r.file, n.GetToken().Position.Line)
	}
	if key != "" {
		message = key + ": " + message
	}
	r.err = errors.New(where + ": " + message)
}

// syntax makes one line of the parser's error.
func (r *reader) syntax(err error) error {
	var s *yaml.SyntaxError
	if errors.As(err, &s) && s.Token != nil && s.Token.Position != nil {
		return fmt.Errorf("%s:%d: not valid YAML: %s", r.file, s.Token.Position.Line, oneLine(s.Message))
	}
	return fmt.Errorf("%s: not valid YAML: %s", r.file, oneLine(err.Error()))
}

func oneLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	if len(s) > 200 {
		s = s[:200] + "..."
	}
	return strings.Map(func(c rune) rune {
		if c < ' ' {
			return ' '
		}
		return c
	}, s)
}

// pairs gives the entries of a mapping.
func (r *reader) pairs(n ast.Node, what string) []*ast.MappingValueNode {
	if r.err != nil {
		return nil
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	}
	r.fail(n, what, "want a mapping of keys and values, got "+got(n))
	return nil
}

// mapping reads the entries of n into fields; other keys go to extra, which
// says whether it knew them.
func (r *reader) mapping(n ast.Node, what string, fields []field, extra func(key string, v ast.Node) bool) {
	seen := map[string]bool{}
	for _, pair := range r.pairs(n, what) {
		if r.err != nil {
			return
		}
		key, ok := keyOf(pair)
		if !ok {
			r.fail(pair, what, "a key must be a plain word")
			return
		}
		if seen[key] {
			r.fail(pair.Key, key, "given twice")
			return
		}
		seen[key] = true
		if i := slices.IndexFunc(fields, func(f field) bool { return f.key == key }); i >= 0 {
			r.value(pair.Value, fields[i])
			continue
		}
		if extra != nil && extra(key, pair.Value) {
			continue
		}
		r.fail(pair.Key, what, fmt.Sprintf("unknown key %q; %s", oneLine(key), nearestKey(key, fields)))
	}
}

// startFrom looks for the catalogue id that a mapping starts from, before the
// fields that override it are read, and drops the marks "assumed" that the
// entry has on fields which the mapping states.
func (r *reader) startFrom(n ast.Node, key string, p *hardware.Provenance, from func(v ast.Node, name string)) {
	for _, pair := range r.pairs(n, key) {
		if k, ok := keyOf(pair); !ok || k != key {
			continue
		}
		s, ok := pair.Value.(*ast.StringNode)
		if !ok {
			r.fail(pair.Value, key, "want the name of a catalogue entry, got "+got(pair.Value))
			return
		}
		from(pair.Value, s.Value)
	}
	if len(p.Assumed) == 0 {
		return
	}
	kept := maps.Clone(p.Assumed)
	for _, pair := range r.pairs(n, key) {
		switch k, _ := keyOf(pair); k {
		case "memory_gb", "usable_gb":
			delete(kept, strings.TrimSuffix(k, "gb")+"bytes")
		case "tflops":
			for _, rate := range rateFields(&hardware.Rates{}) {
				delete(kept, rate.key)
			}
			delete(kept, k)
		default:
			delete(kept, k)
		}
	}
	if p.Assumed = kept; len(kept) == 0 {
		p.Assumed = nil
	}
}

func keyOf(pair *ast.MappingValueNode) (string, bool) {
	switch k := pair.Key.(type) {
	case *ast.StringNode:
		return k.Value, true
	case ast.MapKeyNode:
		if t := k.GetToken(); t != nil && !k.IsMergeKey() {
			return t.Value, t.Value != "" && t.Value != "?"
		}
	}
	return "", false
}

func nearestKey(key string, fields []field) string {
	for _, f := range fields {
		if len(key) >= 3 && strings.HasPrefix(f.key, key) || strings.HasPrefix(key, f.key) {
			return fmt.Sprintf("did you mean %q?", f.key)
		}
	}
	return "the schema lists what is known"
}

// list gives the items of a sequence.
func (r *reader) list(n ast.Node, key string, most int) []ast.Node {
	if r.err != nil {
		return nil
	}
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		r.fail(n, key, "want a list, got "+got(n))
		return nil
	}
	if len(s.Values) > most {
		r.fail(n, key, fmt.Sprintf("%d entries, want at most %d", len(s.Values), most))
		return nil
	}
	return s.Values
}

// value reads a plain value into its field.
func (r *reader) value(n ast.Node, f field) {
	if r.err != nil {
		return
	}
	switch to := f.to.(type) {
	case *string:
		*to = r.text(n, f.key)
	case *bool:
		b, ok := n.(*ast.BoolNode)
		if !ok {
			r.fail(n, f.key, "want true or false, got "+got(n))
			return
		}
		*to = b.Value
	case *float64:
		*to = r.number(n, f)
	case *int:
		x := r.number(n, f)
		if x != math.Trunc(x) {
			r.fail(n, f.key, fmt.Sprintf("want a whole number, got %g", x))
			return
		}
		*to = int(x)
	case gib:
		*to.bytes = gibBytes(r.number(n, f))
	case *[]string:
		*to = nil
		for _, item := range r.list(n, f.key, 256) {
			*to = append(*to, r.text(item, f.key))
		}
	case *map[string]string:
		*to = map[string]string{}
		for _, pair := range r.pairs(n, f.key) {
			key, ok := keyOf(pair)
			if !ok {
				r.fail(pair, f.key, "a key must be a plain word")
				return
			}
			(*to)[key] = r.text(pair.Value, f.key)
		}
	}
}

func (r *reader) text(n ast.Node, key string) string {
	var s string
	switch n := n.(type) {
	case *ast.StringNode:
		s = n.Value
	case *ast.LiteralNode:
		s = n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode:
		s = n.GetToken().Value // compute: 8.9
	default:
		r.fail(n, key, "want text, got "+got(n))
	}
	if r.err == nil && len(s) > 4096 {
		r.fail(n, key, "want at most 4096 characters")
	}
	return s
}

func (r *reader) number(n ast.Node, f field) float64 {
	var x float64
	switch n := n.(type) {
	case *ast.IntegerNode:
		switch v := n.Value.(type) {
		case int64:
			x = float64(v)
		case uint64:
			x = float64(v)
		}
	case *ast.FloatNode:
		x = n.Value
	case *ast.InfinityNode:
		x = n.Value
	default:
		r.fail(n, f.key, "want a number, got "+got(n))
		return 0
	}
	if !(x >= 0 && x <= f.most) {
		r.fail(n, f.key, fmt.Sprintf("want 0 to %g, got %g", f.most, x))
		return 0
	}
	return x
}

// got describes a node in an error.
func got(n ast.Node) string {
	switch n := n.(type) {
	case nil:
		return "nothing"
	case *ast.StringNode:
		return fmt.Sprintf("%q", oneLine(n.Value))
	case *ast.NullNode:
		return "nothing"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.AnchorNode, *ast.AliasNode:
		return "an anchor or alias, which profiles do not use"
	case *ast.TagNode:
		return "a tag, which profiles do not use"
	}
	if t := n.GetToken(); t != nil {
		return oneLine(t.Value)
	}
	return "something else"
}
