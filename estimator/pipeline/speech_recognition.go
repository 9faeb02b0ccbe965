package pipeline

import (
	"fmt"
	"math"
)

// recognitionStages write down what is heard: an encoder over windows of audio,
// and what turns its output into text.
func (m *Model) recognitionStages(j *Job) ([]Stage, error) {
	out := make([]Stage, 0, len(m.Components)+1)
	var heard *Component
	for i := range m.Components {
		c := &m.Components[i]
		if c.Role != Encoder {
			continue
		}
		heard = c
		if c.windowed() {
			out = append(out, m.windowStage(i, c, j))
			continue
		}
		st, err := m.framewise(i, c, j, "audio encoding", WorkAudioEncode)
		if err != nil {
			return nil, err
		}
		out = append(out, st)
	}
	if heard == nil {
		return nil, fmt.Errorf("%s: it has no audio encoder: give a component with the role %q", m.ID, Encoder)
	}
	for i := range m.Components {
		c := &m.Components[i]
		switch {
		case c.Role == Decoder && c.Kind == CrossDecoder:
			stages, err := m.decodeStages(i, c, heard, j)
			if err != nil {
				return nil, err
			}
			out = append(out, stages...)
		case c.Role == LanguageModel:
			st, err := m.generateStage(i, c, j)
			if err != nil {
				return nil, err
			}
			st.Name, st.Work = "decoding text", WorkAudioDecode
			out = append(out, st)
		case c.Role == Decoder || c.Role == Projector:
			out = append(out, m.transducerStage(i, c, heard, j))
		}
	}
	return out, nil
}

// windowed says whether the encoder's layers are known, over a window that is
// always full (Radford et al. 2022, arXiv:2212.04356).
func (c *Component) windowed() bool {
	return c.Positions > 0 && c.WindowSeconds > 0 && c.Layers > 0 && c.Hidden > 0
}

// windows is how many windows the audio has, in how many calls of side windows
// they are worked on. Each window is worked on whole, however little of it is
// filled; a chunk shorter than a window takes a window of its own. An encoder
// without windows works on a batch of clips in one call.
func (c *Component) windows(j *Job) (calls, side float64) {
	batch := float64(max(j.Batch, 1))
	if !c.windowed() {
		return 1, batch
	}
	n := math.Max(1, math.Ceil(j.AudioSeconds/c.seconds(j)))
	calls = math.Ceil(n / batch)
	return calls, n / calls
}

// seconds is how much audio a window holds: a chunk, where it is shorter.
func (c *Component) seconds(j *Job) float64 {
	if j.ChunkSeconds > 0 && j.ChunkSeconds < c.WindowSeconds {
		return j.ChunkSeconds
	}
	return c.WindowSeconds
}

// most is how many windows or clips the fullest call has: all but the last are
// filled.
func (c *Component) most(j *Job) float64 {
	calls, side := c.windows(j)
	return math.Min(float64(max(j.Batch, 1)), calls*side)
}

// turns is for how many seconds of speech a decoder writes token after token:
// the windows of a call are done when the fullest is, and only the last of all
// may be part filled.
func (c *Component) turns(j *Job) float64 {
	calls, side := c.windows(j)
	n, batch := math.Round(calls*side), c.most(j)
	if !c.windowed() || n <= 1 || batch <= 1 {
		return j.AudioSeconds
	}
	if n-(calls-1)*batch <= 1 { // the last is alone
		return j.AudioSeconds - (n-calls)*c.seconds(j)
	}
	return calls * c.seconds(j)
}

// abreast is how many windows or clips are worked on side by side.
func (m *Model) abreast(j *Job) float64 {
	if c := m.Find(Encoder); c != nil && m.Class == Recognition {
		_, side := c.windows(j)
		return side
	}
	return float64(max(j.Batch, 1))
}

// Clips is how many pieces of audio a job hears or makes, each as long as the
// job says: its batch, unless that is of the windows of one.
func (m *Model) Clips(j *Job) float64 {
	if c := m.Find(Encoder); c != nil && c.windowed() && m.Class == Recognition {
		return 1
	}
	return float64(max(j.Batch, 1))
}

// writes says whether a component that decodes writes a token a call.
func (c *Component) writes() bool { return c.Kind == CrossDecoder || c.Role == LanguageModel }

