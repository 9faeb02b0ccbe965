package benchfile

import (
	"fmt"
	"math"

	"github.com/plimsoll/plimsoll/profiles/measured"
)

const (
	// minTokens is the fewest tokens whose rate says something.
	minTokens = 8
	// minSeconds is the shortest time that is taken for a real one: tools
	// report almost none where nothing was computed.
	minSeconds = 0.002
)

// chat is one request to an engine that reports two counts and two times.
type chat struct {
	line           int
	prompt, gen    int     // tokens computed
	promptS, genS  float64 // seconds
	cached         int     // prompt tokens that were in the cache before
	depthEnd       int     // tokens in the cache at the end, 0 when not stated
	cacheSuspected string  // why the prompt may not have been computed, "" otherwise
}

// chatRows makes the rows of a request; base has what they share.
func (r *reader) chatRows(tool string, c *chat, base measured.Row, d Detail) {
	r.tools[tool] = true
	d.Line = c.line
	depth := c.cached
	if c.depthEnd > 0 {
		// the last token is generated, but never put into the cache
		depth = max(c.depthEnd+1-c.prompt-c.gen, 0)
	}
	row := base
	row.Metric, row.Input, row.Depth = measured.Prefill, c.prompt, depth
	row.DepthMean = depth + c.prompt/2
	what := fmt.Sprintf("prompt of %d tokens", c.prompt)
	if c.prompt <= 0 {
		r.skip(c.line, "prompt", "no count is stated, as when all of it was cached; the depth of the generated tokens leaves it out")
	} else if reason := untimed(c.prompt, c.promptS); reason != "" {
		r.skip(c.line, what, reason)
	} else if c.cacheSuspected != "" {
		r.skip(c.line, what, c.cacheSuspected)
	} else {
		row.Value = float64(c.prompt) / c.promptS
		r.add(tool, what, row, d)
	}

	row = base
	row.Metric, row.Output, row.Depth = measured.Decode, c.gen, depth+c.prompt
	row.DepthMean = row.Depth + c.gen/2
	what = fmt.Sprintf("%d generated tokens", c.gen)
	if reason := untimed(c.gen, c.genS); reason != "" {
		r.skip(c.line, what, reason)
		return
	}
	row.Value = float64(c.gen) / c.genS
	r.add(tool, what, row, d)
}

// untimed says why a count and a time make no rate, "" when they do.
func untimed(tokens int, seconds float64) string {
	switch {
	case tokens <= 0:
		return "no count is stated"
	case tokens > maxTokens:
		return "the count makes no sense"
	case tokens < minTokens:
		return fmt.Sprintf("fewer than %d tokens are too few to time", minTokens)
	case math.IsNaN(seconds) || seconds <= 0:
		return "no duration is stated"
	case seconds < minSeconds:
		return fmt.Sprintf("timed over %.3g ms, too short to be true", seconds*1e3)
	}
	return ""
}
