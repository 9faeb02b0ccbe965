package calibration

import (
	"math"

	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/hardware"
)

// Level says how close the parameters are to the device.
type Level int

// Levels, closest first.
const (
	LevelDevice Level = iota
	LevelFamily
	LevelVendor
	LevelKind
	LevelAssumed
)

var levelNames = [...]string{"device", "family", "vendor", "kind", "assumed"}

func (l Level) String() string { return levelNames[l] }

// Params are the parameters for one engine on one processor, resolved to
// absolute rates: what Lookup makes of the table once, for many estimates.
type Params struct {
	StreamBps       float64             // bytes/s of dense weights
	ExpertStreamBps float64             // bytes/s of routed experts
	CacheBps        [2]float64          // bytes/s of cache; [1] with flash attention
	GEMV            [NumClasses]float64 // FLOP/s with few rows
	GEMM            [NumClasses]float64 // FLOP/s with many rows
	ExpertGEMM      float64             // relative to GEMM
	ExpertClass     [NumClasses]float64 // multiplies both for routed experts
	RecurrentGEMM   float64             // relative to GEMM
	HalfRows        float64
	ActivationBps   float64 // bytes/s of one pass over the activations
	ScoreSecPerByte float64 // of attention scores, where attention is not fused
	ExpertHalfRows  float64
	ExpertHalfWidth float64
	ExpertSkew      float64    // coefficient of variation of the experts' popularity
	AttnFLOPS       [2]float64 // FLOP/s of attention scores; [1] with flash attention
	// Fixed times in seconds.
	Step, Layer, MoELayer, RecurrentLayer, Prefill, Cross, Hop, Sync, SyncHost, Sequence, Network float64
	Bus, BusHost                                                                                  float64             // shares of a link's rate that collectives reach
	HostCrowd                                                                                     float64             // exponent of (ranks ÷ 2) by which a rate through the host falls
	EmulatedMoE                                                                                   [NumClasses]float64 // multiplies MoELayer
	LinkBps                                                                                       float64             // bytes/s from the host's memory to the device
	StageBps                                                                                      float64             // bytes/s through the host's staging buffers, 0 for no bound
	StreamOnce                                                                                    bool                // host weights are copied once for a prompt, not for each micro-batch
	StreamRows, Pipeline                                                                          float64
	DriftDecode, DriftPrefill                                                                     float64 // multiply the times of the phase in builds older than the reference
	ExpertAge, RecurrentAge                                                                       float64 // multiply the times of experts and recurrent mixers
	SDDecode, SDPrefill                                                                           float64 // standard deviation of the log

	// Waiting multiplies the fixed times of a host by what its threads wait
	// for one another; 0 stands for 1.
	Waiting float64
	// Threads is how many threads of a host work.
	Threads float64

	Traits *Traits // what multiplies the spreads
	Set    string  // engine/backend that served

	Level Level
	Basis string // in words
	// Nominal values, for the derivation.
	NominalBps float64
	Base       *Base
	// Assumed lists in words the facts that stood in for unknown ones.
	Assumed []string
}

// Key says what parameters are wanted for. Either Device or Host is set.
type Key struct {
	Engine, Backend string
	Date            string // build date "2025-03"; empty = current
	Device          *hardware.Device
	Host            *hardware.Host
	Threads         int // CPU threads, 0 = all usable cores
}

