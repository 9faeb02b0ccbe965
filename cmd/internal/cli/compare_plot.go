package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/chart"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/render"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

// plotRequest is one picture asked for.
type plotRequest struct {
	kind, path, format string
}

// pictures are the endings by which an argument is a picture's file and not a
// model. Most of them are refused, with a better message than that there is no
// such model.
var pictures = []string{".svg", ".png", ".pdf", ".eps", ".jpg", ".jpeg", ".gif", ".webp", ".tif", ".tiff", ".bmp", ".html"}

// parsePlots reads the values of --plot, KIND=FILE. A kind alone takes its
// file from the arguments (--plot pareto front.svg) or, where there is none, is
// drawn below the table (no path). It returns the arguments that are left.
func parsePlots(values, args []string) ([]plotRequest, []string, error) {
	var plots []plotRequest
	for _, v := range values {
		kind, path, given := strings.Cut(v, "=")
		if !slices.Contains(chart.Kinds, kind) {
			return nil, nil, problem.Wrong(problem.Usage, fmt.Sprintf("unknown picture %.60q", kind), "--plot", "use one of "+strings.Join(chart.Kinds, ", "))
		}
		if !given {
			i := slices.IndexFunc(args, func(arg string) bool {
				return slices.Contains(pictures, strings.ToLower(filepath.Ext(arg)))
			})
			if i < 0 {
				plots = append(plots, plotRequest{kind: kind})
				continue
			}
			path, args = args[i], slices.Delete(slices.Clone(args), i, i+1)
		}
		format := strings.TrimPrefix(strings.ToLower(filepath.Ext(path)), ".")
		if !slices.Contains(chart.Formats, format) {
			return nil, nil, problem.Wrong(problem.Usage, fmt.Sprintf("cannot draw %.200q", path), "--plot "+kind, "name a file that ends in .svg or .png")
		}
		plots = append(plots, plotRequest{kind, path, format})
	}
	return plots, args, nil
}

// write draws the picture into its file, if it has one.
func (p *plotRequest) write(doc *report.Compare) error {
	if p.path == "" {
		return nil
	}
	picture, err := chart.Draw(p.kind, p.format, doc)
	if err != nil {
		return problem.Wrong(problem.NotEstimable, err.Error(), "--plot "+p.kind, "")
	}
	if err := os.WriteFile(p.path, picture, 0o644); err != nil {
		return problem.Wrong(problem.WriteFailed, "cannot write the picture", fmt.Sprintf("--plot %s=%.200s", p.kind, p.path), "check the path and its permissions")
	}
	return nil
}

// drawBelow draws the pictures without a file with characters.
func drawBelow(w io.Writer, doc *report.Compare, plots []plotRequest, style render.Style) error {
	for _, p := range plots {
		if p.path != "" {
			continue
		}
		text, err := chart.Text(p.kind, doc, style.Width)
		if err != nil {
			return problem.Wrong(problem.NotEstimable, err.Error(), "--plot "+p.kind, "")
		}
		if _, err := io.WriteString(w, "\n"+style.Plain(text)); err != nil {
			return err
		}
	}
	return nil
}
