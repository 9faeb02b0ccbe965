package benchfile

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/profiles/measured"
)

// fixtures gives the files of testdata by name.
func fixtures(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("testdata/*.*")
	if err != nil || len(names) < 10 {
		t.Fatalf("fixtures: %v, %v", names, err)
	}
	out := map[string][]byte{}
	for _, n := range names {
		data, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(n)] = data
	}
	return out
}

func mustRead(t *testing.T, name, data string) *Result {
	t.Helper()
	res, err := Read(name, []byte(data))
	if err != nil {
		t.Fatal(err)
	}
	if err := sound(res); err != nil {
		t.Fatal(err)
	}
	return res
}

// brief shows the fields of a row that are not the usual ones.
func brief(r *measured.Row, d *Detail) string {
	var b strings.Builder
	add := func(key string, v any, usual any) {
		if v != usual {
			fmt.Fprintf(&b, " %s=%v", key, v)
		}
	}
	fmt.Fprintf(&b, "%s %.6g", r.Metric, r.Value)
	add("model", r.Model, "")
	add("weights", r.Weights, "")
	add("kv", r.KV, "")
	add("engine", r.Engine, "")
	add("backend", r.Backend, "")
	add("version", r.Version, "")
	add("date", r.Date, "")
	add("hw", r.Hardware, "")
	add("host", r.Host, "")
	add("devices", r.Devices, 1)
	add("split", r.Split, "")
	add("tp", r.TP, 0)
	add("offload", r.Offload, "gpu")
	add("layers", r.GPULayers, -1)
	add("cpumoe", r.CPUMoE, -1)
	add("threads", r.Threads, 0)
	add("batch", r.Batch, 1)
	add("ubatch", r.UBatch, 0)
	add("flash", r.Flash, "")
	add("in", r.Input, 0)
	add("out", r.Output, 0)
	add("depth", r.Depth, 0)
	add("mean", r.DepthMean, 0)
	add("wall", r.WallClock, false)
	add("spec", r.Speculative, false)
	add("exclude", r.Exclude, "")
	add("line", d.Line, 0)
	add("name", d.ModelName, r.Model)
	add("bytes", d.WeightBytes, int64(0))
	add("exact", d.WeightBytesExact, false)
	add("params", d.Params, int64(0))
	add("sd", d.StdDev, 0.0)
	add("requests", d.Requests, 0)
	return b.String()
}

// sound checks what holds for every result.
func sound(res *Result) error {
	if len(res.Rows) != len(res.Details) {
		return fmt.Errorf("%d rows, %d details", len(res.Rows), len(res.Details))
	}
	if res.Format == "" {
		return fmt.Errorf("no format")
	}
	seen := map[string]bool{}
	for i := range res.Rows {
		r := &res.Rows[i]
		switch {
		case seen[r.ID] || !strings.Contains(r.ID, "#"):
			return fmt.Errorf("ID %q", r.ID)
		case !(r.Value > 0) || math.IsInf(r.Value, 0):
			return fmt.Errorf("%s: value %g", r.ID, r.Value)
		case r.Devices < 1 || r.Batch < 1 || r.Depth < 0 || r.Input < 0 || r.Output < 0 || r.DepthMean < r.Depth:
			return fmt.Errorf("%s: counts of %+v", r.ID, r)
		case r.Quality != measured.QualityA || r.Source == "":
			return fmt.Errorf("%s: quality %c, source %q", r.ID, r.Quality, r.Source)
		case r.Metric == measured.Decode && (r.Output == 0 || r.Input != 0), r.Metric == measured.Prefill && (r.Input == 0 || r.Output != 0):
			return fmt.Errorf("%s: lengths of %+v", r.ID, r)
		case r.Offload == "partial" && r.GPULayers == 0, r.Offload == "gpu" && r.GPULayers != -1:
			return fmt.Errorf("%s: offload of %+v", r.ID, r)
		case strings.ContainsAny(r.ID+r.Model+r.Weights+r.Hardware+r.Host+r.Version+r.KV, "\n\r\x00\x1b"):
			return fmt.Errorf("%s: control characters in %+v", r.ID, r)
		case res.Details[i].Line < 1:
			return fmt.Errorf("%s: line %d", r.ID, res.Details[i].Line)
		}
		seen[r.ID] = true
	}
	for _, s := range res.Skipped {
		if s.Reason == "" || s.Line < 1 || strings.Contains(s.String(), "\n") {
			return fmt.Errorf("skip %q", s.String())
		}
	}
	return nil
}
