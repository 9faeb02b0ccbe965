package measure

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll/plimsoll/hardware"
)

// caches asks the system for the caches of the first processor; where it does
// not tell, they are found by the latency of memory.
func (r *run) caches() []hardware.Cache {
	if c := sysfsCaches("/sys/devices/system/cpu/cpu0/cache"); len(c) > 0 {
		return c
	}
	var points []latency
	each := r.part(0.05) / 14
	most := 64 << 20
	if free := r.o.AvailableBytes; free > 0 {
		most = int(min(int64(most), free/4))
	}
	for size := 8 << 10; size <= most && r.ctx.Err() == nil; size *= 2 {
		points = append(points, latency{int64(size), chase(size, each)})
	}
	return steps(points)
}

// sysfsCaches reads the data caches from a folder of Linux's.
func sysfsCaches(dir string) []hardware.Cache {
	out := []hardware.Cache{}
	for i := range 8 {
		text := func(name string) string {
			b, err := os.ReadFile(filepath.Join(dir, "index"+strconv.Itoa(i), name))
			if err != nil {
				return ""
			}
			return strings.TrimSpace(string(b))
		}
		level, err := strconv.Atoi(text("level"))
		if err != nil || text("type") == "Instruction" {
			continue
		}
		kib, err := strconv.ParseInt(strings.TrimSuffix(text("size"), "K"), 10, 64)
		if err != nil || kib <= 0 || kib > 1<<30 {
			continue
		}
		out = append(out, hardware.Cache{Level: level, Bytes: kib << 10, Shared: listLength(text("shared_cpu_list")), From: "system"})
	}
	slices.SortFunc(out, func(a, b hardware.Cache) int { return a.Level - b.Level })
	return out
}

// listLength counts a list such as 0-3,8.
func listLength(s string) int {
	n := 0
	for _, part := range strings.Split(s, ",") {
		from, to, isRange := strings.Cut(part, "-")
		a, err := strconv.Atoi(from)
		if err != nil {
			return 0
		}
		b := a
		if isRange {
			if b, err = strconv.Atoi(to); err != nil || b < a {
				return 0
			}
		}
		n += b - a + 1
	}
	return n
}

// latency is how long one dependent load takes in an area of some size.
type latency struct {
	bytes   int64
	seconds float64
}

// rise is by how much the latency grows from one level to the next at least.
// Within a level it grows by less when the area doubles.
const rise = 1.6

// steps finds the levels in ascending latencies: a level ends at the largest
// area whose latency is still near that of the area half as large, as long as
// the next one is far above it.
func steps(points []latency) []hardware.Cache {
	out := []hardware.Cache{}
	for i := 0; i+1 < len(points); i++ {
		if points[i].seconds <= 0 || points[i+1].seconds < rise*points[i].seconds {
			continue
		}
		if n := len(out); n > 0 && points[i].bytes <= 2*out[n-1].Bytes {
			continue // the same rise goes on
		}
		out = append(out, hardware.Cache{Level: len(out) + 1, Bytes: points[i].bytes, From: "latency"})
	}
	return out
}

// chase follows a cycle through all lines of an area, each load waiting for
// the one before, and returns the seconds of one.
func chase(bytes int, length time.Duration) float64 {
	const line = 64 / 4
	lines := bytes / 64
	next := make([]uint32, lines*line)
	order := rand.New(rand.NewPCG(1, 2)).Perm(lines)
	for i, l := range order {
		next[l*line] = uint32(order[(i+1)%lines] * line)
	}
	at, best := uint32(order[0]*line), 0.0
	for range lines { // once around, to fill the caches
		at = next[at]
	}
	for start := time.Now(); ; {
		const hops = 4096
		began := time.Now()
		for range hops {
			at = next[at]
		}
		if took := time.Since(began).Seconds() / hops; best == 0 || took < best {
			best = took
		}
		if time.Since(start) >= length {
			sink.Store(uint64(at))
			return best
		}
	}
}
