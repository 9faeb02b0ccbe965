package pipeline

import (
	"fmt"
	"math"
	"strconv"

	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/hardware"
)

// site is where a stage runs.
type site struct {
	device *hardware.Device // nil: the host
	host   *hardware.Host
	rules  *calibration.HostRules
	// kind, family and name are by what rates are kept: gpu, cpu …
	kind, family, name string
	bandwidth          float64 // bytes/s
	threads            float64
	assumed            []string
}

func deviceSite(d *hardware.Device, host *hardware.Host, rules *calibration.HostRules) *site {
	return &site{device: d, host: host, rules: rules, kind: string(d.Kind) + "/" + orAny(d.Vendor), family: calibration.Family(d), name: d.ID, bandwidth: d.BandwidthGBps * 1e9}
}

func hostSite(host *hardware.Host, rules *calibration.HostRules, threads int) *site {
	c := rules.Compute(host, threads)
	return &site{host: host, rules: rules, kind: "cpu", family: calibration.HostFamily(&host.CPU), name: host.CPU.ID,
		bandwidth: host.CPU.BandwidthGBps * 1e9 * math.Max(1, float64(host.Sockets)), threads: c.Threads, assumed: c.Assumed}
}

func orAny(s string) string {
	if s == "" {
		return "*"
	}
	return s
}

// peak is the nominal arithmetic for a format's arithmetic, in FLOP/s.
func (s *site) peak(r *Rates, compute string, threads int) float64 {
	if s.device == nil {
		return s.rules.Compute(s.host, threads).FLOPS
	}
	for _, p := range r.Peaks[compute] {
		if v := s.device.Rates.Usable(p.Rate); v > 0 {
			if p.X > 0 {
				v *= p.X
			}
			return v * 1e12
		}
	}
	return 0
}

// most is the largest rate that a device's arithmetic may run at, in FLOP/s; 0
// for hosts, whose peaks are worked out and not read, and where none is known.
func (s *site) most(r *Rates, compute string) float64 {
	v := 0.0
	if s.device == nil {
		return v
	}
	for _, p := range r.Ceilings[compute] {
		x := p.X
		if x <= 0 {
			x = 1
		}
		v = math.Max(v, x*s.device.Rates.Named(p.Rate)*1e12)
	}
	return v
}

// terms are the parameters that hold of a rate: of the work, the engine, the
// hardware and the format, and for arithmetic, which is measured most, of their
// pairs.
func terms(rate int, st *Stage, e *Engine, f *Format, s *site, arch string) []Term {
	name, engine := rateNames[rate], e.rates()
	out := make([]Term, 0, 20)
	add := func(key string) { out = append(out, Term{name + "|" + key, 1}) }
	add("base:" + s.kind)
	add("engine:" + engine)
	if rate != RateAttention {
		add("work:" + string(st.Work))
	}
	add("engine,kind:" + engine + "," + s.kind)
	if rate == RateMemory {
		return out
	}
	if e.Compiled {
		add("compiled")
	}
	if s.family != "" {
		add("family:" + s.family)
	}
	if rate == RateAttention {
		return out
	}
	if s.name != "" {
		add("device:" + s.name)
	}
	if rate == RateLaunch {
		add("engine,work:" + engine + "," + string(st.Work))
		return out
	}
	add("engine,work:" + engine + "," + string(st.Work))
	if s.family != "" {
		add("engine,family:" + engine + "," + s.family)
		add("family,work:" + s.family + "," + string(st.Work))
		if f.Compute != "fp16" {
			add("arithmetic,family:" + f.Compute + "," + s.family)
		}
	}
	if arch != "" {
		add("arch:" + arch)
	}
	for _, k := range f.Keys {
		add("format:" + k)
		add("format,kind:" + k + "," + s.kind)
		add("engine,format:" + engine + "," + k)
	}
	return out
}

// rateNames are the kinds of rates in keys.
var rateNames = [4]string{"compute", "attention", "memory", "launch"}

// rates names the program whose rates an engine has.
func (e *Engine) rates() string {
	if e.Rates != "" {
		return e.Rates
	}
	return e.ID
}

