package report

import (
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
)

// SweepFigure is a figure of a sweep's line.
type SweepFigure struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Unit  string  `json:"unit"`
}

// SweepComponents are the bytes of one memory, or of all together.
type SweepComponents struct {
	WeightsBytes  SweepFigure `json:"weights_bytes"`
	KVCacheBytes  SweepFigure `json:"kv_cache_bytes"`
	ComputeBytes  SweepFigure `json:"compute_bytes"`
	OverheadBytes SweepFigure `json:"overhead_bytes"`
	TotalBytes    SweepFigure `json:"total_bytes"`
}

// SweepMemory holds all memories together and the fullest.
type SweepMemory struct {
	SweepComponents
	Fullest struct {
		Name string `json:"name"`
		SweepComponents
	} `json:"fullest_device"`
}

// SweepLine is one estimate of plimsoll sweep, or the error of one line.
// AppendSweep writes it without going through this type, for speed; the
// schema and the tests hold the two together.
type SweepLine struct {
	ID          string            `json:"id,omitempty"`
	Model       string            `json:"model,omitempty"` // the resolved inputs
	Quant       string            `json:"quant,omitempty"`
	On          string            `json:"on,omitempty"`
	Verdict     estimator.Verdict `json:"verdict,omitempty" jsonschema:"enum=fits,enum=tight,enum=fits_with_offload,enum=does_not_fit"`
	PrefillTokS *SweepFigure      `json:"prefill_tok_s"`
	DecodeTokS  *SweepFigure      `json:"decode_tok_s"`
	OutputTokS  *SweepFigure      `json:"output_tok_s"`
	TTFTMs      *SweepFigure      `json:"ttft_ms"`
	TPOTMs      *SweepFigure      `json:"tpot_ms"`
	RequestsS   *SweepFigure      `json:"requests_s"`
	Memory      SweepMemory       `json:"memory"`
	Engine      string            `json:"engine,omitempty"`
	Backend     string            `json:"backend,omitempty"`
	GPULayers   int               `json:"gpu_layers,omitempty"` // always there of language models, as are the next two
	CPUMoE      int               `json:"cpu_moe,omitempty"`
	Context     int               `json:"context,omitempty"`
	ImageTokens *SweepFigure      `json:"image_tokens,omitempty"` // of language models that are shown something
	SweepPipeline
	Unavailable []estimator.Unavailable `json:"unavailable,omitempty"`
}

// SweepError is the line of a scenario that could not be estimated.
type SweepError struct {
	ID    string         `json:"id,omitempty"`
	Line  int            `json:"line"` // of the input, from 1
	Error *problem.Error `json:"error"`
}

// AppendSweep appends one estimate as a line of JSON.
func AppendSweep(b []byte, in *scenario.Scenario, r *estimator.Result) []byte {
	b = append(b, '{')
	if in.ID != "" {
		b = appendString(append(b, `"id":`...), in.ID)
		b = append(b, ',')
	}
	b = appendString(append(b, `"model":`...), in.Model)
	if quant := quantOf(in, r); quant != "" {
		b = appendString(append(b, `,"quant":`...), quant)
	}
	b = appendString(append(b, `,"on":`...), in.On)
	b = appendString(append(b, `,"verdict":`...), string(r.Verdict))
	b = appendFigure(append(b, `,"prefill_tok_s":`...), r.Speed.PrefillTokS)
	b = appendFigure(append(b, `,"decode_tok_s":`...), r.Speed.DecodeTokS)
	b = appendFigure(append(b, `,"output_tok_s":`...), r.Speed.OutputTokS)
	b = appendFigure(append(b, `,"ttft_ms":`...), r.Speed.TTFTMs)
	b = appendFigure(append(b, `,"tpot_ms":`...), r.Speed.TPOTMs)
	b = appendFigure(append(b, `,"requests_s":`...), r.Speed.RequestsS)
	b = appendComponents(append(b, `,"memory":{`...), &r.All)
	b = appendString(append(b, `,"fullest_device":{"name":`...), r.FullestName)
	b = appendComponents(append(b, ','), &r.Fullest)
	b = append(b, "}}"...)
	b = appendString(append(b, `,"engine":`...), in.Engine)
	if r.Pipeline != nil {
		b = appendPipeline(b, in, r)
		return append(appendUnavailable(b, r.Unavailable), "}\n"...)
	}
	if r.Deployment.Backend != "" {
		b = appendString(append(b, `,"backend":`...), r.Deployment.Backend)
	}
	b = strconv.AppendInt(append(b, `,"gpu_layers":`...), int64(r.Placement.GPULayers), 10)
	b = strconv.AppendInt(append(b, `,"cpu_moe":`...), int64(r.Placement.CPUMoE), 10)
	b = strconv.AppendInt(append(b, `,"context":`...), int64(r.Deployment.Context), 10)
	if f := r.Speed.ImageTokens; f != nil {
		b = appendFigure(append(b, `,"image_tokens":`...), f)
	}
	if f := r.Speed.EncodeMs; f != nil {
		b = appendFigure(append(b, `,"encode_ms":`...), f)
	}
	return append(appendUnavailable(b, r.Unavailable), "}\n"...)
}

