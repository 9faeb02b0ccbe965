package render

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/money"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
)

// costRows are the figures of cost that people read, with what they are of.
func costRows(c *report.Check) []speedRow {
	k := c.Result.Costs
	if k == nil {
		return nil
	}
	hour := "an hour, rented"
	if k.Tenure == estimator.Owned {
		hour = "an hour of work, bought"
	}
	rows := []speedRow{{hour, k.USDPerHour}, {"a million input tokens", k.USDPerMInput}}
	if k.USDPerMInput != nil {
		rows = append(rows, speedRow{"a million output tokens", k.USDPerMOutput})
	}
	rows = append(rows, speedRow{"the same, prompts in it", k.USDPerMAllIn}, speedRow{"power at the wall", k.Watts},
		speedRow{"energy per output token", k.JoulesPerToken}, speedRow{"electricity of an hour", k.EnergyUSDPerHour},
		speedRow{"carbon, a million tokens", k.GramsPerM})
	rows = append(rows, speedRow{"a job", k.USDPerJob}, speedRow{"an image", k.USDPerImage}, speedRow{"a second of video", k.USDPerVideoS},
		speedRow{"an hour of audio", k.USDPerAudioHour}, speedRow{"a million tokens", k.USDPerMTokens}, speedRow{"energy of a job", k.WhPerJob},
		speedRow{"energy of an image", k.WhPerImage}, speedRow{"energy, second of video", k.WhPerVideoS}, speedRow{"energy, hour of audio", k.WhPerAudioHour},
		speedRow{"energy, a million tokens", k.WhPerMTokens}, speedRow{"carbon of a job", k.GramsPerJob})
	if u := c.Result.UnderLoad; u != nil && u.USDPerM != nil {
		rows = append(rows, speedRow{"a million under the load", u.USDPerM})
	}
	if k.Tenure == estimator.Owned {
		rows = append(rows, speedRow{"pays off against renting", k.BreakEvenMonths})
	}
	out := rows[:0]
	for _, r := range rows {
		if r.fig != nil {
			out = append(out, r)
		}
	}
	return out
}

// costValue writes money with the digits that people use for it.
func costValue(f *estimator.Figure) (value, rng, unit string) {
	number := units.Number
	if f.Value < 1 { // cents have digits, too
		digits := 3
		if f.Value < 0.01 {
			digits = min(2-int(math.Floor(math.Log10(max(f.Value, 1e-9)))), 12)
		}
		number = func(v float64) string { return strconv.FormatFloat(v, 'f', digits, 64) }
	}
	value, rng = number(f.Value), number(f.Low)+" – "+number(f.High)
	if f.Low == f.High {
		rng = ""
	}
	return value, rng, f.Unit
}

func (t *table) costs() {
	rows := costRows(t.c)
	if len(rows) == 0 {
		return
	}
	title := "Cost"
	if o := t.c.Result.Offer; o != nil {
		title += ": " + priceText(o)
	}
	t.title(title)
	for _, r := range rows {
		value, rng, unit := costValue(r.fig)
		if t.s.Width < 60 {
			t.b.WriteString(t.s.cut("  "+r.name, t.s.Width) + "\n")
			if rng != "" {
				rng = "  (" + rng + ")"
			}
			t.b.WriteString(t.s.plain(fmt.Sprintf("    %s %s%s", value, unit, rng)) + "\n")
			continue
		}
		line := fmt.Sprintf("  %s %s %s  %s", pad(r.name, 24), pad(value, -8), pad(unit, 10), rng)
		t.b.WriteString(strings.TrimRight(t.s.plain(line), " ") + "\n")
	}
}

func markdownCosts(b *strings.Builder, c *report.Check) {
	rows := costRows(c)
	if len(rows) == 0 {
		return
	}
	b.WriteString("\n| cost | value | 80% range |\n|---|--:|---|\n")
	for _, r := range rows {
		value, rng, unit := costValue(r.fig)
		fmt.Fprintf(b, "| %s | %s %s | %s |\n", r.name, value, md(unit), rng)
	}
	if o := c.Result.Offer; o != nil {
		fmt.Fprintf(b, "\nRent: %s\n", md(priceText(o)))
	}
}

// costName joins the names of costs that are not known for one reason.
func costName(figure string) string {
	switch {
	case strings.HasPrefix(figure, "usd_"):
		return "cost"
	case strings.HasPrefix(figure, "watts"), strings.HasSuffix(figure, "_per_output_token"), strings.HasPrefix(figure, "kwh_"), strings.HasPrefix(figure, "wh_"), figure == "energy_usd_per_hour":
		return "power and energy"
	}
	return figure
}

// unasked says that a figure of cost is not known and nobody asked for it, or
// said what it would take: then it is no news below a table.
func unasked(p *money.Options, figure string) bool {
	switch {
	case p == nil:
		return false
	case figure == "break_even_months":
		return !p.Own
	case figure == "gco2e_per_m_output_tokens", figure == "gco2e_per_job":
		return p.Country == "" && p.GramsPerKWh == nil
	}
	return costName(figure) != figure && *p == (money.Options{PricesAt: p.PricesAt})
}
