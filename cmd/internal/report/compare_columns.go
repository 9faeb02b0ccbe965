package report

import (
	"slices"

	"github.com/plimsoll/plimsoll/estimator"
)

// CompareColumn is one figure of a comparison: how it is called, which way is
// better, and where it lies.
type CompareColumn struct {
	Name  string // of the JSON field, of CSV, and for --sort
	Title string // in tables
	Unit  string // in tables; sizes print in GiB
	Words string // in prose
	Less  bool   // smaller is better
	// Rank is its importance: of a table that is too wide the columns of the
	// highest rank go first.
	Rank int
	Get  func(*CompareFigures) *estimator.Figure
}

// compareColumns in the order in which they are shown.
var compareColumns = []CompareColumn{
	{"fullest_device_bytes", "memory", "GiB", "memory of the fullest device", true, 2, func(f *CompareFigures) *estimator.Figure { return f.FullestBytes }},
	{"headroom_bytes", "spare", "GiB", "memory to spare", false, 8, func(f *CompareFigures) *estimator.Figure { return f.HeadroomBytes }},
	{"total_bytes", "in all", "GiB", "memory in all", true, 9, func(f *CompareFigures) *estimator.Figure { return f.TotalBytes }},
	{"prefill_tok_s", "prefill", "tok/s", "prefill speed", false, 3, func(f *CompareFigures) *estimator.Figure { return f.PrefillTokS }},
	{"decode_tok_s", "decode", "tok/s", "decode speed of one user", false, 1, func(f *CompareFigures) *estimator.Figure { return f.DecodeTokS }},
	{"output_tok_s", "output", "tok/s", "output of all users", false, 4, func(f *CompareFigures) *estimator.Figure { return f.OutputTokS }},
	{"output_tok_s_per_device", "per device", "tok/s", "output per device", false, 10, func(f *CompareFigures) *estimator.Figure { return f.OutputTokSPerDevice }},
	{"ttft_ms", "TTFT", "ms", "time to first token", true, 5, func(f *CompareFigures) *estimator.Figure { return f.TTFTMs }},
	{"tpot_ms", "TPOT", "ms", "time per output token", true, 7, func(f *CompareFigures) *estimator.Figure { return f.TPOTMs }},
	{"requests_s", "requests", "/s", "requests", false, 12, func(f *CompareFigures) *estimator.Figure { return f.RequestsS }},
	{"usd_per_hour", "an hour", "USD/h", "cost of an hour", true, 11, func(f *CompareFigures) *estimator.Figure { return f.USDPerHour }},
	{"usd_per_m_output_tokens_all_in", "cost", "USD/Mtok", "cost of output tokens", true, 6, func(f *CompareFigures) *estimator.Figure { return f.USDPerMAllIn }},
	{"watts", "power", "W", "power at the wall", true, 14, func(f *CompareFigures) *estimator.Figure { return f.Watts }},
	{"joules_per_output_token", "energy", "J/tok", "energy of output tokens", true, 13, func(f *CompareFigures) *estimator.Figure { return f.JoulesPerToken }},
	{"gco2e_per_m_output_tokens", "carbon", "g/Mtok", "carbon of output tokens", true, 15, func(f *CompareFigures) *estimator.Figure { return f.GramsPerM }},
}

// CompareColumns lists the columns of language models in the order in which
// they are shown.
func CompareColumns() []CompareColumn { return compareColumns }

// CompareColumnOf finds a column by its name, of language models or of
// pipelines; nil if there is none.
func CompareColumnOf(name string) *CompareColumn {
	for _, list := range [2][]CompareColumn{compareColumns, PipelineCompareColumns()} {
		for i := range list {
			if list[i].Name == name {
				return &list[i]
			}
		}
	}
	return nil
}

// Columns lists those that can say something of the rows: those of pipelines
// only where there is one.
func (c *Compare) Columns() []CompareColumn {
	for i := range c.Rows {
		if c.Rows[i].Figures.Pipeline != nil {
			return append(slices.Clone(compareColumns), PipelineCompareColumns()...)
		}
	}
	return compareColumns
}
