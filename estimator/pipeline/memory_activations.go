package pipeline

import (
	"fmt"
	"math"
)

// Bounds of what is not measured on the very job: shares of the central value.
const (
	activationLow, activationHigh = 0.75, 1.25
	guessLow, guessHigh           = 0.5, 2.0
)

// assumedFactor stands in for an engine's ActivationFactor: between what was
// seen of eager code with 32-bit residuals (45) and of fused code (8).
var assumedFactor = Interval{Value: 20, Low: 8, High: 45}

// activations says what lies beside the weights while a phase runs: the stage
// that needs most of those that follow one another.
func (a *account) activations(s *Setup, all []held, p *span) ([]Line, error) {
	var best []Line
	most := int64(-1)
	for _, st := range p.stages {
		lines := a.stageLines(s, &all[st.Component], st)
		sum := int64(0)
		for _, l := range lines {
			sum += l.Bytes
		}
		if sum > most {
			best, most = lines, sum
		}
	}
	return best, nil
}

func (a *account) stageLines(s *Setup, h *held, st *Stage) []Line {
	switch st.Work {
	case WorkDecode:
		return a.decodeLines(s, h, st)
	case WorkAudioCross:
		return nil // written into the decoder's cache
	case WorkAudioDecode, WorkSpeechTokens:
		return append(a.cacheLines(h, st), a.tokenLine(s, h, st)...)
	}
	return append(a.tokenLine(s, h, st), a.scoreLines(s, h, st)...)
}

// element is the bytes of an activation.
func (f *Format) element() float64 {
	if f.Compute == "fp32" {
		return 4
	}
	return 2
}

// tokenLine is tokens × width × bytes an element × the engine's factor. Several
// devices divide the tokens of a denoiser; the passes of a step are side by
// side in a call unless the engine, or the setup, runs them apart.
func (a *account) tokenLine(s *Setup, h *held, st *Stage) []Line {
	if st.Tokens <= 0 || st.Width <= 0 {
		return nil
	}
	factor, source := a.engine.ActivationFactor, "engine data of "+a.engine.ID
	if factor.Value <= 0 {
		factor, source = assumedFactor, "assumed: between fused code and eager code with 32-bit residuals"
	}
	tokens, element := st.Tokens, h.format.element()
	words := fmt.Sprintf("%.0f tokens", st.Tokens)
	if st.divides() {
		if n := together(a.job.Passes, s.Guidance); n > 1 && !a.req.apart() {
			tokens *= n
			words += fmt.Sprintf(" × %g passes", n)
		}
		if s.Sequence > 1 {
			tokens /= float64(s.Sequence)
			words += fmt.Sprintf(" ÷ %d devices", s.Sequence)
		}
	}
	one := tokens * st.Width * element
	out := []Line{{Name: "activations", Kind: activationKind, Bytes: size(one * factor.Value),
		Low: size(one * math.Min(factor.Low, factor.Value*activationLow)), High: size(one * math.Max(factor.High, factor.Value*activationHigh)),
		Formula: fmt.Sprintf("%s × width %.0f × %g bytes × %g", words, st.Width, element, factor.Value), Source: source}}
	if st.divides() && s.Sequence > 1 {
		// Ulysses: queries, keys, values and the output are exchanged; ring
		// attention: keys and values of a neighbour, and those that follow.
		name, source := "all-to-all buffers", "Jacobs et al. 2023, arXiv:2309.14509"
		if s.Ring {
			name, source = "ring buffers", "Liu et al. 2023, arXiv:2310.01889"
		}
		b := 4 * one
		out = append(out, Line{Name: name, Kind: overhead, Bytes: size(b), Low: size(b * guessLow), High: size(b * guessHigh),
			Formula: fmt.Sprintf("4 × %s × width %.0f × %g bytes", words, st.Width, element), Source: source})
	}
	return out
}

// cacheLines are the keys and values that a decoder keeps: of the encoder's
// output, once a window, and of the tokens, for every sequence that it follows.
func (a *account) cacheLines(h *held, st *Stage) []Line {
	c := h.c
	if c.Layers <= 0 || c.Hidden <= 0 {
		return nil
	}
	width, element := float64(c.Hidden), h.format.element()
	if c.Heads > 0 && c.KVHeads > 0 {
		width *= float64(c.KVHeads) / float64(c.Heads)
	}
	each := 2 * float64(c.Layers) * element
	batch, beam := float64(a.job.Batch), float64(a.job.Beam)
	var out []Line
	share := 1.0 // of the audio, in the fullest window
	heard := a.model.Find(Encoder)
	if c.Kind == CrossDecoder && heard != nil && heard.Positions > 0 {
		b := each * float64(heard.Positions) * float64(c.Hidden) * batch
		out = append(out, Line{Name: "cross-attention cache", Kind: activationKind, Bytes: size(b), Low: size(b * activationLow), High: size(b * activationHigh),
			Formula: fmt.Sprintf("2 × %d layers × %d positions × %d × %g bytes × %g windows", c.Layers, heard.Positions, c.Hidden, element, batch), Source: c.Source})
		if heard.windowed() && a.job.AudioSeconds > 0 {
			share = math.Min(1, heard.seconds(&a.job)/a.job.AudioSeconds)
		}
	}
	tokens := float64(a.job.OutputTokens) * share
	if tokens <= 0 {
		tokens = a.job.AudioSeconds * share * c.TokensPerSecond
	}
	tokens = math.Max(1, math.Ceil(tokens-1e-9)) // whatever the rounding of the share
	longest := 2 * tokens
	if c.MaxTokens > 0 {
		tokens, longest = math.Min(tokens, float64(c.MaxTokens)), float64(c.MaxTokens)
	}
	b := each * width * batch * beam
	out = append(out, Line{Name: "cache of tokens", Kind: activationKind, Bytes: size(b * tokens), Low: size(b * tokens * guessLow), High: size(b * longest),
		Formula: fmt.Sprintf("2 × %d layers × %.0f × %g bytes × %.0f tokens × %g sequences", c.Layers, width, element, tokens, batch*beam), Source: c.Source})
	return out
}