// Lookup resolves the parameters for a key, taking the finest level that the
// table has and filling in from coarser ones. It allocates: keep the result.
func (t *Table) Lookup(k Key) (*Params, error) {
	s, exact, err := t.set(k.Engine, k.Backend)
	if err != nil {
		return nil, err
	}
	bs, f, err := t.based(s)
	if err != nil {
		return nil, err
	}
	p := &Params{Base: bs.Base, Level: LevelKind}
	var name string
	own := false
	sdDecode, sdPrefill := 0.0, 0.0
	for level, key := range k.levels() {
		if key == "" {
			continue
		}
		// What holds of the hardware under any engine of the kind, then what
		// holds of it under this one.
		if g, ok := t.Groups[GroupKey(Any, bs.shared(), levelNames[level], key)]; ok {
			f = f.times(g.Factors)
			p.Level, name = min(p.Level, Level(level)), key
		}
		if g, ok := t.Groups[GroupKey(bs.Engine, bs.Backend, levelNames[level], key)]; ok {
			f = f.times(g.Factors)
			p.Level, name = min(p.Level, Level(level)), key
			sdDecode, sdPrefill = g.SDDecode, g.SDPrefill
			own = own || g.Own
		}
	}
	if !exact || len(t.Sets) == 0 {
		p.Level, sdDecode, sdPrefill = LevelAssumed, 0, 0
		p.Assumed = append(p.Assumed, "no measurements of "+k.Engine+" with "+k.Backend+": taken as "+bs.Engine+"/"+bs.Backend)
	}
	b := bs.Base
	if k.Device != nil {
		t.device(p, b, f, k.Device, k.Date)
	} else {
		t.host(p, b, f, &k)
	}
	age := math.Max(0, months(b.Reference, k.Date)/12)
	years, late := math.Min(b.DriftYears, age), math.Min(b.DriftNewYears, age)
	p.ExpertAge, p.RecurrentAge = math.Exp(b.DriftExpert*late), math.Exp(b.DriftRecurrent*late)
	f.Overhead = one(f.Overhead) * math.Exp(b.DriftOverhead*years)
	p.fixed(b, f)
	p.DriftDecode, p.DriftPrefill = math.Exp(b.DriftDecode*years), math.Exp(b.DriftPrefill*years)
	p.SDDecode, p.SDPrefill = b.SDDecode[p.Level], b.SDPrefill[p.Level]
	if s.SDDecode[p.Level] > 0 {
		p.SDDecode = s.SDDecode[p.Level]
	}
	if s.SDPrefill[p.Level] > 0 {
		p.SDPrefill = s.SDPrefill[p.Level]
	}
	p.Traits = &t.Traits
	p.Set = s.Engine + "/" + s.Backend
	if sdDecode > 0 {
		p.SDDecode = sdDecode
	}
	if sdPrefill > 0 {
		p.SDPrefill = sdPrefill
	}
	facts := float64(len(p.Assumed)) * t.Host.AssumedSD * t.Host.AssumedSD
	if !exact {
		facts -= t.Host.AssumedSD * t.Host.AssumedSD // already in the level
	}
	facts += s.SD * s.SD
	p.SDDecode = math.Sqrt(p.SDDecode*p.SDDecode + facts)
	p.SDPrefill = math.Sqrt(p.SDPrefill*p.SDPrefill + facts)
	p.StreamOnce = s.StreamOnce
	p.Basis = basis(p.Level, name, bs)
	if !own && k.Host != nil && k.Host.Measured != nil && t.Host.Measured != nil {
		t.Host.Measured.refine(p, b, k.Host, s.remaining(b))
	}
	if own {
		p.Basis = "your own measurements: " + name + " × " + bs.Engine + "/" + bs.Backend
	}
	return p, nil
}

// names returns the names under which groups of a key are kept, by level.
func (k *Key) names() [3]string {
	if k.Device != nil {
		return [3]string{k.Device.ID, Family(k.Device), k.Device.Vendor}
	}
	if k.Host != nil {
		c := &k.Host.CPU
		return [3]string{c.ID, HostFamily(c), c.Vendor}
	}
	return [3]string{}
}

// levels yields the names, coarsest first.
func (k *Key) levels() func(yield func(Level, string) bool) {
	names := k.names()
	return func(yield func(Level, string) bool) {
		for l := LevelVendor; l >= LevelDevice; l-- {
			if !yield(l, names[l]) {
				return
			}
		}
	}
}

// Sources lists the parts of the table from which the parameters of a key are
// made: indices into Sets, and keys of groups whether the table has them or
// not, coarsest first.
func (t *Table) Sources(k Key) (sets []int, groups []string) {
	s, _, err := t.set(k.Engine, k.Backend)
	for hops := 0; err == nil && s != nil && hops < 4; hops++ {
		for i := range t.Sets {
			if s == &t.Sets[i] {
				sets = append(sets, i)
			}
		}
		if s.Base != nil {
			for level, key := range k.levels() {
				if key != "" {
					groups = append(groups, GroupKey(Any, s.shared(), levelNames[level], key), GroupKey(s.Engine, s.Backend, levelNames[level], key))
				}
			}
			break
		}
		s = t.named(s.Like)
	}
	return sets, groups
}

