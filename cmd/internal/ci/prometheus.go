package ci

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/estimator"
)

// metric is one family of samples.
type metric struct {
	name, help string
	samples    []sample
}

type sample struct {
	labels []report.Label
	value  float64
}

// Prometheus writes outcomes and figures as gauges in the Prometheus text
// format, version 0.0.4, in base units and without timestamps. Each figure has
// three samples, bound low, central and high.
func Prometheus(w io.Writer, doc report.Cased, o Options) error {
	build := metric{name: "plimsoll_build_info", help: "Version of plimsoll and of its data that the report was made with."}
	build.add(1, report.Label{Name: "version", Value: o.Head.ToolVersion}, report.Label{Name: "data_version", Value: o.Head.DataVersion})
	outcomes := metric{name: "plimsoll_case_outcome", help: "Outcome of a case: 1 for the one that it has, 0 for the others."}
	gates := metric{name: "plimsoll_requirement_outcome", help: "Outcome of a requirement: 1 for the one that it has, 0 for the others."}
	var figures []metric
	at := map[string]int{}
	cases := doc.Cases()
	for i := range cases {
		c := &cases[i]
		own := caseLabels(c)
		for _, outcome := range [...]report.Outcome{report.Pass, report.Fail, report.Unsure, report.Error} {
			outcomes.add(is(outcome == c.Outcome), append(slices.Clip(own), report.Label{Name: "outcome", Value: string(outcome)})...)
		}
		stated := map[string]bool{}
		for k := range c.Requirements {
			r := &c.Requirements[k]
			if stated[r.Text] {
				continue // a series may occur once
			}
			stated[r.Text] = true
			for _, outcome := range [...]report.Outcome{report.Pass, report.Fail, report.Unsure} {
				gates.add(is(outcome == r.Outcome), append(slices.Clip(own), report.Label{Name: "requirement", Value: r.Text},
					report.Label{Name: "outcome", Value: string(outcome)})...)
			}
		}
		told := map[string]bool{}
		for _, f := range c.Figures {
			if f.Figure == nil {
				continue
			}
			name, scale := metricName(f.Name, f.Figure.Unit)
			if told[name] {
				continue
			}
			told[name] = true
			k, ok := at[name]
			if !ok {
				k = len(figures)
				at[name] = k
				figures = append(figures, metric{name: name, help: metricHelp(f.Name)})
			}
			for _, bound := range boundsOf(f.Figure) {
				figures[k].add(bound.value*scale, append(slices.Clip(own), report.Label{Name: "bound", Value: bound.name})...)
			}
		}
	}
	var b strings.Builder
	for _, m := range append([]metric{build, outcomes, gates}, figures...) {
		m.write(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func is(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

type namedValue struct {
	name  string
	value float64
}

func boundsOf(f *estimator.Figure) [3]namedValue {
	return [3]namedValue{{"central", f.Value}, {"low", f.Low}, {"high", f.High}}
}

// caseLabels are what tells cases apart: group, name, and what was judged.
func caseLabels(c *report.Case) []report.Label {
	out := []report.Label{{Name: "group", Value: c.Group}, {Name: "name", Value: c.Name}}
	for _, l := range c.Labels {
		name := labelName(l.Name)
		if !slices.ContainsFunc(out, func(o report.Label) bool { return o.Name == name }) && !slices.Contains(reserved, name) {
			out = append(out, report.Label{Name: name, Value: l.Value})
		}
	}
	return out
}

// reserved are labels that the metrics themselves use.
var reserved = []string{"bound", "outcome", "requirement"}

// labelName makes a name that Prometheus accepts.
func labelName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, s)
	if s == "" || s[0] >= '0' && s[0] <= '9' || strings.HasPrefix(s, "__") {
		s = "label_" + strings.TrimLeft(s, "_")
	}
	return s
}

// baseUnits turn endings of figures' names into those of base units, with the
// factor of the value. The first that fits is taken.
var baseUnits = []struct {
	end, base string
	scale     float64
}{
	{"_tok_s_per_device", "_per_device_tokens_per_second", 1},
	{"_tok_s", "_tokens_per_second", 1},
	{"requests_s", "requests_per_second", 1},
	{"_ms", "_seconds", 1e-3},
	{"_gib", "_bytes", 1 << 30},
	{"_months", "_seconds", 365.25 / 12 * 24 * 3600},
}

// baseNames are figures whose unit is not at the end of their names.
var baseNames = map[string]struct {
	base  string
	scale float64
}{
	"watts": {"power_watts", 1}, "watts_idle": {"idle_power_watts", 1},
	"joules_per_output_token":   {"energy_per_output_token_joules", 1},
	"kwh_per_m_output_tokens":   {"energy_per_million_output_tokens_joules", 3.6e6},
	"gco2e_per_m_output_tokens": {"carbon_per_million_output_tokens_grams", 1},
	"kw":                        {"power_watts", 1e3}, "kwh_per_month": {"energy_per_month_joules", 3.6e6}, "kg_co2e_per_month": {"carbon_per_month_grams", 1e3},
	"usd_per_hour": {"cost_per_hour_usd", 1}, "usd_per_month": {"cost_per_month_usd", 1}, "energy_usd_per_hour": {"electricity_per_hour_usd", 1},
	"carries requests/s": {"carried_requests_per_second", 1}, "carries users": {"carried_users", 1},
	"usd_per_request":                {"cost_per_request_usd", 1},
	"usd_per_m_input_tokens":         {"cost_per_million_input_tokens_usd", 1},
	"usd_per_m_output_tokens":        {"cost_per_million_output_tokens_usd", 1},
	"usd_per_m_output_tokens_all_in": {"cost_per_million_output_tokens_all_in_usd", 1},
}

// metricName names the metric of a figure, and says by what its values are
// multiplied. The unit tells apart what one name is used for.
func metricName(figure, unit string) (name string, scale float64) {
	for _, key := range []string{figure, figure + " " + unit} {
		if b, ok := baseNames[key]; ok {
			return "plimsoll_" + b.base, b.scale
		}
	}
	for _, u := range baseUnits {
		if stem, ok := strings.CutSuffix(figure, u.end); ok {
			if stem != "" {
				stem = labelName(stem)
			}
			return "plimsoll_" + stem + u.base, u.scale
		}
	}
	return "plimsoll_" + labelName(figure), 1
}

func metricHelp(figure string) string {
	words := report.FigureWords(figure)
	if words != "" {
		words = strings.ToUpper(words[:1]) + words[1:]
	}
	return words + ", estimated, with the interval that should hold 80% of measurements."
}

func (m *metric) add(value float64, labels ...report.Label) {
	m.samples = append(m.samples, sample{labels, value})
}

func (m *metric) write(b *strings.Builder) {
	if len(m.samples) == 0 {
		return
	}
	b.WriteString("# HELP " + m.name + " " + helpText.Replace(m.help) + "\n# TYPE " + m.name + " gauge\n")
	for _, s := range m.samples {
		b.WriteString(m.name)
		sep := "{"
		for _, l := range s.labels {
			if l.Value == "" {
				continue // as good as absent
			}
			b.WriteString(sep + l.Name + `="` + labelValue.Replace(strings.ToValidUTF8(l.Value, "\uFFFD")) + `"`)
			sep = ","
		}
		if sep == "," {
			b.WriteString("}")
		}
		b.WriteString(" " + strconv.FormatFloat(s.value, 'g', -1, 64) + "\n")
	}
}

// Escapes of a label's value, and of a metric's help.
var (
	labelValue = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
	helpText   = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
)
