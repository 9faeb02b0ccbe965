package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/cmd/internal/cli"
	"github.com/plimsoll/plimsoll/cmd/internal/facts"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator"
)

func compared(t *testing.T, args ...string) *report.Compare {
	t.Helper()
	o := runInside(t.Context(), nil, append([]string{"compare", "-o", "json"}, args...)...)
	var doc report.Compare
	if err := json.Unmarshal([]byte(o.stdout), &doc); err != nil {
		t.Fatalf("compare %q: exit code %d, stderr %s, %v", args, o.exit, o.stderr, err)
	}
	return &doc
}

// A row says what check says of the same scenario: there is one path.
func TestCompareSaysWhatCheckSays(t *testing.T) {
	for _, args := range [][]string{
		{"llama-3.1-8b", "-q", "Q4_K_M", "--on", "rtx-4090-24gb"},
		{"qwen3-30b-a3b", "-q", "Q8_0", "--on", "2x rtx-3090-24gb", "-c", "16k", "-p", "2000"},
		{"llama-3.1-70b", "-q", "FP8", "--on", "8x h100-sxm5-80gb", "--engine", "vllm", "-b", "32", "-p", "1024", "-n", "256"},
		{"llama-3.1-70b", "-q", "Q8_0", "--on", "raspberry-pi-5-8gb"},
	} {
		row := compared(t, args...).Rows[0]
		o := runInside(t.Context(), nil, append([]string{"check", "-o", "json"}, args...)...)
		var check report.Check
		if err := json.Unmarshal([]byte(o.stdout), &check); err != nil {
			t.Fatal(err)
		}
		r, f := &check.Result, &row.Figures
		if row.Verdict != r.Verdict || row.Reason != r.Reason {
			t.Errorf("%q: %s (%s), check says %s (%s)", args, row.Verdict, row.Reason, r.Verdict, r.Reason)
		}
		for name, pair := range map[string][2]*estimator.Figure{
			"prefill": {f.PrefillTokS, r.Speed.PrefillTokS}, "decode": {f.DecodeTokS, r.Speed.DecodeTokS}, "output": {f.OutputTokS, r.Speed.OutputTokS},
			"ttft": {f.TTFTMs, r.Speed.TTFTMs}, "tpot": {f.TPOTMs, r.Speed.TPOTMs}, "requests": {f.RequestsS, r.Speed.RequestsS},
			"fullest": {f.FullestBytes, &r.Memory.Fullest.TotalBytes}, "total": {f.TotalBytes, &r.Memory.TotalBytes},
		} {
			if pair[0] == nil || pair[1] == nil || *pair[0] != *pair[1] {
				t.Errorf("%q: %s %+v, check says %+v", args, name, pair[0], pair[1])
			}
		}
	}
}

// Head-room is what check leaves, and per-device output sums up to the whole.
func TestCompareParts(t *testing.T) {
	for _, r := range compared(t, "llama-3.1-8b", "-q", "FP8", "--engine", "vllm", "-b", "16", "--on", "4x h100-sxm5-80gb,rtx-4090-24gb,2x l4-24gb").Rows {
		f := &r.Figures
		for i := range r.Memories {
			m := &r.Memories[i]
			if m.Fullest && f.HeadroomBytes.Value != float64(m.Usable)-f.FullestBytes.Value {
				t.Errorf("%s: %g B to spare of %d and %g needed", r.Name, f.HeadroomBytes.Value, m.Usable, f.FullestBytes.Value)
			}
		}
		if sum := f.OutputTokSPerDevice.Value * float64(r.Devices); sum < 0.9999*f.OutputTokS.Value || sum > 1.0001*f.OutputTokS.Value {
			t.Errorf("%s: %d devices at %g tok/s make %g", r.Name, r.Devices, f.OutputTokSPerDevice.Value, f.OutputTokS.Value)
		}
		if !strings.HasPrefix(r.Name, map[int]string{4: "4x h100", 1: "rtx-4090", 2: "2x l4"}[r.Devices]) {
			t.Errorf("%s has %d devices", r.Name, r.Devices)
		}
	}
}

