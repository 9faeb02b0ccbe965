package memory

import (
	"fmt"
	"math"

	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/estimator/place"
	"github.com/plimsoll/plimsoll/hardware"
)

// Input is what the ledgers depend on.
type Input struct {
	Model    *model.Model
	Weights  *format.Weights
	Node     *hardware.Node
	Settings *engine.Settings
	Workload engine.Workload
	// Tower is what images and sound need beside the model; nil where none are
	// asked for.
	Tower *Tower
	// Profile is the model's, worked out once (NewProfile); nil has it worked
	// out again.
	Profile *Profile
	// Explain asks for formulas and sources.
	Explain bool
}

// linesEach is the most lines that a ledger usually has, towerLines those of an
// encoder beside them.
const (
	linesEach  = 6
	towerLines = 3
)

const mib = float64(hardware.MiB)
const gib = float64(hardware.GiB)

// Account fills one ledger per memory for a placement: devices in order, the
// host last. Where processor and accelerator share one memory there is one
// ledger for both.
func Account(in *Input, p *place.Placement) ([]Ledger, error) {
	return accountInto(nil, in, p)
}

// accountInto is Account with the ledgers of an earlier call to fill again.
func accountInto(dst []Ledger, in *Input, p *place.Placement) ([]Ledger, error) {
	if in.Model == nil || in.Weights == nil || in.Settings == nil || in.Node == nil {
		return nil, fmt.Errorf("memory: model, weights, settings and node must be given")
	}
	if len(in.Weights.Cumulative) != len(in.Model.Layers)+1 {
		return nil, fmt.Errorf("memory: weights have %d layers, the model %d: they belong to different models", len(in.Weights.Layers), len(in.Model.Layers))
	}
	if in.Profile == nil {
		in.Profile = NewProfile(in.Model)
	}
	n := len(p.Shares)
	if cap(dst) < n {
		dst = make([]Ledger, n)
		each := linesEach
		if in.Tower != nil {
			each += towerLines
		}
		lines := make([]Line, n*each) // one allocation for all
		for i := range dst {
			dst[i].Lines = lines[i*each : i*each : (i+1)*each]
		}
	}
	dst = dst[:n]
	for i := range dst {
		dst[i] = Ledger{Name: p.Shares[i].Name, Lines: dst[i].Lines[:0]}
	}
	var err error
	switch in.Settings.Engine.Family {
	case engine.LlamaCpp:
		llama(in, p, dst)
	case engine.VLLM, engine.SGLang, engine.TensorRT:
		serve(in, p, dst)
	case engine.Grow:
		grow(in, p, dst)
	default:
		err = fmt.Errorf("engine %s: memory family %q is not known", in.Settings.Engine.ID, in.Settings.Engine.Family)
	}
	if err != nil {
		return nil, err
	}
	for i := range dst {
		capacity(in, p, &p.Shares[i], &dst[i])
	}
	if p.Unified && n > 1 {
		dst = pool(in, dst)
	}
	for i := range dst {
		dst[i].Sum()
	}
	return dst, nil
}

// line appends a component unless it is nothing.
func (l *Ledger) line(c Component, bytes, low, high int64) *Line {
	l.Lines = append(l.Lines, Line{Component: c, Bytes: bytes, Low: min(low, bytes), High: max(high, bytes)})
	return &l.Lines[len(l.Lines)-1]
}

// soft appends a component with an interval given in the same unit.
func (l *Ledger) soft(c Component, v engine.Interval, unit float64) *Line {
	return l.line(c, int64(v.Value*unit), int64(v.Low*unit), int64(v.High*unit))
}

// spread appends a component with a relative interval.
func (l *Ledger) spread(c Component, bytes float64, rel engine.Interval) *Line {
	if !rel.Known() {
		rel = engine.Interval{Value: 1, Low: 1, High: 1}
	}
	return l.line(c, int64(bytes), int64(bytes*rel.Low), int64(bytes*rel.High))
}

// weights adds the weights line; the interval is that of the whole model.
func (l *Ledger) weights(w *format.Weights, bytes int64) *Line {
	if bytes <= 0 {
		return nil
	}
	low, high := bytes, bytes
	if w.Total > 0 && w.Low > 0 && w.High > 0 && w.Low != w.High {
		low = int64(float64(bytes) * float64(w.Low) / float64(w.Total))
		high = int64(float64(bytes) * float64(w.High) / float64(w.Total))
	}
	return l.line(Weights, bytes, low, high)
}

