package profiles

import (
	"encoding/csv"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/model"
)

// tokenizerBytes is what a GGUF file holds beside its tensors: about 23 bytes
// per token and 17 per merge, as many merges as tokens for byte-pair
// vocabularies (read from headers of published files).
func tokenizerBytes(m *model.Model) int64 {
	per := int64(23)
	if m.Arch.VocabSize > 60000 && !strings.HasPrefix(m.Arch.Family, "gemma") {
		per += 17
	}
	return per * int64(m.Arch.VocabSize)
}

// contradictory lists rows that no mix of their name can have.
var contradictory = map[string]string{
	"qwen2.5-3b Q5_K_M 2297807503":                  "the same file's other print, less the embedding counted twice, is 2.22e9",
	"nemotron-3-super-120b-a12b Q4_K_M 69900592742": "4.64 bits per weight, below what the mix gives rows of 2688 (no multiple of 256): made otherwise",
}

// TestSizesOfPublishedFiles compares weights worked out from the architecture
// with the sizes of real files (measured/gguf_sizes.csv, sources there).
// Left out: rows without a catalogue id, rows that are not the standard mix,
// and files with tensors that the format does not ask for.
func TestSizesOfPublishedFiles(t *testing.T) {
	f, err := os.Open("measured/gguf_sizes.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	col := map[string]int{}
	for i, h := range rows[0] {
		col[h] = i
	}
	table, err := Formats()
	if err != nil {
		t.Fatal(err)
	}
	var errs []float64
	for _, r := range rows[1:] {
		get := func(name string) string { return r[col[name]] }
		if get("model_id") == "" || get("weight_format") == "" {
			continue
		}
		m, err := Model(get("model_id"))
		if err != nil {
			t.Errorf("%s: %v", get("model_id"), err)
			continue
		}
		w, err := table.Weights(m, get("weight_format"))
		if err != nil {
			t.Errorf("%s %s: %v", get("model_id"), get("weight_format"), err)
			continue
		}
		size, _ := strconv.ParseInt(get("size_bytes"), 10, 64)
		extra := get("has_mtp_or_extra")
		got, low, high := w.Total, w.Low, w.High
		if strings.Contains(extra, "counted a second time") {
			head := w.Embedding
			got, low, high = got+head, low+head, high+head
		}
		if get("size_of") == "whole file" {
			n := tokenizerBytes(m)
			got, low, high = got+n, low+n, high+n
		}
		// the interval is of makers with and without importance matrix; the
		// row's maker used one of the two
		off := float64(got)/float64(size) - 1
		best := off
		for _, v := range []int64{low, high} {
			if e := float64(v)/float64(size) - 1; math.Abs(e) < math.Abs(best) {
				best = e
			}
		}
		standard := get("standard_mix") == "yes" && !strings.HasPrefix(extra, "extra:") &&
			contradictory[get("model_id")+" "+get("weight_format")+" "+get("size_bytes")] == ""
		mark := " "
		if standard {
			errs = append(errs, math.Abs(off))
			if math.Abs(off) > 0.0025 {
				mark = "*"
			}
		}
		t.Logf("%s %-28s %-16s std=%-5v %14d of %14d  %+.3f%% (nearest end %+.3f%%) %s", mark, get("model_id"), get("weight_format"), standard, got, size, off*100, best*100, w.Basis)
	}
	slices.Sort(errs)
	if len(errs) < 60 {
		t.Fatalf("only %d rows to judge by", len(errs))
	}
	median, p90 := errs[(len(errs)-1)/2], errs[(len(errs)*9+9)/10-1] // nearest rank
	t.Logf("%d standard sizes: median %.3f%%, p90 %.3f%%, worst %.3f%%", len(errs), median*100, p90*100, errs[len(errs)-1]*100)
	if median > 0.001 || p90 > 0.005 {
		t.Errorf("median %.3f%% and p90 %.3f%% of the size, wanted at most 0.1%% and 0.5%%", median*100, p90*100)
	}
}
