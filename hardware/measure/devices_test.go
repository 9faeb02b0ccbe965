package measure

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/hardware/measure/cuda"
)

// fakeDriver is a driver of some devices, with a clock that only copies move.
type fakeDriver struct {
	devices          int
	pinned, pageable float64 // GB/s; 0: copies take no time, below 0: a year
	fails            string  // the call that fails
	panics           string
	hangs            string
	release          chan struct{} // ends a hang

	mu    sync.Mutex
	clock time.Time
	open  int // what was allocated, retained or entered and not given back
	calls []string
}

const pinnedAt, deviceAt = 0x1000, 0x2000

func (f *fakeDriver) call(name string) error {
	f.mu.Lock()
	f.calls = append(f.calls, name)
	f.mu.Unlock()
	switch name {
	case f.fails:
		return cuda.Code(2)
	case f.panics:
		panic("the fake breaks")
	case f.hangs:
		<-f.release
	}
	return nil
}

// pair counts what one call takes and another gives back.
func (f *fakeDriver) pair(name string, by int) error {
	err := f.call(name)
	if err == nil || by < 0 {
		f.mu.Lock()
		f.open += by
		f.mu.Unlock()
	}
	return err
}

func (f *fakeDriver) now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.clock
}

func (f *fakeDriver) Init() error         { return f.call("Init") }
func (f *fakeDriver) Count() (int, error) { return f.devices, f.call("Count") }
func (f *fakeDriver) Device(i int) (cuda.Device, error) {
	return cuda.Device(i), f.call("Device")
}
func (f *fakeDriver) Name(d cuda.Device) (string, error) {
	if d == 1 {
		_ = f.call("second Name")
	}
	return fmt.Sprintf("NVIDIA Fake %d", d), f.call("Name")
}
func (f *fakeDriver) Memory(cuda.Device) (int64, error) { return 24 << 30, f.call("Memory") }
func (f *fakeDriver) Retain(cuda.Device) (cuda.Context, error) {
	return 5, f.pair("Retain", 1)
}
func (f *fakeDriver) Release(cuda.Device) error { return f.pair("Release", -1) }
func (f *fakeDriver) Enter(c cuda.Context) error {
	if c == 0 {
		return f.pair("Leave", -1)
	}
	return f.pair("Enter", 1)
}
func (f *fakeDriver) AllocHost(int) (uintptr, error) { return pinnedAt, f.pair("AllocHost", 1) }
func (f *fakeDriver) FreeHost(uintptr) error         { return f.pair("FreeHost", -1) }
func (f *fakeDriver) Alloc(int) (cuda.Pointer, error) {
	return deviceAt, f.pair("Alloc", 1)
}
func (f *fakeDriver) Free(cuda.Pointer) error { return f.pair("Free", -1) }

// Copy takes its time only when it is waited for, as a real one may.
func (f *fakeDriver) Copy(_ cuda.Pointer, from uintptr, n int) error {
	rate := f.pageable
	if from == pinnedAt {
		rate = f.pinned
	}
	f.mu.Lock()
	switch {
	case rate > 0:
		f.clock = f.clock.Add(time.Duration(float64(n) / rate))
	case rate < 0:
		f.clock = f.clock.Add(365 * 24 * time.Hour)
	}
	f.mu.Unlock()
	return f.call("Copy")
}
func (f *fakeDriver) Wait() error { return f.call("Wait") }

// copied measures with a driver.
func copied(ctx context.Context, f *fakeDriver, limit time.Duration) *run {
	f.clock = time.Unix(1e9, 0)
	r := newRun(ctx, Options{Budget: 9 * time.Second, AvailableBytes: 64 << 20,
		Devices: func(reported string, memory int64) string { return fmt.Sprintf("%s of %d GiB", reported, memory>>30) }})
	r.now = f.now
	r.devices(func() (cuda.Driver, error) {
		if err := f.call("Open"); err != nil {
			return nil, cuda.ErrAbsent
		}
		return f, nil
	}, limit)
	return r
}

func noted(r *run, text string) bool {
	return slices.ContainsFunc(r.out.Notes, func(n string) bool { return strings.Contains(n, text) })
}

