package vision

import (
	"fmt"
	"math"
)

// Video is how a film's frames become tokens.
type Video struct {
	// Temporal is how many frames in a row become one image; Tokens, where it is
	// given, what such a one has, else it is cut as a grid.
	Temporal int `json:"temporal,omitempty"`
	Tokens   int `json:"tokens,omitempty"`
	Extra    int `json:"extra_tokens,omitempty"` // of the whole film
	// MinPixels and MaxPixels bound the area of a frame, or of all frames
	// together where Total is true.
	MinPixels int  `json:"min_pixels,omitempty"`
	MaxPixels int  `json:"max_pixels,omitempty"`
	Total     bool `json:"total,omitempty"`
	// MaxFrames is the most frames that are taken.
	MaxFrames int    `json:"max_frames,omitempty"`
	Source    string `json:"source,omitempty"`
}

const mostFrames = 1 << 16

// Frames returns what a film of so many frames (those that were taken of it),
// each of the given size in pixels, is to the model.
func (r *Rule) Frames(frames, width, height int) (View, error) {
	v := r.Video
	if v == nil {
		return View{}, fmt.Errorf("it takes no video, as far as is known")
	}
	if frames < 1 || frames > mostFrames || v.MaxFrames > 0 && frames > v.MaxFrames {
		most := v.MaxFrames
		if most == 0 {
			most = mostFrames
		}
		return View{}, fmt.Errorf("%d frames of video: give 1 to %d, those that are taken of it", frames, most)
	}
	if _, err := r.Image(width, height); err != nil {
		return View{}, err
	}
	step := max(v.Temporal, 1)
	n := (frames + step - 1) / step
	if v.Tokens > 0 {
		all := r.tiled(n, n*v.Tokens+v.Extra)
		return all, nil
	}
	least, most, counted := v.MinPixels, v.MaxPixels, 1
	if v.Total {
		counted = n * step
	} else {
		frames = 1
	}
	h, w := resize(height, width, frames, r.Patch*r.Merge, least, most, counted)
	one := r.whole(w, h, 0)
	all := one.Times(n)
	all.Tokens += v.Extra
	return all, nil
}

// Audio is how sound becomes tokens: cut into frames, which steps of
// convolution or joining thin out.
type Audio struct {
	// FrameMs is the hop between frames. Chunk is the seconds that sound is
	// padded to a multiple of, MaxSeconds the most that is taken.
	FrameMs    float64 `json:"frame_ms,omitempty"`
	Chunk      float64 `json:"chunk_s,omitempty"`
	MaxSeconds float64 `json:"max_s,omitempty"`
	// Tokens, where it is given, is what every sound has.
	Tokens int `json:"tokens,omitempty"`
	// Group frames together become GroupTokens; Steps thin out what is left of
	// them, or all where there are no groups.
	Group       int    `json:"group,omitempty"`
	GroupTokens int    `json:"group_tokens,omitempty"`
	Steps       []Step `json:"steps,omitempty"`
	// EncoderAt is how many of the steps come before the encoder's layers.
	EncoderAt int    `json:"encoder_at,omitempty"`
	Source    string `json:"source,omitempty"`
}

// Step takes Kernel frames, Pad more on both ends, every Stride frames.
type Step struct {
	Kernel int `json:"kernel"`
	Stride int `json:"stride"`
	Pad    int `json:"pad,omitempty"`
}

func (s Step) of(n int) int {
	return max(0, int(math.Floor(float64(n+2*s.Pad-s.Kernel)/float64(s.Stride)))+1)
}

const mostSeconds = 1 << 20

// Sound returns what so many seconds of sound are to the model.
func (r *Rule) Sound(seconds float64) (View, error) {
	a := r.Audio
	if a == nil {
		return View{}, fmt.Errorf("it takes no sound, as far as is known")
	}
	most := a.MaxSeconds
	if most == 0 {
		most = mostSeconds
	}
	if !(seconds > 0) || seconds > most {
		return View{}, fmt.Errorf("%g s of sound: give more than 0, at most %g", seconds, most)
	}
	chunks := 1
	if a.Chunk > 0 {
		chunks = int(math.Ceil(seconds / a.Chunk))
		seconds = float64(chunks) * a.Chunk
	}
	if a.Tokens > 0 {
		return View{Tokens: a.Tokens, Calls: 1}, nil
	}
	frames := int(math.Floor(seconds*1000/a.FrameMs + 1e-6))
	through := func(steps []Step) int {
		n, whole := frames, 0
		if a.Group > 0 {
			n, whole = frames%a.Group, frames/a.Group*a.GroupTokens
		}
		for _, s := range steps {
			n = s.of(n)
		}
		return n + whole
	}
	at := a.Steps
	if a.EncoderAt > 0 && a.EncoderAt < len(at) {
		at = at[:a.EncoderAt]
	}
	p := through(at)
	v := View{Tokens: max(1, through(a.Steps)), Patches: p, Calls: chunks}
	v.Pairs = float64(p) * float64(p) / float64(chunks)
	return v, nil
}
