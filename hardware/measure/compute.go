package measure

import (
	"time"

	"github.com/plimsoll/plimsoll/hardware"
)

// turnsAtOnce is how often a loop turns between two looks at the clock: some
// tens of microseconds.
const turnsAtOnce = 10000

// compute measures arithmetic on one thread and on all.
func (r *run) compute() {
	each := r.part(computeShare) / (2 * 2 * repeats)
	for i, l := range []loop{r.k.fp32, r.k.int8} {
		out := &hardware.MeasuredOps{Kernel: l.name, Threads: r.threads}
		for j, n := range []int{1, r.threads} {
			if r.ctx.Err() != nil {
				return
			}
			r.say("arithmetic, "+l.name, memoryShare+computeShare*float64(2*i+j)/4)
			rate := r.ops(&l, n, each)
			if j == 0 {
				out.One = rate
			} else {
				out.All = rate
			}
		}
		if i == 0 {
			r.out.FP32 = out
		} else {
			r.out.INT8 = out
		}
	}
}

func (r *run) ops(l *loop, threads int, each time.Duration) hardware.Rate {
	var reps []float64
	for i := range repeats {
		reps = append(reps, r.team(threads, i).window(each, func(int) float64 {
			l.run(turnsAtOnce)
			return turnsAtOnce * l.ops
		}))
	}
	return rateOf(reps[1:], 1e9)
}
