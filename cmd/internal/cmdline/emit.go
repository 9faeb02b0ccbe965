package cmdline

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/profiles"
)

// Line is a deployment as its engine takes it.
type Line struct {
	Engine string
	Model  string
	// Projector is the file of the encoder beside the model, "" for none.
	Projector string
	Program   []string    // executable and subcommand, or interpreter and module
	Env       [][2]string // names and values, in the order of the data
	Args      [][]string  // one flag with its value each; the model first, where it has no flag
	// Parameters are settings that stand in an ollama Modelfile.
	Parameters [][2]string
	// Left are settings that no flag of this engine makes.
	Left  []Setting
	serve *profiles.CommandServe
	table *profiles.CommandTable
}

// emitted lists the fields of a scenario that describe how a model is run, as
// opposed to where, and what for.
var emitted = []string{"quant", "kv_type", "kv_type_k", "kv_type_v", "split", "tp", "pp", "ep", "dp", "nodes", "gpu_layers", "cpu_moe", "threads",
	"context", "context_rule", "batch_size", "ubatch", "parallel", "flash_attention", "swa_full", "kv_unified", "no_mmap", "no_kv_offload", "mla",
	"gpu_memory_utilization", "max_num_seqs", "max_num_batched_tokens", "mmproj"}

// Emit writes a scenario as the command of its engine; model is what the
// engine calls the model. Reading the command gives the same scenario again, in
// all fields but those of Left. It is an error (exit code 2) where the
// engine's commands are not known.
func Emit(s *scenario.Scenario, model string) (*Line, error) {
	t, err := profiles.CommandLines(s.Engine)
	if err != nil {
		return nil, problem.Failed(err.Error())
	}
	shell, err := profiles.Shell()
	if err != nil {
		return nil, problem.Failed(err.Error())
	}
	if t == nil || t.Serve == nil {
		ids, _ := profiles.CommandEngines()
		return nil, wrong("the command lines of "+s.Engine+" are not known", "--emit", "use one of "+strings.Join(ids, ", "))
	}
	l := &Line{Engine: s.Engine, Model: model, Projector: s.Mmproj, serve: t.Serve, table: t}
	prog := programOf(shell, t.Serve.Program)
	if prog == nil {
		return nil, problem.Failed("no program " + t.Serve.Program)
	}
	l.Program = prog.Words
	if prog.Module != "" {
		l.Program = []string{"python", "-m", prog.Module}
	}
	fields := fieldsOf(s)
	if v, ok := fields["kv_type"]; ok && slices.ContainsFunc(t.Flags, func(f profiles.CommandFlag) bool { return f.Field == "kv_type_k" }) {
		fields["kv_type_k"], fields["kv_type_v"] = v, v
		delete(fields, "kv_type")
	}
	invert(t, fields)
	for _, d := range t.Defaults { // what the engine does anyway is not written
		if len(d.Programs) == 0 && len(d.If) == 0 && d.Since == "" && d.Before == "" && fields[d.Field] == d.Value {
			delete(fields, d.Field)
		}
	}
	for _, field := range emitted {
		if field != "parallel" && field != "split" && neutral(field, fields[field]) {
			delete(fields, field)
		}
	}
	if len(prog.Positional) > 0 && prog.Positional[0] == "model" {
		l.Args = append(l.Args, []string{model})
	} else {
		fields["model"] = model
	}
	for i := range t.Flags {
		if f := &t.Flags[i]; !f.ReadOnly && (len(f.Programs) == 0 || slices.Contains(f.Programs, prog.ID)) {
			l.write(f, fields)
		}
	}
	delete(fields, "model") // programs that are told later which model to load
	for _, field := range emitted {
		if v, ok := fields[field]; ok && !neutral(field, v) {
			l.Left = append(l.Left, Setting{Field: field, Value: v})
		}
	}
	return l, nil
}

func programOf(shell *profiles.ShellTable, id string) *profiles.CommandProgram {
	i := slices.IndexFunc(shell.Programs, func(p profiles.CommandProgram) bool { return p.ID == id })
	if i < 0 {
		return nil
	}
	return &shell.Programs[i]
}

// fieldsOf spells the settings of a scenario; those left to the engine are not
// among them.
func fieldsOf(s *scenario.Scenario) map[string]string {
	fields := map[string]string{}
	for _, f := range emitted {
		if v := s.Text(f); v != "" {
			fields[f] = v
		}
	}
	switch {
	case s.GPULayers == 0:
		fields["gpu_layers"] = "0" // none, not unset
	case s.GPULayers < 0:
		delete(fields, "gpu_layers")
	}
	if s.CPUMoE <= 0 {
		delete(fields, "cpu_moe")
	}
	return fields
}

