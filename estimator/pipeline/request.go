package pipeline

import (
	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/hardware"
)

// Request is a job on a machine.
type Request struct {
	Model   *Model
	Job     Job // zero fields: the model's defaults
	Machine *hardware.Machine
	Engine  *Engine
	Setup   Setup // zero fields: the engine's defaults
	Formats []Format
	Rates   *Rates
	// Reserves are what systems keep of their memories; nil: nothing.
	Reserves *Reserves
	Host     *calibration.HostRules // how a host's arithmetic and its links are told
}

// Setup is how the components are run.
type Setup struct {
	Backend string `json:"backend,omitempty"`
	// Format is that of the network that does most of the work (the denoiser,
	// or an encoder and its decoder), TextFormat that of the text encoders:
	// names of Formats.
	Format     string `json:"format,omitempty"`
	TextFormat string `json:"text_format,omitempty"`
	// Offload is what lies in main memory while it does not work.
	Offload Offload `json:"offload,omitempty"`
	// Blocks is how many of the denoiser's layers lie in main memory with
	// OffloadBlocks.
	Blocks int `json:"blocks,omitempty"`
	// TextOnCPU runs the text encoders on the host.
	TextOnCPU bool `json:"text_on_cpu,omitempty"`
	// Tiling decodes an image in overlapping parts, Slicing a batch one by one.
	Tiling  bool `json:"vae_tiling,omitempty"`
	Slicing bool `json:"vae_slicing,omitempty"`
	// FlashAttention fuses the attention of an engine that does so when asked.
	FlashAttention bool `json:"flash_attention,omitempty"`

	// Sequence is over how many devices the tokens of a pass are divided, by
	// Ulysses (heads; Jacobs et al. 2023, arXiv:2309.14509) or, with Ring, by
	// ring attention (Liu et al. 2023, arXiv:2310.01889); Guidance 2 where the
	// two passes of a step run on devices of their own; Data how many jobs run
	// side by side on devices of their own. Their product is the devices used;
	// 0 stands for 1.
	Sequence int  `json:"sequence,omitempty"`
	Ring     bool `json:"ring,omitempty"`
	Guidance int  `json:"guidance_devices,omitempty"`
	Data     int  `json:"data,omitempty"`
	// Sharded divides the weights among the devices of a job (FSDP).
	Sharded bool `json:"sharded,omitempty"`
	Threads int  `json:"threads,omitempty"` // of a host; 0: all cores

	// Date is the month of the engine's build, "" the present.
	Date string `json:"date,omitempty"`
}

// Offload is a way to keep weights in main memory.
type Offload string

// Ways, the least slow first.
const (
	OffloadNone       Offload = "none"       // all components stay on the device
	OffloadModel      Offload = "model"      // the component that works is on the device, whole
	OffloadBlocks     Offload = "blocks"     // some of the denoiser's layers are swapped in (block swap)
	OffloadGroup      Offload = "group"      // a few layers at a time, the next fetched meanwhile
	OffloadSequential Offload = "sequential" // one layer at a time
)

// Devices is how many devices the setup uses.
func (s *Setup) Devices() int {
	return max(s.Sequence, 1) * max(s.Guidance, 1) * max(s.Data, 1)
}

