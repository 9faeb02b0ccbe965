package fit

import (
	"sort"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/calibration"
)

// regression is a problem with its parameters and what each of them touches.
type regression struct {
	*problem
	cfg      *Config
	params   []ref
	touches  [][]int // observations by parameter
	penalise []penalty
	index    map[string]int
	follow   []follower
}

// sources returns what the rates of an observation are made of.
func (p *problem) sources(i int) (sets []int, groups []string) {
	o := p.obs[i]
	s := p.sites[p.site[i]]
	add := func(k calibration.Key) {
		a, b := p.table.Sources(k)
		sets, groups = append(sets, a...), append(groups, b...)
	}
	k := s.key()
	base := calibration.Key{Engine: k.engine, Backend: k.backend, Date: k.date, Threads: k.threads}
	device, host := o.uses()
	if device {
		seen := map[string]bool{}
		for _, d := range s.Node.Devices {
			if seen[d.ID] {
				continue
			}
			seen[d.ID] = true
			kd := base
			kd.Device = d
			add(kd)
		}
	}
	if host {
		kh := base
		kh.Backend, kh.Host = "cpu", &s.Node.Host
		add(kh)
	}
	return sets, groups
}

// newRegression lists the parameters that the observations speak of, with
// what draws them. Groups are added to the table as needed.
func newRegression(prior *calibration.Table, obs []*Observation, cfg *Config) (*regression, error) {
	t := prior.Clone()
	p, err := newProblem(t, obs)
	if err != nil {
		return nil, err
	}
	r := &regression{problem: p, cfg: cfg, index: map[string]int{}}
	setObs := map[int][]int{}
	groupObs := map[string][]int{}
	for i := range obs {
		sets, groups := p.sources(i)
		for _, s := range unique(sets) {
			setObs[s] = append(setObs[s], i)
		}
		for _, g := range unique(groups) {
			groupObs[g] = append(groupObs[g], i)
		}
	}
	kindObs := map[int]bool{}
	for s := range setObs {
		if k := t.KindOf(s); k >= 0 && t.Sets[s].Base != nil {
			kindObs[k] = true
		}
	}
	for s := range t.Sets {
		if kindObs[s] {
			r.base(s, nil, -1)
		}
	}
	for s := range t.Sets {
		set := &t.Sets[s]
		switch {
		case len(setObs[s]) == 0 || set.Engine == calibration.Any:
		case set.Base != nil:
			r.base(s, setObs[s], t.KindOf(s))
		default:
			for f := range calibration.FactorFields {
				n := r.add(factorRef(s, f), setObs[s])
				sd := pick(cfg.Like, calibration.FactorFields[f].Name)
				if set.Unlike > 0 {
					sd *= set.Unlike
				}
				r.draw(sd, 0, n, 1)
			}
		}
	}
	r.groups(groupObs)
	return r, p.resolve()
}

func unique[T comparable](in []T) []T {
	out := in[:0:0]
	seen := map[T]bool{}
	for _, x := range in {
		if !seen[x] {
			seen[x] = true
			out = append(out, x)
		}
	}
	return out
}

func (r *regression) add(p ref, touches []int) int {
	r.params = append(r.params, p)
	r.touches = append(r.touches, touches)
	return len(r.params) - 1
}

// draw adds a penalty; terms are parameter, coefficient, ...
func (r *regression) draw(sd, target float64, terms ...int) {
	if sd <= 0 {
		sd = 1e-6
	}
	q := penalty{target: target, sd: sd}
	for i := 0; i+1 < len(terms); i += 2 {
		q.param = append(q.param, terms[i])
		q.coef = append(q.coef, float64(terms[i+1]))
	}
	r.penalise = append(r.penalise, q)
}

