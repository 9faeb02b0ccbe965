package cli

import (
	"bufio"
	"encoding/csv"
	"strings"
	"unicode/utf8"
)

// listing is a table of a catalogue. When it is too wide for the screen,
// columns are dropped from the right.
type listing struct {
	header []string
	right  []bool // columns of numbers
	rows   [][]string
}

// write draws the table within width columns, or unbounded when width is 0.
func (l *listing) write(w *bufio.Writer, width int) {
	widths := make([]int, len(l.header))
	for i, h := range l.header {
		widths[i] = utf8.RuneCountInString(h)
	}
	for _, r := range l.rows {
		for i, cell := range r {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	columns, total := 0, 0
	for i, n := range widths {
		if width > 0 && i > 0 && total+2+n > width {
			break
		}
		total += n + 2
		columns++
	}
	for _, r := range append([][]string{l.header}, l.rows...) {
		var line strings.Builder
		for i := range columns {
			if i > 0 {
				line.WriteString("  ")
			}
			fill := strings.Repeat(" ", max(widths[i]-utf8.RuneCountInString(r[i]), 0))
			if l.right[i] {
				line.WriteString(fill + r[i])
			} else {
				line.WriteString(r[i] + fill)
			}
		}
		w.WriteString(strings.TrimRight(line.String(), " ") + "\n") //nolint:errcheck // sticky, seen at Flush
	}
}

// writeCSV writes the table as CSV, its header in snake case.
func (l *listing) writeCSV(w *bufio.Writer) error {
	c := csv.NewWriter(w)
	header := make([]string, len(l.header))
	for i, h := range l.header {
		header[i] = strings.ReplaceAll(strings.ToLower(h), " ", "_")
	}
	if err := c.Write(header); err != nil {
		return err
	}
	if err := c.WriteAll(l.rows); err != nil {
		return err
	}
	return c.Error()
}

// writeListing writes a catalogue in the form asked for.
func writeListing[T any](a *app, output string, items []T, l *listing) error {
	switch output {
	case "json":
		if items == nil {
			items = []T{}
		}
		return writeJSON(a.out, items)
	case "jsonl":
		for i := range items {
			if err := writeJSONLine(a.out, &items[i]); err != nil {
				return err
			}
		}
		return nil
	case "csv":
		return l.writeCSV(a.out)
	}
	width := 0
	if s := a.style(true); s.Width != pipeWidth {
		width = s.Width
	}
	l.write(a.out, width)
	return nil
}

// matches says whether every word of the filter occurs in one of the texts.
func matches(filter string, texts ...string) bool {
	for _, word := range strings.Fields(strings.ToLower(filter)) {
		found := false
		for _, t := range texts {
			if strings.Contains(strings.ToLower(t), word) {
				found = true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}