func TestDevices(t *testing.T) {
	f := &fakeDriver{devices: 2, pinned: 25, pageable: 8}
	r := copied(t.Context(), f, time.Minute)
	if len(r.out.Devices) != 2 || len(r.out.Notes) != 0 || f.open != 0 {
		t.Fatalf("%+v, notes %q, %d not given back", r.out.Devices, r.out.Notes, f.open)
	}
	for i, d := range r.out.Devices {
		if want := fmt.Sprintf("NVIDIA Fake %d of 24 GiB", i); d.Name != want {
			t.Errorf("name %q, want %q", d.Name, want)
		}
		if d.Pinned == nil || d.Pageable == nil || math.Abs(d.Pinned.Median-25) > 0.01 || math.Abs(d.Pageable.Best-8) > 0.01 || d.Pinned.Spread > 0.001 {
			t.Errorf("%s: pinned %+v, pageable %+v, want 25 and 8 GB/s", d.Name, d.Pinned, d.Pageable)
		}
	}
}

// A driver that fails at any step is a note, with what was measured before, and
// all that was taken is given back.
func TestDevicesFail(t *testing.T) {
	for step, kinds := range map[string]int{"Open": 0, "Init": 0, "Count": 0, "Device": 0, "Name": 0, "Memory": 0, "Retain": 0, "Enter": 0, "Alloc": 0,
		"Copy": 0, "Wait": 0, "AllocHost": 1, "Release": 2, "Leave": 2, "Free": 2, "FreeHost": 2} {
		f := &fakeDriver{devices: 1, pinned: 25, pageable: 8, fails: step}
		r := copied(t.Context(), f, time.Minute)
		got := 0
		for _, d := range r.out.Devices {
			if d.Pageable != nil {
				got++
			}
			if d.Pinned != nil {
				got++
			}
		}
		if got != kinds || (kinds < 2) != (len(r.out.Notes) == 1) || f.open != 0 {
			t.Errorf("%s fails: %+v, notes %q, %d not given back", step, r.out.Devices, r.out.Notes, f.open)
		}
		f = &fakeDriver{devices: 1, pinned: 25, pageable: 8, panics: step}
		if r = copied(t.Context(), f, time.Minute); !noted(r, "the fake breaks") {
			t.Errorf("%s panics: notes %q", step, r.out.Notes)
		}
	}
}

// A driver that hangs is left alone after its time, or when the measurement is
// interrupted; devices measured before count.
func TestDevicesHang(t *testing.T) {
	for _, step := range []string{"Open", "Init", "Count", "Retain", "Copy", "Release"} {
		f := &fakeDriver{devices: 1, pinned: 25, pageable: 8, hangs: step, release: make(chan struct{})}
		if r := copied(t.Context(), f, 20*time.Millisecond); !noted(r, "took longer than 20ms") {
			t.Errorf("%s hangs: notes %q", step, r.out.Notes)
		}
		close(f.release)
	}
	second := &fakeDriver{devices: 3, pinned: 25, pageable: 8, hangs: "second Name", release: make(chan struct{})}
	defer close(second.release)
	if r := copied(t.Context(), second, 500*time.Millisecond); len(r.out.Devices) != 1 || !noted(r, "took longer") {
		t.Errorf("the second hangs: %+v, notes %q", r.out.Devices, r.out.Notes)
	}
	f := &fakeDriver{devices: 1, pinned: 25, pageable: 8, hangs: "Init", release: make(chan struct{})}
	defer close(f.release)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if r := copied(ctx, f, time.Hour); !errors.Is(r.ctx.Err(), context.Canceled) || len(r.out.Notes) != 0 {
		t.Errorf("interrupted: notes %q", r.out.Notes)
	}
}

// Absurd figures are not believed.
func TestDevicesLie(t *testing.T) {
	for _, c := range []struct {
		rate float64
		want string
	}{{0, "copies took no time"}, {-1, "is not believed"}, {1e5, "is not believed"}} {
		f := &fakeDriver{devices: 1, pinned: 25, pageable: c.rate}
		if r := copied(t.Context(), f, time.Minute); len(r.out.Devices) != 0 || !noted(r, c.want) || f.open != 0 {
			t.Errorf("%g GB/s: %+v, notes %q", c.rate, r.out.Devices, r.out.Notes)
		}
	}
	for _, n := range []int{0, -1} {
		if r := copied(t.Context(), &fakeDriver{devices: n}, time.Minute); len(r.out.Devices) != 0 || !noted(r, "lists none") {
			t.Errorf("%d devices: notes %q", n, r.out.Notes)
		}
	}
	if r := copied(t.Context(), &fakeDriver{devices: 1 << 30, pinned: 25, pageable: 8}, time.Minute); len(r.out.Devices) != maxDevices {
		t.Errorf("of very many %d were measured", len(r.out.Devices))
	}
}
