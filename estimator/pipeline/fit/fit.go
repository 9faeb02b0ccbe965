package fit

import (
	"fmt"
	"math"
	"sort"
	"strings"

	"gonum.org/v1/gonum/mat"

	"github.com/plimsoll/plimsoll/estimator/fit/damped"
	"github.com/plimsoll/plimsoll/estimator/pipeline"
)

// Observation is one measured time and the work that took it.
type Observation struct {
	ID    string
	Loads []*pipeline.Load
	// Seconds is what the sum of the loads' times took.
	Seconds float64
	Weight  float64 // relative to 1
	Class   pipeline.Class
	Engine  string
	Device  string // what cross-validation leaves out
	Model   string
}

// Prior says what a parameter is taken to be before anything was measured: the
// entry with the longest prefix of its key counts.
type Prior struct {
	Prefix string  `json:"prefix"`
	Mean   float64 `json:"mean,omitempty"`
	SD     float64 `json:"sd"`
	Source string  `json:"source,omitempty"`
}

// Config says how strongly parameters are drawn to their priors and how
// observations are judged. It is data: profiles/pipelines/prior.json.
type Config struct {
	Priors []Prior `json:"priors"`
	// Scale is the spread of residuals within which they count as ordinary,
	// Freedom the degrees of freedom of Student's t beyond it.
	Scale      float64 `json:"scale"`
	Freedom    float64 `json:"freedom"`
	Iterations int     `json:"iterations"`
	// Rates is what the table has beside its parameters.
	Rates pipeline.Rates `json:"rates"`
}

func (c *Config) prior(key string) Prior {
	best := Prior{SD: 0.1}
	found := -1
	for _, p := range c.Priors {
		if len(p.Prefix) > found && strings.HasPrefix(key, p.Prefix) {
			best, found = p, len(p.Prefix)
		}
	}
	return best
}

// Fit returns the rates that the observations make of the priors. Parameters
// that no observation knows of keep their prior's mean, if that is not zero.
func Fit(obs []*Observation, cfg *Config) (*pipeline.Rates, error) {
	return FitFrom(obs, nil, cfg)
}

// FitFrom is Fit with the search begun at the parameters of rates that were
// fitted to other observations, which saves time. Nothing is drawn towards them.
func FitFrom(obs []*Observation, start *pipeline.Rates, cfg *Config) (*pipeline.Rates, error) {
	r := newRegression(obs, cfg)
	if start != nil {
		for n, k := range r.keys {
			r.x[n] = start.Values[k]
		}
	}
	if err := r.solve(); err != nil {
		return nil, err
	}
	return r.rates(), nil
}

type regression struct {
	cfg  *Config
	obs  []*Observation
	keys []string
	at   map[string]int
	mean []float64
	sd   []float64
	x    []float64
	// terms of each observation's loads, with keys as indices
	terms [][][4][]indexed
	// fixed is what parameters that are not fitted add to each sum, dropped
	// what they are.
	fixed   [][][4]float64
	dropped map[string]float64
}

type indexed struct {
	n int
	x float64
}

func newRegression(obs []*Observation, cfg *Config) *regression {
	r := &regression{cfg: cfg, obs: obs, at: map[string]int{}, dropped: map[string]float64{}}
	seen := map[string]bool{}
	for _, o := range obs {
		for _, l := range o.Loads {
			for k := range l.Terms {
				for _, t := range l.Terms[k] {
					seen[t.Key] = true
				}
			}
		}
	}
	for k := range seen {
		r.keys = append(r.keys, k)
	}
	sort.Strings(r.keys)
	for i, k := range r.keys {
		r.at[k] = i
		p := cfg.prior(k)
		r.mean, r.sd = append(r.mean, p.Mean), append(r.sd, p.SD)
	}
	r.x = append([]float64(nil), r.mean...)
	for _, o := range obs {
		var loads [][4][]indexed
		for _, l := range o.Loads {
			var one [4][]indexed
			for k := range l.Terms {
				for _, t := range l.Terms[k] {
					one[k] = append(one[k], indexed{r.at[t.Key], t.X})
				}
			}
			loads = append(loads, one)
		}
		r.terms, r.fixed = append(r.terms, loads), append(r.fixed, make([][4]float64, len(loads)))
	}
	return r
}

