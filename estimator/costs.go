package estimator

import (
	"github.com/plimsoll/plimsoll/estimator/cost"
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/roofline"
)

// Tenure says how one comes by a machine.
type Tenure string

// Tenures.
const (
	Rented Tenure = "rented"
	Owned  Tenure = "owned"
)

// Terms are what the costs of an estimate rest on. Facts come with their
// source; what is not known is nil, with the reason beside it.
type Terms struct {
	// Tenure is what USDPerHour is of.
	Tenure Tenure
	Rental *cost.Rental
	Owned  *cost.Owned // its Idle is filled in from Power
	// Power is what the machine draws; NoPower says why that is not known.
	Power   *cost.Power
	NoPower string
	// Site is where it stands, Utilisation the share of the hours in which it
	// works: idle hours' energy is charged to those.
	Site        cost.Site
	Utilisation float64
	// Assumptions are in plain words what nobody stated of all this.
	Assumptions []string
	Warnings    []Warning
}

// RentPerHour is what a machine of so many devices costs to rent for an hour,
// in USD; 0 where it is not rented or no price is known.
func (t *Terms) RentPerHour(devices int) float64 {
	if t.Tenure != Rented || t.Rental == nil {
		return 0
	}
	if h := t.Rental.Hour(devices); h.Total != nil {
		return h.Total.Value
	}
	return 0
}

// Costs are what an estimate's work costs. Money is in USD, per hour of work
// and per what is done in it; a nil figure is explained in
// Result.Unavailable. Energy is that of the whole machine at the wall.
type Costs struct {
	Tenure     Tenure  `json:"tenure" jsonschema:"enum=rented,enum=owned"`
	USDPerHour *Figure `json:"usd_per_hour"`
	// PerMInput and PerMOutput divide a request between its prompt and its
	// answer; PerMAllIn charges the prompt to the answer.
	USDPerMInput  *Figure `json:"usd_per_m_input_tokens"`
	USDPerMOutput *Figure `json:"usd_per_m_output_tokens"`
	USDPerMAllIn  *Figure `json:"usd_per_m_output_tokens_all_in"`
	USDPerRequest *Figure `json:"usd_per_request"`
	// Watts is the mean over a request, WattsIdle that of a machine with
	// nothing to do; neither has the site's cooling in it.
	Watts     *Figure `json:"watts"`
	WattsIdle *Figure `json:"watts_idle"`
	// JoulesPerToken is a request's energy at the wall over its generated
	// tokens; KWhPerM and GramsPerM have idle hours and cooling in them.
	JoulesPerToken *Figure `json:"joules_per_output_token"`
	KWhPerM        *Figure `json:"kwh_per_m_output_tokens"`
	GramsPerM      *Figure `json:"gco2e_per_m_output_tokens"`
	// EnergyUSDPerHour is what the electricity of an hour of work costs.
	EnergyUSDPerHour *Figure `json:"energy_usd_per_hour"`
	// BreakEvenMonths is when buying has become cheaper than renting.
	BreakEvenMonths *Figure `json:"break_even_months"`
	JobCosts                // of a pipeline; of it no figure is per token that is read or written
}

// NamedFigure is a figure and where it lies.
type NamedFigure struct {
	Name   string
	Figure **Figure
}

// Figures lists the figures by their JSON names, in their order.
func (c *Costs) Figures() []NamedFigure {
	return append([]NamedFigure{
		{usdPerHour, &c.USDPerHour}, {usdPerMInput, &c.USDPerMInput}, {usdPerMOutput, &c.USDPerMOutput}, {usdPerMAllIn, &c.USDPerMAllIn},
		{usdPerRequest, &c.USDPerRequest}, {watts, &c.Watts}, {wattsIdle, &c.WattsIdle}, {joulesPerToken, &c.JoulesPerToken},
		{kwhPerM, &c.KWhPerM}, {gramsPerM, &c.GramsPerM}, {energyPerHour, &c.EnergyUSDPerHour}, {breakEven, &c.BreakEvenMonths},
	}, c.JobCosts.figures()...)
}

// Names of the figures of Costs, as in its JSON.
const (
	usdPerHour     = "usd_per_hour"
	usdPerRequest  = "usd_per_request"
	usdPerMInput   = "usd_per_m_input_tokens"
	usdPerMOutput  = "usd_per_m_output_tokens"
	usdPerMAllIn   = "usd_per_m_output_tokens_all_in"
	watts          = "watts"
	wattsIdle      = "watts_idle"
	joulesPerToken = "joules_per_output_token"
	kwhPerM        = "kwh_per_m_output_tokens"
	gramsPerM      = "gco2e_per_m_output_tokens"
	energyPerHour  = "energy_usd_per_hour"
	breakEven      = "break_even_months"
)

// spending gathers the costs of one estimate.
type spending struct {
	req   *Request
	terms *Terms
	e     *Result
	out   *Costs
	work  cost.Work
	both  cost.Parts // of a request: its prompt and its share of the steps
}

