package measure

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/hardware/measure/cuda"
)

// Options say what to measure and for how long.
type Options struct {
	// Budget is about how long all takes together.
	Budget time.Duration
	// ArrayBytes is the most that each of the three arrays may take; 0: as
	// the caches ask for.
	ArrayBytes int64
	// AvailableBytes is the memory that is free to be used; 0: not known.
	AvailableBytes int64
	// Storage is the folder that files are read from, "" for none. A large
	// file in it is read; where there is none, one is written, and removed.
	Storage string
	// Cores is the share of the processors that this program is held to, as in
	// a container; 0: all.
	Cores float64
	// Devices is set where NVIDIA devices with a memory of their own are to be
	// measured: it returns what the machine's description calls a device, by
	// what its driver calls it and its memory in bytes.
	Devices func(reported string, memoryBytes int64) string
	// Progress is told what is being done, and the share of the budget used
	// up; nil: nobody.
	Progress func(what string, share float64)
}

// Parts of the budget.
const (
	memoryShare  = 0.55
	computeShare = 0.15
	storageShare = 0.25
	deviceShare  = 0.05
)

// Run measures this machine. The fields that say which machine it is and when
// (Date, CPU, MemoryBytes) are left to the caller. The error is the
// context's, when it ends early.
func Run(ctx context.Context, o Options) (*hardware.Measured, error) {
	r := newRun(ctx, o)
	r.on = processors()
	// A container's share of the cores is what Go runs on.
	r.threads = min(max(runtime.GOMAXPROCS(0), 1), max(len(r.on), runtime.NumCPU()))
	if o.Cores > 0 && o.Cores < float64(r.threads) {
		r.threads = max(1, int(math.Ceil(o.Cores)))
		if o.Cores < float64(r.threads) {
			r.note(fmt.Sprintf("this container is held to %.3g processors: what was measured is the rate while it is let run", o.Cores))
		}
	}
	r.out.Virtual = virtual()
	r.out.Cores, r.out.Vectors = r.threads, r.k.vectors
	r.say("caches", 0)
	r.out.Caches = r.caches()
	r.memory()
	r.compute()
	if o.Storage != "" {
		r.say("storage", memoryShare+computeShare)
		r.storage()
	}
	if o.Devices != nil && ctx.Err() == nil {
		r.devices(cuda.Open, deviceLimit)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r.unrest()
	return r.out, nil
}

// restless is a spread that a machine left alone does not show.
const restless = 0.15

// unrest notes that other work ran on the machine, so far as the spread tells.
func (r *run) unrest() {
	worst := 0.0
	for i := range r.out.Memory {
		worst = max(worst, r.out.Memory[i].Read.Spread)
	}
	if f := r.out.FP32; f != nil {
		worst = max(worst, f.One.Spread, f.All.Spread)
	}
	if worst > restless {
		r.note(fmt.Sprintf("repetitions differ by %.0f%%: other work ran on this machine; measure again when it is idle", 100*worst))
	}
}

// run is one measurement under way.
type run struct {
	ctx     context.Context
	o       Options
	k       kernels
	on      []int
	threads int
	out     *hardware.Measured
	now     func() time.Time // of copies to devices; nil: the system's
}

func newRun(ctx context.Context, o Options) *run {
	return &run{ctx: ctx, o: o, k: chosen(), out: &hardware.Measured{Notes: []string{}}}
}

func (r *run) say(what string, share float64) {
	if r.o.Progress != nil {
		r.o.Progress(what, share)
	}
}

func (r *run) note(text string) { r.out.Notes = append(r.out.Notes, text) }

func (r *run) part(share float64) time.Duration {
	return time.Duration(share * float64(r.o.Budget))
}

// team is one for a repetition: fewer threads than there are processors work
// on others each time, so that one which is busy does not spoil all.
func (r *run) team(size, repetition int) *team {
	t := &team{size: size, on: r.on}
	if size < r.threads {
		t.from = repetition
	}
	return t
}

// collect ends a large allocation's life before the next is made.
func collect() { debug.FreeOSMemory() }
