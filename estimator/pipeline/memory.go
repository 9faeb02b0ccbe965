package pipeline

import (
	"fmt"

	"github.com/plimsoll/plimsoll/hardware"
)

// account counts the memory of one job.
type account struct {
	req    *Request
	model  *Model
	engine *Engine
	node   *hardware.Node
	device *hardware.Device // nil: all runs on the host
	job    Job              // resolved
	stages []Stage
	phases []span
	// context is what the backend takes of the memory it computes in.
	context Interval
	assumed []string
}

// span is a run of stages during which the same components work.
type span struct {
	name   string
	work   Work
	stages []*Stage
}

// group divides the stages into phases: text encoders follow one another in one
// phase, and what runs beside a denoiser belongs to its passes.
func (a *account) group() []span {
	var out []span
	for i := range a.stages {
		st := &a.stages[i]
		name, work := st.Name, st.Work
		if work == WorkConv || work == WorkDiT {
			name, work = "denoising", WorkDiT
		}
		if work == WorkAudioCross {
			name, work = "decoding text", WorkAudioDecode
		}
		if n := len(out); n > 0 && out[n-1].work == work && out[n-1].name == name {
			out[n-1].stages = append(out[n-1].stages, st)
			continue
		}
		out = append(out, span{name: name, work: work, stages: []*Stage{st}})
	}
	return out
}

// works says whether a component works in the phase.
func (p *span) works(component int) bool {
	for _, st := range p.stages {
		if st.Component == component {
			return true
		}
	}
	return false
}

// last is the last phase in which a component works, -1 where it never does.
func (a *account) last(component int) int {
	for i := len(a.phases) - 1; i >= 0; i-- {
		if a.phases[i].works(component) {
			return i
		}
	}
	return -1
}

// fit counts what every memory holds in every phase with a setup, and says
// whether it fits.
func (a *account) fit(s Setup) (*Fit, error) {
	c, err := a.components(&s)
	if err != nil {
		return nil, err
	}
	device, host := make([]Phase, len(a.phases)), make([]Phase, len(a.phases))
	for i := range a.phases {
		if device[i], host[i], err = a.phase(&s, c, i); err != nil {
			return nil, err
		}
	}
	f := &Fit{Setup: s}
	switch {
	case a.device == nil:
		f.Ledgers = []Ledger{ledger("host", true, a.hostRoom(), merged(device, host))}
	case a.device.Unified:
		f.Ledgers = []Ledger{ledger(deviceName(0), false, a.poolRoom(a.device), merged(device, host))}
	default:
		for i := range s.Devices() {
			f.Ledgers = append(f.Ledgers, ledger(deviceName(i), false, a.deviceRoom(a.node.Devices[i]), device))
		}
		f.Ledgers = append(f.Ledgers, ledger("host", true, a.hostRoom(), host))
	}
	f.judge()
	return f, nil
}

func deviceName(i int) string { return fmt.Sprintf("gpu%d", i) }

