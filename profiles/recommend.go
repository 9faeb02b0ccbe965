package profiles

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"sync"

	"github.com/plimsoll/plimsoll/estimator/ranking"
	"github.com/plimsoll/plimsoll/hardware"
)

//go:embed recommend/*.json
var recommendFiles embed.FS

// RankingRule says how models are ranked without benchmark scores
// (recommend/rule.json, which cites where each number comes from), and what is
// tried of each.
type RankingRule struct {
	About string `json:"about"`
	ranking.Rule
	Servers ServerRule `json:"servers"`
	Ladders LadderRule `json:"ladders"`
}

// ServerRule says which accelerators are taken to serve, and with what.
type ServerRule struct {
	ranking.Cited
	Engine        string   `json:"engine"`
	Sequences     int      `json:"sequences"`
	NVIDIACompute float64  `json:"nvidia_compute"` // at least this
	AMDTargets    []string `json:"amd_targets"`
}

// LadderRule says which formats are tried beside an engine's ladder, and what
// formats need.
type LadderRule struct {
	ranking.Cited
	// Host are formats of GGUF files for machines without accelerators.
	Host struct {
		Formats []string `json:"formats"`
		Source  string   `json:"source"`
	} `json:"host"`
	Needs []FormatNeed `json:"needs"`
}

// FormatNeed is the NVIDIA compute capability from which formats run.
type FormatNeed struct {
	Formats       []string `json:"formats"`
	NVIDIACompute float64  `json:"nvidia_compute"`
	Source        string   `json:"source"`
}

// Use is what somebody wants a model for.
type Use struct {
	ID             string  `json:"id"`
	Words          string  `json:"words"`
	InputTokens    int     `json:"input_tokens"`
	OutputTokens   int     `json:"output_tokens"`
	Context        int     `json:"context"`
	MinDecodeTokS  float64 `json:"min_decode_tok_s,omitempty"`
	ComfortTokS    float64 `json:"comfort_tok_s,omitempty"`
	ComfortPrefill float64 `json:"comfort_prefill_tok_s,omitempty"` // where nothing is generated
	// LeastBillions is the least effective size of a model that is of any use.
	LeastBillions float64 `json:"least_billions,omitempty"`
	Source        string  `json:"source,omitempty"`
	Assumed       string  `json:"assumed,omitempty"`
}

// ModelUses says what models are for (recommend/uses.json).
type ModelUses struct {
	Uses       []Use               `json:"uses"`
	ByClass    map[string][]string `json:"by_class"`
	NotToBeHad []string            `json:"not_to_be_had"` // licences
	Source     string              `json:"source"`
	Models     []struct {
		Match []string `json:"match"`
		Uses  []string `json:"uses"`
		Why   string   `json:"why"`
	} `json:"models"`
}

// Of lists what a model is for, and why where that is not by its class alone.
// A model that nobody can have, or whose shape is not known, is for nothing.
func (u *ModelUses) Of(m *ModelEntry) (uses []string, why string) {
	if slices.Contains(u.NotToBeHad, m.License) {
		return nil, "its weights are not to be had"
	}
	if m.Unusable != "" {
		return nil, m.Unusable
	}
	for i := range u.Models {
		r := &u.Models[i]
		for _, pattern := range r.Match {
			if ok, _ := path.Match(pattern, m.ID); ok { // patterns are checked when they are read
				return r.Uses, r.Why
			}
		}
	}
	return u.ByClass[m.Class], ""
}

// Use finds a use by its id; nil if there is none.
func (u *ModelUses) Use(id string) *Use {
	for i := range u.Uses {
		if u.Uses[i].ID == id {
			return &u.Uses[i]
		}
	}
	return nil
}

// Laptop says whether a machine's accelerator is one of a laptop, of which there
// are not several.
func Laptop(m *hardware.Machine) bool {
	n := m.Primary()
	return n != nil && len(n.Devices) > 0 && hostOf(n) == "laptop"
}

var rankingRule = sync.OnceValues(func() (*RankingRule, error) {
	r := new(RankingRule)
	if err := readRecommend("rule.json", r); err != nil {
		return nil, err
	}
	return r, r.check()
})

var modelUses = sync.OnceValues(func() (*ModelUses, error) {
	u := new(ModelUses)
	if err := readRecommend("uses.json", u); err != nil {
		return nil, err
	}
	return u, u.check()
})

// Ranking returns the rule by which models are ranked, decoded once.
func Ranking() (*RankingRule, error) { return rankingRule() }

// Uses returns what models are for, decoded once.
func Uses() (*ModelUses, error) { return modelUses() }

func readRecommend(name string, to any) error {
	data, err := recommendFiles.ReadFile("recommend/" + name)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return fmt.Errorf("recommend/%s: %w", name, err)
	}
	return nil
}

func (r *RankingRule) check() error {
	f := &r.Format
	switch {
	case !(r.Generation.DoublingMonths > 0):
		return errors.New("recommend/rule.json: generation.doubling_months must be above 0")
	case !(f.Unit.SmallPerplexity > f.Unit.LargePerplexity && f.Unit.LargePerplexity > 1 && f.Unit.LargeParams > f.Unit.SmallParams && f.Unit.SmallParams > 0):
		return errors.New("recommend/rule.json: format.unit wants a larger model with less perplexity")
	case !(f.ReferencePerplexity > 1 && f.ReferenceParams > 0 && f.Native.GammaBits > 0):
		return errors.New("recommend/rule.json: format has no reference")
	case r.Servers.Engine == "" || r.Servers.Sequences < 1:
		return errors.New("recommend/rule.json: servers has no engine or no sequences")
	}
	known := map[string]bool{}
	for _, m := range slices.Concat(f.Measured, f.Others) {
		if !(m.Perplexity > 1) || known[m.Name] {
			return fmt.Errorf("recommend/rule.json: format %s is there twice, or has no perplexity", m.Name)
		}
		known[m.Name] = true
	}
	for _, l := range f.Like {
		if !known[l.As] {
			return fmt.Errorf("recommend/rule.json: format.like: %s was not measured", l.As)
		}
	}
	for _, p := range []string{"balanced", "quality", "speed"} {
		if _, ok := r.Speed.Weights[p]; !ok {
			return fmt.Errorf("recommend/rule.json: speed.weights: no %s", p)
		}
	}
	return nil
}

func (u *ModelUses) check() error {
	known := func(list []string) error {
		for _, id := range list {
			if u.Use(id) == nil {
				return fmt.Errorf("recommend/uses.json: %q is no use", id)
			}
		}
		return nil
	}
	for _, list := range u.ByClass {
		if err := known(list); err != nil {
			return err
		}
	}
	for i := range u.Models {
		if err := known(u.Models[i].Uses); err != nil {
			return err
		}
		for _, pattern := range u.Models[i].Match {
			if _, err := path.Match(pattern, ""); err != nil {
				return fmt.Errorf("recommend/uses.json: %q: %w", pattern, err)
			}
		}
	}
	return nil
}