// residual is ln(predicted ÷ measured) of an observation at x, and with slope
// its derivatives.
func (r *regression) residual(i int, x []float64, slope *slopes) float64 {
	o := r.obs[i]
	p := r.cfg.Rates.Corner
	total := 0.0
	for j, l := range o.Loads {
		var parts [4]float64
		moved := [4]float64{1, 1, 1, 1}
		for k, unit := range [4]float64{l.Compute, l.Attention, l.Memory, l.Launch} {
			if unit <= 0 {
				continue
			}
			sum := r.fixed[i][j][k]
			for _, t := range r.terms[i][j][k] {
				sum += t.x * x[t.n]
			}
			parts[k] = unit * math.Exp(-sum)
			if k < len(l.Least) {
				parts[k], moved[k] = pipeline.AtLeast(parts[k], l.Least[k])
			}
		}
		work, launch := parts[0]+parts[1]+parts[2], parts[3]
		call := work + launch
		byWork, byLaunch := 1.0, 1.0
		if work > 0 && launch > 0 {
			m := math.Max(work, launch)
			call = m * math.Pow(math.Pow(work/m, p)+math.Pow(launch/m, p), 1/p)
			byWork, byLaunch = math.Pow(work/call, p-1), math.Pow(launch/call, p-1)
		}
		moves := 1.0
		switch {
		case l.Overlap && l.Transfer > call:
			call, moves = l.Transfer, 0
		case !l.Overlap:
			call += l.Transfer
		}
		total += l.Calls * call
		if slope == nil {
			continue
		}
		for k := range parts {
			by := byWork
			if k == pipeline.RateLaunch {
				by = byLaunch
			}
			d := -l.Calls * moves * by * parts[k] * moved[k]
			if d == 0 {
				continue
			}
			for _, t := range r.terms[i][j][k] {
				slope.add(t.n, d*t.x)
			}
		}
	}
	if slope != nil {
		for _, n := range slope.at {
			slope.of[n] /= total
		}
	}
	return math.Log(total / o.Seconds)
}

// slopes are the derivatives of one residual: those that are not zero at at.
type slopes struct {
	of []float64
	at []int
}

func (s *slopes) add(n int, v float64) {
	if s.of[n] == 0 {
		s.at = append(s.at, n)
	}
	s.of[n] += v
}

func (s *slopes) clear() {
	for _, n := range s.at {
		s.of[n] = 0
	}
	s.at = s.at[:0]
}

func (r *regression) loss(x []float64) float64 {
	v, sum := r.cfg.Freedom, 0.0
	for i, o := range r.obs {
		e := r.residual(i, x, nil) / r.cfg.Scale
		sum += o.Weight * (v + 1) / 2 * math.Log1p(e*e/v)
	}
	for n := range x {
		d := (x[n] - r.mean[n]) / r.sd[n]
		sum += d * d / 2
	}
	return sum
}

// solve finds the most probable parameters: Gauss–Newton steps on re-weighted
// least squares (Student's t residuals, Gaussian priors), damped after
// Levenberg and Marquardt.
func (r *regression) solve() error {
	loss, lambda := r.loss(r.x), 1e-3
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return fmt.Errorf("rates of pipelines: an observation has no finite time")
	}
	r.prune()
	for range r.cfg.Iterations {
		h, g := r.normal()
		improved := false
		for range 8 {
			dx, err := damped.Step(h, g, lambda)
			if err != nil {
				return fmt.Errorf("rates of pipelines: %w", err)
			}
			y := make([]float64, len(r.x))
			for n := range y {
				y[n] = r.x[n] + math.Max(-1, math.Min(1, dx[n]))
			}
			if l := r.loss(y); l < loss {
				gain := loss - l
				r.x, loss, improved = y, l, true
				lambda = math.Max(lambda/10, 1e-7)
				if gain < tolerance*math.Max(1, loss) {
					return nil
				}
				break
			}
			lambda *= 10
		}
		if !improved {
			return nil
		}
	}
	return nil
}

