package report

import (
	"github.com/plimsoll/plimsoll/cmd/internal/money"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
)

// RecommendSchema is the id of the document of plimsoll recommend.
const RecommendSchema = "urn:plimsoll:recommend"

// Recommend is the document of plimsoll recommend: models for a machine, in
// groups, or hardware for a model, in lists.
type Recommend struct {
	Schema        string          `json:"schema" jsonschema:"const=urn:plimsoll:recommend"`
	SchemaVersion int             `json:"schema_version" jsonschema:"const=1"`
	ToolVersion   string          `json:"tool_version"`
	DataVersion   string          `json:"data_version"`
	Inputs        RecommendInputs `json:"inputs"`
	// Subject is what was asked about, in words: a machine, or a model.
	Subject string `json:"subject"`
	// Rule says how the rows are ranked.
	Rule RecommendRule `json:"rule"`
	// Groups are of models, one for each use and class asked for.
	Groups []RecommendGroup `json:"groups,omitempty"`
	// Hardware is what runs the model.
	Hardware *RecommendHardware `json:"hardware,omitempty"`
	// Sensitivity says what a change would buy for the first row.
	Sensitivity *Sensitivity        `json:"sensitivity,omitempty"`
	Assumptions []string            `json:"assumptions"`
	Warnings    []estimator.Warning `json:"warnings"`
}

// RecommendInputs are what was asked: fed back, they give the same document.
type RecommendInputs struct {
	// Scenario is what all rows share: of models the machine, of hardware the
	// model, and how it is run. A field that the rows choose is empty.
	Scenario scenario.Scenario `json:"scenario"`
	Uses     []string          `json:"uses,omitempty"`
	Classes  []string          `json:"classes,omitempty"`
	Models   []string          `json:"models,omitempty"`  // of these alone
	Formats  []string          `json:"formats,omitempty"` // in these alone
	// MinDecodeTokS and MaxTTFTMs are floors that every row meets, at the
	// pessimistic end of its interval; 0: that of the use.
	MinDecodeTokS float64  `json:"min_decode_tok_s,omitempty"`
	MaxTTFTMs     float64  `json:"max_ttft_ms,omitempty"`
	Require       []string `json:"require,omitempty"`
	Prefer        string   `json:"prefer,omitempty"`
	// Accept is the worst verdict that a row may have.
	Accept estimator.Verdict `json:"accept" jsonschema:"enum=fits,enum=tight,enum=fits_with_offload"`
	Top    int               `json:"top"`
	// Goal is the one list of hardware asked for; empty: all.
	Goal  string   `json:"goal,omitempty" jsonschema:"enum=cheapest,enum=fastest,enum=efficient"`
	Among []string `json:"among,omitempty"` // hardware; empty: the catalogue
	// Priced takes only hardware of which a price is known.
	Priced bool           `json:"priced,omitempty"`
	Load   *Load          `json:"load,omitempty"`
	Prices *money.Options `json:"prices,omitempty"`
	// NoSensitivity leaves the sensitivity out.
	NoSensitivity bool `json:"no_sensitivity,omitempty"`
}

// RecommendRule is the rule in words, with where its numbers come from.
type RecommendRule struct {
	Words   string   `json:"words"`
	Terms   []string `json:"terms,omitempty"`
	Assumed []string `json:"assumed,omitempty"`
	Sources []string `json:"sources,omitempty"`
}

// RecommendScore is how a model in a weight format on a machine ranks: the sum
// of its terms, each in doublings of a model's size.
type RecommendScore struct {
	Size       float64 `json:"size"`       // of the effective size in billions
	Generation float64 `json:"generation"` // 0 for the newest release, less for older ones
	Format     float64 `json:"format"`     // 0 for 16 bit, less for what a format loses
	Speed      float64 `json:"speed"`      // 0 at the comfortable speed
	Total      float64 `json:"total"`
}

// RecommendGroup are the models for one use.
type RecommendGroup struct {
	Use   string `json:"use"`
	Words string `json:"words"`           // what the use is
	Class string `json:"class,omitempty"` // empty: any
	// Asked is the work that speeds are of, and the floors that rows meet.
	Asked    RecommendAsked    `json:"asked"`
	Coverage RecommendCoverage `json:"coverage"`
	Rows     []RecommendRow    `json:"rows"`
	// Nearest is what came nearest where there is no row.
	Nearest *RecommendRow `json:"nearest,omitempty"`
}

// RecommendAsked is the work of a use and its floors; 0: none.
type RecommendAsked struct {
	InputTokens   int      `json:"input_tokens"`
	OutputTokens  int      `json:"output_tokens"`
	Context       int      `json:"context"` // of each sequence
	Sequences     int      `json:"sequences"`
	MinDecodeTokS float64  `json:"min_decode_tok_s,omitempty"`
	ComfortTokS   float64  `json:"comfort_tok_s,omitempty"`
	MaxTTFTMs     float64  `json:"max_ttft_ms,omitempty"`
	Require       []string `json:"require,omitempty"`
}

// RecommendCoverage counts what became of the candidates.
type RecommendCoverage struct {
	Considered   int `json:"considered"`
	Recommended  int `json:"recommended"`       // fit and meet everything
	SameShape    int `json:"same_shape"`        // stood for by another of their shape
	ShortContext int `json:"context_too_short"` // made for less context than asked
	TooLarge     int `json:"too_large"`
	TooSmall     int `json:"too_small"`        // for the use
	TooSlow      int `json:"below_the_floors"` // fit, and miss a floor or a requirement
	NotEstimated int `json:"not_estimated"`
}

