package benchfile

import (
	"fmt"
	"math"

	"github.com/plimsoll/plimsoll/profiles/measured"
)

// allAtOnce is the number of requests up to which a server is taken to work
// at all of them together: the usual limit of sequences in vLLM.
const allAtOnce = 256

// serving is one load on a server with its figures, from vLLM's benchmark or
// GuideLLM. Figures that are missing are 0.
type serving struct {
	line              int
	batch             int     // sequences in flight, 0 when not known
	batchReason       string  // why it is not known
	paced             bool    // requests came at a set rate: the rate of tokens is set by it
	ramp              bool    // all requests came at once and then ran out
	input, output     float64 // mean tokens of a request
	outputTokS        float64
	outputReason      string  // why outputTokS must not be used, "" when it may
	ttftMS, tpotMS    float64 // medians, or means where there is none
	tool, what        string
	completed, failed int
}

// servingRows makes up to three rows of a load.
func (r *reader) servingRows(s *serving, base measured.Row) {
	r.tools[s.tool] = true
	skip := func(what, reason string) {
		if s.what != "" {
			what = s.what + ": " + what
		}
		r.skip(s.line, what, reason)
	}
	all := func(reason string) { r.skip(s.line, s.what, reason) }
	switch {
	case s.completed <= 0:
		all("no request completed")
		return
	case s.failed*100 > s.completed+s.failed:
		all(fmt.Sprintf("%d of %d requests failed", s.failed, s.completed+s.failed))
		return
	case !(s.input >= 1 && s.output >= 1 && s.input < maxTokens && s.output < maxTokens):
		all("the lengths of prompts and outputs are not stated")
		return
	case s.batch <= 0:
		all(s.batchReason)
		return
	}
	base.Batch, base.Input, base.Output = s.batch, int(math.Round(s.input)), int(math.Round(s.output))
	mean := base.Input + base.Output/2
	d := Detail{Line: s.line, Requests: s.completed}

	row := base
	row.Metric, row.Value, row.WallClock, row.DepthMean = measured.Output, s.outputTokS, true, mean
	switch {
	case s.outputReason != "":
		skip(row.Metric, s.outputReason)
	case s.paced:
		skip(row.Metric, "requests came at a set rate, which also sets the rate of tokens; use a set concurrency")
	case s.outputTokS > 0:
		r.add(s.tool, row.Metric, row, d)
	}

	row = base
	// with others in flight, their prompts are computed in between
	row.Metric, row.Value, row.WallClock, row.DepthMean = measured.TPOT, s.tpotMS, s.batch > 1, mean
	switch {
	case s.tpotMS <= 0:
	case base.Output < minTokens:
		skip(row.Metric, fmt.Sprintf("fewer than %d tokens are too few to time", minTokens))
	case s.ramp:
		skip(row.Metric, "all requests came at once and ran out one by one; use a set concurrency")
	default:
		r.add(s.tool, row.Metric, row, d)
	}

	row = base
	row.Metric, row.Value, row.DepthMean = measured.TTFT, s.ttftMS, base.Input/2
	switch {
	case s.ttftMS <= 0:
	case s.batch > 1:
		skip(row.Metric, "waiting for other requests is inside; use a concurrency of 1")
	default:
		r.add(s.tool, row.Metric, row, d)
	}
}
