package report

import (
	"github.com/plimsoll/plimsoll/cmd/internal/cmdline"
	"github.com/plimsoll/plimsoll/cmd/internal/money"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/engine"
)

// SchemaVersion counts incompatible changes of the documents; additions keep it.
const SchemaVersion = 1

// Ids of the documents, as in their schemas' $id.
const (
	CheckSchema = "urn:plimsoll:check"
	SweepSchema = "urn:plimsoll:sweep"
)

// Check is the document of plimsoll check.
type Check struct {
	Schema        string            `json:"schema" jsonschema:"const=urn:plimsoll:check"`
	SchemaVersion int               `json:"schema_version" jsonschema:"const=1"`
	ToolVersion   string            `json:"tool_version"`
	DataVersion   string            `json:"data_version"`
	Inputs        scenario.Scenario `json:"inputs"`
	// Command is the engine's command line that the inputs were read from.
	Command *cmdline.Command `json:"command,omitempty"`
	// Load is what users were said to send; absent where nothing was.
	Load *Load `json:"load,omitempty"`
	// Prices are what was said of costs; absent where none were asked for.
	Prices *money.Options `json:"prices,omitempty"`
	Result Result         `json:"result"`
	// Requirements are the gates asked for, with how each came out.
	Requirements []Requirement           `json:"requirements"`
	Assumptions  []string                `json:"assumptions"`
	Warnings     []estimator.Warning     `json:"warnings"`
	Unavailable  []estimator.Unavailable `json:"unavailable"`
	Derivations  []estimator.Derivation  `json:"derivations,omitempty"`
}

// Result is the answer itself. Of a pipeline, which no language model is, the
// parts on tokens are empty: Deployment and Placement are left out, Speed is
// null in all its figures.
type Result struct {
	Verdict    estimator.Verdict `json:"verdict" jsonschema:"enum=fits,enum=tight,enum=fits_with_offload,enum=does_not_fit"`
	Reason     string            `json:"reason"`
	Model      Model             `json:"model"`
	Machine    Machine           `json:"machine"`
	Engine     Engine            `json:"engine"`
	Deployment engine.Deployment `json:"deployment,omitzero"` // every default of the engine filled in
	Placement  Placement         `json:"placement,omitzero"`
	Memory     Memory            `json:"memory"`
	Memories   []Ledger          `json:"memories"`
	Speed      Speed             `json:"speed"`
	Pipeline   *Pipeline         `json:"pipeline,omitempty"`
	Loading    *Loading          `json:"loading,omitempty"`
	// Costs are what the work costs, Offer the price that a rent rests on.
	Costs       *estimator.Costs       `json:"costs,omitempty"`
	Offer       *money.Offer           `json:"offer,omitempty"`
	UnderLoad   *estimator.UnderLoad   `json:"under_load,omitempty"` // what users see of it
	Plans       []estimator.Plan       `json:"plans,omitempty"`      // ways to divide the model that were weighed, best first
	Pools       *estimator.PoolPlans   `json:"pools,omitempty"`      // deployments on unlike nodes; all else is about the one with the largest share
	Room        []estimator.Room       `json:"room,omitempty"`       // replicas that each pool of several nodes holds, and what is left
	Limits      []Limit                `json:"limits"`
	Answers     *estimator.Answers     `json:"answers"`
	Suggestions []estimator.Suggestion `json:"suggestions"`
	// Sensitivity is what changes would buy, where that was asked.
	Sensitivity *Sensitivity `json:"sensitivity,omitempty"`
	Verify      string       `json:"verify"` // the command that checks this on the real machine
}

// Load is what users send, as it was asked; empty fields were not given.
type Load struct {
	Rate          string   `json:"rate,omitempty"`
	Concurrency   int      `json:"concurrency,omitempty"`
	Burst         float64  `json:"burst,omitempty"`
	InputLengths  string   `json:"input_lengths,omitempty"`
	OutputLengths string   `json:"output_lengths,omitempty"`
	Trace         string   `json:"trace,omitempty"`
	PrefixHit     float64  `json:"prefix_hit,omitempty"`
	Speculate     string   `json:"speculate,omitempty"`
	Objectives    []string `json:"slo,omitempty"`
	Requests      int      `json:"requests,omitempty"`
	Seed          uint64   `json:"seed"`
	Pools         string   `json:"disaggregate,omitempty"`
	Plan          string   `json:"plan,omitempty"`
	Goal          string   `json:"goal,omitempty"`
}