// RecommendHardware is what runs a model.
type RecommendHardware struct {
	Model Model          `json:"model"`
	Asked RecommendAsked `json:"asked"`
	// Lists are by goal: cheapest, fastest, efficient.
	Lists    []RecommendList   `json:"lists"`
	Coverage RecommendCoverage `json:"coverage"`
	// NoPrice counts machines that meet everything but of which no price is
	// known: they are in no list of the cheapest. NoPower likewise.
	NoPrice int           `json:"price_not_known"`
	NoPower int           `json:"power_not_known"`
	Nearest *RecommendRow `json:"nearest,omitempty"`
}

// RecommendList are machines by one goal, the best first.
type RecommendList struct {
	Goal  string         `json:"goal" jsonschema:"enum=cheapest,enum=fastest,enum=efficient"`
	Words string         `json:"words"`
	Rows  []RecommendRow `json:"rows"`
}

// RecommendRow is a model on a machine.
type RecommendRow struct {
	Rank int    `json:"rank"` // 0: it is not recommended
	Name string `json:"name"`
	// Scenario asks plimsoll check for the same.
	Scenario scenario.Scenario `json:"scenario"`
	Verdict  estimator.Verdict `json:"verdict" jsonschema:"enum=fits,enum=tight,enum=fits_with_offload,enum=does_not_fit"`
	Reason   string            `json:"reason"`
	Model    Model             `json:"model"`
	Machine  Machine           `json:"machine"`
	Engine   Engine            `json:"engine"`
	Devices  int               `json:"devices"`
	Released string            `json:"released,omitempty"`
	// SameShape are models that take the same memory and run at the same speed.
	SameShape []string        `json:"same_shape,omitempty"`
	Figures   CompareFigures  `json:"figures"`
	Memories  []CompareMemory `json:"memories"`
	Limits    []Limit         `json:"limits"`
	// MaxContext and MaxSequences are what would still fit; 0: not known.
	MaxContext   int `json:"max_context"`
	MaxSequences int `json:"max_sequences"`
	// Plan is how the devices share the model, where several do.
	Plan   string          `json:"plan,omitempty"`
	Carry  *RecommendCarry `json:"carries,omitempty"`
	Score  *RecommendScore `json:"score,omitempty"`
	Why    string          `json:"why"`
	Pareto bool            `json:"pareto,omitempty"`
	Price  *money.Offer    `json:"price,omitempty"`

	Requirements []Requirement           `json:"requirements"`
	Suggestions  []estimator.Suggestion  `json:"suggestions,omitempty"` // of what came nearest
	Unavailable  []estimator.Unavailable `json:"unavailable"`
}

// RecommendCarry is what hardware carries of the load that was asked for,
// judged with every step as slow as its interval allows.
type RecommendCarry struct {
	Amount float64 `json:"amount"` // requests per second, or users of a closed loop
	Users  bool    `json:"users"`
	Limit  string  `json:"limit"` // what more would run into
}

// Sensitivity says what changes would buy.
type Sensitivity struct {
	Name string           `json:"name"` // of what is changed
	Base SensitivityRow   `json:"base"`
	Rows []SensitivityRow `json:"rows"`
	// Limits are what holds the phases back as it is.
	Limits []Limit `json:"limits"`
}

// SensitivityRow is one change and what comes of it.
type SensitivityRow struct {
	Change string `json:"change"`
	// Flags make it: they are those of plimsoll check.
	Flags      string            `json:"flags"`
	Verdict    estimator.Verdict `json:"verdict" jsonschema:"enum=fits,enum=tight,enum=fits_with_offload,enum=does_not_fit"`
	DecodeTokS *estimator.Figure `json:"decode_tok_s"`
	TTFTMs     *estimator.Figure `json:"ttft_ms"`
	Headroom   *estimator.Figure `json:"headroom_bytes"`
	MaxContext int               `json:"max_context"`
	// Ratios to the base, 0 where one is not known: more is better of the
	// first, less of the second.
	DecodeRatio float64 `json:"decode_ratio"`
	TTFTRatio   float64 `json:"ttft_ratio"`
	Error       string  `json:"error,omitempty"`
}

// Significant rounds to the digits that documents keep.
func Significant(v float64) float64 { return significant(v) }

// ObjectiveRequirements are what users are promised, as requirements.
func ObjectiveRequirements(u *estimator.UnderLoad) []Requirement { return objectives(u) }

// Answered says whether something is recommended in every group or list.
func (r *Recommend) Answered() bool {
	for i := range r.Groups {
		if len(r.Groups[i].Rows) == 0 {
			return false
		}
	}
	return r.Hardware == nil || r.Hardware.Coverage.Recommended > 0 && r.first() != nil
}

// First is the first row of the document; nil where there is none.
func (r *Recommend) First() *RecommendRow { return r.first() }

func (r *Recommend) first() *RecommendRow {
	for i := range r.Groups {
		if rows := r.Groups[i].Rows; len(rows) > 0 {
			return &rows[0]
		}
	}
	if h := r.Hardware; h != nil {
		for i := range h.Lists {
			if rows := h.Lists[i].Rows; len(rows) > 0 {
				return &rows[0]
			}
		}
	}
	return nil
}