func basis(l Level, name string, s *Set) string {
	set := s.Engine + "/" + s.Backend
	switch l {
	case LevelDevice:
		return "calibrated: " + name + " × " + set
	case LevelFamily, LevelVendor:
		return "calibrated: " + levelNames[l] + " " + name + " × " + set
	case LevelKind:
		return "calibrated: " + set + " in general"
	}
	return "assumed like " + set
}

// device fills in the rates of an accelerator.
func (t *Table) device(p *Params, b *Base, f Factors, d *hardware.Device, date string) {
	bw := d.BandwidthGBps * 1e9
	if d.Assumed["bandwidth_gb_s"] != "" {
		p.Assumed = append(p.Assumed, "memory bandwidth of "+d.ID)
	}
	best := func(prefs []RateRef) peak {
		for _, r := range prefs {
			if v := d.Rates.Usable(r.Rate); v > 0 {
				x := one(r.X) * 1e12
				return peak{v * x, d.Rates.Most(r.Rate) * x, r.Emulated}
			}
		}
		return peak{}
	}
	rate := func(prefs []RateRef) float64 { return best(prefs).flops }
	few := rate(b.FewRates)
	if few == 0 {
		few = bw * t.Host.FlopsPerByte
		p.Assumed = append(p.Assumed, "arithmetic rate of "+d.ID+" (from its bandwidth)")
	}
	many := func(class string) peak {
		prefs, ok := b.Rates[string(coarser(format.Class(class)))]
		if !ok {
			prefs = b.Rates["*"]
		}
		if v := best(prefs); v.flops > 0 {
			return v
		}
		return peak{flops: few}
	}
	attn := rate(b.AttnRates)
	if attn == 0 {
		attn = many("f16").flops
	}
	if b.PowerReference > 0 && d.TDPWatts > 0 {
		if v := rate(b.Rates["f16"]); v > 0 {
			f.GEMM = one(f.GEMM) * math.Pow(v/1e12/d.TDPWatts/b.PowerReference, -b.PowerExponent)
		}
	}
	era := 1.0
	if b.EraGEMM > 0 && date != "" && date[:min(7, len(date))] <= b.Era {
		era = b.EraGEMM
	}
	p.rates(b, f, bw, attn, few, quantised{few: one(b.FewByFamily[Family(d)]), many: era * one(b.ManyByFamily[Family(d)])}, many)
	p.LinkBps = t.Host.LinkBps(d) * b.Link
}

// LinkBps returns the bytes/s between a device and its host, one direction; 0
// where the rules do not tell.
func (h *HostRules) LinkBps(d *hardware.Device) float64 {
	gen, lanes := d.PCIeGen, d.PCIeLanes
	if gen <= 0 {
		gen = max(1, h.PCIeGen)
	}
	if lanes <= 0 {
		lanes = h.PCIeLanes
	}
	if n := len(h.PCIeGBpsPerLane); n > 0 {
		return h.PCIeGBpsPerLane[min(gen, n)-1] * float64(lanes) * 1e9
	}
	return 0
}

// host fills in the rates of a CPU.
func (t *Table) host(p *Params, b *Base, f Factors, k *Key) {
	c := &k.Host.CPU
	sockets := math.Max(1, float64(k.Host.Sockets))
	bw := c.BandwidthGBps * 1e9
	if bw <= 0 {
		bw = 20e9
		p.Assumed = append(p.Assumed, "memory bandwidth of the host")
	} else if c.Assumed["bandwidth_gb_s"] != "" {
		p.Assumed = append(p.Assumed, "memory bandwidth of "+c.ID)
	}
	x := t.Host.Compute(k.Host, k.Threads)
	p.Assumed = append(p.Assumed, x.Assumed...)
	total, used := x.Cores, x.Threads
	p.Threads = used
	bw *= 1 + (sockets-1)*b.NUMA
	// Threads draw ThreadGBps each until the memory is exhausted; the fourth
	// power norm rounds the corner.
	drawn := used * b.ThreadGBps * 1e9
	if b.ThreadGBps > 0 {
		x := bw / drawn
		bw /= math.Sqrt(math.Sqrt(1 + x*x*x*x))
	}
	if b.Crowd != 0 && b.CrowdCores > 0 && total > b.CrowdCores {
		bw *= math.Pow(total/b.CrowdCores, -b.Crowd)
	}
	if b.HalfThreads > 0 {
		p.Waiting = 1 + used/b.HalfThreads
	}
	isa := feature(b.ISA, c.ISA)
	p.rates(b, f, bw, x.FLOPS, x.FLOPS, quantised{few: isa, many: isa}, func(string) peak { return peak{flops: x.FLOPS} })
}

