package estimator

import (
	"errors"

	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/serving"
)

// ReplicaSearch looks for the deployment that carries most.
type ReplicaSearch struct {
	Load       *serving.Load
	Objectives []serving.Objective
	End        End
	// Beyond is a load that is carried otherwise already: what carries no more
	// is of no use.
	Beyond float64
}

// ErrNoMore is the error of a search that found nothing beyond Beyond.
var ErrNoMore = errors.New("it carries no more than fewer devices do")

// Best is the replica on all devices of the request's machine that carries most
// within the objectives, with what it carries and what limits it (Most).
// Servers may divide the model in any way that the request leaves open, but for
// groups that share nothing: those are replicas of their own. Engines that are
// given their slots get as many as carry most. Where none carries anything the
// error says what is missed.
func (s *ReplicaSearch) Best(req *Request) (best *Replica, most float64, limit string, err error) {
	var first error
	missed := ""
	most = s.Beyond
	for _, v := range ways(req, s.Load) {
		r, err := NewReplica(&v, s.Load)
		if err == nil {
			var n float64
			var why string
			if n, why, err = s.beats(r, most*(1+similar)); err == nil {
				switch {
				case n > 0:
					best, most, limit = r, n, why
				case why != "":
					missed = why
				}
				continue
			}
		}
		if first == nil {
			first = err
		}
		if _, full := err.(*NoRoom); full && !req.Engine.Serves() {
			break // more slots take more room
		}
	}
	switch {
	case best != nil:
		return best, most, limit, nil
	case missed != "" && s.Beyond > 0:
		return nil, 0, "", ErrNoMore
	case missed != "":
		return nil, 0, missed, &Missed{Metric: missed}
	case first == nil:
		first = errors.New("no division of the model over these devices is possible")
	}
	return nil, 0, "", first
}

// beats returns what a replica carries where that is more than a given load, or
// else 0 and what it runs into.
func (s *ReplicaSearch) beats(r *Replica, than float64) (n float64, why string, err error) {
	if than > 0 {
		err = r.at(s.End, 1, func() error {
			why, err = r.fails(s.Load, than, s.Objectives)
			return err
		})
		if err != nil || why != "" {
			return 0, why, err
		}
	}
	return r.Most(s.Load, s.Objectives, s.End, 1)
}

// similar is the share by which a replica must carry more than a simpler one.
const similar = 0.01

// Missed is the error of a deployment that misses an objective with a single
// request in flight.
type Missed struct{ Metric string }

func (e *Missed) Error() string { return e.Metric + " misses its objective even for one request alone" }

// ways lists the requests that differ in how devices and slots are used,
// simplest first.
func ways(req *Request, load *serving.Load) []Request {
	node := req.Machine.Primary()
	d := &req.Deployment
	if node == nil {
		return nil
	}
	if !req.Engine.Serves() {
		return slotted(req, load)
	}
	n := len(node.Devices)
	if n == 0 || max(d.TP, d.PP, d.DP, d.EP) > 0 || d.Split != engine.SplitAuto {
		return []Request{*req}
	}
	experts := expertsOf(req)
	var out []Request
	for _, p := range divisions(n, len(req.Model.Layers), experts > 0) {
		if p.DP > 1 && p.EP == 1 || !p.even(node.Box, experts) {
			continue
		}
		v := *req
		v.Deployment.TP, v.Deployment.PP, v.Deployment.DP, v.Deployment.EP = p.TP, p.PP, p.DP, p.EP
		if p.TP == 1 {
			v.Deployment.Split = engine.SplitPipeline
		}
		out = append(out, v)
	}
	// Fewer stages first: more tensor ranks answer sooner.
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// mostSlots bounds the slots that are tried.
const mostSlots = 256

// slotted lists a request with growing numbers of slots, each with the context
// that the request has for one. A static scheduler's slots are its batch.
func slotted(req *Request, load *serving.Load) []Request {
	given := max(req.Deployment.Slots, 1)
	if req.Deployment.Slots > 0 || req.Workload.Batch > 1 {
		v := *req
		v.Workload.Batch = max(req.Workload.Batch, given)
		return []Request{v}
	}
	var out []Request
	for n := 1; n <= mostSlots; n *= 2 {
		v := *req
		v.Deployment.Slots, v.Workload.Batch = n, n
		if req.Engine.SharedContext() {
			v.Deployment.Context = req.Deployment.Context * n
		}
		out = append(out, v)
		if c := load.Concurrency; c > 0 && n >= 2*c { // with room to spare
			break
		}
	}
	return out
}
