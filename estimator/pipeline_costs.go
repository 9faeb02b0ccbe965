package estimator

import (
	"github.com/plimsoll/plimsoll/estimator/cost"
	"github.com/plimsoll/plimsoll/estimator/pipeline"
)

// JobCosts are what a pipeline's work costs: a whole job, and what there is
// much of in it. Money is in USD; energy is that of the whole machine at the
// wall, without the site's cooling; emissions have cooling and idle hours in
// them. Figures that do not belong to the class are nil.
type JobCosts struct {
	USDPerJob       *Figure `json:"usd_per_job,omitempty"`
	USDPerImage     *Figure `json:"usd_per_image,omitempty"`
	USDPerVideoS    *Figure `json:"usd_per_video_second,omitempty"`
	USDPerAudioHour *Figure `json:"usd_per_audio_hour,omitempty"`
	USDPerMTokens   *Figure `json:"usd_per_m_tokens,omitempty"` // embedded
	WhPerJob        *Figure `json:"wh_per_job,omitempty"`
	WhPerImage      *Figure `json:"wh_per_image,omitempty"`
	WhPerVideoS     *Figure `json:"wh_per_video_second,omitempty"`
	WhPerAudioHour  *Figure `json:"wh_per_audio_hour,omitempty"`
	WhPerMTokens    *Figure `json:"wh_per_m_tokens,omitempty"`
	GramsPerJob     *Figure `json:"gco2e_per_job,omitempty"`
}

// Names of the figures of JobCosts, as in its JSON.
const (
	usdPerJob       = "usd_per_job"
	usdPerImage     = "usd_per_image"
	usdPerVideoS    = "usd_per_video_second"
	usdPerAudioHour = "usd_per_audio_hour"
	usdPerMTokens   = "usd_per_m_tokens"
	whPerJob        = "wh_per_job"
	whPerImage      = "wh_per_image"
	whPerVideoS     = "wh_per_video_second"
	whPerAudioHour  = "wh_per_audio_hour"
	whPerMTokens    = "wh_per_m_tokens"
	gramsPerJob     = "gco2e_per_job"
)

func (c *JobCosts) figures() []NamedFigure {
	return []NamedFigure{
		{usdPerJob, &c.USDPerJob}, {usdPerImage, &c.USDPerImage}, {usdPerVideoS, &c.USDPerVideoS}, {usdPerAudioHour, &c.USDPerAudioHour},
		{usdPerMTokens, &c.USDPerMTokens}, {whPerJob, &c.WhPerJob}, {whPerImage, &c.WhPerImage}, {whPerVideoS, &c.WhPerVideoS},
		{whPerAudioHour, &c.WhPerAudioHour}, {whPerMTokens, &c.WhPerMTokens}, {gramsPerJob, &c.GramsPerJob},
	}
}

// product is what a pipeline makes: at which rate per second, how much of it
// costs are told of, and where they go.
type product struct {
	rate             *cost.Figure
	amount           float64
	unit             string
	usdName, whName  string
	usdFigure, whFig **Figure
}

// products lists those of a class, the whole job first.
func products(class pipeline.Class, o *pipeline.Outcome, c *JobCosts) []product {
	out := []product{{inverse(o.LatencyS), 1, "job", usdPerJob, whPerJob, &c.USDPerJob, &c.WhPerJob}}
	switch class {
	case pipeline.TextToImage:
		out = append(out, product{inverse(o.SecondsPerImage), 1, "image", usdPerImage, whPerImage, &c.USDPerImage, &c.WhPerImage})
	case pipeline.TextToVideo:
		out = append(out, product{inverse(o.SecondsPerVideoS), 1, "s of video", usdPerVideoS, whPerVideoS, &c.USDPerVideoS, &c.WhPerVideoS})
	case pipeline.Recognition, pipeline.Synthesis, pipeline.Denoising:
		out = append(out, product{inverse(o.RealTimeFactor), 3600, "h of audio", usdPerAudioHour, whPerAudioHour, &c.USDPerAudioHour, &c.WhPerAudioHour})
	case pipeline.Embedding:
		out = append(out, product{(*cost.Figure)(o.TokensPerS), 1e6, "M tok", usdPerMTokens, whPerMTokens, &c.USDPerMTokens, &c.WhPerMTokens})
	}
	return out
}

// inverse is the rate that a time for one is.
func inverse(f *pipeline.Figure) *cost.Figure {
	if f == nil || !(f.Low > 0) {
		return nil
	}
	return &cost.Figure{Value: 1 / f.Value, Low: 1 / f.High, High: 1 / f.Low, Unit: "/s", Basis: f.Basis}
}

