package profiles

import (
	"encoding/csv"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/memory"
	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/estimator/place"
	"github.com/plimsoll/plimsoll/hardware"
)

// truthRow is one line of measured/memory.csv.
type truthRow map[string]string

func truthRows(t *testing.T) []truthRow {
	t.Helper()
	f, err := os.Open("measured/memory.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []truthRow
	for _, rec := range all[1:] {
		r := truthRow{}
		for i, name := range all[0] {
			r[name] = rec[i]
		}
		rows = append(rows, r)
	}
	return rows
}

func (r truthRow) int(name string) int {
	n, _ := strconv.Atoi(r[name])
	return n
}

// build numbers and version words, oldest first, with the date of release.
var versionDates = []struct{ engine, version, date string }{
	{"llama.cpp", "4905", "2025-03"}, {"llama.cpp", "5269", "2025-05"}, {"llama.cpp", "5622", "2025-06"}, {"llama.cpp", "b9849", "2026-09"},
	{"llama.cpp", "mid 2025", "2025-07"}, {"llama.cpp", "2025 branch", "2025-02"},
	{"vllm", "V0", "2024-12"}, {"vllm", "0.12", "2025-12"}, {"vllm", "0.15", "2026-01"}, {"vllm", "0.16", "2026-01"}, {"vllm", "0.18", "2026-03"},
	{"vllm", "0.19", "2026-04"}, {"vllm", "0.20", "2026-05"}, {"vllm", "(python", "2026-04"},
}

func (r truthRow) date(id string) string {
	for _, v := range versionDates {
		if v.engine == id && strings.Contains(r["engine_version"], v.version) {
			return v.date
		}
	}
	return r["date"]
}

var (
	seqsRE   = regexp.MustCompile(`(\d+) (?:seqs?|slots|cells?,)`)
	totalRE  = regexp.MustCompile(`([\d.]+) GiB`)
	deviceRE = regexp.MustCompile(`^[A-Za-z_]+(\d+)$`)
	layersRE = regexp.MustCompile(`^(\d+)/(\d+)`)
)

// judge is one row with what was worked out for it.
type judged struct {
	row    truthRow
	engine string
	got    float64
	want   float64
	reason string // why a miss is expected
}

func (j *judged) err() float64 { return math.Abs(j.got/j.want - 1) }

// estimateRow works out the figure of a row. skip says why it cannot be.
func estimateRow(r truthRow, hostOnly map[string]bool) (j judged, skip string) {
	j.row = r
	j.want, _ = strconv.ParseFloat(r["value_bytes"], 64)
	switch {
	case r["exclude"] != "":
		return j, "excluded in the table: " + r["exclude"]
	case r["component"] == "peak" && !strings.HasPrefix(r["engine"], "mlx"):
		return j, "peak of a framework outside this accounting (" + r["engine"] + ")"
	case r["model_id"] == "":
		return j, "model not in the catalogue"
	case j.want <= 0:
		return j, "measured as nothing"
	}
	e, err := Engine(r["engine"])
	if err != nil {
		return j, err.Error()
	}
	j.engine = e.ID
	m, err := Model(r["model_id"])
	if err != nil {
		return j, err.Error()
	}
	table, err := Formats()
	if err != nil {
		return j, err.Error()
	}
	notes := r["notes"]
	if strings.Contains(r["engine"], "fork") {
		return j, "fork with a cache type of its own"
	}

	name, weightsKnown := r["weight_format"], true
	w, err := table.Weights(m, name)
	if name == "" || err != nil {
		weightsKnown = false
		if w, err = table.Weights(m, e.DefaultFormat); err != nil {
			if w, err = table.Weights(m, "BF16"); err != nil {
				return j, err.Error()
			}
		}
	}

	n := max(r.int("n_devices"), 1)
	d := engine.Deployment{GPULayers: engine.Auto, KVTypeK: r["kv_type_k"], KVTypeV: r["kv_type_v"], UBatch: r.int("ubatch"), Batch: r.int("batch"),
		Context: r.int("context"), Slots: r.int("slots"), EngineDate: r.date(e.ID), TP: r.int("tp"), PP: r.int("pp"),
		MaxNumBatchedTokens: r.int("max_num_batched_tokens"), MaxNumSeqs: r.int("max_num_seqs")}
	d.MemoryFraction, _ = strconv.ParseFloat(r["gpu_memory_utilization"], 64)
	if strings.Contains(notes, "util 0.95") || strings.Contains(notes, "utilization 0.95") {
		d.MemoryFraction = 0.95
	}
	if fa := r["flash_attention"]; fa != "" {
		on := fa == "on"
		d.Flash = &on
	}
	switch {
	case strings.Contains(notes, "mla_attn=1"):
		d.MLA = "latent+v"
	case strings.Contains(notes, "mla_attn="):
		d.MLA = "latent"
	case e.ID == "ik_llama.cpp":
		d.MLA = "expanded"
	}
	llama := e.Family == engine.LlamaCpp
	if llama {
		switch r["split"] {
		case "row":
			d.Split = engine.SplitRow
		case "tensor":
			return j, "split over devices by a backend not accounted for"
		}
		ngl := r["gpu_layers"]
		if mm := layersRE.FindStringSubmatch(ngl); mm != nil {
			a, _ := strconv.Atoi(mm[1])
			b, _ := strconv.Atoi(mm[2])
			d.GPULayers = a
			if a >= b {
				d.GPULayers = len(m.Layers) + 1
			}
		} else if strings.HasPrefix(ngl, "cpu only") || ngl == "" && hostOnly[r["run_id"]] {
			d.GPULayers = 0
		} else {
			d.GPULayers = len(m.Layers) + 1
		}
		if r["cpu_moe"] != "" {
			d.CPUMoE = len(m.Layers)
		}
	}
	if r["split"] == "tensor" && d.TP == 0 {
		d.TP = n
	}
	vendor := "NVIDIA"
	if e.ID == "mlx" {
		vendor = "Apple"
	}
	for prefix, v := range map[string]string{"ROCm": "AMD", "Vulkan": "AMD", "Metal": "Apple"} {
		if strings.HasPrefix(r["device_index"], prefix) {
			vendor = v
		}
	}
	dev := &hardware.Device{Vendor: vendor, Name: r["hardware_raw"], MemoryBytes: 4096 * hardware.GiB}
	if mm := totalRE.FindStringSubmatch(r["hardware_raw"]); mm != nil {
		g, _ := strconv.ParseFloat(mm[1], 64)
		dev.MemoryBytes = int64(g * float64(hardware.GiB))
		dev.UsableBytes = dev.MemoryBytes
	} else if e.Family == engine.VLLM || e.Family == engine.SGLang {
		dev.MemoryBytes = 24 * hardware.GiB
		if strings.HasPrefix(r["component"], "kv_") && !strings.Contains(notes, "needed for one") {
			return j, "the device's total as the driver reports it was not printed"
		}
	}
	if strings.Contains(r["hardware_raw"], "80 GB") || strings.Contains(r["hardware_raw"], "H100") {
		dev.NVLinkGBps = 600
	}
	node := &hardware.Node{Host: hardware.Host{MemoryBytes: 8192 * hardware.GiB}}
	if d.GPULayers != 0 {
		for range n {
			node.Devices = append(node.Devices, dev)
		}
	}
	work := engine.Workload{Batch: 1, InputTokens: 1}
	if e.ID == "mlx" {
		work = engine.Workload{Batch: 1, InputTokens: 2048, OutputTokens: 128}
		d.Context, d.Batch = 0, 0
	}
	s, err := e.Resolve(d, work, m, node, table.BytesPerElement)
	if err != nil {
		return j, err.Error()
	}
	in := memory.Input{Model: m, Weights: w, Node: node, Settings: &s, Workload: work}
	var p place.Placement
	place.Build(&p, &place.Input{Layers: len(m.Layers), Node: node, Settings: &s}, map[bool]int{true: d.GPULayers, false: len(m.Layers) + 1}[d.GPULayers >= 0], s.CPUMoE)
	ledgers, err := memory.Account(&in, &p)
	if err != nil {
		return j, err.Error()
	}
	return compareRow(r, j, m.Arch.MLA != nil, w.MixNote, weightsKnown, w.Total, params(m), &s, &p, ledgers)
}

func params(m *model.Model) int64 {
	n := m.EmbeddingParams + m.OutputParams + m.OtherParams
	for i := range m.Layers {
		n += m.Layers[i].Params()
	}
	return n
}

var bpwRE = regexp.MustCompile(`([\d.]+) BPW`)

// mislabelled says that the loader's own bits per weight are far from those
// of the format in the label: the maker mixed types of his own choice, and
// nobody could tell the file's size by its label. Such rows are listed, and
// kept apart from those of standard mixes.
func mislabelled(notes string, total, params int64) bool {
	mm := bpwRE.FindStringSubmatch(notes)
	if mm == nil || params == 0 {
		return false
	}
	printed, _ := strconv.ParseFloat(mm[1], 64)
	return math.Abs(printed/(float64(total)*8/float64(params))-1) > 0.04
}

// sumRow adds a component over the ledgers that a row speaks of.
func sumRow(r truthRow, p *place.Placement, ledgers []memory.Ledger, c memory.Component) (float64, bool) {
	last := len(ledgers) - 1
	total := func(from, to int) (s float64) {
		for i := from; i < to; i++ {
			b, _, _ := ledgers[i].Get(c)
			s += float64(b)
		}
		return s
	}
	switch dev := r["device_index"]; {
	case dev == "host":
		return total(last, last+1), true
	case dev == "each":
		return total(0, 1), true
	case strings.Contains(r["notes"], "GPU weight buffers"):
		return total(0, last), true
	case dev == "all" || dev == "":
		return total(0, last+1), true
	default:
		if mm := deviceRE.FindStringSubmatch(dev); mm != nil {
			if i, _ := strconv.Atoi(mm[1]); i < last {
				return total(i, i+1), true
			}
		}
		if dev == "Metal" && last > 0 {
			return total(0, 1), true
		}
		return 0, false
	}
}

// compareRow says what the ledgers give for the row.
func compareRow(r truthRow, j judged, mla bool, mixNote string, weightsKnown bool, total, params int64, s *engine.Settings, p *place.Placement, ledgers []memory.Ledger) (judged, string) {
	notes := r["notes"]
	override := strings.HasPrefix(r["cpu_moe"], "override")
	llama := s.Engine.Family == engine.LlamaCpp
	var ok bool
	switch r["component"] {
	case "weights":
		if mislabelled(notes, total, params) {
			mixNote = "label and the bits per weight printed beside it differ"
		}
		switch {
		case strings.HasPrefix(r["gpu_layers"], "0/") && strings.Contains(r["hardware_raw"], "16x"):
			return j, "settings contradict the buffers printed"
		case strings.Contains(notes, "AMX") || strings.Contains(r["model_raw"], "R1 BF16") && strings.Contains(notes, "CPU_Mapped"):
			return j, "repacked copy beside the mapped file"
		case s.Split == engine.SplitRow && r["device_index"] == "CUDA0":
			return j, "row split prints its matrices in a buffer of their own"
		case !weightsKnown:
			return j, "weight format not given or of no formula: " + r["weight_format"]
		case llama && r["device_index"] == "all" && !strings.Contains(notes, "GPU weight buffers"):
			j.got = float64(total)
			j.reason = mixNote
			return j, ""
		case override || strings.Contains(r["cpu_moe"], "fit"):
			return j, "weights per memory under tensor overrides whose layers were not recorded"
		case len(p.Shares) > 2 && llama && s.Split == engine.SplitLayer && r["device_index"] != "host":
			return j, "weights per device under an unknown tensor split"
		}
		if j.got, ok = sumRow(r, p, ledgers, memory.Weights); !ok {
			return j, "device not in the placement: " + r["device_index"]
		}
		j.reason = mixNote
	case "kv_cache":
		if !llama {
			if ledgers[0].PoolBytes == 0 && !strings.Contains(notes, "needed for one") {
				return j, "no pool could be worked out"
			}
			j.got = float64(ledgers[0].PoolBytes)
			if strings.Contains(notes, "needed for one") {
				b, _, _ := ledgers[0].Get(memory.KVCache)
				j.got = float64(b)
			}
			return j, ""
		}
		switch {
		case r["context"] == "":
			return j, "context not given"
		case strings.Contains(notes, "MTP draft"):
			return j, "cache of a prediction layer"
		case strings.Contains(notes, "context of the fit table") || strings.Contains(notes, `column "context"`):
			return j, "cache and state in one figure, slots not given"
		case strings.Contains(notes, "non-SWA") || strings.Contains(notes, "SWA,"):
			return windowRow(r, j, s, ledgers)
		case len(p.Shares) > 2 && r["device_index"] != "all":
			return j, "cache per device under an unknown tensor split"
		}
		if j.got, ok = sumRow(r, p, ledgers, memory.KVCache); !ok {
			return j, "device not in the placement: " + r["device_index"]
		}
	case "recurrent_state":
		slots := max(r.int("slots"), 1)
		if mm := seqsRE.FindStringSubmatch(notes); mm != nil {
			slots, _ = strconv.Atoi(mm[1])
		}
		if strings.Contains(notes, "4 x 19.27") {
			slots = 4
		}
		if strings.Contains(notes, "n_max 6") {
			slots *= 7 // rollback states of speculative decoding
		}
		got, _ := sumRow(truthRow{"device_index": "all"}, p, ledgers, memory.Recurrent)
		j.got = got * float64(slots) / float64(s.Slots)
	case "compute":
		if llama {
			switch {
			case r["context"] == "" || r["ubatch"] == "" || r["flash_attention"] == "":
				return j, "context, micro-batch or flash attention not given"
			case mla && s.MLA != "expanded" && r["device_index"] != "host":
				return j, "buffers of latent attention depend on -amb and -fmoe, which were not recorded"
			case mla && s.MLA != "expanded" && s.GPULayers == 0 && s.FlashOn:
				return j, "buffers of latent attention depend on -amb and -fmoe, which were not recorded"
			case s.GPULayers == 0 && r["device_index"] != "host" || s.GPULayers == 0 && strings.Contains(notes, "CUDA"):
				return j, "device used for prompts only, with no layers on it"
			case strings.Contains(r["gpu_layers"], "0/") && strings.HasPrefix(r["gpu_layers"], "0/") && !strings.HasPrefix(r["hardware_raw"], "CPU"):
				return j, "device used for prompts only, with no layers on it"
			case strings.Contains(notes, "buffer=CPU;") && override:
				return j, "small buffer of the router on the processor, not modelled"
			}
		}
		if llama && r["device_index"] == "all" && len(p.Shares) > 1 {
			r = truthRow{"device_index": "CUDA0"} // one device: its own buffer
		}
		if j.got, ok = sumRow(r, p, ledgers, memory.Compute); !ok {
			return j, "device not in the placement: " + r["device_index"]
		}
		if j.got == 0 {
			return j, "nothing computed there"
		}
	case "overhead":
		i := slices.IndexFunc(ledgers[0].Lines, func(l memory.Line) bool {
			return l.Component == memory.Runtime && (l.Note == "captured graphs") == strings.Contains(notes, "CUDA graph")
		})
		if i < 0 {
			return j, "no such line"
		}
		j.got = float64(ledgers[0].Lines[i].Bytes)
	case "kv_tokens":
		j.got = float64(ledgers[0].PoolTokens)
		if j.got == 0 {
			return j, "no pool could be worked out"
		}
	case "peak":
		j.got = float64(ledgers[0].Need)
		if p.Unified {
			j.got = float64(ledgers[0].Need)
		}
	case "total":
		if !llama || r["context"] == "" || r["ubatch"] == "" || r["cpu_moe"] != "" {
			return j, "total with unknown settings"
		}
		for i := range ledgers {
			j.got += float64(ledgers[i].Need)
		}
	}
	return j, ""
}

// windowRow compares the two caches of windowed models one by one.
func windowRow(r truthRow, j judged, s *engine.Settings, ledgers []memory.Ledger) (judged, string) {
	var all float64
	for i := range ledgers {
		b, _, _ := ledgers[i].Get(memory.KVCache)
		all += float64(b)
	}
	full := *s
	full.Rules = new(engine.Rules)
	*full.Rules = *s.Rules
	m, err := Model(r["model_id"])
	if err != nil {
		return j, err.Error()
	}
	j.got = 0
	for i := range m.Layers {
		l := &m.Layers[i]
		if !l.OwnsCache || (l.Window > 0) != strings.HasPrefix(r["notes"], "SWA") {
			continue
		}
		cells := s.Cells
		if l.Window > 0 {
			cells = s.WindowCells(l.Window)
		}
		j.got += float64(cells) * float64(l.KVHeads) * (float64(l.HeadDimK)*s.KVBytesK + float64(l.HeadDimV)*s.KVBytesV)
	}
	return j, ""
}
