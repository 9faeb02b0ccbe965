package pipeline

import (
	"fmt"
	"math"
)

// Stages says what each component of a model does in a job, in the order of
// work. Fields of the job that are zero take the model's defaults; sizes that
// no token fits are rounded down as the pipelines do (see [Model.Resolve]). The
// error is one line that says what is wrong with the job, or which fact of the
// model is missing.
func Stages(m *Model, j Job) ([]Stage, error) {
	j, err := m.Resolve(j)
	if err != nil {
		return nil, err
	}
	var out []Stage
	switch m.Class {
	case TextToImage, TextToVideo:
		out, err = m.pictureStages(&j)
	case Recognition:
		out, err = m.recognitionStages(&j)
	case Synthesis:
		out, err = m.synthesisStages(&j)
	case Denoising:
		out, err = m.enhanceStages(&j)
	case Embedding:
		out, err = m.embedStages(&j)
	default:
		err = fmt.Errorf("%s: no work is known for the class %q", m.ID, m.Class)
	}
	if err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: none of its components does anything in this job: give its components and their roles", m.ID)
	}
	for i := range out {
		if err := m.sane(&out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// mostTokens is how many positions side by side are still taken for a job that
// somebody means.
const mostTokens = 1e9

// sane refuses a stage that is not a finite amount of work.
func (m *Model) sane(st *Stage) error {
	for _, v := range [...]float64{st.Calls, st.FLOPs, st.Attention, st.Weights, st.Moved, st.Kernels, st.Tokens, st.Width} {
		if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
			return fmt.Errorf("%s: the work of %s cannot be counted: a size of the model or of the job is out of all proportion", m.ID, st.Name)
		}
	}
	if st.Work != WorkDecode && st.Tokens > mostTokens {
		return fmt.Errorf("%s: %s has %.3g tokens side by side, more than %g: ask for less at once", m.ID, st.Name, st.Tokens, mostTokens)
	}
	return nil
}

// pictureStages are those of images and video: the prompt, the input images,
// the denoiser's passes with what runs beside it, and the decoding of latents.
func (m *Model) pictureStages(j *Job) ([]Stage, error) {
	out := make([]Stage, 0, len(m.Components)+2)
	out = m.textStages(out, j)
	for i := range m.Components {
		switch c := &m.Components[i]; c.Role {
		case VisionTower:
			out = append(out, visionStage(i, c, j))
		case VAE:
			if n := m.inputs(j); n > 0 {
				out = append(out, vaeEncodeStage(i, c, j, n))
			}
		}
	}
	found := false
	for i := range m.Components {
		c := &m.Components[i]
		if c.Role != Denoiser && c.Role != ControlNet {
			continue
		}
		st, err := m.denoiseStage(i, c, j)
		if err != nil {
			return nil, err
		}
		found = found || c.Role == Denoiser
		out = append(out, st)
	}
	if !found {
		return nil, fmt.Errorf("%s: it has no denoiser: give a component with the role %q", m.ID, Denoiser)
	}
	for i := range m.Components {
		if c := &m.Components[i]; c.Role == VAE {
			out = append(out, vaeDecodeStage(i, c, j))
		}
	}
	return out, nil
}

// inputs is how many images go in. A model with a vision tower begins with one.
func (m *Model) inputs(j *Job) float64 {
	if j.InputImages == 0 && m.Find(VisionTower) != nil {
		return 1
	}
	return float64(j.InputImages)
}

// denoiseStage is one pass of a denoiser, or of a network that runs beside it.
func (m *Model) denoiseStage(i int, c *Component, j *Job) (Stage, error) {
	shape := c
	if c.Role == ControlNet && len(c.Channels) == 0 && c.Layers+c.DoubleLayers+c.SingleLayers == 0 {
		if d := m.Find(Denoiser); d != nil && d.Kind == UNet {
			shape = d // a ControlNet is a copy of the encoder half
		}
	}
	var st Stage
	var err error
	if shape.Kind == UNet {
		st, err = m.unetStage(shape, c, j)
	} else {
		st, err = m.ditStage(c, j)
	}
	st.Component, st.Calls = i, float64(j.Steps)*float64(j.Passes)
	return st, err
}

// uses is how many weights a call reads.
func (c *Component) uses() float64 {
	if c.ActiveParams > 0 {
		return float64(c.ActiveParams)
	}
	return float64(c.Params)
}

// stage makes a stage of a count.
func (n *count) stage(name string, i int, work Work, calls float64) Stage {
	return Stage{Name: name, Component: i, Work: work, Calls: calls,
		FLOPs: n.flops, Attention: n.attention, Weights: n.params, Moved: n.moved, Kernels: n.kernels}
}

// joinReasons puts two reasons into one line; either may be empty.
func joinReasons(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}
