package engine

import (
	"fmt"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/hardware"
)

// Settings is a Deployment resolved for one engine, model and machine: every
// default filled in, except that GPULayers and CPUMoE stay Auto where the
// placement is to be searched.
type Settings struct {
	Deployment
	Engine *Engine
	// Rules are those in force at EngineDate; Device is the backend of the
	// devices, Host that of the processors.
	Rules  *Rules
	Device *Backend
	// FlashOn is Deployment.Flash resolved.
	FlashOn bool
	// KVBytesK and KVBytesV are bytes per cached element of the K and V types.
	KVBytesK, KVBytesV float64
	// QuantisedKV is true when either type is narrower than 16 bit.
	QuantisedKV bool
	// Cells is the number of cache cells allocated for non-windowed layers
	// (padded as the engine pads), all streams together.
	Cells int
	// ContextAuto is true when nobody asked for a context and the engine may
	// lower it until it fits, but not below MinContext.
	ContextAuto bool
	MinContext  int
	// ContextSteps are the only contexts that the engine chooses from, the
	// shortest first; none where it takes any.
	ContextSteps []int
	// ContextLowered is true when it was lowered.
	ContextLowered bool
	// Devices is how many devices of the node are used. AutoRanks is true when
	// nobody asked for a division, so that fewer may be used where that fits
	// and more does not (every rank costs buffers of its own).
	Devices   int
	AutoRanks bool
}

// Largest values that a deployment may ask for; what lies beyond is a typing
// error, and would overflow sizes.
const (
	maxContext = 1 << 30
	maxSlots   = 1 << 20
	maxBatch   = 1 << 24
	maxDevices = 1 << 16
)

func outOfRange(what string, v, lo, hi int) error {
	return fmt.Errorf("%s %d is out of range: give %d to %d", what, v, lo, hi)
}

// Resolve fills in every default of a deployment as the engine would on this
// node. Its errors name the setting that cannot be. bytesPerElement gives the
// width of cache types (package format).
func (e *Engine) Resolve(d Deployment, w Workload, m *model.Model, node *hardware.Node, bytesPerElement func(string) (float64, bool)) (Settings, error) {
	s := Settings{Deployment: d, Engine: e, Rules: e.RulesAt(d.EngineDate)}
	if err := check(&d, &w); err != nil {
		return s, err
	}
	r := s.Rules
	if err := s.parallel(m, node); err != nil {
		return s, err
	}
	if err := s.backend(node); err != nil {
		return s, err
	}
	s.Slots = max(d.Slots, w.Batch, 1)
	s.context(&w, m, node)
	s.batches(node)
	if s.KVTypeK == "" {
		s.KVTypeK = r.KVType
	}
	if s.KVTypeV == "" {
		s.KVTypeV = s.KVTypeK
	}
	var ok bool
	if s.KVBytesK, ok = bytesPerElement(s.KVTypeK); !ok {
		return s, fmt.Errorf("kv type %q is not known: try f16, q8_0, q4_0 or fp8", s.KVTypeK)
	}
	if s.KVBytesV, ok = bytesPerElement(s.KVTypeV); !ok {
		return s, fmt.Errorf("kv type %q is not known: try f16, q8_0, q4_0 or fp8", s.KVTypeV)
	}
	s.QuantisedKV = s.KVBytesK < 2 || s.KVBytesV < 2
	switch {
	case d.Flash != nil:
		s.FlashOn = *d.Flash
	default:
		// llama.cpp switches flash attention on by itself where it may, and
		// a quantised V cache needs it.
		s.FlashOn = r.Flash != "off" || s.KVBytesV < 2
	}
	if s.MLA == "" {
		s.MLA = r.MLA
	}
	switch s.MLA {
	case "", "latent", "latent+v", "expanded":
	default:
		return s, fmt.Errorf("mla %q is not known: give latent, latent+v or expanded", s.MLA)
	}
	s.UnifiedKV = s.UnifiedKV && r.UnifiedSlots
	if r.Offload == "" && d.GPULayers > 0 && d.GPULayers < len(m.Layers) {
		return s, fmt.Errorf("%s cannot leave layers on the host: drop gpu_layers", e.Name)
	}
	s.SetContext(s.Context)
	return s, nil
}

