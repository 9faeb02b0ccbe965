package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/cmd/internal/cli"
	"github.com/plimsoll/plimsoll/cmd/internal/facts"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/hardware/detect"
	"github.com/plimsoll/plimsoll/hardware/measure"
	"github.com/plimsoll/plimsoll/profiles"
)

// measureWith runs hardware measure with a measurer that is told what to find.
func measureWith(t *testing.T, find func(context.Context, measure.Options) (*hardware.Measured, error), args ...string) (stdout, stderr string, exit int) {
	t.Helper()
	var out, errs bytes.Buffer
	exit = cli.Main(context.Background(), append([]string{"hardware", "measure"}, args...), cli.Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs,
		Getenv: os.Getenv, Facts: new(facts.Embedded), Estimate: estimator.Estimate, Measure: find})
	return out.String(), errs.String(), exit
}

func found() *hardware.Measured {
	rate := func(v float64) hardware.Rate { return hardware.Rate{Best: v, Median: v, Spread: 0.02} }
	cold := rate(3)
	return &hardware.Measured{Cores: 8, Vectors: "AVX2", ArrayBytes: 1 << 28,
		Memory: []hardware.MemoryRates{{Threads: 1, Read: rate(15), Copy: rate(14), Triad: rate(13)}, {Threads: 8, Read: rate(40), Copy: rate(38), Triad: rate(37)}},
		FP32:   &hardware.MeasuredOps{Kernel: "AVX2 FMA", Threads: 8, One: rate(100), All: rate(700)},
		Caches: []hardware.Cache{{Level: 1, Bytes: 32 << 10, From: "latency"}}, Storage: &hardware.MeasuredStorage{Bytes: 1 << 28, Cold: &cold, How: "O_DIRECT"},
		Devices: []hardware.MeasuredDevice{{Name: "Card", Pinned: &cold}}, Notes: []string{"it was cold"}}
}

// What was found is kept with the day, and shown in every form.
func TestMeasureKeepsWhatItFinds(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mine")
	t.Setenv("PLIMSOLL_PROFILES", dir)
	t.Setenv("SOURCE_DATE_EPOCH", "1795651200") // 2026-11-26
	var asked []measure.Options
	find := func(_ context.Context, o measure.Options) (*hardware.Measured, error) {
		asked = append(asked, o)
		return found(), nil
	}
	out, errs, exit := measureWith(t, find, "--dry-run", "--no-storage")
	if _, err := os.Stat(dir); err == nil || exit != 0 || errs != "" {
		t.Errorf("a dry run: exit %d, stderr %q, folder %v", exit, errs, err)
	}
	for _, want := range []string{"measured on 2026-11-26", "40.0 ±2%", "700 ±2%", "L1 32 KiB, by its latency", "O_DIRECT", "Card: 3.00 ±2% from pinned memory\n", "- it was cold"} {
		if !strings.Contains(out, want) {
			t.Errorf("the table lacks %q:\n%s", want, out)
		}
	}
	if _, errs, exit = measureWith(t, find, "--quick", "--storage", t.TempDir()); exit != 0 || !strings.Contains(errs, filepath.Join(dir, "measured.yaml")) {
		t.Errorf("exit %d, stderr %q", exit, errs)
	}
	if len(asked) != 2 || asked[0].Storage != "" || asked[1].Storage == "" || asked[0].Budget > 10*time.Second || asked[1].Budget > 3*time.Second || asked[0].Progress != nil {
		t.Errorf("asked %+v", asked)
	}
	kept, err := os.ReadFile(filepath.Join(dir, "measured.yaml"))
	if err != nil || !strings.Contains(string(kept), "date: \"2026-11-26\"") {
		t.Errorf("kept %s, %v", kept, err)
	}
	if out, _, _ = measureWith(t, find, "-o", "yaml", "--dry-run"); out != string(kept) {
		t.Errorf("yaml\n%s\nkept\n%s", out, kept)
	}
	out, _, _ = measureWith(t, find, "-o", "json", "--dry-run", "--quick")
	var doc report.Measure
	if err := json.Unmarshal([]byte(out), &doc); err != nil || doc.Schema != report.MeasureSchema || !doc.Inputs.Quick || doc.Result.Memory[1].Read.Best != 40 ||
		len(doc.Warnings) != 1 || doc.Warnings[0].Message != "it was cold" {
		t.Errorf("%v, %+v", err, doc)
	}
}

