package report

import (
	"io"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/estimator"
)

// WriteCompareCSV writes a comparison as CSV, all columns of every row. Empty
// cells are figures that could not be estimated.
func WriteCompareCSV(w io.Writer, c *Compare) error {
	b := []byte("name,model,quant,on,engine,backend,batch,context,verdict,pareto")
	columns := c.Columns()
	for i := range columns {
		n := columns[i].Name
		b = append(b, strings.Join([]string{"", n, n + "_low", n + "_high", n + "_mark"}, ",")...)
		if c.Baseline != "" {
			b = append(b, ","+n+"_ratio"...)
		}
	}
	b = append(b, ",error\n"...)
	for i := range c.Rows {
		b = appendCompareRow(b, c, i, columns)
	}
	_, err := w.Write(b)
	return err
}

func appendCompareRow(b []byte, c *Compare, i int, columns []CompareColumn) []byte {
	r, s := &c.Rows[i], &c.Inputs.Scenarios[i]
	format := s.Quant
	if format == "" {
		format = r.Model.WeightFormat
	}
	for _, text := range [...]string{r.Name, s.Model, format, s.On, s.Engine, r.Engine.Backend} {
		b = append(appendCell(b, text), ',')
	}
	b = append(strconv.AppendInt(b, int64(s.Batch), 10), ',')
	if r.Figures.Pipeline == nil { // the others have no context
		b = strconv.AppendInt(b, int64(s.Context), 10)
	}
	b = append(b, ',')
	b = append(append(b, r.Verdict...), ',')
	b = strconv.AppendBool(b, r.Pareto)
	for k := range columns {
		col := &columns[k]
		b = append(appendInterval(append(b, ','), col.Get(&r.Figures)), ',')
		b = append(b, r.Marks[col.Name]...)
		if c.Baseline == "" {
			continue
		}
		b = append(b, ',')
		if ratio, ok := r.Ratios[col.Name]; ok {
			b = appendNumber(b, ratio.Ratio)
		}
	}
	b = append(b, ',')
	if r.Error != nil {
		b = appendCell(b, r.Error.Error())
	}
	return append(b, '\n')
}

// appendInterval writes a value and both ends of its interval; whole bytes.
func appendInterval(b []byte, f *estimator.Figure) []byte {
	if f == nil {
		return append(b, ",,"...)
	}
	for i, v := range [...]float64{f.Value, f.Low, f.High} {
		if i > 0 {
			b = append(b, ',')
		}
		if f.Unit == "bytes" || f.Unit == "B" {
			b = strconv.AppendInt(b, wholeBytes(v), 10)
		} else {
			b = appendNumber(b, v)
		}
	}
	return b
}