// HeldHeads returns how many of a layer's KV heads one of ranks devices holds:
// they are divided, and held again by every rank where they are fewer.
func (s *Settings) HeldHeads(heads, ranks int) int {
	cores := 1
	if s.Rules != nil {
		cores = max(s.Rules.CoresPerDevice, 1)
	}
	all := max(ranks, 1) * cores
	return min(heads, cores*((heads+all-1)/all))
}

// PerGroup returns how many of the sequences each data-parallel group serves, at
// most.
func (s *Settings) PerGroup() int {
	groups := max(s.DP, 1)
	return (s.Slots + groups - 1) / groups
}

func check(d *Deployment, w *Workload) error {
	switch {
	case d.Context < 0 || d.Context > maxContext:
		return outOfRange("context", d.Context, 0, maxContext)
	case d.Slots < 0 || d.Slots > maxSlots:
		return outOfRange("slots", d.Slots, 0, maxSlots)
	case w.Batch < 0 || w.Batch > maxSlots:
		return outOfRange("batch", w.Batch, 1, maxSlots)
	case d.UBatch < 0 || d.UBatch > maxBatch:
		return outOfRange("ubatch", d.UBatch, 1, maxBatch)
	case d.Batch < 0 || d.Batch > maxBatch:
		return outOfRange("n_batch", d.Batch, 1, maxBatch)
	case d.GPULayers < Auto:
		return outOfRange("gpu_layers", d.GPULayers, Auto, maxBatch)
	case d.CPUMoE < Auto:
		return outOfRange("cpu_moe", d.CPUMoE, Auto, maxBatch)
	case min(d.TP, d.PP, d.EP, d.DP) < 0 || max(d.TP, d.PP, d.EP, d.DP) > maxDevices:
		return fmt.Errorf("tp, pp, ep and dp must be 0 to %d", maxDevices)
	case d.MemoryFraction < 0 || d.MemoryFraction > 1 || d.MemoryFraction != d.MemoryFraction:
		return fmt.Errorf("memory_fraction %g is out of range: give more than 0 and at most 1", d.MemoryFraction)
	case d.MaxNumBatchedTokens < 0 || d.MaxNumBatchedTokens > maxBatch:
		return outOfRange("max_num_batched_tokens", d.MaxNumBatchedTokens, 0, maxBatch)
	case d.MaxNumSeqs < 0 || d.MaxNumSeqs > maxSlots:
		return outOfRange("max_num_seqs", d.MaxNumSeqs, 0, maxSlots)
	case w.InputTokens < 0 || w.InputTokens > maxContext || w.OutputTokens < 0 || w.OutputTokens > maxContext || w.Depth < 0 || w.Depth > maxContext:
		return fmt.Errorf("input_tokens, output_tokens and depth must be 0 to %d", maxContext)
	}
	return nil
}

