package scenario

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles/names"
)

// The engines taken when none is named: one for files and formats that
// people run by themselves, one for checkpoints that are served.
const (
	localEngine   = "llama.cpp"
	servingEngine = "vllm"
)

// Store holds the facts that several resolvers share.
type Store struct {
	facts    Facts
	models   shared[string, *model.Model]
	weights  shared[weightsKey, *format.Weights]
	machines shared[machineKey, *hardware.Machine]
	engines  shared[string, *engine.Engine]
	pipes    shared[string, *found]
	joined   shared[joinedKey, *model.Model]
}

// joinedKey is a model with the file of its projector.
type joinedKey struct {
	model *model.Model
	path  string
}

type weightsKey struct {
	model *model.Model
	quant string
}

type machineKey struct {
	on, host, ram  string
	devices, nodes int
}

// NewStore returns a Store over the facts.
func NewStore(f Facts) *Store {
	return &Store{facts: f,
		models:   newShared[string, *model.Model](128),
		weights:  newShared[weightsKey, *format.Weights](1024),
		machines: newShared[machineKey, *hardware.Machine](1024),
		engines:  newShared[string, *engine.Engine](64),
		pipes:    newShared[string, *found](128),
		joined:   newShared[joinedKey, *model.Model](128)}
}

// Resolver turns scenarios into requests. It has caches of its own in front
// of the store's, so it is not for concurrent use: one for each worker.
type Resolver struct {
	store    *Store
	models   cache[string, *model.Model]
	weights  cache[weightsKey, *format.Weights]
	machines cache[machineKey, *hardware.Machine]
	engines  cache[string, *engine.Engine]
	joins    cache[*hardware.Machine, *hardware.Machine]
	pipes    cache[string, *found]
	changed  changed
	// Languages names the command that knows no models but language models:
	// others are errors. Empty: all models are resolved.
	Languages string
	// Unlike lets machines of unlike nodes through as they are, for callers
	// that plan for each pool of like ones; else a server on them is an error.
	Unlike bool
}

// NewResolver returns a Resolver over the store.
func NewResolver(st *Store) *Resolver {
	return &Resolver{store: st,
		models:   newCache[string, *model.Model](64),
		weights:  newCache[weightsKey, *format.Weights](512),
		machines: newCache[machineKey, *hardware.Machine](512),
		engines:  newCache[string, *engine.Engine](64),
		joins:    newCache[*hardware.Machine, *hardware.Machine](512),
		pipes:    newCache[string, *found](64),
		changed:  newChanged()}
}

// Prepared is a scenario made ready.
type Prepared struct {
	Request     estimator.Request
	Inputs      Scenario // names canonical, our defaults filled in
	Assumptions []string
	Warnings    []estimator.Warning
	// Named is the machine as it was named; the request's may be it joined to
	// one node.
	Named *hardware.Machine
}

