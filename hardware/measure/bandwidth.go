package measure

import (
	"fmt"
	"time"
	"unsafe"

	"github.com/plimsoll/plimsoll/hardware"
)

const (
	block      = 256 << 10 // bytes between two looks at the clock
	page       = 4 << 10
	defaultLLC = 32 << 20 // where the system tells of no cache
	minArray   = 16 << 20
	maxArray   = 512 << 20
	repeats    = 15
	scalar     = 3.0 // of the triad, as in STREAM
)

// arraySize is the size of each of three arrays: four times the largest cache,
// by the rule of STREAM, within what may be used. It notes where all three
// together are less than that.
func (r *run) arraySize() int {
	largest := int64(defaultLLC)
	for i, c := range r.out.Caches {
		if i == 0 || c.Bytes > largest {
			largest = c.Bytes
		}
	}
	size, most := max(4*largest, minArray), int64(maxArray)
	if r.o.ArrayBytes > 0 {
		most = r.o.ArrayBytes
	}
	if free := r.o.AvailableBytes; free > 0 {
		most = min(most, free/8)
	}
	if size > most {
		size = max(most, 1<<20)
	}
	size = max(size, int64(r.threads)*page) // none is left without a part
	if 3*size < 4*largest {
		r.note(fmt.Sprintf("three arrays of %d MiB are less than four times the largest cache of %d MiB: part of what was measured may be the cache's rate", size>>20, largest>>20))
	}
	return int(size) &^ (page - 1)
}

// arrays are the three that the kernels work on, and where each member is.
type arrays struct {
	memory []float64 // a, b and c, one after the other
	size   int       // of each, in bytes
	k      *kernels
	at     []place
}

// place is a member's own: apart from the others', so that none waits for
// a line that another writes.
type place struct {
	part, offset int
	_            [112]byte
}

// part is where a member's share of an array begins and ends, in bytes.
func (a *arrays) part(member, of int) (from, to int) {
	cut := func(i int) int { return a.size / of * i &^ (page - 1) }
	if from, to = cut(member), cut(member+1); member == of-1 {
		to = a.size
	}
	return from, to
}

func (a *arrays) pointer(array, offset int) unsafe.Pointer {
	return unsafe.Add(unsafe.Pointer(unsafe.SliceData(a.memory)), array*a.size+offset)
}

// next returns a member's next stretch, starting anew at the end of its part.
func (a *arrays) next(member, of int) (array, offset, n int) {
	p := &a.at[member]
	from, to := a.part(member, of)
	if from+p.offset >= to {
		p.offset, p.part = 0, (p.part+1)%3
	}
	offset = from + p.offset
	n = min(block, to-offset)
	p.offset += n
	return p.part, offset, n
}

// steps are the kernels by name; each returns the bytes that it read and wrote.
func (a *arrays) steps(of int) []struct {
	name string
	step func(member int) float64
} {
	type named = struct {
		name string
		step func(member int) float64
	}
	return []named{
		{"read", func(m int) float64 {
			array, offset, n := a.next(m, of)
			a.k.read(a.pointer(array, offset), n)
			return float64(n)
		}},
		{"copy", func(m int) float64 {
			_, offset, n := a.next(m, of)
			a.k.copy(a.pointer(2, offset), a.pointer(0, offset), n)
			return 2 * float64(n)
		}},
		{"triad", func(m int) float64 {
			_, offset, n := a.next(m, of)
			a.k.triad(a.pointer(0, offset), a.pointer(1, offset), a.pointer(2, offset), n, scalar)
			return 3 * float64(n)
		}},
	}
}

// memory measures the bandwidth by number of threads.
func (r *run) memory() {
	a := &arrays{size: r.arraySize(), k: &r.k, at: make([]place, r.threads)}
	r.out.ArrayBytes = int64(a.size)
	r.say("preparing the arrays", 0.01)
	began := time.Now()
	a.memory = make([]float64, 3*a.size/8)
	// Each thread touches its part first: pages come to lie near it.
	r.team(r.threads, 0).window(0, func(m int) float64 { // once each
		from, to := a.part(m, r.threads)
		for array := range 3 {
			part := a.memory[(array*a.size+from)/8 : (array*a.size+to)/8]
			for i := range part {
				part[i] = float64(array) + 1
			}
		}
		return 0
	})
	sweep := counts(r.threads)
	// Preparing counts, but leaves at least a third of the time.
	left := max(r.part(memoryShare)-time.Since(began), r.part(memoryShare/3))
	each := left / time.Duration(3*len(sweep)*repeats)
	for i, n := range sweep {
		rates := hardware.MemoryRates{Threads: n}
		for k, s := range a.steps(n) {
			if r.ctx.Err() != nil {
				return
			}
			r.say(fmt.Sprintf("memory, %s with %d threads", s.name, n), memoryShare*float64(3*i+k)/float64(3*len(sweep)))
			clear(a.at)
			var reps []float64
			for i := range repeats {
				reps = append(reps, r.team(n, i).window(each, s.step))
			}
			*[]*hardware.Rate{&rates.Read, &rates.Copy, &rates.Triad}[k] = rateOf(reps[1:], 1e9) // the first warms up
		}
		r.out.Memory = append(r.out.Memory, rates)
	}
	a.memory = nil
	collect()
}
