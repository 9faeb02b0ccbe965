package render

import (
	"fmt"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
)

// seenTokens is how many tokens of the prompt stand for images, film and sound.
func seenTokens(c *report.Check) int {
	if f := c.Result.Speed.ImageTokens; f != nil {
		return int(f.Value)
	}
	return 0
}

// shownParts says what a prompt has beside its text; nothing where it is text.
func shownParts(c *report.Check) []string {
	n := seenTokens(c)
	if n == 0 {
		return nil
	}
	in := &c.Inputs
	var out []string
	switch {
	case in.Images == 1:
		out = append(out, "an image of "+in.ImageSize)
	case in.Images > 1:
		out = append(out, units.Thousands(int64(in.Images))+" images of "+in.ImageSize)
	}
	if in.VideoFrames > 0 {
		out = append(out, units.Thousands(int64(in.VideoFrames))+" frames of "+in.ImageSize)
	}
	if in.AudioSeconds > 0 {
		out = append(out, fmt.Sprintf("%g s of sound", in.AudioSeconds))
	}
	out[len(out)-1] += " (" + units.Thousands(int64(n)) + " tokens)"
	return out
}
