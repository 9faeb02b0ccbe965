package estimator

import (
	"slices"

	"github.com/plimsoll/plimsoll/estimator/phase"
	"github.com/plimsoll/plimsoll/estimator/roofline"
)

// Work is what a request asks to be done and whose rates it is done at, before
// any time is computed: what the speed model is fitted on.
type Work struct {
	Prefill, Decode phase.Phase
	Rates           roofline.Input // as the request's calibration has them
	Result          Result         // settings, placement, ledgers, verdict
}

// WorkOf does the first half of Estimate and lists the operations of both
// phases. The result shares nothing with the request's cache. Its errors are
// those of Estimate.
func WorkOf(req *Request) (*Work, error) {
	if req.Cache == nil {
		own := *req
		own.Cache = new(Cache)
		req = &own
	}
	w := new(Work)
	if err := allocate(req, &w.Result); err != nil {
		return nil, err
	}
	rin, err := work(req, &w.Result)
	if err != nil {
		return nil, err
	}
	w.Rates = rin
	w.Prefill, w.Decode = req.Cache.prefill, req.Cache.decode
	w.Prefill.Works = slices.Clone(w.Prefill.Works)
	w.Decode.Works = slices.Clone(w.Decode.Works)
	return w, nil
}
