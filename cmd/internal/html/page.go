package html

import (
	"html/template"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/ci"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator"
)

// page is what the template is given.
type page struct {
	Style    template.CSS
	Title    string
	Headline string
	Outcome  report.Outcome
	Word     string
	Columns  []string // of the table of cases
	Cases    []caseView
	Several  bool
	Ranges   []rangeChart
	Front    *frontChart
	Memory   *memoryChart
	Lines    *lineChart
	Sheets   []sheet
	Diff     *diffView
	Lists    []list
	Verify   string
	Derived  []estimator.Derivation
	Tool     string
	Data     string
}

// list is a title with items.
type list struct {
	Title string
	Items []string
}

// caseView is one case.
type caseView struct {
	ID, Name, Group, Message string
	Outcome                  report.Outcome
	Word                     string
	Cells                    []string
	Says                     string // its worst problem, or its message
	Problems, Detail         []string
	Figures                  []figureView
	Requirements             []requirementView
	Where                    string // file and line
	Open                     bool
}

type figureView struct {
	Name, Value, Low, High string
	Basis                  string
	Exact                  bool
	Whisker                whisker
}

type requirementView struct {
	Text, Value, Word string
	Outcome           report.Outcome
}

// outcomeWords are outcomes as badges show them.
var outcomeWords = map[report.Outcome]string{report.Pass: "Pass", report.Fail: "Fail", report.Unsure: "Unsure", report.Error: "Error"}

// maxOpen is how many cases may stand unfolded.
const maxOpen = 12

func pageOf(doc report.Cased, o ci.Options) *page {
	cases := doc.Cases()
	n := report.Count(cases)
	p := &page{Style: template.CSS(style), Title: doc.Title(), Headline: n.Words(), Outcome: n.Outcome(), Several: len(cases) != 1,
		Tool: o.Head.ToolVersion, Data: o.Head.DataVersion}
	p.Word = outcomeWords[p.Outcome]
	figures := columnsOf(cases)
	for _, f := range figures {
		p.Columns = append(p.Columns, report.FigureWords(f))
	}
	for i := range cases {
		p.Cases = append(p.Cases, caseOf(&cases[i], figures, i, len(cases)))
	}
	if len(cases) == 1 {
		p.Headline = cases[0].Name + ": " + cases[0].Message
	}
	p.Ranges = rangesOf(cases)
	for _, l := range []list{{"Warnings", messages(o.Head.Warnings)}, {"Assumed", o.Head.Assumptions}} {
		p.add(l)
	}
	switch d := doc.(type) {
	case *report.Check:
		p.check(d)
	case *report.Compare:
		p.compare(d)
	case *report.Diff:
		p.diff(d)
	case *report.CapacityPlan:
		p.plan(d)
	case *report.Recommend:
		p.recommend(d)
	}
	return p
}

func (p *page) add(l list) {
	if len(l.Items) > 0 {
		p.Lists = append(p.Lists, l)
	}
}

func messages(warnings []estimator.Warning) []string {
	var out []string
	for _, w := range warnings {
		out = append(out, w.Message)
	}
	return out
}

func caseOf(c *report.Case, figures []string, i, total int) caseView {
	v := caseView{ID: idOf(i), Name: c.Name, Group: c.Group, Message: c.Message, Outcome: c.Outcome, Word: outcomeWords[c.Outcome], Detail: c.Detail,
		Open: total == 1 || c.Outcome != report.Pass && total <= maxOpen}
	if c.File != "" {
		v.Where = c.File
		if c.Line > 0 {
			v.Where += ":" + decimal(float64(c.Line))
		}
	}
	for _, name := range figures {
		text := ""
		for _, f := range c.Figures {
			if f.Name == name && f.Figure != nil {
				text = report.FigureText(f.Figure, f.Figure.Value)
			}
		}
		v.Cells = append(v.Cells, text)
	}
	v.Says = ci.Gist(c)
	for _, p := range c.Problems() {
		if p.Message != c.Message && p.Key == "" { // requirements have a table
			v.Problems = append(v.Problems, p.Message)
		}
	}
	for _, f := range c.Figures {
		if f.Figure == nil {
			continue
		}
		v.Figures = append(v.Figures, figureView{Name: report.FigureWords(f.Name), Value: report.FigureText(f.Figure, f.Figure.Value),
			Low: report.FigureText(f.Figure, f.Figure.Low), High: report.FigureText(f.Figure, f.Figure.High), Basis: f.Figure.Basis,
			Exact: f.Figure.Low == f.Figure.High, Whisker: whiskerOf(f.Figure)})
	}
	for k := range c.Requirements {
		r := &c.Requirements[k]
		v.Requirements = append(v.Requirements, requirementView{Text: r.Text, Outcome: r.Outcome, Word: outcomeWords[r.Outcome],
			Value: strings.TrimPrefix(strings.TrimPrefix(r.Words(), r.Text), ": it is ")})
	}
	return v
}

func idOf(i int) string { return "case-" + decimal(float64(i+1)) }

// check adds what only a check tells.
func (p *page) check(c *report.Check) {
	p.Memory = memoryOf(c.Result.Memories)
	p.Lines = loadOf(c.Result.UnderLoad)
	p.pipeline(c)
	var limits []string
	for _, l := range c.Result.Limits {
		if l.Bound != "" {
			limits = append(limits, l.Phase+" is limited by "+l.Bound+" ("+decimal(100*l.Share)+"% of its time)")
		}
	}
	p.add(list{"What limits it", limits})
	p.add(list{"Not estimated", reasons(c.Unavailable)})
	p.Verify, p.Derived = c.Result.Verify, c.Derivations
}

// compare adds what only a comparison tells.
func (p *page) compare(c *report.Compare) {
	p.Front = frontOf(c)
	p.Memory = memoriesOf(c)
}

func reasons(missing []estimator.Unavailable) []string {
	var out []string
	for _, u := range missing {
		out = append(out, report.FigureWords(u.Figure)+": "+u.Reason)
	}
	return out
}

// shown are the figures that the table of cases has a column for and that are
// charted, the most important first.
var shown = []string{"carries", "s_per_image", "s_per_video_s", "rtf", "docs_s", "latency_s", "first_audio_ms", "decode_tok_s", "output_tok_s", "ttft_p95_ms", "tpot_p95_ms", "ttft_ms", "prefill_tok_s", "fullest_device_bytes", "usd_per_month", "usd_per_hour",
	"usd_per_m_output_tokens_all_in", "usd_per_m_output_tokens", "usd_per_image", "usd_per_video_second", "usd_per_audio_hour", "usd_per_m_tokens"}

const maxShown = 6

// columnsOf picks the figures that occur among those shown.
func columnsOf(cases []report.Case) []string {
	occurs := map[string]bool{}
	for i := range cases {
		for _, f := range cases[i].Figures {
			occurs[f.Name] = occurs[f.Name] || f.Figure != nil
		}
	}
	var out []string
	for _, f := range shown {
		if occurs[f] && len(out) < maxShown {
			out = append(out, f)
		}
	}
	return out
}
