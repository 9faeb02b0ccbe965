package measured

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

//go:embed speed_local.csv
var localCSV string

//go:embed speed_local_sources.csv
var localSources string

// Columns are those of speed_local.csv. An empty field stands for the usual
// value: 1 device, no split, all on the GPU, batch 1, depth 0.
var Columns = []string{"id", "model", "weights", "kv", "engine", "backend", "version", "date", "hardware", "host", "devices",
	"split", "tp", "pp", "dp", "offload", "gpu_layers", "cpu_moe", "threads", "batch", "ubatch", "flash", "input", "output",
	"depth", "depth_mean", "metric", "value", "wall", "speculative", "power_w", "quality", "exclude", "source", "extra"}

// Local returns the single-machine measurements, in the file's order, decoded
// once. The slice is shared: do not change it.
func Local() ([]Row, error) { return localRows() }

var localRows = sync.OnceValues(func() ([]Row, error) { return parse(localCSV, localSources) })

func parse(data, origins string) ([]Row, error) {
	where, err := sources(origins, "speed_local_sources.csv")
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(strings.NewReader(data))
	r.FieldsPerRecord = len(Columns)
	lines, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("measured/speed_local.csv: %w", err)
	}
	rows := make([]Row, 0, len(lines)-1)
	for i, l := range lines[1:] {
		row, err := parseRow(l)
		if err == nil {
			row.Source, err = place(where, l[33], l[34])
		}
		if err != nil {
			return nil, fmt.Errorf("measured/speed_local.csv:%d: %w", i+2, err)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// sources reads a table of sources: by number, where the rows come from.
func sources(data, file string) (map[string]string, error) {
	lines, err := csv.NewReader(strings.NewReader(data)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("measured/%s: %w", file, err)
	}
	where := make(map[string]string, len(lines))
	for _, l := range lines[1:] {
		where[l[0]] = l[1]
	}
	return where, nil
}

// place returns where a row comes from: a source, and the place within it.
func place(where map[string]string, source, extra string) (string, error) {
	s, ok := where[source]
	if !ok {
		return "", fmt.Errorf("source %q is not in the table of sources", source)
	}
	if extra != "" {
		s += "#" + extra
	}
	return s, nil
}

func parseRow(l []string) (Row, error) {
	var bad error
	number := func(column, unset int) int {
		if l[column] == "" {
			return unset
		}
		n, err := strconv.Atoi(l[column])
		if (err != nil || n < 0) && bad == nil {
			bad = fmt.Errorf("%s: want a whole number, got %q", Columns[column], l[column])
		}
		return n
	}
	or := func(column int, usual string) string {
		if l[column] == "" {
			return usual
		}
		return l[column]
	}
	row := Row{ID: l[0], Model: l[1], Weights: l[2], KV: l[3], Engine: l[4], Backend: l[5], Version: l[6], Date: l[7],
		Hardware: l[8], Host: l[9], Devices: number(10, 1), Split: l[11], TP: number(12, 0), PP: number(13, 0), DP: number(14, 0),
		Offload: or(15, "gpu"), GPULayers: number(16, -1), CPUMoE: number(17, -1), Threads: number(18, 0), Batch: number(19, 1),
		UBatch: number(20, 0), Flash: l[21], Input: number(22, 0), Output: number(23, 0), Depth: number(24, 0), DepthMean: number(25, 0),
		Metric: l[26], WallClock: l[28] != "", Speculative: l[29] != "", PowerWatts: number(30, 0), Exclude: l[32]}
	if len(l[31]) == 1 {
		row.Quality = l[31][0]
	}
	v, err := strconv.ParseFloat(l[27], 64)
	if err != nil || v <= 0 {
		return row, fmt.Errorf("value: want a number above 0, got %q", l[27])
	}
	row.Value = v
	return row, bad
}
