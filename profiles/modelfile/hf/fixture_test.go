package hf_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/profiles"
	"github.com/plimsoll/plimsoll/profiles/modelfile/hf"
)

// exceptions are configs whose figures are not those of the catalogue's entry.
var exceptions = map[string]string{
	"microsoft--phi-4": "the fixture's preset holds the widths of Phi-4-mini",
}

// near allows 1%, what the catalogue's own check allows.
func near(a, b int64) bool { return a > b-b/100 && a < b+b/100 }

// Every config of the fixture index gives the layers, widths, heads and
// experts that the index says, or is refused with a reason when it is no
// language model.
func TestFixtures(t *testing.T) {
	root := os.Getenv("PLIMSOLL_FIXTURES")
	if root == "" {
		t.Skip("PLIMSOLL_FIXTURES is not set: the configs of real models are not here")
	}
	f, err := os.Open(filepath.Join(root, "models", "INDEX.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	col := map[string]int{}
	for i, name := range rows[0] {
		col[name] = i
	}
	formats, err := profiles.Formats()
	if err != nil {
		t.Fatal(err)
	}
	ok, refused := 0, 0
	for _, row := range rows[1:] {
		get := func(name string) string { return row[col[name]] }
		if filepath.Base(get("file")) != "config.json" {
			continue
		}
		t.Run(get("model")+"/"+get("file"), func(t *testing.T) {
			path := filepath.Join(root, "models", get("model"), get("file"))
			c, err := hf.Read(path)
			if err != nil {
				if !strings.Contains(err.Error(), "not a decoder-only") {
					t.Fatal(err)
				}
				refused++
				t.Logf("refused: %v", err)
				return
			}
			num := func(name string) int { n, _ := strconv.Atoi(get(name)); return n }
			a := c.Arch
			if a.LayerCount != num("layers") && num("layers") > 0 || a.HiddenSize != num("hidden") && num("hidden") > 0 || a.Heads != num("heads") && num("heads") > 0 {
				t.Errorf("layers %d, hidden %d, heads %d", a.LayerCount, a.HiddenSize, a.Heads)
			}
			if kv := num("kv_heads"); kv > 0 && a.KVHeads != kv && (a.Global == nil || a.Global.KVHeads != kv) {
				t.Errorf("kv_heads %d, index %d", a.KVHeads, kv)
			}
			if e := num("experts"); e > 0 && (a.MoE == nil || a.MoE.Experts != e) {
				t.Errorf("experts: %+v, index %d", a.MoE, e)
			}
			if _, err := formats.Canonical(c.Format); err != nil {
				t.Errorf("%v (%v)", err, c.Assumptions)
			}
			m, err := model.New(a)
			if err != nil {
				t.Fatal(err)
			}
			ok++
			params := m.EmbeddingParams + m.OutputParams + m.OtherParams
			for i := range m.Layers {
				params += m.Layers[i].Params()
			}
			id := strings.Replace(get("model"), "--", "/", 1)
			want := int64(0)
			if e, err := profiles.Model(id); err == nil {
				want = e.EmbeddingParams + e.OutputParams + e.OtherParams
				for i := range e.Layers {
					want += e.Layers[i].Params()
				}
				published := e.Arch.ParamsTotal - e.VisionParams
				if reason := exceptions[get("model")]; reason != "" {
					t.Log(reason)
				} else if !near(params, want) && !near(params, published) {
					d := float64(params-want) / float64(want)
					t.Errorf("%d parameters, catalogue %s has %d (%+.2f%%)", params, e.Arch.ID, want, 100*d)
				}
			}
			t.Logf("%s %s %s types %q params %d want %d %v", a.Arch, c.Format, a.Class, a.LayerTypes, params, want, c.Assumptions)
		})
	}
	t.Logf("%d configs read, %d refused with a reason", ok, refused)
}
