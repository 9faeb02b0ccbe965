package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/plimsoll/plimsoll/cmd/internal/cmdline"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/render"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
)

// commandOptions say where a scenario is read from a command line, and how it
// is written as one.
type commandOptions struct {
	text      string
	modelfile string
	emit      string
	read      *cmdline.Command // what was read, now or for a saved check
}

func (c *commandOptions) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&c.text, "from-command", "", "take the inputs from an engine's command line, as \"llama-server -m x.gguf -ngl 99\" (- for stdin)")
	fs.StringVar(&c.modelfile, "from-modelfile", "", "take the inputs from an ollama Modelfile")
	fs.StringVar(&c.emit, "emit", "", "write the deployment instead of the report: command, compose or k8s")
}

// given says whether the inputs come from a command line, which may name the model.
func (c *commandOptions) given() bool { return c.text != "" || c.modelfile != "" }

// check verifies what can be said before anything is estimated.
func (c *commandOptions) check(o *checkOptions, fs *pflag.FlagSet) error {
	switch {
	case c.text != "" && c.modelfile != "" || c.given() && o.from != "":
		return problem.Wrong(problem.Contradiction, "the inputs are given twice", "--from, --from-command or --from-modelfile", "give one of them")
	case c.emit == "":
		return nil
	case o.exitZero:
		return problem.Wrong(problem.Contradiction, "what does not fit is not emitted, and exit-zero would hide that", "--emit", "leave out one of them")
	case fs.Changed("output"):
		return problem.Wrong(problem.Contradiction, "emit writes a deployment in place of the report", "--emit and --output", "leave out one of them")
	}
	return oneOf("emit", c.emit, cmdline.FormCommand, cmdline.FormCompose, cmdline.FormKubernetes)
}

// fill reads the command into the scenario. What stands beside it, in flags
// and as MODEL, is applied after it, and already tells its date and model.
func (a *app) fill(c *commandOptions, s *scenario.Scenario, flags *scenarioFlags, given string) error {
	var beside scenario.Scenario
	if err := flags.one(&beside); err != nil {
		return err
	}
	resolver := scenario.NewResolver(scenario.NewStore(a.Facts))
	o := cmdline.Options{Model: resolver.Model, Exists: exists, ReadFile: readSmall, Getenv: a.Getenv, Given: given, Date: beside.EngineDate}
	if given == "" {
		o.Given = beside.Model
	}
	name, date, dated := strings.Cut(beside.Engine, "@")
	if dated {
		o.Date = date
	}
	var err error
	if c.read, err = a.readCommand(c, o); err != nil {
		return err
	}
	if name != "" {
		e, err := a.Facts.Engine(name)
		if err != nil {
			return problem.From(problem.UnknownEngine, err)
		}
		if e.ID != c.read.Engine && e.Extends != c.read.Engine {
			return problem.Wrong(problem.Contradiction, "the command is one of "+c.read.Engine+", and the engine given is "+e.ID, "--engine", "leave it out")
		}
	}
	if err := c.read.Apply(s); err != nil {
		return err
	}
	if o.Given != "" {
		return nil
	}
	switch where := c.flag(); {
	case c.read.Unresolved != "":
		return problem.Wrong(problem.UnknownModel, fmt.Sprintf("the command's model %.200q is neither a file here nor in the catalogue", c.read.Unresolved), where,
			"give MODEL beside it: a catalogue id, a file, or a size such as 8B")
	case s.Model == "":
		return problem.Wrong(problem.UnknownModel, "the command names no model", where, "give MODEL beside it: a catalogue id, a file, or a size such as 8B")
	}
	return nil
}

func (c *commandOptions) flag() string {
	if c.modelfile != "" {
		return "--from-modelfile"
	}
	return "--from-command"
}

func (a *app) readCommand(c *commandOptions, o cmdline.Options) (*cmdline.Command, error) {
	if c.modelfile != "" {
		data, err := readSmall(c.modelfile)
		if err != nil {
			return nil, problem.Wrong(problem.BadFile, "cannot read the Modelfile", fmt.Sprintf("--from-modelfile %.200s", c.modelfile), "check the path")
		}
		return cmdline.Modelfile(data, filepath.Dir(c.modelfile), o)
	}
	text := c.text
	if text == "-" {
		data, err := io.ReadAll(io.LimitReader(a.Stdin, maxCommand+1))
		if err != nil {
			return nil, problem.Wrong(problem.BadFile, "cannot read the command", "--from-command -", "give it on stdin")
		}
		text = string(data)
	}
	return cmdline.Parse(text, o)
}

// override applies the flags beside the command, and notes which of its
// settings they change.
func (c *commandOptions) override(s *scenario.Scenario, apply func() error) error {
	if c.read == nil {
		return apply()
	}
	before := *s
	if err := apply(); err != nil {
		return err
	}
	if s.KVType != before.KVType && s.KVTypeK == before.KVTypeK && s.KVTypeV == before.KVTypeV {
		s.KVTypeK, s.KVTypeV = "", "" // one type beside the command stands for both of its
	}
	c.read.Override(&before, s)
	return nil
}

// maxCommand bounds a command line, or a file that one names.
const maxCommand = 256 << 10

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

var errNotSmall = errors.New("not a small file")

// readSmall reads a regular file that a command line names.
func readSmall(path string) ([]byte, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() || st.Size() > maxCommand {
		return nil, errNotSmall
	}
	return os.ReadFile(path)
}

// emit writes the deployment, or says why there is none.
func (a *app) emit(_ context.Context, o *checkOptions, doc *report.Check, p *scenario.Prepared, r *estimator.Result) error {
	if checkExit(doc, o.failOn) != problem.ExitYes {
		why := doc.Result.Reason
		if r.Verdict != estimator.DoesNotFit {
			why = "a requirement or an objective is not met"
		}
		return &problem.Error{Exit: problem.ExitNo, Code: problem.NotEmitted, Message: "nothing is emitted", Where: why,
			Hint: "plimsoll check without --emit says what would help"}
	}
	if doc.Result.Pools != nil {
		return problem.Wrong(problem.Contradiction, "the nodes differ: each pool is a deployment of its own", "--emit", "name the nodes of one pool")
	}
	e := &cmdline.Estimated{Prepared: p, Result: r, Command: o.command.read, Comments: render.Comments(doc)}
	if entries, err := a.Facts.Models(); err == nil {
		for i := range entries {
			if entries[i].ID == p.Request.Model.Arch.ID {
				e.Aliases = slices.Clone(entries[i].Aliases)
			}
		}
	}
	text, err := cmdline.Write(o.command.emit, e)
	if err != nil {
		return err
	}
	return a.writeReport(&o.output, func(w io.Writer, _ render.Style, _ int) error {
		_, err := io.WriteString(w, text)
		return err
	})
}