// base adds the parameters of a set; kind is the index of its kind's set, or
// -1 for a kind itself, whose parameters touch no observation directly.
func (r *regression) base(s int, touches []int, kind int) {
	b := r.table.Sets[s].Base
	spread := r.cfg.Set
	if kind < 0 {
		spread = r.cfg.Kind
	}
	id := func(p *ref) string {
		n := p.name(r.table)
		return n[strings.IndexByte(n, ' ')+1:]
	}
	key := func(set int, name string) string {
		return r.table.Sets[set].Engine + "/" + r.table.Sets[set].Backend + " " + name
	}
	one := func(p ref) {
		if p.raw(r.table) == 0 && p.logarithmic() {
			return
		}
		n := r.add(p, touches)
		r.index[key(s, id(&p))] = n
		sd := pick(spread, id(&p))
		parent, ok := r.index[key(max(kind, 0), id(&p))]
		if kind >= 0 && ok {
			// The set's prior may differ from its kind's: what is known of it.
			k := p
			k.set = kind
			r.draw(sd, p.load(r.table)-k.load(r.table), n, 1, parent, -1)
			return
		}
		r.draw(sd, p.load(r.table), n, 1)
	}
	for f := range calibration.Fields {
		one(fieldRef(s, f))
	}
	for i := range b.ISA {
		one(isaRef(s, i))
	}
	for c := range calibration.ClassFields {
		m := calibration.ClassFields[c].Of(b)
		name := calibration.ClassFields[c].Name
		if len(m) == 0 {
			continue
		}
		keys := make([]string, 0, len(m))
		for k := range m {
			if k != "*" {
				keys = append(keys, k)
			}
		}
		sort.Strings(keys)
		star := -1
		if _, ok := m["*"]; ok {
			p := classRef(s, c, "*")
			one(p)
			star = r.index[key(s, name+".*")]
		}
		for _, k := range keys {
			p := classRef(s, c, k)
			n := r.add(p, touches)
			r.index[key(s, name+"."+k)] = n
			sd := pick(r.cfg.Class, name)
			if kind < 0 {
				sd = pick(r.cfg.Kind, name)
			}
			parent, ok := r.index[key(max(kind, 0), name+"."+k)]
			top, okTop := r.index[key(max(kind, 0), name+".*")]
			switch {
			case kind >= 0 && ok && star >= 0 && okTop:
				pk, ps, pt := p, classRef(s, c, "*"), classRef(kind, c, "*")
				pk.set = kind
				r.draw(sd, p.load(r.table)-ps.load(r.table)-pk.load(r.table)+pt.load(r.table), n, 1, star, -1, parent, -1, top, 1)
			case kind >= 0 && ok:
				pk := p
				pk.set = kind
				r.draw(sd, p.load(r.table)-pk.load(r.table), n, 1, parent, -1)
			default:
				r.draw(sd, p.load(r.table), n, 1)
			}
		}
	}
}

// groups adds the deviations of vendors, families and devices. Where a name
// occurs under one engine and backend of a kind only, that deviation counts as
// the hardware's own.
func (r *regression) groups(touches map[string][]int) {
	keys := make([]string, 0, len(touches))
	users := map[string]int{}
	kinds := map[string]string{}
	for i := range r.table.Sets {
		s := &r.table.Sets[i]
		kinds[s.Engine+"/"+s.Backend] = s.Kind
	}
	for g := range touches {
		keys = append(keys, g)
		if e, b, level, key := split(g); e != calibration.Any {
			users[kinds[e+"/"+b]+"/"+level+"/"+key]++
		}
	}
	sort.Strings(keys)
	for _, g := range keys {
		e, b, level, key := split(g)
		spread := r.cfg.Own[level]
		if e == calibration.Any {
			spread = r.cfg.Shared[level]
		} else if users[kinds[e+"/"+b]+"/"+level+"/"+key] < 2 {
			continue
		}
		r.table.Groups[g] = calibration.Group{Rows: len(touches[g])}
		for f := range calibration.FactorFields {
			sd := pick(spread, calibration.FactorFields[f].Name)
			if sd <= 0 {
				continue
			}
			n := r.add(groupRef(g, f), touches[g])
			r.draw(sd, 0, n, 1)
		}
	}
}

// split takes a group's key apart.
func split(g string) (engine, backend, level, key string) {
	parts := strings.SplitN(g, "/", 4)
	return parts[0], parts[1], parts[2], parts[3]
}
