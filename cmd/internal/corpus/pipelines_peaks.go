package corpus

import (
	"errors"

	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/profiles/measured"
)

// PipelinePeak is a measured peak of memory beside what the estimate says of the
// same, in bytes.
type PipelinePeak struct {
	PipelineExample
	Need, Low, High float64
}

// peakOfDevice marks peaks that a device's or a system's own tool told, with all
// that drivers and libraries take. The others were told by an allocator, or of
// one, and have no part in what was not allocated.
const peakOfDevice = "device"

// PipelinePeaks places the jobs whose peak of memory was measured.
func PipelinePeaks(rows []measured.PipelineRow) ([]PipelinePeak, []PipelineMiss) {
	var out []PipelinePeak
	var misses []PipelineMiss
	facts := newPipelineFacts()
	for i := range rows {
		r := &rows[i]
		if r.Exclude != "" || r.Metric != measured.PeakBytes {
			continue
		}
		p := PipelinePeak{PipelineExample: PipelineExample{Row: r}}
		if err := p.place(facts); err != nil {
			misses = append(misses, PipelineMiss{r, err.Error()})
			continue
		}
		out = append(out, p)
	}
	return out, misses
}

func (p *PipelinePeak) place(facts *pipelineFacts) error {
	// How much is allocated depends on the engine, not on the device.
	facts.anywhere = p.Row.What != peakOfDevice
	if err := p.resolve(nil, nil, facts); err != nil {
		return err
	}
	p.Request.Setup = p.Setup
	f, err := pipeline.Place(&p.Request)
	if err != nil {
		return err
	}
	p.Setup = f.Setup
	// Of several devices the first: each holds as much, or less.
	l := &f.Ledgers[0]
	for i := range l.Phases {
		ph := &l.Phases[i]
		need, low, high := ph.Need, ph.Low, ph.High
		for _, line := range ph.Lines {
			if p.Row.What != peakOfDevice && line.Kind == "overhead" {
				need, low, high = need-line.Bytes, low-line.Low, high-line.High
			}
		}
		p.Need, p.Low, p.High = max(p.Need, float64(need)), max(p.Low, float64(low)), max(p.High, float64(high))
	}
	if !(p.Row.Value > 0 && p.Low > 0) {
		return errors.New("there is nothing to compare")
	}
	return nil
}
