package calibration

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Table holds the calibrated parameters of the speed model, read from data.
// It is immutable and safe for use by several goroutines.
type Table struct {
	// Version names the fit ("2026-11 first set").
	Version string `json:"version"`
	// Source says from which measurements the parameters come.
	Source string           `json:"source"`
	Host   HostRules        `json:"host"`
	Traits Traits           `json:"traits,omitzero"`
	Sets   []Set            `json:"sets"`
	Groups map[string]Group `json:"-"` // by GroupKey
}

// Set is the base (the coarsest level) of one engine on one backend.
type Set struct {
	Engine  string `json:"engine"`
	Backend string `json:"backend"`
	// Kind names the backend of the set with engine Any whose parameters this
	// set's are drawn towards in the fit: "gpu", "cpu" or "npu".
	Kind string `json:"kind,omitempty"`
	// Like names the engine/backend whose base and groups stand in where this
	// set gives none of its own; Factors then multiply its parameters.
	Like    string  `json:"like,omitempty"`
	Factors Factors `json:"factors,omitzero"`
	// Unlike is by how much more than usual the factors may differ from 1 in
	// the fit: for programs that share little with what they are likened to.
	Unlike float64 `json:"unlike,omitempty"`
	Base   *Base   `json:"base,omitempty"`
	// StreamOnce says that the engine copies host-resident weights to the
	// device once for a whole prompt.
	StreamOnce bool `json:"stream_once,omitempty"`
	// SD is added (in square) to the spread of the base that Like names.
	SD float64 `json:"sd,omitempty"`
	// SDDecode and SDPrefill, where given, stand for those of the base.
	SDDecode  [5]float64 `json:"sd_decode,omitzero"`
	SDPrefill [5]float64 `json:"sd_prefill,omitzero"`
	Why       string     `json:"why,omitempty"`
	Rows      int        `json:"rows,omitempty"` // measurements behind the set
	Devices   int        `json:"devices,omitempty"`
}

// Factors multiply the parameters of a coarser level; zero stands for 1.
type Factors struct {
	Stream   float64 `json:"stream,omitempty"`   // share of the bandwidth that weights reach
	GEMV     float64 `json:"gemv,omitempty"`     // arithmetic at few rows
	GEMM     float64 `json:"gemm,omitempty"`     // arithmetic at many rows
	Cache    float64 `json:"cache,omitempty"`    // attention, both its bytes and its arithmetic
	Overhead float64 `json:"overhead,omitempty"` // fixed times
}

// Trait is something about a phase that makes its time harder to tell.
type Trait uint8

// Traits of a phase, as bits.
const (
	Routed    Trait = 1 << iota // routed experts
	Recurring                   // recurrent mixers
	Attending                   // a third or more of the time is attention
	Waiting                     // a third or more of the time is fixed
	Batched                     // decode of more than one sequence
	Divided                     // several devices
	Shared                      // devices and the host both work
)

// TraitNames names the traits, lowest bit first.
var TraitNames = [...]string{"routed experts", "recurrent", "attention-bound", "overhead-bound", "batched", "several devices", "offloaded"}

// Traits are what multiplies the spread of a phase for each of its traits, in
// the order of TraitNames; 0 stands for 1.
type Traits struct {
	Decode  [len(TraitNames)]float64 `json:"decode"`
	Prefill [len(TraitNames)]float64 `json:"prefill"`
}

// Spread returns the factor of a set of traits.
func (t *Traits) Spread(decode bool, set Trait) float64 {
	f := &t.Prefill
	if decode {
		f = &t.Decode
	}
	x := 1.0
	for i, v := range f {
		if set&(1<<i) != 0 && v > 0 {
			x *= v
		}
	}
	return x
}

// Group is a finer level's deviation from the coarser one.
type Group struct {
	Factors
	Rows int // measurements behind it
	// Own is true when they were made on the user's own machine.
	Own bool
	// SDDecode and SDPrefill are the spread (standard deviation of the log)
	// of this group's own measurements; zero means that of the base.
	SDDecode, SDPrefill float64
}

