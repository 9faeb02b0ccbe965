package report

import (
	"github.com/plimsoll/plimsoll/cmd/internal/money"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
)

// CompareSchema is the id of the document of plimsoll compare.
const CompareSchema = "urn:plimsoll:compare"

// Compare is the document of plimsoll compare. Tables, CSV and pictures are
// made from it alone.
type Compare struct {
	Schema        string        `json:"schema" jsonschema:"const=urn:plimsoll:compare"`
	SchemaVersion int           `json:"schema_version" jsonschema:"const=1"`
	ToolVersion   string        `json:"tool_version"`
	DataVersion   string        `json:"data_version"`
	Inputs        CompareInputs `json:"inputs"`
	// Varies names the fields of the scenarios in which the rows differ: the
	// keys of their labels.
	Varies []string `json:"varies"`
	// Baseline is the name of the row that ratios are to; empty: there are none.
	Baseline string       `json:"baseline,omitempty"`
	Front    CompareFront `json:"pareto_front"`
	Coverage Coverage     `json:"coverage"`
	Rows     []CompareRow `json:"rows"`
	// Assumptions and Warnings are those of all rows; rows list their others.
	Assumptions []string            `json:"assumptions"`
	Warnings    []estimator.Warning `json:"warnings"`
}

// CompareInputs are what was asked, names resolved: fed back, they give the
// same document.
type CompareInputs struct {
	Scenarios []scenario.Scenario `json:"scenarios"` // in the order of the rows
	Sort      string              `json:"sort,omitempty"`
	Baseline  string              `json:"baseline,omitempty"`
	Require   []string            `json:"require,omitempty"`
	Prices    money.Options       `json:"prices"`
	Roofline  bool                `json:"roofline,omitempty"` // the work of the phases was asked for
}

// CompareFront says what the Pareto front weighs: a row is on it when no
// other is at least as good in both figures and better in one.
type CompareFront struct {
	X     string `json:"x"`
	Y     string `json:"y"`
	Words string `json:"words"`
}

// Coverage counts the rows.
type Coverage struct {
	Asked     int `json:"asked"`
	Estimated int `json:"estimated"`
}

// CompareRow is one scenario with its answer. Where it could not be estimated
// at all, Error says why and the figures are null.
type CompareRow struct {
	Name    string            `json:"name"`
	Labels  map[string]string `json:"labels"` // by the fields of varies
	Verdict estimator.Verdict `json:"verdict,omitempty" jsonschema:"enum=fits,enum=tight,enum=fits_with_offload,enum=does_not_fit"`
	Reason  string            `json:"reason,omitempty"`
	Model   Model             `json:"model"`
	Machine Machine           `json:"machine"`
	Engine  Engine            `json:"engine"`
	// Devices is how many accelerators per-device figures are divided by; a
	// machine without any counts as one.
	Devices  int             `json:"devices"`
	Figures  CompareFigures  `json:"figures"`
	Memories []CompareMemory `json:"memories"`
	Limits   []Limit         `json:"limits"`
	// Marks say how a figure compares with the best of its column, and Ratios
	// with the baseline's; figures without either are left out.
	Marks  map[string]Mark  `json:"marks"`
	Ratios map[string]Ratio `json:"ratios,omitempty"`
	Pareto bool             `json:"pareto"`
	Price  *money.Offer     `json:"price,omitempty"`
	Work   *CompareWork     `json:"work,omitempty"`

	Requirements []Requirement           `json:"requirements"`
	Assumptions  []string                `json:"assumptions"`
	Warnings     []estimator.Warning     `json:"warnings"`
	Unavailable  []estimator.Unavailable `json:"unavailable"`
	Error        *problem.Error          `json:"error,omitempty"`
}

// Runs says whether the row was estimated and its memory suffices: only such
// rows can be the best of anything.
func (r *CompareRow) Runs() bool { return r.Error == nil && r.Verdict != estimator.DoesNotFit }

// CompareFigures are the figures of a row; null ones are explained in the
// row's unavailable. Speeds of a row that does not fit are those it would
// have if the memory were there.
type CompareFigures struct {
	FullestBytes        *estimator.Figure `json:"fullest_device_bytes"`
	TotalBytes          *estimator.Figure `json:"total_bytes"`
	HeadroomBytes       *estimator.Figure `json:"headroom_bytes"` // in the fullest device
	PrefillTokS         *estimator.Figure `json:"prefill_tok_s"`
	DecodeTokS          *estimator.Figure `json:"decode_tok_s"`
	OutputTokS          *estimator.Figure `json:"output_tok_s"`
	OutputTokSPerDevice *estimator.Figure `json:"output_tok_s_per_device"`
	TTFTMs              *estimator.Figure `json:"ttft_ms"`
	TPOTMs              *estimator.Figure `json:"tpot_ms"`
	RequestsS           *estimator.Figure `json:"requests_s"`
	USDPerHour          *estimator.Figure `json:"usd_per_hour"`
	USDPerMAllIn        *estimator.Figure `json:"usd_per_m_output_tokens_all_in"` // prompts charged to the answers
	Watts               *estimator.Figure `json:"watts"`
	JoulesPerToken      *estimator.Figure `json:"joules_per_output_token"`
	GramsPerM           *estimator.Figure `json:"gco2e_per_m_output_tokens"`
	// Pipeline are the figures of an image, video, speech or embedding model.
	Pipeline *ComparePipeline `json:"pipeline,omitempty"`
}

// CompareMemory is one memory that holds something, with how many more hold
// the same. Sizes are bytes.
type CompareMemory struct {
	Name     string `json:"name"`
	Count    int    `json:"count"`
	Fullest  bool   `json:"fullest"`
	Capacity int64  `json:"capacity_bytes"`
	Usable   int64  `json:"usable_bytes"`
	Weights  int64  `json:"weights_bytes"`
	KVCache  int64  `json:"kv_cache_bytes"` // recurrent state included
	Compute  int64  `json:"compute_bytes"`
	Overhead int64  `json:"overhead_bytes"`
	Reserved int64  `json:"reserved_bytes"`
	Low      int64  `json:"low_bytes"`
	High     int64  `json:"high_bytes"`
}

// Mark says how a figure compares with the best of its column.
type Mark string

// Marks.
const (
	Best   Mark = "best"
	Within Mark = "within" // the intervals overlap: do not choose on the difference
)

// Ratio is a figure over the baseline's. Within says that the intervals of
// the two overlap.
type Ratio struct {
	Ratio  float64 `json:"ratio"`
	Within bool    `json:"within"`
}

// CompareWork is what the first processor that works does in each phase, and
// the roof over it: what a roofline is drawn from.
type CompareWork struct {
	Processor     string     `json:"processor"`
	BandwidthGBps float64    `json:"bandwidth_gb_s"` // nominal
	PeakTFLOPS    float64    `json:"peak_tflops"`    // that the engine reaches with many rows, calibrated
	Prefill       *PhaseWork `json:"prefill"`
	Decode        *PhaseWork `json:"decode"`
}

// PhaseWork is the work of one phase on one processor, and the time of the
// whole phase: launches, other devices and communication included.
type PhaseWork struct {
	GFLOP   float64           `json:"gflop"`
	GB      float64           `json:"gb"` // of weights, caches and states read and written
	Seconds *estimator.Figure `json:"seconds"`
}