// parallel settles how the model is divided and how many devices take part.
func (s *Settings) parallel(m *model.Model, node *hardware.Node) error {
	have := len(node.Devices)
	if have > 1 && node.Devices[0].Slice != "" {
		have = 1 // a program can use one MIG device at a time: the first, which is the largest
	}
	if s.GPULayers == 0 {
		have = 0
	}
	s.AutoRanks = max(s.TP, s.PP, s.DP) == 0
	s.DP = max(s.DP, 1)
	llama := s.Engine.Family == LlamaCpp
	if s.Split == SplitAuto {
		switch {
		case s.TP > 1:
			s.Split = SplitTensor
		case s.PP > 1:
			s.Split = SplitPipeline
		case s.Rules.Split != "":
			s.Split = s.Rules.Split
		case llama || s.Engine.Family == Grow:
			s.Split = SplitLayer
		default:
			s.Split = SplitTensor
		}
	}
	switch s.Split {
	case SplitLayer, SplitRow:
		s.TP = max(s.TP, 1)
		if s.TP > 1 {
			return fmt.Errorf("split %q and tp %d contradict each other: give one", s.Split, s.TP)
		}
		s.PP = max(s.PP, 1)
		s.Devices = have
	case SplitTensor, SplitPipeline:
		free := max(have, 1) / s.DP
		if s.TP == 0 && s.PP == 0 {
			if s.Split == SplitTensor {
				s.TP = free
				if node.Box > 0 && free > node.Box {
					// Tensors within a computer, stages across.
					s.TP, s.PP = node.Box, free/node.Box
				}
				for h := heads(m); s.Engine.Serves() && s.TP > 1 && h%s.TP != 0; {
					s.TP--
				}
			} else {
				s.PP = free
			}
		} else if s.TP == 0 && s.Split == SplitTensor {
			s.TP = free / s.PP
		} else if s.PP == 0 && s.Split == SplitPipeline {
			s.PP = free / s.TP
		}
		s.TP, s.PP = max(s.TP, 1), max(s.PP, 1)
		if n := s.TP * s.PP * s.DP; have > 0 && n > have {
			return fmt.Errorf("tp %d x pp %d x dp %d needs %d devices, and there are %d", s.TP, s.PP, s.DP, n, have)
		}
		if s.PP > len(m.Layers) {
			return fmt.Errorf("pp %d is more than the model's %d layers", s.PP, len(m.Layers))
		}
		s.Devices = min(have, s.TP*s.PP*s.DP)
	default:
		return fmt.Errorf("split %q is not known: give layer, row, tensor or pipeline", s.Split)
	}
	if h := heads(m); s.Engine.Serves() && h%s.TP != 0 {
		return fmt.Errorf("tp %d does not divide the model's %d attention heads: give a divisor of them", s.TP, h)
	}
	s.EP = max(s.EP, 1)
	if n := s.TP * s.DP; s.EP > 1 && (s.EP > n || n%s.EP != 0) {
		return fmt.Errorf("ep %d: experts are divided over tp x dp = %d devices: give a divisor of it", s.EP, n)
	}
	return nil
}

// heads returns the attention heads of the layers that have any.
func heads(m *model.Model) int {
	for i := range m.Layers {
		if h := m.Layers[i].Heads; h > 0 {
			return h
		}
	}
	return 0
}

// ExpertRanks returns over how many devices the routed experts are divided:
// with expert parallelism all data-parallel groups hold one set of them.
func (s *Settings) ExpertRanks() int {
	if s.EP > 1 {
		return s.TP * s.DP
	}
	return max(s.TP, 1)
}

// backend chooses how the devices are driven.
func (s *Settings) backend(node *hardware.Node) error {
	e := s.Engine
	if s.Devices == 0 {
		s.Device = e.Backend("cpu")
		if s.Device == nil {
			return fmt.Errorf("%s does not run on a CPU: name an accelerator or another engine", e.Name)
		}
		s.Backend = "cpu"
		return nil
	}
	if s.Backend != "" && !strings.EqualFold(s.Backend, "cpu") {
		if s.Device = e.Backend(strings.ToLower(s.Backend)); s.Device == nil {
			return fmt.Errorf("%s has no backend %q: it has %s", e.Name, s.Backend, e.BackendIDs())
		}
		s.Backend = s.Device.ID
		return nil
	}
	if s.Backend != "" {
		return fmt.Errorf("backend cpu and layers on an accelerator contradict each other: set gpu_layers to 0")
	}
	vendor := node.Devices[0].Vendor
	if s.Device = e.DefaultBackend(vendor); s.Device == nil {
		return fmt.Errorf("%s does not run on %s devices", e.Name, vendor)
	}
	s.Backend = s.Device.ID
	return nil
}

// DeviceTotal returns what a driver reports as a device's memory, in bytes.
func (e *Engine) DeviceTotal(d *hardware.Device) int64 { return e.Host.DeviceTotal(d) }

func (s *Settings) deviceGiB(node *hardware.Node) (one, all float64) {
	for i := range s.Devices {
		g := float64(node.Devices[i].MemoryBytes) / float64(hardware.GiB)
		all += g
		if i == 0 || g < one {
			one = g
		}
	}
	return one, all
}