// pipelineCosts is the last step of an estimate of a pipeline: what an hour of
// the machine costs, and what the work done in it does.
func pipelineCosts(req *Request, e *Result) {
	s := &spending{req: req, terms: req.Terms, e: e, out: &Costs{Tenure: req.Terms.Tenure}}
	e.Costs = s.out
	o := e.Pipeline
	made := products(req.Pipeline.Model.Class, o, &s.out.JobCosts)
	var names, energies []string
	for _, p := range made {
		names, energies = append(names, p.usdName), append(energies, p.whName)
	}
	watt := s.pipelinePower(o, append([]string{watts, gramsPerJob, energyPerHour}, energies...))
	s.pipelineMoney(made, names, watt)
	s.pipelineEnergy(made, watt)
	if s.out.EnergyUSDPerHour != nil || s.out.USDPerHour != nil && s.out.Tenure == Owned {
		e.Assumptions = append(e.Assumptions, req.Terms.Assumptions...)
	}
	e.Warnings = append(e.Warnings, req.Terms.Warnings...)
}

// partsOfStages divides a job's time by what limits its stages.
func partsOfStages(o *pipeline.Outcome) cost.Parts {
	var p cost.Parts
	for i := range o.Stages {
		st := &o.Stages[i]
		host := st.Where == "host"
		to := &p.Overhead
		switch {
		case st.Bound == "compute" && host:
			to = &p.HostCompute
		case st.Bound == "compute":
			to = &p.Compute
		case host:
			to = &p.HostBandwidth
		case st.Bound == "memory":
			to = &p.Bandwidth
		case st.Bound == "transfer":
			to = &p.Transfer
		}
		*to += max(st.Seconds.Value, 0)
	}
	return p
}

// pipelinePower is what the machine draws in the mean over a job.
func (s *spending) pipelinePower(o *pipeline.Outcome, figures []string) *cost.Figure {
	p := s.terms.Power
	if p == nil {
		s.missing(s.terms.NoPower, append(figures, wattsIdle)...)
		return nil
	}
	s.idle()
	parts := partsOfStages(o)
	if parts == (cost.Parts{}) {
		s.missing("the time of the work is not known", figures...)
		return nil
	}
	working := float64(o.Setup.Devices())
	mean := p.Draw(parts, working)
	s.out.Watts = (*Figure)(mean)
	if s.req.Explain {
		for _, d := range p.Explain(parts, working) {
			s.e.Derivations = append(s.e.Derivations, Derivation(d))
		}
	}
	return mean
}

// pipelineMoney is what an hour, a job and its products cost.
func (s *spending) pipelineMoney(made []product, names []string, mean *cost.Figure) {
	devices := len(s.req.Machine.Primary().Devices)
	rent, hour, why := s.hour(devices, mean)
	if hour.Total == nil {
		s.missing(why, append([]string{usdPerHour}, names...)...)
	} else {
		for _, p := range made {
			f, why := cost.Per(hour.Total, p.rate, p.amount, p.unit)
			if *p.usdFigure = (*Figure)(f); f == nil {
				s.missing(why, p.usdName)
			}
		}
		s.explainHour(devices, mean)
	}
	s.payback(&rent, mean)
}

// pipelineEnergy is what the work takes from the wall and from the grid.
func (s *spending) pipelineEnergy(made []product, mean *cost.Figure) {
	if mean == nil {
		return
	}
	flow := scaled(mean, 1, "Wh/h")
	for _, p := range made {
		f, why := cost.Per(flow, p.rate, p.amount, p.unit)
		if *p.whFig = (*Figure)(f); f == nil {
			s.missing(why, p.whName)
		}
	}
	site, idle := &s.terms.Site, (*cost.Figure)(s.out.WattsIdle)
	grid, why := site.Energy(mean, idle, s.terms.Utilisation)
	if why != "" {
		s.missing(why, gramsPerJob, energyPerHour)
		return
	}
	if job, why := cost.Per(grid, made[0].rate, 1, "job"); job == nil {
		s.missing(why, gramsPerJob)
	} else if g, why := site.Emissions(job); g == nil {
		s.missing(why, gramsPerJob)
	} else {
		s.out.GramsPerJob = (*Figure)(g)
	}
	o := cost.Owned{Utilisation: s.terms.Utilisation, Site: *site, Idle: idle}
	run, why := o.Running(mean)
	if s.out.EnergyUSDPerHour = (*Figure)(run); run == nil {
		s.missing(why, energyPerHour)
	}
}
