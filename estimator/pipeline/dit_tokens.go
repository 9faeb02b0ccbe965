package pipeline

import (
	"fmt"
	"math"
)

// imageTokens is how many tokens a transformer denoiser works on for one
// sample, text left out, with what was assumed: latents are the pixels over the
// autoencoder's strides, tokens the latents over the patch. Of speech they are
// the frames of the spectrogram.
func (m *Model) imageTokens(c *Component, j *Job) (float64, string, error) {
	if m.Class == Synthesis {
		if c.TokensPerSecond <= 0 {
			return 0, "", fmt.Errorf("%s: how many tokens a second of speech has is not known for %q (tokens_per_s)", m.ID, c.Name)
		}
		return math.Ceil(j.AudioSeconds * c.TokensPerSecond), "", nil
	}
	v := m.Find(VAE)
	if v == nil || v.Spatial <= 0 {
		return 0, "", fmt.Errorf("%s: the autoencoder's strides are not known, so its tokens cannot be counted: give a component with the role %q and its spatial stride", m.ID, VAE)
	}
	p, why := c.patch(v.Spatial), ""
	if c.Patch == ([3]int{}) {
		why = fmt.Sprintf("the patch is not known, taken as %d×%d latent pixels", p[1], p[2])
	}
	plane := float64(j.Height/v.Spatial/p[1]) * float64(j.Width/v.Spatial/p[2])
	tokens := plane * math.Ceil(v.latentFrames(j)/float64(p[0]))
	if c.ImageTokens {
		tokens += plane * float64(j.InputImages)
	}
	return tokens, why, nil
}

// latentFrames is how many frames of latents a clip has: frames over the stride
// in time, rounded up, which for a causal autoencoder's t·k+1 frames is k+1.
func (c *Component) latentFrames(j *Job) float64 {
	return math.Ceil(float64(max(j.Frames, 1)) / float64(max(c.Temporal, 1)))
}

// clipTokens is the text that a U-Net attends to where nothing is said.
const clipTokens = 77

// textTokens is the length of text that a denoiser works with. It is padded to
// TextTokens; a job that asks for more or less than the model's default changes
// it by as much.
func (m *Model) textTokens(c *Component, j *Job) float64 {
	n, usual := c.TextTokens, m.Defaults.TextTokens
	switch {
	case n > 0 && j.TextTokens > 0 && usual > 0:
		n = max(1, n+j.TextTokens-usual)
	case j.TextTokens > 0 && m.Class != Synthesis:
		n = j.TextTokens
	case n == 0 && m.Class != Synthesis:
		n = clipTokens
	}
	return float64(n)
}