// windowStage is an encoder over windows: two convolutions of width 3, the
// second of stride 2, and layers with attention over all positions.
func (m *Model) windowStage(i int, c *Component, j *Job) Stage {
	calls, side := c.windows(j)
	d, p, layers := float64(c.Hidden), float64(c.Positions), float64(c.Layers)
	l, assumed := c.block()
	n, one := count{}, count{}
	one.layer(&l, 1, p, p, 0)
	n.add(&one, layers)
	mel := float64(c.MelBins)
	if mel <= 0 {
		mel = 80
		assumed = joinReasons(assumed, "80 mel bins")
	}
	n.conv(mel, d, 3, 2*p, 2*p)
	n.op(2 * d * 2 * p)
	n.conv(d, d, 3, 2*p, p)
	n.op(2 * d * p)
	n.op(2 * d * p) // positions
	n.norm(d, p)
	n.times(side)
	if w := c.uses(); w > 0 {
		n.params = w
	}
	st := n.stage("audio encoding", i, WorkAudioEncode, calls)
	st.Tokens, st.Width, st.Assumed = c.most(j)*p, d, assumed
	return st
}

// decodeStages are a decoder's two parts: the keys and values that its layers
// make of the encoder's output, once a window, and the tokens, one a call for
// all windows and beams side by side.
func (m *Model) decodeStages(i int, c, heard *Component, j *Job) ([]Stage, error) {
	if c.Layers <= 0 || c.Hidden <= 0 {
		return nil, fmt.Errorf("%s: the layers of %q are not known (layers, hidden)", m.ID, c.Name)
	}
	tokens := float64(j.OutputTokens)
	if tokens <= 0 {
		if c.TokensPerSecond <= 0 {
			return nil, fmt.Errorf("%s: how many tokens a second of speech has is not known (tokens_per_s): give the output tokens", m.ID)
		}
		tokens = math.Ceil(j.AudioSeconds * c.TokensPerSecond)
	}
	calls, side := heard.windows(j)
	d, layers, positions := float64(c.Hidden), float64(c.Layers), float64(heard.Positions)
	if positions <= 0 { // an encoder without windows: its frames
		positions = math.Ceil(j.AudioSeconds * heard.FramesPerSecond)
	}
	width := d
	if heard.Hidden > 0 {
		width = float64(heard.Hidden)
	}

	cross, one := count{}, count{}
	one.linear(width, d, side*positions)
	one.linear(width, d, side*positions)
	cross.add(&one, layers)
	first := cross.stage("cross-attention cache", i, WorkAudioCross, calls)
	first.Tokens, first.Width = heard.most(j)*positions, d

	// In a window the cache grows from nothing to all its tokens: half on the
	// mean, and never more than the decoder holds.
	perWindow := tokens * m.Clips(j) / (calls * side)
	if c.MaxTokens > 0 {
		perWindow = math.Min(perWindow, float64(c.MaxTokens))
	}
	steps := math.Ceil(heard.turns(j) * c.TokensPerSecond)
	if j.OutputTokens > 0 {
		steps = tokens * heard.turns(j) / j.AudioSeconds
	}
	rows := float64(j.Beam) * tokens * m.Clips(j) / steps // on the mean
	l, assumed := c.block()
	l.cross, l.cached = width, true
	n := count{}
	one = count{}
	one.layer(&l, rows, 1, math.Max(1, perWindow/2), positions)
	n.add(&one, layers)
	n.norm(d, rows)
	n.linear(d, float64(c.Vocab), rows)
	n.op(2 * float64(c.Vocab) * rows) // probabilities
	if w := c.uses(); w > 0 {
		n.params = w
	}
	second := n.stage("decoding text", i, WorkAudioDecode, steps)
	second.Tokens, second.Width, second.Assumed = float64(j.Beam)*heard.most(j), d, assumed
	return []Stage{first, second}, nil
}

// transducerStage is a small network beside an encoder: a predictor or joiner,
// which runs once for each of its frames, or else for each token.
func (m *Model) transducerStage(i int, c, heard *Component, j *Job) Stage {
	calls, assumed := float64(j.OutputTokens), ""
	switch {
	case c.FramesPerSecond > 0:
		calls = math.Ceil(j.AudioSeconds * c.FramesPerSecond)
	case calls > 0:
	case c.TokensPerSecond > 0:
		calls = math.Ceil(j.AudioSeconds * c.TokensPerSecond)
	default:
		calls = math.Ceil(j.AudioSeconds * heard.FramesPerSecond)
		assumed = "it is taken to run once a frame of the encoder"
	}
	n := count{}
	width := n.bySize(c, float64(j.Batch))
	n.attention = 0
	st := n.stage("decoding text", i, WorkAudioDecode, calls)
	st.Tokens, st.Width, st.Assumed = float64(j.Batch), width, joinReasons(bySizeWords, assumed)
	return st
}
