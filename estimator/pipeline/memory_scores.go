package pipeline

import (
	"fmt"
	"math"
)

// usualScoreHead is the width of a head of attention where the heads are not
// known: of SDXL's U-Net 64, of most transformers 64 to 128.
const usualScoreHead = 64

// scoreLines are the scores of attention where an engine writes them to memory
// (heads × tokens², one layer at a time) and does not fuse them with what
// follows (Dao et al. 2022, arXiv:2205.14135).
func (a *account) scoreLines(s *Setup, h *held, st *Stage) []Line {
	each := a.engine.ScoreBytes
	if each <= 0 || s.FlashAttention || st.Work != WorkConv && st.Work != WorkDiT || st.Tokens <= 0 {
		return nil
	}
	batch := math.Max(float64(a.job.Batch), 1)
	if n := together(a.job.Passes, s.Guidance); n > 1 && !a.req.apart() {
		batch *= n
	}
	tokens, heads := h.c.scores(st.Tokens / math.Max(float64(a.job.Batch), 1))
	b := heads * tokens * tokens * batch * each / float64(max(s.Sequence, 1))
	if b <= 0 {
		return nil
	}
	return []Line{{Name: "attention scores", Kind: activationKind, Bytes: size(b), Low: size(b * activationLow), High: size(b * activationHigh),
		Formula: fmt.Sprintf("%.0f heads × %.0f² tokens × %g bytes", heads*batch, tokens, each), Source: "engine data of " + a.engine.ID}}
}

// scores is the tokens and the heads of the layer with the largest attention,
// of a denoiser that works on so many tokens, or latent pixels, of one sample.
func (c *Component) scores(tokens float64) (most, heads float64) {
	if c.Kind != UNet {
		if c.Kind == LinearDiT {
			return 0, 0
		}
		return tokens, c.heads(float64(c.Hidden))
	}
	for level := range c.Channels {
		if level >= len(c.Depths) || c.Depths[level] <= 0 {
			continue
		}
		n, k := tokens/math.Pow(4, float64(level)), c.heads(float64(c.Channels[level]))
		if k*n*n > heads*most*most {
			most, heads = n, k
		}
	}
	return most, heads
}

func (c *Component) heads(width float64) float64 {
	if c.Heads > 0 {
		return float64(c.Heads)
	}
	return math.Max(1, math.Round(width/usualScoreHead))
}
