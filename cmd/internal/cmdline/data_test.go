package cmdline_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/profiles"
)

// TestTables holds the data of profiles/cmdline to what the code reads of it.
func TestTables(t *testing.T) {
	shell, err := profiles.Shell()
	if err != nil {
		t.Fatal(err)
	}
	ids, err := profiles.CommandEngines()
	if err != nil || len(ids) < 5 {
		t.Fatalf("%v, %v", ids, err)
	}
	programs := map[string]string{}
	for _, p := range shell.Programs {
		programs[p.ID] = p.Engine
		if !slices.Contains(ids, p.Engine) || len(p.Words) == 0 && p.Module == "" {
			t.Errorf("program %s: engine %q, words %v", p.ID, p.Engine, p.Words)
		}
	}
	for _, img := range shell.Images {
		if img.Program != "" && programs[img.Program] != img.Engine {
			t.Errorf("image %s runs %q, which is not of %s", img.Name, img.Program, img.Engine)
		}
	}
	for first, id := range shell.Entries {
		if programs[id] == "" {
			t.Errorf("%s runs %q, which is no program", first, id)
		}
	}
	for _, id := range ids {
		tb, err := profiles.CommandLines(id)
		if err != nil || tb == nil || tb.Engine != id || len(tb.Source) == 0 {
			t.Errorf("%s: %+v, %v", id, tb, err)
			continue
		}
		if _, err := profiles.Engine(id); err != nil {
			t.Error(err)
		}
		checkFlags(t, id, tb, programs)
		checkRules(t, id, tb, programs)
	}
}

var types = []string{"", "text", "count", "human", "number", "bool", "not", "devices", "shares", "experts", "file", "hub", "tag", "config", "modelfile"}

func checkFlags(t *testing.T, id string, tb *profiles.CommandTable, programs map[string]string) {
	s := scenario.New()
	known := func(where, field, value string) {
		if strings.HasPrefix(field, ".") || field == "model" && value != "" {
			return
		}
		if !slices.Contains(scenario.FieldNames(), field) {
			t.Errorf("%s: %s: a scenario has no field %q", id, where, field)
		}
		if value != "" {
			if err := s.Put(field, value); err != nil {
				t.Errorf("%s: %s: %v", id, where, err)
			}
		}
	}
	seen := map[string]bool{}
	once := func(spelling string, of []string) {
		for _, p := range append(slices.Clone(of), "all")[:max(len(of), 1)] {
			if key := p + " " + spelling; seen[key] {
				t.Errorf("%s: %s is told twice of %s", id, spelling, p)
			} else {
				seen[key] = true
			}
		}
		for _, p := range of {
			if programs[p] != id && p != "trtllm-eval" && p != "llama-run" {
				t.Errorf("%s: %s: %q is no program of it", id, spelling, p)
			}
		}
	}
	for _, f := range tb.Flags {
		where := strings.Join(append(append(slices.Clone(f.Flags), f.Env...), f.Parameters...), " ")
		if !slices.Contains(types, f.Type) || !slices.Contains([]string{"", "switch", "one", "maybe", "many"}, f.Arity) {
			t.Errorf("%s: %s: type %q, arity %q", id, where, f.Type, f.Arity)
		}
		for _, spelling := range f.Flags {
			once(spelling, f.Programs)
		}
		if f.Field != "" {
			known(where, f.Field, "")
		}
		for _, a := range f.Also {
			known(where, a, "")
		}
		for field, v := range f.Set {
			known(where, field, v)
		}
		for value, set := range f.Values {
			if set == nil && f.Other == "" {
				t.Errorf("%s: %s %s is not modelled, without a reason", id, where, value)
			}
			for field, v := range set {
				known(where+" "+value, field, v)
			}
		}
		for v := range f.Emit {
			known(where, f.Field, v)
		}
	}
	for _, list := range [][]profiles.CommandGroup{tb.NotModelled, tb.NoEffect} {
		for _, g := range list {
			if g.Why == "" {
				t.Errorf("%s: %v without a reason", id, g)
			}
			for _, names := range [][]string{g.Switches, g.Values, g.Maybe, g.Lists} {
				for _, n := range names {
					once(n, g.Programs)
				}
			}
		}
	}
}

func checkRules(t *testing.T, id string, tb *profiles.CommandTable, programs map[string]string) {
	for _, d := range tb.Defaults {
		if d.Source == "" || !slices.Contains(scenario.FieldNames(), d.Field) {
			t.Errorf("%s: default of %q from %q", id, d.Field, d.Source)
		}
		for _, p := range d.Programs {
			if programs[p] != id {
				t.Errorf("%s: default of %s: %q is no program of it", id, d.Field, p)
			}
		}
	}
	for i := 1; i < len(tb.Releases); i++ {
		if tb.Releases[i-1].Month > tb.Releases[i].Month {
			t.Errorf("%s: release %s comes before an older one", id, tb.Releases[i-1].Version)
		}
	}
	if tb.Serve != nil {
		if programs[tb.Serve.Program] != id || tb.Serve.Port == 0 || tb.Serve.Cache == "" || len(tb.Serve.Images) == 0 {
			t.Errorf("%s: serve %+v", id, tb.Serve)
		}
		e, err := profiles.Engine(id)
		if err != nil {
			t.Fatal(err)
		}
		for backend := range tb.Serve.Images {
			if e.Backend(backend) == nil {
				t.Errorf("%s: an image for %q, which the engine has not", id, backend)
			}
		}
	}
}
