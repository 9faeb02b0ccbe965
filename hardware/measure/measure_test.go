package measure

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/plimsoll/plimsoll/hardware"
)

func at(v []float64) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(v)) }

// The kernels of this processor do what those in Go do.
func TestKernelsCompute(t *testing.T) {
	for _, n := range []int{grain, 3 * grain, 4096} {
		var a, b, c []float64
		for i := range n / 8 {
			a, b, c = append(a, -1), append(b, float64(i)), append(c, float64(i*i))
		}
		for _, k := range []kernels{generic(), chosen()} {
			k.read(at(b), n)
			k.copy(at(a), at(b), n)
			if !slices.Equal(a, b) {
				t.Errorf("%s: copy of %d bytes differs", k.vectors, n)
			}
			k.triad(at(a), at(b), at(c), n, 0.5)
			for i := range a {
				if want := b[i] + 0.5*c[i]; a[i] != want {
					t.Fatalf("%s: triad of %d bytes: [%d] is %g, want %g", k.vectors, n, i, a[i], want)
				}
			}
			for _, l := range []loop{k.fp32, k.int8} {
				if l.run(3); l.ops <= 0 || l.name == "" {
					t.Errorf("%s: a loop without a name or operations: %+v", k.vectors, l.name)
				}
			}
		}
	}
}

// Kernels stay within their bounds: what lies beside is as it was.
func TestKernelsKeepTheirBounds(t *testing.T) {
	const words = 2 * grain / 8
	for _, k := range []kernels{generic(), chosen()} {
		a, b := make([]float64, 3*words), make([]float64, 3*words)
		for i := range a {
			a[i], b[i] = 7, 9
		}
		k.copy(at(a[words:]), at(b[words:]), words*8)
		k.triad(at(b[words:]), at(a[words:]), at(a[words:]), words*8, 1)
		for i := range a {
			inside := i >= words && i < 2*words
			if (a[i] == 9) != inside || (b[i] == 18) != inside {
				t.Fatalf("%s: [%d] is %g and %g", k.vectors, i, a[i], b[i])
			}
		}
	}
}

func TestParts(t *testing.T) {
	for _, of := range []int{1, 2, 3, 7, 64} {
		a := &arrays{size: 1 << 20, at: make([]place, of)}
		end, bytes := 0, 0
		for m := range of {
			from, to := a.part(m, of)
			if from != end || to < from || from%page != 0 {
				t.Fatalf("part %d of %d is [%d,%d) after %d", m, of, from, to, end)
			}
			end, bytes = to, bytes+to-from
			// Around all three arrays, each stretch within its part.
			for range 3 * (a.size/block + 2) {
				array, offset, n := a.next(m, of)
				if array < 0 || array > 2 || offset < from || offset+n > to || n <= 0 || n%grain != 0 {
					t.Fatalf("member %d of %d: array %d, [%d,+%d) of [%d,%d)", m, of, array, offset, n, from, to)
				}
			}
		}
		if bytes != a.size {
			t.Errorf("%d parts hold %d bytes of %d", of, bytes, a.size)
		}
	}
}

func TestCounts(t *testing.T) {
	for all, want := range map[int][]int{0: {1}, 1: {1}, 2: {1, 2}, 6: {1, 2, 4, 6}, 8: {1, 2, 4, 8}} {
		if got := counts(all); !slices.Equal(got, want) {
			t.Errorf("%d: %v, want %v", all, got, want)
		}
	}
}

func TestRateOf(t *testing.T) {
	r := rateOf([]float64{10e9, 20e9, 40e9}, 1e9)
	if r.Best != 40 || r.Median != 20 || math.Abs(r.Spread-math.Ln2) > 1e-4 {
		t.Errorf("%+v, want best 40, median 20, spread ln 2", r)
	}
	if r := rateOf(nil, 1e9); r != (hardware.Rate{}) {
		t.Errorf("of nothing: %+v", r)
	}
	for v, want := range map[float64]float64{0: 0, 12345: 12350, 0.00123456: 0.001235, 9.9999: 10, 1: 1} {
		if got := digits(v); got != want {
			t.Errorf("digits(%g) = %g, want %g", v, got, want)
		}
	}
}

