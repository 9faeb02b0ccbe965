package render

import (
	"strings"
	"unicode/utf8"
)

// Style says what the output can show.
type Style struct {
	Width int  // columns
	Color bool // ANSI colours
	UTF8  bool // block characters and dashes
}

// Colours by what they mean.
const (
	bold   = "1"
	green  = "32"
	yellow = "33"
	red    = "31"
	dim    = "2"
)

// segment colours of the bar: weights, cache, compute, overhead, reserved.
var segmentColors = [...]string{"34", "36", "35", "33", "90"}

func (s Style) paint(code, text string) string {
	if !s.Color || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Plain replaces what an ASCII terminal cannot show.
func (s Style) Plain(text string) string { return s.plain(text) }

// plain replaces what an ASCII terminal cannot show.
func (s Style) plain(text string) string {
	if s.UTF8 {
		return text
	}
	return asciiText.Replace(text)
}

var asciiText = strings.NewReplacer("–", "-", "—", "-", "·", "-", "×", "x", "≥", ">=", "≤", "<=", "…", "...",
	"→", "->", "µ", "u", "√", "sqrt", "²", "^2", "≈", "~", "−", "-", "│", "|", "└", "+", "─", "-", "┴", "+", "┤", "+", "┃", "!", "█", "W", "▓", "K", "▒", "C", "░", "o", "╱", "/", "α", "alpha", "β", "beta", "η", "eta")

// wrap breaks text at spaces to the width, with a hanging indent.
func (s Style) wrap(first, hang, text string) string {
	var b strings.Builder
	b.WriteString(first)
	col := utf8.RuneCountInString(first)
	start := true
	for _, word := range strings.Fields(s.plain(text)) {
		n := utf8.RuneCountInString(word)
		if !start && col+1+n > s.Width {
			b.WriteString("\n" + hang)
			col = utf8.RuneCountInString(hang)
			start = true
		}
		if !start {
			b.WriteByte(' ')
			col++
		}
		b.WriteString(word)
		col += n
		start = false
	}
	b.WriteByte('\n')
	return b.String()
}

// pad fills text to n columns; right aligns it when n is negative.
func pad(text string, n int) string {
	w := utf8.RuneCountInString(text)
	if n < 0 {
		return strings.Repeat(" ", max(-n-w, 0)) + text
	}
	return text + strings.Repeat(" ", max(n-w, 0))
}

// cut shortens text to n columns.
func (s Style) cut(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	mark := "…"
	if !s.UTF8 {
		mark = "~"
	}
	r := []rune(text)
	return string(r[:max(n-1, 0)]) + mark
}
