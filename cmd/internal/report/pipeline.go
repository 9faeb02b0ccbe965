package report

import (
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/pipeline"
)

// Pipeline is what a job of an image, video, speech or embedding model takes.
type Pipeline struct {
	Class pipeline.Class `json:"class" jsonschema:"enum=text-to-image,enum=text-to-video,enum=speech-recognition,enum=speech-synthesis,enum=speech-denoising,enum=embedding"`
	Job   pipeline.Job   `json:"job"`   // the model's defaults filled in
	Setup pipeline.Setup `json:"setup"` // how the components are run, chosen where nobody did
	PipelineFigures
	Stages []PipelineStage `json:"stages"` // in the order in which they run
	Phases []PipelinePhase `json:"memory_phases"`
}

// PipelineFigures are the figures of time. Those that are not of the model's
// class are null; others that are null are explained in unavailable.
type PipelineFigures struct {
	LatencyS         *estimator.Figure `json:"latency_s"` // of the whole job
	SecondsPerImage  *estimator.Figure `json:"s_per_image"`
	StepsPerS        *estimator.Figure `json:"it_s"` // denoiser's steps, both passes of guidance in one
	ImagesPerMin     *estimator.Figure `json:"images_per_min"`
	SecondsPerVideoS *estimator.Figure `json:"s_per_video_s"` // per second of video
	RealTimeFactor   *estimator.Figure `json:"rtf"`           // per second of audio
	FirstAudioMs     *estimator.Figure `json:"first_audio_ms"`
	EncodeMs         *estimator.Figure `json:"encode_ms"`           // of one window, or clip, of those side by side
	DecodeMsPerTok   *estimator.Figure `json:"decode_ms_per_token"` // of one token of all sequences side by side
	DocumentsPerS    *estimator.Figure `json:"docs_s"`
	TokensPerS       *estimator.Figure `json:"tok_s"`
}

// PipelineColumn is one figure of pipelines: how it is called, and where it
// lies.
type PipelineColumn struct {
	Name  string // of the JSON field, of CSV, and for --require and --sort
	Title string // in tables
	Unit  string // in tables
	Words string // in prose
	Less  bool   // smaller is better
	Time  bool   // measured in time, not in things a second
	Get   func(*PipelineFigures) *estimator.Figure
}

var pipelineColumns = []PipelineColumn{
	{"latency_s", "whole job", "s", "time of the whole job", true, true, func(f *PipelineFigures) *estimator.Figure { return f.LatencyS }},
	{"s_per_image", "per image", "s/image", "time per image", true, true, func(f *PipelineFigures) *estimator.Figure { return f.SecondsPerImage }},
	{"it_s", "steps", "it/s", "steps of the denoiser", false, false, func(f *PipelineFigures) *estimator.Figure { return f.StepsPerS }},
	{"images_per_min", "images", "images/min", "images a minute", false, false, func(f *PipelineFigures) *estimator.Figure { return f.ImagesPerMin }},
	{"s_per_video_s", "per second of video", "s/s", "time per second of video", true, true, func(f *PipelineFigures) *estimator.Figure { return f.SecondsPerVideoS }},
	{"rtf", "real-time factor", "", "real-time factor", true, false, func(f *PipelineFigures) *estimator.Figure { return f.RealTimeFactor }},
	{"first_audio_ms", "first audio", "ms", "time to the first audio", true, true, func(f *PipelineFigures) *estimator.Figure { return f.FirstAudioMs }},
	{"encode_ms", "encoding a window", "ms", "time to encode a window", true, true, func(f *PipelineFigures) *estimator.Figure { return f.EncodeMs }},
	{"decode_ms_per_token", "decoding a token", "ms/tok", "time per token that is decoded", true, true, func(f *PipelineFigures) *estimator.Figure { return f.DecodeMsPerTok }},
	{"docs_s", "documents", "docs/s", "documents a second", false, false, func(f *PipelineFigures) *estimator.Figure { return f.DocumentsPerS }},
	{"tok_s", "tokens", "tok/s", "tokens a second", false, false, func(f *PipelineFigures) *estimator.Figure { return f.TokensPerS }},
}

// PipelineColumns lists the figures of pipelines, in their order.
func PipelineColumns() []PipelineColumn { return pipelineColumns }

// PipelineColumnOf finds a figure by its name; nil if there is none.
func PipelineColumnOf(name string) *PipelineColumn {
	for i := range pipelineColumns {
		if pipelineColumns[i].Name == name {
			return &pipelineColumns[i]
		}
	}
	return nil
}

// mainFigures names what people compare models of a class by.
var mainFigures = map[pipeline.Class]string{
	pipeline.TextToImage: "s_per_image", pipeline.TextToVideo: "s_per_video_s", pipeline.Recognition: "rtf",
	pipeline.Synthesis: "rtf", pipeline.Denoising: "rtf", pipeline.Embedding: "docs_s",
}

// MainFigure is what people compare models of a class by; nil for what is no
// class of pipelines.
func MainFigure(class pipeline.Class) *PipelineColumn { return PipelineColumnOf(mainFigures[class]) }

// PipelineStage is what one component does, and how long it takes.
type PipelineStage struct {
	Name      string           `json:"name"`
	Component string           `json:"component"`
	Calls     float64          `json:"calls"`
	Seconds   estimator.Figure `json:"seconds"` // of all calls
	Share     float64          `json:"share"`   // of the job's time
	Bound     string           `json:"bound"`   // compute, memory, launch or transfer
	Where     string           `json:"where"`   // device or host
}

