package estimator

import (
	"fmt"
	"math"

	"github.com/plimsoll/plimsoll/estimator/memory"
	"github.com/plimsoll/plimsoll/estimator/phase"
	"github.com/plimsoll/plimsoll/estimator/roofline"
	"github.com/plimsoll/plimsoll/hardware"
)

// Estimate answers one request: where the model goes, how full each memory
// gets, how long the phases take, and so whether it fits. It is pure: the
// same request gives the same result. An error means that the request itself
// is wrong; what merely cannot be known is listed in Result.Unavailable.
func Estimate(req *Request) (*Result, error) {
	if req.Pipeline != nil {
		return estimatePipeline(req)
	}
	if req.Cache == nil {
		own := *req
		own.Cache = new(Cache)
		req = &own
	}
	if req.Workload.Sees() {
		own := *req
		if err := Look(&own); err != nil {
			return nil, err
		}
		req = &own
	}
	e := new(Result)
	if err := allocate(req, e); err != nil {
		return nil, err
	}
	if err := clock(req, e); err != nil {
		return nil, err
	}
	if req.Answers || req.Explain {
		e.Reason = reason(e, req)
		notes(req, e)
	}
	if req.Explain {
		explain(req, e)
	}
	if req.Terms != nil {
		costs(req, e)
	}
	if req.Answers {
		e.Answers = answers(req, e)
		e.Loading = loading(req, e)
		e.Suggestions = suggestions(req, e)
		e.Verify = verify(req, e)
	}
	return e, nil
}

// allocate does the first half: settings, placement, ledgers and verdict.
func allocate(req *Request, e *Result) error {
	node := req.Machine.Primary()
	if node == nil {
		return fmt.Errorf("machine %s has no node", req.Machine.ID)
	}
	if err := sized(node); err != nil {
		return err
	}
	d := req.Deployment
	if d.KVTypeK == "" {
		d.KVTypeK = req.Engine.RulesAt(d.EngineDate).KVTypes[req.Weights.Format]
	}
	s, err := req.Engine.Resolve(d, req.Workload, req.Model, node, req.Formats.BytesPerElement)
	if err != nil {
		return err
	}
	e.Settings = s
	in := memory.Input{
		Model: req.Model, Weights: req.Weights, Node: node,
		Settings: &e.Settings, Workload: req.Workload, Explain: req.Explain,
		Profile: req.Cache.profile(req.Model),
	}
	if req.Workload.Sees() || req.Model.Arch.Vision.OwnFile() {
		if in.Tower, err = tower(req, s.Rules); err != nil {
			return err
		}
	}
	e.Ledgers, err = memory.FitInto(&in, &e.Placement, e.Ledgers)
	if err != nil {
		return err
	}
	e.Deployment = e.Settings.Deployment // a fitted context is a setting too
	judge(e)
	f := fullest(e.Ledgers)
	e.FullestName = e.Ledgers[f].Name
	e.All = components(e.Ledgers)
	e.Fullest = components(e.Ledgers[f : f+1])
	return nil
}

// sized refuses machines whose memory nobody knows: no verdict can be made.
func sized(node *hardware.Node) error {
	for _, d := range node.Devices {
		if d.MemoryBytes <= 0 && (!d.Unified || node.Host.MemoryBytes <= 0) {
			return fmt.Errorf("the memory size of %s is not known: give it with --ram or in a hardware profile", d.Name)
		}
	}
	if len(node.Devices) == 0 && node.Host.MemoryBytes <= 0 {
		return fmt.Errorf("the size of the main memory is not known: give it with --ram or in a hardware profile")
	}
	return nil
}

// clock does the second half: the phases and their times.
func clock(req *Request, e *Result) error {
	node := req.Machine.Primary()
	if !timeable(e, node) {
		return nil
	}
	rin, err := work(req, e)
	if err != nil {
		return err
	}
	c := req.Cache
	e.Prefill, e.Decode = roofline.Run(&c.prefill, &rin), roofline.Run(&c.decode, &rin)
	if !finite(&e.Prefill) || !finite(&e.Decode) {
		e.Prefill, e.Decode = roofline.Time{}, roofline.Time{}
		missing(e, "a rate of this hardware is not known: give memory bandwidth and compute in a hardware profile")
		return nil
	}
	e.Speed = speeds(&e.figures, &e.Prefill, &e.Decode, &req.Workload)
	if err := see(req, e, &rin); err != nil {
		return err
	}
	served(req, e)
	if e.Speed.EncodeMs != nil && !e.served {
		delay(e)
	}
	e.bounds[0] = boundOf("prefill", &e.Prefill)
	e.Limits = e.bounds[:1]
	if req.Workload.OutputTokens > 0 {
		e.bounds[1] = boundOf("decode", &e.Decode)
		e.Limits = e.bounds[:2]
	} else {
		for _, f := range []string{"decode_tok_s", "output_tok_s", "tpot_ms", "requests_s"} {
			e.Unavailable = append(e.Unavailable, Unavailable{Figure: f, Reason: "no output tokens were asked for"})
		}
	}
	if req.Explain {
		e.Derivations = append(e.Derivations, steps("prefill", &c.prefill, &rin, &e.Prefill)...)
		e.Derivations = append(e.Derivations, steps("decode", &c.decode, &rin, &e.Decode)...)
	}
	return nil
}

// work fills the cache's phases with what is to be done, and returns the
// rates at which the node does it.
func work(req *Request, e *Result) (roofline.Input, error) {
	c, s := req.Cache, &e.Settings
	in := phase.Input{
		Model: req.Model, Weights: req.Weights, Shape: c.shape(req.Model, req.Weights),
		Placement: &e.Placement, Settings: s, Workload: req.Workload,
	}
	in.Workload.Batch = 1 // a prompt is processed by itself
	phase.Prefill(&in, &c.prefill)
	in.Workload.Batch = max(req.Workload.Batch, 1)
	start := float64(req.Workload.DecodeStart())
	phase.DecodeAt(&in, start, start+float64(req.Workload.OutputTokens), &c.decode)

	rin, err := c.rates(req.Calibration, s, req.Machine.Primary())
	rin.Class, rin.Format, rin.Flash = req.Weights.Class, req.Weights.Format, s.FlashOn
	return rin, err
}

// timeable notes why no time can be given, if so.
func timeable(e *Result, node *hardware.Node) bool {
	if e.Verdict == DoesNotFit {
		return true // the speed it would have if the memory were there
	}
	for i := range e.Placement.Shares {
		d := e.Placement.Shares[i].Device
		if d != nil && d.BandwidthGBps <= 0 {
			return missing(e, "the memory bandwidth of "+d.Name+" is not known: give it in a hardware profile (bandwidth_gb_s)")
		}
	}
	if h := e.Placement.Host(); (h.Layers.Len() > 0 || h.Experts.Len() > 0) && node.Host.CPU.BandwidthGBps <= 0 && node.Host.Measured == nil {
		return missing(e, "the memory bandwidth of the host is not known: name its CPU with --host, or give memory_bandwidth_gb_s in a hardware profile")
	}
	return true
}

// missing notes that no speed is known, and why; it returns false.
func missing(e *Result, reason string) bool {
	for _, f := range []string{"prefill_tok_s", "decode_tok_s", "output_tok_s", "ttft_ms", "tpot_ms", "requests_s"} {
		e.Unavailable = append(e.Unavailable, Unavailable{Figure: f, Reason: reason})
	}
	return false
}

// finite says whether a time came out as one.
func finite(t *roofline.Time) bool {
	return t.Low > 0 && t.Seconds > 0 && !math.IsInf(t.High, 0) && !math.IsNaN(t.High)
}
