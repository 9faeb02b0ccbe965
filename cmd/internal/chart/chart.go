package chart

import (
	"bytes"
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

// Kinds of pictures, and the formats that they are written in.
var (
	Kinds   = []string{"pareto", "memory", "roofline"}
	Formats = []string{"svg", "png"}
)

// Draw draws a comparison. The error says why there is nothing to draw.
func Draw(kind, format string, c *report.Compare) ([]byte, error) {
	s, err := sheetOf(kind, c)
	if err != nil {
		return nil, err
	}
	return s.write(format)
}

func sheetOf(kind string, c *report.Compare) (*sheet, error) {
	switch kind {
	case "pareto":
		return pareto(c)
	case "memory":
		return memory(c)
	case "roofline":
		return roofline(c)
	}
	return nil, fmt.Errorf("unknown picture %q", kind)
}

// sheet is a plot with a key on its right. Its marks are kept beside it, for
// terminals.
type sheet struct {
	plot   *plot.Plot
	key    []keyEntry
	height vg.Length // 0 for the usual one

	points points
	lines  []plotter.XYs
	bars   *bars
	names  []string // of the bars, the lowest first
}

// Sizes in points.
const (
	plotWidth  = 560
	plotHeight = 400
	margin     = 12
	keyLine    = 14
	maxKey     = 60 // entries of a key
	dpi        = 144
)

func newSheet(title, x, y string) *sheet {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.Padding = vg.Points(8)
	for style, size := range map[*text.Style]vg.Length{&p.Title.TextStyle: 12, &p.X.Label.TextStyle: 10, &p.Y.Label.TextStyle: 10,
		&p.X.Tick.Label: 9, &p.Y.Tick.Label: 9} {
		style.Font = sans(size)
	}
	p.X.Tick.Length, p.Y.Tick.Length = vg.Points(4), vg.Points(4)
	return &sheet{plot: p}
}

// sans is the font of all text. Browsers that lack it have one of the same
// widths.
func sans(size vg.Length) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
}

func textStyle(size vg.Length) text.Style {
	return text.Style{Color: black, Font: sans(size), Handler: plot.DefaultTextHandler}
}

// write renders the sheet.
func (s *sheet) write(format string) ([]byte, error) {
	if len(s.key) > maxKey {
		more := keyEntry{text: fmt.Sprintf("and %d more", len(s.key)-maxKey+1)}
		s.key = append(s.key[:maxKey-1:maxKey-1], more)
	}
	width, height := vg.Length(plotWidth), max(s.height, plotHeight, vg.Length(keyLine*(len(s.key)+2)))
	side := keyWidth(s.key)
	full := width + side + 2*margin
	var canvas vg.CanvasSizer
	var out interface {
		vg.CanvasSizer
		vg.CanvasWriterTo
	}
	switch format {
	case "svg":
		out = vgsvg.New(full, height+2*margin)
		canvas = out
	case "png":
		out = vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(full, height+2*margin), vgimg.UseDPI(dpi))}
		canvas = out
	default:
		return nil, fmt.Errorf("cannot draw %q", format)
	}
	all := draw.New(canvas)
	all.SetColor(white)
	all.Fill(all.Rectangle.Path())
	s.plot.Draw(draw.Crop(all, margin, -side-margin, margin, -margin))
	drawKey(draw.Crop(all, width+2*margin, 0, margin, -margin), s.key)
	var b bytes.Buffer
	if _, err := out.WriteTo(&b); err != nil {
		return nil, err
	}
	if format == "svg" {
		return bytes.ReplaceAll(b.Bytes(), []byte("font-family:Liberation Sans;"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;")), nil
	}
	return b.Bytes(), nil
}
