package measure

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// team runs work on threads of their own, side by side.
type team struct {
	size int
	on   []int // processors, nil: where the system likes
	from int   // the first member's place among them
}

// window lets every member call step with its number, once at least, until the
// time is over, and returns the sum of their rates: what step returned per
// second of the member's own time.
func (t *team) window(length time.Duration, step func(member int) float64) float64 {
	var ready atomic.Int32
	var all sync.WaitGroup
	rates := make([]float64, t.size)
	for i := range t.size {
		all.Go(func() {
			// Never unlocked: the thread ends with the goroutine, and its
			// affinity with it.
			runtime.LockOSThread()
			if len(t.on) > 0 {
				pin(t.on[(t.from+i)%len(t.on)])
			}
			ready.Add(1)
			for ready.Load() < int32(t.size) {
				runtime.Gosched()
			}
			start, done := time.Now(), 0.0
			for {
				done += step(i)
				if took := time.Since(start); took >= length {
					rates[i] = done / took.Seconds()
					return
				}
			}
		})
	}
	all.Wait()
	sum := 0.0
	for _, r := range rates {
		sum += r
	}
	return sum
}

// counts are the team sizes of a sweep: powers of two, and all.
func counts(all int) []int {
	var out []int
	for n := 1; n < all; n *= 2 {
		out = append(out, n)
	}
	return append(out, max(all, 1))
}