// Base holds the parameters of an engine on a backend.
type Base struct {
	// Stream is the share of the nominal bandwidth at which weights stream.
	Stream float64 `json:"stream"`
	// ExpertStream is the same for routed experts, relative to Stream.
	ExpertStream float64 `json:"expert_stream"`
	// Cache is the share of the bandwidth at which attention reads the cache,
	// without and with flash attention.
	Cache      float64 `json:"cache"`
	CacheFlash float64 `json:"cache_flash"`
	// GEMV and GEMM are the shares of the peak rate reached with few and with
	// many rows, by format class; "*" is any other class.
	GEMV map[string]float64 `json:"gemv"`
	GEMM map[string]float64 `json:"gemm"`
	// PowerExponent is by how much many-rows arithmetic falls short where the
	// nominal rate is large for the power the device may draw: its share is
	// multiplied by (TFLOPS per watt ÷ PowerReference)^−PowerExponent.
	PowerExponent  float64 `json:"power_exponent,omitempty"`
	PowerReference float64 `json:"power_reference,omitempty"` // FP16 TFLOPS per watt
	// ExpertGEMM is the same for routed experts, relative to GEMM.
	ExpertGEMM float64 `json:"expert_gemm"`
	// ExpertClass multiplies the rates of routed experts, streaming and
	// arithmetic, of a format class (backends lack good kernels for some); default 1.
	ExpertClass map[string]float64 `json:"expert_class,omitempty"`
	// RecurrentGEMM is the same for recurrent mixers.
	RecurrentGEMM float64 `json:"recurrent_gemm"`
	// HalfRows is the number of rows at which matrix multiplication reaches
	// half of its rate.
	HalfRows       float64 `json:"half_rows"`
	ExpertHalfRows float64 `json:"expert_half_rows"`
	// ExpertHalfWidth is the width of an expert's matrices, as a device holds
	// them, at which they are multiplied at half of the rate.
	ExpertHalfWidth float64 `json:"expert_half_width,omitempty"`
	// Attn is the share of the attention rate that scores reach in prefill,
	// without and with flash attention.
	Attn      float64 `json:"attn"`
	AttnFlash float64 `json:"attn_flash"`
	// ScorePasses is how often the scores of attention that is not fused go
	// through the memory.
	ScorePasses float64 `json:"score_passes,omitempty"`
	// Passes is how often the activations between operations go through the
	// memory, 4 bytes an element, in a prefill.
	Passes float64 `json:"passes"`
	// Fixed times in microseconds: of a decode step, of every layer visited,
	// added for a layer with experts and for a recurrent one.
	StepMicros      float64 `json:"step_us"`
	LayerMicros     float64 `json:"layer_us"`
	MoEMicros       float64 `json:"moe_us"`
	RecurrentMicros float64 `json:"recurrent_us"`
	PrefillMicros   float64 `json:"prefill_us"` // of a prefill
	// SequenceMicros is what a step costs for each sequence in it: scheduling,
	// sampling and handing out its token.
	SequenceMicros float64 `json:"sequence_us,omitempty"`
	// CrossMicros is the cost of handing activations to the host and back,
	// HopMicros that of handing them to the next device.
	CrossMicros float64 `json:"cross_us"`
	HopMicros   float64 `json:"hop_us"`
	// NetworkMicros is the wait for one message to another computer.
	NetworkMicros float64 `json:"network_us,omitempty"`
	// Link is the share of the link's nominal rate that streamed weights
	// reach; StreamRows the rows from which the engine streams host-resident
	// weights to the device instead of computing on the host, 0 for never.
	Link       float64 `json:"link"`
	StreamRows float64 `json:"stream_rows"`
	// StageGBps is the rate in GB/s at which the host can hand out streamed
	// weights to all devices together, 0 for no bound.
	StageGBps float64 `json:"stage_gb_s,omitempty"`
	// Pipeline is the share of the ideal gain of a pipelined prefill over
	// several devices that is realised, 0 for none.
	Pipeline float64 `json:"pipeline"`
	// SyncMicros is what one all-reduce of tensor parallelism costs two devices
	// beside the transfer, in microseconds; half as much more with every
	// doubling of them. SyncHostMicros comes on top where the devices are
	// joined through the host.
	SyncMicros     float64 `json:"sync_us"`
	SyncHostMicros float64 `json:"sync_host_us,omitempty"`
	// Bus and BusHost are the shares of the nominal rate that all-reduces
	// reach over direct links and through the host, where none was measured.
	Bus     float64 `json:"bus,omitempty"`
	BusHost float64 `json:"bus_host,omitempty"`
	// HostCrowd is by how much the ranks that share the way through the host
	// slow each other: the rate is multiplied by (ranks ÷ 2)^−HostCrowd.
	HostCrowd float64 `json:"host_crowd,omitempty"`
	// ExpertSkew is the coefficient of variation of the experts' popularity,
	// which loads devices that hold whole experts unevenly.
	ExpertSkew float64 `json:"expert_skew,omitempty"`
	// EmulatedGEMM multiplies many-rows arithmetic, and EmulatedMoE the fixed
	// time of expert layers, in formats that the device does not compute in.
	EmulatedGEMM float64 `json:"emulated_gemm,omitempty"`
	EmulatedMoE  float64 `json:"emulated_moe,omitempty"`
	// ThreadGBps is the bandwidth that one thread draws, NUMA the worth of a
	// further socket relative to the first (host sets only).
	ThreadGBps float64 `json:"thread_gb_s,omitempty"`
	NUMA       float64 `json:"numa,omitempty"`
	// HalfThreads is the number of threads at which the fixed times, which
	// are waits for one another, have doubled (host sets only).
	HalfThreads float64 `json:"half_threads,omitempty"`
	// Crowd is by how much the share of the bandwidth falls with the number
	// of cores beyond CrowdCores, as an exponent (host sets only).
	Crowd      float64 `json:"crowd,omitempty"`
	CrowdCores float64 `json:"crowd_cores,omitempty"`
	// Rates lists, by format class, which of the device's peak rates counts,
	// best first, for GEMM; FewRates the same for GEMV, AttnRates for attention.
	Rates     map[string][]RateRef `json:"rates"`
	FewRates  []RateRef            `json:"few_rates"`
	AttnRates []RateRef            `json:"attn_rates"`
	// FewByFamily multiplies FewRates for quantised weights by device family:
	// integer dot products per FP32 operation, which the families' vector
	// units are not alike in.
	FewByFamily map[string]float64 `json:"few_by_family,omitempty"`
	// ManyByFamily does the same for many rows: what matrix instructions
	// other than the newest reach of the nominal rate. 1 where not named.
	ManyByFamily map[string]float64 `json:"many_by_family,omitempty"`
	// EraGEMM multiplies many-rows arithmetic on quantised weights in builds
	// up to the month Era, which had other kernels.
	Era     string  `json:"era,omitempty"`
	EraGEMM float64 `json:"era_gemm,omitempty"`
	// ISA multiplies a CPU's arithmetic on quantised classes by what it knows.
	ISA []ISAFactor `json:"isa,omitempty"`
	// Drift is by how much builds older than Reference are slower, in log per
	// year, by phase; at most DriftYears count.
	Reference    string  `json:"reference,omitempty"` // year-month
	DriftDecode  float64 `json:"drift_decode,omitempty"`
	DriftPrefill float64 `json:"drift_prefill,omitempty"`
	// DriftOverhead is the same for the fixed times alone.
	DriftOverhead float64 `json:"drift_overhead,omitempty"`
	DriftYears    float64 `json:"drift_years,omitempty"`
	// DriftExpert and DriftRecurrent are the same for routed experts and
	// recurrent mixers, whose kernels came late; at most DriftNewYears count.
	DriftExpert    float64 `json:"drift_expert,omitempty"`
	DriftRecurrent float64 `json:"drift_recurrent,omitempty"`
	DriftNewYears  float64 `json:"drift_new_years,omitempty"`
	// SDDecode and SDPrefill are spreads (standard deviation of the log) by
	// level: device, family, vendor, kind, assumed.
	SDDecode  [5]float64 `json:"sd_decode"`
	SDPrefill [5]float64 `json:"sd_prefill"`
}