// Engine is one program that runs pipelines, read from data.
type Engine struct {
	ID      string   `json:"id"`
	Aliases []string `json:"aliases,omitempty"`
	Name    string   `json:"name"`
	Classes []Class  `json:"classes"` // that it runs
	// Rates names the program whose rates these are taken from; "": its own.
	Rates string `json:"rates,omitempty"`
	// Compiled is true where operations are fused or captured in graphs, so
	// that few are launched one by one.
	Compiled bool `json:"compiled,omitempty"`
	// Formats are those that it runs, the largest first: what is proposed when
	// something does not fit. Default is taken when none is asked for; on a
	// host without accelerator HostFormat, if given.
	Formats    []string `json:"formats"`
	Default    string   `json:"default_format"`
	HostFormat string   `json:"host_format,omitempty"`
	// Offloads are the ways that it knows, Tiling whether it can decode in
	// tiles, Parallel over how many devices it can divide a job.
	Offloads []Offload `json:"offloads,omitempty"`
	Tiling   bool      `json:"vae_tiling,omitempty"`
	Parallel int       `json:"parallel,omitempty"`
	// Tiled is true of an engine that decodes in tiles unasked.
	Tiled bool `json:"tiled,omitempty"`
	// PassesApart is true of an engine that runs the passes of a step one after
	// another, not side by side in one batch.
	PassesApart bool `json:"passes_apart,omitempty"`
	// Frees is true of an engine that gives up a component's memory when its
	// work is done.
	Frees bool `json:"frees,omitempty"`
	// ShardedFormat is what the weights of denoisers lie in where they are
	// sharded, if wider than that of the job: a master copy (FSDP with mixed
	// precision).
	ShardedFormat string    `json:"sharded_format,omitempty"`
	Backends      []Backend `json:"backends"`
	// ActivationFactor is how many times the tokens' activations take
	// tokens × hidden × element size while a denoiser or an encoder runs.
	ActivationFactor Interval `json:"activation_factor"`
	// ScoreBytes is the size of an attention score in memory, where a denoiser's
	// attention is not fused unless that is asked for; 0: it always is.
	ScoreBytes float64 `json:"score_bytes,omitempty"`
	// KeptFormat is the format in which a network's weights lie on a device
	// whatever they are computed in, "" that of the computation.
	KeptFormat string `json:"kept_format,omitempty"`
	// LoadFormat is the format of a checkpoint that is read to where the weights
	// go and lies beside them until all are copied, "" where none does.
	LoadFormat string `json:"load_format,omitempty"`
	// HalfConvolutions is true of an engine that keeps convolutions in 16 bits
	// whatever the format.
	HalfConvolutions bool `json:"half_convolutions,omitempty"`
	// Allocator is the share of all else on a device that its allocator holds
	// besides.
	Allocator Interval `json:"allocator,omitzero"`
	Verify    string   `json:"verify,omitempty"` // the command that measures it, a template
	// VerifyWords are what the command says for a format ("format:fp16"), an
	// offload ("placed:model"), tiles ("tiled") and attention ("fused"), or the command of a class
	// ("class:speech-recognition").
	VerifyWords map[string]string `json:"verify_words,omitempty"`
	Source      []string          `json:"source,omitempty"`
	Assumed     string            `json:"assumed,omitempty"`
}

// Backend is a way of computing that an engine offers.
type Backend struct {
	ID      string   `json:"id"`                // cuda, rocm, metal, coreml, cpu …
	Vendors []string `json:"vendors,omitempty"` // lower case, for which it is the default; "*" takes any
	// ContextMiB is memory that the driver and libraries take on a device.
	ContextMiB Interval `json:"context_mib"`
}

// Interval is a value with its bounds.
type Interval = engine.Interval

// Format is a way to store weights, and the arithmetic they are multiplied in.
type Format struct {
	Name    string   `json:"name"`
	Aliases []string `json:"aliases,omitempty"`
	// Bits is per weight, scales included.
	Bits float64 `json:"bits"`
	// Compute is the arithmetic: fp32, fp16 (bf16 alike), fp8, int8 or fp4: by
	// it the peak of a device is chosen.
	Compute string `json:"compute"`
	// Kept is the share of the weights that stays in 16 bits.
	Kept float64 `json:"kept,omitempty"`
	// Keys are by what the rates of the format are kept: its own and coarser
	// ones, the finest first.
	Keys   []string `json:"keys,omitempty"`
	Source string   `json:"source,omitempty"`
}

// Bytes is the size of n weights.
func (f *Format) Bytes(n int64) float64 {
	return float64(n) * (f.Bits*(1-f.Kept) + 16*f.Kept) / 8
}
