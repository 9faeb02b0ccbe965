package cli

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/term"

	"github.com/plimsoll/plimsoll/cmd/internal/render"
)

// Widths of a report: what a pipe gets, and the narrowest and widest drawn.
const (
	pipeWidth = 90
	minWidth  = 40
	maxWidth  = 110
)

// style finds out what stdout can show. COLUMNS overrides the width.
func (a *app) style(noColor bool) render.Style {
	s := render.Style{Width: pipeWidth, UTF8: a.utf8()}
	if f, ok := a.Stdout.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		s.Color = !noColor && a.Getenv("NO_COLOR") == "" && a.Getenv("TERM") != "dumb"
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			s.Width = w
		}
	}
	if w, err := strconv.Atoi(a.Getenv("COLUMNS")); err == nil && w > 0 {
		s.Width = w
	}
	s.Width = min(max(s.Width, minWidth), maxWidth)
	return s
}

// tableWidth is how wide a table may be: as wide as the terminal, and without
// bound in a pipe, whose reader cuts as it likes. COLUMNS overrides it.
func (a *app) tableWidth() int {
	if w, err := strconv.Atoi(a.Getenv("COLUMNS")); err == nil && w > 0 {
		return max(w, minWidth)
	}
	if f, ok := a.Stdout.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			return max(w, minWidth)
		}
	}
	return 0
}

// utf8 goes by the locale; without one, UTF-8 is assumed except in the C locale.
func (a *app) utf8() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := a.Getenv(name); v != "" {
			v = strings.ToUpper(v)
			return strings.Contains(v, "UTF-8") || strings.Contains(v, "UTF8") || (v != "C" && v != "POSIX" && !strings.Contains(v, "."))
		}
	}
	return true
}
