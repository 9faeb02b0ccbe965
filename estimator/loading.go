package estimator

import (
	"fmt"
	"math"

	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/memory"
	"github.com/plimsoll/plimsoll/estimator/roofline"
	"github.com/plimsoll/plimsoll/hardware"
)

// Loading is how long the weights take to get where they are used, in seconds,
// without the start of the engine's program. A nil figure has its reason in
// Result.Unavailable.
type Loading struct {
	ColdS *Figure `json:"load_cold_s"` // from the drive
	WarmS *Figure `json:"load_warm_s"` // from the system's cache
}

// z80 is the normal deviate that holds 80% on both sides.
const z80 = 1.2816

// parcel is what goes to one memory over one way.
type parcel struct {
	bytes, rate, sd float64 // rate in bytes/s
	way             string
}

// through bounds a parcel's rate by that of one reader of the system's cache.
func (p *parcel) through(reader *parcel) {
	if reader.rate > 0 && reader.rate < p.rate {
		p.rate, p.sd, p.way = reader.rate, reader.sd, p.way+", "+reader.way
	}
}

// loading estimates the time to load the weights. Every computer reads what it
// needs by itself, and devices are filled side by side over their own links:
//
//	warm = max over memories of (bytes ÷ min(rate of the way there, rate of one reader))
//	cold = max(bytes of the computer ÷ rate of its drive, warm)
//
// since reading and copying overlap.
func loading(req *Request, e *Result) *Loading {
	out := &Loading{}
	none := func(name, reason string) {
		e.Unavailable = append(e.Unavailable, Unavailable{Figure: name, Reason: reason})
	}
	rules := req.Calibration.Host.Load
	if rules == nil {
		none("load_cold_s", "the calibration says nothing of loading")
		none("load_warm_s", "the calibration says nothing of loading")
		return out
	}
	node := req.Machine.Primary()
	rates, err := req.Cache.rates(req.Calibration, &e.Settings, node)
	if err != nil {
		none("load_cold_s", err.Error())
		none("load_warm_s", err.Error())
		return out
	}
	slowest, most, ok := parcels(req, e, &rates, rules)
	if !ok {
		none("load_cold_s", "the rate of the link to the devices is not known")
		none("load_warm_s", "the rate of the link to the devices is not known")
		return out
	}
	warm := seconds(slowest.bytes/slowest.rate, slowest.sd)
	warm.Basis = "weights lie in the system's cache and go " + slowest.way
	out.WarmS = &warm
	storage, sd, basis := drive(&node.Host, rules)
	if storage <= 0 {
		none("load_cold_s", basis)
		return out
	}
	cold := seconds(most/storage, sd)
	cold.Value, cold.Low, cold.High = math.Max(cold.Value, warm.Value), math.Max(cold.Low, warm.Low), math.Max(cold.High, warm.High)
	cold.Basis = basis
	out.ColdS = &cold
	if req.Explain {
		e.Derivations = append(e.Derivations,
			Derivation{Figure: "load_warm_s", Formula: fmt.Sprintf("%s ÷ %.4g GB/s = %.4g s", gib(int64(slowest.bytes)), slowest.rate/1e9, warm.Value), Facts: slowest.way, Source: rules.Source},
			Derivation{Figure: "load_cold_s", Formula: fmt.Sprintf("max(%s ÷ %.4g GB/s, load_warm_s) = %.4g s", gib(int64(most)), storage/1e9, cold.Value), Facts: basis, Source: rules.Source})
	}
	return out
}

func seconds(v, sd float64) Figure {
	f := math.Exp(z80 * sd)
	return Figure{Value: v, Low: v / f, High: v * f, Unit: "s"}
}