// costs is the last step of an estimate: what an hour of the machine and what
// the work done in it cost.
func costs(req *Request, e *Result) {
	s := &spending{req: req, terms: req.Terms, e: e, out: &Costs{Tenure: req.Terms.Tenure}}
	e.Costs = s.out
	s.measure()
	devices := len(req.Machine.Primary().Devices)
	input, output, mean := s.power()
	s.money(devices, input, output, mean)
	s.energy(input, output, mean)
	if s.out.EnergyUSDPerHour != nil || s.out.USDPerHour != nil && s.out.Tenure == Owned {
		e.Assumptions = append(e.Assumptions, req.Terms.Assumptions...)
	}
	e.Warnings = append(e.Warnings, req.Terms.Warnings...)
}

// measure says what requests are made of and how fast they are served.
func (s *spending) measure() {
	w, speed := &s.req.Workload, &s.e.Speed
	s.work = cost.Work{OutputTokens: float64(w.OutputTokens), Output: (*cost.Figure)(speed.OutputTokS), Requests: (*cost.Figure)(speed.RequestsS)}
	if !w.PromptAssumed { // else the request is its answer
		s.work.InputTokens = float64(w.InputTokens)
	}
	if p := speed.PrefillTokS; p != nil {
		own := *p
		if t := &s.e.Encode; t.Seconds > 0 { // an input token's share of the encoder
			n := float64(w.InputTokens)
			own.Value, own.Low, own.High = n/(n/p.Value+t.Seconds), n/(n/p.Low+t.High), n/(n/p.High+t.Low)
		}
		all := cost.Figure(own).Times(float64(max(s.e.Settings.DP, 1)), own.Unit)
		s.work.Prefill = &all
	}
	prefill, decode := cost.PartsOf(&s.e.Prefill), cost.PartsOf(&s.e.Decode)
	if s.work.InputTokens <= 0 {
		prefill = cost.Parts{}
	}
	prefill = prefill.Plus(cost.PartsOf(&s.e.Encode), 1)
	s.both = prefill.Plus(decode, s.work.OutputTokens/float64(max(w.Batch, 1)))
}

// known is an estimate's time that was told.
func known(t *roofline.Time) bool { return t.Seconds > 0 }

// power is what the machine draws in prompts, in answers and over a request.
func (s *spending) power() (input, output, mean *cost.Figure) {
	p := s.terms.Power
	if p == nil {
		s.missing(s.terms.NoPower, watts, wattsIdle, joulesPerToken, kwhPerM, gramsPerM, energyPerHour)
		return nil, nil, nil
	}
	s.idle()
	if !known(&s.e.Decode) && !known(&s.e.Prefill) {
		s.missing("the time of the work is not known", watts, joulesPerToken, kwhPerM, gramsPerM, energyPerHour)
		return nil, nil, nil
	}
	working := s.working()
	input = p.Draw(cost.PartsOf(&s.e.Prefill), working)
	output = p.Draw(cost.PartsOf(&s.e.Decode), working)
	mean = p.Draw(s.both, working)
	s.out.Watts = (*Figure)(mean)
	if s.req.Explain {
		for _, d := range p.Explain(s.both, working) {
			s.e.Derivations = append(s.e.Derivations, Derivation(d))
		}
	}
	return input, output, mean
}

// idle is what the machine draws when nothing works on it, told to its owner.
func (s *spending) idle() {
	idle := s.terms.Power.Idle()
	s.out.WattsIdle = (*Figure)(idle)
	if s.terms.Owned != nil {
		own, terms := *s.terms.Owned, *s.terms
		own.Idle, terms.Owned = idle, &own
		s.terms = &terms
	}
}

// working is how many devices work at a time: those of a stage in turn where
// one sequence passes through the stages.
func (s *spending) working() float64 {
	set := &s.e.Settings
	groups, ranks, stages := max(set.DP, 1), max(set.TP, 1), max(set.PP, 1)
	if set.Split == engine.SplitLayer {
		return 1
	}
	busy := min(max(set.PerGroup(), 1), stages)
	return float64(groups * ranks * busy)
}

// money is what hours, tokens and requests cost.
func (s *spending) money(devices int, input, output, mean *cost.Figure) {
	rent, hour, why := s.hour(devices, mean)
	flow := cost.Flow{Input: rent.Total, Output: rent.Total}
	if o := s.terms.Owned; o != nil && s.terms.Tenure == Owned {
		flow = cost.Flow{Input: o.Hour(input).Total, Output: o.Hour(output).Total}
	}
	if hour.Total == nil {
		s.missing(why, usdPerHour, usdPerMInput, usdPerMOutput, usdPerMAllIn, usdPerRequest)
	} else {
		spent := cost.Spend(flow, s.work)
		s.out.USDPerMInput, s.out.USDPerMOutput = (*Figure)(spent.PerMInput), (*Figure)(spent.PerMOutput)
		s.out.USDPerMAllIn, s.out.USDPerRequest = (*Figure)(spent.PerMOutputAll), (*Figure)(spent.Request)
		for _, u := range spent.Unavailable {
			if u.Figure != "per_m_tokens" { // not reported
				s.missing(u.Reason, "usd_"+u.Figure)
			}
		}
		s.explainMoney(devices, mean, flow, &spent)
	}
	s.payback(&rent, mean)
}