// An interrupted measurement keeps nothing.
func TestMeasureInterrupted(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mine")
	t.Setenv("PLIMSOLL_PROFILES", dir)
	ctx, cancel := context.WithCancel(context.Background())
	var out, errs bytes.Buffer
	exit := cli.Main(ctx, []string{"hardware", "measure", "--no-storage"}, cli.Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs,
		Getenv: os.Getenv, Facts: new(facts.Embedded), Estimate: estimator.Estimate,
		Measure: func(ctx context.Context, _ measure.Options) (*hardware.Measured, error) {
			cancel()
			return nil, ctx.Err()
		}})
	if _, err := os.Stat(dir); err == nil || exit != 130 {
		t.Errorf("exit %d, stdout %q, stderr %q, folder %v", exit, out.String(), errs.String(), err)
	}
}

// deviceFacts are those of a machine with certain accelerators.
type deviceFacts struct {
	facts.Embedded
	devices []*hardware.Device
}

func (f *deviceFacts) Detect(context.Context) (*detect.Report, error) {
	return &detect.Report{Machine: &hardware.Machine{Nodes: []hardware.Node{{Host: hardware.Host{UsableCores: 1.5}, Devices: f.devices}}}}, nil
}

// Devices are measured where there are NVIDIA's with a memory of their own, and
// are called what the machine calls them. A nameless processor is given a name.
func TestMeasureNamesDevices(t *testing.T) {
	t.Setenv("PLIMSOLL_PROFILES", t.TempDir())
	card := func(name, vendor string, unified bool) *hardware.Device {
		return &hardware.Device{Name: name, Vendor: vendor, Unified: unified}
	}
	known, _, ok := profiles.MatchDevice("NVIDIA GeForce RTX 4090", 24<<30, "", "NVIDIA")
	if !ok {
		t.Fatal("the catalogue lacks the RTX 4090")
	}
	for _, c := range []struct {
		devices  []*hardware.Device
		flag     string
		reported string
		want     string // "": not asked
	}{
		{nil, "", "", ""},
		{[]*hardware.Device{card("MI300X", "AMD", false), card("GB10", "NVIDIA", true)}, "", "", ""},
		{[]*hardware.Device{known}, "--no-devices", "", ""},
		{[]*hardware.Device{known, card("Other", "NVIDIA", false)}, "", "NVIDIA GeForce RTX 4090", known.Name},
		{[]*hardware.Device{known, card("Other", "NVIDIA", false)}, "", "Other", "Other"},
		{[]*hardware.Device{known, card("Other", "NVIDIA", false)}, "", "NVIDIA Unheard", "NVIDIA Unheard"},
		{[]*hardware.Device{card("NVIDIA A100 3g.40gb", "NVIDIA", false)}, "", "NVIDIA A100-SXM4-80GB MIG 3g.40gb", "NVIDIA A100 3g.40gb"},
	} {
		var asked measure.Options
		var out, errs bytes.Buffer
		args := []string{"hardware", "measure", "-o", "json"}
		if c.flag != "" {
			args = append(args, c.flag)
		}
		exit := cli.Main(context.Background(), args, cli.Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs,
			Getenv: os.Getenv, Facts: &deviceFacts{devices: c.devices}, Estimate: estimator.Estimate,
			Measure: func(_ context.Context, o measure.Options) (*hardware.Measured, error) {
				asked = o
				return found(), nil
			}})
		if exit != 0 || asked.Cores != 1.5 || !strings.Contains(out.String(), `"cpu": "`+hardware.NamelessCPU+`"`) {
			t.Errorf("exit %d, %s, cores %g", exit, errs.String(), asked.Cores)
		}
		got := ""
		if asked.Devices != nil {
			got = asked.Devices(c.reported, 24<<30)
		}
		if got != c.want || (asked.Devices != nil) != (c.want != "") {
			t.Errorf("%q is called %q, want %q", c.reported, got, c.want)
		}
	}
}

// Where nothing can be kept, what was measured is written all the same.
func TestMeasureCannotKeep(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PLIMSOLL_PROFILES", filepath.Join(file, "below"))
	out, errs, exit := measureWith(t, func(context.Context, measure.Options) (*hardware.Measured, error) { return found(), nil }, "--no-storage")
	if exit != 2 || !strings.Contains(out, "40.0 ±2%") || !strings.Contains(errs, "cannot keep what was measured") || strings.Count(errs, "\n") != 1 {
		t.Errorf("exit %d, stdout %q, stderr %q", exit, out, errs)
	}
}
