package report

import (
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
)

// sweepCSVHeader is the first line of a sweep written as CSV. Empty cells
// are figures that could not be estimated.
const sweepCSVHeader = "id,model,quant,on,engine,backend,gpu_layers,cpu_moe,context,verdict," +
	"prefill_tok_s,prefill_tok_s_low,prefill_tok_s_high,decode_tok_s,decode_tok_s_low,decode_tok_s_high," +
	"output_tok_s,ttft_ms,tpot_ms,requests_s," +
	"weights_bytes,kv_cache_bytes,compute_bytes,overhead_bytes,total_bytes,total_bytes_high,line,error\n"

// SweepCSV writes the rows of a sweep.
type SweepCSV struct {
	// Pipelines adds the columns of image, video, speech and embedding models.
	Pipelines bool
}

// Header is the first line.
func (c SweepCSV) Header() string {
	if !c.Pipelines {
		return sweepCSVHeader
	}
	h := strings.TrimSuffix(sweepCSVHeader, "line,error\n") + "class,"
	for i := range pipelineColumns {
		n := pipelineColumns[i].Name
		h += n + "," + n + "_low," + n + "_high,"
	}
	return h + "line,error\n"
}

// Append appends one estimate.
func (c SweepCSV) Append(b []byte, in *scenario.Scenario, r *estimator.Result) []byte {
	b = appendSweepCSV(b, in, r)
	if !c.Pipelines {
		return b
	}
	b = b[:len(b)-len(",,\n")+1] // without line and error
	var figures PipelineFigures
	if r.Pipeline != nil {
		figures = PipelineFiguresOf(r.Pipeline)
		b = append(b, r.Pipeline.Class...)
	}
	for i := range pipelineColumns {
		b = appendInterval(append(b, ','), pipelineColumns[i].Get(&figures))
	}
	return append(b, ",,\n"...)
}

// AppendError appends the row of a scenario that failed.
func (c SweepCSV) AppendError(b []byte, id string, line int, p *problem.Error) []byte {
	b = appendCell(b, id)
	b = append(b, strings.Repeat(",", strings.Count(c.Header(), ",")-1)...)
	b = append(strconv.AppendInt(b, int64(line), 10), ',')
	return append(appendCell(b, p.Error()), '\n')
}

// appendSweepCSV appends one estimate as a row of CSV.
func appendSweepCSV(b []byte, in *scenario.Scenario, r *estimator.Result) []byte {
	backend := r.Deployment.Backend
	if r.Pipeline != nil {
		backend = r.Pipeline.Setup.Backend
	}
	for _, s := range [...]string{in.ID, in.Model, quantOf(in, r), in.On, in.Engine, backend} {
		b = append(appendCell(b, s), ',')
	}
	for _, n := range [...]int{r.Placement.GPULayers, r.Placement.CPUMoE, r.Deployment.Context} {
		if r.Pipeline == nil {
			b = strconv.AppendInt(b, int64(n), 10)
		}
		b = append(b, ',')
	}
	b = append(append(b, r.Verdict...), ',')
	for i, f := range [...]*estimator.Figure{r.Speed.PrefillTokS, r.Speed.DecodeTokS, r.Speed.OutputTokS, r.Speed.TTFTMs, r.Speed.TPOTMs, r.Speed.RequestsS} {
		known := f != nil && finite(f)
		if known {
			b = appendNumber(b, f.Value)
		}
		b = append(b, ',')
		if i > 1 {
			continue
		}
		if known {
			b = appendNumber(append(appendNumber(b, f.Low), ','), f.High)
		} else {
			b = append(b, ',')
		}
		b = append(b, ',')
	}
	for _, f := range [...]*estimator.Figure{&r.All.WeightsBytes, &r.All.KVCacheBytes, &r.All.ComputeBytes, &r.All.OverheadBytes, &r.All.TotalBytes} {
		b = append(strconv.AppendInt(b, wholeBytes(f.Value), 10), ',')
	}
	b = strconv.AppendInt(b, wholeBytes(r.All.TotalBytes.High), 10)
	return append(b, ",,\n"...)
}

// appendCell quotes a cell where it must be. A cell that a spreadsheet would
// take for a formula is kept from it.
func appendCell(b []byte, s string) []byte {
	if s != "" && strings.ContainsRune("=+-@", rune(s[0])) {
		s = "'" + s
	}
	if !strings.ContainsAny(s, "\",\r\n") {
		return append(b, s...)
	}
	return append(append(append(b, '"'), strings.ReplaceAll(s, `"`, `""`)...), '"')
}