// context settles the number of tokens that the cache is made for.
func (s *Settings) context(w *Workload, m *model.Model, node *hardware.Node) {
	trained := m.Arch.MaxContext
	need := max(w.MaxTokens(), w.Depth+w.InputTokens+w.OutputTokens, 1)
	if s.Engine.SharedContext() {
		need *= s.Slots
	}
	if s.Context > 0 {
		return
	}
	r := &s.Rules.Context
	slots := 1
	if r.PerSlot {
		slots = s.Slots
	}
	s.MinContext = max(r.Tokens*slots, need)
	switch r.Kind {
	case "fixed":
		s.Context = r.Tokens
	case "by_memory":
		_, all := s.deviceGiB(node)
		for _, step := range r.Steps {
			if all < step.FromGiB {
				break
			}
			n := step.Tokens
			if trained > 0 {
				n = min(n, trained)
			}
			s.Context = n * slots
			s.ContextSteps = append(s.ContextSteps, s.Context)
		}
		s.ContextAuto = true
	case "fit":
		s.Context = trained
		s.ContextAuto = true
	case "need":
		s.Context = need
	default:
		s.Context = trained
	}
	if s.Context == 0 || trained > 0 && s.Context > trained*slots && r.Kind != "need" {
		s.Context = trained
	}
	if s.Context == 0 {
		s.Context = 4096
	}
	s.Context = max(s.Context, need)
	s.MinContext = min(s.MinContext, s.Context)
}

// batches settles batch and micro-batch, and the like of serving engines.
func (s *Settings) batches(node *hardware.Node) {
	r := s.Rules
	for _, step := range r.BatchByContext {
		if step.UpTo == 0 || s.Context <= step.UpTo {
			if s.Batch == 0 && s.UBatch == 0 {
				s.Batch, s.UBatch = step.Batch, step.Batch
			}
			break
		}
	}
	if s.Batch == 0 {
		s.Batch = max(r.Batch, s.UBatch)
	}
	if s.UBatch == 0 {
		s.UBatch = max(r.UBatch, 1)
	}
	if s.Batch > 0 {
		s.UBatch = min(s.UBatch, s.Batch)
	}
	one, _ := s.deviceGiB(node)
	for i := len(r.Serve.Steps) - 1; i >= 0; i-- {
		if step := &r.Serve.Steps[i]; one >= step.FromGiB || i == 0 {
			if s.MaxNumBatchedTokens == 0 {
				s.MaxNumBatchedTokens = step.Tokens
			}
			if s.MaxNumSeqs == 0 {
				s.MaxNumSeqs = step.Seqs
			}
			break
		}
	}
	if s.MemoryFraction == 0 {
		s.MemoryFraction = r.Serve.Fraction
	}
}

// SetContext changes the context and what follows from it.
func (s *Settings) SetContext(context int) {
	s.Context = max(context, 1)
	pad := s.Rules.PadPlain
	if s.FlashOn {
		pad = s.Rules.PadFlash
	}
	if s.UnifiedKV || s.Slots <= 1 {
		s.Cells = Pad(s.Context, pad)
		return
	}
	s.Cells = Pad((s.Context+s.Slots-1)/s.Slots, pad) * s.Slots
}

// SetRanks uses the first n devices and divides the model over them.
func (s *Settings) SetRanks(n int) {
	s.Devices = n
	switch s.Split {
	case SplitTensor:
		if s.PP <= 1 {
			s.TP = n
			return
		}
		// Whole stages go first: what is left stands in fewer computers.
		if s.TP = min(s.TP, n); n%s.TP != 0 {
			s.TP = n
		}
		s.PP = n / s.TP
	case SplitPipeline:
		s.PP = n
	}
}

// Pad rounds n up to a multiple of step (0 and 1 leave it).
func Pad(n, step int) int {
	if step <= 1 {
		return n
	}
	return (n + step - 1) / step * step
}

// WindowCells returns the cells allocated for a layer with a sliding window,
// all streams together.
func (s *Settings) WindowCells(window int) int {
	if !s.Rules.WindowCache || s.SWAFull || window <= 0 {
		return s.Cells
	}
	pad := s.Rules.PadPlain
	if s.FlashOn {
		pad = s.Rules.PadFlash
	}
	if s.UnifiedKV || s.Slots <= 1 {
		return min(Pad(min(s.Cells, window*s.Slots+s.UBatch), pad), s.Cells)
	}
	per := s.Cells / s.Slots
	return min(Pad(min(per, window+s.UBatch), pad), per) * s.Slots
}

// Micro returns the micro-batch that the graph is reserved for: it cannot
// exceed the context.
func (s *Settings) Micro() int { return max(min(s.UBatch, s.Context), 1) }
