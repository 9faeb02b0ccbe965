package cmdline

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/profiles"
)

// maxCommands bounds the commands of a script and of the shells that it runs.
const maxCommands = 1000

// command reads one simple command; those that start no engine are skipped.
func (p *parser) command(c simple) error {
	if p.depth++; p.depth > maxCommands {
		return wrong("the command line has more than "+strconv.Itoa(maxCommands)+" commands", "the command line", "give the one that starts the engine")
	}
	env, args := c.env, c.args
	for range maxWrappers {
		if len(args) == 0 {
			return nil
		}
		if prog, rest, ok := p.find(args); ok {
			return p.engineCommand(prog, env, rest, c.here)
		}
		base := programName(args[0])
		switch {
		case slices.Contains(p.shell.Shells, base):
			return p.shellText(env, args)
		case slices.Contains(p.shell.Containers, base):
			return p.container(env, args)
		case !slices.Contains(p.shell.Wrappers, base):
			return nil
		}
		// A wrapper: what it starts is the first word that something is known of.
		next := 1
		for ; next < len(args); next++ {
			if v, ok := assignment(args[next]); ok {
				env = append(env, v)
			} else if p.starts(args[next:]) {
				break
			}
		}
		args = args[next:]
	}
	return nil
}

const maxWrappers = 8

// starts reports whether the words begin with a program, a shell, a container
// tool or another wrapper.
func (p *parser) starts(args []string) bool {
	if _, _, ok := p.find(args); ok {
		return true
	}
	base := programName(args[0])
	return slices.Contains(p.shell.Shells, base) || slices.Contains(p.shell.Containers, base) ||
		slices.Contains(p.shell.Wrappers, base) && len(args) > 1
}

// assignment reads NAME=value.
func assignment(word string) (variable, bool) {
	n, v, ok := strings.Cut(word, "=")
	if !ok || n == "" {
		return variable{}, false
	}
	for i := range len(n) {
		c := n[i]
		if c != '_' && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (i == 0 || c < '0' || c > '9') {
			return variable{}, false
		}
	}
	return variable{n, v}, true
}

// programName is the name of an executable without its folder and ending.
func programName(word string) string {
	word = strings.ReplaceAll(word, `\`, "/")
	word = word[strings.LastIndexByte(word, '/')+1:]
	return strings.TrimSuffix(strings.ToLower(word), ".exe")
}

// find recognises an engine's program at the start of the words.
func (p *parser) find(args []string) (*profiles.CommandProgram, []string, bool) {
	base := programName(args[0])
	python := strings.HasPrefix(base, "python") || strings.HasPrefix(base, "pypy")
	for i := range p.shell.Programs {
		prog := &p.shell.Programs[i]
		if python && prog.Module != "" {
			if m := slices.Index(args, "-m"); m > 0 && m+1 < len(args) && args[m+1] == prog.Module {
				return prog, args[m+2:], true
			}
			continue
		}
		n := len(prog.Words)
		if n == 0 || prog.Words[0] != base || n > len(args) || prog.Path && !strings.ContainsAny(args[0], `/\`) {
			continue
		}
		if slices.Equal(prog.Words[1:], args[1:n]) {
			return prog, args[n:], true
		}
	}
	return nil, nil, false
}

// shellText reads the text that a shell is told to run.
func (p *parser) shellText(env []variable, args []string) error {
	for i := 1; i+1 < len(args); i++ {
		if a := args[i]; strings.HasPrefix(a, "-") && !strings.HasPrefix(a, "--") && strings.HasSuffix(a, "c") {
			return p.text(args[i+1], env)
		}
	}
	return nil
}

// container reads "docker run … image arguments". Of the tool's own
// environment only what is passed on reaches the container.
func (p *parser) container(outer []variable, args []string) error {
	i := slices.Index(args, "run")
	if i < 0 || i > 2 {
		return nil
	}
	var entry string
	var env []variable
	for i++; i < len(args) && strings.HasPrefix(args[i], "-"); i++ {
		flag, value, joined := strings.Cut(args[i], "=")
		reason, bounds := p.shell.NotModelled[flag]
		switch {
		case bounds:
			p.left(flag, reason)
		case slices.Contains(p.shell.Values, flag):
		case len(flag) > 2 && slices.Contains(p.shell.Values, flag[:2]) && !slices.Contains(p.shell.Switches, flag):
			flag, value, joined = flag[:2], args[i][2:], true // -p8000:8000
		default:
			continue
		}
		if !joined {
			if i++; i >= len(args) {
				break
			}
			value = args[i]
		}
		switch flag {
		case "-e", "--env":
			v, ok := assignment(value)
			if !ok {
				v = variable{value, unknown}
				for _, o := range outer {
					if o.name == value {
						v = o
					}
				}
			}
			env = append(env, v)
		case "--env-file":
			p.left(flag, "the variables of the file are not read: give them as -e NAME=value")
		case "-v", "--volume":
			p.mount(value)
		case "--entrypoint":
			entry = value
		case "--gpus":
			p.gpus(value)
		}
	}
	if i >= len(args) {
		return wrong("the container's options end without an image", "the command line", "give the whole command")
	}
	img, tag := p.image(args[i])
	rest := args[i+1:]
	p.tag, p.tagged = tag, args[i]
	switch {
	case entry != "":
		rest = append([]string{entry}, rest...)
	case img == nil || len(rest) > 0 && p.starts(rest):
	case img.Program != "":
		return p.engineCommand(p.program(img.Program), env, rest, "")
	case len(rest) > 0 && p.program(p.shell.Entries[rest[0]]) != nil:
		return p.engineCommand(p.program(p.shell.Entries[rest[0]]), env, rest[1:], "")
	default:
		return wrong(fmt.Sprintf("the image %.100q runs no engine by itself", args[i]), "the command line", "give the command that runs in the container")
	}
	return p.command(simple{env: env, args: rest})
}

func (p *parser) program(id string) *profiles.CommandProgram {
	for i := range p.shell.Programs {
		if p.shell.Programs[i].ID == id {
			return &p.shell.Programs[i]
		}
	}
	return nil
}

// image finds what is known of an image reference, and gives its tag.
func (p *parser) image(ref string) (*profiles.CommandImage, string) {
	ref, _, _ = strings.Cut(ref, "@")
	name, tag := ref, ""
	if i := strings.LastIndexByte(ref, ':'); i > strings.LastIndexByte(ref, '/') {
		name, tag = ref[:i], ref[i+1:]
	}
	for i := range p.shell.Images {
		img := &p.shell.Images[i]
		if (name == img.Name || strings.HasSuffix(name, "/"+img.Name)) && strings.HasPrefix(tag, img.Tag) {
			return img, tag
		}
	}
	return nil, tag
}

// mount remembers where a folder of this machine appears in the container.
func (p *parser) mount(value string) {
	if host, inside, ok := strings.Cut(value, ":"); ok {
		inside, _, _ = strings.Cut(inside, ":")
		p.mounts = append(p.mounts, [2]string{strings.TrimRight(host, "/"), strings.TrimRight(inside, "/")})
	}
}

// gpus reads docker's --gpus: all, a number, or "device=0,1".
func (p *parser) gpus(value string) {
	value = strings.Trim(value, `"'`)
	list, ok := strings.CutPrefix(value, "device=")
	switch {
	case value == "all":
	case ok:
		p.devices("--gpus", list)
	case isCount(value):
		p.read("--gpus", "devices", value, "")
	}
}
