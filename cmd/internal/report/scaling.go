package report

import (
	"github.com/plimsoll/plimsoll/cmd/internal/money"
	"github.com/plimsoll/plimsoll/estimator"
)

// ScalingSchema is the id of the document of plimsoll scaling.
const ScalingSchema = "urn:plimsoll:scaling"

// Questions that plimsoll scaling answers.
const (
	AskOverview = "overview"
	AskOptimum  = "optimum"
	AskLoss     = "loss"
	AskLifetime = "lifetime"
	AskTrain    = "train"
)

// Scaling is the document of plimsoll scaling. Counts of parameters, tokens
// and operations (FLOPs) are numbers, not strings: 7e10.
type Scaling struct {
	Schema        string                  `json:"schema" jsonschema:"const=urn:plimsoll:scaling"`
	SchemaVersion int                     `json:"schema_version" jsonschema:"const=1"`
	ToolVersion   string                  `json:"tool_version"`
	DataVersion   string                  `json:"data_version"`
	Inputs        ScalingInputs           `json:"inputs"`
	Result        ScalingResult           `json:"result"`
	Assumptions   []string                `json:"assumptions"`
	Warnings      []estimator.Warning     `json:"warnings"`
	Unavailable   []estimator.Unavailable `json:"unavailable"`
	Derivations   []estimator.Derivation  `json:"derivations,omitempty"`
}

// ScalingInputs are what was asked, names resolved: fed back, they give the
// same document. What is 0 or absent was not given.
type ScalingInputs struct {
	Ask    string        `json:"ask" jsonschema:"enum=overview,enum=optimum,enum=loss,enum=lifetime,enum=train"`
	Laws   []string      `json:"laws,omitempty"`
	FLOPs  float64       `json:"flops,omitempty"`
	Tokens float64       `json:"tokens,omitempty"`
	Model  *ScalingModel `json:"model,omitempty"`
	// Loss is the quality asked for, in nats per token, where no model stands for it.
	Loss    float64         `json:"loss,omitempty"`
	Served  []float64       `json:"served_tokens,omitempty"`
	Sizes   []ScalingModel  `json:"sizes,omitempty"`
	By      string          `json:"by,omitempty" jsonschema:"enum=compute,enum=cost"`
	Machine *ScalingMachine `json:"machine,omitempty"` // that trains
	Serving *ScalingMachine `json:"serving_machine,omitempty"`
	// What operations cost where no machine says it.
	TrainUSDPerFLOP   float64        `json:"train_usd_per_flop,omitempty"`
	ServeUSDPerFLOP   float64        `json:"serve_usd_per_flop,omitempty"`
	ServeUSDPerMToken float64        `json:"serve_usd_per_m_tokens,omitempty"`
	Prices            *money.Options `json:"prices,omitempty"`
}

// ScalingModel is a model's size, and what it was trained on.
type ScalingModel struct {
	Name         string  `json:"name"`
	Params       float64 `json:"params"`
	ActiveParams float64 `json:"active_params"`                  // of a mixture of experts; else as params
	NonEmbedding float64 `json:"non_embedding_params,omitempty"` // active, without embedding and output head; 0: not known
	Tokens       float64 `json:"tokens,omitempty"`               // 0: not known
	Source       string  `json:"source,omitempty"`
}

// ScalingMachine is a machine and how much of its peak is reached.
type ScalingMachine struct {
	On         string  `json:"on"`
	Precision  string  `json:"precision" jsonschema:"enum=bf16,enum=fp16,enum=fp8,enum=fp32"`
	MFU        float64 `json:"mfu"` // share of the peak, 0 to 1
	MFULow     float64 `json:"mfu_low"`
	MFUHigh    float64 `json:"mfu_high"`
	MFUAssumed bool    `json:"mfu_assumed"`
	USDPerHour float64 `json:"usd_per_hour,omitempty"` // of the machine that serves, where given
}

// ScalingResult is the answer; parts that were not asked for are absent.
type ScalingResult struct {
	Laws     []ScalingLaw       `json:"laws,omitempty"`
	Models   []ScalingPublished `json:"models,omitempty"`
	Optima   []ScalingOptimum   `json:"optima,omitempty"`
	Losses   []ScalingLoss      `json:"losses,omitempty"`
	Lives    []ScalingLife      `json:"lives,omitempty"`
	Prices   *ScalingPrices     `json:"prices_per_flop,omitempty"`
	Training *ScalingTraining   `json:"training,omitempty"`
}

// ScalingLaw describes a law: what it was fitted on (0: not published) and
// what the intervals of its figures rest on.
type ScalingLaw struct {
	ID            string  `json:"id"`
	Name          string  `json:"name"`
	Year          int     `json:"year"`
	Exponent      float64 `json:"exponent_of_params"` // N goes with this power of C
	NonEmbedding  bool    `json:"params_without_embeddings"`
	SaysLoss      bool    `json:"says_loss"`
	LossOn        string  `json:"loss_on,omitempty"` // data; losses on others do not compare
	MinParams     float64 `json:"fitted_min_params,omitempty"`
	MaxParams     float64 `json:"fitted_max_params,omitempty"`
	MinTokens     float64 `json:"fitted_min_tokens,omitempty"`
	MaxTokens     float64 `json:"fitted_max_tokens,omitempty"`
	MinFLOPs      float64 `json:"fitted_min_flops,omitempty"`
	MaxFLOPs      float64 `json:"fitted_max_flops,omitempty"`
	Interval      string  `json:"interval"`
	IntervalKnown bool    `json:"interval_known"`
	Note          string  `json:"note,omitempty"`
	Source        string  `json:"source"`
}

