package scaling

import "math"

// Figure is a value with the interval that should hold it in 80% of cases, in
// Unit. Basis says what it rests on. Where no interval is known Low and High
// are the value, and Basis says so. It has the shape of estimator.Figure, so
// that one converts to the other.
type Figure struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Unit  string  `json:"unit"`
	Basis string  `json:"basis,omitempty"`
}

// Level is a value with its 80% interval, without a unit.
type Level struct{ Value, Low, High float64 }

// Exact is a level without doubt.
func Exact(v float64) Level { return Level{v, v, v} }

// Units of figures.
const (
	UnitParams    = "parameters"
	UnitTokens    = "tokens"
	UnitFLOPs     = "FLOPs"
	UnitLoss      = "nats/token"
	UnitPerParam  = "tokens/parameter"
	UnitUSD       = "USD"
	UnitDays      = "days"
	UnitHours     = "device hours"
	UnitBytes     = "B"
	secondsPerDay = 86400
)

// PFDay is how many FLOPs a petaflop/s-day is.
const PFDay = 1e15 * secondsPerDay

// given makes a figure of something the user said.
func given(v float64, unit string) Figure {
	return Figure{Value: v, Low: v, High: v, Unit: unit, Basis: "given"}
}

// TrainingFLOPs is what training takes: 6ND. N counts active parameters.
func TrainingFLOPs(params, tokens float64) float64 { return 6 * params * tokens }

// ServingFLOPs is what serving so many tokens takes, read or written: 2NT. N
// counts active parameters.
func ServingFLOPs(params, tokens float64) float64 { return 2 * params * tokens }

// finite says whether a value is a positive number that can be reckoned with.
func finite(v float64) bool { return v > 0 && !math.IsInf(v, 0) && !math.IsNaN(v) }
