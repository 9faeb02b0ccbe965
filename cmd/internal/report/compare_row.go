package report

import (
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/estimator"
)

// NewCompareRow makes a row of a finished check, so that both say the same.
// devices is how many accelerators the machine has.
func NewCompareRow(c *Check, devices int) CompareRow {
	r := &c.Result
	row := CompareRow{
		Verdict: r.Verdict, Reason: r.Reason, Model: r.Model, Machine: r.Machine, Engine: r.Engine,
		Devices: max(devices, 1), Limits: r.Limits, Memories: []CompareMemory{},
		Requirements: orEmpty(c.Requirements), Assumptions: c.Assumptions, Warnings: c.Warnings, Unavailable: c.Unavailable,
	}
	f := &row.Figures
	f.FullestBytes, f.TotalBytes = &r.Memory.Fullest.TotalBytes, &r.Memory.TotalBytes
	f.PrefillTokS, f.DecodeTokS, f.OutputTokS = r.Speed.PrefillTokS, r.Speed.DecodeTokS, r.Speed.OutputTokS
	f.TTFTMs, f.TPOTMs, f.RequestsS = r.Speed.TTFTMs, r.Speed.TPOTMs, r.Speed.RequestsS
	if o := f.OutputTokS; o != nil {
		n := float64(row.Devices)
		f.OutputTokSPerDevice = tidy(&estimator.Figure{Value: o.Value / n, Low: o.Low / n, High: o.High / n, Unit: o.Unit, Basis: o.Basis})
	}
	if p := r.Pipeline; p != nil {
		f.Pipeline = newComparePipeline(p, r.Costs)
	}
	if k := r.Costs; k != nil {
		f.USDPerHour, f.USDPerMAllIn, f.Watts = k.USDPerHour, k.USDPerMAllIn, k.Watts
		f.JoulesPerToken, f.GramsPerM = k.JoulesPerToken, k.GramsPerM
	}
	row.Price = r.Offer
	full := -1
	for i := range r.Memories {
		if l := &r.Memories[i]; full < 0 && l.Name == r.Memory.Fullest.Name {
			full = i
			f.HeadroomBytes = &estimator.Figure{Value: float64(l.Usable - l.Need), Low: float64(l.Usable - l.High), High: float64(l.Usable - l.Low),
				Unit: f.FullestBytes.Unit, Basis: f.FullestBytes.Basis}
		}
	}
	row.memories(r.Memories, full)
	return row
}

// FailedCompareRow makes the row of a scenario that could not be estimated.
func FailedCompareRow(p *problem.Error) CompareRow {
	e := *p
	e.Message, e.Where, e.Hint = problem.OneLine(e.Message), problem.OneLine(e.Where), problem.OneLine(e.Hint)
	return CompareRow{Error: &e, Devices: 1, Machine: Machine{Devices: []string{}}, Memories: []CompareMemory{}, Limits: []Limit{},
		Requirements: []Requirement{}, Assumptions: []string{}, Warnings: []estimator.Warning{}, Unavailable: []estimator.Unavailable{}}
}

// memories sums ledgers up by component and joins neighbours that are alike.
func (r *CompareRow) memories(ledgers []Ledger, full int) {
	for i := range ledgers {
		l := &ledgers[i]
		if l.Need == 0 && l.PoolBytes == 0 {
			continue
		}
		m := CompareMemory{Name: l.Name, Count: 1, Fullest: i == full, Capacity: l.Capacity, Usable: l.Usable, Reserved: l.Reserved, Low: l.Low, High: l.High}
		for _, line := range l.Lines {
			switch line.Component {
			case "weights":
				m.Weights += line.Bytes
			case "kv_cache", "recurrent_state":
				m.KVCache += line.Bytes
			case "compute":
				m.Compute += line.Bytes
			default:
				m.Overhead += line.Bytes
			}
		}
		if n := len(r.Memories); n > 0 {
			last := &r.Memories[n-1]
			same := *last
			same.Name, same.Count, same.Fullest = m.Name, m.Count, m.Fullest
			if same == m {
				last.Count++
				last.Fullest = last.Fullest || m.Fullest
				continue
			}
		}
		r.Memories = append(r.Memories, m)
	}
}
