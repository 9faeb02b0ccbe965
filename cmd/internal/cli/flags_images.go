package cli

import "github.com/plimsoll/plimsoll/cmd/internal/scenario"

// imageAxes are the flags of what multimodal language models are shown.
func imageAxes() []axis {
	type S = scenario.Scenario
	return []axis{
		countAxis("images", "", "images in each prompt of a multimodal model", func(s *S) *int { return &s.Images }),
		textAxis("image-size", "", "width and height of these images or frames in pixels: 1280x720 (default "+scenario.DefaultImageSize+")", func(s *S) *string { return &s.ImageSize }),
		countAxis("video-frames", "", "frames of film in each prompt of a multimodal model, those that are taken of it", func(s *S) *int { return &s.VideoFrames }),
		textAxis("mmproj", "", "file of the encoder and projector that llama.cpp loads beside a model (GGUF)", func(s *S) *string { return &s.Mmproj }),
	}
}