// years is how much older than the reference a build is, at most most.
func (r *Rates) years(date string) float64 {
	a, ok1 := monthOf(r.Reference)
	b, ok2 := monthOf(date)
	if !ok1 || !ok2 {
		return 0
	}
	return math.Min(math.Max(0, float64(a-b)/12), r.DriftYears)
}

// monthOf counts months; a year alone stands for its middle.
func monthOf(s string) (int, bool) {
	if len(s) < 4 {
		return 0, false
	}
	y, err := strconv.Atoi(s[:4])
	if err != nil {
		return 0, false
	}
	m := 7
	if len(s) >= 7 && s[4] == '-' {
		if m, err = strconv.Atoi(s[5:7]); err != nil {
			return 0, false
		}
	}
	return y*12 + m, true
}

// loadOf says what a stage asks of a site with its share of the devices, n that
// divide its tokens.
func (req *Request) loadOf(st *Stage, c *Component, f *Format, s *site, setup *Setup, n float64) (*Load, error) {
	r := req.Rates
	compute := f.Compute
	peak := s.peak(r, compute, setup.Threads)
	if peak <= 0 {
		return nil, fmt.Errorf("the arithmetic rate of %s in %s is not known: give it in a hardware profile", orWord(s.name, "the host"), compute)
	}
	attention := s.peak(r, attentionIn(compute), setup.Threads)
	if attention <= 0 {
		attention = peak
	}
	if s.bandwidth <= 0 {
		return nil, fmt.Errorf("the memory bandwidth of %s is not known: give it in a hardware profile", orWord(s.name, "the host"))
	}
	element := 2.0
	if compute == "fp32" {
		element = 4
	}
	l := &Load{
		Calls:     st.Calls,
		Compute:   st.FLOPs / peak / n,
		Attention: st.Attention / attention / n,
		Memory:    (f.Bytes(int64(st.Weights)) + element*st.Moved/n) / s.bandwidth,
		Launch:    st.Kernels * launchSecond,
	}
	for k, c := range [2]string{compute, attentionIn(compute)} {
		if v := s.most(r, c); v > 0 {
			l.Least[k] = [2]float64{st.FLOPs, st.Attention}[k] / v / n
		}
	}
	for k := range rateNames {
		l.Terms[k] = terms(k, st, req.Engine, f, s, c.Arch)
	}
	add := func(k int, key string, x float64) { l.Terms[k] = append(l.Terms[k], Term{rateNames[k] + "|" + key, x}) }
	if s.device != nil {
		// A machine's balance: the more arithmetic to a byte, the lower its share;
		// and the more arithmetic to a watt, the less of it power allows.
		add(RateCompute, "balance", math.Log(peak/s.bandwidth/100))
		if v := s.peak(r, "fp16", 0); v > 0 && s.device.TDPWatts > 0 {
			x := math.Log(v / s.device.TDPWatts / 5e11)
			add(RateCompute, "power", x)
			add(RateAttention, "power", x)
		}
	} else {
		add(RateCompute, "threads", math.Log(s.threads))
		add(RateMemory, "threads", math.Log(s.threads))
	}
	if y := r.years(setup.Date); y > 0 {
		for _, k := range [...]int{RateCompute, RateLaunch} {
			add(k, "age", -y)
			add(k, "age:"+req.Engine.rates(), -y)
		}
	}
	if n > 1 {
		way := "nvlink"
		if s.device != nil && s.device.NVLinkGBps <= 0 {
			way = "pcie"
		}
		x := math.Log(n)
		for _, k := range [...]int{RateCompute, RateAttention} {
			add(k, "divided", x)
			add(k, "divided:"+way, x)
			add(k, "divided,engine:"+req.Engine.rates(), x)
		}
	}
	return l, nil
}

// launchSecond is the unit of Load.Launch: one launch of an operation.
const launchSecond = 1e-5

// attentionIn is the arithmetic of attention where products run in compute:
// narrow formats leave it in 16 bits.
func attentionIn(compute string) string {
	if compute == "fp32" {
		return compute
	}
	return "fp16"
}

func orWord(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