// phase counts what lies on a device and what lies in main memory.
func (a *account) phase(s *Setup, c []held, i int) (device, host Phase, err error) {
	p := &a.phases[i]
	device.Name, host.Name = p.name, p.name
	copies := int64(s.Devices())
	for k := range c {
		on, off := a.weightLines(s, c, i, k)
		device.add(on)
		off.Bytes, off.Low, off.High = off.Bytes*copies, off.Low*copies, off.High*copies
		if copies > 1 && off.Formula != "" {
			off.Formula += fmt.Sprintf(" × %d processes", copies)
		}
		host.add(off)
	}
	lines, err := a.activations(s, c, p)
	if err != nil {
		return device, host, err
	}
	to := &device
	if s.TextOnCPU && p.work == WorkText {
		to = &host
	}
	for _, l := range append(lines, besideLine(c, lines)) {
		to.add(l)
	}
	if share := a.engine.Allocator; share.High > 0 && device.Need > 0 {
		n := float64(device.Need)
		device.add(Line{Name: "allocator", Kind: activationKind, Bytes: size(share.Value * n), Low: size(share.Low * n), High: size(share.High * n),
			Formula: fmt.Sprintf("%g%% of the above: freed blocks that are kept, sizes that are rounded up", 100*share.Value), Source: "engine data of " + a.engine.ID})
	}
	if a.context.Value > 0 || a.context.High > 0 {
		device.add(Line{Name: "context", Kind: overhead, Bytes: size(a.context.Value * mib), Low: size(a.context.Low * mib), High: size(a.context.High * mib),
			Formula: fmt.Sprintf("%g MiB that backend %s takes", a.context.Value, s.Backend), Source: "engine data of " + a.engine.ID})
	}
	if r := a.req.Reserves; r != nil && r.ProcessMiB.Value > 0 {
		v := r.ProcessMiB
		n := float64(copies)
		host.add(Line{Name: "process", Kind: overhead, Bytes: size(v.Value * mib * n), Low: size(v.Low * mib * n), High: size(v.High * mib * n),
			Formula: fmt.Sprintf("%g MiB of code, libraries and allocator × %d processes", v.Value, copies), Source: r.Source})
	}
	return device, host, nil
}

// Kinds of lines.
const (
	weightKind     = "weights"
	activationKind = "activations"
	overhead       = "overhead"
)

// add appends a line unless it is nothing, and keeps the sums.
func (p *Phase) add(l Line) {
	if l.Bytes <= 0 && l.High <= 0 {
		return
	}
	l.Low, l.High = min(max(l.Low, 0), l.Bytes), max(l.High, l.Bytes)
	p.Lines = append(p.Lines, l)
	p.Need, p.Low, p.High = p.Need+l.Bytes, p.Low+l.Low, p.High+l.High
}

// merged is one memory that holds what device and host hold.
func merged(device, host []Phase) []Phase {
	out := make([]Phase, len(device))
	for i := range device {
		out[i].Name = device[i].Name
		for _, lines := range [][]Line{device[i].Lines, host[i].Lines} {
			for _, l := range lines {
				out[i].add(l)
			}
		}
	}
	return out
}

// ledger makes the account of one memory, fullest phase marked.
func ledger(name string, host bool, r room, phases []Phase) Ledger {
	l := Ledger{Name: name, Host: host, Capacity: r.capacity, Usable: r.usable, ReservedWhy: r.why, Phases: phases}
	for i := range phases {
		if phases[i].Need > phases[l.Peak].Need {
			l.Peak = i
		}
	}
	return l
}

// Need is what the memory needs in its fullest phase, with the bounds of the
// phases that need most at either end, in bytes.
func (l *Ledger) Need() (need, low, high int64) {
	for i := range l.Phases {
		p := &l.Phases[i]
		need, low, high = max(need, p.Need), max(low, p.Low), max(high, p.High)
	}
	return need, low, high
}

// judge says whether every memory whose size is known holds what it needs.
func (f *Fit) judge() {
	f.Fits, f.Tight = true, true
	for i := range f.Ledgers {
		l := &f.Ledgers[i]
		if l.Capacity <= 0 && l.Host {
			continue
		}
		need, _, high := l.Need()
		f.Fits, f.Tight = f.Fits && high <= l.Usable, f.Tight && need <= l.Usable
	}
	f.Tight = f.Tight && !f.Fits
}

// fullest is the need of the memory that is nearest to its limit or furthest
// beyond it, and that need over what is usable.
func (f *Fit) fullest() (need int64, over float64) {
	for i := range f.Ledgers {
		l := &f.Ledgers[i]
		if l.Capacity <= 0 && l.Host {
			continue
		}
		n, _, _ := l.Need()
		if x := float64(n) / float64(max(l.Usable, 1)); x > over || need == 0 {
			need, over = n, x
		}
	}
	return need, over
}
