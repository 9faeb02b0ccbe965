package accuracy

import "github.com/plimsoll/plimsoll/estimator"

// Schema is the id of the document, as in its schema's $id.
const Schema = "urn:plimsoll:accuracy"

// Classes of metrics: what most of the measured time is spent on, and of
// servers under load what their users see.
const (
	Decode     = "decode"
	Prefill    = "prefill"
	TPOT       = "tpot"
	TTFT       = "ttft"
	Throughput = "throughput"
)

// Classes are all of them, in the order in which they are reported.
var Classes = [...]string{Decode, Prefill, TPOT, TTFT, Throughput}

// Report is the document of plimsoll accuracy.
type Report struct {
	Schema        string `json:"schema" jsonschema:"const=urn:plimsoll:accuracy"`
	SchemaVersion int    `json:"schema_version" jsonschema:"const=1"`
	ToolVersion   string `json:"tool_version"`
	DataVersion   string `json:"data_version"`
	Inputs        Inputs `json:"inputs"`
	// Method says how estimates and measurements were brought together.
	Method []string `json:"method"`
	Rows   Rows     `json:"rows"`
	// Sections holds the figures; the first one is of all rows.
	Sections []Section `json:"sections"`
	// Scaling says how well the gain from more devices is predicted, and
	// ServersWeighted how servers come out when no source outweighs the others by
	// its rows alone; both are absent where there is nothing to sum up.
	Scaling         []Step     `json:"scaling,omitempty"`
	ServersWeighted []Weighted `json:"servers_weighted,omitempty"`
	// Pipelines holds the figures of image, video, speech and embedding models,
	// Memory those of their peaks of memory; of either the first section sums up
	// each class, and the others group the rows of one. They are absent where
	// there are no rows.
	Pipelines []Section `json:"pipelines,omitempty"`
	Memory    []Section `json:"memory,omitempty"`
	// Worst lists the rows with the largest errors, worst first.
	Worst []Comparison `json:"worst"`
	// Measurements lists the user's own rows, Skipped what of the files could
	// not be compared.
	Measurements []Comparison `json:"measurements"`
	Skipped      []Skipped    `json:"skipped"`
	Assumptions  []string     `json:"assumptions"`
}

// Inputs are what was asked, with names as in the catalogues; an empty one
// does not restrict.
type Inputs struct {
	HeldOut string   `json:"held_out,omitempty" jsonschema:"enum=device,enum=model"`
	Quality []string `json:"quality,omitempty"`
	By      []string `json:"by"`
	// Class are the classes of models that were asked for; none: all.
	Class  []string `json:"class,omitempty" jsonschema:"enum=language,enum=text-to-image,enum=text-to-video,enum=speech-recognition,enum=speech-synthesis,enum=speech-denoising,enum=embedding"`
	Metric string   `json:"metric,omitempty" jsonschema:"enum=decode,enum=prefill,enum=tpot,enum=ttft,enum=throughput,enum=memory"`
	Engine string   `json:"engine,omitempty"`
	// PipelineEngine is what the same name stands for among the engines of
	// pipelines, where that is another.
	PipelineEngine string `json:"pipeline_engine,omitempty"`
	Backend        string `json:"backend,omitempty"`
	Device         string `json:"device,omitempty"`
	Model          string `json:"model,omitempty"`
	Kind           string `json:"kind,omitempty"`
	Worst          int    `json:"worst"`

	// The user's own files, and what was said of them.
	From       []string `json:"from,omitempty"`
	Quant      string   `json:"quant,omitempty"`
	On         string   `json:"on,omitempty"`
	Host       string   `json:"host,omitempty"`
	EngineDate string   `json:"engine_date,omitempty"`
}

// Rows counts measurements by their fate.
type Rows struct {
	Collected     int `json:"collected"`      // in the collection, or in the user's files
	Excluded      int `json:"excluded"`       // known to be wrong, or of something else
	NotComparable int `json:"not_comparable"` // the question cannot be put to the estimator
	NotJudged     int `json:"not_judged"`     // no estimate was made without them
	Filtered      int `json:"filtered"`       // not asked for
	Judged        int `json:"judged"`
}

// Add adds the counts of other measurements.
func (r *Rows) Add(n Rows) {
	r.Collected, r.Excluded, r.NotComparable = r.Collected+n.Collected, r.Excluded+n.Excluded, r.NotComparable+n.NotComparable
	r.NotJudged, r.Filtered, r.Judged = r.NotJudged+n.NotJudged, r.Filtered+n.Filtered, r.Judged+n.Judged
}

// Section is one way to group the rows of one class of metric, or of one class
// of pipelines.
type Section struct {
	Metric string  `json:"metric" jsonschema:"enum=decode,enum=prefill,enum=tpot,enum=ttft,enum=throughput,enum=text-to-image,enum=text-to-video,enum=speech-recognition,enum=speech-synthesis,enum=speech-denoising,enum=embedding,enum=all"`
	By     string  `json:"by"` // "all", or the name of a grouping
	Title  string  `json:"title"`
	Groups []Group `json:"groups"`
}

// Group is one line of a section.
type Group struct {
	Name string `json:"name"`
	Summary
}

// Comparison is one measurement beside its estimate.
type Comparison struct {
	ID           string `json:"id"`
	Class        string `json:"class" jsonschema:"enum=language,enum=text-to-image,enum=text-to-video,enum=speech-recognition,enum=speech-synthesis,enum=speech-denoising,enum=embedding"`
	What         string `json:"what"`
	Model        string `json:"model"`
	WeightFormat string `json:"weight_format"`
	Device       string `json:"device"`
	Devices      int    `json:"devices"`
	Engine       string `json:"engine"`
	Backend      string `json:"backend"`
	EngineDate   string `json:"engine_date,omitempty"`
	Metric       string `json:"metric"`
	// Measured and Estimate are in the metric's unit.
	Measured float64          `json:"measured"`
	Estimate estimator.Figure `json:"estimate"`
	// Error is that of the rate, in percent: positive where we say faster; of a
	// peak of memory positive where we say more.
	Error   float64 `json:"error_percent"`
	Inside  bool    `json:"inside_interval"`
	Quality string  `json:"quality" jsonschema:"enum=A,enum=B,enum=C"`
	Source  string  `json:"source"`
	// Reasons are facts that may explain the error; none where nothing is known.
	Reasons []string `json:"likely_reasons"`
}

// Skipped is a part of a user's file that is not compared.
type Skipped struct {
	Source string `json:"source"`
	Line   int    `json:"line"` // 0 when not known
	What   string `json:"what"`
	Reason string `json:"reason"`
}
