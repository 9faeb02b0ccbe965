package estimator

import (
	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/estimator/memory"
	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/estimator/place"
	"github.com/plimsoll/plimsoll/estimator/roofline"
	"github.com/plimsoll/plimsoll/estimator/vision"
	"github.com/plimsoll/plimsoll/hardware"
)

// Request is everything an estimate depends on.
type Request struct {
	Model       *model.Model
	Weights     *format.Weights
	Formats     *format.Table // block sizes of cache types, and other formats for the answers
	Machine     *hardware.Machine
	Engine      *engine.Engine
	Deployment  engine.Deployment
	Workload    engine.Workload
	Calibration *calibration.Table
	// Vision holds the rules of images, video and sound; needed where the
	// workload has any.
	Vision *vision.Table
	// Pipeline, where it is set, is what is estimated in place of a language
	// model: of all else only Machine, Terms, Explain and Answers count.
	Pipeline *pipeline.Request
	// Terms are what costs rest on; nil: nobody asked for costs.
	Terms *Terms
	// Explain asks for derivations (formulas with their numbers put in).
	Explain bool
	// Answers asks for what follows a verdict: the largest context, the best
	// weight format and the number of sequences that fit, and suggestions.
	Answers bool
	// Cache is kept between requests by whoever makes many; nil for one.
	Cache *Cache
}

// Figure is a value with the interval that should hold 80% of real
// measurements, in Unit. Basis says what it rests on ("exact", "calibrated:
// rtx-4090 …", "assumed …").
type Figure struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Unit  string  `json:"unit"`
	Basis string  `json:"basis,omitempty"`
}

// Verdict is the answer to "does it fit?".
type Verdict string

// Verdicts, best first.
const (
	Fits        Verdict = "fits"              // also at the high end of the interval
	Tight       Verdict = "tight"             // at the central value only
	FitsOffload Verdict = "fits_with_offload" // part of the model on the host
	DoesNotFit  Verdict = "does_not_fit"
)

// Rank orders verdicts, the best first, from 0; what is none comes last.
func (v Verdict) Rank() int {
	for i, known := range [...]Verdict{Fits, Tight, FitsOffload, DoesNotFit} {
		if v == known {
			return i
		}
	}
	return noVerdict
}

const noVerdict = 4

// Known says whether v is a verdict.
func (v Verdict) Known() bool { return v.Rank() < noVerdict }

// Speed holds the figures of the time step; a nil figure could not be
// estimated and has its reason in Result.Unavailable. Where a server works on
// several sequences, all but PrefillTokS are means of what their users see,
// prompts and answers side by side; else they are of the phases by themselves.
type Speed struct {
	PrefillTokS *Figure `json:"prefill_tok_s"` // prompt tokens per second of one sequence
	DecodeTokS  *Figure `json:"decode_tok_s"`  // generated tokens per second and sequence
	OutputTokS  *Figure `json:"output_tok_s"`  // generated tokens per second, all sequences
	TTFTMs      *Figure `json:"ttft_ms"`
	TPOTMs      *Figure `json:"tpot_ms"`
	RequestsS   *Figure `json:"requests_s"`
	// EncodeMs is how long the encoder takes for the images, the film and the sound
	// of one prompt: a part of TTFTMs. ImageTokens is how many tokens of the prompt
	// stand for them. Both are absent where there are none.
	EncodeMs    *Figure `json:"encode_ms,omitempty"`
	ImageTokens *Figure `json:"image_tokens,omitempty"`
}

// Components are the bytes of one memory, or of all together.
type Components struct {
	WeightsBytes  Figure `json:"weights_bytes"`
	KVCacheBytes  Figure `json:"kv_cache_bytes"` // recurrent state included
	ComputeBytes  Figure `json:"compute_bytes"`
	OverheadBytes Figure `json:"overhead_bytes"`
	TotalBytes    Figure `json:"total_bytes"`
}

// Limit says what holds a phase back.
type Limit struct {
	Phase string         `json:"phase"` // prefill or decode
	Bound roofline.Bound `json:"bound"`
	Share float64        `json:"share"` // of the phase's time
}

// Suggestion is something that would help, with what it would buy.
type Suggestion struct {
	Change string `json:"change"` // in plain words
	Effect string `json:"effect"`
	Flags  string `json:"flags,omitempty"` // to try it
}

// Answers follow a verdict. Nil figures are explained in Unavailable.
type Answers struct {
	MaxContext   int    `json:"max_context"` // 0: none fits
	BestFormat   string `json:"best_weight_format"`
	MaxSequences int    `json:"max_sequences"` // concurrent sequences at the given context
}

// Unavailable names a figure that could not be estimated, and why.
type Unavailable struct {
	Figure string `json:"figure"`
	Reason string `json:"reason"`
}

// Warning is something the reader should know, with a stable code.
type Warning struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Derivation shows how one figure came about.
type Derivation struct {
	Figure  string `json:"figure"`
	Formula string `json:"formula"` // with the numbers put in
	Facts   string `json:"facts,omitempty"`
	Source  string `json:"source,omitempty"`
}

// Result is an estimate: what Estimate returns.
type Result struct {
	Verdict     Verdict
	Reason      string            // the verdict in plain words
	Deployment  engine.Deployment // resolved
	Settings    engine.Settings
	Placement   place.Placement
	Ledgers     []memory.Ledger // devices first, host last
	All         Components
	Fullest     Components // of the memory that is fullest relative to what it may use
	FullestName string
	Speed       Speed
	Costs       *Costs // nil without Terms
	Prefill     roofline.Time
	Decode      roofline.Time
	Encode      roofline.Time // of what one prompt shows beside its text
	Limits      []Limit
	Answers     *Answers
	Loading     *Loading // nil unless Answers were asked for
	Suggestions []Suggestion
	Assumptions []string
	Warnings    []Warning
	Unavailable []Unavailable
	Derivations []Derivation
	Verify      string // the command that checks this on the real machine

	// Pipeline and Fit are set for a pipeline: its times, and how its components
	// are kept, phase by phase; Ledgers are then of the fullest phases.
	Pipeline *pipeline.Outcome
	Fit      *pipeline.Fit

	figures figures
	bounds  [2]Limit
	served  bool // the figures are of a server in the steady state
}
