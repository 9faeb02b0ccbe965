package cmdline

import (
	"path"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/corpus"
	"github.com/plimsoll/plimsoll/profiles/benchfile"
)

// Kinds of names of models: a GGUF file, a repository (or folder) of a model
// hub, a tag of ollama's library.
const (
	kindFile = "file"
	kindHub  = "hub"
	kindTag  = "tag"
)

// modelName is the model as the command names it.
type modelName struct {
	flag, kind, text string
	layers           int    // once it was found
	id               string // in the catalogue
}

// named notes the model; the last name stands.
func (p *parser) named(flag, kind, text string) {
	if strings.Contains(text, unknown) {
		p.left(flag, "its value comes from the shell that runs the command: give it beside the command")
		return
	}
	p.model = modelName{flag: flag, kind: kind, text: text}
}

// findModel settles the model and, where only the name tells it, the weight
// format. A file that is here is the truth about itself; a name is looked up
// in the catalogue without its owner, its packaging and its format.
func (p *parser) findModel() {
	m := &p.model
	if m.text == "" {
		if m.text = p.fields[markFile]; m.text == "" {
			return
		}
		m.flag, m.kind = p.origin[markFile], kindFile
	}
	p.c.Repository = m.text
	given := p.o.Given
	if given != "" {
		p.lookUp(given)
		if p.exists(given) {
			return
		}
		p.quant(m)
		return
	}
	if at := p.outside(m.text); p.exists(at) {
		p.lookUp(at)
		p.read(m.flag, "model", at, "")
		return
	}
	p.quant(m)
	for _, name := range p.candidates(m) {
		if p.lookUp(name) {
			note := ""
			if m.id != "" {
				name = m.id
			}
			if looksLikePath(m.text) {
				note = "the file is not here: the catalogue's model of that name is taken"
			}
			p.read(m.flag, "model", name, note)
			return
		}
	}
	p.c.Unresolved = m.text
}

func (p *parser) exists(path string) bool { return p.o.Exists != nil && p.o.Exists(path) }

func (p *parser) lookUp(name string) bool {
	if p.o.Model == nil {
		return false
	}
	m, err := p.o.Model(name)
	if err != nil {
		return false
	}
	p.model.layers, p.model.id = len(m.Layers), m.Arch.ID
	return true
}

// looksLikePath tells a path from "owner/name".
func looksLikePath(s string) bool {
	return strings.HasSuffix(strings.ToLower(s), ".gguf") || strings.HasPrefix(s, "/") || strings.HasPrefix(s, ".") ||
		strings.HasPrefix(s, "~") || strings.Count(s, "/") > 1 || strings.Contains(s, `\`)
}

// quant takes the weight format from the name, unless a flag gave one.
func (p *parser) quant(m *modelName) {
	if _, given := p.fields["quant"]; given {
		return
	}
	text, flag := m.text, m.flag
	if f := p.fields[markFile]; f != "" {
		text, flag = f, p.origin[markFile]
		p.used[markFile] = true
	}
	if q := formatOf(text); q != "" {
		p.read(flag, "quant", q, "from the name of the model")
	}
}

// formatOf reads the weight format in the name of a file, tag or repository.
func formatOf(text string) string {
	base := path.Base(strings.ReplaceAll(text, `\`, "/"))
	if name, tag, ok := strings.Cut(base, ":"); ok {
		if _, q := benchfile.SplitName(tag); q != "" {
			return q
		}
		base = name
	}
	if _, q := benchfile.SplitName(trimPackaging(base)); q != "" {
		return q
	}
	return corpus.RepositoryFormat(base)
}

// trimPackaging cuts endings that hide the format before them.
func trimPackaging(name string) string {
	for _, end := range []string{"-GGUF", "-gguf", "_GGUF"} {
		name = strings.TrimSuffix(name, end)
	}
	return name
}

// candidates lists the names under which the catalogue may know the model, the
// most telling one first.
func (p *parser) candidates(m *modelName) []string {
	text := strings.ReplaceAll(m.text, `\`, "/")
	for _, prefix := range []string{"https://", "http://", "hf.co/", "huggingface.co/", "registry.ollama.ai/", "ollama.com/", "library/", "ai/"} {
		text = strings.TrimPrefix(text, prefix)
	}
	name, tag, tagged := strings.Cut(path.Base(text), ":")
	var out []string
	add := func(s string) {
		s = strings.Trim(s, "-_.: ")
		for _, known := range out {
			if known == s {
				return
			}
		}
		if s != "" && s != "." && s != "/" {
			out = append(out, s)
		}
	}
	if tagged && m.kind == kindTag {
		size, _ := benchfile.SplitName(tag)
		if formatOf(size) == "" {
			add(name + ":" + size)
			for rest := size; ; { // 8b-instruct
				i := strings.LastIndexByte(rest, '-')
				if i < 0 {
					break
				}
				rest = rest[:i]
				add(name + ":" + rest)
			}
		}
	}
	if !looksLikePath(text) && !tagged {
		add(text)
	}
	short, _ := benchfile.SplitName(trimPackaging(name))
	add(short)
	add(name)
	// The words that name the format of a checkpoint, and what follows them.
	if q := corpus.RepositoryWord(name); q != "" {
		add(name[:strings.Index(name, q)])
	}
	return out
}
