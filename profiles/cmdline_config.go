package profiles

import (
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// ConfigKey is one entry of an engine's configuration file: the path of its
// key, joined by dots, and its value as text; Values holds the items of a list.
type ConfigKey struct {
	Key    string
	Value  string
	Values []string
}

var engineConfig = userFile{"an engine's configuration", "holds settings", "four"}

// ReadEngineConfig reads the YAML file that an engine takes its settings from
// (vLLM's and SGLang's --config, TensorRT-LLM's --extra_llm_api_options), in
// the order of the file. file names the input in errors, each one line
// "file:line: what is wrong".
func ReadEngineConfig(file string, data []byte) ([]ConfigKey, error) {
	r := &reader{file: file}
	var out []ConfigKey
	err := r.document(data, engineConfig, func(root ast.Node) { r.settings(root, "", &out) })
	if err != nil {
		return nil, err
	}
	return out, nil
}

// settings flattens a mapping.
func (r *reader) settings(n ast.Node, prefix string, out *[]ConfigKey) {
	for _, pair := range r.pairs(n, strings.TrimSuffix(prefix, ".")) {
		key, ok := keyOf(pair)
		if !ok {
			r.fail(pair, "", "a key must be a plain word")
			return
		}
		switch v := pair.Value.(type) {
		case *ast.MappingNode, *ast.MappingValueNode:
			r.settings(v, prefix+key+".", out)
		case *ast.SequenceNode:
			c := ConfigKey{Key: prefix + key}
			for _, item := range v.Values {
				c.Values = append(c.Values, scalar(item))
			}
			*out = append(*out, c)
		default:
			*out = append(*out, ConfigKey{Key: prefix + key, Value: scalar(v)})
		}
	}
}

// scalar spells a plain value; "" for anything else.
func scalar(n ast.Node) string {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	case *ast.NullNode, nil, *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode:
		return ""
	}
	if t := n.GetToken(); t != nil {
		return t.Value
	}
	return ""
}
