package ci

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

// shownFigures are the figures that get a column of their own, the most
// important first; so many of those that occur are shown.
var shownFigures = []string{"decode_tok_s", "output_tok_s", "ttft_ms", "fullest_device_bytes", "usd_per_hour", "usd_per_m_output_tokens_all_in", "usd_per_m_output_tokens"}

const maxShown = 4

// outcomeWords are outcomes as a table shows them: all but a pass stand out.
var outcomeWords = map[report.Outcome]string{report.Pass: "pass", report.Fail: "**FAIL**", report.Unsure: "**unsure**", report.Error: "**ERROR**"}

// Markdown writes a headline, a table of the cases and, folded away, what is
// wrong with each that does not pass.
func Markdown(w io.Writer, doc report.Cased, o Options) error {
	var b strings.Builder
	cases := doc.Cases()
	fmt.Fprintf(&b, "### %s: %s\n\n", Escape(doc.Title()), report.Count(cases).Words())
	figures := chosen(cases)
	b.WriteString("| case | outcome |")
	for _, f := range figures {
		b.WriteString(" " + report.FigureWords(f) + " |")
	}
	b.WriteString(" |\n|---|---|" + strings.Repeat("--:|", len(figures)) + "---|\n")
	for i := range cases {
		c := &cases[i]
		b.WriteString("| " + Code(c.Name) + " | " + outcomeWords[c.Outcome] + " |")
		for _, name := range figures {
			text := ""
			if f := figureOf(c, name); f != nil {
				text = report.FigureText(f.Figure, f.Figure.Value)
			}
			b.WriteString(" " + Escape(text) + " |")
		}
		b.WriteString(" " + Escape(Gist(c)) + " |\n")
	}
	for i := range cases {
		c := &cases[i]
		problems := c.Problems()
		if len(problems) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n<details><summary>%s: %s</summary>\n\n", escapeHTML(c.Name), strings.ToLower(strings.Trim(outcomeWords[c.Outcome], "*")))
		for _, p := range problems {
			fmt.Fprintf(&b, "- %s\n", Escape(p.Message))
		}
		for _, d := range c.Detail {
			fmt.Fprintf(&b, "- %s\n", Escape(d))
		}
		b.WriteString("\n</details>\n")
	}
	notes(&b, &o.Head)
	_, err := io.WriteString(w, b.String())
	return err
}

// Gist is what a table says of a case: its worst problem, or its message.
func Gist(c *report.Case) string {
	text, worst := c.Message, report.Pass
	for _, p := range c.Problems() {
		if report.Worse(worst, p.Outcome) {
			text, worst = p.Message, p.Outcome
		}
	}
	return text
}

// chosen picks the figures that get a column.
func chosen(cases []report.Case) []string {
	_, have := columns(cases)
	occurs := map[string]bool{}
	for _, f := range have {
		occurs[f] = true
	}
	var out []string
	for _, f := range shownFigures {
		if occurs[f] && len(out) < maxShown {
			out = append(out, f)
		}
	}
	return out
}

// notes lists what is assumed and warned of, folded away, and the versions.
func notes(b *strings.Builder, h *report.Head) {
	for _, w := range h.Warnings {
		fmt.Fprintf(b, "\n> %s\n", Escape(w.Message))
	}
	if len(h.Assumptions) > 0 {
		b.WriteString("\n<details><summary>Assumed</summary>\n\n")
		for _, a := range h.Assumptions {
			fmt.Fprintf(b, "- %s\n", Escape(a))
		}
		b.WriteString("\n</details>\n")
	}
	if h.ToolVersion != "" {
		fmt.Fprintf(b, "\nplimsoll %s, data %s\n", Escape(h.ToolVersion), Escape(h.DataVersion))
	}
}

// Escape keeps text from being read as markup, as a table's border or as the
// mention of a person.
func Escape(s string) string {
	var b strings.Builder
	runes := []rune(s)
	word := func(i int) bool {
		return i >= 0 && i < len(runes) && (unicode.IsLetter(runes[i]) || unicode.IsDigit(runes[i]))
	}
	for i, r := range runes {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '@', r == '#' && i+1 < len(runes) && unicode.IsDigit(runes[i+1]):
			b.WriteRune(r)
			b.WriteRune('\u200b') // else people are called, and issues linked
		case (r == '_' || r == '#') && word(i-1) && word(i+1):
			b.WriteRune(r) // inside a word it marks nothing
		case strings.ContainsRune("\\`*_{}[]|#~!$", r):
			b.WriteRune('\\')
			b.WriteRune(r)
		case unicode.IsControl(r) || r == '\u2028' || r == '\u2029':
			b.WriteRune(' ')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Code writes text as a code span that may stand in a table.
func Code(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
	longest, run := 0, 0
	for _, r := range s {
		if r == '`' {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	fence := strings.Repeat("`", longest+1)
	pad := ""
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		pad = " "
	}
	s = strings.ReplaceAll(s, `\|`, `\ |`) // else the backslash is the one that is escaped
	return fence + pad + strings.ReplaceAll(s, "|", `\|`) + pad + fence
}

// escapeHTML keeps text from being read as HTML inside a summary.
func escapeHTML(s string) string {
	return Escape(s)
}
