package benchfile

import (
	"strconv"
	"strings"
)

// benchTable reads the Markdown table of llama-bench. The build stands below
// the table, so the tests wait for it; devices stand in the log above.
type benchTable struct {
	r       *reader
	log     *logContext
	header  []string
	waiting []waitingTest
}

type waitingTest struct {
	t benchTest
	d Detail
}

// tableColumns maps the table's short names to those of the JSON.
var tableColumns = map[string]string{
	"model": "model_type", "size": "size", "params": "params", "backend": "backends", "ngl": "n_gpu_layers",
	"threads": "n_threads", "sm": "split_mode", "mg": "main_gpu", "nkvo": "no_kv_offload", "fa": "flash_attn", "dev": "devices",
	"ts": "tensor_split", "ot": "tensor_buft_overrides", "embd": "embeddings", "nopo": "no_op_offload", "ncmoe": "n_cpu_moe",
	"test": "test", "t/s": "t/s",
}

var (
	buildLine = lazy(`^build: ([0-9a-z]+) \((\d+)\)`)
	tableTest = lazy(`^(?:pp ?(\d+))?\+?(?:tg ?(\d+))?(?: @ d ?(\d+))?$`)
	figures   = lazy(`[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?`)
)

func (b *benchTable) line(n int, s string) {
	s = strings.TrimSpace(s)
	if m := buildLine.FindStringSubmatch(s); m != nil {
		b.flush(m[1], m[2])
		return
	}
	if !strings.HasPrefix(s, "|") {
		return
	}
	cells := strings.Split(strings.Trim(s, "|"), "|")
	if len(cells) > 100 {
		return
	}
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	if cells[0] == "model" && cells[len(cells)-1] == "t/s" {
		b.header = cells
		b.r.tools[LlamaBench] = true
		return
	}
	if b.header == nil || strings.Trim(cells[0], "-: ") == "" {
		return
	}
	if len(cells) != len(b.header) {
		b.r.skip(n, "", "a row with another number of cells than the header")
		return
	}
	b.row(n, cells)
}

func (b *benchTable) row(n int, cells []string) {
	t, d := benchTest{}, Detail{Line: n}
	for i, name := range b.header {
		key, ok := tableColumns[name]
		if !ok {
			key = name
		}
		switch cell := cells[i]; key {
		case "test":
			m := tableTest.FindStringSubmatch(cell)
			if m == nil {
				b.r.skip(n, cell, "a test that is neither ppN nor tgN")
				return
			}
			t["n_prompt"], t["n_gen"], t["n_depth"] = m[1], m[2], m[3]
		case "t/s":
			// the sign between may be garbled by the terminal's code page
			f := figures.FindAllString(cell, 3)
			if len(f) == 0 {
				b.r.skip(n, t.name(), "no figure in the column t/s")
				return
			}
			t["avg_ts"] = f[0]
			if len(f) > 1 {
				t["stddev_ts"] = f[1]
				d.StdDev = number(f[1])
			}
		case "size":
			d.WeightBytes = scaled(cell, map[string]float64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40})
		case "params":
			d.Params = scaled(cell, map[string]float64{"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12})
		default:
			if benchFields[key] {
				t[key] = cell
			}
		}
	}
	d.ModelType = t["model_type"]
	t["gpu_info"], t["cpu_info"] = strings.Join(b.log.gpus, ", "), b.log.cpu
	if len(b.waiting) >= maxRows {
		b.flush("", "")
	}
	b.waiting = append(b.waiting, waitingTest{t, d})
}

// flush makes the rows of the tests so far, with the build below them.
func (b *benchTable) flush(commit, number string) {
	for _, w := range b.waiting {
		w.t["build_commit"], w.t["build_number"] = commit, number
		b.r.benchRow(w.t, w.d)
	}
	b.waiting = nil
}

func (b *benchTable) end() { b.flush("", "") }

// scaled reads a number with a unit, 0 if it is none.
func scaled(s string, units map[string]float64) int64 {
	f := strings.Fields(s)
	if len(f) != 2 || units[f[1]] == 0 {
		return 0
	}
	v, err := strconv.ParseFloat(f[0], 64)
	if v *= units[f[1]]; err != nil || !(v > 0 && v < 1<<53) {
		return 0
	}
	return int64(v)
}
