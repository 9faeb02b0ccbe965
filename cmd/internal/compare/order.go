package compare

import (
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/profiles/names"
)

// short names of columns, as people say them.
var short = map[string][]string{
	"fullest_device_bytes":    {"memory", "fullest", "fullest_gib"},
	"total_bytes":             {"total", "total_gib", "in all"},
	"headroom_bytes":          {"headroom", "spare", "headroom_gib"},
	"prefill_tok_s":           {"prefill"},
	"decode_tok_s":            {"decode", "speed"},
	"output_tok_s":            {"output", "throughput"},
	"output_tok_s_per_device": {"per device"},
	"ttft_ms":                 {"ttft"},
	"tpot_ms":                 {"tpot", "itl"},
	"requests_s":              {"requests"},
	"usd_per_hour":            {"rent", "price", "an hour"},
	"watts":                   {"power"},
	"joules_per_output_token": {"energy"},

	"s_per_image": {"per image"},
	"latency_s":   {"latency", "whole job"},
	"rtf":         {"real-time factor"},
	"docs_s":      {"documents"},

	"usd_per_m_output_tokens_all_in": {"cost"},
	"gco2e_per_m_output_tokens":      {"carbon"},
}

// ParseSort reads the name of a column, leniently; a leading minus puts the
// worst first. Empty is the order in which rows were asked.
func ParseSort(text string) (string, error) {
	name, reverse := strings.CutPrefix(strings.TrimSpace(text), "-")
	if name == "" && !reverse {
		return "", nil
	}
	entries := []names.Entry{{ID: "verdict"}, {ID: "name", Aliases: []string{"machine"}}}
	for _, c := range append(slices.Clone(report.CompareColumns()), report.PipelineCompareColumns()...) {
		entries = append(entries, names.Entry{ID: c.Name, Aliases: short[c.Name]})
	}
	ix := names.New("column", entries)
	all := make([]string, len(entries))
	for i := range entries {
		all[i] = entries[i].ID
	}
	ix.Hint = "use one of " + strings.Join(all, ", ")
	id, err := ix.Resolve(name)
	if err != nil {
		return "", problem.Wrong(problem.Usage, problem.OneLine(err.Error()), "--sort", "")
	}
	if reverse {
		id = "-" + id
	}
	return id, nil
}

// order sorts the rows by doc.Inputs.Sort, the best first. Rows that do not
// fit come after those that do, those without the figure after them, and last
// those that could not be estimated.
func order(doc *report.Compare) error {
	sort, err := ParseSort(doc.Inputs.Sort)
	if err != nil || sort == "" {
		return err
	}
	doc.Inputs.Sort = sort
	name, reverse := strings.CutPrefix(sort, "-")
	name = alike(doc, name)
	type pair struct {
		row      report.CompareRow
		scenario scenario.Scenario
	}
	pairs := make([]pair, len(doc.Rows))
	for i := range pairs {
		pairs[i] = pair{doc.Rows[i], doc.Inputs.Scenarios[i]}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int {
		if d := class(&a.row, name) - class(&b.row, name); d != 0 {
			return d
		}
		d := by(&a.row, &b.row, name)
		if reverse {
			return -d
		}
		return d
	})
	for i := range pairs {
		doc.Rows[i], doc.Inputs.Scenarios[i] = pairs[i].row, pairs[i].scenario
	}
	return nil
}

// alike is the figure of pipelines that stands for one of language models,
// where all rows are pipelines of a class: what people mean by speed or cost.
func alike(doc *report.Compare, name string) string {
	c := report.CompareColumnOf(name)
	if c == nil || slices.ContainsFunc(doc.Rows, func(r report.CompareRow) bool { return c.Get(&r.Figures) != nil }) {
		return name
	}
	switch name {
	case "decode_tok_s":
		if main := doc.Main(); main != "" {
			return main
		}
	case "usd_per_m_output_tokens_all_in":
		for _, c := range report.PipelineCompareColumns() {
			if strings.HasPrefix(c.Name, "usd_") && slices.ContainsFunc(doc.Rows, func(r report.CompareRow) bool { return c.Get(&r.Figures) != nil }) {
				return c.Name
			}
		}
	case "joules_per_output_token":
		return "wh_per_job"
	case "gco2e_per_m_output_tokens":
		return "gco2e_per_job"
	}
	return name
}

// class puts rows that run before others whatever the column.
func class(r *report.CompareRow, name string) int {
	c := report.CompareColumnOf(name)
	switch {
	case r.Error != nil:
		return 3
	case c != nil && c.Get(&r.Figures) == nil:
		return 2
	case !r.Runs() && name != "verdict" && name != "name":
		return 1
	}
	return 0
}

// by compares two rows of one class by a column.
func by(a, b *report.CompareRow, name string) int {
	switch name {
	case "name":
		return strings.Compare(a.Name, b.Name)
	case "verdict":
		return a.Verdict.Rank() - b.Verdict.Rank()
	}
	c := report.CompareColumnOf(name)
	fa, fb := c.Get(&a.Figures), c.Get(&b.Figures)
	switch {
	case fa == nil || fb == nil:
		return 0
	case better(fa, fb, c.Less):
		return -1
	case better(fb, fa, c.Less):
		return 1
	}
	return 0
}
