package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
)

// pipelineAxes lists the flags of image, video, speech and embedding models.
func pipelineAxes() []axis {
	type S = scenario.Scenario
	return []axis{
		{flag: "size", usage: "size of an image or a video in pixels, as 1024x1024", set: setSize},
		countAxis("width", "", "width of an image or a video in pixels", func(s *S) *int { return &s.Width }),
		countAxis("height", "", "height of an image or a video in pixels", func(s *S) *int { return &s.Height }),
		countAxis("frames", "", "frames of a video", func(s *S) *int { return &s.Frames }),
		numberAxis("fps", "frames a second of a video", func(s *S) *float64 { return &s.FPS }),
		countAxis("steps", "", "steps of a denoiser (default: the model's usual number)", func(s *S) *int { return &s.Steps }),
		countAxis("guidance-passes", "", "passes of a denoiser a step: 2 with classifier-free guidance, 1 without", func(s *S) *int { return &s.GuidancePasses }),
		{flag: "no-guidance", usage: "one pass of a denoiser a step", noValue: "true", set: setNoGuidance},
		countAxis("text-tokens", "", "length of a prompt for images and videos", func(s *S) *int { return &s.TextTokens }),
		secondsAxis("audio-seconds", "audio that is heard or made, as 30 or 5min", func(s *S) *float64 { return &s.AudioSeconds }),
		countAxis("characters", "", "length of a text that is spoken", func(s *S) *int { return &s.Characters }),
		countAxis("beam", "", "sequences that a recogniser of speech follows", func(s *S) *int { return &s.Beam }),
		secondsAxis("chunk-seconds", "audio that is worked on at once", func(s *S) *float64 { return &s.ChunkSeconds }),
		countAxis("sequence-tokens", "", "length of a document that is embedded", func(s *S) *int { return &s.SequenceTokens }),
		countAxis("documents", "", "documents that are embedded in all", func(s *S) *int { return &s.Documents }),
		textAxis("text-quant", "", "weight format of text encoders, beside --quant of the denoiser", func(s *S) *string { return &s.TextQuant }),
		textAxis("offload", "", "what lies in main memory while it does not work: none, model, blocks, group or sequential (default: as little as fits)", func(s *S) *string { return &s.Offload }),
		countAxis("blocks-swapped", "", "layers of a denoiser that lie in main memory", func(s *S) *int { return &s.BlocksSwapped }),
		boolAxis("text-on-cpu", "run text encoders on the host", func(s *S) *bool { return &s.TextOnCPU }),
		boolAxis("vae-tiling", "decode images in tiles", func(s *S) *bool { return &s.VAETiling }),
		boolAxis("vae-slicing", "decode the images of a batch one by one", func(s *S) *bool { return &s.VAESlicing }),
		countAxis("ulysses", "", "devices that share the tokens of a denoiser by heads (Ulysses)", func(s *S) *int { return &s.Ulysses }),
		countAxis("ring", "", "devices that share the tokens of a denoiser by ring attention", func(s *S) *int { return &s.Ring }),
		countAxis("cfg-devices", "", "devices that share the two passes of guidance", func(s *S) *int { return &s.CFGDevices }),
		boolAxis("sharded", "divide the weights among the devices of a job", func(s *S) *bool { return &s.Sharded }),
	}
}

// setSize takes width and height together.
func setSize(s *scenario.Scenario, text string) error {
	w, h, ok := strings.Cut(strings.ToLower(strings.ReplaceAll(text, "×", "x")), "x")
	width, err := strconv.Atoi(strings.TrimSpace(w))
	height, err2 := strconv.Atoi(strings.TrimSpace(h))
	if !ok || err != nil || err2 != nil || width < 1 || height < 1 {
		return fmt.Errorf("%.60q is no size, as 1024x1024", text)
	}
	s.Width, s.Height = width, height
	return nil
}

func setNoGuidance(s *scenario.Scenario, text string) error {
	v, err := strconv.ParseBool(text)
	if err != nil {
		return fmt.Errorf("%.60q is neither true nor false", text)
	}
	if v {
		s.GuidancePasses = 1
	}
	return nil
}

// numberAxis takes a number.
func numberAxis(flag, usage string, field func(*scenario.Scenario) *float64) axis {
	return axis{flag: flag, usage: usage, set: func(s *scenario.Scenario, text string) error {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("%.60q is not a number", text)
		}
		*field(s) = v
		return nil
	}}
}

// secondsAxis takes seconds, bare or with a unit of time.
func secondsAxis(flag, usage string, field func(*scenario.Scenario) *float64) axis {
	return axis{flag: flag, usage: usage, set: func(s *scenario.Scenario, text string) error {
		v, dim, err := units.Parse(text)
		switch {
		case err != nil || dim != "" && dim != units.Time || math.IsInf(v, 0):
			return fmt.Errorf("%.60q is no length of audio, as 30 or 30s", text)
		case dim == units.Time: // in milliseconds
			v /= 1000
		}
		*field(s) = v
		return nil
	}}
}
