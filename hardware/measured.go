package hardware

import (
	"fmt"
	"math"
)

// Measured is what was measured on a machine, and on which.
type Measured struct {
	Date string `json:"date"` // 2006-01-02
	// CPU, Cores and MemoryBytes say on which machine: figures of another are
	// worth nothing.
	CPU         string `json:"cpu"`
	Cores       int    `json:"cores"` // processors that the threads could run on
	MemoryBytes int64  `json:"memory_bytes"`
	// Virtual is true on a virtual machine, whose share of the memory bus
	// changes with its neighbours.
	Virtual bool `json:"virtual,omitempty"`
	// Vectors are the instructions that moved the memory; ArrayBytes is the
	// size of each of three arrays.
	Vectors    string `json:"vectors"`
	ArrayBytes int64  `json:"array_bytes"`
	// Memory is the bandwidth by number of threads, ascending.
	Memory  []MemoryRates    `json:"memory"`
	FP32    *MeasuredOps     `json:"fp32,omitempty"` // fused multiply-adds
	INT8    *MeasuredOps     `json:"int8,omitempty"` // dot products of bytes
	Caches  []Cache          `json:"caches"`
	Storage *MeasuredStorage `json:"storage,omitempty"`
	// Devices are the accelerators with a memory of their own that were
	// measured; equal ones are listed one by one.
	Devices []MeasuredDevice `json:"devices,omitempty"`
	// Notes say, one line each, what could not be measured as it should be.
	Notes []string `json:"notes"`
}

// Rate is a measured rate in the unit of its field's name. As in STREAM the
// best repetition stands for the machine: what else runs there only slows.
type Rate struct {
	Best   float64 `json:"best"`
	Median float64 `json:"median"`
	Spread float64 `json:"spread"` // standard deviation of the repetitions' logarithms
}

// MemoryRates are the rates of a number of threads together, in GB/s, with
// bytes counted as STREAM does: what the program reads and writes.
type MemoryRates struct {
	Threads int  `json:"threads"`
	Read    Rate `json:"read_gb_s"`
	Copy    Rate `json:"copy_gb_s"`
	Triad   Rate `json:"triad_gb_s"`
}

// MeasuredOps is arithmetic of one kind in 1e9 operations per second, a
// multiply-add counting as two.
type MeasuredOps struct {
	Kernel  string `json:"kernel"`
	Threads int    `json:"threads"`
	One     Rate   `json:"one_thread_gops"`
	All     Rate   `json:"all_threads_gops"`
}

// Cache is one level of the data cache.
type Cache struct {
	Level  int    `json:"level"`
	Bytes  int64  `json:"bytes"`
	Shared int    `json:"shared,omitempty"` // processors that share it; 0: not known
	From   string `json:"from"`             // "system", or "latency" where it was measured
}

// MeasuredStorage is how fast one stream reads a file, in GB/s; nil where it
// could not be measured.
type MeasuredStorage struct {
	Bytes int64  `json:"bytes"`     // of the file that was read
	Cold  *Rate  `json:"cold_gb_s"` // from the drive
	Warm  *Rate  `json:"warm_gb_s"` // from the system's cache
	How   string `json:"how"`       // how the cache was passed by
}

// MeasuredDevice is how fast one accelerator is filled from the host's memory,
// in GB/s; nil where that could not be measured.
type MeasuredDevice struct {
	Name string `json:"name"` // as the machine's description calls it
	// Pinned is from memory that the driver reads itself, Pageable from a
	// program's ordinary memory, which it copies first.
	Pinned   *Rate `json:"h2d_pinned_gb_s"`
	Pageable *Rate `json:"h2d_pageable_gb_s"`
}

// NamelessCPU stands for the name of a processor that tells none.
const NamelessCPU = "processor without a name"

// CPUName is the name of the host's processor, which is never empty.
func (h *Host) CPUName() string {
	if h.CPU.Name == "" {
		return NamelessCPU
	}
	return h.CPU.Name
}

// Differs says in words why the measurement is not of this host, "" where it is.
func (m *Measured) Differs(h *Host) string {
	switch {
	case h.CPUName() != m.CPU:
		return fmt.Sprintf("it is of %q, this machine has %q", m.CPU, h.CPUName())
	case math.Abs(float64(h.MemoryBytes-m.MemoryBytes)) > 0.05*float64(m.MemoryBytes):
		return fmt.Sprintf("it is of a machine with %.1f GiB, this one has %.1f GiB", gibOf(m.MemoryBytes), gibOf(h.MemoryBytes))
	}
	return ""
}

func gibOf(b int64) float64 { return float64(b) / float64(GiB) }

// ReadGBps is the best bandwidth that a number of threads read with, in GB/s, and
// the spread of its logarithm: between two that were measured in proportion to
// the logarithm of their number, beyond all as the last, and of less than one
// thread, which a container may be held to, its share of one's. ok is false
// where nothing was measured.
func (m *Measured) ReadGBps(threads float64) (rate, spread float64, ok bool) {
	for i := range m.Memory {
		p := &m.Memory[i]
		if p.Read.Best <= 0 {
			return 0, 0, false
		}
		if rate, spread = p.Read.Best, p.Read.Spread; threads <= float64(p.Threads) {
			if i > 0 {
				q := &m.Memory[i-1]
				w := math.Log(threads/float64(q.Threads)) / math.Log(float64(p.Threads)/float64(q.Threads))
				rate = q.Read.Best * math.Pow(p.Read.Best/q.Read.Best, w)
				spread = math.Max(p.Read.Spread, q.Read.Spread)
			}
			break
		}
	}
	rate *= math.Min(threads, 1)
	return rate, spread, rate > 0
}

// FP32FLOPS is the best arithmetic of a number of threads in FLOP/s, and its
// spread: from that of one to that of all in proportion.
func (m *Measured) FP32FLOPS(threads float64) (rate, spread float64, ok bool) {
	f := m.FP32
	if f == nil || f.One.Best <= 0 || f.All.Best <= 0 || f.Threads < 1 {
		return 0, 0, false
	}
	rate = f.One.Best
	if f.Threads > 1 {
		x := math.Min(math.Max(threads-1, 0)/float64(f.Threads-1), 1)
		rate += (f.All.Best - f.One.Best) * x
	}
	rate *= 1e9 * math.Min(threads, 1)
	return rate, math.Max(f.One.Spread, f.All.Spread), rate > 0
}

// ToDevice is the rate at which ordinary memory of the host is copied to a
// device of a name, or pinned memory where only that was measured: engines copy
// from the file, mapped to memory, or read it to memory of their own. Of several
// devices of the name it is the slowest one's. nil where none was measured.
func (m *Measured) ToDevice(name string) *Rate {
	var out *Rate
	for i := range m.Devices {
		d := &m.Devices[i]
		r := d.Pageable
		if r == nil {
			r = d.Pinned
		}
		if d.Name == name && r != nil && r.Median > 0 && (out == nil || r.Median < out.Median) {
			out = r
		}
	}
	return out
}
