package cmdline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/profiles"
)

// maxText bounds a command line.
const maxText = 64 << 10

// Options are what reading a command line may ask of the world around it.
type Options struct {
	// Model finds a model by file or catalogue name. Exists says whether a file
	// or folder is there, ReadFile reads one that the command names.
	Model    func(query string) (*model.Model, error)
	Exists   func(path string) bool
	ReadFile func(path string) ([]byte, error)
	// Getenv gives the variables that the text uses and does not assign; nil
	// for none.
	Getenv func(name string) string
	// Given is the model that stands beside the command, which then need not be
	// found by the command's own name.
	Given string
	// Date is the month of the engine's build, "" for the newest.
	Date string
}

// Parse reads a command line, or a script that holds one, as a shell would
// split it, and never runs anything. It is an error (exit code 2) when no
// engine's program is in it, when two engines' are, or when the value of a
// setting cannot be read. Flags that are not known are listed, not refused:
// engines get new ones every week.
func Parse(text string, o Options) (*Command, error) {
	p, err := newParser(o)
	if err != nil {
		return nil, err
	}
	if len(text) > maxText {
		return nil, wrong("the command line is longer than 64 KiB", "the command line", "give the one that starts the engine")
	}
	if err := p.text(text, nil); err != nil {
		return nil, err
	}
	if p.index == nil {
		return nil, wrong("no engine's program is in the command line", "the command line", "give one that runs "+p.known())
	}
	return p.c, p.finish()
}

// Modelfile reads an ollama Modelfile; dir is its folder.
func Modelfile(data []byte, dir string, o Options) (*Command, error) {
	p, err := newParser(o)
	if err != nil {
		return nil, err
	}
	if err := p.start(&profiles.CommandProgram{ID: "Modelfile", Engine: ollama}); err != nil {
		return nil, err
	}
	if err := p.modelfile(data, dir); err != nil {
		return nil, err
	}
	return p.c, p.finish()
}

// ollama is the engine whose Modelfiles are read.
const ollama = "ollama"

// parser gathers what a command line says.
type parser struct {
	o        Options
	shell    *profiles.ShellTable
	table    *profiles.CommandTable
	index    *index
	c        *Command
	programs []string
	depth    int
	fields   map[string]string // values by field; those that begin with a dot are marks
	origin   map[string]string // the flags that set them
	used     map[string]bool   // marks that came to something
	mounts   [][2]string       // folders: of this machine, and in the container
	experts  []string          // patterns of tensors kept on the host
	model    modelName
	tag      string // of the image
	tagged   string
	listed   map[Left]bool
	unknowns int
	// swallowed are words after unknown flags, which may be the model.
	swallowed []Setting
}

func newParser(o Options) (*parser, error) {
	shell, err := profiles.Shell()
	if err != nil {
		return nil, problem.Failed(err.Error())
	}
	return &parser{o: o, shell: shell, fields: map[string]string{}, origin: map[string]string{}, used: map[string]bool{}, listed: map[Left]bool{},
		c: &Command{Read: []Setting{}, Defaults: []Setting{}, NotModelled: []Left{}, NoEffect: []string{}}}, nil
}

// text reads a script; env is what it is started with.
func (p *parser) text(text string, env []variable) error {
	s, err := readScript(text, p.o.Getenv)
	if err != nil {
		return err
	}
	for _, c := range s.commands {
		c.env = append(slices.Clip(env), c.env...)
		if err := p.command(c); err != nil {
			return err
		}
	}
	return nil
}

// known lists the programs, for messages.
func (p *parser) known() string {
	var out []string
	for i := range p.shell.Programs {
		if prog := &p.shell.Programs[i]; !prog.Path && !slices.Contains(out, prog.ID) {
			out = append(out, prog.ID)
		}
	}
	return strings.Join(out, ", ")
}

// start makes a program the one whose flags are read.
func (p *parser) start(prog *profiles.CommandProgram) error {
	if p.c.Engine != "" && p.c.Engine != prog.Engine {
		return wrong(fmt.Sprintf("two engines are in the command line: %s and %s", p.c.Engine, prog.Engine), "the command line", "give one of them")
	}
	t, err := profiles.CommandLines(prog.Engine)
	if err != nil {
		return problem.Failed(err.Error())
	}
	if t == nil {
		return problem.Failed("no table of the command lines of " + prog.Engine)
	}
	p.table, p.c.Engine = t, prog.Engine
	p.index = newIndex(t, prog.ID)
	if !slices.Contains(p.programs, prog.ID) {
		p.programs = append(p.programs, prog.ID)
	}
	p.c.Program = strings.Join(p.programs, ", ")
	return nil
}

// engineCommand reads the arguments of an engine's program, after the
// variables that stand before it: flags win over those.
func (p *parser) engineCommand(prog *profiles.CommandProgram, env []variable, args []string, here string) error {
	if err := p.start(prog); err != nil {
		return err
	}
	for _, v := range env {
		if err := p.variable(v); err != nil {
			return err
		}
	}
	w := walk{parser: p, prog: prog, here: here}
	return w.arguments(args)
}

// variable reads one environment variable.
func (p *parser) variable(v variable) error {
	e, ok := p.index.env[v.name]
	switch {
	case ok:
		return p.entry(v.name, e, v.value)
	case slices.Contains(p.shell.Devices, v.name):
		p.devices(v.name, v.value)
	case slices.Contains(p.shell.NoEffect, v.name):
		p.noEffect(v.name)
	default:
		p.left(v.name, "this environment variable is not known here")
	}
	return nil
}

// read notes a setting; the last one of a field stands.
func (p *parser) read(flag, field, value, note string) {
	p.drop(field)
	switch field { // two ways to say one thing
	case "context":
		p.drop("context_rule")
	case "context_rule":
		p.drop("context")
	}
	p.fields[field], p.origin[field] = value, flag
	if !isMark(field) {
		p.c.Read = append(p.c.Read, Setting{Flag: flag, Field: field, Value: value, Note: note})
	}
}

func (p *parser) drop(field string) {
	delete(p.fields, field)
	other := func(s Setting) bool { return s.Field == field }
	p.c.Read, p.c.Defaults = slices.DeleteFunc(p.c.Read, other), slices.DeleteFunc(p.c.Defaults, other)
}

// isMark says whether a field is none of a scenario but a note for the rules.
func isMark(field string) bool { return strings.HasPrefix(field, ".") }

// left notes a flag that is not modelled.
func (p *parser) left(flag, reason string) {
	l := Left{flag, reason}
	if !p.listed[l] {
		p.listed[l] = true
		p.c.NotModelled = append(p.c.NotModelled, l)
	}
}

func (p *parser) noEffect(flag string) {
	if !slices.Contains(p.c.NoEffect, flag) {
		p.c.NoEffect = append(p.c.NoEffect, flag)
	}
}
