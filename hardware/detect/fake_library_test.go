//go:build linux && cgo

package detect

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// fakeLibrary is a libnvidia-ml.so.1 of an older driver with one card: it
// lacks the newer functions (core count, MIG, profile information), so the
// loading path must ask before it calls.
const fakeLibrary = `
#include <string.h>
typedef struct { unsigned long long total, free, used; } memory_t;
typedef struct { char legacy[16]; unsigned domain, bus, device, id, sub; char busId[32]; } pci_t;
int nvmlInit_v2(void) { return 0; }
int nvmlInit(void) { return 0; }
int nvmlInitWithFlags(unsigned f) { return 0; }
int nvmlShutdown(void) { return 0; }
const char *nvmlErrorString(int r) { return "fake"; }
int nvmlSystemGetDriverVersion(char *v, unsigned n) { strncpy(v, "470.42.01", n); return 0; }
int nvmlDeviceGetCount_v2(unsigned *n) { *n = 2; return 0; }
int nvmlDeviceGetCount(unsigned *n) { return nvmlDeviceGetCount_v2(n); }
int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **d) { *d = (void *)(long)(i + 1); return 0; }
int nvmlDeviceGetHandleByIndex(unsigned i, void **d) { return nvmlDeviceGetHandleByIndex_v2(i, d); }
int nvmlDeviceGetName(void *d, char *s, unsigned n) { strncpy(s, "NVIDIA A100-SXM4-80GB", n); return 0; }
int nvmlDeviceGetMemoryInfo(void *d, memory_t *m) { m->total = 85899345920ULL; m->free = 85000000000ULL; m->used = 899345920ULL; return 0; }
int nvmlDeviceGetPciInfo_v3(void *d, pci_t *p) { memset(p, 0, sizeof *p); p->id = 0x20b210de; strcpy(p->busId, "00000000:07:00.0"); return 0; }
int nvmlDeviceGetPciInfo(void *d, pci_t *p) { return nvmlDeviceGetPciInfo_v3(d, p); }
int nvmlDeviceGetMemoryBusWidth(void *d, unsigned *w) { *w = 5120; return 0; }
int nvmlDeviceGetMaxClockInfo(void *d, unsigned t, unsigned *c) { *c = t == 2 ? 1593 : 1410; return 0; }
int nvmlDeviceGetCudaComputeCapability(void *d, int *a, int *b) { *a = 8; *b = 0; return 0; }
int nvmlDeviceGetMaxPcieLinkGeneration(void *d, unsigned *v) { *v = 4; return 0; }
int nvmlDeviceGetMaxPcieLinkWidth(void *d, unsigned *v) { *v = 16; return 0; }
int nvmlDeviceGetCurrPcieLinkGeneration(void *d, unsigned *v) { *v = 1; return 0; }
int nvmlDeviceGetCurrPcieLinkWidth(void *d, unsigned *v) { *v = 16; return 0; }
int nvmlDeviceGetPowerManagementDefaultLimit(void *d, unsigned *v) { *v = 400000; return 0; }
int nvmlDeviceGetNvLinkState(void *d, unsigned l, unsigned *s) { return 3; }
`

// TestLoadsLibrary compiles the fake library and lets this test binary, run
// anew, find it the way a real one is found: through the dynamic loader.
func TestLoadsLibrary(t *testing.T) {
	if root := os.Getenv("PLIMSOLL_FAKE_NVML_ROOT"); root != "" {
		inChild(root)
		return
	}
	cc := ""
	for _, name := range []string{"cc", "gcc", "clang"} {
		if p, err := exec.LookPath(name); err == nil {
			cc = p
			break
		}
	}
	if cc == "" {
		t.Skip("no C compiler on the path: the loading path is not exercised")
	}
	dir := root(t, map[string]string{"fake.c": fakeLibrary, "root/proc/driver/nvidia/version": "NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.42.01  Tue\n"})
	lib := filepath.Join(dir, "libnvidia-ml.so.1")
	if out, err := exec.Command(cc, "-shared", "-fPIC", "-w", "-o", lib, filepath.Join(dir, "fake.c")).CombinedOutput(); err != nil {
		t.Skipf("the C compiler cannot make a shared library: %v\n%s", err, out)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestLoadsLibrary$")
	cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+dir, "PLIMSOLL_FAKE_NVML_ROOT="+filepath.Join(dir, "root"), "PLIMSOLL_FAKE_NVML_OUT="+filepath.Join(dir, "out.json"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("child: %v\n%s", err, out)
	}
	b, err := os.ReadFile(filepath.Join(dir, "out.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r Report
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	ds := r.Machine.Nodes[0].Devices
	if len(ds) != 2 {
		t.Fatalf("%d devices, notes %v", len(ds), r.Notes)
	}
	d := ds[1]
	if d.Name != "NVIDIA A100-SXM4-80GB" || d.UsableBytes != 85899345920 || d.BandwidthGBps != 2039.04 || d.Compute != "8.0" || d.PCIeGen != 4 {
		t.Errorf("device %+v", d)
	}
	if d.Rates.FP32 != 0 {
		t.Error("the fake library has no core count, yet a rate was computed")
	}
	if finding(&r, "driver") != "470.42.01" || finding(&r, "device 0 pci id") != "10de:20b2" {
		t.Errorf("findings %v", r.Findings)
	}
}

// inChild detects as on a live machine, with the driver's traces under root,
// and leaves the report in a file.
func inChild(root string) {
	sys := newSystem(root, nil)
	sys.live = true
	r, err := Local(context.Background(), Options{Sources: defaultGroups(sys, "linux")[0]})
	if err != nil {
		os.Exit(1)
	}
	b, err := json.Marshal(r)
	if err != nil || os.WriteFile(os.Getenv("PLIMSOLL_FAKE_NVML_OUT"), b, 0o600) != nil {
		os.Exit(1)
	}
}

// TestNoLibrary goes the same way where the loader finds nothing.
func TestNoLibrary(t *testing.T) {
	if _, err := os.Stat("/proc/driver/nvidia/version"); err == nil {
		t.Skip("this machine has an NVIDIA driver")
	}
	_, err := newNVML(nil).Read(context.Background())
	if err == nil {
		t.Skip("this machine has an NVIDIA library")
	}
}
