package cmdline

import (
	"regexp"
	"strconv"
	"strings"
	"sync"

	"mvdan.cc/sh/v3/syntax"
)

// simple is one simple command of a script.
type simple struct {
	args []string
	env  []variable // assigned before it
	here string     // text of its here-document
}

type variable struct{ name, value string }

// unknown stands in a word for what only a shell that runs would know: the
// output of a command, or a variable that is not set.
const unknown = "\x00"

// script is a shell script being read: the variables that it assigns, and
// those of them that are exported.
type script struct {
	getenv   func(string) string
	vars     map[string]string
	exported []variable
	commands []simple
}

// readScript parses a shell script into its simple commands, in order, without
// running anything. Functions, loops and conditions are looked into like any
// other text.
func readScript(text string, getenv func(string) string) (*script, error) {
	if tooDeep(text) {
		return nil, wrong("the command line is nested more than "+strconv.Itoa(maxDepth)+" levels deep", "the command line", "give the command that starts the engine")
	}
	parser := syntax.NewParser(syntax.Variant(syntax.LangBash))
	file, err := parser.Parse(strings.NewReader(plainText(text)), "")
	if err != nil {
		return nil, wrong("the command line is not valid shell at "+err.Error(), "the command line", "quote it as for a shell")
	}
	s := &script{getenv: getenv, vars: map[string]string{}}
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.CmdSubst, *syntax.ProcSubst:
			return false // what runs inside a word is not the command
		case *syntax.Stmt:
			s.statement(n)
		}
		return true
	})
	return s, nil
}

// maxDepth bounds brackets in brackets, into which the parser recurses.
const maxDepth = 1000

func tooDeep(text string) bool {
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case '(', '{', '[':
			if depth++; depth > maxDepth {
				return true
			}
		case ')', '}', ']':
			depth = max(depth-1, 0)
		}
	}
	return false
}

func (s *script) statement(st *syntax.Stmt) {
	switch c := st.Cmd.(type) {
	case *syntax.DeclClause:
		for _, a := range c.Args {
			if v, ok := s.assign(a); ok {
				s.exported = append(s.exported, v)
			}
		}
	case *syntax.CallExpr:
		var env []variable
		for _, a := range c.Assigns {
			v, ok := s.assign(a)
			if ok {
				env = append(env, v)
			}
		}
		if len(c.Args) == 0 {
			return
		}
		cmd := simple{env: append(append([]variable(nil), s.exported...), env...)}
		for _, w := range c.Args {
			cmd.args = append(cmd.args, s.fields(w)...)
		}
		for _, r := range st.Redirs {
			if r.Hdoc != nil {
				cmd.here = s.word(r.Hdoc)
			}
		}
		s.commands = append(s.commands, cmd)
	}
}

func (s *script) assign(a *syntax.Assign) (variable, bool) {
	if a.Name == nil {
		return variable{}, false
	}
	v := variable{name: a.Name.Value}
	switch {
	case a.Value != nil:
		v.value = s.word(a.Value)
	case a.Naked: // export NAME
		v.value = s.lookup(v.name)
	}
	s.vars[v.name] = v.value
	return v, true
}

// lookup returns a variable's value, or the mark of an unknown one.
func (s *script) lookup(name string) string {
	if v, ok := s.vars[name]; ok {
		return v
	}
	if s.getenv != nil {
		if v := s.getenv(name); v != "" {
			return v
		}
	}
	return unknown
}

// fields spells a word; a variable that stands alone, unquoted, is split at
// its blanks as a shell would.
func (s *script) fields(w *syntax.Word) []string {
	if len(w.Parts) == 1 {
		if p, ok := w.Parts[0].(*syntax.ParamExp); ok {
			if _, assigned := s.vars[name(p)]; assigned {
				return strings.Fields(s.param(p))
			}
		}
	}
	return []string{s.word(w)}
}

// word spells a word with its quotes removed and its variables put in.
func (s *script) word(w *syntax.Word) string {
	var b strings.Builder
	for i, p := range w.Parts {
		if lit, ok := p.(*syntax.Lit); ok && i == 0 && strings.HasPrefix(lit.Value, "~/") {
			if home := s.lookup("HOME"); home != unknown {
				b.WriteString(home + unescape(lit.Value[1:]))
				continue
			}
		}
		s.part(&b, p, false)
	}
	return b.String()
}

func (s *script) part(b *strings.Builder, p syntax.WordPart, quoted bool) {
	switch p := p.(type) {
	case *syntax.Lit:
		if quoted {
			b.WriteString(unescapeQuoted(p.Value))
		} else {
			b.WriteString(unescape(p.Value))
		}
	case *syntax.SglQuoted:
		b.WriteString(p.Value)
	case *syntax.DblQuoted:
		for _, inner := range p.Parts {
			s.part(b, inner, true)
		}
	case *syntax.ParamExp:
		b.WriteString(s.param(p))
	case *syntax.BraceExp, *syntax.ExtGlob:
		b.WriteString(unknown)
	default: // substitutions, arithmetic
		b.WriteString(unknown)
	}
}

func name(p *syntax.ParamExp) string {
	if p.Param == nil {
		return ""
	}
	return p.Param.Value
}

// param gives $NAME, ${NAME} and ${NAME:-default}; other expansions are unknown.
func (s *script) param(p *syntax.ParamExp) string {
	if p.Param == nil || p.Excl || p.Length || p.Width || p.Index != nil || p.Slice != nil || p.Repl != nil {
		return unknown
	}
	v := s.lookup(p.Param.Value)
	if p.Exp == nil {
		return v
	}
	switch p.Exp.Op {
	case syntax.DefaultUnset, syntax.DefaultUnsetOrNull, syntax.AssignUnset, syntax.AssignUnsetOrNull:
		if (v == unknown || v == "") && p.Exp.Word != nil {
			return s.word(p.Exp.Word)
		}
		return v
	}
	return unknown
}

// unescape removes the backslashes of an unquoted literal.
func unescape(v string) string {
	if !strings.Contains(v, `\`) {
		return v
	}
	var b strings.Builder
	for i := 0; i < len(v); i++ {
		if v[i] == '\\' && i+1 < len(v) {
			if i++; v[i] == '\n' {
				continue
			}
		}
		b.WriteByte(v[i])
	}
	return b.String()
}

// unescapeQuoted removes those that count inside double quotes.
func unescapeQuoted(v string) string {
	return strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\$`, `$`, "\\`", "`", "\\\n", "").Replace(v)
}

// lazy compiles an expression when it is first used: most commands never do.
func lazy(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

var (
	windowsHint = lazy(`(?i)\.exe\b|\b[a-z]:\\`)
	windowsPath = lazy(`\\([\w.\-])`)
	promptSign  = lazy(`(?m)^[ \t]*(?:\$|>|#>|PS [^>\n]*>)[ \t]+`)
)

// plainText takes away what is no shell: prompt signs at the start of lines as
// manuals print them, and backslashes and carets of a Windows command line.
func plainText(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), unknown, "")
	text = promptSign().ReplaceAllString(text, "")
	if windowsHint().MatchString(text) {
		text = strings.ReplaceAll(text, "^\n", "\\\n")
		text = windowsPath().ReplaceAllString(text, "/$1")
	}
	return text
}