// minInformation is the share of a parameter's spread that the observations must
// at least be able to move for it to be fitted at all.
const minInformation = 0.02

// prune leaves parameters that the observations cannot move at their prior.
func (r *regression) prune() {
	h, _ := r.normal()
	at := make([]int, len(r.x))
	var keys []string
	var mean, sd, x []float64
	for n := range r.x {
		at[n] = -1
		if v := r.sd[n] * r.sd[n]; h.At(n, n)*v-1 > minInformation {
			at[n] = len(keys)
			keys, mean, sd, x = append(keys, r.keys[n]), append(mean, r.mean[n]), append(sd, r.sd[n]), append(x, r.x[n])
		}
	}
	for i := range r.terms {
		for j := range r.terms[i] {
			for k, list := range r.terms[i][j] {
				kept := make([]indexed, 0, len(list))
				for _, t := range list {
					if at[t.n] < 0 {
						r.fixed[i][j][k] += t.x * r.mean[t.n]
						continue
					}
					kept = append(kept, indexed{at[t.n], t.x})
				}
				r.terms[i][j][k] = kept
			}
		}
	}
	for n, k := range r.keys {
		if at[n] < 0 {
			r.dropped[k] = r.mean[n]
		}
	}
	r.keys, r.mean, r.sd, r.x = keys, mean, sd, x
}

// tolerance is the share of the loss whose gain no longer matters.
const tolerance = 1e-6

func (r *regression) normal() (*mat.SymDense, []float64) {
	n := len(r.x)
	h, g := mat.NewSymDense(n, nil), make([]float64, n)
	raw := h.RawSymmetric()
	slope := &slopes{of: make([]float64, n)}
	for i, o := range r.obs {
		slope.clear()
		e := r.residual(i, r.x, slope)
		sort.Ints(slope.at)
		s := r.cfg.Scale
		w := o.Weight * (r.cfg.Freedom + 1) / (r.cfg.Freedom + e*e/(s*s)) / (s * s)
		for a, p := range slope.at {
			v := w * slope.of[p]
			g[p] -= v * e
			row := raw.Data[p*raw.Stride:]
			for _, q := range slope.at[a:] {
				row[q] += v * slope.of[q]
			}
		}
	}
	for k := range r.x {
		w := 1 / (r.sd[k] * r.sd[k])
		g[k] -= w * (r.x[k] - r.mean[k])
		raw.Data[k*raw.Stride+k] += w
	}
	return h, g
}

// digits is to how many decimals parameters are kept: more than they are known.
const digits = 1e4

func (r *regression) rates() *pipeline.Rates {
	out := r.cfg.Rates
	out.Values, out.Rows = map[string]float64{}, map[string]int{}
	for _, p := range r.cfg.Priors {
		if p.Mean != 0 && strings.Contains(p.Prefix, ":") && !strings.HasSuffix(p.Prefix, ":") {
			out.Values[p.Prefix] = p.Mean
		}
	}
	for k, v := range r.dropped {
		if v != 0 {
			out.Values[k] = v
		}
	}
	for n, k := range r.keys {
		if v := math.Round(r.x[n]*digits) / digits; v != 0 {
			out.Values[k] = v
		}
	}
	for i := range r.obs {
		seen := map[int]bool{}
		for j := range r.terms[i] {
			for k := range r.terms[i][j] {
				for _, t := range r.terms[i][j][k] {
					seen[t.n] = true
				}
			}
		}
		for n := range seen {
			out.Rows[r.keys[n]]++
		}
	}
	return &out
}
