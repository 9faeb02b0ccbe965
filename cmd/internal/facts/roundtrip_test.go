package facts

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/hardware/detect"
	"github.com/plimsoll/plimsoll/profiles"
)

// estimateOn returns the document of a check on some hardware, or the error.
func estimateOn(f *Embedded, s scenario.Scenario, on string) ([]byte, error) {
	s.On = on
	var p scenario.Prepared
	if err := scenario.NewResolver(scenario.NewStore(f)).Resolve(context.Background(), &s, &p); err != nil {
		return nil, err
	}
	result, err := estimator.Estimate(&p.Request)
	if err != nil {
		return nil, err
	}
	p.Inputs.On = "" // the one thing that differs
	return json.Marshal(report.NewCheck(&p, result, report.Versions{}))
}

// questions are asked of every machine: a small file, a served model over all
// devices and over two, and the processor alone.
func questions() []scenario.Scenario {
	ask := func(model, quant, engine string, tp, layers int) scenario.Scenario {
		s := scenario.New()
		s.Model, s.Quant, s.Engine, s.TP, s.GPULayers = model, quant, engine, tp, layers
		return s
	}
	return []scenario.Scenario{
		ask("llama-3.1-8b", "Q4_K_M", "llama.cpp", 0, -1), ask("llama-3.1-70b", "FP8", "vllm", 0, -1),
		ask("qwen3-8b", "BF16", "vllm", 2, -1), ask("llama-3.1-8b", "Q4_K_M", "llama.cpp", 0, 0),
	}
}

