package cost

import "strings"

// Flow is what a machine spends in an hour of work, while it processes
// prompts and while it generates, in one unit: USD/h, kWh/h or gCO2e/h. The
// two differ by the power they draw; of a rented machine they are the same.
type Flow struct {
	Input, Output *Figure
}

// Work is what requests are made of and how fast they are served.
type Work struct {
	InputTokens  float64 // of one request, those to be processed
	OutputTokens float64 // of one request
	// Prefill is the rate at which prompts are processed while nothing else is
	// done, in tok/s of the machine; Output that of all sequences together
	// while no prompt is.
	Prefill, Output *Figure
	// Requests is how many requests the machine completes per second. Without
	// it, prompts and answers are taken to follow each other.
	Requests *Figure
}

// Spent is a flow by what was done with it. Units are those of the flow
// without "/h": USD/M tok, USD/request. Sums hold: a request's input and
// output tokens at their prices are the price of the request.
type Spent struct {
	PerMInput  *Figure // per million prompt tokens
	PerMOutput *Figure // per million generated tokens, prompts not included
	// PerMOutputAll charges the prompts to the answers: a request over its
	// generated tokens, which is what prices by throughput mean.
	PerMOutputAll *Figure
	PerMTotal     *Figure // per million tokens of both kinds
	Request       *Figure

	Unavailable []Unavailable
}

// Names of the figures of Spent in Unavailable and in derivations.
const (
	perMInput     = "per_m_input_tokens"
	perMOutput    = "per_m_output_tokens"
	perMOutputAll = "per_m_output_tokens_all_in"
	perMTotal     = "per_m_tokens"
	perRequest    = "per_request"
)

const secondsPerHour = 3600.0

// times are the seconds of a machine that one request takes. why says why a
// part that applies is not known.
type times struct {
	in, out, whole *Figure
	why            string
}

// times divides the machine's time over a request:
//
//	input  = input tokens ÷ prefill rate
//	output = 1 ÷ requests per second − input, or output tokens ÷ output rate
//
// Where prompts run beside generation the difference is what generation takes
// besides; it cannot be told when prompts alone would take longer than whole
// requests do.
func (w Work) times() (t times) {
	w = w.clean()
	if w.InputTokens > 0 && positive(w.Prefill) {
		t.in = seconds(w.InputTokens, w.Prefill)
	}
	if !positive(w.Requests) {
		if w.OutputTokens > 0 && positive(w.Output) {
			t.out = seconds(w.OutputTokens, w.Output)
		}
		switch {
		case w.InputTokens > 0 && t.in == nil:
			t.why = "the rate of prompts is not known"
		case w.OutputTokens > 0 && t.out == nil:
			t.why = "the rate of generation is not known"
		}
		return t
	}
	t.whole = seconds(1, w.Requests)
	switch {
	case w.OutputTokens <= 0:
		t.in = t.whole
	case w.InputTokens <= 0:
		t.out = t.whole
	case t.in == nil:
		t.why = "the rate of prompts is not known: they cannot be told from the answers"
	case t.in.Value >= t.whole.Value:
		t.in, t.why = nil, "prompts alone take as long as whole requests: they run beside generation and cannot be told from it"
	default:
		// The doubt of the whole is that of both parts: they are one machine's.
		share := t.in.Value / t.whole.Value
		in, out := t.whole.Times(share, "s"), t.whole.Times(1-share, "s")
		t.in, t.out = &in, &out
	}
	return t
}

// clean takes numbers of tokens that are none as 0.
func (w Work) clean() Work {
	if !(w.InputTokens > 0) {
		w.InputTokens = 0
	}
	if !(w.OutputTokens > 0) {
		w.OutputTokens = 0
	}
	return w
}

func seconds(amount float64, rate *Figure) *Figure {
	f := over(Exact(amount, "", ""), *rate, "s")
	return &f
}

