package recommend

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/ranking"
	"github.com/plimsoll/plimsoll/profiles"
)

// Candidate is a model that is for a use.
type Candidate struct {
	Entry *profiles.ModelEntry
	// Same are other models of the same shape: they take the same memory and
	// run at the same speed.
	Same []string
}

// Classes are the catalogue's classes, and names for several of them.
var Classes = map[string][]string{
	"llm": {"llm"}, "dense": {"llm"}, "moe": {"moe"}, "multimodal": {"multimodal"}, "embedding": {"embedding"},
	"language": {"llm", "moe", "multimodal"},
}

// shape tells models apart that differ in memory or speed.
type shape struct {
	arch   string
	layers int
	params int64
	id     string // of a model whose size is not known
}

// Candidates lists the catalogue's models for a use, of a class where one is
// named, with a context at least as long as asked. Of several with the same
// shape it takes the newest that their first maker published; the others come
// with it. short is how many were left out for their context.
func (a *Advisor) Candidates(use, class string, context int) (out []Candidate, short int) {
	at := map[shape]int{}
	var groups [][]*profiles.ModelEntry
	for i := range a.models {
		m := &a.models[i]
		of, _ := a.uses.Of(m)
		if !slices.Contains(of, use) || class != "" && !slices.Contains(Classes[class], m.Class) {
			continue
		}
		if m.MaxContext > 0 && m.MaxContext < context {
			short++
			continue
		}
		key := shape{arch: m.Arch, layers: m.Layers, params: m.ParamsTotal}
		if m.ParamsTotal == 0 {
			key.id = m.ID
		}
		g, ok := at[key]
		if !ok {
			g = len(groups)
			at[key], groups = g, append(groups, nil)
		}
		groups[g] = append(groups[g], m)
	}
	for _, g := range groups {
		out = append(out, a.candidate(g))
	}
	return out, short
}

// candidate chooses which of a group stands for it.
func (a *Advisor) candidate(group []*profiles.ModelEntry) Candidate {
	// Newest first; of the same month the later in the catalogue.
	slices.Reverse(group)
	slices.SortStableFunc(group, func(x, y *profiles.ModelEntry) int {
		return cmp.Compare(a.ranker.Month(y.ID), a.ranker.Month(x.ID))
	})
	first := maker(group[len(group)-1])
	for _, m := range group { // whose month is known: else it may be later than it counts
		if _, month := ranking.YearMonth(m.Released); month > 0 {
			first = maker(m)
		}
	}
	chosen := slices.IndexFunc(group, func(m *profiles.ModelEntry) bool { return maker(m) == first })
	c := Candidate{Entry: group[chosen]}
	for i, m := range group {
		if i != chosen {
			c.Same = append(c.Same, m.ID)
		}
	}
	return c
}

// maker is who published a model.
func maker(m *profiles.ModelEntry) string {
	owner, _, _ := strings.Cut(m.HFRepo, "/")
	return strings.ToLower(owner)
}

// Named keeps the candidates that a list of ids, aliases and patterns names.
func Named(candidates []Candidate, names []string) ([]Candidate, error) {
	if len(names) == 0 {
		return candidates, nil
	}
	var out []Candidate
	for i := range candidates {
		c := &candidates[i]
		if slices.ContainsFunc(names, func(n string) bool { return named(c.Entry, n) || slices.Contains(c.Same, strings.ToLower(n)) }) {
			out = append(out, *c)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no model for this use is named %s", strings.Join(names, ", "))
	}
	return out, nil
}

// named says whether a name or a part of a family's is that of a model.
func named(m *profiles.ModelEntry, name string) bool {
	name = strings.ToLower(strings.TrimSpace(name))
	return name == m.ID || name == m.Family || slices.ContainsFunc(m.Aliases, func(a string) bool { return strings.EqualFold(a, name) }) ||
		len(name) > 2 && strings.HasPrefix(m.ID, name)
}