// sameEstimates compares the detected machine with the profile written of it.
func sameEstimates(t *testing.T, name string, r *detect.Report) (answered int) {
	t.Helper()
	f := new(Embedded)
	f.once.Do(func() {})
	f.report = r
	file := filepath.Join(t.TempDir(), "machine.yaml")
	if err := os.WriteFile(file, profiles.WriteMachine(r.Machine), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, q := range questions() {
		want, err := estimateOn(f, q, "local")
		got, err2 := estimateOn(f, q, file)
		switch {
		case err != nil && err2 == nil:
			t.Errorf("%s: %s: the machine gives no estimate (%v), its profile does", name, q.Model, err)
		case err == nil && err2 != nil:
			t.Errorf("%s: %s: the profile cannot be used: %v", name, q.Model, err2)
		case err == nil && !bytes.Equal(want, got):
			t.Errorf("%s: %s: the estimates differ\n%s\n%s", name, q.Model, clip(want, got), clip(got, want))
		case err == nil:
			answered++
		}
	}
	return answered
}

// clip shows where a differs from b.
func clip(a, b []byte) []byte {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	return a[max(i-120, 0):min(i+120, len(a))]
}

func TestProfileGivesTheSameEstimates(t *testing.T) {
	answered := sameEstimates(t, "pi5", detected(t, "../../../hardware/detect/testdata/pi5"))
	if answered == 0 {
		t.Error("no estimate was made")
	}
}

// TestSnapshotsRoundTrip does the same for every machine of the snapshots.
func TestSnapshotsRoundTrip(t *testing.T) {
	done, answered := map[string]bool{}, 0
	for _, row := range indexRows(t) {
		if done[row.machine] || inventory(row.machine) {
			continue
		}
		done[row.machine] = true
		r := detected(t, row.dir)
		h := &r.Machine.Nodes[0].Host
		if h.MemoryBytes == 0 { // most captures are of the devices alone
			h.MemoryBytes, h.AvailableBytes = 256<<30, 200<<30
			if len(r.Machine.Nodes[0].Devices) == 0 || !r.Machine.Nodes[0].Devices[0].Unified {
				answered += sameEstimates(t, row.machine+" with memory", r)
				continue
			}
			h.MemoryBytes, h.AvailableBytes = 0, 0
		}
		answered += sameEstimates(t, row.machine, r)
	}
	t.Logf("%d machines, %d estimates, the same from the machine and from its profile", len(done), answered)
	if answered < 200 {
		t.Errorf("%d estimates were made, want 200", answered)
	}
}

// madeUp is a source that reports what a test says.
type madeUp struct{ reading detect.Reading }

func (madeUp) Name() string                                   { return "made up" }
func (m madeUp) Read(context.Context) (detect.Reading, error) { return m.reading, nil }
func pick[T any](rt *rapid.T, what string, from ...T) T {
	return rapid.SampledFrom(from).Draw(rt, what)
}

// TestAnyReadingRoundTrips holds for whatever a driver may say: the machine
// that is made of it can be written as a profile and read back the same.
func TestAnyReadingRoundTrips(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "proc"), 0o755); err != nil {
		t.Fatal(err)
	}
	info := "processor : 0\nmodel name : AMD EPYC 9654 96-Core Processor\nflags : avx2 avx512f\n"
	if err := os.WriteFile(filepath.Join(root, "proc", "cpuinfo"), []byte(info), 0o600); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		mem := fmt.Sprintf("MemTotal: %d kB\nMemAvailable: %d kB\n", rapid.IntRange(1<<20, 1<<31).Draw(rt, "total"), rapid.IntRange(0, 1<<20).Draw(rt, "available"))
		if err := os.WriteFile(filepath.Join(root, "proc", "meminfo"), []byte(mem), 0o600); err != nil {
			rt.Fatal(err)
		}
		var reading detect.Reading
		one := func() detect.Accelerator {
			return detect.Accelerator{
				Name:        pick(rt, "name", "NVIDIA H100 80GB HBM3", "NVIDIA L40S-12Q", "Mystery: \"card\" #1", "AMD Radeon 780M", "NVIDIA GB10", "", "ß\u2028"),
				Vendor:      pick(rt, "vendor", "NVIDIA", "AMD", "Nobody & Sons"),
				PCIID:       pick(rt, "pci", "", "10de:2330", "1002:15bf", "ffff:ffff"),
				MemoryTotal: rapid.Int64Range(0, 1<<40).Draw(rt, "memory"), MemoryFree: rapid.Int64Range(0, 1<<30).Draw(rt, "free"),
				NoOwnMemory: rapid.Bool().Draw(rt, "none"), Integrated: rapid.Bool().Draw(rt, "integrated"), SharedTotal: rapid.Int64Range(0, 1<<38).Draw(rt, "shared"),
				BusWidthBits: rapid.IntRange(0, 8192).Draw(rt, "bus"), MemoryClockMHz: rapid.IntRange(0, 20000).Draw(rt, "clock"),
				PCIeGen: rapid.IntRange(0, 7).Draw(rt, "gen"), PCIeLanes: rapid.IntRange(0, 33).Draw(rt, "lanes"), PCIeLanesNow: rapid.IntRange(0, 33).Draw(rt, "now"),
				NVLinks: rapid.IntRange(0, 18).Draw(rt, "nvlinks"), NVLinkGBps: float64(rapid.IntRange(0, 500).Draw(rt, "nvlink")), NVLinkRead: rapid.Bool().Draw(rt, "told"),
				Partitions: rapid.IntRange(0, 8).Draw(rt, "parts"), NUMANode: -1,
			}
		}
		for range rapid.IntRange(0, 3).Draw(rt, "devices") {
			a := one()
			if a.MIG = rapid.Bool().Draw(rt, "mig"); a.MIG {
				a.Slices = []detect.Slice{{Profile: pick(rt, "profile", "", "1g.10gb"), GPUInstance: 1, MemoryTotal: rapid.Int64Range(1<<20, 1<<36).Draw(rt, "slice")}}
			}
			reading.Accelerators = append(reading.Accelerators, a)
		}
		r, err := detect.Local(context.Background(), detect.Options{Root: root, Catalogue: profiles.Catalogue{}, Sources: []detect.Source{madeUp{reading}}})
		if err != nil {
			rt.Fatal(err)
		}
		text := profiles.WriteMachine(r.Machine)
		back, err := profiles.ReadMachine("machine.yaml", text)
		if err != nil {
			rt.Fatalf("%v\n%s", err, text)
		}
		if want, got := plain(r.Machine), plain(back); !reflect.DeepEqual(want, got) {
			rt.Fatalf("not the same again\n%s\n%s", want, got)
		}
	})
}

// plain is a machine as JSON, without what an empty map and none differ in.
func plain(m *hardware.Machine) string {
	b, err := json.Marshal(m)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
