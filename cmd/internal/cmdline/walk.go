package cmdline

import (
	"path/filepath"
	"strings"

	"github.com/plimsoll/plimsoll/profiles"
)

// walk goes through the arguments of one program.
type walk struct {
	*parser
	prog  *profiles.CommandProgram
	here  string // text on its standard input
	words int    // arguments without a dash so far
	model bool   // one of them was the model
}

func (w *walk) arguments(args []string) error {
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a == "--" {
			for _, rest := range args[i+1:] {
				w.positional(rest)
			}
			break
		}
		if !isFlag(a) {
			w.positional(a)
			continue
		}
		name, value, joined := strings.Cut(a, "=")
		e, off, ok := w.index.find(name)
		if !ok {
			if !joined && i+1 < len(args) && !isFlag(args[i+1]) {
				i++
				w.swallowed = append(w.swallowed, Setting{Flag: name, Value: args[i]})
			}
			w.unknown(name)
			continue
		}
		if off {
			name = a
		}
		switch {
		case joined:
		case e.arity == noValue || off:
			value = "true"
		case e.arity == oneValue:
			if i++; i >= len(args) {
				return wrong("the flag "+name+" stands without its value", "the command line", "give the value, or leave the flag out")
			}
			value = args[i]
		case e.arity == manyValues:
			var all []string
			for i+1 < len(args) && !isFlag(args[i+1]) {
				i++
				all = append(all, args[i])
			}
			value = strings.Join(all, ",")
		case i+1 < len(args) && takes(e, args[i+1]):
			i++
			value = args[i]
		default:
			value = "true"
		}
		if off {
			value = "false"
		}
		if err := w.flag(name, e, value); err != nil {
			return err
		}
	}
	w.swallow()
	return nil
}

// isFlag tells flags from values; a number may be negative.
func isFlag(a string) bool {
	return len(a) > 1 && a[0] == '-' && (a[1] < '0' || a[1] > '9') && a[1] != '.' && a[1] != ' '
}

// takes says whether the next word is the value of a flag that may stand alone.
func takes(e entry, next string) bool {
	if e.flag != nil {
		if _, ok := e.flag.Values[strings.ToLower(next)]; ok {
			return true
		}
	}
	_, ok := boolOf(next)
	return ok || strings.EqualFold(next, "auto") || e.group != nil && strings.EqualFold(next, "low")
}

// flag reads one flag; the types that need the whole program are read here.
func (w *walk) flag(name string, e entry, value string) error {
	if e.flag == nil {
		return w.entry(name, e, value)
	}
	switch e.flag.Type {
	case "config":
		return w.config(name, value)
	case "modelfile":
		if value == "-" {
			return w.parser.modelfile([]byte(w.here), "")
		}
		data, err := w.readFile(value)
		if err != nil {
			w.left(name, "the Modelfile cannot be read here: its settings are not in the estimate")
			return nil
		}
		return w.parser.modelfile(data, filepath.Dir(value))
	}
	return w.entry(name, e, value)
}

// positional reads an argument without a dash.
func (w *walk) positional(a string) {
	list := w.prog.Positional
	if len(list) == 0 {
		return
	}
	what := list[min(w.words, len(list)-1)]
	w.words++
	if what != "model" || w.model {
		return
	}
	w.model = true
	kind := kindHub
	if w.prog.Engine == ollama {
		kind = kindTag
	}
	w.named("argument", kind, a)
}

// maxSuggestions bounds the flags of one command for which a name is proposed.
const maxSuggestions = 16

// unknown lists a flag that no table has.
func (w *walk) unknown(name string) {
	reason := "this flag is not known here"
	if w.unknowns++; w.unknowns > maxSuggestions {
		w.left(name, reason)
		return
	}
	if near := w.index.nearest(name); near != "" {
		reason += "; did you mean " + near + "?"
	}
	w.left(name, reason)
}

// swallow takes the model from behind an unknown flag, where it is missing:
// that flag then was one without a value.
func (w *walk) swallow() {
	if len(w.prog.Positional) == 0 || w.prog.Positional[0] != "model" || w.model || w.parser.model.text != "" || len(w.swallowed) == 0 {
		return
	}
	w.positional(w.swallowed[0].Value)
}

func (p *parser) readFile(path string) ([]byte, error) {
	if p.o.ReadFile == nil {
		return nil, errNoFiles
	}
	return p.o.ReadFile(p.outside(path))
}

// outside maps a path inside the container to this machine's.
func (p *parser) outside(path string) string {
	for _, m := range p.mounts {
		if rest, ok := strings.CutPrefix(path, m[1]+"/"); ok {
			return m[0] + "/" + rest
		}
	}
	return path
}

// config reads an engine's configuration file, whose keys are its flags.
func (p *parser) config(flag, file string) error {
	data, err := p.readFile(file)
	if err != nil {
		p.left(flag, "the file cannot be read here: its settings are not in the estimate")
		return nil
	}
	keys, err := profiles.ReadEngineConfig(file, data)
	if err != nil {
		return wrong(err.Error(), flag, "")
	}
	for _, k := range keys {
		value := k.Value
		if k.Values != nil {
			value = strings.Join(k.Values, ",")
		}
		e, ok := p.index.key(k.Key)
		if !ok {
			p.left(k.Key, "this setting is not known here")
			continue
		}
		if e.flag != nil && (e.flag.Type == "config" || e.flag.Type == "modelfile") {
			continue // a file does not name another
		}
		if err := p.entry(k.Key, e, value); err != nil {
			return err
		}
	}
	return nil
}
