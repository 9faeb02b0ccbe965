package serving

import (
	"fmt"
	"math"
)

// Step is what one iteration of the scheduler works on. Fields are float64
// because the closed form asks for the time of a mean step.
type Step struct {
	// Decodes is the number of sequences that gain a token.
	Decodes float64
	// Cache is the tokens in the caches of those sequences, summed, with the
	// token that each of them feeds in this step.
	Cache float64
	// Prompt is the prompt tokens processed, all chunks together.
	Prompt float64
	// PromptSeqs is the number of sequences that the chunks belong to.
	PromptSeqs float64
	// PromptCache is the sum over chunks of the tokens cached before the chunk.
	PromptCache float64
	// PromptPairs is the sum over chunks of n·(before + n/2), for a chunk of n
	// tokens after `before` cached ones: the pairs of query and key.
	PromptPairs float64
}

// Pacer tells how long a step takes. It must be deterministic, must not be
// slower for less work, and should not allocate: simulations call it for every
// step that differs from the last.
type Pacer interface {
	// Seconds returns the time of the step in seconds: positive and finite.
	Seconds(s *Step) float64
}

// PacerFunc lets a function be a Pacer.
type PacerFunc func(s *Step) float64

// Seconds calls f.
func (f PacerFunc) Seconds(s *Step) float64 { return f(s) }

// Policy is the order in which a scheduler serves prompts and answers.
type Policy uint8

const (
	// Mixed lets every running sequence decode and gives what is left of the
	// token budget to prompt chunks in the same step (vLLM V1, TensorRT-LLM
	// in-flight batching).
	Mixed Policy = iota
	// PrefillFirst gives waiting prompts steps of their own before decoding
	// goes on (SGLang, vLLM V0).
	PrefillFirst
	// Static runs a batch to its end before the next begins
	// (FasterTransformer, benchmarks of static batches). The batch takes what
	// waits when it begins; a sequence that ends early costs no more work, but
	// its place stays empty. Answers are always reserved in full.
	Static
)

// String returns the policy's name.
func (p Policy) String() string {
	switch p {
	case Mixed:
		return "mixed"
	case PrefillFirst:
		return "prefill-first"
	case Static:
		return "static"
	}
	return fmt.Sprintf("policy(%d)", uint8(p))
}

// Scheduler describes how one replica of the engine forms its steps. The queue
// is first come, first served: a head that does not fit holds up the rest.
type Scheduler struct {
	Policy Policy
	// MaxSeqs is the most sequences running at once.
	MaxSeqs int
	// MaxTokens is the token budget of a step (max_num_batched_tokens of vLLM,
	// chunked_prefill_size of SGLang). A decode takes TokensPerStep of it.
	MaxTokens int
	// Chunked says that prompts may be cut to the budget. Otherwise a prompt
	// goes whole, once it fits into what is left of the budget; one longer
	// than the whole budget gets a step of its own, in which nothing decodes.
	Chunked bool
	// CacheTokens is the capacity of the paged KV pool in tokens; 0 is unbounded.
	CacheTokens int64
	// BlockTokens is the page size in tokens; 0 is 1.
	BlockTokens int
	// Reserve is the share of an answer's tokens that admission sets aside: 0
	// admits by the prompt alone and preempts when the pool is full (vLLM), 1
	// never preempts (TensorRT-LLM's guaranteed_no_evict).
	Reserve float64
}

// Bounds on what is accepted, so that no input makes a simulation run for ever.
const (
	maxSeqs     = 1 << 20
	maxBudget   = 1 << 30
	maxLength   = 100_000_000
	maxBlock    = 4096
	maxRequests = 10_000_000
	maxTotal    = 1e11
	maxTurns    = 300_000_000
)

// Validate reports the first setting that makes no sense, in one line.
func (s *Scheduler) Validate() error {
	switch {
	case s.Policy > Static:
		return fmt.Errorf("scheduler: unknown policy %d; use Mixed, PrefillFirst or Static", s.Policy)
	case s.MaxSeqs < 1 || s.MaxSeqs > maxSeqs:
		return fmt.Errorf("scheduler: MaxSeqs is %d; give 1 to %d", s.MaxSeqs, maxSeqs)
	case s.MaxTokens < 1 || s.MaxTokens > maxBudget:
		return fmt.Errorf("scheduler: MaxTokens is %d; give 1 to %d", s.MaxTokens, maxBudget)
	case s.CacheTokens < 0:
		return fmt.Errorf("scheduler: CacheTokens is %d; give a positive number, or 0 for no bound", s.CacheTokens)
	case s.BlockTokens < 0 || s.BlockTokens > maxBlock:
		return fmt.Errorf("scheduler: BlockTokens is %d; give 0 to %d", s.BlockTokens, maxBlock)
	case math.IsNaN(s.Reserve) || s.Reserve < 0 || s.Reserve > 1:
		return fmt.Errorf("scheduler: Reserve is %v; give a share from 0 to 1", s.Reserve)
	}
	return nil
}

// block returns the page size in tokens.
func (s *Scheduler) block() int64 {
	if s.BlockTokens < 1 {
		return 1
	}
	return int64(s.BlockTokens)
}

// reserve returns the share of an answer that admission sets aside.
func (s *Scheduler) reserve() float64 {
	if s.Policy == Static {
		return 1
	}
	return s.Reserve
}

// blocks returns the pages that n tokens take.
func blocks(n, page int64) int64 { return (n + page - 1) / page }

// checkFit reports a request that the pool can never hold.
func (s *Scheduler) checkFit(input, output int, perStep float64) error {
	if s.CacheTokens == 0 {
		return nil
	}
	page := s.block()
	need := int64(input) + int64(output) + int64(math.Ceil(perStep)) - 1
	if blocks(need, page) > s.CacheTokens/page {
		return fmt.Errorf("load: a request of %d prompt and %d answer tokens never fits the pool of %d tokens; shorten it or enlarge CacheTokens", input, output, s.CacheTokens)
	}
	return nil
}