// invert works back what is derived when a command is read.
func invert(t *profiles.CommandTable, fields map[string]string) {
	for _, r := range slices.Backward(t.Derive) {
		if r.Emit == nil || !met(fields, r.Emit.If) {
			continue
		}
		next := map[string]string{}
		ok := true
		for i := range r.Emit.Set {
			a := &r.Emit.Set[i]
			if a.Clear {
				next[a.Field] = ""
				continue
			}
			var v string
			if v, ok = assigned(fields, a); !ok {
				break
			}
			next[a.Field] = v
		}
		for f, v := range next {
			switch {
			case !ok:
			case v == "":
				delete(fields, f)
			default:
				fields[f] = v
			}
		}
	}
}

// write adds the flag, where the fields ask for it, and takes what it says from
// the fields.
func (l *Line) write(f *profiles.CommandFlag, fields map[string]string) {
	if f.Field == "model" && (f.Type == kindFile || f.Type == kindHub) && l.serve.Weights == kindFile && (f.Type == kindFile) != looksLikePath(l.Model) {
		return // a file has one flag, a repository another
	}
	v, ok := fields[f.Field]
	if f.Field == "" || !ok {
		// A value that stands for another field: "auto" leaves the context to the engine.
		for _, value := range slices.Sorted(maps.Keys(f.Values)) {
			if set := f.Values[value]; len(set) == 1 {
				for field, want := range set {
					if fields[field] == want && field != f.Field {
						l.put(f, value)
						delete(fields, field)
						return
					}
				}
			}
		}
		return
	}
	for _, also := range f.Also {
		if fields[also] != v {
			return
		}
	}
	text := v
	if f.Emit != nil {
		if text, ok = f.Emit[v]; !ok {
			return
		}
	}
	if f.Type == "not" {
		text = map[string]string{"true": "false", "false": "true"}[v]
	}
	delete(fields, f.Field)
	for _, also := range f.Also {
		delete(fields, also)
	}
	if f.Arity == noValue && len(f.Flags) > 0 {
		if text == "true" {
			l.Args = append(l.Args, []string{f.Flags[0]})
		}
		return
	}
	l.put(f, text)
}

func (l *Line) put(f *profiles.CommandFlag, text string) {
	switch {
	case len(f.Flags) > 0:
		l.Args = append(l.Args, []string{f.Flags[0], text})
	case len(f.Env) > 0:
		l.Env = append(l.Env, [2]string{f.Env[0], text})
	case len(f.Parameters) > 0:
		l.Parameters = append(l.Parameters, [2]string{f.Parameters[0], text})
	}
}

// neutral values say nothing that needs a flag.
func neutral(field, v string) bool {
	switch field {
	case "tp", "pp", "dp", "ep", "nodes", "parallel":
		return v == "1"
	case "split":
		return v == "layer"
	}
	return false
}

// Shell writes the command for a POSIX shell, one setting on each line.
func (l *Line) Shell() (string, error) {
	var b strings.Builder
	for _, left := range l.Left {
		fmt.Fprintf(&b, "# no flag for %s %s\n", left.Field, left.Value)
	}
	if l.serve.Weights == "pull" {
		return b.String() + l.ollama(), nil
	}
	var lines []string
	first, err := quoteAll(l.Program)
	if err != nil {
		return "", err
	}
	for _, v := range slices.Backward(l.Env) {
		q, err := quoteAll([]string{v[1]})
		if err != nil {
			return "", err
		}
		first = v[0] + "=" + q + " " + first
	}
	for i, a := range l.Args {
		q, err := quoteAll(a)
		if err != nil {
			return "", err
		}
		if i == 0 && len(a) == 1 && !isFlag(a[0]) {
			first += " " + q
			continue
		}
		lines = append(lines, q)
	}
	b.WriteString(strings.Join(append([]string{first}, lines...), " \\\n  ") + "\n")
	return b.String(), nil
}

func quoteAll(words []string) (string, error) {
	out := make([]string, len(words))
	for i, w := range words {
		q, err := syntax.Quote(w, syntax.LangPOSIX)
		if err != nil {
			return "", wrong("a value cannot be written for a shell: "+err.Error(), "--emit", "rename the model")
		}
		out[i] = q
	}
	return strings.Join(out, " "), nil
}

// ollama writes the server's variables, and the model with its parameters.
func (l *Line) ollama() string {
	var b strings.Builder
	for _, v := range l.Env {
		fmt.Fprintf(&b, "%s=%s ", v[0], v[1])
	}
	b.WriteString("ollama serve &\n")
	if len(l.Parameters) == 0 {
		q, err := quoteAll([]string{l.Model})
		if err != nil {
			q = "MODEL"
		}
		b.WriteString("ollama run " + q + "\n")
		return b.String()
	}
	b.WriteString("ollama create plimsoll -f - <<'EOF'\n" + l.modelfile() + "EOF\n# then: ollama run plimsoll\n")
	return b.String()
}

func (l *Line) modelfile() string {
	var b strings.Builder
	b.WriteString("FROM " + l.Model + "\n")
	for _, p := range l.Parameters {
		fmt.Fprintf(&b, "PARAMETER %s %s\n", p[0], p[1])
	}
	return b.String()
}
