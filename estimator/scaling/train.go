package scaling

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Cluster is what trains: PeakFLOPs is the peak dense rate of one device in
// FLOP/s, in the format that the matrices are multiplied in.
type Cluster struct {
	Devices   int
	PeakFLOPs float64
}

// Hourly is what an hour of the whole cluster at work takes; nil: not known.
type Hourly struct {
	USD   *Level
	KWh   *Level
	Grams *Level // of CO2 equivalent
}

// Training is what training takes on a cluster. USD, KWh and Grams are nil
// where what an hour takes is not known.
type Training struct {
	FLOPs           float64
	TokensS         Figure // tokens per second of the whole cluster
	Days            Figure
	DeviceHours     Figure
	USD, KWh, Grams *Figure
}

// CheckMFU says whether a share of the peak makes sense.
func CheckMFU(mfu Level) error {
	if !(mfu.Low > 0 && mfu.Low <= mfu.Value && mfu.Value <= mfu.High && mfu.High <= 1) {
		return errors.New("want a share of the peak above 0% and up to 100%, as 40% or 30%-50%")
	}
	return nil
}

// Train is how long training of N (active) parameters on D tokens takes: 6ND /
// (devices · peak · MFU), MFU being the model FLOPs utilisation of Chowdhery et
// al. 2022 (arXiv:2204.02311, section 4.1): recomputed activations and restarts
// lower it.
func (c Cluster) Train(params, tokens float64, mfu Level, hourly Hourly) (*Training, error) {
	if c.Devices < 1 || !finite(c.PeakFLOPs) {
		return nil, errors.New("the cluster wants devices with a peak rate above 0")
	}
	if !finite(params) || !finite(tokens) {
		return nil, errors.New("parameters and tokens want numbers above 0")
	}
	if err := CheckMFU(mfu); err != nil {
		return nil, err
	}
	flops := TrainingFLOPs(params, tokens)
	peak := float64(c.Devices) * c.PeakFLOPs
	over := func(k float64, unit string) Figure { // falls with MFU
		return Figure{Value: k / mfu.Value, Low: k / mfu.High, High: k / mfu.Low, Unit: unit, Basis: "6ND / (devices x peak x MFU)"}
	}
	t := &Training{FLOPs: flops, Days: over(flops/peak/secondsPerDay, UnitDays), DeviceHours: over(flops/c.PeakFLOPs/3600, UnitHours)}
	rate := peak / TrainingFLOPs(params, 1)
	t.TokensS = Figure{Value: rate * mfu.Value, Low: rate * mfu.Low, High: rate * mfu.High, Unit: "tok/s", Basis: "devices x peak x MFU / 6N"}
	hours := over(flops/peak/3600, "h")
	t.USD, t.KWh, t.Grams = hours.times(hourly.USD, UnitUSD), hours.times(hourly.KWh, "kWh"), hours.times(hourly.Grams, "gCO2e")
	return t, nil
}

// times multiplies a figure by one that errs independently: the deviations in
// logarithms add in quadrature on each side.
func (f Figure) times(by *Level, unit string) *Figure {
	if by == nil || !finite(by.Value) {
		return nil
	}
	v := f.Value * by.Value
	low, high := by.Low/by.Value, by.High/by.Value
	if !finite(low) || !finite(high) {
		low, high = 1, 1
	}
	return &Figure{Value: v, Unit: unit, Basis: "hours of training x what an hour of the cluster takes",
		Low: v * math.Exp(-math.Hypot(math.Log(f.Low/f.Value), math.Log(low))), High: v * math.Exp(math.Hypot(math.Log(f.High/f.Value), math.Log(high)))}
}

// USDPerFLOP is what an operation costs on a machine that is paid by the hour:
// price / (3600 · peak · utilisation), peak in FLOP/s of the whole machine.
func USDPerFLOP(usdPerHour, peak, utilisation float64) float64 {
	return usdPerHour / (3600 * peak * utilisation)
}

// USDPerServedFLOP is what a serving FLOP costs where a million tokens of a
// model of N (active) parameters cost so many USD: a token is 2N FLOPs.
func USDPerServedFLOP(usdPerMTokens, params float64) float64 {
	return usdPerMTokens / 1e6 / ServingFLOPs(params, 1)
}

// MFUOf is the share of the peak that a run reached whose device hours are
// known: 6ND / (device hours · 3600 · peak).
func MFUOf(params, tokens, deviceHours, peak float64) float64 {
	return TrainingFLOPs(params, tokens) / (deviceHours * 3600 * peak)
}

// explain derives the time with its numbers put in.
func (t *Training) explain(c Cluster, params, tokens float64, mfu Level) string {
	return fmt.Sprintf("6 x %s x %s FLOPs / (%d x %s FLOP/s x %s) / 86400 s = %s days", num(params), num(tokens), c.Devices, num(c.PeakFLOPs), num(mfu.Value), num(t.Days.Value))
}

// Spread is the median of shares of the peak with their 10th and 90th
// percentiles, straight lines between neighbours; the zero Level of none.
func Spread(shares []float64) Level {
	if len(shares) == 0 {
		return Level{}
	}
	s := slices.Sorted(slices.Values(shares))
	at := func(p float64) float64 {
		x := p * float64(len(s)-1)
		i := min(int(x), len(s)-2)
		if i < 0 {
			return s[0]
		}
		return s[i] + (x-float64(i))*(s[i+1]-s[i])
	}
	return Level{at(0.5), at(0.1), at(0.9)}
}
