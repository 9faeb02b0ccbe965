package cmdline

import (
	"fmt"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
)

// Command is what a command line says: the settings that it makes, those that
// the engine makes by itself where nothing is said, and the rest. Values of
// flags that are not read are not kept: they may be secrets.
type Command struct {
	Engine  string    `json:"engine"`
	Program string    `json:"program"`
	Read    []Setting `json:"read"`
	// Defaults are the engine's own, where ours would be others.
	Defaults    []Setting `json:"defaults"`
	NotModelled []Left    `json:"not_modelled"`
	NoEffect    []string  `json:"no_effect"` // flags that change nothing that is estimated

	// Unresolved is a model that is neither a file here nor in the catalogue.
	Unresolved string `json:"-"`
	// Repository is the model as the command names it, for commands that are
	// written back.
	Repository string `json:"-"`
}

// Setting is one field of a scenario and where it comes from.
type Setting struct {
	Flag  string `json:"flag"`
	Field string `json:"field"`
	Value string `json:"value"`
	Note  string `json:"note,omitempty"`
	// Overridden by a flag of plimsoll beside the command.
	Overridden bool `json:"overridden,omitempty"`
}

// Left is a flag that the estimate does not follow, and why.
type Left struct {
	Flag   string `json:"flag"`
	Reason string `json:"reason"`
}

// Apply sets the fields of a scenario.
func (c *Command) Apply(s *scenario.Scenario) error {
	s.Engine = c.Engine
	for _, list := range [2][]Setting{c.Defaults, c.Read} {
		for i := range list {
			if err := s.Put(list[i].Field, list[i].Value); err != nil {
				return problem.Wrong(problem.BadValue, err.Error(), list[i].Flag, "correct the command line")
			}
		}
	}
	return nil
}

// Override marks the settings whose fields differ between the two scenarios.
func (c *Command) Override(before, after *scenario.Scenario) {
	for _, list := range [2][]Setting{c.Defaults, c.Read} {
		for i := range list {
			if f := list[i].Field; before.Text(f) != after.Text(f) {
				list[i].Overridden = true
			}
		}
	}
}

// wrong reports a command line that cannot be read (exit code 2).
func wrong(what, where, remedy string) error {
	return problem.Wrong(problem.BadValue, what, where, remedy)
}

func badValue(flag, value, want string) error {
	return wrong(fmt.Sprintf("%s %.60q is not %s", flag, value, want), "the command line", "correct the command line, or leave the flag out")
}
