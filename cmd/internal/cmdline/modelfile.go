package cmdline

import (
	"bufio"
	"bytes"
	"path/filepath"
	"strings"
)

// modelfile reads an ollama Modelfile: FROM and PARAMETER set things, the
// other instructions change no figure. dir is the folder of relative paths.
func (p *parser) modelfile(data []byte, dir string) error {
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(make([]byte, 0, 4096), maxText)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		word, rest := cutWord(line)
		rest = block(lines, rest)
		switch strings.ToUpper(word) {
		case "FROM":
			if strings.HasPrefix(rest, "./") || strings.HasPrefix(rest, "../") {
				if full := filepath.Join(dir, rest); dir != "" {
					rest = full
				}
			}
			p.named("FROM", kindTag, rest)
		case "PARAMETER":
			name, value := cutWord(rest)
			if err := p.parameter(strings.ToLower(name), strings.Trim(value, `"`)); err != nil {
				return err
			}
		default:
			if err := p.parameter(strings.ToLower(word), rest); err != nil {
				return err
			}
		}
	}
	if err := lines.Err(); err != nil {
		return wrong("the Modelfile cannot be read: "+err.Error(), "Modelfile", "")
	}
	return nil
}

func cutWord(s string) (word, rest string) {
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimSpace(s[i:])
}

// block reads on to the end of a text in triple quotes.
func block(lines *bufio.Scanner, rest string) string {
	open, ok := strings.CutPrefix(rest, `"""`)
	if !ok {
		return rest
	}
	if text, _, closed := strings.Cut(open, `"""`); closed {
		return text
	}
	for lines.Scan() {
		if strings.Contains(lines.Text(), `"""`) {
			break
		}
	}
	return open
}

func (p *parser) parameter(name, value string) error {
	e, ok := p.index.pars[name]
	if !ok {
		p.left(name, "this parameter is not known here")
		return nil
	}
	return p.entry(name, e, value)
}
