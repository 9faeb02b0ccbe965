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
	"github.com/plimsoll/plimsoll/hardware/measure"
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
		Notes: []string{"it was cold"}}
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
	for _, want := range []string{"measured on 2026-11-26", "40.0 ±2%", "700 ±2%", "L1 32 KiB, by its latency", "O_DIRECT", "- it was cold"} {
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
