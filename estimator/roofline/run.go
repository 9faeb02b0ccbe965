package roofline

import (
	"math"

	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/phase"
)

// z80 is the normal quantile that bounds the middle 80%.
const z80 = 1.2816

// Run returns the time of a phase. It does not allocate.
//
// For each processor in turn
//
//	t = Σ over operations √(memory² + arithmetic²) + fixed times
//	memory     = weight bytes ÷ streaming rate + cache bytes ÷ cache rate
//	arithmetic = FLOPs ÷ the better of the few-rows rate and
//	             the many-rows rate · rows/(rows + half rows)
//
// Devices of a layer split follow each other; in a prefill of several
// micro-batches they overlap. Communication and moves over links are added.
func Run(ph *phase.Phase, in *Input) Time {
	var t Time
	class := calibration.ClassIndex(in.Class, in.Format)
	flash := 0
	if in.Flash {
		flash = 1
	}
	lead := in.lead(ph)
	if lead == nil {
		return t
	}
	longest, sum, devices := 0.0, 0.0, 0
	for i := range ph.Works {
		w := &ph.Works[i]
		p := in.params(w, lead)
		if !w.Host {
			s := t.work(w, p, class, flash, false, ph.Decode)
			longest, sum, devices = math.Max(longest, s), sum+s, devices+1
			continue
		}
		// Host-resident weights of a large enough batch are streamed to the
		// device, if the engine does that.
		if in.streams(ph) {
			t.streamed(ph, w, in.Device, class, flash)
			continue
		}
		t.work(w, p, class, flash, true, ph.Decode)
		t.OverheadSec += w.Crossings * lead.Cross
	}
	if devices > 1 && !ph.Decode && ph.InFlight > 1 {
		// Ideal pipeline: the longest stage for every micro-batch, the others
		// once; only a part of the gain is realised.
		ideal := longest + (sum-longest)/ph.InFlight
		scale := (sum - (sum-ideal)*lead.Pipeline) / sum
		t.ComputeSec *= scale
		t.BandwidthSec *= scale
		t.CacheSec *= scale
		t.OverheadSec *= scale
	}
	if ph.Decode || ph.Mixed {
		t.OverheadSec += lead.Step + ph.Sequences*lead.Sequence
	} else {
		t.OverheadSec += lead.Prefill
	}
	t.comm(ph, in, lead, devices)
	t.finish(ph, in, lead)
	return t
}

// PerRequest is what a request costs beside the steps it is part of, in
// seconds: receiving it, its tokens, and handing out the first one.
func (in *Input) PerRequest() float64 {
	p := in.Device
	if p == nil {
		p = in.Host
	}
	if p == nil {
		return 0
	}
	return p.Prefill * p.DriftPrefill
}

// streamed adds the work on host-resident weights that are copied to the
// devices: each rank takes its part over its own link, and all of it passes
// through the host's staging buffers.
func (t *Time) streamed(ph *phase.Phase, w *phase.Work, p *calibration.Params, class, flash int) {
	ranks := math.Max(1, float64(ph.Ranks))
	part, bytes := *w, 0.0
	for k := range part.Ops {
		op := &part.Ops[k]
		bytes += op.Weights
		op.FLOPs, op.Weights, op.Activation = op.FLOPs/ranks, op.Weights/ranks, op.Activation/ranks
	}
	t.work(&part, p, class, flash, false, ph.Decode)
	if p.StreamOnce {
		bytes /= ph.Steps
	}
	link, stage := bytes/(p.LinkBps*ranks), 0.0
	if p.StageBps > 0 {
		stage = bytes / p.StageBps
	}
	t.LinkSec += math.Sqrt(link*link + stage*stage)
}

// lead returns the parameters that govern the whole: those of the devices
// when they have work, else the host's.
func (in *Input) lead(ph *phase.Phase) *calibration.Params {
	if in.Device != nil && (in.Host == nil || onDevice(ph)) {
		return in.Device
	}
	return in.Host
}

func onDevice(ph *phase.Phase) bool { return len(ph.Works) > 0 && !ph.Works[0].Host }

// streams tells whether the phase's host-resident weights are copied to the
// device instead of being computed with on the host.
func (in *Input) streams(ph *phase.Phase) bool {
	d := in.Device
	return d != nil && onDevice(ph) && !ph.Decode && d.StreamRows > 0 && d.LinkBps > 0 && ph.Tokens/ph.Steps >= d.StreamRows
}

func (in *Input) params(w *phase.Work, lead *calibration.Params) *calibration.Params {
	if w.Host {
		if in.Host != nil {
			return in.Host
		}
		return lead
	}
	if w.Share < len(in.Devices) && in.Devices[w.Share] != nil {
		return in.Devices[w.Share]
	}
	return lead
}

// work adds what one processor does, and returns its seconds.
func (t *Time) work(w *phase.Work, p *calibration.Params, class, flash int, host, decode bool) float64 {
	total := 0.0
	for k := range w.Ops {
		op := &w.Ops[k]
		if op.Layers == 0 {
			continue
		}
		memory, arithmetic, fixed := opTimes(p, op, phase.OpKind(k), class, flash)
		s := math.Sqrt(memory*memory + arithmetic*arithmetic)
		if !decode {
			s += op.Activation / p.ActivationBps
		}
		total += s + fixed
		switch {
		case host:
			t.HostSec += s
			if arithmetic > memory {
				t.HostComputeSec += s
			}
		case phase.OpKind(k) == phase.AttnScores:
			t.CacheSec += s
		case arithmetic > memory:
			t.ComputeSec += s
		default:
			t.BandwidthSec += s
		}
		t.OverheadSec += fixed
	}
	return total
}