// hour is what an hour of the machine costs at a rent, and as it is paid for;
// why the latter is not known.
func (s *spending) hour(devices int, mean *cost.Figure) (rent, paid cost.Hour, why string) {
	if s.terms.Rental != nil {
		rent = s.terms.Rental.Hour(devices)
	}
	paid, why = rent, "no price is known"
	if s.terms.Owned != nil && s.terms.Tenure == Owned {
		paid = s.terms.Owned.Hour(mean)
	}
	if len(paid.Unavailable) > 0 {
		why = paid.Unavailable[0].Reason
	}
	s.out.USDPerHour = (*Figure)(paid.Total)
	return rent, paid, why
}

// payback compares buying the machine with renting it.
func (s *spending) payback(rent *cost.Hour, mean *cost.Figure) {
	o := s.terms.Owned
	switch {
	case s.terms.Tenure != Owned:
		s.missing("it compares buying with renting, and nobody asked for buying", breakEven)
	case o == nil:
		s.missing("nothing is known of buying this machine", breakEven)
	case rent.Total == nil:
		s.missing("no rent is known to compare with", breakEven)
	default:
		p := o.Against(rent.Total, mean)
		s.out.BreakEvenMonths = (*Figure)(p.Months)
		for _, u := range p.Unavailable {
			if u.Figure == breakEven {
				s.missing(u.Reason, breakEven)
			}
		}
	}
}

// explainHour says how an hour's price came about.
func (s *spending) explainHour(devices int, mean *cost.Figure) {
	if !s.req.Explain {
		return
	}
	var lines []cost.Derivation
	if s.terms.Tenure == Owned {
		lines = s.terms.Owned.Explain(mean)
	} else {
		lines = s.terms.Rental.Explain(devices)
	}
	for _, d := range lines {
		s.e.Derivations = append(s.e.Derivations, Derivation(d))
	}
}

func (s *spending) explainMoney(devices int, mean *cost.Figure, flow cost.Flow, spent *cost.Spent) {
	if !s.req.Explain {
		return
	}
	s.explainHour(devices, mean)
	for _, d := range spent.Explain(flow, s.work) {
		s.e.Derivations = append(s.e.Derivations, Derivation(d))
	}
}

// energy is what the work takes from the wall and from the grid.
func (s *spending) energy(input, output, mean *cost.Figure) {
	if mean == nil {
		return
	}
	spent := cost.Spend(cost.Flow{Input: scaled(input, 1e-3, "kWh/h"), Output: scaled(output, 1e-3, "kWh/h")}, s.work)
	if f := spent.PerMOutputAll; f != nil {
		s.out.JoulesPerToken = (*Figure)(scaled(f, 3.6, "J/tok")) // kWh per million tokens
	} else {
		s.missing(reasonOf(spent.Unavailable, "per_m_output_tokens_all_in"), joulesPerToken)
	}
	site, idle := &s.terms.Site, (*cost.Figure)(s.out.WattsIdle)
	var flow cost.Flow
	var why string
	flow.Input, why = site.Energy(input, idle, s.terms.Utilisation)
	if why == "" {
		flow.Output, why = site.Energy(output, idle, s.terms.Utilisation)
	}
	if why != "" {
		s.missing(why, kwhPerM, gramsPerM, energyPerHour)
		return
	}
	grid := cost.Spend(flow, s.work)
	s.out.KWhPerM = (*Figure)(grid.PerMOutputAll)
	if grid.PerMOutputAll == nil {
		s.missing(reasonOf(grid.Unavailable, "per_m_output_tokens_all_in"), kwhPerM, gramsPerM)
	} else if g, why := site.Emissions(grid.PerMOutputAll); g == nil {
		s.missing(why, gramsPerM)
	} else {
		s.out.GramsPerM = (*Figure)(g)
	}
	o := cost.Owned{Utilisation: s.terms.Utilisation, Site: *site, Idle: idle}
	run, why := o.Running(mean)
	if s.out.EnergyUSDPerHour = (*Figure)(run); run == nil {
		s.missing(why, energyPerHour)
	}
}

func scaled(f *cost.Figure, k float64, unit string) *cost.Figure {
	if f == nil {
		return nil
	}
	g := f.Times(k, unit)
	return &g
}

func reasonOf(list []cost.Unavailable, figure string) string {
	for _, u := range list {
		if u.Figure == figure {
			return u.Reason
		}
	}
	return "it is not known"
}

func (s *spending) missing(reason string, figures ...string) {
	for _, f := range figures {
		s.e.Unavailable = append(s.e.Unavailable, Unavailable{Figure: f, Reason: reason})
	}
}
