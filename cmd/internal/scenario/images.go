package scenario

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/engine"
)

// DefaultImageSize is taken where images or film are given without a size.
const DefaultImageSize = "1024x1024"

// maxImageSide bounds the sides of an image, in pixels.
const maxImageSide = 1 << 16

// maxShown bounds the images and frames of one prompt.
const maxShown = 1 << 14

// ImageFields lists the fields of what multimodal language models are shown, and
// of what they see it with.
func ImageFields() []string { return []string{"images", "image_size", "video_frames", "mmproj"} }

// sees says whether a prompt has more than text.
func (s *Scenario) sees() bool {
	return s.Images > 0 || s.ImageSize != "" || s.VideoFrames > 0 || s.AudioSeconds > 0
}

// parseSize reads WIDTHxHEIGHT, in pixels.
func parseSize(text string) (width, height int, err error) {
	w, h, ok := strings.Cut(strings.ToLower(text), "x")
	width, errW := strconv.Atoi(strings.TrimSpace(w))
	height, errH := strconv.Atoi(strings.TrimSpace(h))
	if !ok || errW != nil || errH != nil || width < 1 || height < 1 || width > maxImageSide || height > maxImageSide {
		return 0, 0, wrong("image_size "+quoted(text)+" is no size", "image_size", fmt.Sprintf("write width and height in pixels, each 1 to %d: 1280x720", maxImageSide))
	}
	return width, height, nil
}

// workload is the work that the scenario asks for, with the tokens of images,
// film and sound counted by the rule of req's model.
func (r *Resolver) workload(in *Scenario, req *estimator.Request, p *Prepared) error {
	w := &req.Workload
	*w = engine.Workload{InputTokens: in.InputTokens, OutputTokens: in.OutputTokens, Depth: in.Depth, Batch: in.Batch, PromptAssumed: in.PromptAssumed}
	if !in.sees() {
		return nil
	}
	if in.ImageSize != "" && in.Images == 0 && in.VideoFrames == 0 {
		in.Images = 1
	}
	if in.ImageSize == "" && (in.Images > 0 || in.VideoFrames > 0) {
		in.ImageSize = DefaultImageSize
		p.Assumptions = append(p.Assumptions, "image_size not given: "+DefaultImageSize+" pixels assumed")
	}
	w.Images, w.VideoFrames, w.AudioSeconds = in.Images, in.VideoFrames, in.AudioSeconds
	var err error
	if in.ImageSize != "" {
		if w.ImageWidth, w.ImageHeight, err = parseSize(in.ImageSize); err != nil {
			return err
		}
	}
	if req.Vision, err = r.store.facts.Vision(); err != nil {
		return failed("reading the rules of images", err)
	}
	if err := estimator.Look(req); err != nil {
		return problem.From(problem.BadValue, err)
	}
	in.PromptAssumed = false // it was given what it is shown
	return nil
}