// peak is a nominal rate in FLOP/s; the most that the hardware can do by any way
// of computing, 0 where that is not known (a host's vectors of bytes outdo its
// FP32); and whether another format than the weights' computes.
type peak struct {
	flops, most float64
	emulated    bool
}

// under draws a rate away from the most that is possible: as it is well below
// it, never above.
//
//	rate ÷ (1 + (rate ÷ most)^12)^(1/12)
func (p peak) under(rate float64) float64 {
	if p.most <= 0 {
		return rate
	}
	return rate / math.Pow(1+math.Pow(rate/p.most, hardness), 1.0/hardness)
}

// hardness is how near to the most a rate may come unmoved: at 0.7 of it, it
// moves by 0.1%.
const hardness = 12

// quantised multiplies the arithmetic on quantised weights, with few rows and
// with many.
type quantised struct{ few, many float64 }

// rates sets the absolute rates.
func (p *Params) rates(b *Base, f Factors, bw, attn, few float64, q quantised, many func(class string) peak) {
	p.NominalBps = bw
	p.StreamBps = bw * math.Min(1, b.Stream*one(f.Stream))
	// No stream is faster than the memory, whatever a fit would like.
	p.ExpertStreamBps = math.Min(bw, p.StreamBps*b.ExpertStream)
	cache := one(f.Cache)
	p.CacheBps = [2]float64{bw * b.Cache * cache, bw * b.CacheFlash * cache}
	p.AttnFLOPS = [2]float64{attn * math.Min(1, b.Attn*cache), attn * math.Min(1, b.AttnFlash*cache)}
	for i, c := range classes {
		x := quantised{1, 1}
		if c != format.ClassF16 && c != format.ClassF32 && c != classBF16 {
			x = q
		}
		p.GEMV[i] = few * x.few * share(b.GEMV, c) * one(f.GEMV)
		p.ExpertClass[i] = share(b.ExpertClass, c)
		v := many(string(c))
		p.GEMM[i] = v.flops * x.many * share(b.GEMM, c) * one(f.GEMM)
		p.EmulatedMoE[i] = 1
		if v.emulated {
			p.GEMM[i] *= one(b.EmulatedGEMM)
			p.EmulatedMoE[i] = one(b.EmulatedMoE)
		}
		p.GEMM[i] = v.under(p.GEMM[i])
	}
	p.ExpertGEMM, p.RecurrentGEMM = b.ExpertGEMM, b.RecurrentGEMM
	p.ActivationBps = bw / math.Max(1e-9, b.Passes)
	p.ScoreSecPerByte = b.ScorePasses / bw / cache
	p.ExpertSkew = b.ExpertSkew
	p.HalfRows, p.ExpertHalfRows, p.ExpertHalfWidth = b.HalfRows, b.ExpertHalfRows, b.ExpertHalfWidth
}

func (p *Params) fixed(b *Base, f Factors) {
	us := 1e-6 * one(f.Overhead) * one(p.Waiting)
	p.Step, p.Layer, p.MoELayer, p.RecurrentLayer = b.StepMicros*us, b.LayerMicros*us, b.MoEMicros*us, b.RecurrentMicros*us
	p.Prefill, p.Cross, p.Hop, p.Sync = b.PrefillMicros*us, b.CrossMicros*1e-6, b.HopMicros*1e-6, b.SyncMicros*1e-6
	p.Sequence, p.Network = b.SequenceMicros*us, b.NetworkMicros*1e-6
	p.SyncHost, p.Bus, p.BusHost, p.HostCrowd = b.SyncHostMicros*1e-6, b.Bus, b.BusHost, b.HostCrowd
	p.StreamRows, p.Pipeline, p.StageBps = b.StreamRows, b.Pipeline, b.StageGBps*1e9
}

// share reads a class's value; a class without one counts as its coarser
// class, then as "*".
func share(m map[string]float64, c format.Class) float64 {
	if v, ok := m[string(c)]; ok {
		return v
	}
	if k := coarser(c); k != c {
		return share(m, k)
	}
	return one(m["*"])
}

func feature(list []ISAFactor, isa []string) float64 {
	for _, f := range list {
		if f.Has == "" {
			return f.X
		}
		for _, s := range isa {
			if s == f.Has {
				return f.X
			}
		}
	}
	return 1
}
