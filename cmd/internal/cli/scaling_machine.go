package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/plimsoll/plimsoll/cmd/internal/money"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/cost"
	"github.com/plimsoll/plimsoll/estimator/scaling"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles"
)

// machineFlags say on what operations are done, and how well.
type machineFlags struct {
	on, precision, mfu string
	usdPerHour         float64
}

func (f *machineFlags) add(fs *pflag.FlagSet, on string) {
	usage := "cluster that trains: \"2x(8x h100-sxm5-80gb)\", a catalogue id, or a profile file"
	fs.StringVar(&f.on, "on", on, usage)
	fs.StringVar(&f.precision, "precision", "bf16", "format that matrices are multiplied in: "+strings.Join(profiles.Precisions, ", "))
	fs.StringVar(&f.mfu, "mfu", "", "share of the peak that model FLOPs reach: 40% or 30%-50% (default: of published runs)")
}

// machine reads the flags; without an MFU it is that of published runs.
func (f *machineFlags) machine() (*report.ScalingMachine, error) {
	m := &report.ScalingMachine{On: f.on, Precision: f.precision, USDPerHour: f.usdPerHour}
	if f.mfu == "" {
		m.MFUAssumed = true
		return m, nil
	}
	share, err := parseMFU(f.mfu)
	if err != nil {
		return nil, err
	}
	m.MFU, m.MFULow, m.MFUHigh = share.Value, share.Low, share.High
	return m, nil
}

// parseMFU reads 40%, 0.4, 30%-50% or 0.3-0.5; of a range the middle is the
// central value. What is above 1 is in percent.
func parseMFU(text string) (scaling.Level, error) {
	wrong := problem.Wrong(problem.BadValue, fmt.Sprintf("%.60q is no share of the peak", text), "--mfu", "write it as 40% or 30%-50%")
	parts := strings.FieldsFunc(strings.ReplaceAll(text, "–", "-"), func(r rune) bool { return r == '-' })
	if len(parts) == 0 || len(parts) > 2 || strings.HasPrefix(strings.TrimSpace(text), "-") {
		return scaling.Level{}, wrong
	}
	percent := strings.Contains(text, "%")
	var ends [2]float64
	for i, p := range parts {
		v, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(p), "%")), 64)
		if err != nil {
			return scaling.Level{}, wrong
		}
		ends[i] = v
	}
	if len(parts) == 1 {
		ends[1] = ends[0]
	}
	if percent || ends[1] > 1 {
		ends[0], ends[1] = ends[0]/100, ends[1]/100
	}
	level := scaling.Level{Value: (ends[0] + ends[1]) / 2, Low: ends[0], High: ends[1]}
	if err := scaling.CheckMFU(level); err != nil {
		return scaling.Level{}, wrong
	}
	return level, nil
}

// cluster finds a machine and its peak; what is assumed of it goes into the
// document. where names its flag.
func (a *app) cluster(ctx context.Context, doc *report.Scaling, in *report.ScalingMachine, where string) (*hardware.Machine, scaling.Cluster, string, error) {
	if err := oneOf("precision", in.Precision, profiles.Precisions...); err != nil {
		return nil, scaling.Cluster{}, "", err
	}
	m, err := a.Facts.Machine(ctx, in.On, scenario.MachineOptions{})
	if err != nil {
		return nil, scaling.Cluster{}, "", problem.From(problem.UnknownHW, err)
	}
	c, rate := scaling.Cluster{Devices: m.Devices()}, ""
	if c.Devices == 0 {
		return nil, c, "", problem.Wrong(problem.NotEstimable, m.ID+" has no accelerator", where, "name one that has: training on processors is not estimated")
	}
	for i := range m.Nodes {
		for _, d := range m.Nodes[i].Devices {
			peak, name, err := profiles.TrainingPeak(d, in.Precision)
			if err != nil {
				return nil, c, "", problem.Wrong(problem.NotEstimable, err.Error(), where, "choose another --precision, or give the rate in a profile file")
			}
			if name != in.Precision && in.Precision == "bf16" {
				doc.Assume(fmt.Sprintf("%s multiplies BF16 no faster than FP16 (%s): no BF16 rate is known of it", d.ID, name))
			}
			if why := d.Assumed[name]; why != "" {
				doc.Assume(fmt.Sprintf("the %s rate of %s: %s", name, d.ID, why))
			}
			if c.PeakFLOPs > 0 && peak != c.PeakFLOPs {
				doc.Warn("devices_differ", m.ID+": its devices differ; all are taken to go at the pace of the slowest")
			}
			if c.PeakFLOPs == 0 || peak < c.PeakFLOPs {
				c.PeakFLOPs, rate = peak, name
			}
		}
	}
	return m, c, rate, nil
}

