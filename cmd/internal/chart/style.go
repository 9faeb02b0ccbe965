package chart

import (
	"image/color"
	"unicode/utf8"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

var (
	black = color.RGBA{R: 0x22, G: 0x22, B: 0x22, A: 0xff}
	grey  = color.RGBA{R: 0xa0, G: 0xa0, B: 0xa0, A: 0xff}
	pale  = color.RGBA{R: 0xe4, G: 0xe4, B: 0xe4, A: 0xff}
	white = color.RGBA{R: 0xff, G: 0xff, B: 0xff, A: 0xff}
	alarm = color.RGBA{R: 0xc0, G: 0x1c, B: 0x28, A: 0xff}
)

// palette is Okabe and Ito's, which colour-blind readers can tell apart (Color
// Universal Design, 2008), without yellow, which white paper swallows.
var palette = [...]color.RGBA{
	{0x00, 0x72, 0xb2, 0xff}, {0xd5, 0x5e, 0x00, 0xff}, {0x00, 0x9e, 0x73, 0xff}, {0xcc, 0x79, 0xa7, 0xff},
	{0x56, 0xb4, 0xe9, 0xff}, {0xe6, 0x9f, 0x00, 0xff}, {0x44, 0x44, 0x44, 0xff},
}

func colorOf(i int) color.RGBA { return palette[i%len(palette)] }

// cut shortens names to what a key has room for.
func cut(s string) string {
	const most = 48
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

// keyEntry is a line of the key: a sample, if it has a shape or a fill, and
// what it means.
type keyEntry struct {
	text   string
	shape  draw.GlyphDrawer
	fill   bool // a filled box instead of a shape
	line   bool // a line instead of a shape
	dashes []vg.Length
	color  color.RGBA
	bold   bool
}

const keySize = 9

func keyWidth(key []keyEntry) vg.Length {
	style := textStyle(keySize)
	var w vg.Length
	for _, e := range key {
		w = max(w, style.Width(e.text))
	}
	if w == 0 {
		return 0
	}
	return w + 28 + margin
}

// drawKey draws the entries one below the other.
func drawKey(c draw.Canvas, key []keyEntry) {
	style := textStyle(keySize)
	y := c.Max.Y - keyLine
	for _, e := range key {
		at := vg.Point{X: c.Min.X + 10, Y: y + 3}
		switch {
		case e.fill:
			box(&c, e.color, at.X-8, at.Y-4, at.X+8, at.Y+4)
		case e.line:
			c.StrokeLine2(draw.LineStyle{Color: e.color, Width: 1.5, Dashes: e.dashes}, at.X-8, at.Y, at.X+8, at.Y)
		case e.shape != nil:
			c.DrawGlyphNoClip(draw.GlyphStyle{Color: e.color, Radius: 3.5, Shape: e.shape}, at)
		}
		style.Color = black
		if e.bold {
			style.Color = e.color
		}
		c.FillText(style, vg.Point{X: c.Min.X + 26, Y: y}, e.text)
		y -= keyLine
	}
}

// box fills a rectangle.
func box(c *draw.Canvas, fill color.Color, x0, y0, x1, y1 vg.Length) {
	c.FillPolygon(fill, []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}})
}
