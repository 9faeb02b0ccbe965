package profiles

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// printed is the relative error that rounding to two decimals of a MiB makes
// in the smallest caches printed.
const printed = 1e-4

// truthBounds are the errors that must not be exceeded. The cache and the
// recurrent state are exact to the printed digit.
var truthBounds = []struct {
	engine, component string
	rows              int
	median, p90       float64
}{
	{"ik_llama.cpp", "kv_cache", 40, printed, printed},
	{"llama.cpp", "kv_cache", 12, printed, printed},
	{"ollama", "kv_cache", 4, printed, printed},
	{"llama.cpp", "recurrent_state", 5, printed, printed},
	{"ik_llama.cpp", "compute", 55, 0.01, 0.10},
	{"llama.cpp", "compute", 14, 0.01, 0.10},
	{"vllm", "compute", 15, 0.01, 1},
	{"ik_llama.cpp", "weights", 30, 0.001, 0.05},
	{"llama.cpp", "weights", 15, 0.001, 0.05},
	{"vllm", "weights", 14, 0.001, 0.05},
	{"vllm", "kv_cache", 12, 0.001, 0.05},
	{"vllm", "kv_tokens", 8, 0.001, 0.10},
	{"ik_llama.cpp", "total of the run's rows", 30, 0.01, 0.05},
	{"llama.cpp", "total of the run's rows", 15, 0.01, 0.05},
}

// TestMemoryTruth compares ledgers with what engines printed
// (measured/memory.csv, sources there). Run with -v for every row that is off
// by more than 5% and for what was left out and why.
func TestMemoryTruth(t *testing.T) {
	type key struct{ engine, component string }
	errs := map[key][]float64{}
	skips := map[string]int{}
	var lines []string
	runs, runEngine := map[string][2]float64{}, map[string]string{}
	llamaLike := map[string]bool{"llama.cpp": true, "ik_llama.cpp": true, "ollama": true}
	rows := truthRows(t)
	hostOnly := map[string]bool{}
	for _, r := range rows {
		on := deviceRE.MatchString(r["device_index"]) || r["device_index"] == "Metal" || r["device_index"] == "each" || r["device_index"] == ""
		if seen, ok := hostOnly[r["run_id"]]; !ok || seen {
			hostOnly[r["run_id"]] = !on && (r["device_index"] == "host" || ok && seen || !ok)
		}
	}
	for _, r := range rows {
		j, skip := estimateRow(r, hostOnly)
		if skip != "" {
			skips[skip]++
			continue
		}
		k := key{j.engine, r["component"]}
		if r["component"] == "weights" && j.reason != "" {
			k.component += ", own mix or label"
		}
		if r["quality"] == "C" {
			k.component += " (C)"
		} else if llamaLike[j.engine] && j.reason == "" {
			s := runs[r["run_id"]]
			s[0], s[1] = s[0]+j.got, s[1]+j.want
			runs[r["run_id"]], runEngine[r["run_id"]] = s, j.engine
		}
		e := j.err()
		errs[k] = append(errs[k], e)
		if e > 0.05 {
			lines = append(lines, fmt.Sprintf("%6.1f%% %s %-13s %-9s %s: got %.2f MiB, printed %.2f; %s %s %s fa=%s c=%s ub=%s %s", 100*(j.got/j.want-1), r["id"], k.engine,
				k.component, r["device_index"], j.got/(1<<20), j.want/(1<<20), r["model_id"], r["weight_format"], j.reason, r["flash_attention"], r["context"], r["ubatch"], r["cpu_moe"]))
		}
	}
	for id, s := range runs {
		k := key{runEngine[id], "total of the run's rows"}
		errs[k] = append(errs[k], math.Abs(s[0]/s[1]-1))
	}
	keys := make([]key, 0, len(errs))
	for k := range errs {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b key) int { return strings.Compare(a.engine+a.component, b.engine+b.component) })
	for _, k := range keys {
		e := errs[k]
		slices.Sort(e)
		t.Logf("%-14s %-26s n=%3d median %6.2f%% p90 %6.2f%% max %6.1f%%", k.engine, k.component, len(e), 100*quantile(e, 0.5), 100*quantile(e, 0.9), 100*e[len(e)-1])
	}
	for _, b := range truthBounds {
		e := errs[key{b.engine, b.component}]
		if len(e) < b.rows {
			t.Errorf("%s %s: %d rows judged, want at least %d", b.engine, b.component, len(e), b.rows)
			continue
		}
		if m := quantile(e, 0.5); m > b.median {
			t.Errorf("%s %s: median error %.3f%%, want at most %.3f%%", b.engine, b.component, 100*m, 100*b.median)
		}
		if p := quantile(e, 0.9); p > b.p90 {
			t.Errorf("%s %s: 90th percentile of the error %.3f%%, want at most %.3f%%", b.engine, b.component, 100*p, 100*b.p90)
		}
	}
	slices.Sort(lines)
	for _, l := range lines {
		t.Log(l)
	}
	reasons := make([]string, 0, len(skips))
	for s, n := range skips {
		reasons = append(reasons, fmt.Sprintf("%4d left out: %s", n, s))
	}
	slices.Sort(reasons)
	for _, s := range reasons {
		t.Log(s)
	}
}

// quantile of a sorted slice, by the nearest rank.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	i := int(math.Ceil(q*float64(len(sorted)))) - 1
	return sorted[max(i, 0)]
}
