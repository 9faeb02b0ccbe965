package report

import (
	"io"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/estimator"
)

// scalingSheet gathers rows of one question as CSV, its header with the first.
type scalingSheet struct {
	header []string
	done   bool // the header
	inRow  bool
	b      []byte
}

// cell begins a cell; its name goes into the header.
func (s *scalingSheet) cell(name string) {
	if !s.done {
		s.header = append(s.header, name)
	}
	if s.inRow {
		s.b = append(s.b, ',')
	}
	s.inRow = true
}

func (s *scalingSheet) text(name, v string) {
	s.cell(name)
	s.b = appendCell(s.b, v)
}

// number writes a value; 0 means not known and is left empty.
func (s *scalingSheet) number(name string, v float64) {
	s.cell(name)
	if v != 0 {
		s.b = strconv.AppendFloat(s.b, v, 'g', 6, 64)
	}
}

// figure writes a value and both ends of its interval, which are empty where
// none is known.
func (s *scalingSheet) figure(name string, f *estimator.Figure) {
	var ends [3]float64
	if f != nil {
		ends = [3]float64{f.Value, f.Low, f.High}
	}
	for i, part := range [...]string{"", "_low", "_high"} {
		s.cell(name + part)
		if f != nil && (i == 0 || !strings.HasPrefix(f.Basis, "no interval")) {
			s.b = strconv.AppendFloat(s.b, ends[i], 'g', 6, 64)
		}
	}
}

func (s *scalingSheet) end() { s.b, s.done, s.inRow = append(s.b, '\n'), true, false }

// WriteScalingCSV writes an answer as CSV: a row for each law, model or option.
// Empty cells are not known.
func WriteScalingCSV(w io.Writer, d *Scaling) error {
	var s scalingSheet
	switch r := &d.Result; d.Inputs.Ask {
	case AskOptimum:
		for i := range r.Optima {
			o := &r.Optima[i]
			s.text("law", o.Law)
			s.figure("flops", o.FLOPs)
			s.figure("params", o.Params)
			s.figure("tokens", o.Tokens)
			s.figure("tokens_per_param", o.TokensPerParam)
			s.figure("loss", o.Loss)
			s.number("times_beyond_fitted_range", o.Beyond)
			s.end()
		}
	case AskLoss:
		for i := range r.Losses {
			o := &r.Losses[i]
			s.text("law", o.Law)
			s.number("params", d.Inputs.Model.Params)
			s.number("tokens", d.Inputs.Tokens)
			s.number("flops_6nd", o.FLOPs)
			s.figure("loss", o.Loss)
			s.figure("loss_of_same_flops_spent_best", o.Best)
			s.figure("least_flops_of_same_loss", o.Same)
			s.number("times_beyond_fitted_range", o.Beyond)
			s.end()
		}
	case AskLifetime:
		for i := range r.Lives {
			s.life(&r.Lives[i])
		}
	case AskTrain:
		s.training(r.Training)
	default:
		for i := range r.Models {
			m := &r.Models[i]
			s.text("id", m.ID)
			s.text("name", m.Name)
			s.number("year", float64(m.Year))
			s.number("params", m.Params)
			s.number("active_params", m.ActiveParams)
			s.number("tokens", m.Tokens)
			s.number("tokens_per_param", m.TokensPerParam)
			s.number("flops_6nd", m.TrainFLOPs)
			s.number("published_flops", m.PublishedFLOPs)
			s.text("checked", m.Checked)
			s.text("source", m.Source)
			s.end()
		}
	}
	_, err := io.WriteString(w, strings.Join(s.header, ",")+"\n"+string(s.b))
	return err
}

func (s *scalingSheet) life(l *ScalingLife) {
	for i := range l.Options {
		o := &l.Options[i]
		s.text("law", l.Law)
		s.cell("served_tokens")
		s.b = strconv.AppendFloat(s.b, l.Served, 'g', 6, 64)
		s.text("model", o.Name)
		s.figure("loss", l.Loss)
		s.figure("params", o.Params)
		s.figure("tokens", o.Tokens)
		s.figure("train_flops", o.TrainFLOPs)
		s.figure("serve_flops", o.ServeFLOPs)
		s.figure("flops", o.FLOPs)
		s.figure("train_usd", o.TrainUSD)
		s.figure("serve_usd", o.ServeUSD)
		s.figure("usd", o.USD)
		s.number("times_the_least", o.Ratio)
		s.number("times_beyond_fitted_range", o.Beyond)
		s.text("reason", o.Reason)
		s.end()
	}
}

func (s *scalingSheet) training(t *ScalingTraining) {
	s.text("model", t.Model.Name)
	s.number("active_params", t.Model.ActiveParams)
	s.number("tokens", t.Tokens)
	s.number("flops_6nd", t.FLOPs)
	s.text("machine", t.Machine)
	s.number("devices", float64(t.Devices))
	s.number("peak_tflops_per_device", t.PeakTFLOPS)
	s.figure("days", t.Days)
	s.figure("device_hours", t.DeviceHours)
	s.figure("tok_s", t.TokensS)
	s.figure("usd", t.USD)
	s.figure("kwh", t.KWh)
	s.figure("gco2e", t.Grams)
	s.end()
}
