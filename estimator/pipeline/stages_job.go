package pipeline

import (
	"fmt"
	"math"
)

// most bounds every number of a job; more is a slip of the pen.
const most = 1e9

// Resolve fills the zero fields of a job from the model's defaults, rounds the
// sizes down to whole tokens as the pipelines do, and turns characters into
// seconds of speech. What it returns resolves to itself. The error is one line
// that says which field is wrong.
func (m *Model) Resolve(j Job) (Job, error) {
	j = j.With(m.Defaults)
	for _, f := range [...]struct {
		name string
		v    float64
	}{
		{"batch", float64(j.Batch)}, {"width", float64(j.Width)}, {"height", float64(j.Height)}, {"frames", float64(j.Frames)},
		{"fps", j.FPS}, {"steps", float64(j.Steps)}, {"passes", float64(j.Passes)}, {"text tokens", float64(j.TextTokens)},
		{"input images", float64(j.InputImages)}, {"audio seconds", j.AudioSeconds}, {"characters", float64(j.Characters)},
		{"beam", float64(j.Beam)}, {"output tokens", float64(j.OutputTokens)}, {"chunk seconds", j.ChunkSeconds},
		{"sequence tokens", float64(j.SequenceTokens)}, {"documents", float64(j.Documents)},
	} {
		if !(f.v >= 0 && f.v <= most) { // NaN included
			return j, fmt.Errorf("%s: %s is %g: give a number from 0 to %g", m.ID, f.name, f.v, most)
		}
	}
	j.Batch, j.Passes, j.Beam = max(j.Batch, 1), max(j.Passes, 1), max(j.Beam, 1)
	switch m.Class {
	case TextToImage, TextToVideo:
		return j, m.resolvePicture(&j)
	case Recognition, Denoising:
		return j, m.need("audio seconds", j.AudioSeconds)
	case Synthesis:
		return j, m.resolveSpeech(&j)
	case Embedding:
		if j.Documents == 0 {
			j.Documents = j.Batch
		}
		return j, m.need("sequence tokens", float64(j.SequenceTokens))
	}
	return j, nil
}

// need refuses a field that must be given.
func (m *Model) need(name string, v float64) error {
	if v <= 0 {
		return fmt.Errorf("%s: %s not given, and the model has no default: give a positive number", m.ID, name)
	}
	return nil
}

func (m *Model) resolvePicture(j *Job) error {
	j.Frames = max(j.Frames, 1)
	if m.Class == TextToImage && j.Frames > 1 {
		return fmt.Errorf("%s: %d frames of a model that makes images: leave the frames out", m.ID, j.Frames)
	}
	if err := m.need("steps", float64(j.Steps)); err != nil {
		return err
	}
	across, down := m.side(2), m.side(1)
	for _, f := range [...]struct {
		name string
		v    *int
		unit int
	}{{"width", &j.Width, across}, {"height", &j.Height, down}} {
		if err := m.need(f.name, float64(*f.v)); err != nil {
			return err
		}
		if *f.v < f.unit {
			return fmt.Errorf("%s: %s is %d: one token is %d pixels, so give at least that", m.ID, f.name, *f.v, f.unit)
		}
		*f.v -= *f.v % f.unit
	}
	return nil
}

// side is how many pixels a token of the denoiser is wide (axis 2) or high (1):
// the autoencoder's stride times the patch.
func (m *Model) side(axis int) int {
	stride, patch := 1, 1
	if v := m.Find(VAE); v != nil {
		stride = max(v.Spatial, 1)
	}
	if d := m.Find(Denoiser); d != nil && d.Kind != UNet {
		patch = d.patch(stride)[axis]
	}
	if patch > int(most)/stride {
		return int(most) // no picture has that
	}
	return stride * patch
}

// tokenSide is how many pixels a token is wide where the patch is not known: it
// is 16 in all pipelines whose autoencoder has a stride of 8 or 16.
const tokenSide = 16

// patch is the latent pixels of a token. A patch that is not known is assumed
// to make up for a small stride of the autoencoder.
func (c *Component) patch(stride int) [3]int {
	p := c.Patch
	if p == ([3]int{}) {
		side := max(1, tokenSide/stride)
		return [3]int{1, side, side}
	}
	return [3]int{max(p[0], 1), max(p[1], 1), max(p[2], 1)}
}

// resolveSpeech takes the length of speech from the characters where those are
// given and the seconds are not.
func (m *Model) resolveSpeech(j *Job) error {
	if j.Characters > 0 && (j.AudioSeconds == 0 || j.AudioSeconds == m.Defaults.AudioSeconds) {
		rate := 0.0
		for i := range m.Components {
			rate = math.Max(rate, m.Components[i].CharactersPerSecond)
		}
		if rate <= 0 {
			return fmt.Errorf("%s: how many characters a second of its speech has is not known (characters_per_s): give audio seconds", m.ID)
		}
		j.AudioSeconds = float64(j.Characters) / rate
	}
	return m.need("audio seconds", j.AudioSeconds)
}
