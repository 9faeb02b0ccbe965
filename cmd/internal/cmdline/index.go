package cmdline

import (
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/profiles"
	"github.com/plimsoll/plimsoll/profiles/names"
)

// Arities of flags.
const (
	noValue    = "switch"
	oneValue   = "one"
	maybeValue = "maybe"
	manyValues = "many"
)

// entry is what is known of one flag: a setting, or a group that shares a fate.
type entry struct {
	flag     *profiles.CommandFlag
	group    *profiles.CommandGroup
	noEffect bool
	arity    string
}

// index finds the entries of one program's flags, and the engine's variables,
// configuration keys and parameters, by their names.
type index struct {
	table                  *profiles.CommandTable
	flags, env, keys, pars map[string]entry
	spellings              []string // of flags, in the order of the data
}

func newIndex(t *profiles.CommandTable, program string) *index {
	x := &index{table: t, flags: map[string]entry{}, env: map[string]entry{}, keys: map[string]entry{}, pars: map[string]entry{}}
	// What is said of one program comes last and stands.
	for _, own := range [2]bool{false, true} {
		for _, list := range []struct {
			groups   []profiles.CommandGroup
			noEffect bool
		}{{t.NotModelled, false}, {t.NoEffect, true}} {
			for i := range list.groups {
				if g := &list.groups[i]; concerns(g.Programs, program, own) {
					x.group(g, list.noEffect)
				}
			}
		}
		for i := range t.Flags {
			f := &t.Flags[i]
			if !concerns(f.Programs, program, own) {
				continue
			}
			arity := f.Arity
			if arity == "" {
				arity = oneValue
			}
			e := entry{flag: f, arity: arity}
			for _, s := range f.Flags {
				x.add(s, e)
			}
			put(x.env, f.Env, e)
			put(x.keys, f.Keys, e)
			put(x.pars, f.Parameters, e)
		}
	}
	return x
}

// concerns says whether an entry is of all programs (own false) or of this
// one in particular.
func concerns(programs []string, program string, own bool) bool {
	if len(programs) == 0 {
		return !own
	}
	return own && slices.Contains(programs, program)
}

func (x *index) group(g *profiles.CommandGroup, noEffect bool) {
	for _, l := range []struct {
		names []string
		arity string
	}{{g.Switches, noValue}, {g.Values, oneValue}, {g.Maybe, maybeValue}, {g.Lists, manyValues}} {
		for _, n := range l.names {
			x.add(n, entry{group: g, noEffect: noEffect, arity: l.arity})
		}
	}
	e := entry{group: g, noEffect: noEffect, arity: oneValue}
	put(x.env, g.Env, e)
	put(x.keys, g.Keys, e)
	put(x.pars, g.Parameters, e)
}

func (x *index) add(name string, e entry) {
	name = spelling(name)
	if _, known := x.flags[name]; !known {
		x.spellings = append(x.spellings, name)
	}
	x.flags[name] = e
}

func put(m map[string]entry, names []string, e entry) {
	for _, n := range names {
		m[n] = e
	}
}

// spelling writes a long flag with dashes, as all the parsers read them, and
// without what follows a dot ("--hf-overrides.rope" sets a part of a value).
func spelling(name string) string {
	if strings.HasPrefix(name, "--") {
		if i := strings.IndexByte(name, '.'); i > 2 && !strings.ContainsAny(name[i+1:], "0123456789") {
			name = name[:i]
		}
		return strings.ReplaceAll(name, "_", "-")
	}
	return name
}

// find looks a flag up; off says that it is written as its own negation.
func (x *index) find(name string) (e entry, off, ok bool) {
	name = spelling(name)
	if e, ok := x.flags[name]; ok {
		return e, false, true
	}
	if x.table.Negations {
		for _, n := range [][2]string{{"--no-", "--"}, {"--disable-", "--enable-"}, {"--enable-", "--disable-"}, {"--no-", "--enable-"}} {
			if rest, cut := strings.CutPrefix(name, n[0]); cut {
				if e, ok := x.flags[n[1]+rest]; ok && e.arity != oneValue && e.arity != manyValues {
					return e, true, true
				}
			}
		}
	}
	if x.table.Abbreviations && strings.HasPrefix(name, "--") && len(name) > 4 {
		var found []entry
		for _, s := range x.spellings {
			if strings.HasPrefix(s, name) {
				found = append(found, x.flags[s])
			}
		}
		if len(found) == 1 {
			return found[0], false, true
		}
	}
	return entry{}, false, false
}

// key finds a configuration key, by itself, by one that it lies under, or as
// the flag of that name.
func (x *index) key(key string) (entry, bool) {
	for k := key; k != ""; {
		if e, ok := x.keys[k]; ok && (k == key || e.group != nil) {
			return e, true
		}
		i := strings.LastIndexByte(k, '.')
		if i < 0 {
			break
		}
		k = k[:i]
	}
	if e, _, ok := x.find("--" + key); ok {
		return e, true
	}
	return entry{}, false
}

// maxUnknown bounds the length of a name that is worth a suggestion.
const maxUnknown = 60

// nearest proposes what an unknown flag may have meant; "" for nothing near.
func (x *index) nearest(name string) string {
	if len(name) > maxUnknown {
		return ""
	}
	entries := make([]names.Entry, len(x.spellings))
	for i, s := range x.spellings {
		entries[i].ID = s
	}
	_, err := names.New("flag", entries).Resolve(name)
	if miss, ok := err.(*names.Miss); ok && len(miss.Suggestions) > 0 {
		return miss.Suggestions[0]
	}
	return ""
}
