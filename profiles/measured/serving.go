package measured

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed speed_serving.csv
var servingCSV string

//go:embed speed_serving_sources.csv
var servingSources string

// engineVersions gives the month of versions of which the rows state none, or
// only that of the run, long after.
//
//go:embed engine_versions.csv
var engineVersions string

// ServingColumns are those of speed_serving.csv. An empty field stands for the
// usual value: 1 device, 1 node, no division, 1 sequence.
var ServingColumns = []string{"id", "class", "model", "weights", "moe_weights", "kv", "engine", "version", "date", "hardware", "devices",
	"devices_per_node", "nodes", "tp", "pp", "ep", "dp", "moe_tp", "disaggregated", "batch", "rate", "input", "output",
	"metric", "statistic", "value", "speculative", "quality", "weight", "exclude", "source", "extra", "drawn"}

// Classes of serving measurements: how the load was made.
const (
	StaticBatch = "static-batch"   // a batch of equal requests runs to its end
	BatchOne    = "batch1-latency" // one request at a time
	ClosedLoop  = "closed-loop"    // Batch users, each sends when the last answer is there
	OpenLoop    = "open-loop"      // Rate requests per second
	Saturated   = "saturated"      // all requests at once, more than fit
)

// More metrics, of serving rows.
const (
	Total    = "total_tok_s" // prompt and generated tokens per second, all sequences
	Requests = "requests_s"
)

// ServingRow is one measurement of a server.
type ServingRow struct {
	Row
	Class          string
	MoEWeights     string // weight format of the experts where it differs
	DevicesPerNode int
	Nodes          int // at least 1
	EP, MoETP      int // 0 when not stated
	Disaggregated  bool
	Rate           float64 // requests/s, +Inf for all at once, 0 when not stated
	Statistic      string  // mean, median or "" or unknown
	// Drawn says that Input and Output are nominal, and the benchmark drew each
	// request's lengths at 0.8 to 1 of them.
	Drawn  bool
	Weight float64 // share of its sweep
}

// Serving returns the measurements of servers, in the file's order, decoded
// once. The slice is shared: do not change it.
func Serving() ([]ServingRow, error) { return servingRows() }

var servingRows = sync.OnceValues(func() ([]ServingRow, error) {
	where, err := sources(servingSources, "speed_serving_sources.csv")
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(strings.NewReader(servingCSV))
	r.FieldsPerRecord = len(ServingColumns)
	lines, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("measured/speed_serving.csv: %w", err)
	}
	if !slices.Equal(lines[0], ServingColumns) {
		return nil, fmt.Errorf("measured/speed_serving.csv:1: want the columns %s", strings.Join(ServingColumns, ","))
	}
	months, err := versionMonths(engineVersions)
	if err != nil {
		return nil, err
	}
	rows := make([]ServingRow, 0, len(lines)-1)
	for i, l := range lines[1:] {
		row, err := parseServing(l)
		if m, ok := months[[2]string{row.Engine, row.Version}]; ok {
			row.Date = m
		}
		if err == nil {
			row.Source, err = place(where, l[30], l[31])
		}
		if err != nil {
			return nil, fmt.Errorf("measured/speed_serving.csv:%d: %w", i+2, err)
		}
		rows = append(rows, row)
	}
	return rows, nil
})

func versionMonths(data string) (map[[2]string]string, error) {
	lines, err := csv.NewReader(strings.NewReader(data)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("measured/engine_versions.csv: %w", err)
	}
	months := make(map[[2]string]string, len(lines))
	for _, l := range lines[1:] {
		months[[2]string{l[0], l[1]}] = l[2]
	}
	return months, nil
}

func parseServing(l []string) (ServingRow, error) {
	var bad error
	fail := func(column int, want string) {
		if bad == nil {
			bad = fmt.Errorf("%s: want %s, got %q", ServingColumns[column], want, l[column])
		}
	}
	number := func(column, unset int) int {
		if l[column] == "" {
			return unset
		}
		n, err := strconv.Atoi(l[column])
		if err != nil || n < 0 {
			fail(column, "a whole number")
		}
		return n
	}
	float := func(column int) float64 {
		if l[column] == "" {
			return 0
		}
		v, err := strconv.ParseFloat(l[column], 64)
		if err != nil || !(v >= 0) {
			fail(column, "a number of at least 0")
		}
		return v
	}
	row := ServingRow{Class: l[1], MoEWeights: l[4], DevicesPerNode: number(11, 0), Nodes: number(12, 1),
		EP: number(15, 0), MoETP: number(17, 0), Disaggregated: l[18] != "", Rate: float(20), Statistic: l[24], Weight: float(28)}
	row.Row = Row{ID: l[0], Model: l[2], Weights: l[3], KV: l[5], Engine: l[6], Version: l[7], Date: l[8], Hardware: l[9],
		Devices: number(10, 1), TP: number(13, 0), PP: number(14, 0), DP: number(16, 0), Offload: "gpu", GPULayers: -1, CPUMoE: -1,
		Batch: number(19, 1), Input: int(math.Round(float(21))), Output: int(math.Round(float(22))), Metric: l[23], Value: float(25),
		Speculative: l[26] == "yes", Exclude: l[29]}
	row.Drawn = l[32] == "yes"
	if len(l[27]) == 1 {
		row.Quality = l[27][0]
	}
	if row.Value <= 0 || math.IsInf(row.Value, 0) {
		fail(25, "a number above 0")
	}
	return row, bad
}
