package html

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
)

// sheet is a table of a document's own.
type sheet struct {
	ID, Title, Note string
	Heads           []cell
	Rows            [][]cell
}

// cell is one field of a table; numbers stand at the right.
type cell struct {
	Text   string
	Number bool
}

func words(texts ...string) []cell {
	out := make([]cell, len(texts))
	for i, t := range texts {
		out[i].Text = t
	}
	return out
}

func numbers(texts ...string) []cell {
	out := words(texts...)
	for i := range out {
		out[i].Number = true
	}
	return out
}

// told writes a figure; "" where it is not known.
func told(f *estimator.Figure) string {
	if f == nil {
		return ""
	}
	return report.FigureText(f, f.Value)
}

func share(v *float64) string {
	if v == nil {
		return ""
	}
	return decimal(100**v) + "%"
}

// plan adds what only a capacity plan tells.
func (p *page) plan(c *report.CapacityPlan) {
	r := &c.Result
	word := map[report.PlanVerdict]string{report.Holds: "Holds", report.HoldsUnsure: "Unsure", report.DoesNotHold: "Does not hold"}[r.Verdict]
	if word != "" {
		p.Word = word
	}
	p.Outcome = map[report.PlanVerdict]report.Outcome{report.Holds: report.Pass, report.HoldsUnsure: report.Unsure}[r.Verdict]
	if p.Outcome == "" {
		p.Outcome = report.Fail
	}
	p.Headline = r.Reason
	machines := sheet{ID: "machines", Title: "Machines", Heads: append(words("hardware", "what lies on it"), numbers("machines", "spare", "devices used", "load", "power", "a month")...)}
	for i := range r.Hardware {
		h := &r.Hardware[i]
		if h.Machines == 0 {
			continue
		}
		power := ""
		if h.Kilowatts != nil {
			power = told(h.Kilowatts)
		}
		machines.Rows = append(machines.Rows, append(words(h.Name, layoutText(h)), numbers(units.Thousands(int64(h.Machines)), units.Thousands(int64(h.Spare)),
			fmt.Sprintf("%d of %d", h.DevicesUsed, h.Devices*max(h.Machines-h.Spare, 0)), share(h.Load), power, told(h.USDPerMonth))...))
	}
	machines.Rows = append(machines.Rows, append(words("in all", ""), numbers(units.Thousands(int64(r.Totals.Machines)), units.Thousands(int64(r.Totals.Spare)), "", "",
		told(r.Totals.Kilowatts), told(r.Totals.USDPerMonth))...))
	changes := sheet{ID: "changes", Title: "What would change it", Note: "Each is solved again, in closed form.", Heads: append(words("change", "verdict"), numbers("machines", "a month")...)}
	for i := range r.Changes {
		g := &r.Changes[i]
		count := ""
		if g.Machines != nil {
			count = units.Thousands(int64(*g.Machines))
		}
		changes.Rows = append(changes.Rows, append(words(g.Change, strings.ReplaceAll(string(g.Verdict), "_", " ")), numbers(count, told(g.USDPerMonth))...))
	}
	p.sheet(machines)
	p.sheet(changes)
	p.Lines = monthsOf(r.Months)
	var relax []string
	for _, x := range r.Relaxations {
		relax = append(relax, x.Words)
	}
	p.add(list{"Each by itself would make it hold", relax})
	p.add(list{"Not estimated", reasons(c.Unavailable)})
}

// layoutText says what lies on the machines of a kind.
func layoutText(h *report.CapacityHardware) string {
	var out []string
	for _, l := range h.Layouts {
		var places []string
		for i := 0; i < len(l.Places); {
			name, n := strings.Join(l.Places[i].Workloads, " + "), 0
			for ; i < len(l.Places) && strings.Join(l.Places[i].Workloads, " + ") == name; i++ {
				n++
			}
			if n > 1 {
				name = fmt.Sprintf("%d × %s", n, name)
			}
			places = append(places, name)
		}
		out = append(out, fmt.Sprintf("%d × (%s)", l.Machines, strings.Join(places, ", ")))
	}
	return strings.Join(out, "; ")
}

// recommend adds the rows of a recommendation.
func (p *page) recommend(r *report.Recommend) {
	for i := range r.Groups {
		g := &r.Groups[i]
		p.ranked(fmt.Sprintf("group-%d", i+1), strings.TrimSpace(g.Use+" "+g.Class), g.Words, g.Rows)
	}
	if r.Hardware != nil {
		for i := range r.Hardware.Lists {
			l := &r.Hardware.Lists[i]
			p.ranked(fmt.Sprintf("list-%d", i+1), l.Goal, l.Words, l.Rows)
		}
	}
	p.add(list{"How it is ranked", append([]string{r.Rule.Words}, r.Rule.Terms...)})
	p.Ranges, p.Columns = nil, nil // of the first rows alone: their tables say more
	for i := range p.Cases {
		p.Cases[i].Cells = nil
	}
}

// ranked adds a table of rows, the best first.
func (p *page) ranked(id, title, note string, rows []report.RecommendRow) {
	s := sheet{ID: id, Title: title, Note: note, Heads: append(append(numbers(""), words("what", "fit")...), numbers("decode", "time to first token", "memory", "cost per hour", "cost of 1M output tokens")...)}
	s.Heads = append(s.Heads, words("why")...)
	for i := range rows {
		r := &rows[i]
		f := &r.Figures
		row := append(numbers(fmt.Sprint(r.Rank)), words(r.Name, report.VerdictWords(r.Verdict, ""))...)
		row = append(row, numbers(told(f.DecodeTokS), told(f.TTFTMs), told(f.FullestBytes), told(f.USDPerHour), told(f.USDPerMAllIn))...)
		s.Rows = append(s.Rows, append(row, words(r.Why)...))
	}
	p.sheet(s)
}

// sheet adds a table without the columns that are empty.
func (p *page) sheet(s sheet) {
	if len(s.Rows) == 0 {
		return
	}
	for k := len(s.Heads) - 1; k >= 0; k-- {
		empty := !slices.ContainsFunc(s.Rows, func(row []cell) bool { return row[k].Text != "" })
		if !empty {
			continue
		}
		s.Heads = slices.Delete(s.Heads, k, k+1)
		for i := range s.Rows {
			s.Rows[i] = slices.Delete(s.Rows[i], k, k+1)
		}
	}
	p.Sheets = append(p.Sheets, s)
}
