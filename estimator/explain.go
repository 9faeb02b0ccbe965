package estimator

import (
	"fmt"
	"sort"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/phase"
	"github.com/plimsoll/plimsoll/estimator/roofline"
	"github.com/plimsoll/plimsoll/hardware"
)

// notes gathers what the reader should know of the facts behind the result:
// everything assumed about model, weights and machine.
func notes(req *Request, e *Result) {
	e.Assumptions = append(e.Assumptions, req.Model.Assumptions...)
	if req.Weights.MixNote != "" {
		e.Assumptions = append(e.Assumptions, req.Weights.MixNote)
	}
	node := req.Machine.Primary()
	e.Assumptions = append(e.Assumptions, assumed(req.Machine.ID, req.Machine.Assumed)...)
	seen := map[string]bool{}
	for _, d := range node.Devices {
		if !seen[d.ID] {
			seen[d.ID] = true
			e.Assumptions = append(e.Assumptions, assumed(d.Name, d.Assumed)...)
		}
	}
	if h := &node.Host; usesHost(e) {
		if h.MemoryAssumed != "" {
			e.Assumptions = append(e.Assumptions, "main memory: "+h.MemoryAssumed)
		}
		e.Assumptions = append(e.Assumptions, assumed(h.CPU.Name, h.CPU.Assumed)...)
		e.Assumptions = append(e.Assumptions, measured(h)...)
		if h.MeasuredIgnored != "" {
			e.Warnings = append(e.Warnings, Warning{Code: "measurement_ignored", Message: h.MeasuredIgnored})
		}
	}
	if limit := req.Model.Arch.MaxContext; limit > 0 && e.Deployment.Context > limit*max(slots(req), 1) {
		e.Warnings = append(e.Warnings, Warning{Code: "context_beyond_training",
			Message: fmt.Sprintf("the context of %d tokens is beyond the %d that the model was made for", e.Deployment.Context, limit)})
	}
}

// usesHost says whether the host's processor or memory holds part of the model
// beyond the embedding table.
func usesHost(e *Result) bool {
	h := e.Placement.Host()
	return h.Layers.Len() > 0 || h.Experts.Len() > 0 || len(e.Placement.Shares) == 1
}

// assumed turns the assumed facts of one record into lines, in a fixed order.
func assumed(what string, facts map[string]string) []string {
	fields := make([]string, 0, len(facts))
	for f := range facts {
		fields = append(fields, f)
	}
	sort.Strings(fields)
	for i, f := range fields {
		fields[i] = what + ": " + f + ": " + facts[f]
	}
	return fields
}

// explain writes the derivations: one per ledger line and one per phase.
func explain(req *Request, e *Result) {
	for i := range e.Ledgers {
		l := &e.Ledgers[i]
		for j := range l.Lines {
			line := &l.Lines[j]
			if line.Bytes == 0 && line.High == 0 {
				continue
			}
			d := Derivation{Figure: l.Name + " " + string(line.Component), Formula: line.Formula, Facts: line.Note, Source: line.Source}
			if d.Formula == "" {
				d.Formula = fmt.Sprintf("%s (%s – %s)", mib(line.Bytes), mib(line.Low), mib(line.High))
			} else {
				d.Formula += " = " + mib(line.Bytes)
			}
			e.Derivations = append(e.Derivations, d)
		}
		e.Derivations = append(e.Derivations, Derivation{
			Figure:  l.Name + " usable",
			Formula: fmt.Sprintf("%s − %s = %s", mib(l.Capacity), mib(l.Reserved), mib(l.Usable())),
			Facts:   l.ReservedWhy,
		})
	}
	e.Derivations = append(e.Derivations, facts(req)...)
}

func mib(b int64) string { return fmt.Sprintf("%.2f MiB", float64(b)/float64(hardware.MiB)) }

// steps derives the time of one phase, a line for each kind of work.
func steps(name string, ph *phase.Phase, in *roofline.Input, t *roofline.Time) []Derivation {
	var out []Derivation
	for _, line := range roofline.Explain(ph, in, t) {
		out = append(out, Derivation{Figure: name, Formula: line})
	}
	if len(out) > 0 {
		out[len(out)-1].Facts = t.Basis
	}
	return out
}

// facts cites the records that the estimate rests on.
func facts(req *Request) []Derivation {
	a := &req.Model.Arch
	out := []Derivation{{
		Figure: "model " + a.ID,
		Formula: fmt.Sprintf("%d layers, hidden size %d, %d heads, %d KV heads, vocabulary %d",
			a.LayerCount, a.HiddenSize, a.Heads, a.KVHeads, a.VocabSize),
		Facts: a.Checked, Source: strings.Join(a.Source, "; "),
	}}
	seen := map[string]bool{}
	node := req.Machine.Primary()
	for _, d := range node.Devices {
		if seen[d.ID] {
			continue
		}
		seen[d.ID] = true
		out = append(out, Derivation{Figure: "device " + d.ID,
			Formula: fmt.Sprintf("%g GB/s, FP16 %g TFLOPS, %s", d.BandwidthGBps, d.Rates.FP16, gib(d.MemoryBytes)),
			Facts:   d.Notes, Source: d.Source})
	}
	if c := &node.Host.CPU; c.Name != "" {
		out = append(out, Derivation{Figure: "host " + c.Name,
			Formula: fmt.Sprintf("%g GB/s per socket, %g GFLOPS FP32, %s", c.BandwidthGBps, c.PeakFP32GFLOPS, gib(node.Host.MemoryBytes)),
			Facts:   c.Notes, Source: c.Source})
	}
	return out
}

// verify returns the command that measures the estimate on the real machine.
func verify(req *Request, e *Result) string {
	file := req.Model.Arch.ID + "-" + req.Weights.Format + ".gguf"
	repo := req.Model.Arch.HFRepo
	if repo == "" {
		repo = req.Model.Arch.ID
	}
	return req.Engine.VerifyCommand(&e.Settings, &req.Workload, req.Machine.Primary(), e.Placement.GPULayers, e.Placement.CPUMoE, req.Model.Arch.ID, repo, file)
}
