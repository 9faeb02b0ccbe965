package scenario

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/whatif"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles/names"
)

// found is a pipeline that a name stands for.
type found struct {
	model *pipeline.Model
	notes []string
	// stored is the format that a file's main network lies in.
	stored string
	// language is true of a model that is a language model, too: one that
	// embeds may be run by engines of either.
	language bool
}

// other finds the pipeline that the model is; nil for a language model.
func (r *Resolver) other(in *Scenario) (*found, error) {
	f, ok := r.pipes.get(in.Model)
	if !ok {
		var err error
		query := in.Model
		if f, err = r.store.pipes.get(query, func() (*found, error) { return r.findPipeline(query) }); err != nil {
			return nil, err
		}
		r.pipes.put(query, f)
	}
	switch {
	case f == nil:
		return nil, nil
	case f.language && (r.Languages != "" || r.languageEngine(in)):
		return nil, nil
	case r.Languages != "":
		return nil, contradiction(f.model.ID+" is "+ClassWords(f.model.Class)+", and "+r.Languages+" is for language models",
			"use plimsoll check, compare or sweep")
	}
	return f, nil
}

// IsPipeline says whether a scenario is resolved as a pipeline; a model that
// cannot be read is none.
func (r *Resolver) IsPipeline(s *Scenario) bool {
	f, err := r.other(s)
	return err == nil && f != nil
}

// findPipeline looks a model up by file or catalogue name, in that order. The
// catalogue of language models is asked first: most models are there.
func (r *Resolver) findPipeline(query string) (*found, error) {
	facts := r.store.facts.Pipelines()
	if facts == nil {
		return nil, nil
	}
	if _, err := os.Stat(query); err == nil {
		if !facts.IsFile(query) {
			return nil, nil
		}
		m, notes, err := facts.Open(query)
		if err != nil {
			return nil, problem.From(problem.BadFile, err)
		}
		return &found{model: m, notes: notes, stored: storedFormat(m)}, nil
	}
	if isPath(query) {
		return nil, nil
	}
	m, err := r.model(query)
	if err == nil && m.Arch.Class != string(pipeline.Embedding) || !facts.Is(query) {
		return nil, nil
	}
	f := &found{language: err == nil}
	if f.model, err = facts.Pipeline(query); err != nil {
		return nil, problem.From(problem.UnknownModel, err)
	}
	return f, nil
}

// storedFormat is the format of the network that does most of the work.
func storedFormat(m *pipeline.Model) string {
	for _, role := range [...]pipeline.Role{pipeline.Denoiser, pipeline.Encoder, pipeline.LanguageModel, pipeline.Decoder} {
		if c := m.Find(role); c != nil && c.FileFormat != "" {
			return c.FileFormat
		}
	}
	return ""
}

// nearer gives a language model that was not found the names of pipelines,
// where no language model is called alike.
func (r *Resolver) nearer(query string, err error) error {
	var miss *names.Miss
	facts := r.store.facts.Pipelines()
	if facts == nil || !errors.As(err, &miss) || len(miss.Suggestions) > 0 {
		return err
	}
	if _, other := facts.Pipeline(query); errors.As(other, &miss) && len(miss.Suggestions) > 0 {
		return other
	}
	return err
}

// languageEngine says whether the engine that is named runs language models
// only.
func (r *Resolver) languageEngine(in *Scenario) bool {
	name, _, _ := strings.Cut(in.Engine, "@")
	if name == "" || in.EngineAssumed {
		return false
	}
	if e, err := r.store.facts.Pipelines().Engine(name); err == nil && slices.Contains(e.Classes, pipeline.Embedding) {
		return false
	}
	_, err := r.engine(name)
	return err == nil
}

