package measure

import (
	"context"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// rounds of this and of the C programs, in turn: what else runs on the machine
// slows both alike.
const rounds = 5

// TestAgainstC compares with a STREAM-like program and a loop of multiply-adds
// in C. It takes two minutes of an idle machine, so only PLIMSOLL_MEASURE=1
// runs it; the median of each side's rounds counts.
func TestAgainstC(t *testing.T) {
	if os.Getenv("PLIMSOLL_MEASURE") == "" {
		t.Skip("PLIMSOLL_MEASURE is unset: it measures this machine for two minutes")
	}
	stream, fma := compiled(t, "stream"), compiled(t, "fma")
	threads := runtime.GOMAXPROCS(0)
	mine, theirs := map[string][]float64{}, map[string][]float64{}
	note := func(m map[string][]float64, name string, v float64) { m[name] = append(m[name], v) }
	for range rounds {
		r, err := Run(context.Background(), Options{Budget: 10 * time.Second, AvailableBytes: 16 << 30})
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range r.Memory {
			if row.Threads != 1 && row.Threads != threads {
				continue
			}
			for kernel, v := range map[string]float64{"read": row.Read.Best, "copy": row.Copy.Best, "triad": row.Triad.Best} {
				note(mine, fmt.Sprintf("%s, %d threads", kernel, row.Threads), v)
			}
		}
		for n, v := range map[int]float64{1: r.FP32.One.Best, threads: r.FP32.All.Best} {
			note(mine, fmt.Sprintf("fma, %d threads", n), v)
		}
		for _, n := range []int{1, threads} {
			got := numbers(t, stream, strconv.Itoa(n), fmt.Sprint(r.ArrayBytes), "8")
			for i, kernel := range []string{"read", "copy", "triad"} {
				note(theirs, fmt.Sprintf("%s, %d threads", kernel, n), got[i])
			}
			note(theirs, fmt.Sprintf("fma, %d threads", n), numbers(t, fma, strconv.Itoa(n), "6")[0])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(mine)) {
		v, c := middle(mine[name]), middle(theirs[name])
		off := v/c - 1
		t.Logf("%-18s %7.2f, in C %7.2f: %+5.1f%%; rounds within %.1f%%, in C %.1f%%", name, v, c, 100*off, within(mine[name]), within(theirs[name]))
		if math.Abs(off) > 0.10 {
			t.Errorf("%s: %.2f, in C %.2f: %+.1f%%, want within 10%%", name, v, c, 100*off)
		}
	}
}

func middle(v []float64) float64 { return slices.Sorted(slices.Values(v))[len(v)/2] }

// within is how far the largest is above the smallest, in percent.
func within(v []float64) float64 { return 100 * (slices.Max(v)/slices.Min(v) - 1) }

// compiled is a C program of testdata, or the test is skipped.
func compiled(t *testing.T, name string) string {
	t.Helper()
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler")
	}
	out := filepath.Join(t.TempDir(), name)
	// Without the pattern, which makes a call of memcpy of the copy.
	cmd := exec.Command(cc, "-O3", "-march=native", "-ffast-math", "-funroll-loops", "-fno-tree-loop-distribute-patterns", "-o", out, filepath.Join("testdata", name+".c"), "-lpthread")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return out
}

func numbers(t *testing.T, program string, args ...string) []float64 {
	t.Helper()
	text, err := exec.Command(program, args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var out []float64
	for _, f := range strings.Fields(string(text)) {
		v, err := strconv.ParseFloat(f, 64)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}
