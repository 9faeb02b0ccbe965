package recommend

import (
	"slices"
	"strconv"

	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/hardware"
)

// nativeOf is the format that a model was published in, and whether an engine
// keeps weights so: GGUF files keep few of the formats of checkpoints.
func nativeOf(t *format.Table, e *engine.Engine, m *model.Model) (name string, keeps bool) {
	name = t.Native(m)
	if !e.SharedContext() {
		return name, true
	}
	if gguf := t.GGUF(name); gguf != name {
		return gguf, true
	}
	spec, ok := t.Spec(name)
	return name, ok && spec.Kind == "mix"
}

// ladder lists the formats that are tried on a machine, widest first: the
// engine's, without those that the machine cannot run and those that lose
// next to nothing less than the one below them.
func (a *Advisor) ladder(e *engine.Engine, m *hardware.Machine, host bool) []string {
	node := m.Primary()
	host = host || node == nil || len(node.Devices) == 0
	rungs := slices.Clone(e.FormatLadder)
	if host && e.SharedContext() {
		rungs = append(rungs, a.rule.Ladders.Host.Formats...)
	}
	rungs = slices.DeleteFunc(rungs, func(f string) bool { return !host && !a.runs(f, node.Devices[0]) })
	var out []string
	for i, f := range rungs {
		next := i + 1
		if next < len(rungs) {
			narrower, ok := a.ranker.Loses(rungs[next])
			loss, known := a.ranker.Loses(f)
			if ok && known && narrower-loss < a.rule.Format.Alike {
				continue
			}
		}
		out = append(out, f)
	}
	return out
}

// runs says whether a device runs a format, as far as the rule knows.
func (a *Advisor) runs(name string, d *hardware.Device) bool {
	for _, need := range a.rule.Ladders.Needs {
		if slices.Contains(need.Formats, name) && d.Vendor == "NVIDIA" {
			if compute, err := strconv.ParseFloat(d.Compute, 64); err == nil && compute < need.NVIDIACompute {
				return false
			}
		}
	}
	return true
}

// formats lists the formats in which a model is tried: the one it was published
// in, and narrower ones; where the engine does not keep that one, its ladder.
func (w *worker) formats(q *modelQuestion, m *model.Model, t *format.Table, own *format.Weights, native string, keeps bool) []string {
	if !keeps || own.Class == format.ClassF16 || own.Class == format.ClassF32 {
		return q.ladder
	}
	out := []string{native}
	for _, f := range q.ladder {
		if weights, err := t.Weights(m, f); err == nil && weights.Total < own.Total {
			out = append(out, f)
		}
	}
	return out
}
