package profiles

import (
	_ "embed" // the published models
	"fmt"

	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/estimator/scaling"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles/names"
)

//go:embed scaling/models.csv
var trainedCSV string

//go:embed scaling/runs.csv
var runsCSV string

//go:embed scaling/assumptions.csv
var trainingCSV string

var (
	trainedTable  = table{file: "scaling/models.csv", kind: "published model", text: trainedCSV}
	runTable      = table{file: "scaling/runs.csv", kind: "training run", text: runsCSV}
	trainingTable = table{file: "scaling/assumptions.csv", kind: "assumption", text: trainingCSV}
)

// TrainedModel is a published model with what it was trained on.
type TrainedModel struct {
	ID, Name     string
	Aliases      []string
	Year         int
	Params       float64
	ActiveParams float64 // of a mixture of experts; else Params
	Tokens       float64 // 0: not published
	// FLOPs is the training compute as published, 0 where not; Low and High
	// differ from it where only estimates are known.
	FLOPs, FLOPsLow, FLOPsHigh float64
	Checked, Note, Source      string
}

// TrainedModels lists the published models, oldest first.
func TrainedModels() ([]TrainedModel, error) {
	var list []TrainedModel
	for r := range trainedTable.rows() {
		m := TrainedModel{ID: r.text("id"), Aliases: r.list("aliases"), Name: r.text("name"), Year: r.integer("year"), Params: r.number("params"),
			ActiveParams: r.number("active_params"), Tokens: r.number("tokens"), FLOPs: r.number("flops"), FLOPsLow: r.number("flops_low"),
			FLOPsHigh: r.number("flops_high"), Checked: r.text("checked"), Note: r.text("note"), Source: r.text("source")}
		if err := r.fault(); err != nil {
			return nil, err
		}
		if m.ActiveParams == 0 {
			m.ActiveParams = m.Params
		}
		if m.FLOPsLow == 0 {
			m.FLOPsLow, m.FLOPsHigh = m.FLOPs, m.FLOPs
		}
		list = append(list, m)
	}
	return list, nil
}

// FindTrainedModel returns the published model that a name means, letter for
// letter but for case and separators. ok is false where there is none.
func FindTrainedModel(query string) (m TrainedModel, ok bool) {
	list, err := TrainedModels()
	if err != nil {
		return m, false
	}
	key := names.Normalize(query)
	for _, m := range list {
		for _, name := range append([]string{m.ID, m.Name}, m.Aliases...) {
			if names.Normalize(name) == key {
				return m, true
			}
		}
	}
	return m, false
}

// TrainingRun is a published training run with the share of the peak it
// reached.
type TrainingRun struct {
	Model, Device string // ids of scaling/models.csv and of the accelerators
	Devices       int    // 0: not known
	DeviceHours   float64
	MFU           scaling.Level
	Derived       bool // MFU is worked out from the device hours
	Source        string
}

// TrainingRuns lists the published training runs.
func TrainingRuns() ([]TrainingRun, error) {
	var list []TrainingRun
	for r := range runTable.rows() {
		run := TrainingRun{Model: r.text("model"), Device: r.text("device"), Devices: r.integer("devices"), DeviceHours: r.number("device_hours"),
			MFU:     scaling.Level{Value: r.number("mfu"), Low: r.number("mfu_low"), High: r.number("mfu_high")},
			Derived: r.text("basis") == "derived", Source: r.text("source")}
		if run.MFU.Low == 0 {
			run.MFU = scaling.Exact(run.MFU.Value)
		}
		if r.err == nil {
			r.err = scaling.CheckMFU(run.MFU)
		}
		if err := r.fault(); err != nil {
			return nil, err
		}
		list = append(list, run)
	}
	return list, nil
}

// TrainingStateBytes is what training keeps in memory for each parameter,
// beside activations, and where that is from.
func TrainingStateBytes() (bytes float64, source string, err error) {
	r, ok := trainingTable.find("state_bytes_per_parameter")
	if !ok {
		return 0, "", fmt.Errorf("%s: no state_bytes_per_parameter", trainingTable.file)
	}
	bytes, source = r.number("value"), r.text("source")
	return bytes, source, r.fault()
}

// Parameters counts a model by its tensor inventory: all parameters of its
// text decoder, those that one token uses, and those outside the embedding and
// the output head.
func Parameters(m *model.Model) (total, active, nonEmbedding int64) {
	total = m.EmbeddingParams + m.OutputParams + m.OtherParams
	active = total
	for i := range m.Layers {
		total += m.Layers[i].Params()
		active += m.Layers[i].ActiveParams()
	}
	return total, active, total - m.EmbeddingParams - m.OutputParams
}

// Precisions are the formats that training multiplies in.
var Precisions = []string{"bf16", "fp16", "fp8", "fp32"}

// TrainingPeak is a device's peak dense rate in FLOP/s in a precision, and
// which of its rates that is. Where none is known of BF16, FP16 with sums in
// FP32 stands in, as it does for FP16.
func TrainingPeak(d *hardware.Device, precision string) (flops float64, rate string, err error) {
	type named struct {
		name   string
		tflops float64
	}
	r := &d.Rates
	half := []named{{"fp16_acc32", r.FP16Acc32}, {"fp16", r.FP16}}
	var rates []named
	switch precision {
	case "bf16":
		rates = append([]named{{"bf16", r.BF16}}, half...)
	case "fp16":
		rates = half
	case "fp8":
		rates = []named{{"fp8", r.FP8}}
	case "fp32":
		rates = []named{{"fp32", r.FP32}}
	}
	for _, n := range rates {
		if n.tflops > 0 {
			return n.tflops * 1e12, n.name, nil
		}
	}
	return 0, "", fmt.Errorf("%s: no %s rate is known", d.ID, precision)
}
