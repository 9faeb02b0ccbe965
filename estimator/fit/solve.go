package fit

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/fit/damped"
)

// step is by how much a parameter is moved to see what it does.
const step = 1e-4

// tolerance is the share of the loss whose gain no longer matters.
const tolerance = 3e-5

// jacobian holds, by observation, the parameters that move it.
type jacobian struct {
	residual []float64
	param    [][]int32
	slope    [][]float64
}

func (r *regression) jacobian() *jacobian {
	j := &jacobian{residual: make([]float64, len(r.obs)), param: make([][]int32, len(r.obs)), slope: make([][]float64, len(r.obs))}
	for i := range r.obs {
		j.residual[i] = r.problem.residual(i)
	}
	for n := range r.params {
		if len(r.touches[n]) == 0 {
			continue
		}
		p := &r.params[n]
		raw := p.raw(r.table)
		p.store(r.table, p.load(r.table)+step)
		r.resolveOf(n)
		for _, i := range r.touches[n] {
			if d := (r.problem.residual(i) - j.residual[i]) / step; d != 0 {
				j.param[i] = append(j.param[i], int32(n))
				j.slope[i] = append(j.slope[i], d)
			}
		}
		p.setRaw(r.table, raw)
		r.resolveOf(n)
	}
	return j
}

// prune drops parameters that the observations cannot move: groups' stay as
// they are, sets' follow their kind once the others are known.
func (r *regression) prune(j *jacobian) *jacobian {
	info := make([]float64, len(r.params))
	for i, o := range r.obs {
		s := r.scale(o)
		for k, n := range j.param[i] {
			info[n] += o.Weight * j.slope[i][k] * j.slope[i][k] / (s * s)
		}
	}
	// own is the penalty that draws a parameter to the level above.
	own := make([]*penalty, len(r.params))
	for i := range r.penalise {
		own[r.penalise[i].param[0]] = &r.penalise[i]
	}
	keep := make([]bool, len(r.params))
	needed := make([]bool, len(r.params))
	for n := len(r.params) - 1; n >= 0; n-- { // kinds come first
		keep[n] = needed[n] || own[n] == nil || info[n]*own[n].sd*own[n].sd > minInformation
		if !keep[n] {
			continue
		}
		if own[n] != nil {
			for _, m := range own[n].param {
				needed[m] = true
			}
		}
	}
	// A set's class depends on the set's own "*", which is listed before it:
	// what is needed by what is kept is kept.
	for n := range r.params {
		keep[n] = keep[n] || needed[n]
	}
	at := make([]int, len(r.params))
	var params []ref
	var touches [][]int
	for n := range r.params {
		at[n] = none
		if keep[n] {
			at[n] = len(params)
			params, touches = append(params, r.params[n]), append(touches, r.touches[n])
		} else if r.params[n].set != none && own[n] != nil && len(own[n].param) > 1 {
			r.follow = append(r.follow, follower{r.params[n], own[n].target, nil})
			f := &r.follow[len(r.follow)-1]
			for k, m := range own[n].param[1:] {
				f.terms = append(f.terms, term{r.params[m], -own[n].coef[k+1]})
			}
		}
	}
	var penalise []penalty
	for _, q := range r.penalise {
		if !keep[q.param[0]] {
			continue
		}
		for k, n := range q.param {
			q.param[k] = at[n]
		}
		penalise = append(penalise, q)
	}
	for i := range j.param {
		ps, ds := j.param[i][:0], j.slope[i][:0]
		for k, n := range j.param[i] {
			if at[n] != none {
				ps, ds = append(ps, int32(at[n])), append(ds, j.slope[i][k])
			}
		}
		j.param[i], j.slope[i] = ps, ds
	}
	r.params, r.touches, r.penalise = params, touches, penalise
	return j
}

// minInformation is the share of a parameter's spread that the observations
// must at least be able to move for it to be fitted at all.
const minInformation = 0.01

// follower is a parameter that takes the value its level above gives.
type follower struct {
	param  ref
	target float64
	terms  []term
}

type term struct {
	param ref
	coef  float64
}

// finish gives the followers their values, in the order of the parameters.
func (r *regression) finish() error {
	for i := range r.follow {
		f := &r.follow[i]
		x := f.target
		for k := range f.terms {
			x += f.terms[k].coef * f.terms[k].param.load(r.table)
		}
		f.param.store(r.table, x)
	}
	return r.resolve()
}

// resolveOf looks up the rates of the sites that a parameter touches.
func (r *regression) resolveOf(n int) {
	last := -1
	for _, i := range r.touches[n] {
		if s := r.site[i]; s != last {
			last = s
			_ = r.resolveSite(s) // resolved before with the same table, other values
		}
	}
}