// parcels finds the memory that is filled last, and the most bytes that one
// computer reads from its drive: the file once, whoever shares it.
func parcels(req *Request, e *Result, rates *roofline.Input, rules *calibration.LoadRules) (slowest parcel, most float64, ok bool) {
	shares := e.Placement.Shares
	count := max(len(shares)-1, 1) // of devices
	box := rates.Box
	if box <= 0 {
		box = count
	}
	reader := parcel{rate: rules.StreamGBps * 1e9, sd: rules.StreamSD, way: "as fast as one reader is assumed to take them from there"}
	m := req.Machine.Primary().Host.Measured
	if m != nil && m.Storage != nil && m.Storage.Warm != nil && m.Storage.Warm.Median > 0 {
		w := m.Storage.Warm
		reader = parcel{rate: w.Median * 1e9, sd: math.Hypot(w.Spread, rules.MeasuredSD), way: "as fast as one reader was measured to take them from there on " + m.Date}
	}
	copies := math.Max(1, rules.Copies)
	perBox := make([]float64, (count+box-1)/box)
	devices := 0.0
	for i := range e.Ledgers { // one for all shares where memory is unified
		weights, _, _ := e.Ledgers[i].Get(memory.Weights)
		p := parcel{bytes: float64(weights), sd: rules.LinkSD}
		if p.bytes <= 0 {
			continue
		}
		switch d := shares[i].Device; {
		case d == nil:
			p.rate, p.way = rates.Host.StreamBps/copies, "through main memory"
			perBox[0] += p.bytes
		case d.Unified:
			p.rate, p.way = deviceParams(rates, i).StreamBps/copies, "through the shared memory"
			perBox[i/box] += p.bytes
		default:
			p.rate, p.way = deviceParams(rates, i).LinkBps, "over "+wayTo(d)
			if m != nil {
				if r := m.ToDevice(d.Name); r != nil {
					p.rate, p.sd = r.Median*1e9, math.Hypot(r.Spread, rules.MeasuredSD)
					p.way = fmt.Sprintf("to the device at %.3g GB/s, as measured on %s", r.Median, m.Date)
				}
			}
			perBox[i/box] += p.bytes
			devices += p.bytes
		}
		if !(p.rate > 0) {
			return slowest, 0, false
		}
		p.through(&reader)
		if slowest.rate == 0 || p.bytes/p.rate > slowest.bytes/slowest.rate {
			slowest = p
		}
	}
	if slowest.rate == 0 {
		return slowest, 0, false
	}
	// All devices of a computer together take no more than its memory hands out.
	if n := float64(len(perBox)); rates.Device != nil && rates.Device.StageBps > 0 && devices/n/rates.Device.StageBps > slowest.bytes/slowest.rate {
		slowest = parcel{devices / n, rates.Device.StageBps, rules.LinkSD, "through the host's buffers"}
	}
	for _, b := range perBox {
		most = math.Max(most, math.Min(b, float64(req.Weights.Total)))
	}
	return slowest, most, true
}

func deviceParams(rates *roofline.Input, share int) *calibration.Params {
	if share < len(rates.Devices) {
		return rates.Devices[share]
	}
	return rates.Device
}

func wayTo(d *hardware.Device) string {
	if d.PCIeGen <= 0 || d.PCIeLanes <= 0 {
		return "PCIe, its link assumed"
	}
	return fmt.Sprintf("PCIe %d.0 x%d", d.PCIeGen, d.PCIeLanes)
}

// drive returns the rate in bytes/s at which a loader reads the host's drive,
// its spread and what that rests on; 0 and the reason where it is not known.
func drive(h *hardware.Host, rules *calibration.LoadRules) (rate, sd float64, basis string) {
	if m := h.Measured; m != nil && m.Storage != nil && m.Storage.Cold != nil && m.Storage.Cold.Median > 0 {
		c := m.Storage.Cold
		return c.Median * 1e9, math.Hypot(c.Spread, rules.MeasuredSD), fmt.Sprintf("measured on this machine on %s: the drive reads %.3g GB/s", m.Date, c.Median)
	}
	switch {
	case h.StorageGBps > 0:
		return h.StorageGBps * 1e9 * rules.ClassShare, rules.ClassSD,
			fmt.Sprintf("assumed: %.0f%% of the %.3g GB/s that the drive (%s) reads at most", 100*rules.ClassShare, h.StorageGBps, orWord(h.StorageClass, "class not told"))
	case h.StorageClass != "":
		return 0, 0, "how fast a drive of the class " + h.StorageClass + " reads is not known: measure it with plimsoll hardware measure"
	}
	return 0, 0, "the drive that the model lies on is not known: give storage_read_gb_s in a hardware profile, or measure with plimsoll hardware measure"
}

func orWord(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
