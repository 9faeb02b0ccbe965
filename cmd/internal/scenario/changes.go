package scenario

import (
	"context"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/whatif"
	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/hardware"
)

// maxSet bounds the changes of one scenario.
const maxSet = 64

// changes reads Set. Changes of the scenario's own numbers are made at once
// and leave Set, which keeps those of hardware and model: what is resolved
// gives the same answer when it is asked again.
func (s *Scenario) changes() ([]whatif.Change, error) {
	if len(s.Set) == 0 {
		return nil, nil
	}
	if len(s.Set) > maxSet {
		return nil, wrong("more than 64 changes", "set", "make fewer at once")
	}
	var out []whatif.Change
	var kept []string
	for _, text := range s.Set {
		c, err := whatif.Parse(text)
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(c.Path, whatif.HardwarePrefix) || strings.HasPrefix(c.Path, whatif.ModelPrefix) {
			out, kept = append(out, c), append(kept, c.Text)
			continue
		}
		if err := s.change(&c); err != nil {
			return nil, err
		}
	}
	s.Set = kept
	return out, s.Check()
}

// change makes a change of one of the scenario's own numbers.
func (s *Scenario) change(c *whatif.Change) error {
	switch v := s.field([]byte(c.Path)).(type) {
	case *int:
		old := max(*v, 0)
		if c.Path == "context" && old == 0 {
			old = DefaultContext // what is assumed where none is given
		}
		n, err := c.Of(float64(old), c.Path, "the scenario", MaxCount)
		if err != nil {
			return err
		}
		*v = int(math.Round(n))
		s.given(c.Path)
	case *float64:
		n, err := c.Of(*v, c.Path, "the scenario", 0)
		if err != nil {
			return err
		}
		*v = n
	default:
		return problem.Wrong(problem.BadValue, "nothing that can be set is named "+quoted(c.Path), "--set "+c.Text,
			"use hardware.…, as in hardware.bandwidth_gb_s, model.…, as in model.layers, or one of "+strings.Join(numericFields(), ", "))
	}
	return nil
}

// given notes that a number was not assumed.
func (s *Scenario) given(field string) {
	switch field {
	case "context":
		s.ContextAssumed = false
	case "input_tokens":
		s.PromptAssumed = false
	}
}

// numericFields lists the scenario's numbers.
func numericFields() []string {
	var out []string
	v := reflect.ValueOf(Scenario{})
	for i, name := range FieldNames() {
		if k := v.Field(i).Kind(); k == reflect.Int || k == reflect.Float64 {
			out = append(out, name)
		}
	}
	return out
}

// changed remembers changed models and machines: the estimator's cache goes by
// their identity.
type changed struct {
	models   cache[changedModel, modelNotes]
	machines cache[changedMachine, machineNotes]
}

type changedModel struct {
	model *model.Model
	set   string
}

type changedMachine struct {
	machine *hardware.Machine
	set     string
}

type modelNotes struct {
	model *model.Model
	notes []string
}

type machineNotes struct {
	machine *hardware.Machine
	notes   []string
}

func newChanged() changed {
	return changed{models: newCache[changedModel, modelNotes](64), machines: newCache[changedMachine, machineNotes](512)}
}

// apply changes a model and a machine, and says so among the assumptions.
func (r *changed) apply(m *model.Model, machine *hardware.Machine, changes []whatif.Change, p *Prepared) (*model.Model, *hardware.Machine, error) {
	set := strings.Join(p.Inputs.Set, "\n")
	of, ok := r.models.get(changedModel{m, set})
	if !ok {
		var err error
		if of.model, of.notes, err = whatif.Model(m, changes); err != nil {
			return nil, nil, problem.From(problem.BadValue, err)
		}
		r.models.put(changedModel{m, set}, of)
	}
	on, err := r.on(machine, changes, set)
	if err != nil {
		return nil, nil, err
	}
	p.Assumptions = append(p.Assumptions, slices.Concat(on.notes, of.notes)...)
	return of.model, on.machine, nil
}

// on changes a machine.
func (r *changed) on(machine *hardware.Machine, changes []whatif.Change, set string) (machineNotes, error) {
	on, ok := r.machines.get(changedMachine{machine, set})
	if !ok {
		var err error
		if on.machine, on.notes, err = whatif.Machine(machine, changes); err != nil {
			return on, err
		}
		r.machines.put(changedMachine{machine, set}, on)
	}
	return on, nil
}

// Machine finds the hardware that a scenario names.
func (r *Resolver) Machine(ctx context.Context, s *Scenario) (*hardware.Machine, error) {
	in := *s
	if in.On == "" {
		in.On = "local"
	}
	return r.machine(ctx, &in, new(Prepared))
}

// LocalEngine is the engine taken where none is named and nobody is served.
const LocalEngine = localEngine