// Model says which model was judged.
type Model struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	ParamsTotal  int64  `json:"params_total"`
	ParamsActive int64  `json:"params_active"`
	Layers       int    `json:"layers"`
	MaxContext   int    `json:"max_context"` // 0: not known
	WeightFormat string `json:"weight_format"`
	WeightBasis  string `json:"weight_basis"` // file, mix, checkpoint or size; components of a pipeline
	WeightNote   string `json:"weight_note,omitempty"`
}

// Machine says what it was judged on.
type Machine struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Nodes   int      `json:"nodes"`
	Devices []string `json:"devices"` // of one node
	Host    string   `json:"host"`
}

// Engine says what runs it.
type Engine struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Backend string `json:"backend"`
}

// Placement says where the layers are.
type Placement struct {
	GPULayers int     `json:"gpu_layers"`
	CPUMoE    int     `json:"cpu_moe"`
	Offloaded bool    `json:"offloaded"`
	Unified   bool    `json:"unified"`
	Shares    []Share `json:"shares"`
}

// Share is what one memory holds; ranges are half open.
type Share struct {
	Name    string `json:"name"`
	Layers  [2]int `json:"layers"`
	Experts [2]int `json:"expert_layers"`
	Ranks   int    `json:"ranks"`
}

// Memory sums up the ledgers.
type Memory struct {
	estimator.Components
	Fullest Fullest `json:"fullest_device"`
}

// Fullest is the memory that is fullest relative to what it may use.
type Fullest struct {
	Name string `json:"name"`
	estimator.Components
}

// Ledger accounts for one memory. Sizes are bytes.
type Ledger struct {
	Name        string `json:"name"`
	Capacity    int64  `json:"capacity_bytes"`
	Reserved    int64  `json:"reserved_bytes"`
	ReservedWhy string `json:"reserved_why,omitempty"`
	Usable      int64  `json:"usable_bytes"`
	Need        int64  `json:"need_bytes"`
	Low         int64  `json:"low_bytes"`
	High        int64  `json:"high_bytes"`
	PoolBytes   int64  `json:"pool_bytes,omitempty"`
	PoolTokens  int64  `json:"pool_tokens,omitempty"`
	Lines       []Line `json:"lines"`
}

// Line is one component of a ledger.
type Line struct {
	Component string `json:"component"`
	Bytes     int64  `json:"bytes"`
	Low       int64  `json:"low_bytes"`
	High      int64  `json:"high_bytes"`
	Formula   string `json:"formula,omitempty"`
	Source    string `json:"source,omitempty"`
	Note      string `json:"note,omitempty"`
}

// Speed holds the figures of time; null ones are explained in unavailable.
type Speed = estimator.Speed

// Loading holds the times to load the weights; null ones are explained in unavailable.
type Loading = estimator.Loading

// Limit says what holds a phase back.
type Limit struct {
	Phase string  `json:"phase"`
	Bound string  `json:"bound"`
	Share float64 `json:"share"`
}

// Outcome says how a requirement came out.
type Outcome string

// Outcomes.
const (
	Pass   Outcome = "pass"
	Fail   Outcome = "fail"
	Unsure Outcome = "unsure" // the interval crosses the limit
)

// Requirement is a gate and how it came out.
type Requirement struct {
	Text    string           `json:"text"`
	Figure  estimator.Figure `json:"figure"`
	Limit   float64          `json:"limit"` // in the figure's unit
	Outcome Outcome          `json:"outcome" jsonschema:"enum=pass,enum=fail,enum=unsure"`
}

// Versions names the tool and its data.
type Versions struct{ Tool, Data string }
