//go:build linux && cgo && (amd64 || arm64)

package cuda

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"
)

// fakeLibrary is a libcuda.so.1 that keeps a device's memory in the host's. It
// checks what it is given. FREE stands for the name of the function that leaves
// a context, which has had two.
const fakeLibrary = `
#include <stdlib.h>
#include <string.h>
static int started, held, entered, blocks;
int cuInit(unsigned flags) { started = flags == 0; return started ? 0 : 1; }
int cuDeviceGetCount(int *n) { *n = 2; return started ? 0 : 3; }
int cuDeviceGet(int *d, int i) { if (i < 0 || i > 1) return 101; *d = 40 + i; return 0; }
int cuDeviceGetName(char *s, int n, int d) { if (d != 41) return 101; strncpy(s, "NVIDIA Fake 41", n); return 0; }
int cuDeviceTotalMem_v2(size_t *n, int d) { *n = 85899345920ULL; return 0; }
int cuDevicePrimaryCtxRetain(void **c, int d) { held++; *c = &held; return d == 41 ? 0 : 46; }
int FREE(int d) { held--; return 0; }
int cuCtxSetCurrent(void *c) { entered = c == &held; return c == 0 || entered ? 0 : 201; }
int cuMemAllocHost_v2(void **p, size_t n) { blocks++; *p = memset(malloc(n), 7, n); ((char *)*p)[n - 1] = 9; return entered ? 0 : 201; }
int cuMemFreeHost(void *p) { blocks--; free(p); return 0; }
int cuMemAlloc_v2(unsigned long long *p, size_t n) { if (n > 1 << 20) return 2; blocks++; *p = (unsigned long long)malloc(n); return 0; }
int cuMemFree_v2(unsigned long long p) { blocks--; free((void *)p); return 0; }
int cuMemcpyHtoD_v2(unsigned long long p, const void *from, size_t n) { char *to = memcpy((void *)p, from, n); return to[0] == 7 && to[n - 1] == 9 ? 0 : 1; }
int cuCtxSynchronize(void) { return blocks; }
`

// TestLoadsLibrary compiles the fake library and lets this test binary, run
// anew, find it the way a real one is found: through the dynamic loader.
func TestLoadsLibrary(t *testing.T) {
	if os.Getenv("PLIMSOLL_FAKE_CUDA") != "" {
		useLibrary(t)
		return
	}
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler on the path: the loading path is not exercised")
	}
	for name, free := range map[string]string{"new": "cuDevicePrimaryCtxRelease_v2", "old": "cuDevicePrimaryCtxRelease", "too old": "cuNothing"} {
		dir := t.TempDir()
		source := filepath.Join(dir, "fake.c")
		if err := os.WriteFile(source, []byte(strings.ReplaceAll(fakeLibrary, "FREE", free)), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(cc, "-shared", "-fPIC", "-w", "-o", filepath.Join(dir, "libcuda.so.1"), source).CombinedOutput(); err != nil {
			t.Skipf("the C compiler cannot make a shared library: %v\n%s", err, out)
		}
		cmd := exec.Command(os.Args[0], "-test.run=^TestLoadsLibrary$")
		cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+dir, "PLIMSOLL_FAKE_CUDA="+name)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

func useLibrary(t *testing.T) {
	d, err := Open()
	if os.Getenv("PLIMSOLL_FAKE_CUDA") == "too old" {
		if !errors.Is(err, ErrOld) {
			t.Errorf("error %v, want %v", err, ErrOld)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Count(); err != Code(3) {
		t.Errorf("before its start: %v", err)
	}
	ok := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	ok("init", d.Init())
	if n, err := d.Count(); n != 2 || err != nil {
		t.Errorf("%d devices, %v", n, err)
	}
	first, _ := d.Device(0)
	if _, err := d.Retain(first); err != Code(46) || !strings.Contains(err.Error(), "busy") {
		t.Errorf("a busy device: %v", err)
	}
	dev, err := d.Device(1)
	ok("device", err)
	if name, err := d.Name(dev); name != "NVIDIA Fake 41" || err != nil {
		t.Errorf("name %q, %v", name, err)
	}
	if n, err := d.Memory(dev); n != 85899345920 || err != nil {
		t.Errorf("memory %d, %v", n, err)
	}
	c, err := d.Retain(dev)
	ok("retain", err)
	ok("enter", d.Enter(c))
	if _, err := d.Alloc(2 << 20); err != Code(2) {
		t.Errorf("too much: %v", err)
	}
	p, err := d.Alloc(1 << 20)
	ok("alloc", err)
	h, err := d.AllocHost(1 << 20)
	ok("alloc on the host", err)
	from := bytes.Repeat([]byte{7, 9}, 1<<19)
	ok("copy", d.Copy(p, uintptr(unsafe.Pointer(&from[0])), len(from)))
	if err := d.Wait(); err != Code(2) { // the fake counts what is allocated
		t.Errorf("wait: %v", err)
	}
	ok("copy of pinned memory", d.Copy(p, h, 1<<20))
	ok("free", d.Free(p))
	ok("free on the host", d.FreeHost(h))
	ok("wait", d.Wait())
	ok("enter none", d.Enter(0))
	ok("release", d.Release(dev))
}

// TestNoLibrary goes the same way where the loader finds nothing.
func TestNoLibrary(t *testing.T) {
	if _, err := os.Stat("/proc/driver/nvidia/version"); err == nil {
		t.Skip("this machine has an NVIDIA driver")
	}
	d, err := Open()
	if err == nil {
		t.Skip("this machine has a library of CUDA's")
	}
	if d != nil || !errors.Is(err, ErrAbsent) {
		t.Errorf("%v, %v", d, err)
	}
}
