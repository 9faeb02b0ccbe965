package render

import (
	"math"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

// Segments of a memory's bar, in the order in which they are drawn.
var segmentNames = [...]string{"weights", "KV cache", "compute", "overhead", "reserved"}

// glyphs of the segments and of what is free.
var (
	utf8Glyphs  = [...]string{"█", "▓", "▒", "░", "╱"}
	asciiGlyphs = [...]string{"W", "K", "C", "o", "/"}
)

func (s Style) glyph(i int) string {
	if s.UTF8 {
		return utf8Glyphs[i]
	}
	return asciiGlyphs[i]
}

func (s Style) freeGlyph() string {
	if s.UTF8 {
		return "·"
	}
	return "."
}

// segmentBytes splits a ledger into the segments.
func segmentBytes(l *report.Ledger) [len(segmentNames)]float64 {
	var seg [len(segmentNames)]float64
	for _, line := range l.Lines {
		i := 3
		switch line.Component {
		case "weights":
			i = 0
		case "kv_cache", "recurrent_state":
			i = 1
		case "compute":
			i = 2
		}
		seg[i] += float64(line.Bytes)
	}
	seg[4] = float64(l.Reserved)
	return seg
}

// bar draws how full a memory is in width cells. Whatever holds anything
// gets at least one cell; a memory that overflows is drawn full.
func (s Style) bar(l *report.Ledger, width int) string {
	seg := segmentBytes(l)
	var sum float64
	for _, b := range seg {
		sum += b
	}
	scale := math.Max(float64(l.Capacity), sum)
	if scale <= 0 {
		return strings.Repeat(s.freeGlyph(), width)
	}
	cells := [len(segmentNames)]int{}
	used, edge := 0, 0.0
	for i, b := range seg {
		edge += b
		if b <= 0 {
			continue
		}
		want := int(math.Round(edge/scale*float64(width))) - used
		cells[i] = max(want, 1)
		used += cells[i]
	}
	for used > width { // small ones rounded up: take it from the largest
		largest := 0
		for i := range cells {
			if cells[i] > cells[largest] {
				largest = i
			}
		}
		cells[largest]--
		used--
	}
	var b strings.Builder
	for i, n := range cells {
		if i == len(cells)-1 {
			b.WriteString(s.paint(dim, strings.Repeat(s.freeGlyph(), width-used))) // reserved is kept at the far end
		}
		b.WriteString(s.paint(segmentColors[i], strings.Repeat(s.glyph(i), n)))
	}
	return b.String()
}

// legend names the glyphs that appear.
func (s Style) legend(ledgers []report.Ledger) string {
	var present [len(segmentNames)]bool
	for i := range ledgers {
		for j, b := range segmentBytes(&ledgers[i]) {
			present[j] = present[j] || b > 0
		}
	}
	var parts []string
	for i, ok := range present {
		if ok {
			parts = append(parts, s.glyph(i)+" "+segmentNames[i])
		}
	}
	return strings.Join(append(parts, s.freeGlyph()+" free"), "  ")
}
