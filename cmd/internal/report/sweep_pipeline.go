package report

import (
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/pipeline"
)

// SweepPipeline is what a sweep's line tells of an image, video, speech or
// embedding model. Figures that are not of its class are left out, as are
// those that unavailable explains.
type SweepPipeline struct {
	Class            pipeline.Class `json:"class,omitempty"`
	LatencyS         *SweepFigure   `json:"latency_s,omitempty"`
	SecondsPerImage  *SweepFigure   `json:"s_per_image,omitempty"`
	StepsPerS        *SweepFigure   `json:"it_s,omitempty"`
	ImagesPerMin     *SweepFigure   `json:"images_per_min,omitempty"`
	SecondsPerVideoS *SweepFigure   `json:"s_per_video_s,omitempty"`
	RealTimeFactor   *SweepFigure   `json:"rtf,omitempty"`
	FirstAudioMs     *SweepFigure   `json:"first_audio_ms,omitempty"`
	EncodeMs         *SweepFigure   `json:"encode_ms,omitempty"`
	DecodeMsPerTok   *SweepFigure   `json:"decode_ms_per_token,omitempty"`
	DocumentsPerS    *SweepFigure   `json:"docs_s,omitempty"`
	TokensPerS       *SweepFigure   `json:"tok_s,omitempty"`
	// Offload and Tiling are what was done to make it fit.
	Offload string `json:"offload,omitempty"`
	Tiling  bool   `json:"vae_tiling,omitempty"`
}

type sweptFigure struct {
	name   string
	figure **SweepFigure
}

func (s *SweepPipeline) figures() []sweptFigure {
	return []sweptFigure{{"latency_s", &s.LatencyS}, {"s_per_image", &s.SecondsPerImage}, {"it_s", &s.StepsPerS}, {"images_per_min", &s.ImagesPerMin},
		{"s_per_video_s", &s.SecondsPerVideoS}, {"rtf", &s.RealTimeFactor}, {"first_audio_ms", &s.FirstAudioMs}, {"encode_ms", &s.EncodeMs},
		{"decode_ms_per_token", &s.DecodeMsPerTok}, {"docs_s", &s.DocumentsPerS}, {"tok_s", &s.TokensPerS}}
}

// quantOf is the weight format of a line: that of a pipeline is settled by its
// estimate.
func quantOf(in *scenario.Scenario, r *estimator.Result) string {
	if in.Quant == "" && r.Pipeline != nil {
		return r.Pipeline.Setup.Format
	}
	return in.Quant
}

// appendPipeline appends what only pipelines have.
func appendPipeline(b []byte, in *scenario.Scenario, r *estimator.Result) []byte {
	o := r.Pipeline
	if o.Setup.Backend != "" {
		b = appendString(append(b, `,"backend":`...), o.Setup.Backend)
	}
	if o.Class != "" {
		b = appendString(append(b, `,"class":`...), string(o.Class))
	}
	figures := PipelineFiguresOf(o)
	for i := range pipelineColumns {
		c := &pipelineColumns[i]
		if f := c.Get(&figures); f != nil {
			b = append(append(append(b, `,"`...), c.Name...), `":`...)
			b = appendFigure(b, f)
		}
	}
	if o.Setup.Offload != "" && o.Setup.Offload != pipeline.OffloadNone {
		b = appendString(append(b, `,"offload":`...), string(o.Setup.Offload))
	}
	if o.Setup.Tiling {
		b = append(b, `,"vae_tiling":true`...)
	}
	return b
}
