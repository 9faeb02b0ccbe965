package profiles_test

import (
	"testing"

	"github.com/plimsoll/plimsoll/estimator"
	"pgregory.net/rapid"
)

// allRun tells whether a server has slots and pages for all sequences of the
// workload at once, each at its longest: then none waits for another to end.
func allRun(req *estimator.Request, e *estimator.Result) bool {
	s, w := &e.Settings, &req.Workload
	stages := max(s.PP, 1)
	each := w.Batch / stages / max(s.DP, 1)
	const longer = 1.1 // estimator.Around lets lengths differ by a tenth
	page := float64(max(s.Rules.Serve.BlockTokens, 1))
	for i := range e.Placement.Shares {
		if e.Placement.Shares[i].Device == nil {
			continue
		}
		if pool := e.Ledgers[i].PoolTokens; float64(pool)/float64(stages) < float64(each)*(longer*float64(w.InputTokens+w.OutputTokens)+page) {
			return false
		}
	}
	return each <= s.MaxNumSeqs/stages && (e.Verdict == estimator.Fits || e.Verdict == estimator.Tight)
}

// What a server gives to the sequences of a batch obeys Little's law, and while
// all of them run twice as many get no fewer tokens together, none of them
// sooner.
func TestLawServedBatch(t *testing.T) {
	once, twice := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		req := drawServer(t)
		input, output := rapid.IntRange(16, 4000).Draw(t, "input"), rapid.IntRange(16, 2000).Draw(t, "output")
		// As many in each part of the deployment, whose share is a whole number.
		parts := max(req.Deployment.PP, 1) * max(req.Deployment.DP, 1)
		batch := parts * max(2/parts, rapid.IntRange(1, 64).Draw(t, "each"))
		req.Deployment.Context, req.Workload.InputTokens, req.Workload.OutputTokens = input+output, input, output
		of := func(batch int) *estimator.Result {
			req.Workload.Batch = batch
			return estimate(t, req)
		}
		a := of(batch)
		if !allRun(req, a) {
			return
		}
		once++
		s := &a.Speed
		rate := s.RequestsS.Value / 1e3 // per millisecond
		inside := rate * (s.TTFTMs.Value + float64(output-1)*s.TPOTMs.Value)
		// The first token waits, too, for the users who begin together, in one of
		// ten rounds for half of the others: at most a twentieth of them, as prompts
		// take all of the time at most. And it pays for what a request costs beside
		// the steps, which is less than a shortest request takes by itself.
		start := float64(batch-parts) / 20
		shortest := *req
		shortest.Workload.Batch, shortest.Workload.InputTokens = 1, 1
		beside := rate * estimate(t, &shortest).Speed.TTFTMs.Value
		if n := float64(batch); n > 1.03*inside || n < 0.97*(inside-start-beside) {
			t.Fatalf("%s on %s: %d sequences, and by rate and time there are %g, of which at most %g wait at the start and %g are beside the steps",
				req.Model.Arch.ID, req.Machine.ID, batch, inside, start, beside)
		}
		b := of(2 * batch)
		if !allRun(req, b) {
			return
		}
		twice++
		// Where prompts take nearly all of the time a step more or less shows.
		if x, y := s.OutputTokS.Value, b.Speed.OutputTokS.Value; y < 0.98*x {
			t.Fatalf("%s on %s: %d sequences get %g tok/s, twice as many %g", req.Model.Arch.ID, req.Machine.ID, batch, x, y)
		}
		if x, y := s.TPOTMs.Value, b.Speed.TPOTMs.Value; y < 0.999*x {
			t.Fatalf("%s on %s: a token takes %g ms with %d sequences, with twice as many %g", req.Model.Arch.ID, req.Machine.ID, x, batch, y)
		}
	})
	if twice < 10 {
		t.Errorf("%d of the batches run at once, %d of their doubles: too few to say", once, twice)
	}
}