// scale returns the ordinary spread of an observation.
func (r *regression) scale(o *Observation) float64 {
	if o.Decoding {
		return r.cfg.ScaleDecode
	}
	return r.cfg.ScalePrefill
}

// loss is the negative log posterior but for constants.
func (r *regression) loss() float64 {
	v := r.cfg.Freedom
	sum := 0.0
	for i, o := range r.obs {
		x := r.problem.residual(i) / r.scale(o)
		sum += o.Weight * (v + 1) / 2 * math.Log1p(x*x/v)
	}
	x := r.vector()
	for i := range r.penalise {
		q := &r.penalise[i]
		d := -q.target
		for k, n := range q.param {
			d += q.coef[k] * x[n]
		}
		sum += d * d / (2 * q.sd * q.sd)
	}
	return sum
}

func (r *regression) vector() []float64 {
	x := make([]float64, len(r.params))
	for n := range r.params {
		x[n] = r.params[n].load(r.table)
	}
	return x
}

func (r *regression) set(x []float64) error {
	for n := range r.params {
		r.params[n].store(r.table, x[n])
	}
	return r.resolve()
}

// solve finds the most probable parameters: Gauss–Newton steps on
// re-weighted least squares (Student's t residuals, Gaussian penalties),
// damped after Levenberg and Marquardt.
func (r *regression) solve() error {
	x := r.vector()
	loss := r.loss()
	lambda := 1e-2
	for iteration := 0; iteration < r.cfg.Iterations; iteration++ {
		j := r.jacobian()
		if iteration == 0 {
			j = r.prune(j)
			x = r.vector()
		}
		h, g := r.normal(j, x)
		improved := false
		for try := 0; try < 8; try++ {
			dx, err := damped.Step(h, g, lambda)
			if err != nil {
				return err
			}
			y := make([]float64, len(x))
			for n := range x {
				y[n] = x[n] + math.Max(-1, math.Min(1, dx[n]))
			}
			if err := r.set(y); err != nil {
				return err
			}
			if l := r.loss(); l < loss {
				gain := loss - l
				x, loss, improved = y, l, true
				lambda = math.Max(lambda/10, 1e-6)
				if gain < tolerance*math.Max(1, loss) {
					return nil
				}
				break
			}
			lambda *= 10
		}
		if !improved {
			return r.set(x)
		}
	}
	return nil
}

// normal returns the normal equations of one step.
func (r *regression) normal(j *jacobian, x []float64) (*mat.SymDense, []float64) {
	n := len(r.params)
	h := mat.NewSymDense(n, nil)
	g := make([]float64, n)
	raw := h.RawSymmetric()
	add := func(a, b int, v float64) {
		if a > b {
			a, b = b, a
		}
		raw.Data[a*raw.Stride+b] += v
	}
	for i, o := range r.obs {
		s := r.scale(o)
		e := j.residual[i] / s
		w := o.Weight * (r.cfg.Freedom + 1) / (r.cfg.Freedom + e*e) / (s * s)
		ps, ds := j.param[i], j.slope[i]
		for a := range ps {
			g[ps[a]] -= w * ds[a] * j.residual[i]
			for b := a; b < len(ps); b++ {
				add(int(ps[a]), int(ps[b]), w*ds[a]*ds[b])
			}
		}
	}
	for i := range r.penalise {
		q := &r.penalise[i]
		d := -q.target
		for k, m := range q.param {
			d += q.coef[k] * x[m]
		}
		w := 1 / (q.sd * q.sd)
		for a := range q.param {
			g[q.param[a]] -= w * q.coef[a] * d
			for b := a; b < len(q.param); b++ {
				add(q.param[a], q.param[b], w*q.coef[a]*q.coef[b])
			}
		}
	}
	return h, g
}

// Fit returns the table that the observations make of the prior.
func Fit(prior *calibration.Table, obs []*Observation, cfg *Config) (*calibration.Table, error) {
	return FitFrom(prior, nil, obs, cfg)
}

// FitFrom is Fit with the search begun at the parameters of a table that was
// fitted to other observations of the same kind, which saves time. Nothing is
// drawn towards that table.
func FitFrom(prior, start *calibration.Table, obs []*Observation, cfg *Config) (*calibration.Table, error) {
	r, err := newRegression(prior, obs, cfg)
	if err != nil {
		return nil, err
	}
	if start != nil {
		for n := range r.params {
			p := &r.params[n]
			if p.set == none {
				if _, ok := start.Groups[p.group]; !ok {
					continue
				}
			}
			if v := p.raw(start); v > 0 || !p.logarithmic() {
				p.setRaw(r.table, v)
			}
		}
		if err := r.resolve(); err != nil {
			return nil, err
		}
	}
	if err := r.solve(); err != nil {
		return nil, err
	}
	return r.table, r.finish()
}
