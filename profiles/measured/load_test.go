package measured

import (
	"encoding/csv"
	"os"
	"strconv"
	"strings"
	"testing"
)

func TestLocal(t *testing.T) {
	rows, err := Local()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) < 4000 {
		t.Fatalf("%d rows, want the whole corpus", len(rows))
	}
	seen := map[string]bool{}
	metrics := map[string]bool{Decode: true, Output: true, Prefill: true, TTFT: true, TPOT: true}
	for i := range rows {
		r := &rows[i]
		switch {
		case r.ID == "" || seen[r.ID]:
			t.Errorf("row %d: id %q is missing or taken", i, r.ID)
		case r.Source == "":
			t.Errorf("%s: no source", r.ID)
		case r.Quality != QualityA && r.Quality != QualityB && r.Quality != QualityC:
			t.Errorf("%s: quality %q", r.ID, r.Quality)
		case r.Exclude == "" && !metrics[r.Metric]:
			t.Errorf("%s: metric %q is used but not known", r.ID, r.Metric)
		case r.Exclude == "" && (r.Model == "" || r.Model[0] == '?' || r.Hardware == "" || r.Hardware[0] == '?'):
			t.Errorf("%s: used without a catalogue id: %s on %s", r.ID, r.Model, r.Hardware)
		case r.Devices < 1 || r.Batch < 1:
			t.Errorf("%s: %d devices, batch %d", r.ID, r.Devices, r.Batch)
		case r.Flash != "" && r.Flash != "on" && r.Flash != "off":
			t.Errorf("%s: flash %q", r.ID, r.Flash)
		}
		seen[r.ID] = true
	}
}

func TestParse(t *testing.T) {
	header := strings.Join(Columns, ",") + "\n"
	line := "x1,m,Q4_K_M,,llama.cpp,cuda,,2025-01,d,,,,,,,,,,,,,,512,,,256,prefill_tok_s,100,,,,A,,1,frag\n"
	sources := "source,where\n1,repo:file\n"
	rows, err := parse(header+line, sources)
	if err != nil {
		t.Fatal(err)
	}
	want := Row{ID: "x1", Model: "m", Weights: "Q4_K_M", Engine: "llama.cpp", Backend: "cuda", Date: "2025-01", Hardware: "d",
		Devices: 1, Offload: "gpu", GPULayers: -1, CPUMoE: -1, Batch: 1, Input: 512, DepthMean: 256, Metric: Prefill, Value: 100,
		Quality: QualityA, Source: "repo:file#frag"}
	if rows[0] != want {
		t.Errorf("got  %+v\nwant %+v", rows[0], want)
	}
	for _, bad := range []struct{ line, want string }{
		{strings.Replace(line, "512", "many", 1), `speed_local.csv:2: input: want a whole number, got "many"`},
		{strings.Replace(line, ",100,", ",-1,", 1), `value: want a number above 0, got "-1"`},
		{strings.Replace(line, ",1,frag", ",2,frag", 1), `source "2" is not in speed_local_sources.csv`},
		{"x1,m\n", "wrong number of fields"},
	} {
		if _, err := parse(header+bad.line, sources); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%q: got %v, want %q", bad.line, err, bad.want)
		}
	}
}

// The serving rows are not decoded yet; what they will be joined by must be whole.
func TestServingRows(t *testing.T) {
	read := func(name string) [][]string {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		lines, err := csv.NewReader(f).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return lines
	}
	where := map[string]bool{}
	for _, l := range read("speed_serving_sources.csv")[1:] {
		where[l[0]] = l[1] != ""
	}
	lines := read("speed_serving.csv")
	column := map[string]int{}
	for i, name := range lines[0] {
		column[name] = i
	}
	if len(lines) < 7000 {
		t.Errorf("%d rows, want all", len(lines)-1)
	}
	seen := map[string]bool{}
	for n, l := range lines[1:] {
		id := l[column["id"]]
		v, err := strconv.ParseFloat(l[column["value"]], 64)
		switch {
		case id == "" || seen[id]:
			t.Errorf("line %d: id %q is missing or taken", n+2, id)
		case !where[l[column["source"]]]:
			t.Errorf("%s: no source", id)
		case l[column["exclude"]] == "" && (err != nil || v <= 0):
			t.Errorf("%s: value %q", id, l[column["value"]])
		}
		seen[id] = true
	}
}
