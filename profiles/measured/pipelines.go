package measured

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

//go:embed other_classes.csv
var otherCSV string

//go:embed other_classes_sources.csv
var otherSources string

// PipelineColumns are those of other_classes.csv. An empty field is not stated.
var PipelineColumns = []string{"id", "class", "model", "weights", "text_weights", "engine", "version", "backend", "date", "hardware", "devices",
	"parallelism", "offload", "batch", "width", "height", "frames", "fps", "steps", "passes", "audio_s", "input", "output", "threads", "beam", "flash",
	"metric", "value", "caching", "quality", "weight", "exclude", "what", "source"}

// Metrics of pipelines' rows.
const (
	LatencyS     = "latency_s" // of a whole batch
	StepsPerS    = "it_s"      // steps a second, with all passes of a step
	ImagesPerMin = "images_per_min"
	RTF          = "rtf"       // seconds of work a second of audio
	EncodeMs     = "encode_ms" // one window
	DecodeMs     = "decode_ms_per_token"
	SamplesPerS  = "samples_s" // windows of audio, or documents
	DocumentsPS  = "docs_s"
	PeakBytes    = "peak_mem_bytes"
	WeightBytes  = "weight_bytes"
	Feasible     = "feasible" // 0: out of memory
)

// PipelineRow is one measurement of image or video generation, speech,
// embedding or vision. Zero fields were not stated.
type PipelineRow struct {
	ID, Class, Model, Weights, TextWeights   string
	Engine, Version, Backend, Date, Hardware string
	Devices                                  int
	Parallelism, Offload                     string
	Batch, Width, Height, Frames             int
	FPS                                      float64
	Steps, Passes                            int
	AudioSeconds, Input, Output              float64
	Threads, Beam                            int
	Flash                                    string // yes, no or not stated
	Metric                                   string
	Value                                    float64
	// Caching is true where steps were skipped: not comparable.
	Caching bool
	Quality string
	Weight  float64
	Exclude string // why the row is not used, "" where it is
	// What says which memory a peak is of: reserved by an allocator, of the
	// device as its tool tells, or a round figure that was stated.
	What   string
	Source string
}

// Pipelines returns the measurements of pipelines, in the file's order, decoded
// once. The slice is shared: do not change it.
func Pipelines() ([]PipelineRow, error) { return pipelineRows() }

var pipelineRows = sync.OnceValues(func() ([]PipelineRow, error) {
	where, err := sources(otherSources, "other_classes_sources.csv")
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(strings.NewReader(otherCSV))
	r.FieldsPerRecord = len(PipelineColumns)
	lines, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("measured/other_classes.csv: %w", err)
	}
	rows := make([]PipelineRow, 0, len(lines)-1)
	for i, l := range lines[1:] {
		row, err := parsePipeline(l)
		if err == nil {
			row.Source, err = place(where, l[33], "")
		}
		if err != nil {
			return nil, fmt.Errorf("measured/other_classes.csv:%d: %w", i+2, err)
		}
		rows = append(rows, row)
	}
	return rows, nil
})

func parsePipeline(l []string) (PipelineRow, error) {
	row := PipelineRow{ID: l[0], Class: l[1], Model: l[2], Weights: l[3], TextWeights: l[4], Engine: l[5], Version: l[6], Backend: l[7], Date: l[8],
		Hardware: l[9], Parallelism: l[11], Offload: l[12], Flash: l[25], Metric: l[26], Caching: l[28] == "yes", Quality: l[29], Exclude: l[31], What: l[32]}
	var bad error
	number := func(at int, to *float64) {
		if l[at] == "" || bad != nil {
			return
		}
		v, err := strconv.ParseFloat(l[at], 64)
		if err != nil {
			bad = fmt.Errorf("%s: want a number, got %q", PipelineColumns[at], l[at])
		}
		*to = v
	}
	whole := func(at int, to *int) {
		v := 0.0
		number(at, &v)
		*to = int(v)
	}
	whole(10, &row.Devices)
	whole(13, &row.Batch)
	whole(14, &row.Width)
	whole(15, &row.Height)
	whole(16, &row.Frames)
	number(17, &row.FPS)
	whole(18, &row.Steps)
	whole(19, &row.Passes)
	number(20, &row.AudioSeconds)
	number(21, &row.Input)
	number(22, &row.Output)
	whole(23, &row.Threads)
	whole(24, &row.Beam)
	number(27, &row.Value)
	number(30, &row.Weight)
	return row, bad
}