// RateRef names one of a device's peak rates and what to multiply it by when
// it stands in for another.
type RateRef struct {
	Rate string  `json:"rate"` // fp32 fp16 fp16_acc32 bf16 fp8 int8 fp4
	X    float64 `json:"x"`
	// Emulated says that a device which has only this rate computes in another
	// format than the weights': they are widened on the way.
	Emulated bool `json:"emulated,omitempty"`
}

// ISAFactor gives a CPU's arithmetic on quantised weights relative to its
// FP32 peak; the first feature that the CPU has counts.
type ISAFactor struct {
	Has string  `json:"has"`
	X   float64 `json:"x"`
}

// HostRules derive what a processor's record leaves out.
type HostRules struct {
	// FlopsPerCycle of one core by instruction set, first match; used when
	// the record has no peak. Source says where the numbers come from.
	FlopsPerCycle []ISAFactor `json:"flops_per_cycle"`
	GHz           float64     `json:"assumed_ghz"`
	Cores         float64     `json:"assumed_cores"`
	// FewThreadsGain is by how much a few threads do better than their share
	// of the cores where the clocks are not known, as an exponent.
	FewThreadsGain float64 `json:"few_threads_gain,omitempty"`
	// FlopsPerByte gives a peak from the bandwidth where nothing else is
	// known of an accelerator.
	FlopsPerByte float64 `json:"assumed_flops_per_byte"`
	// PCIeGBpsPerLane is the rate of one lane, one direction, from generation 1.
	PCIeGBpsPerLane []float64 `json:"pcie_gb_s_per_lane"`
	// PCIeGen and PCIeLanes stand in where a device's record has none.
	PCIeGen   int `json:"assumed_pcie_gen"`
	PCIeLanes int `json:"assumed_pcie_lanes"`
	// AssumedSD is added (in square) to the spread for each assumed fact
	// that the result rests on.
	AssumedSD float64 `json:"assumed_sd"`
	Source    string  `json:"source"`
	// Measured says what a measurement of the very host tells, Load how fast
	// weights are loaded.
	Measured *MeasuredRules `json:"measured,omitempty"`
	Load     *LoadRules     `json:"load,omitempty"`
}