// PipelinePhase is what lies in a memory while some stages run. Sizes are
// bytes.
type PipelinePhase struct {
	Memory  string `json:"memory"`
	Phase   string `json:"phase"`
	Fullest bool   `json:"fullest"` // of the phases of this memory
	Need    int64  `json:"need_bytes"`
	Low     int64  `json:"low_bytes"`
	High    int64  `json:"high_bytes"`
	Lines   []Line `json:"lines"`
}

// newPipelineCheck makes the document of a check of a pipeline.
func newPipelineCheck(p *scenario.Prepared, r *estimator.Result, v Versions) *Check {
	eng, o := p.Request.Pipeline.Engine, r.Pipeline
	c := &Check{Schema: CheckSchema, SchemaVersion: SchemaVersion, ToolVersion: v.Tool, DataVersion: v.Data,
		Inputs: p.Inputs,
		Result: Result{
			Verdict: r.Verdict, Reason: r.Reason,
			Model:    pipelineModel(p, r),
			Machine:  machineOf(p.Request.Machine),
			Engine:   Engine{ID: eng.ID, Name: eng.Name, Backend: o.Setup.Backend},
			Memory:   Memory{Components: tidyComponents(r.All), Fullest: Fullest{r.FullestName, tidyComponents(r.Fullest)}},
			Memories: ledgersOf(r), Pipeline: pipelineOf(p, r), Loading: tidyLoading(r.Loading), Costs: tidyCosts(r.Costs),
			Limits: []Limit{}, Suggestions: orEmpty(r.Suggestions), Verify: r.Verify,
		},
		Requirements: []Requirement{},
		Assumptions:  union(p.Assumptions, r.Assumptions),
		Warnings:     union(p.Warnings, r.Warnings),
		Unavailable:  orEmpty(r.Unavailable),
		Derivations:  r.Derivations,
	}
	if c.Inputs.Quant == "" && o.Setup.Format != "" {
		c.Inputs.Quant, c.Inputs.QuantAssumed = o.Setup.Format, true
		c.Assumptions = union(c.Assumptions, []string{"weight format not given: " + o.Setup.Format + " assumed, the usual one for " + eng.Name})
	}
	return c
}

// pipelineOf makes the part of a result that only pipelines have; nil for a
// language model.
func pipelineOf(p *scenario.Prepared, r *estimator.Result) *Pipeline {
	o := r.Pipeline
	if o == nil {
		return nil
	}
	m := p.Request.Pipeline.Model
	out := &Pipeline{Class: m.Class, Job: o.Job, Setup: o.Setup, PipelineFigures: PipelineFiguresOf(o), Stages: []PipelineStage{}, Phases: []PipelinePhase{}}
	for i := range o.Stages {
		s := &o.Stages[i]
		one := PipelineStage{Name: s.Name, Calls: significant(s.Calls), Share: significant(s.Share), Bound: s.Bound, Where: s.Where}
		if s.Component >= 0 && s.Component < len(m.Components) {
			one.Component = m.Components[s.Component].Name
		}
		if f := tidyPipeline(&s.Seconds); f != nil {
			one.Seconds = *f
		}
		out.Stages = append(out.Stages, one)
	}
	if r.Fit != nil {
		out.phases(r.Fit.Ledgers)
	}
	return out
}

// phases lists what lies in each memory in each phase.
func (p *Pipeline) phases(ledgers []pipeline.Ledger) {
	for i := range ledgers {
		l := &ledgers[i]
		for k := range l.Phases {
			from := &l.Phases[k]
			one := PipelinePhase{Memory: l.Name, Phase: from.Name, Fullest: k == l.Peak, Need: from.Need, Low: from.Low, High: from.High, Lines: []Line{}}
			for _, line := range from.Lines {
				one.Lines = append(one.Lines, Line{Component: line.Kind, Bytes: line.Bytes, Low: line.Low, High: line.High,
					Formula: line.Formula, Source: line.Source, Note: line.Name})
			}
			p.Phases = append(p.Phases, one)
		}
	}
}

// PipelineFiguresOf takes the figures of an outcome, rounded as all are.
func PipelineFiguresOf(o *pipeline.Outcome) PipelineFigures {
	return PipelineFigures{LatencyS: tidyPipeline(o.LatencyS), SecondsPerImage: tidyPipeline(o.SecondsPerImage), StepsPerS: tidyPipeline(o.StepsPerS),
		ImagesPerMin: tidyPipeline(o.ImagesPerMin), SecondsPerVideoS: tidyPipeline(o.SecondsPerVideoS), RealTimeFactor: tidyPipeline(o.RealTimeFactor),
		FirstAudioMs: tidyPipeline(o.FirstAudioMs), EncodeMs: tidyPipeline(o.EncodeMs), DecodeMsPerTok: tidyPipeline(o.DecodeMsPerTok),
		DocumentsPerS: tidyPipeline(o.DocumentsPerS), TokensPerS: tidyPipeline(o.TokensPerS)}
}

func tidyPipeline(f *pipeline.Figure) *estimator.Figure { return tidy((*estimator.Figure)(f)) }

// pipelineModel says which pipeline was judged.
func pipelineModel(p *scenario.Prepared, r *estimator.Result) Model {
	from := p.Request.Pipeline.Model
	m := Model{ID: from.ID, Name: from.Name, WeightBasis: "components"}
	if m.Name == "" {
		m.Name = p.Inputs.Model
	}
	for i := range from.Components {
		c := &from.Components[i]
		m.ParamsTotal += c.Params
		if c.ActiveParams > 0 {
			m.ParamsActive += c.ActiveParams
		} else {
			m.ParamsActive += c.Params
		}
	}
	if r.Pipeline != nil {
		m.WeightFormat = r.Pipeline.Setup.Format
	}
	return m
}