// appendUnavailable appends the figures that are not known, with their reasons.
func appendUnavailable(b []byte, list []estimator.Unavailable) []byte {
	for i := range list {
		if i == 0 {
			b = append(b, `,"unavailable":[`...)
		} else {
			b = append(b, ',')
		}
		b = appendString(append(b, `{"figure":`...), list[i].Figure)
		b = appendString(append(b, `,"reason":`...), list[i].Reason)
		b = append(b, '}')
		if i == len(list)-1 {
			b = append(b, ']')
		}
	}
	return b
}

// AppendSweepError appends the line of a scenario that failed.
func AppendSweepError(b []byte, id string, line int, p *problem.Error) []byte {
	e := *p
	e.Message, e.Where, e.Hint = problem.OneLine(e.Message), problem.OneLine(e.Where), problem.OneLine(e.Hint)
	j, err := json.Marshal(SweepError{ID: id, Line: line, Error: &e})
	if err != nil { // strings and numbers only: cannot happen
		return append(b, "{\"error\":{\"code\":\"internal\"}}\n"...)
	}
	return append(append(b, j...), '\n')
}

func appendComponents(b []byte, c *estimator.Components) []byte {
	b = appendBytes(append(b, `"weights_bytes":`...), &c.WeightsBytes)
	b = appendBytes(append(b, `,"kv_cache_bytes":`...), &c.KVCacheBytes)
	b = appendBytes(append(b, `,"compute_bytes":`...), &c.ComputeBytes)
	b = appendBytes(append(b, `,"overhead_bytes":`...), &c.OverheadBytes)
	return appendBytes(append(b, `,"total_bytes":`...), &c.TotalBytes)
}

// appendBytes writes a figure in whole bytes.
func appendBytes(b []byte, f *estimator.Figure) []byte {
	b = strconv.AppendInt(append(b, `{"value":`...), wholeBytes(f.Value), 10)
	b = strconv.AppendInt(append(b, `,"low":`...), wholeBytes(f.Low), 10)
	b = strconv.AppendInt(append(b, `,"high":`...), wholeBytes(f.High), 10)
	return append(b, `,"unit":"B"}`...)
}

func wholeBytes(v float64) int64 { return int64(math.Round(v)) }

func appendFigure(b []byte, f *estimator.Figure) []byte {
	if f == nil || !finite(f) {
		return append(b, "null"...)
	}
	b = appendNumber(append(b, `{"value":`...), f.Value)
	b = appendNumber(append(b, `,"low":`...), f.Low)
	b = appendNumber(append(b, `,"high":`...), f.High)
	b = appendString(append(b, `,"unit":`...), f.Unit)
	return append(b, '}')
}

// appendNumber writes six significant digits in plain notation where that is
// short, as encoding/json would.
func appendNumber(b []byte, v float64) []byte {
	a := math.Abs(v)
	if a >= 0.01 && a < 1e9 {
		// Fixed-point arithmetic is several times faster than the shortest
		// decimal search, and exact to the digits kept.
		scale := int64(1)
		digits := 0
		for limit := 1e5; a < limit && digits < 7; limit /= 10 {
			scale *= 10
			digits++
		}
		n := int64(math.Round(a * float64(scale)))
		if v < 0 {
			b = append(b, '-')
		}
		b = strconv.AppendInt(b, n/scale, 10)
		frac := n % scale
		if frac == 0 {
			return b
		}
		b = append(b, '.')
		for scale /= 10; frac > 0; scale /= 10 {
			b = append(b, byte('0'+frac/scale))
			frac %= scale
		}
		return b
	}
	return strconv.AppendFloat(b, v, 'g', 6, 64)
}

// appendString writes a JSON string; plain ASCII needs no escapes.
func appendString(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf || c == '<' || c == '>' || c == '&' {
			j, err := json.Marshal(s)
			if err != nil {
				return append(b, `""`...)
			}
			return append(b, j...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