// opTimes returns the seconds that an operation needs of the memory and of
// arithmetic, and its fixed time.
func opTimes(p *calibration.Params, op *phase.Op, kind phase.OpKind, class, flash int) (memory, arithmetic, fixed float64) {
	memory = op.Weights / p.StreamBps
	age := 1.0
	switch kind {
	case phase.MatMul:
		arithmetic = matmul(op, p, class, 1, p.HalfRows)
		fixed = op.Layers * p.Layer
	case phase.HeadMul:
		arithmetic = matmul(op, p, class, 1, p.HalfRows)
	case phase.ExpertMul:
		// No stream is faster than the memory.
		memory = op.Weights / math.Min(p.NominalBps, p.ExpertStreamBps*p.ExpertClass[class])
		narrow := 1 + p.ExpertHalfWidth/math.Max(1, op.Width)
		arithmetic = matmul(op, p, class, p.ExpertGEMM/narrow, p.ExpertHalfRows) / p.ExpertClass[class]
		// The fullest device holds up the others.
		arithmetic *= 1 + math.Sqrt(p.ExpertSkew*p.ExpertSkew*op.Skew+op.Noise)
		fixed = op.Layers * p.MoELayer * one(p.EmulatedMoE[class])
		age = one(p.ExpertAge)
	case phase.RecurrentOp:
		memory += op.Cache / p.StreamBps
		arithmetic = matmul(op, p, class, p.RecurrentGEMM, p.HalfRows)
		fixed = op.Layers * p.RecurrentLayer
		age = one(p.RecurrentAge)
	case phase.AttnScores:
		memory = op.Cache / p.CacheBps[flash]
		if flash == 0 {
			memory += op.Scores * p.ScoreSecPerByte
		}
		arithmetic = op.FLOPs / p.AttnFLOPS[flash]
	}
	return memory * age, arithmetic * age, fixed * age
}

// one takes a factor that was never set as 1.
func one(x float64) float64 {
	if x == 0 {
		return 1
	}
	return x
}

// matmul returns the seconds of arithmetic: few rows are done by kernels that
// use the vector units, many by those that use the matrix units and need rows
// to fill them.
func matmul(op *phase.Op, p *calibration.Params, class int, relative, half float64) float64 {
	few := op.FLOPs / p.GEMV[class]
	many := op.FLOPs / (p.GEMM[class] * relative) * (1 + half/math.Max(1, op.Rows))
	return math.Min(few, many)
}

// traits finds what makes a time harder to tell than most.
func (t *Time) traits(ph *phase.Phase) {
	devices, host := 0, false
	for i := range ph.Works {
		w := &ph.Works[i]
		if w.Ops[phase.ExpertMul].Layers > 0 {
			t.Traits |= calibration.Routed
		}
		if w.Ops[phase.RecurrentOp].Layers > 0 {
			t.Traits |= calibration.Recurring
		}
		if w.Host {
			host = true
		} else {
			devices++
		}
	}
	sum := t.ComputeSec + t.BandwidthSec + t.CacheSec + t.OverheadSec + t.HostSec + t.LinkSec + t.CommSec
	if t.CacheSec > sum/3 {
		t.Traits |= calibration.Attending
	}
	if t.OverheadSec > sum/3 {
		t.Traits |= calibration.Waiting
	}
	if ph.Decode && ph.Sequences > 1 {
		t.Traits |= calibration.Batched
	}
	if devices > 1 || ph.Ranks > 1 {
		t.Traits |= calibration.Divided
	}
	if devices > 0 && host {
		t.Traits |= calibration.Shared
	}
}

// finish sums the parts and sets the interval and the bound.
func (t *Time) finish(ph *phase.Phase, in *Input, lead *calibration.Params) {
	drift, sd := lead.DriftPrefill, lead.SDPrefill
	if ph.Decode {
		drift, sd = lead.DriftDecode, lead.SDDecode
	}
	t.Seconds = (t.ComputeSec + t.BandwidthSec + t.CacheSec + t.OverheadSec + t.HostSec + t.LinkSec + t.CommSec) * drift
	t.Level, t.Basis = int(lead.Level), lead.Basis
	if h := in.Host; h != nil && h != lead && t.HostSec > 0 {
		// Two processors: the host's part brings its own doubt.
		hs := h.SDPrefill
		if ph.Decode {
			hs = h.SDDecode
		}
		share := t.HostSec * drift / t.Seconds
		sd = math.Sqrt(sd*sd*(1-share)*(1-share) + hs*hs*share*share + 0.15*0.15*share)
	}
	t.traits(ph)
	if lead.Traits != nil {
		sd *= lead.Traits.Spread(ph.Decode, t.Traits)
	}
	t.SD = sd
	f := math.Exp(z80 * sd)
	t.Low, t.High = t.Seconds/f, t.Seconds*f
	best := 0.0
	for _, c := range [...]struct {
		b Bound
		s float64
	}{{Bandwidth, t.BandwidthSec}, {Compute, t.ComputeSec}, {Overhead, t.OverheadSec},
		{HostBound, t.HostSec - t.HostComputeSec}, {HostComp, t.HostComputeSec}, {LinkBound, t.LinkSec}, {Comm, t.CommSec}} {
		if c.s > best {
			best, t.Bound = c.s, c.b
		}
	}
	if t.CacheSec > best {
		t.Bound = Bandwidth
		if !ph.Decode {
			t.Bound = Compute
		}
	}
}
