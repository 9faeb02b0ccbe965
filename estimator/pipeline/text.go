package pipeline

import "math"

// textStages are the text encoders, each over the prompt and, with guidance,
// the negative prompt.
func (m *Model) textStages(out []Stage, j *Job) []Stage {
	text := float64(clipTokens)
	if d := m.Find(Denoiser); j.TextTokens > 0 {
		text = float64(j.TextTokens) // a denoiser's may have an image's tokens among them
	} else if d != nil {
		text = m.textTokens(d, j)
	}
	for i := range m.Components {
		c := &m.Components[i]
		if c.Role != TextEncoder {
			continue
		}
		tokens := text
		if c.MaxTokens > 0 {
			tokens = float64(c.MaxTokens)
		}
		st := c.encode(float64(j.Batch)*float64(j.Passes), tokens)
		st.Name, st.Component, st.Work, st.Calls = "text encoding", i, WorkText, 1
		out = append(out, st)
	}
	return out
}

// encode counts a transformer over b sequences of tokens: its layers where they
// are known, else two FLOPs a weight and token.
func (c *Component) encode(b, tokens float64) Stage {
	n, assumed, width := count{}, "", float64(c.Hidden)
	switch {
	case c.Layers > 0 && c.Hidden > 0:
		var l block
		l, assumed = c.block()
		one := count{}
		one.layer(&l, b, tokens, tokens, 0)
		if c.LinearD2 > 0 { // heads wider than the layers
			one.flops = 2 * b * tokens * c.LinearD2 * width * width
			one.params = c.LinearD2 * width * width
		}
		n.add(&one, float64(c.Layers))
		// Looking up the embedding of each token.
		n.op(2 * width * b * tokens)
		if p := float64(c.Params); p > 0 {
			n.params = math.Min(n.params, p)
		}
	case c.uses() > 0:
		body := *c
		body.Params = max(0, c.Params-int64(c.Vocab)*int64(c.Hidden)) // rows of an embedding are looked up
		one := count{}
		width = one.bySize(&body, tokens)
		one.times(b)
		n, assumed = one, bySizeWords
	default:
		assumed = "its size is not known: left out"
	}
	st := n.stage("", 0, "", 1)
	st.Tokens, st.Width, st.Assumed = b*tokens, width, assumed
	return st
}

// block is the layer of an encoder or a language model.
func (c *Component) block() (block, string) {
	d := float64(c.Hidden)
	l := block{width: d, kv: d, ffn: float64(c.FFN), gated: c.Gated}
	if c.Heads > 0 && c.KVHeads > 0 && c.KVHeads < c.Heads {
		l.kv = d * float64(c.KVHeads) / float64(c.Heads)
	}
	assumed := ""
	if l.ffn <= 0 {
		l.ffn = plainFFN(d, l.gated)
		assumed = "the feed-forward width is not known, taken as usual"
	}
	if !l.gated && c.ModelRef != "" && c.Params > 0 {
		// A language model's gate is not among a component's facts everywhere: it
		// has one if its weights add up better with it.
		body := float64(c.Params) - float64(c.Vocab)*d
		layer := 2*d*d + 2*d*l.kv + 2*d*l.ffn
		with := float64(c.Layers) * (layer + d*l.ffn)
		l.gated = math.Abs(with-body) < math.Abs(float64(c.Layers)*layer-body)
	}
	return l, assumed
}

// visionSide is the picture that vision towers of image-to-video models take,
// in pixels, where their positions are not known (CLIP; Radford et al. 2021,
// arXiv:2103.00020).
const visionSide = 224

// visionStage runs a vision tower over the input image of each clip.
func visionStage(i int, c *Component, j *Job) Stage {
	positions, assumed := float64(c.Positions), ""
	if positions <= 0 {
		patch := 14
		if c.Patch[1] > 0 {
			patch = c.Patch[1]
		}
		side := float64(max(1, visionSide/patch))
		positions, assumed = side*side+1, "its input is taken as 224×224 pixels"
	}
	st := c.encode(float64(max(j.InputImages, 1)), positions)
	st.Name, st.Component, st.Work = "encoding the input image (vision tower)", i, WorkVision
	st.Assumed = joinReasons(assumed, st.Assumed)
	return st
}