// Spend divides a flow over the tokens of the requests served with it:
//
//	request      = flow(input) · input time + flow(output) · output time
//	per M tokens = flow · time ÷ tokens · 10⁶
func Spend(f Flow, w Work) Spent {
	var s Spent
	w = w.clean()
	in, out := w.InputTokens > 0, w.OutputTokens > 0
	switch {
	case !in && !out:
		return *s.missing("a request without tokens has nothing to divide by", perMInput, perMOutput, perMOutputAll, perMTotal, perRequest)
	case in && !f.Input.sound() || out && !f.Output.sound():
		return *s.missing("what an hour of work takes is not known", perMInput, perMOutput, perMOutputAll, perMTotal, perRequest)
	}
	t := w.times()
	var request *Figure
	part := func(applies bool, flow, time *Figure, tokens float64, name, absent string) *Figure {
		switch {
		case !applies:
			s.missing(absent, name)
			return nil
		case time == nil:
			s.missing(t.why, name)
			return nil
		}
		p := spent(*flow, *time, "request")
		sum := p
		if request != nil {
			sum = add(*request, p)
		}
		request = &sum
		return s.keep(p.Times(1e6/tokens, stem(flow.Unit)+"/M tok"), name)
	}
	s.PerMInput = part(in, f.Input, t.in, w.InputTokens, perMInput, "there is no prompt")
	s.PerMOutput = part(out, f.Output, t.out, w.OutputTokens, perMOutput, "nothing is generated")
	if t.why != "" {
		if t.whole == nil {
			return *s.missing(t.why, perMOutputAll, perMTotal, perRequest)
		}
		undivided := spent(hull(f), *t.whole, "request")
		request = &undivided
	}
	if s.Request = s.keep(*request, perRequest); s.Request == nil {
		return *s.missing("the amount is too large to be told", perMOutputAll, perMTotal)
	}
	unit := stem(request.Unit) + "/M tok"
	s.PerMTotal = s.keep(request.Times(1e6/(w.InputTokens+w.OutputTokens), unit), perMTotal)
	if !out {
		return *s.missing("nothing is generated", perMOutputAll)
	}
	s.PerMOutputAll = s.keep(request.Times(1e6/w.OutputTokens, unit), perMOutputAll)
	return s
}

func (s *Spent) missing(reason string, figures ...string) *Spent {
	for _, f := range figures {
		s.Unavailable = append(s.Unavailable, Unavailable{f, reason})
	}
	return s
}

// keep is a figure, unless it has left the range of numbers.
func (s *Spent) keep(f Figure, name string) *Figure {
	if !f.sound() {
		s.missing("the amount is too large to be told", name)
		return nil
	}
	return &f
}

// hull is the flow of a machine that does both at once: that of generation,
// with an interval over both.
func hull(f Flow) Figure {
	h := *f.Output
	h.Low, h.High = min(h.Low, f.Input.Low), max(h.High, f.Input.High)
	return h
}

// spent is what a flow comes to over some seconds. The two err independently.
func spent(flow, seconds Figure, unit string) Figure {
	return product(flow.Times(1/secondsPerHour, flow.Unit), seconds, stem(flow.Unit)+"/"+unit)
}

// Per is what an amount of any product takes that comes at a rate per second:
// one image, sixty seconds of audio or video. unit names the amount ("image",
// "min of audio"). The reason is empty when there is a figure.
func Per(flow, rate *Figure, amount float64, unit string) (*Figure, string) {
	switch {
	case !flow.sound():
		return nil, "what an hour of work takes is not known"
	case !positive(rate):
		return nil, "the rate is not known"
	}
	f := spent(*flow, *seconds(amount, rate), unit)
	if !f.sound() {
		return nil, "the amount is too large to be told"
	}
	return &f, ""
}

func positive(f *Figure) bool { return f.sound() && f.Low > 0 }

// stem is what stands before the slash of a unit, tail the rest with it.
func stem(unit string) string { s, _, _ := strings.Cut(unit, "/"); return s }

func tail(unit string) string { return strings.TrimPrefix(unit, stem(unit)) }
