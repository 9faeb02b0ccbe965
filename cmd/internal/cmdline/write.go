package cmdline

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles"
)

// Forms that a deployment can be written in.
const (
	FormCommand    = "command"
	FormCompose    = "compose"
	FormKubernetes = "k8s"
)

// Estimated is an estimate to be written as a deployment.
type Estimated struct {
	Prepared *scenario.Prepared
	Result   *estimator.Result
	// Command is what the inputs were read from; nil where they were not.
	Command *Command
	// Aliases are other names of the model, among them ollama's tags.
	Aliases []string
	// Comments stand at the top.
	Comments []string
}

// Write writes the deployment in one of the forms.
func Write(form string, e *Estimated) (string, error) {
	p := e.Prepared
	s := Deployed(p, e.Result)
	t, err := profiles.CommandLines(s.Engine)
	if err != nil {
		return "", problem.Failed(err.Error())
	}
	weights := ""
	if t != nil && t.Serve != nil {
		weights = t.Serve.Weights
	}
	name, note := e.weights(&s, t, weights)
	line, err := Emit(&s, name)
	if err != nil {
		return "", err
	}
	r := e.resources(&s)
	r.WeightsNote = note
	var text string
	switch form {
	case FormCompose:
		text, err = line.Compose(r)
	case FormKubernetes:
		text, err = line.Kubernetes(r)
	default:
		comments := e.Comments
		if note != "" {
			comments = append(slices.Clip(comments), note)
		}
		if r.MultiNode > 1 {
			comments = append(slices.Clip(comments), fmt.Sprintf("it spans %d computers: start it as the engine's documentation says for several", r.MultiNode))
		}
		if text, err = line.Shell(); err != nil {
			return "", err
		}
		return commented(comments) + text, nil
	}
	if err != nil {
		return "", err
	}
	return commented(e.Comments) + text, nil
}

func commented(lines []string) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString("# " + problem.OneLine(l) + "\n")
	}
	return b.String()
}

// libraryTag is a name of ollama's library with its size.
var libraryTag = lazy(`^[a-z0-9][a-z0-9._-]*:[a-z0-9._-]+$`)

// weights settles what the engine calls the model and takes the weight format
// from the settings where the name says it; note is what the reader must see
// to.
func (e *Estimated) weights(s *scenario.Scenario, t *profiles.CommandTable, kind string) (name, note string) {
	m := e.Prepared.Request.Model
	if in := e.Prepared.Inputs.Model; m.FromFile || looksLikePath(in) {
		return in, ""
	}
	own := e.Command != nil && e.Command.Repository != "" && e.Command.Engine == s.Engine &&
		!slices.ContainsFunc(e.Command.Read, func(s Setting) bool { return s.Overridden && (s.Field == "model" || s.Field == "quant") })
	if own {
		s.Quant = ""
		return e.Command.Repository, ""
	}
	quant := s.Quant
	switch kind {
	case kindFile:
		s.Quant = ""
		return m.Arch.ID + "-" + e.Prepared.Request.Weights.Format + ".gguf", ""
	case "pull":
		s.Quant = ""
		name = m.Arch.ID
		if i := slices.IndexFunc(e.Aliases, libraryTag().MatchString); i >= 0 {
			name = e.Aliases[i]
		}
		if f := e.Prepared.Request.Engine.DefaultFormat; quant != "" && quant != f {
			note = "the model must be in " + quant + ": name a tag that says so"
		}
		return name, note
	}
	if name = m.Arch.HFRepo; name == "" {
		name = m.Arch.ID
	}
	if quant != "" && (t == nil || t.Serve == nil || !slices.Contains(t.Serve.OnLoad, quant)) {
		s.Quant = ""
		note = "the weights must be a checkpoint in " + quant + ": put its name in place of " + name
	}
	return name, note
}

// resources gathers what the estimate says of one computer.
func (e *Estimated) resources(s *scenario.Scenario) *Resources {
	p, r := e.Prepared, e.Result
	out := &Resources{Name: modelTitle(p), Backend: r.Deployment.Backend, Devices: r.Settings.Devices, Threads: p.Inputs.Threads,
		Month: p.Inputs.EngineDate, MultiNode: nodesOf(p, r), WeightsGiB: gib(p.Request.Weights.Total)}
	if n := p.Request.Machine.Primary(); n != nil && out.Devices > 0 {
		out.Vendor = strings.ToLower(n.Devices[0].Vendor)
	}
	if p.Request.Model.FromFile {
		out.ModelFile = s.Model
		if full, err := filepath.Abs(s.Model); err == nil {
			out.ModelFile = full
		}
	}
	for i := range r.Ledgers {
		if l := &r.Ledgers[i]; l.Name == "host" {
			out.HostGiB = gib(l.High)
		}
	}
	return out
}

func gib(bytes int64) float64 { return float64(bytes) / float64(hardware.GiB) }

// modelTitle names the model in names of services.
func modelTitle(p *scenario.Prepared) string {
	if id := p.Request.Model.Arch.ID; id != "" {
		return id
	}
	return strings.TrimSuffix(filepath.Base(p.Inputs.Model), filepath.Ext(p.Inputs.Model))
}