// pipeline fills p for a pipeline.
func (r *Resolver) pipeline(ctx context.Context, in *Scenario, f *found, changes []whatif.Change, p *Prepared) error {
	facts, m := r.store.facts.Pipelines(), f.model
	if err := in.ofClass(m); err != nil {
		return err
	}
	if m.ID != "" && !isPath(in.Model) {
		in.Model = m.ID
	}
	p.Assumptions = append(p.Assumptions, f.notes...)
	machine, err := r.machine(ctx, in, p)
	if err != nil {
		return err
	}
	for i := range changes {
		if strings.HasPrefix(changes[i].Path, whatif.ModelPrefix) {
			return problem.Wrong(problem.BadValue, "facts of language models can be changed, and "+m.ID+" is "+ClassWords(m.Class), "--set "+changes[i].Text,
				"change the machine, as in hardware.bandwidth_gb_s=+10%, or a number of the job, as in steps=20")
		}
	}
	if changes != nil {
		on, err := r.changed.on(machine, changes, strings.Join(in.Set, "\n"))
		if err != nil {
			return err
		}
		machine = on.machine
		p.Assumptions = append(p.Assumptions, on.notes...)
	}
	eng, err := r.pipelineEngine(m, machine, p)
	if err != nil {
		return err
	}
	formats, err := facts.Formats()
	if err != nil {
		return failed("reading the weight formats", err)
	}
	rates, err := facts.Rates()
	if err != nil {
		return failed("reading the rates of pipelines", err)
	}
	host, err := facts.Host()
	if err != nil {
		return failed("reading the rules of hosts", err)
	}
	reserves, err := facts.Reserves()
	if err != nil {
		return failed("reading the reserves of hosts", err)
	}
	in.languageNeutral(m.Class)
	setup, err := in.setup(eng, formats, f.stored, p)
	if err != nil {
		return err
	}
	p.Named = machine
	if machine, err = r.across(machine, setup); err != nil {
		return err
	}
	p.jobAssumed(m)
	p.Request = estimator.Request{Machine: machine,
		Pipeline: &pipeline.Request{Model: m, Job: in.job(m.Class), Machine: machine, Engine: eng, Setup: setup, Formats: formats, Rates: rates, Host: host, Reserves: reserves}}
	return nil
}

// across takes as many nodes as the setup needs: one, or all as one.
func (r *Resolver) across(machine *hardware.Machine, s pipeline.Setup) (*hardware.Machine, error) {
	node, devices := machine.Primary(), machine.Devices()
	n := s.Devices()
	if n > 1 && n > devices {
		return nil, contradiction(fmt.Sprintf("ulysses × ring × cfg_devices × dp asks for %d devices, %s has %d", n, machine.Name, devices),
			"lower one of them, or name more devices (--devices, --on \"8x …\")")
	}
	if n > len(node.Devices) && n > 1 {
		return r.joined(machine)
	}
	return machine, nil
}

// pipelineEngine finds the engine that is named, or the usual one.
func (r *Resolver) pipelineEngine(m *pipeline.Model, machine *hardware.Machine, p *Prepared) (*pipeline.Engine, error) {
	in, facts := &p.Inputs, r.store.facts.Pipelines()
	if in.Engine == "" || in.EngineAssumed {
		e, err := facts.DefaultEngine(m, machine)
		if err != nil {
			return nil, problem.From(problem.UnknownEngine, err)
		}
		in.Engine, in.EngineAssumed = e.ID, true
		p.Assumptions = append(p.Assumptions, "engine not given: "+e.Name+" assumed")
		return e, r.backend(in, e)
	}
	name, err := in.datedEngine()
	if err != nil {
		return nil, err
	}
	e, err := facts.Engine(name)
	if err != nil {
		if language, lerr := r.engine(name); lerr == nil {
			return nil, r.wrongEngine(m, language.Name)
		}
		return nil, problem.From(problem.UnknownEngine, err)
	}
	if !slices.Contains(e.Classes, m.Class) {
		return nil, r.wrongEngine(m, e.Name)
	}
	in.Engine = e.ID
	return e, r.backend(in, e)
}

// datedEngine parts the engine's name from its date.
func (s *Scenario) datedEngine() (string, error) {
	name, date, dated := strings.Cut(s.Engine, "@")
	if !dated {
		return name, nil
	}
	if !isMonth(date) {
		return "", wrong("engine version "+quoted(date)+" is not a date", "engine", "write the month of the build: "+name+"@2026-01")
	}
	if s.EngineDate != "" && s.EngineDate != date {
		return "", contradiction("engine "+quoted(s.Engine)+" and engine_date "+quoted(s.EngineDate)+" disagree", "give the date once")
	}
	s.EngineDate = date
	return name, nil
}

// wrongEngine says which engines run models of the class.
func (r *Resolver) wrongEngine(m *pipeline.Model, name string) error {
	engines, err := r.store.facts.Pipelines().Engines()
	if err != nil {
		return failed("reading the engines", err)
	}
	var have []string
	for _, e := range engines {
		if slices.Contains(e.Classes, m.Class) {
			have = append(have, e.ID)
		}
	}
	return contradiction(name+" does not run "+m.ID+", "+ClassWords(m.Class), "use one of "+strings.Join(have, ", "))
}

// backend checks the backend that is asked for.
func (r *Resolver) backend(in *Scenario, e *pipeline.Engine) error {
	if in.Backend == "" {
		return nil
	}
	var have []string
	for i := range e.Backends {
		if strings.EqualFold(e.Backends[i].ID, in.Backend) {
			in.Backend = e.Backends[i].ID
			return nil
		}
		have = append(have, e.Backends[i].ID)
	}
	return contradiction(e.Name+" has no backend "+quoted(in.Backend), "use one of "+strings.Join(have, ", "))
}