// Resolve checks s, finds what it names and fills p.
func (r *Resolver) Resolve(ctx context.Context, s *Scenario, p *Prepared) error {
	if err := s.Check(); err != nil {
		return err
	}
	p.Inputs = *s
	p.Assumptions, p.Warnings = p.Assumptions[:0], p.Warnings[:0]
	in := &p.Inputs
	changes, err := in.changes()
	if err != nil {
		return err
	}
	if in.On == "" {
		in.On = "local"
	}
	if other, err := r.other(in); err != nil {
		return err
	} else if other != nil {
		return r.pipeline(ctx, in, other, changes, p)
	}
	m, err := r.model(in.Model)
	if err != nil {
		return err
	}
	if err := in.noPipelineFields(in.Model); err != nil {
		return err
	}
	if in.Mmproj != "" {
		if m, err = r.projected(m, in.Mmproj); err != nil {
			return err
		}
	}
	if m.Arch.ID != "" && !isPath(in.Model) {
		in.Model = m.Arch.ID
	}
	formats, err := r.store.facts.Formats()
	if err != nil {
		return failed("reading the weight formats", err)
	}
	machine, err := r.machine(ctx, in, p)
	if err != nil {
		return err
	}
	if changes != nil {
		if m, machine, err = r.changed.apply(m, machine, changes, p); err != nil {
			return err
		}
	}
	eng, weights, err := r.engineAndWeights(m, machine, formats, p)
	if err != nil {
		return err
	}
	p.Named = machine
	if eng.Serves() {
		// One deployment may span all computers.
		if machine, err = r.joined(machine); err != nil {
			return err
		}
	}
	shown := estimator.Request{Model: m, Engine: eng, Deployment: deployment(in)}
	if err := r.workload(in, &shown, p); err != nil {
		return err
	}
	in.context(m, eng, shown.Workload.SeenTokens, p)
	calib, err := r.store.facts.Calibration()
	if err != nil {
		return problem.From(problem.BadFile, err) // the user's own: ours is tested
	}
	if err := agree(in, m, eng, machine, p); err != nil {
		return err
	}
	p.Request = estimator.Request{Model: m, Weights: weights, Formats: formats, Machine: machine, Engine: eng,
		Deployment: deployment(in), Calibration: calib, Vision: shown.Vision, Workload: shown.Workload}
	return nil
}

// context settles the context where none was asked for: as its rule says, or
// DefaultContext or what the work needs, for each sequence, of whose prompt so
// many tokens are images and the like.
func (s *Scenario) context(m *model.Model, e *engine.Engine, seen int, p *Prepared) {
	switch limit := m.Arch.MaxContext; {
	case s.ContextRule == byEngine:
		p.Assumptions = append(p.Assumptions, "context not given: left to "+e.Name)
		return
	case s.ContextRule == byModel && limit > 0:
		s.Context = limit
		return
	case s.Context > 0 && !s.ContextAssumed:
		return
	}
	w := engine.Workload{InputTokens: s.InputTokens + seen, OutputTokens: s.OutputTokens, Depth: s.Depth}
	each := DefaultContext
	if limit := m.Arch.MaxContext; limit > 0 {
		each = min(each, limit)
	}
	if each = max(each, w.MaxTokens(), 1); each > DefaultContext {
		each = engine.Pad(each, 256)
	}
	s.Context, s.ContextAssumed = each, true
	if e.SharedContext() {
		s.Context = each * max(s.Batch, s.Parallel, 1)
	}
	p.Assumptions = append(p.Assumptions, "context not given: "+strconv.Itoa(each)+" tokens for each sequence assumed")
}

// failed reports facts of our own that cannot be read.
func failed(what string, err error) error {
	return problem.Failed(what + ": " + err.Error())
}

// deployment maps the fields of a scenario on an engine's settings.
func deployment(in *Scenario) engine.Deployment {
	d := engine.Deployment{Context: in.Context, Slots: in.Parallel, KVTypeK: in.KVType, KVTypeV: in.KVType,
		Batch: in.BatchSize, UBatch: in.UBatch, Flash: in.FlashAttention, SWAFull: in.SWAFull, UnifiedKV: in.KVUnified,
		MLA: in.MLA, NoMmap: in.NoMmap, NoKVOffload: in.NoKVOffload, GPULayers: in.GPULayers, CPUMoE: in.CPUMoE,
		Split: engine.Split(in.Split), TP: in.TP, PP: in.PP, EP: in.EP, DP: in.DP, Threads: in.Threads,
		Backend: in.Backend, EngineDate: in.EngineDate, MemoryFraction: in.GPUMemoryUtilization,
		MaxNumBatchedTokens: in.MaxNumBatchedTokens, MaxNumSeqs: in.MaxNumSeqs}
	if in.KVTypeK != "" {
		d.KVTypeK = in.KVTypeK
	}
	if in.KVTypeV != "" {
		d.KVTypeV = in.KVTypeV
	}
	if in.Split == "none" {
		d.Split = engine.SplitAuto
	}
	if d.CPUMoE == engine.Auto && d.GPULayers != engine.Auto {
		d.CPUMoE = 0 // who sets the layers by hand sets the experts by hand
	}
	return d
}