// layerBytes returns the bytes of layers r without their routed experts, and
// with tensor parallelism one rank's part: norms, biases and routers are held
// by every rank.
func layerBytes(w *format.Weights, r place.Range, ranks int) int64 {
	if r.Len() == 0 {
		return 0
	}
	a, b := &w.Cumulative[r.From], &w.Cumulative[r.To]
	small := b[format.Small] - a[format.Small]
	rest := b[format.Attention] - a[format.Attention] + b[format.Recurrent] - a[format.Recurrent] +
		b[format.DenseFFN] - a[format.DenseFFN] + b[format.Shared] - a[format.Shared]
	if ranks > 1 {
		rest /= int64(ranks)
	}
	return small + rest
}

// remainder returns what the total holds beyond layers and named globals:
// towers and prediction layers where they are loaded.
func remainder(w *format.Weights) int64 {
	last := &w.Cumulative[len(w.Cumulative)-1]
	return max(w.Total-last.Total()-w.Embedding-w.Output-w.PerLayerEmbedding, 0)
}

// capacity fills in what the memory holds and what is kept.
func capacity(in *Input, p *place.Placement, share *place.Share, l *Ledger) {
	s := in.Settings
	h := s.Engine.Host
	if share.Device != nil {
		d := share.Device
		l.Capacity = d.MemoryBytes
		usable := s.Engine.DeviceTotal(d)
		if s.Engine.Family == engine.VLLM || s.Engine.Family == engine.SGLang || s.Engine.Family == engine.TensorRT {
			serveReserve(in, d, usable, l)
			return
		}
		l.Reserved = max(l.Capacity-usable, 0)
		l.ReservedWhy = "driver"
		if d.FreeBytes > 0 && !d.Unified {
			l.Reserved = max(l.Capacity-d.FreeBytes, 0)
			l.ReservedWhy = "in use when it was read"
		}
		if r := s.Device.ReserveMiB; r > 0 {
			l.Reserved += int64(r * mib)
			l.ReservedWhy = "driver and the engine's margin"
		}
		if s.GPULayers == engine.Auto && s.Rules.FitMarginMiB > 0 && !d.Unified {
			l.Reserved += int64(s.Rules.FitMarginMiB * mib)
			l.ReservedWhy = "driver and the engine's margin"
		}
		return
	}
	l.Capacity = in.Node.Host.Capacity()
	l.Reserved, l.ReservedWhy = h.Kept(in.Node, l.Capacity)
}

// pool merges the ledgers of accelerator and host that share one memory. The
// accelerator may take only a part of it (on Apple silicon what the system
// wires for it), the host's lines come on top, and the system keeps its own.
func pool(in *Input, ledgers []Ledger) []Ledger {
	d, host := &ledgers[0], &ledgers[len(ledgers)-1]
	var onHost int64
	for i := range host.Lines {
		onHost += host.Lines[i].Bytes
	}
	for i := 1; i < len(ledgers); i++ {
		d.Lines = append(d.Lines, ledgers[i].Lines...)
	}
	d.Capacity = in.Node.Devices[0].MemoryBytes
	if m := in.Node.Host.MemoryBytes; m > 0 && m < d.Capacity {
		d.Capacity = m
	}
	h := in.Settings.Engine.Host
	margin := d.Reserved
	if margin = max(margin-max(in.Node.Devices[0].MemoryBytes-in.Settings.Engine.DeviceTotal(in.Node.Devices[0]), 0), 0); margin > d.Capacity {
		margin = d.Capacity
	}
	d.Reserved, d.ReservedWhy = h.Kept(in.Node, d.Capacity)
	if wired := h.Wired(in.Node.Devices[0], d.Capacity); wired > 0 && wired+onHost < d.Capacity-d.Reserved {
		d.Reserved, d.ReservedWhy = d.Capacity-wired-onHost, "beyond what the system lets the accelerator wire"
	}
	d.Reserved = min(d.Reserved+margin, d.Capacity)
	return ledgers[:1]
}

// explain fills the derivation of a line; callers ask only when Explain is set.
func (l *Line) explain(source, format string, args ...any) {
	if l == nil {
		return
	}
	l.Formula, l.Source = fmt.Sprintf(format, args...), source
}

// clampBytes keeps a size computed in floating point within int64.
func clampBytes(x float64) float64 { return math.Min(math.Max(x, 0), 1<<62) }