func TestSysfsCaches(t *testing.T) {
	dir := t.TempDir()
	for name, v := range map[string]string{
		"index0/level": "1", "index0/type": "Data", "index0/size": "48K", "index0/shared_cpu_list": "0,64",
		"index1/level": "1", "index1/type": "Instruction", "index1/size": "32K", "index1/shared_cpu_list": "0,64",
		"index2/level": "3", "index2/type": "Unified", "index2/size": "32768K", "index2/shared_cpu_list": "0-7,64-71",
		"index3/level": "2", "index3/type": "Unified", "index3/size": "junk", "index3/shared_cpu_list": "0",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(v+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := []hardware.Cache{{Level: 1, Bytes: 48 << 10, Shared: 2, From: "system"}, {Level: 3, Bytes: 32 << 20, Shared: 16, From: "system"}}
	if got := sysfsCaches(dir); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := sysfsCaches(filepath.Join(dir, "none")); len(got) > 0 {
		t.Errorf("of no folder: %+v", got)
	}
}

// Latencies as of a processor with 32 KiB, 1 MiB and 16 MiB.
func TestSteps(t *testing.T) {
	var points []latency
	for size := int64(8 << 10); size <= 64<<20; size *= 2 {
		p := latency{size, 90e-9}
		switch {
		case size <= 32<<10:
			p.seconds = 1.2e-9
		case size <= 1<<20:
			p.seconds = 4e-9
		case size <= 16<<20:
			p.seconds = 15e-9
		}
		points = append(points, p)
	}
	var got []int64
	for _, c := range steps(points) {
		got = append(got, c.Bytes)
	}
	if !slices.Equal(got, []int64{32 << 10, 1 << 20, 16 << 20}) {
		t.Errorf("levels end at %d", got)
	}
	if s := chase(8<<10, 0); !(s > 0) {
		t.Errorf("a load takes %g s", s)
	}
}

// A whole run, as short as it can be: every part has a figure, and nothing is
// left behind.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	var said []string
	m, err := Run(context.Background(), Options{Budget: 40 * time.Millisecond, ArrayBytes: 1 << 20, Storage: dir,
		Progress: func(what string, share float64) {
			if share < 0 || share > 1 {
				t.Errorf("%s: share %g", what, share)
			}
			said = append(said, what)
		}})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(m.Memory); n == 0 || m.Memory[n-1].Threads != runtime.GOMAXPROCS(0) || m.Memory[0].Threads != 1 {
		t.Errorf("threads of the sweep: %+v", m.Memory)
	}
	for _, r := range m.Memory {
		for _, x := range []hardware.Rate{r.Read, r.Copy, r.Triad} {
			if !(x.Best >= x.Median && x.Median > 0 && x.Spread >= 0) {
				t.Errorf("%d threads: %+v", r.Threads, x)
			}
		}
	}
	if m.FP32 == nil || m.INT8 == nil || !(m.FP32.One.Best > 0 && m.INT8.All.Best > 0) {
		t.Errorf("arithmetic: %+v, %+v", m.FP32, m.INT8)
	}
	if m.Storage == nil || m.Storage.Warm == nil || !(m.Storage.Warm.Best > 0) {
		t.Errorf("storage: %+v, notes %q", m.Storage, m.Notes)
	}
	if len(said) < 5 {
		t.Errorf("progress: %q", said)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A container that is held to a part of a processor runs one thread, and that
// part is told; one that is held to none is not.
func TestRunOnAShareOfACore(t *testing.T) {
	for cores, held := range map[float64]bool{0.5: true, 1: false, 1e6: false} {
		m, err := Run(context.Background(), Options{Budget: time.Millisecond, ArrayBytes: 1 << 20, Cores: cores})
		if err != nil {
			t.Fatal(err)
		}
		if told := slices.ContainsFunc(m.Notes, func(n string) bool { return strings.Contains(n, "held to 0.5 processors") }); told != held {
			t.Errorf("%g cores: notes %q", cores, m.Notes)
		}
		if cores <= 1 && m.Cores != 1 || m.Cores < 1 {
			t.Errorf("%g cores: measured with %d", cores, m.Cores)
		}
	}
}

func TestRunEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(ctx, Options{Budget: time.Hour, ArrayBytes: 1 << 20}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
}

func TestStorageSaysWhyNot(t *testing.T) {
	m, err := Run(context.Background(), Options{Budget: time.Millisecond, ArrayBytes: 1 << 20, Storage: filepath.Join(t.TempDir(), "none")})
	if err != nil || m.Storage != nil || !slices.ContainsFunc(m.Notes, func(n string) bool { return len(n) > 25 && n[:7] == "storage" }) {
		t.Errorf("%v, %+v, %q", err, m.Storage, m.Notes)
	}
}
