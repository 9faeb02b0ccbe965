package profiles

import (
	"math"
	"path"
	"slices"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/ranking"
)

func TestUsesAreOfModels(t *testing.T) {
	uses, err := Uses()
	if err != nil {
		t.Fatal(err)
	}
	models, err := Models()
	if err != nil {
		t.Fatal(err)
	}
	// Every pattern is of some model, for which no earlier one speaks.
	matched := map[string]bool{}
	for i := range models {
		for _, r := range uses.Models {
			if slices.ContainsFunc(r.Match, func(p string) bool {
				ok, _ := path.Match(p, models[i].ID)
				if ok {
					matched[p] = true
				}
				return ok
			}) {
				break
			}
		}
	}
	for _, r := range uses.Models {
		if r.Why == "" {
			t.Errorf("%v: no reason", r.Match)
		}
		for _, p := range r.Match {
			if !matched[p] {
				t.Errorf("%s matches no model that an earlier line leaves", p)
			}
		}
	}
	byID := map[string]*ModelEntry{}
	for i := range models {
		byID[models[i].ID] = &models[i]
	}
	for id, want := range map[string]string{
		"llama-3.1-8b": "chat", "qwen3-8b": "reasoning", "qwen2.5-coder-7b": "code", "bge-m3": "embedding",
		"qwen3-embedding-8b": "embedding", "gemma-3-27b": "vision", "deepseek-r1": "reasoning", "deepseek-ocr": "ocr", "gemma-4-e4b": "chat",
	} {
		if got, _ := uses.Of(byID[id]); !slices.Contains(got, want) {
			t.Errorf("%s is for %v, not for %s", id, got, want)
		}
	}
	for _, id := range []string{"gpt3-175b", "pythia-12b", "llada2.1-flash", "qwen3.8-2.4t-a95b", "bge-reranker-large"} {
		if got, why := uses.Of(byID[id]); len(got) > 0 || why == "" {
			t.Errorf("%s is for %v, because %q", id, got, why)
		}
	}
	for _, u := range uses.Uses {
		if u.Words == "" || u.Context < u.InputTokens+u.OutputTokens || u.Assumed == "" {
			t.Errorf("use %s: %+v", u.ID, u)
		}
	}
}

func TestRankingIsCited(t *testing.T) {
	r, err := Ranking()
	if err != nil {
		t.Fatal(err)
	}
	f := &r.Format
	for _, c := range []ranking.Cited{r.Size, r.Generation.Cited, f.Cited, r.Servers.Cited} {
		if c.About == "" || c.Source == "" {
			t.Errorf("%+v has no source", c)
		}
	}
	if r.Speed.Assumed == "" || f.Unit.Source == "" || f.Native.Source == "" {
		t.Error("a weight has no source and is not assumed")
	}
	for _, o := range f.Others {
		if o.Source == "" {
			t.Errorf("%s has no source", o.Name)
		}
	}
	// A doubling of LLaMA's size lowers ln(perplexity) by ln(5.9066/5.2543) / log2(13.02/6.74) = 0.1232.
	unit := math.Log(f.Unit.SmallPerplexity/f.Unit.LargePerplexity) / math.Log2(f.Unit.LargeParams/f.Unit.SmallParams)
	if math.Abs(unit-0.1232) > 1e-4 {
		t.Errorf("a doubling is worth %.4f", unit)
	}
	table, err := Formats()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range slices.Concat(f.Measured, f.Others) {
		names = append(names, m.Name)
	}
	for _, l := range f.Like {
		names = append(names, l.Names...)
		if l.Assumed == "" {
			t.Errorf("%v: that they are alike is assumed, and it does not say so", l.Names)
		}
	}
	for _, n := range names {
		if got, err := table.Canonical(n); err != nil || got != n {
			t.Errorf("%s is %q in the table of formats, %v", n, got, err)
		}
	}
	if _, err := Engine(r.Servers.Engine); err != nil {
		t.Error(err)
	}
}
