package fit

import (
	"math"

	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/estimator/phase"
	"github.com/plimsoll/plimsoll/estimator/roofline"
	"github.com/plimsoll/plimsoll/hardware"
)

// Observation is one measured time and the work that took it.
type Observation struct {
	ID string
	// Prefill and Decode are the phases; the measured time is
	// Prefills × prefill + Steps × decode steps, and for phases that are steps
	// of continuous batching Requests × what a request costs besides.
	Prefill, Decode *phase.Phase
	Prefills, Steps float64
	Requests        float64
	Seconds         float64
	Weight          float64 // relative to 1, from the care of the source and the number of its rows

	Site Site
	// Class, Format and Flash are roofline.Input's.
	Class  format.Class
	Format string
	Flash  bool

	// Device and Model name what cross-validation leaves out: the processor
	// that leads, and the family of models.
	Device, Model string
	// Decoding is true when most of the time is decode.
	Decoding bool
}

// Site is where and with what an observation was made; observations that
// share one share its rates.
type Site struct {
	Settings *engine.Settings
	Node     *hardware.Node
}

// siteKey tells sites apart.
type siteKey struct {
	engine, backend, date string
	threads               int
	node                  *hardware.Node
}

func (s *Site) key() siteKey {
	k := siteKey{backend: s.Settings.Backend, date: s.Settings.EngineDate, threads: s.Settings.Threads, node: s.Node}
	if s.Settings.Engine != nil {
		k.engine = s.Settings.Engine.ID
	}
	return k
}

// predict returns the seconds that the model gives.
func (o *Observation) predict(rates *roofline.Input) float64 {
	t, _ := o.time(rates)
	return t
}

// time returns the seconds that the model gives, and the traits of the phase
// that was measured.
func (o *Observation) time(rates *roofline.Input) (seconds float64, traits calibration.Trait) {
	if o.Prefills > 0 {
		x := roofline.Run(o.Prefill, rates)
		seconds, traits = o.Prefills*x.Seconds, x.Traits
	}
	seconds += o.Requests * rates.PerRequest()
	if o.Steps > 0 {
		x := roofline.Run(o.Decode, rates)
		seconds += o.Steps * x.Seconds
		if o.Decoding {
			traits = x.Traits
		}
	}
	return seconds, traits
}

// residual returns ln(predicted ÷ measured) of the time.
func (o *Observation) residual(rates *roofline.Input) float64 {
	return math.Log(o.predict(rates) / o.Seconds)
}

// uses says whether devices and the host have work.
func (o *Observation) uses() (device, host bool) {
	look := func(ph *phase.Phase) {
		for w := range ph.Works {
			if ph.Works[w].Host {
				host = true
			} else {
				device = true
			}
		}
	}
	if o.Prefills > 0 {
		look(o.Prefill)
	}
	if o.Steps > 0 {
		look(o.Decode)
	}
	return device, host
}

// problem is a set of observations with their rates under one table.
type problem struct {
	table *calibration.Table
	obs   []*Observation
	site  []int // of each observation
	sites []Site
	rates []roofline.Input
	// device and host say which processors have work at a site.
	device, host []bool
}

func newProblem(t *calibration.Table, obs []*Observation) (*problem, error) {
	p := &problem{table: t, obs: obs, site: make([]int, len(obs))}
	index := map[siteKey]int{}
	for i, o := range obs {
		k := o.Site.key()
		n, ok := index[k]
		if !ok {
			n = len(p.sites)
			index[k] = n
			p.sites = append(p.sites, o.Site)
			p.device, p.host = append(p.device, false), append(p.host, false)
		}
		d, h := o.uses()
		p.device[n], p.host[n] = p.device[n] || d, p.host[n] || h
		p.site[i] = n
	}
	p.rates = make([]roofline.Input, len(p.sites))
	return p, p.resolve()
}

// resolve looks up the rates of all sites anew.
func (p *problem) resolve() error {
	for i := range p.sites {
		if err := p.resolveSite(i); err != nil {
			return err
		}
	}
	return nil
}

func (p *problem) resolveSite(i int) error {
	in, err := roofline.ResolveParts(p.table, p.sites[i].Settings, p.sites[i].Node, p.device[i], p.host[i])
	p.rates[i] = in
	return err
}

// input returns the rates of an observation.
func (p *problem) input(i int) roofline.Input {
	in := p.rates[p.site[i]]
	o := p.obs[i]
	in.Class, in.Format, in.Flash = o.Class, o.Format, o.Flash
	return in
}

func (p *problem) residual(i int) float64 {
	in := p.input(i)
	return p.obs[i].residual(&in)
}
