package engine

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"
)

// Family says by which engine's scheme memory is accounted for.
type Family string

// Families of memory accounting.
const (
	LlamaCpp Family = "llama.cpp" // buffers per device, cache allocated in full at start
	VLLM     Family = "vllm"      // a share of the device is claimed; what is left after a profile run is a paged cache
	SGLang   Family = "sglang"    // weights and cache share a static fraction of free memory
	TensorRT Family = "tensorrt"  // the cache takes a fraction of what is free after loading
	Grow     Family = "grow"      // weights, a cache of the asked size, and activations (MLX, ExLlama, transformers …)
)

// Engine is one inference engine's rules, read from data.
type Engine struct {
	ID      string   `json:"id"`
	Aliases []string `json:"aliases,omitempty"`
	Name    string   `json:"name"`
	Family  Family   `json:"family"`
	// Extends names an engine whose rules and backends this one starts from.
	Extends string `json:"extends,omitempty"`
	// DefaultFormat is the weight format taken when none is asked for.
	DefaultFormat string `json:"default_format,omitempty"`
	// FormatLadder lists the weight formats that people use with this engine,
	// largest first: what "the best format that fits" is chosen from.
	FormatLadder []string `json:"format_ladder,omitempty"`
	// SmallerKVType is the cache type to propose when the cache is what does
	// not fit ("q8_0", "fp8").
	SmallerKVType string `json:"smaller_kv_type,omitempty"`
	// Verify is the command that measures an estimate on the real machine, a
	// template over the words of VerifyWords.
	Verify   string    `json:"verify,omitempty"`
	Backends []Backend `json:"backends,omitempty"`
	Source   []string  `json:"source,omitempty"`
	// Host holds what the operating system keeps, shared by all engines.
	Host *HostRules `json:"-"`
	// versions are the rules in force since each date, oldest first; the
	// first has no date.
	versions []version
}

type version struct {
	since string
	rules Rules
}

// Backend is a way of computing that the engine offers.
type Backend struct {
	ID string `json:"id"` // cuda, rocm, metal, vulkan, sycl, cpu, npu
	// Vendors are the device vendors (lower case) for which this backend is
	// the default; a list with "*" takes any.
	Vendors []string `json:"vendors,omitempty"`
	// ContextMiB is memory that the driver and libraries take on a device
	// beyond the engine's own buffers.
	ContextMiB Interval `json:"context_mib"`
	// ReserveMiB is what the engine leaves free on each device.
	ReserveMiB float64 `json:"reserve_mib,omitempty"`
	Source     string  `json:"source,omitempty"`
	Assumed    string  `json:"assumed,omitempty"`
}

// Interval is a value with its honest bounds.
type Interval struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Known reports whether the interval was given.
func (i Interval) Known() bool { return i != Interval{} }

// source is the JSON form of an engine: the base rules and their changes.
type source struct {
	Engine
	Rules   json.RawMessage `json:"rules"`
	Changes []struct {
		Since  string          `json:"since"`
		Rules  json.RawMessage `json:"rules"`
		Source string          `json:"source"`
	} `json:"changes"`
}

// Parse reads one engine's data (profiles/engines/*.json). Where it extends
// another engine, base must be that engine; its rules of every date are
// overlaid with the ones given here.
func Parse(data []byte, base *Engine) (*Engine, error) {
	var src source
	if err := json.Unmarshal(data, &src); err != nil {
		return nil, fmt.Errorf("engine data: %w", err)
	}
	e := &src.Engine
	if e.ID == "" {
		return nil, fmt.Errorf("engine data: no id")
	}
	if e.Extends != "" {
		if base == nil || base.ID != e.Extends {
			return nil, fmt.Errorf("engine %s: extends %q, which was not given", e.ID, e.Extends)
		}
		if e.Family == "" {
			e.Family = base.Family
		}
		if len(e.Backends) == 0 {
			e.Backends = base.Backends
		}
		if e.DefaultFormat == "" {
			e.DefaultFormat = base.DefaultFormat
		}
		if e.SmallerKVType == "" {
			e.SmallerKVType = base.SmallerKVType
		}
		if len(e.FormatLadder) == 0 {
			e.FormatLadder = base.FormatLadder
		}
		if e.Verify == "" {
			e.Verify = base.Verify
		}
		for _, v := range base.versions {
			e.versions = append(e.versions, version{since: v.since, rules: v.rules.clone()})
		}
	} else {
		e.versions = []version{{}}
	}
	if len(src.Rules) > 0 {
		for i := range e.versions {
			if err := json.Unmarshal(src.Rules, &e.versions[i].rules); err != nil {
				return nil, fmt.Errorf("engine %s: rules: %w", e.ID, err)
			}
		}
	}
	for _, c := range src.Changes {
		// A change holds from its date on: it is laid over a copy of what was
		// in force then, and over all that came later.
		i := sort.Search(len(e.versions), func(i int) bool { return e.versions[i].since >= c.Since })
		if i == len(e.versions) || e.versions[i].since != c.Since {
			if i == 0 {
				return nil, fmt.Errorf("engine %s: change without a date", e.ID)
			}
			e.versions = append(e.versions, version{})
			copy(e.versions[i+1:], e.versions[i:])
			e.versions[i] = version{since: c.Since, rules: e.versions[i-1].rules.clone()}
		}
		for ; i < len(e.versions); i++ {
			if err := json.Unmarshal(c.Rules, &e.versions[i].rules); err != nil {
				return nil, fmt.Errorf("engine %s: change since %s: %w", e.ID, c.Since, err)
			}
		}
	}
	return e, nil
}

// RulesAt returns the rules in force at a date such as "2025-05" (a year
// alone means its end); an empty date means the newest.
func (e *Engine) RulesAt(date string) *Rules {
	last := len(e.versions) - 1
	if date == "" {
		return &e.versions[last].rules
	}
	if len(date) == 4 {
		date += "-12"
	}
	for i := last; i > 0; i-- {
		if e.versions[i].since <= date {
			return &e.versions[i].rules
		}
	}
	return &e.versions[0].rules
}

// Backend returns the backend of the given id, or nil.
func (e *Engine) Backend(id string) *Backend {
	for i := range e.Backends {
		if e.Backends[i].ID == id {
			return &e.Backends[i]
		}
	}
	return nil
}

// DefaultBackend returns the backend used for a device vendor, or nil when
// the engine does not run on such devices. An empty vendor asks for the CPU.
func (e *Engine) DefaultBackend(vendor string) *Backend {
	if vendor == "" {
		return e.Backend("cpu")
	}
	for i := range e.Backends {
		for _, v := range e.Backends[i].Vendors {
			if v == "*" || strings.EqualFold(v, vendor) {
				return &e.Backends[i]
			}
		}
	}
	return nil
}

// BackendIDs lists the engine's backends, for messages.
func (e *Engine) BackendIDs() string {
	ids := make([]string, len(e.Backends))
	for i := range e.Backends {
		ids[i] = e.Backends[i].ID
	}
	return strings.Join(ids, ", ")
}
