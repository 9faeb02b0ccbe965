package estimator

import (
	"fmt"

	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/memory"
	"github.com/plimsoll/plimsoll/hardware"
)

// judge sets the verdict from the ledgers. It is made on the high end of the
// interval: a memory that holds the central value only is tight.
func judge(e *Result) {
	e.Verdict = Fits
	for i := range e.Ledgers {
		l := &e.Ledgers[i]
		usable := l.Usable()
		switch {
		case l.Need == 0:
		case l.Need > usable:
			e.Verdict = DoesNotFit
		case l.High > usable && e.Verdict == Fits:
			e.Verdict = Tight
		}
	}
	if e.Placement.Offloaded && e.Verdict != DoesNotFit {
		e.Verdict = FitsOffload
	}
}

// fullest returns the index of the ledger that is fullest relative to what
// it may use: the first to overflow.
func fullest(ledgers []memory.Ledger) int {
	best, ratio := 0, -1.0
	for i := range ledgers {
		l := &ledgers[i]
		if l.Need == 0 {
			continue
		}
		r := float64(l.Need) / float64(max(l.Usable(), 1))
		if r > ratio {
			best, ratio = i, r
		}
	}
	return best
}

// components adds up ledgers by component.
func components(ledgers []memory.Ledger) Components {
	var c Components
	var weights, cache, compute, overhead, total bytesSum
	for i := range ledgers {
		for j := range ledgers[i].Lines {
			line := &ledgers[i].Lines[j]
			total.add(line)
			switch line.Component {
			case memory.Weights:
				weights.add(line)
			case memory.KVCache, memory.Recurrent:
				cache.add(line)
			case memory.Compute:
				compute.add(line)
			default:
				overhead.add(line)
			}
		}
	}
	c.WeightsBytes = weights.figure()
	c.KVCacheBytes = cache.figure()
	c.ComputeBytes = compute.figure()
	c.OverheadBytes = overhead.figure()
	c.TotalBytes = total.figure()
	return c
}

type bytesSum struct{ value, low, high int64 }

func (s *bytesSum) add(l *memory.Line) {
	s.value += l.Bytes
	s.low += l.Low
	s.high += l.High
}

func (s *bytesSum) figure() Figure {
	f := Figure{Value: float64(s.value), Low: float64(s.low), High: float64(s.high), Unit: "bytes"}
	if s.low == s.high {
		f.Basis = "exact"
	} else {
		f.Basis = "exact weights and cache, estimated buffers"
	}
	return f
}

// gib formats bytes in GiB for prose.
func gib(b int64) string { return fmt.Sprintf("%.1f GiB", float64(b)/float64(hardware.GiB)) }

// reason puts the verdict in plain words.
func reason(e *Result, req *Request) string {
	f := &e.Ledgers[fullest(e.Ledgers)]
	usable := f.Usable()
	where := "on " + f.Name
	if f.Name == "host" {
		where = "in main memory"
	}
	offload := ""
	if e.Placement.Offloaded {
		switch {
		case e.Placement.CPUMoE > 0:
			offload = fmt.Sprintf("with the experts of %d of %d layers in main memory: ", e.Placement.CPUMoE, len(req.Model.Layers))
		default:
			offload = fmt.Sprintf("with %d of %d layers on the accelerator and the rest in main memory: ", layersOnDevices(e), len(req.Model.Layers))
		}
	}
	switch e.Verdict {
	case Fits, FitsOffload:
		return fmt.Sprintf("%s%s of %s usable %s, %s to spare", offload, gib(f.Need), gib(usable), where, gib(usable-f.Need))
	case Tight:
		return fmt.Sprintf("%s%s of %s usable %s, but it may need up to %s", offload, gib(f.Need), gib(usable), where, gib(f.High))
	default:
		return fmt.Sprintf("needs %s %s, which has %s to give: %s too much", gib(f.Need), where, gib(max(usable, 0)), gib(f.Need-max(usable, 0)))
	}
}

// layersOnDevices counts the layers that live on devices.
func layersOnDevices(e *Result) int {
	n := 0
	for i := range e.Placement.Shares {
		s := &e.Placement.Shares[i]
		if s.Device != nil && (s.Rank == 0 || s.Ranks <= 1) {
			n += s.Layers.Len()
		}
	}
	return n
}

// wantsDevice says whether the user asked for the host alone.
func wantsDevice(d *engine.Deployment) bool { return d.GPULayers != 0 }
