package estimator

import (
	"fmt"
	"math"

	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/estimator/phase"
	"github.com/plimsoll/plimsoll/estimator/roofline"
	"github.com/plimsoll/plimsoll/estimator/vision"
)

// see times the encoders of what a prompt shows beside its text, and says what
// is known of it. What cannot be known is listed, and left out of the rest.
func see(req *Request, e *Result, rin *roofline.Input) error {
	if !req.Workload.Sees() {
		return nil
	}
	s, err := encode(req, e, rin)
	if err != nil {
		return err
	}
	n := float64(s.tokens())
	e.figures.seen = Figure{Value: n, Low: n, High: n, Unit: "tokens", Basis: "rule of " + s.rule.ID}
	e.Speed.ImageTokens = &e.figures.seen
	if s.rule.Assumed != "" {
		e.Assumptions = append(e.Assumptions, "images: "+s.rule.Assumed)
	}
	if v := req.Model.Arch.Vision; v.OwnFile() && !s.rule.Projects(v.Projector) {
		e.Assumptions = append(e.Assumptions, fmt.Sprintf("images: no rule is known of projectors of type %q: that of %s is used", v.Projector, s.rule.ID))
	} else if v.OwnFile() && v.Patch > 0 && s.rule.Patch > 0 && v.Patch != s.rule.Patch {
		e.Assumptions = append(e.Assumptions, fmt.Sprintf("images: the file's patches are of %d pixels, those of the rule of %s, which is used, of %d", v.Patch, s.rule.ID, s.rule.Patch))
	}
	if e.Encode.Seconds > 0 {
		e.figures.encode = milliseconds(&e.Encode)
		e.Speed.EncodeMs = &e.figures.encode
		e.Assumptions = append(e.Assumptions, "images: "+req.Vision.Spread)
		if req.Explain {
			e.Derivations = append(e.Derivations, seeing(req, e, s)...)
		}
		return nil
	}
	why := s.unknown(&req.Model.Arch)
	if why == "" {
		why = "a rate of this hardware is not known"
	}
	e.Unavailable = append(e.Unavailable, Unavailable{Figure: "encode_ms", Reason: "not known, because " + why})
	e.Warnings = append(e.Warnings, Warning{Code: "encoder_not_timed",
		Message: "the time to first token is without that of the encoder, which is not known"})
	if seen, _ := towerBytes(req, s); s.seen().Tokens > 0 && seen == 0 {
		e.Warnings = append(e.Warnings, Warning{Code: "encoder_not_counted",
			Message: "the memory is without the weights of the encoder, which are not known"})
	}
	return nil
}

// delay adds the encoders' time to what users see of phases by themselves: the
// device that encodes does nothing else meanwhile.
func delay(e *Result) {
	f, t := &e.figures, &e.Encode
	ttft := f.ttft
	f.ttft.Value += 1e3 * t.Seconds
	// The errors of the two are independent.
	f.ttft.Low = f.ttft.Value - math.Hypot(ttft.Value-ttft.Low, 1e3*(t.Seconds-t.Low))
	f.ttft.High = f.ttft.Value + math.Hypot(ttft.High-ttft.Value, 1e3*(t.High-t.Seconds))
	if e.Speed.RequestsS == nil {
		return
	}
	slower := func(rate, s float64) float64 { return rate / (1 + rate*s) }
	r := &f.requests
	r.Value, r.Low, r.High = slower(r.Value, t.Seconds), slower(r.Low, t.High), slower(r.High, t.Low)
}

// encode sets the time of the encoders on one prompt at the rates that the
// engine reaches on prompts with 16-bit weights, on the device that holds them:
// the first, or the host's processors where there is none. Its interval is wider
// by what is assumed. It stays 0 where it is not known. rin may be nil: it is
// then looked up.
func encode(req *Request, e *Result, rin *roofline.Input) (*sight, error) {
	s, err := sightOf(req)
	if err != nil || s.unknown(&req.Model.Arch) != "" {
		return s, err
	}
	var in roofline.Input
	if rin == nil {
		if in, err = req.Cache.rates(req.Calibration, &e.Settings, req.Machine.Primary()); err != nil {
			return nil, err
		}
	} else {
		in = *rin
	}
	in.Class, in.Format, in.Flash = format.ClassF16, "", e.Settings.FlashOn
	var all roofline.Time
	for _, l := range loads(req, s) {
		t := roofline.Run(encodePhase(e, &l), &in)
		all.Seconds += t.Seconds
		all.ComputeSec, all.BandwidthSec, all.CacheSec = all.ComputeSec+t.ComputeSec, all.BandwidthSec+t.BandwidthSec, all.CacheSec+t.CacheSec
		all.OverheadSec, all.HostSec, all.HostComputeSec = all.OverheadSec+t.OverheadSec, all.HostSec+t.HostSec, all.HostComputeSec+t.HostComputeSec
		all.Bound, all.Basis, all.Level, all.SD = t.Bound, t.Basis, t.Level, t.SD
	}
	all.SD = math.Hypot(all.SD, req.Vision.SpreadSD)
	wide := math.Exp(z80 * all.SD)
	all.Low, all.High = all.Seconds/wide, all.Seconds*wide
	all.Basis += "; encoder assumed to run at the rates of 16-bit prompts"
	if finite(&all) {
		e.Encode = all
	}
	return s, nil
}

// encodePhase is an encoder's work as a phase on one processor.
func encodePhase(e *Result, l *vision.Load) *phase.Phase {
	calls := l.Calls
	if e.Settings.Rules.Towers == engine.TowersAlways {
		calls = 1 // all images of a prompt in one batch
	}
	rows, layers := l.Rows*l.Calls/calls, l.Layers/l.Calls*calls
	w := phase.Work{Host: e.Placement.Shares[0].Device == nil}
	const float32Bytes, halfBytes = 4, 2
	w.Ops[phase.MatMul] = phase.Op{FLOPs: l.LinearFLOPs, Elements: l.Params * calls, Weights: halfBytes * l.Params * calls,
		Rows: rows, Layers: layers, Activation: float32Bytes * l.Activation}
	w.Ops[phase.AttnScores] = phase.Op{FLOPs: l.AttentionFLOPs, Rows: rows, Layers: layers,
		Scores: float32Bytes * l.Scores * l.Heads}
	return &phase.Phase{Mixed: true, Tokens: rows * calls, Steps: calls, InFlight: 1, Layers: layers, Ranks: 1, Works: []phase.Work{w}}
}

// seeing derives the figures of what a prompt shows.
func seeing(req *Request, e *Result, s *sight) []Derivation {
	w, v := &req.Workload, s.seen()
	out := []Derivation{{Figure: "image_tokens", Formula: fmt.Sprintf("%d images of %dx%d pixels: %d tokens, %d patches; %d frames of film: %d tokens; %g s of sound: %d tokens",
		w.Images, w.ImageWidth, w.ImageHeight, s.pictures.Tokens, s.pictures.Patches, w.VideoFrames, s.film.Tokens, w.AudioSeconds, s.sound.Tokens),
		Facts: string(s.rule.Kind), Source: s.rule.Source}}
	for _, l := range loads(req, s) {
		out = append(out, Derivation{Figure: "encode_ms",
			Formula: fmt.Sprintf("%.4g TFLOP of weights + %.4g TFLOP of attention over %d patches in %g parts = %.4g ms", l.LinearFLOPs/1e12, l.AttentionFLOPs/1e12, v.Patches+s.sound.Patches, l.Calls, 1e3*e.Encode.Seconds),
			Facts:   e.Encode.Basis})
	}
	return out
}