// mfu is the share of the peak that was given or else that of published runs.
func mfu(doc *report.Scaling, in *report.ScalingMachine) (scaling.Level, error) {
	if in.MFUAssumed {
		runs, err := profiles.TrainingRuns()
		if err != nil {
			return scaling.Level{}, problem.Failed(err.Error())
		}
		shares := make([]float64, len(runs))
		for i := range runs {
			shares[i] = runs[i].MFU.Value
		}
		level := scaling.Spread(shares)
		in.MFU, in.MFULow, in.MFUHigh = level.Value, level.Low, level.High
		doc.Assume(fmt.Sprintf("MFU not given: %s%% (%s%% to %s%%), the median and the 10th to 90th percentile of %d published training runs (profiles/scaling/runs.csv)",
			units.Number(100*level.Value), units.Number(100*level.Low), units.Number(100*level.High), len(runs)))
	}
	level := scaling.Level{Value: in.MFU, Low: in.MFULow, High: in.MFUHigh}
	if err := scaling.CheckMFU(level); err != nil {
		return level, problem.Wrong(problem.BadValue, "the MFU is out of range", "--mfu", err.Error())
	}
	return level, nil
}

// hourly is what an hour of a machine at full work takes, and whose price it is.
type hourly struct {
	estimator.Hourly
	offer   *money.Offer
	owned   bool // what is assumed of the site is in the price
	assumed []string
	missing []estimator.Unavailable
}

func (h *hourly) lacks(reason string, figures ...string) {
	for _, f := range figures {
		h.missing = append(h.missing, estimator.Unavailable{Figure: f, Reason: reason})
	}
}

// levels is what the scaling step takes of it.
func (h *hourly) levels() scaling.Hourly {
	const gramsPerKg = 1000
	level := func(f *estimator.Figure, times float64) *scaling.Level {
		if f == nil {
			return nil
		}
		return &scaling.Level{Value: f.Value * times, Low: f.Low * times, High: f.High * times}
	}
	return scaling.Hourly{USD: level(h.USD, 1), KWh: level(h.Kilowatts, 1), Grams: level(h.Kg, gramsPerKg)}
}

// hour asks the price lists and the power tables what an hour of a machine
// takes whose devices all do arithmetic.
func (a *app) hour(doc *report.Scaling, m *hardware.Machine, o *money.Options) (*hourly, error) {
	book, err := money.Open(o, a.Getenv)
	if err != nil {
		return nil, err
	}
	terms, offer, err := book.Terms(m)
	if err != nil {
		return nil, err
	}
	h := &hourly{Hourly: terms.Busy(m.Devices(), cost.Parts{Compute: 1}), offer: offer, owned: terms.Tenure == estimator.Owned}
	if offer != nil {
		whole := *offer // of one node so far
		whole.Instances = terms.Rental.Instances(m.Devices())
		h.offer = &whole
	}
	if h.USD == nil {
		h.lacks(h.NoUSD, "usd", "usd_per_hour")
	}
	if h.Kilowatts == nil {
		h.lacks(h.NoPower, "kwh")
	}
	if h.Kg == nil {
		h.lacks(h.NoCarbon, "gco2e")
	}
	for _, text := range terms.Assumptions {
		if h.owned || !strings.Contains(text, "USD per kWh") {
			h.assumed = append(h.assumed, text)
		}
	}
	for _, w := range terms.Warnings {
		doc.Warn(w.Code, w.Message)
	}
	return h, nil
}