// isPath says whether a model's name can only be meant as a file.
func isPath(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~") || filepath.IsAbs(name) ||
		strings.Contains(name, `\`) || strings.HasSuffix(name, "/") ||
		strings.HasSuffix(lower, ".gguf") || strings.HasSuffix(lower, ".safetensors") || strings.HasSuffix(lower, ".json")
}

// Model finds a model by file, size or catalogue name, in that order.
func (r *Resolver) Model(query string) (*model.Model, error) {
	if r.Languages != "" {
		if _, err := r.other(&Scenario{Model: query}); err != nil {
			return nil, err
		}
	}
	return r.model(query)
}

func (r *Resolver) model(query string) (*model.Model, error) {
	if m, ok := r.models.get(query); ok {
		return m, nil
	}
	m, err := r.store.models.get(query, func() (*model.Model, error) { return r.loadModel(query) })
	if err != nil {
		return nil, err
	}
	r.models.put(query, m)
	return m, nil
}

// projected returns the model with the encoder of a projector's own file, the
// same for the same model and file.
func (r *Resolver) projected(m *model.Model, path string) (*model.Model, error) {
	return r.store.joined.get(joinedKey{m, path}, func() (*model.Model, error) {
		j, err := r.store.facts.OpenProjector(m, path)
		if err != nil {
			return nil, problem.From(problem.BadFile, err)
		}
		return j, nil
	})
}

func (r *Resolver) loadModel(query string) (*model.Model, error) {
	_, statErr := os.Stat(query)
	if statErr == nil {
		m, err := r.store.facts.OpenModel(query)
		if err != nil {
			return nil, problem.From(problem.BadFile, err)
		}
		return m, nil
	}
	if isPath(query) {
		return nil, missingFile(r.store.facts, query, statErr)
	}
	m, err := r.store.facts.Model(query)
	if err != nil {
		return nil, problem.From(problem.UnknownModel, r.nearer(query, err))
	}
	return m, nil
}

// missingFile says that a file is not there, and which catalogue models have
// a name like it.
func missingFile(f Facts, path string, statErr error) error {
	what := "cannot read the model file"
	if errors.Is(statErr, os.ErrNotExist) {
		what = "no such model file"
	}
	hint := "check the path, or name a catalogue model (plimsoll models list)"
	base := filepath.Base(strings.TrimRight(path, `/\`))
	base = strings.TrimSuffix(strings.TrimSuffix(base, filepath.Ext(base)), "-GGUF")
	if m, err := f.Model(base); err == nil && m.Arch.ID != "" {
		hint = "check the path, or use the catalogue's " + m.Arch.ID
	} else {
		var miss *names.Miss
		if errors.As(err, &miss) && len(miss.Suggestions) > 0 {
			hint = "check the path, or use the catalogue's " + strings.Join(miss.Suggestions, ", ")
		}
	}
	return problem.Wrong(problem.BadFile, what, quoted(path), hint)
}

func (r *Resolver) machine(ctx context.Context, in *Scenario, p *Prepared) (*hardware.Machine, error) {
	devices := in.Devices
	if in.Split == "none" && devices == 0 {
		devices = 1
	}
	m, err := r.findMachine(ctx, in, devices)
	if err != nil {
		return nil, err
	}
	// "--on h100 --tp 4" means four of them.
	ranks := max(in.TP, 1) * max(in.PP, 1) * max(in.DP, 1) * max(in.Ulysses, 1) * max(in.Ring, 1) * max(in.CFGDevices, 1)
	node := m.Primary()
	if node == nil {
		return nil, problem.Wrong(problem.UnknownHW, "the hardware has no node", quoted(in.On), "describe at least one node in the profile")
	}
	if ranks > 1 && devices == 0 && in.Nodes <= 1 && !m.Local && len(m.Nodes) == 1 && max(node.Count, 1) == 1 && len(node.Devices) == 1 {
		if m, err = r.findMachine(ctx, in, ranks); err != nil {
			return nil, err
		}
		in.Devices = ranks
	}
	return m, nil
}

// joined returns a machine as one node, the same for the same machine.
func (r *Resolver) joined(m *hardware.Machine) (*hardware.Machine, error) {
	if j, ok := r.joins.get(m); ok {
		return j, nil
	}
	if pools := estimator.SplitMachine(m); len(pools) > 1 {
		if _, err := m.Join(); err != nil && !r.Unlike && len(m.Nodes) == 1 {
			return nil, problem.Wrong(problem.BadValue, m.ID+": "+err.Error(), "", "")
		}
		if !r.Unlike {
			return nil, problem.Wrong(problem.BadValue, m.ID+": its nodes differ, and one deployment over unlike nodes is not estimated", "",
				"name nodes that are alike, or use plimsoll check, which plans for each pool")
		}
		r.joins.put(m, m)
		return m, nil
	}
	j, err := m.Join()
	if err != nil {
		return nil, problem.Wrong(problem.BadValue, m.ID+": "+err.Error(), "", "")
	}
	r.joins.put(m, j)
	return j, nil
}

func (r *Resolver) findMachine(ctx context.Context, in *Scenario, devices int) (*hardware.Machine, error) {
	key := machineKey{on: in.On, host: in.Host, ram: in.RAM, devices: devices, nodes: in.Nodes}
	if m, ok := r.machines.get(key); ok {
		return m, nil
	}
	m, err := r.store.machines.get(key, func() (*hardware.Machine, error) {
		opts := MachineOptions{Devices: devices, Nodes: in.Nodes, Host: in.Host}
		if in.RAM != "" {
			ram, err := units.ParseBytes(in.RAM)
			if err != nil {
				return nil, problem.Wrong(problem.BadValue, "ram "+quoted(in.RAM)+" is no amount of memory", "", "write it as 64GiB")
			}
			opts.RAMBytes = ram
		}
		m, err := r.store.facts.Machine(ctx, in.On, opts)
		if err != nil {
			return nil, problem.From(problem.UnknownHW, err)
		}
		return m, nil
	})
	if err != nil {
		return nil, err
	}
	r.machines.put(key, m)
	return m, nil
}

func (r *Resolver) engine(name string) (*engine.Engine, error) {
	if e, ok := r.engines.get(name); ok {
		return e, nil
	}
	e, err := r.store.engines.get(name, func() (*engine.Engine, error) {
		e, err := r.store.facts.Engine(name)
		if err != nil {
			return nil, problem.From(problem.UnknownEngine, err)
		}
		return e, nil
	})
	if err != nil {
		return nil, err
	}
	r.engines.put(name, e)
	return e, nil
}

func (r *Resolver) formatWeights(t *format.Table, m *model.Model, quant string) (*format.Weights, error) {
	key := weightsKey{m, quant}
	if w, ok := r.weights.get(key); ok {
		return w, nil
	}
	w, err := r.store.weights.get(key, func() (*format.Weights, error) {
		var w *format.Weights
		var err error
		if quant == "" {
			w, err = t.FromFile(m)
		} else {
			w, err = t.Weights(m, quant)
		}
		if err != nil {
			return nil, problem.From(problem.UnknownFormat, err)
		}
		return w, nil
	})
	if err != nil {
		return nil, err
	}
	r.weights.put(key, w)
	return w, nil
}

// engineAndWeights settles the engine and the weight format, each of which
// may decide the other.
func (r *Resolver) engineAndWeights(m *model.Model, machine *hardware.Machine, t *format.Table, p *Prepared) (*engine.Engine, *format.Weights, error) {
	in := &p.Inputs
	var eng *engine.Engine
	if in.Engine != "" {
		name, date, dated := strings.Cut(in.Engine, "@")
		if dated {
			if !isMonth(date) {
				return nil, nil, wrong("engine version "+quoted(date)+" is not a date", "engine", "write the month of the build: "+name+"@2026-01")
			}
			if in.EngineDate != "" && in.EngineDate != date {
				return nil, nil, contradiction("engine "+quoted(in.Engine)+" and engine_date "+quoted(in.EngineDate)+" disagree", "give the date once")
			}
			in.EngineDate = date
		}
		var err error
		if eng, err = r.engine(name); err != nil {
			return nil, nil, err
		}
	}
	var w *format.Weights
	var err error
	if eng != nil && eng.SharedContext() && in.Quant != "" {
		in.Quant = t.GGUF(in.Quant)
	}
	switch {
	case in.Quant != "":
		if m.FromFile && !sameFormat(t, in.Quant, m.FileFormat) {
			p.Warnings = append(p.Warnings, estimator.Warning{Code: "format_of_file_replaced",
				Message: "the file holds " + orUnknown(m.FileFormat) + "; the estimate is for " + in.Quant + " as asked"})
		} else if m.FromFile {
			in.Quant = ""
		}
		w, err = r.formatWeights(t, m, in.Quant)
	case m.FromFile:
		w, err = r.formatWeights(t, m, "")
	case m.FileFormat != "": // a config.json says how its checkpoint is quantised
		w, err = r.formatWeights(t, m, m.FileFormat)
	}
	if err != nil {
		return nil, nil, err
	}
	if eng == nil {
		name := localEngine
		if w != nil && w.Basis == "checkpoint" || len(machine.Nodes) > 1 || machine.Primary().Count > 1 {
			name = servingEngine
		}
		if eng, err = r.engine(name); err != nil {
			return nil, nil, err
		}
		if vendor := vendorOf(machine); in.Backend == "" && in.GPULayers != 0 && vendor != "" && eng.DefaultBackend(vendor) == nil {
			if other, err := r.engine(servingEngine); err == nil && other.DefaultBackend(vendor) != nil {
				eng = other
			}
		}
		in.EngineAssumed = true
	}
	if in.EngineAssumed {
		p.Assumptions = append(p.Assumptions, "engine not given: "+eng.Name+" assumed")
	}
	in.Engine = eng.ID
	if w == nil {
		quant := eng.DefaultFormat
		switch native := t.Native(m); {
		case quant == "" || quant == "native":
			quant = native
		case eng.SharedContext() && t.GGUF(native) != native:
			quant = native // published in a format that GGUF files keep (gpt-oss)
		}
		if eng.SharedContext() {
			quant = t.GGUF(quant)
		}
		if w, err = r.formatWeights(t, m, quant); err != nil {
			return nil, nil, err
		}
		in.QuantAssumed = true
	}
	if in.QuantAssumed {
		p.Assumptions = append(p.Assumptions, "weight format not given: "+w.Format+" assumed, the usual one for "+eng.Name)
	}
	if !m.FromFile || in.Quant != "" {
		in.Quant = w.Format
	}
	return eng, w, nil
}

// vendorOf returns the vendor of the machine's first accelerator, or "".
func vendorOf(m *hardware.Machine) string {
	if node := m.Primary(); node != nil && len(node.Devices) > 0 {
		return node.Devices[0].Vendor
	}
	return ""
}

func orUnknown(s string) string {
	if s == "" {
		return "another weight format"
	}
	return s
}

func sameFormat(t *format.Table, a, b string) bool {
	if strings.EqualFold(a, b) {
		return true
	}
	ca, errA := t.Canonical(a)
	cb, errB := t.Canonical(b)
	return errA == nil && errB == nil && ca == cb
}
