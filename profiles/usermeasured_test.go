package profiles

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/plimsoll/plimsoll/hardware"
)

func drawRate(t *rapid.T, name string) hardware.Rate {
	return hardware.Rate{Best: float64(rapid.IntRange(1, 99999).Draw(t, name)) / 100, Median: float64(rapid.IntRange(1, 99999).Draw(t, name)) / 100,
		Spread: float64(rapid.IntRange(0, 999).Draw(t, name)) / 1000}
}

// What was measured reads back as it was written.
func TestMeasuredRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[A-Za-z0-9 ():"#.'@\\-]{1,20}`)
		m := &hardware.Measured{Date: "2026-11-26", CPU: text.Draw(t, "cpu"), Cores: rapid.IntRange(1, 512).Draw(t, "cores"),
			MemoryBytes: rapid.Int64Range(1, 1<<42).Draw(t, "memory"), Virtual: rapid.Bool().Draw(t, "virtual"), Vectors: text.Draw(t, "vectors"),
			ArrayBytes: rapid.Int64Range(1, 1<<32).Draw(t, "array"), Caches: []hardware.Cache{}, Notes: []string{}}
		for i := range rapid.IntRange(0, 4).Draw(t, "rows") {
			m.Memory = append(m.Memory, hardware.MemoryRates{Threads: 1 << i, Read: drawRate(t, "read"), Copy: drawRate(t, "copy"), Triad: drawRate(t, "triad")})
			m.Caches = append(m.Caches, hardware.Cache{Level: i + 1, Bytes: int64(1) << (15 + i), Shared: i, From: "system"})
			m.Notes = append(m.Notes, text.Draw(t, "note"))
		}
		if rapid.Bool().Draw(t, "ops") {
			m.FP32 = &hardware.MeasuredOps{Kernel: text.Draw(t, "kernel"), Threads: 2, One: drawRate(t, "one"), All: drawRate(t, "all")}
			m.INT8 = &hardware.MeasuredOps{Kernel: "AVX2", Threads: 2, One: drawRate(t, "one"), All: drawRate(t, "all")}
		}
		if rapid.Bool().Draw(t, "storage") {
			cold, warm := drawRate(t, "cold"), drawRate(t, "warm")
			m.Storage = &hardware.MeasuredStorage{Bytes: 1 << 28, How: "O_DIRECT", Cold: &cold, Warm: &warm}
			if rapid.Bool().Draw(t, "warm only") {
				m.Storage.Cold = nil
			}
		}
		for range rapid.IntRange(0, 3).Draw(t, "devices") {
			pinned, pageable := drawRate(t, "pinned"), drawRate(t, "pageable")
			d := hardware.MeasuredDevice{Name: text.Draw(t, "device"), Pinned: &pinned, Pageable: &pageable}
			if rapid.Bool().Draw(t, "pinned only") {
				d.Pageable = nil
			}
			m.Devices = append(m.Devices, d)
		}
		written := WriteMeasured(m)
		back, err := ReadMeasured("measured.yaml", written)
		if err != nil {
			t.Fatalf("%v\n%s", err, written)
		}
		if !reflect.DeepEqual(m, back) {
			t.Fatalf("not the same again:\n%s\n%s", written, WriteMeasured(back))
		}
	})
}

func TestMeasuredRejects(t *testing.T) {
	for text, want := range map[string]string{
		"":         "0 documents",
		"cpu: x\n": "date or cpu is missing",
		"date: \"2026-11-26\"\ncpu: x\nspeed: 3\n":                              "measured.yaml:3: the measurement: unknown key",
		"date: d\ncpu: x\nmemory:\n  - threads: 2\n  - threads: 1\n":            "measured.yaml:5: threads: want ascending",
		"date: d\ncpu: x\nmemory:\n  - threads: 1\n    read_gb_s: {best: -1}\n": "best: want 0 to",
		"date: d\ncpu: x\ncaches: [{}]\n":                                       "measured.yaml:3: level: want 1",
		"date: d\ncpu: x\ndevices:\n  - h2d_pinned_gb_s: {best: 3}\n":           "measured.yaml:4: name: is missing",
		"date: d\ncpu: x\nfp32: 3\n":                                            "fp32: want a mapping",
	} {
		if _, err := ReadMeasured("measured.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

// The user's folder keeps one measurement, which can be forgotten.
func TestUserMeasured(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mine")
	t.Setenv("PLIMSOLL_PROFILES", dir)
	if m, err := UserMeasured(); m != nil || err != nil {
		t.Fatalf("before: %v, %v", m, err)
	}
	m := &hardware.Measured{Date: "2026-11-26", CPU: "c", Cores: 2, MemoryBytes: 8 << 30}
	path, err := WriteUserMeasured(m)
	if err != nil || path != filepath.Join(dir, "measured.yaml") {
		t.Fatalf("%s, %v", path, err)
	}
	back, err := UserMeasured()
	if err != nil || back.CPU != "c" || back.MemoryBytes != 8<<30 {
		t.Fatalf("%+v, %v", back, err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("the folder holds %v", entries)
	}
	if _, was, err := ForgetMeasured(); !was || err != nil {
		t.Errorf("forgotten: %v, %v", was, err)
	}
	if _, was, err := ForgetMeasured(); was || err != nil {
		t.Errorf("forgotten twice: %v, %v", was, err)
	}
}

func FuzzReadMeasured(f *testing.F) {
	f.Add(WriteMeasured(&hardware.Measured{Date: "2026-11-26", CPU: "c", Memory: []hardware.MemoryRates{{Threads: 1, Read: hardware.Rate{Best: 3, Median: 2, Spread: 0.1}}}}))
	f.Add([]byte("date: d\ncpu: x\nstorage: {cold_gb_s: {best: 1}}\n"))
	f.Add([]byte("memory: [[[{"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ReadMeasured("f.yaml", data)
		switch {
		case err != nil:
			if strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "f.yaml") {
				t.Errorf("error %q", err)
			}
		default:
			if _, err := ReadMeasured("f.yaml", WriteMeasured(m)); err != nil {
				t.Errorf("written again: %v", err)
			}
		}
	})
}

// The measurement is no hardware profile, and takes no profile's place.
func TestMeasuredIsNoProfile(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PLIMSOLL_PROFILES", dir)
	path, err := WriteUserMeasured(&hardware.Measured{Date: "2026-11-26", CPU: "c", MemoryBytes: 8 << 30})
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{"measured", "Measured"} {
		if m, err := Machine(query, MachineOptions{UserDir: dir}); m != nil || err == nil || strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, %v, want a name that is not known", query, m, err)
		}
	}
	profile := []byte("devices: [rtx-4090-24gb]\n")
	if err := os.WriteFile(path, profile, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := WriteUserMeasured(&hardware.Measured{Date: "2026-11-26", CPU: "c"}); err == nil || !strings.Contains(err.Error(), "rename it") {
		t.Errorf("over a profile: %v", err)
	}
	if _, _, err := ForgetMeasured(); err == nil {
		t.Error("a profile was forgotten")
	}
	if left, err := os.ReadFile(path); err != nil || string(left) != string(profile) {
		t.Errorf("the profile is %q, %v", left, err)
	}
}
