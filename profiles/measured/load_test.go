package measured

import (
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
		{strings.Replace(line, ",1,frag", ",2,frag", 1), `speed_local.csv:2: source "2" is not in the table of sources`},
		{"x1,m\n", "wrong number of fields"},
	} {
		if _, err := parse(header+bad.line, sources); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%q: got %v, want %q", bad.line, err, bad.want)
		}
	}
}

func TestServing(t *testing.T) {
	rows, err := Serving()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) < 7000 {
		t.Fatalf("%d rows, want the whole corpus", len(rows))
	}
	seen := map[string]bool{}
	metrics := map[string]bool{Decode: true, Output: true, Prefill: true, TTFT: true, TPOT: true, Total: true, Requests: true}
	for i := range rows {
		r := &rows[i]
		switch {
		case r.ID == "" || seen[r.ID] || r.Source == "":
			t.Errorf("row %d: id %q is missing or taken, or has no source", i, r.ID)
		case r.Exclude == "" && !metrics[r.Metric]:
			t.Errorf("%s: metric %q is used but not known", r.ID, r.Metric)
		case r.Exclude == "" && (r.Model == "" || r.Model[0] == '?' || r.Hardware == "" || r.Hardware[0] == '?'):
			t.Errorf("%s: used without a catalogue id: %s on %s", r.ID, r.Model, r.Hardware)
		case r.Devices < 1 || r.Nodes < 1 || r.Batch < 1 || r.Weight < 0:
			t.Errorf("%s: %d devices, %d nodes, batch %d, weight %g", r.ID, r.Devices, r.Nodes, r.Batch, r.Weight)
		case r.Exclude == "" && r.TP > r.Devices:
			t.Errorf("%s: tp %d of %d devices", r.ID, r.TP, r.Devices)
		}
		seen[r.ID] = true
	}
	for _, bad := range []struct{ line, want string }{
		{strings.Repeat(",", 25) + "0" + strings.Repeat(",", 7), `value: want a number above 0, got "0"`},
		{strings.Repeat(",", 10) + "x" + strings.Repeat(",", 15) + "1" + strings.Repeat(",", 7), `devices: want a whole number, got "x"`},
	} {
		if _, err := parseServing(strings.Split(bad.line, ",")); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%q: got %v, want %q", bad.line, err, bad.want)
		}
	}
}