// ScalingPublished is a published model beside 6ND.
type ScalingPublished struct {
	ScalingModel
	ID             string  `json:"id"`
	Year           int     `json:"year"`
	TokensPerParam float64 `json:"tokens_per_param,omitempty"` // of the active parameters
	TrainFLOPs     float64 `json:"flops_6nd,omitempty"`
	// PublishedFLOPs are 0 where not published. Where only estimates are known
	// they lie between the ends, and ImpliedTokens is C/(6N).
	PublishedFLOPs float64 `json:"published_flops,omitempty"`
	LowFLOPs       float64 `json:"published_flops_low,omitempty"`
	HighFLOPs      float64 `json:"published_flops_high,omitempty"`
	ImpliedTokens  float64 `json:"implied_tokens,omitempty"`
	Checked        string  `json:"checked" jsonschema:"enum=twice,enum=cited"`
	Note           string  `json:"note,omitempty"`
}

// ScalingOptimum is a compute-optimal model by one law.
type ScalingOptimum struct {
	Law            string            `json:"law"`
	FLOPs          *estimator.Figure `json:"flops"`
	Params         *estimator.Figure `json:"params"`
	Tokens         *estimator.Figure `json:"tokens"`
	TokensPerParam *estimator.Figure `json:"tokens_per_param"`
	Loss           *estimator.Figure `json:"loss"` // nats per token; null where the law does not say
	Beyond         float64           `json:"times_beyond_fitted_range"`
}

// ScalingLoss is the loss of a model by one law.
type ScalingLoss struct {
	Law    string            `json:"law"`
	FLOPs  float64           `json:"flops_6nd"`
	Loss   *estimator.Figure `json:"loss"`
	Terms  []ScalingTerm     `json:"terms"`
	Best   *estimator.Figure `json:"loss_of_same_flops_spent_best"`
	Same   *estimator.Figure `json:"least_flops_of_same_loss"` // null where the law does not say
	Beyond float64           `json:"times_beyond_fitted_range"`
}

// ScalingTerm is a part of a loss, or a limit of it.
type ScalingTerm struct {
	Name string  `json:"name"`
	Nats float64 `json:"nats_per_token"`
}

// ScalingLife sets models of equal loss side by side over a life.
type ScalingLife struct {
	Law     string             `json:"law"`
	Loss    *estimator.Figure  `json:"loss"`
	Served  float64            `json:"served_tokens"`
	Options []ScalingOption    `json:"options"` // the best over the life first
	Evens   []ScalingBreakEven `json:"break_evens"`
}

// ScalingOption is a model of that loss, with what its life takes. Reason says
// why a size does not reach it.
type ScalingOption struct {
	Name           string            `json:"name"`
	Params         *estimator.Figure `json:"params"`
	Tokens         *estimator.Figure `json:"tokens"`
	TokensPerParam *estimator.Figure `json:"tokens_per_param"`
	TrainFLOPs     *estimator.Figure `json:"train_flops"`
	ServeFLOPs     *estimator.Figure `json:"serve_flops"`
	FLOPs          *estimator.Figure `json:"flops"`
	TrainUSD       *estimator.Figure `json:"train_usd,omitempty"`
	ServeUSD       *estimator.Figure `json:"serve_usd,omitempty"`
	USD            *estimator.Figure `json:"usd,omitempty"`
	Ratio          float64           `json:"times_the_least,omitempty"` // FLOPs, or USD where cost was asked for
	Beyond         float64           `json:"times_beyond_fitted_range"`
	Reason         string            `json:"reason,omitempty"`
}

// ScalingBreakEven is how many served tokens make two models cost the same.
type ScalingBreakEven struct {
	Smaller string            `json:"smaller"`
	Larger  string            `json:"larger"`
	Served  *estimator.Figure `json:"served_tokens"` // null: see reason
	Reason  string            `json:"reason,omitempty"`
}

// ScalingPrices are what operations cost, in USD.
type ScalingPrices struct {
	Train float64      `json:"train_usd_per_flop"`
	Serve float64      `json:"serve_usd_per_flop"`
	How   []string     `json:"how"`
	Offer *money.Offer `json:"offer,omitempty"` // that training rests on
}

// ScalingTraining is training on a cluster.
type ScalingTraining struct {
	Model       ScalingModel      `json:"model"`
	Tokens      float64           `json:"tokens"`
	FLOPs       float64           `json:"flops_6nd"`
	Machine     string            `json:"machine"`
	Devices     int               `json:"devices"`
	PeakTFLOPS  float64           `json:"peak_tflops_per_device"` // dense
	Rate        string            `json:"peak_of"`                // which rate of the device that is
	Days        *estimator.Figure `json:"days"`
	DeviceHours *estimator.Figure `json:"device_hours"`
	TokensS     *estimator.Figure `json:"tok_s"`
	USD         *estimator.Figure `json:"usd"`
	KWh         *estimator.Figure `json:"kwh"`
	Grams       *estimator.Figure `json:"gco2e"`
	USDPerHour  *estimator.Figure `json:"usd_per_hour"`
	Offer       *money.Offer      `json:"offer,omitempty"`
	// StateBytes are weights, gradients and the optimiser's state of all
	// parameters, without activations; MemoryBytes is what the devices have.
	StateBytes  float64 `json:"state_bytes"`
	MemoryBytes float64 `json:"memory_bytes"`
}