// Any stands for every engine and every backend in a group's key: what holds
// of the hardware itself.
const Any = "*"

// Clone returns a deep copy that may be changed.
func (t *Table) Clone() *Table {
	c := *t
	c.Sets = slices.Clone(t.Sets)
	for i := range c.Sets {
		if b := c.Sets[i].Base; b != nil {
			c.Sets[i].Base = b.clone()
		}
	}
	c.Groups = maps.Clone(t.Groups)
	if c.Groups == nil {
		c.Groups = map[string]Group{}
	}
	return &c
}

func (b *Base) clone() *Base {
	c := *b
	c.GEMV, c.GEMM, c.ExpertClass = maps.Clone(b.GEMV), maps.Clone(b.GEMM), maps.Clone(b.ExpertClass)
	c.ISA = slices.Clone(b.ISA)
	c.FewByFamily = maps.Clone(b.FewByFamily)
	c.ManyByFamily = maps.Clone(b.ManyByFamily)
	return &c
}

// shared is the backend under which groups are kept that hold of the hardware
// under any engine of the set's kind.
func (s *Set) shared() string {
	if s.Kind == "" {
		return Any
	}
	return s.Kind
}

// KindOf returns the index of the set of the kind of a set, -1 for none.
func (t *Table) KindOf(i int) int {
	for k := range t.Sets {
		if s := &t.Sets[k]; s.Engine == Any && s.Backend == t.Sets[i].Kind && k != i {
			return k
		}
	}
	return -1
}

// GroupKey is the key of a group: level is device, family or vendor.
func GroupKey(engine, backend, level, key string) string {
	return engine + "/" + backend + "/" + level + "/" + key
}

// ErrNone is returned when no set serves an engine and backend.
var ErrNone = errors.New("no calibrated parameters")

// set finds the set of an engine and backend: the exact one, else one of the
// same backend (llama.cpp first, being first in the table), else any of the engine.
func (t *Table) set(engine, backend string) (s *Set, exact bool, err error) {
	var sameBackend *Set
	for i := range t.Sets {
		c := &t.Sets[i]
		if c.Backend == backend {
			if c.Engine == engine {
				return c, true, nil
			}
			if sameBackend == nil {
				sameBackend = c
			}
		}
	}
	if sameBackend != nil {
		return sameBackend, false, nil
	}
	for i := range t.Sets {
		if c := &t.Sets[i]; c.Engine == engine && c.Backend != "cpu" {
			return c, false, nil
		}
	}
	for i := range t.Sets {
		if c := &t.Sets[i]; c.Backend != "cpu" {
			return c, false, nil
		}
	}
	return nil, false, fmt.Errorf("engine %q, backend %q: %w; add a set to the calibration data", engine, backend, ErrNone)
}

// based follows Like until a set with a base is found, collecting factors.
func (t *Table) based(s *Set) (*Set, Factors, error) {
	f := Factors{}
	for hops := 0; s != nil && hops < 4; hops++ {
		f = f.times(s.Factors)
		if s.Base != nil {
			return s, f, nil
		}
		s = t.named(s.Like)
	}
	return nil, f, fmt.Errorf("calibration data: a set leads to no base; give it a base or a like that names one: %w", ErrNone)
}

func (t *Table) named(name string) *Set {
	for i := range t.Sets {
		if t.Sets[i].Engine+"/"+t.Sets[i].Backend == name {
			return &t.Sets[i]
		}
	}
	return nil
}

func one(x float64) float64 {
	if x == 0 {
		return 1
	}
	return x
}

func (f Factors) times(g Factors) Factors {
	return Factors{
		Stream: one(f.Stream) * one(g.Stream), GEMV: one(f.GEMV) * one(g.GEMV), GEMM: one(f.GEMM) * one(g.GEMM),
		Cache: one(f.Cache) * one(g.Cache), Overhead: one(f.Overhead) * one(g.Overhead),
	}
}
