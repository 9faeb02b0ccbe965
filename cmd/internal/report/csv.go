package report

import (
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
)

// SweepCSVHeader is the first line of a sweep written as CSV. Empty cells
// are figures that could not be estimated.
const SweepCSVHeader = "id,model,quant,on,engine,backend,gpu_layers,cpu_moe,context,verdict," +
	"prefill_tok_s,prefill_tok_s_low,prefill_tok_s_high,decode_tok_s,decode_tok_s_low,decode_tok_s_high," +
	"output_tok_s,ttft_ms,tpot_ms,requests_s," +
	"weights_bytes,kv_cache_bytes,compute_bytes,overhead_bytes,total_bytes,total_bytes_high,line,error\n"

// AppendSweepCSV appends one estimate as a row of CSV.
func AppendSweepCSV(b []byte, in *scenario.Scenario, r *estimator.Result) []byte {
	for _, s := range [...]string{in.ID, in.Model, in.Quant, in.On, in.Engine, r.Deployment.Backend} {
		b = append(appendCell(b, s), ',')
	}
	for _, n := range [...]int{r.Placement.GPULayers, r.Placement.CPUMoE, r.Deployment.Context} {
		b = append(strconv.AppendInt(b, int64(n), 10), ',')
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

// AppendSweepCSVError appends the row of a scenario that failed.
func AppendSweepCSVError(b []byte, id string, line int, p *problem.Error) []byte {
	b = appendCell(b, id)
	b = append(b, strings.Repeat(",", strings.Count(SweepCSVHeader, ",")-1)...)
	b = append(strconv.AppendInt(b, int64(line), 10), ',')
	return append(appendCell(b, p.Error()), '\n')
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
