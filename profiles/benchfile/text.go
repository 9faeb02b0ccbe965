package benchfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// maxLine bounds the lines that are matched as text; longer ones hold JSON.
const maxLine = 64 << 10

// decodeText returns data as UTF-8 without a byte order mark: PowerShell
// writes redirected output as UTF-16.
func decodeText(data []byte) ([]byte, error) {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		order = binary.BigEndian
	default:
		return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), nil
	}
	data = data[2:]
	out := make([]byte, 0, len(data)/2)
	for len(data) >= 2 {
		c := rune(order.Uint16(data))
		data = data[2:]
		if utf16.IsSurrogate(c) && len(data) >= 2 {
			if full := utf16.DecodeRune(c, rune(order.Uint16(data))); full != utf8.RuneError {
				c, data = full, data[2:]
			}
		}
		out = utf8.AppendRune(out, c)
	}
	if len(data) != 0 {
		return nil, errors.New("not whole as UTF-16 text")
	}
	return out, nil
}

// firstLine gives the number of the first line that is not blank, 0 for none.
func firstLine(data []byte) int {
	rest := bytes.TrimLeft(data, " \t\r\n\v\f")
	if len(rest) == 0 {
		return 0
	}
	return 1 + bytes.Count(data[:len(data)-len(rest)], []byte("\n"))
}

// escapes are the terminal's colour and cursor codes.
var escapes = lazy(`\x1b(?:\[[0-9;?]*[ -/]*[@-~]|[@-Z\\-_])`)

// scanText gives every line to the readers of text, each of which picks its own.
func (r *reader) scanText(data []byte) {
	log := &logContext{}
	table, csv := &benchTable{r: r, log: log}, &benchCSV{r: r}
	ollama, timings := &ollamaText{r: r}, &timingsText{r: r, log: log}
	n := 0
	for line := range bytes.Lines(data) {
		n++
		if len(line) > maxLine || r.full {
			continue
		}
		s := strings.TrimRight(string(line), "\r\n \t")
		if strings.Contains(s, "\x1b") {
			s = escapes.ReplaceAllString(s, "")
		}
		// a progress line is overwritten by what follows the last return
		if i := strings.LastIndexByte(s, '\r'); i >= 0 {
			s = s[i+1:]
		}
		if s == "" {
			continue
		}
		log.line(s)
		table.line(n, s)
		csv.line(n, s)
		ollama.line(n, s)
		timings.line(n, s)
		if r.sqlLine == 0 && (strings.HasPrefix(s, "INSERT INTO test (") || strings.HasPrefix(s, "CREATE TABLE IF NOT EXISTS test (")) {
			r.sqlLine = n
		}
	}
	table.end()
	ollama.end()
	timings.end()
	r.describe(log.gpus, log.cpu, log.backend)
}

// describe keeps the first description of the machine.
func (r *reader) describe(gpus []string, cpu, backend string) {
	m := &r.machine
	if len(m.GPUs) == 0 {
		for _, g := range gpus {
			m.GPUs = append(m.GPUs, clean(g))
		}
	}
	if m.CPU == "" {
		m.CPU = clean(cpu)
	}
	if m.Backend == "" {
		m.Backend = backend
	}
}

// clean makes one short printable line of foreign text.
func clean(s string) string {
	const most = 300
	if len(s) > most {
		s = s[:most]
	}
	s = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c == utf8.RuneError || c >= 0x80 && c < 0xa0 {
			return ' '
		}
		return c
	}, s)
	return strings.TrimSpace(s)
}

// label is the name of the input as rows and errors show it.
func label(name string) string {
	switch name = clean(name); name {
	case "", "-":
		return "stdin"
	}
	return name
}

// whole reads a count; ok is false for anything but a whole number.
func whole(s string) (int, bool) {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil || n < -1 || n > 1<<53 {
		return 0, false
	}
	return int(n), true
}

// number reads a figure; what is none is 0, which no row accepts.
func number(s string) float64 {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil {
		return 0
	}
	return v
}

// month turns the dates that tools print into "2025-06", "" for others.
func month(s string) string {
	for _, layout := range []string{"2006-01-02T15:04:05", "20060102-150405", "2006-01-02 15:04:05"} {
		if len(s) < len(layout) {
			continue
		}
		if t, err := time.Parse(layout, s[:len(layout)]); err == nil {
			return monthOf(t)
		}
	}
	return ""
}

func monthOf(t time.Time) string {
	// a clock that was never set says 1970
	if t.Year() < 2020 || t.Year() > 2100 {
		return ""
	}
	return t.Format("2006-01")
}