// What a rented machine costs: more when it is rented for more, and a million
// tokens at so many a second take so many hours.
func TestCompareCosts(t *testing.T) {
	for _, r := range compared(t, "llama-3.1-8b", "-q", "FP8", "--engine", "vllm", "-b", "16", "-p", "1024", "-n", "256", "--on", "1x h100-sxm5-80gb,4x h100-sxm5-80gb").Rows {
		f, p := &r.Figures, r.Price
		if p == nil || f.USDPerHour == nil || f.USDPerMAllIn == nil {
			t.Fatalf("%s has no price: %+v", r.Name, r.Unavailable)
		}
		if want := p.USDPerHour * float64(p.Instances); f.USDPerHour.Value < 0.999*want || f.USDPerHour.Value > 1.001*want {
			t.Errorf("%s: %g USD/h, want %g", r.Name, f.USDPerHour.Value, want)
		}
		if want := f.USDPerHour.Value / (3600 * f.RequestsS.Value * 256) * 1e6; f.USDPerMAllIn.Value < 0.999*want || f.USDPerMAllIn.Value > 1.001*want {
			t.Errorf("%s: %g USD for a million tokens, want %g", r.Name, f.USDPerMAllIn.Value, want)
		}
		if f.USDPerMAllIn.Low >= f.USDPerMAllIn.Value || f.USDPerMAllIn.High <= f.USDPerMAllIn.Value {
			t.Errorf("%s: the cost has no interval", r.Name)
		}
	}
}

// No phase lies above the roof of its processor.
func TestRoofline(t *testing.T) {
	doc := compared(t, "llama-3.1-8b,qwen3-30b-a3b,gpt-oss-20b", "-b", "1,16", "-p", "128,2048", "--on",
		"rtx-4090-24gb,8x h100-sxm5-80gb,apple-m4-max-40c-64gb,raspberry-pi-5-8gb,epyc-9654,mi300x", "--plot", "roofline="+t.TempDir()+"/r.svg")
	points := 0
	for _, r := range doc.Rows {
		if r.Error != nil {
			t.Errorf("%s: %v", r.Name, r.Error)
			continue
		}
		if r.Work == nil {
			t.Errorf("%s has a speed and no work", r.Name)
			continue
		}
		for name, ph := range map[string]*report.PhaseWork{"prefill": r.Work.Prefill, "decode": r.Work.Decode} {
			if ph == nil {
				continue
			}
			points++
			const slack = 1.02
			if slope := r.Work.BandwidthGBps * ph.Seconds.Value; ph.GB > slope*slack {
				t.Errorf("%s: %s moves %g GB in the time of %g", r.Name, name, ph.GB, slope)
			}
			if flat := 1e3 * r.Work.PeakTFLOPS * ph.Seconds.Value; ph.GFLOP > flat*slack {
				t.Errorf("%s: %s does %g GFLOP in the time of %g", r.Name, name, ph.GFLOP, flat)
			}
		}
	}
	if points < 2*len(doc.Rows)-4 {
		t.Errorf("%d points of %d rows", points, len(doc.Rows))
	}
}

// BenchmarkCompare is a matrix of 10 models and 20 machines.
func BenchmarkCompare(b *testing.B) {
	args := []string{"compare",
		"llama-3.1-8b,llama-3.1-70b,qwen3-30b-a3b,qwen3-8b,gpt-oss-20b,gemma-3-27b,mistral-7b-v0.2,qwen2.5-coder-3b,deepseek-v3,phi-4", "-c", "8k", "--on",
		"rtx-4090-24gb,rtx-3090-24gb,rtx-4080-16gb,rtx-3060-12gb,rtx-5060-8gb,gtx-1080-8gb,rtx-2080-ti-11gb,apple-m4-max-40c-64gb,apple-m3-max-30c,apple-m4-pro-20c," +
			"raspberry-pi-5-8gb,epyc-9654,mi300x,h100-sxm5-80gb,8x h100-sxm5-80gb,8x h200-sxm-141gb,l4-24gb,4x l4-24gb,a100-sxm4-80gb,2x rtx-3090-24gb", "-o", "json"}
	for b.Loop() {
		var stderr bytes.Buffer
		code := cli.Main(context.Background(), args, cli.Env{Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: &stderr,
			Getenv: func(string) string { return "" }, Facts: new(facts.Embedded), Estimate: estimator.Estimate})
		if code != 0 {
			b.Fatal("exit code", code, stderr.String())
		}
	}
}
