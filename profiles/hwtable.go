package profiles

import (
	_ "embed" // the catalogues
	"encoding/csv"
	"fmt"
	"iter"
	"math"
	"strconv"
	"strings"
	"sync"

	"github.com/plimsoll/plimsoll/profiles/names"
)

//go:embed hardware/accelerators.csv
var acceleratorsCSV string

//go:embed hardware/cpus.csv
var cpusCSV string

//go:embed hardware/links.csv
var linksCSV string

//go:embed hardware/nodes.csv
var nodesCSV string

//go:embed hardware/hosts.csv
var hostsCSV string

//go:embed hardware/rules.csv
var rulesCSV string

// listHint ends the message of a miss that has no suggestion.
const listHint = "plimsoll hardware list shows what is known"

var (
	accelerators = table{file: "accelerators.csv", kind: "device", text: acceleratorsCSV}
	cpus         = table{file: "cpus.csv", kind: "cpu", text: cpusCSV}
	links        = table{file: "links.csv", kind: "link", text: linksCSV}
	nodes        = table{file: "nodes.csv", kind: "node", text: nodesCSV}
	hosts        = table{file: "hosts.csv", kind: "host class", text: hostsCSV}
	rules        = table{file: "rules.csv", kind: "memory rule", text: rulesCSV}
)

// table is a catalogue kept as text. A cold command asks for one or two lines
// of it, so only those are decoded: lines hold no line breaks inside quotes.
type table struct {
	file, kind, text string

	once    sync.Once
	columns []string
	naming  sync.Once
	index   *names.Index // see named
}

// lines yields the lines below the header, comments left out.
func (t *table) lines() iter.Seq[string] {
	return func(yield func(string) bool) {
		header := true
		for line := range strings.Lines(t.text) {
			switch {
			case line[0] == '#':
			case header:
				header = false
			case !yield(line):
				return
			}
		}
	}
}

// open reads the header.
func (t *table) open() {
	t.once.Do(func() {
		for line := range strings.Lines(t.text) {
			if line[0] != '#' {
				t.columns = strings.Split(strings.TrimSuffix(line, "\n"), ",")
				break
			}
		}
	})
}

// named gathers the names; it decodes no other column.
func (t *table) named() *names.Index {
	t.open()
	t.naming.Do(func() {
		entries := make([]names.Entry, 0, strings.Count(t.text, "\n"))
		aliased := len(t.columns) > 1 && t.columns[1] == "aliases"
		for line := range t.lines() {
			id, rest, _ := strings.Cut(line, ",")
			e := names.Entry{ID: id}
			if list, _, _ := strings.Cut(rest, ","); aliased && list != "" {
				e.Aliases = strings.Split(strings.Trim(list, `"`), ";")
			}
			entries = append(entries, e)
		}
		t.index = names.New(t.kind, entries)
		t.index.Hint = listHint
	})
	return t.index
}

// find returns the row of an id.
func (t *table) find(id string) (row, bool) {
	t.open()
	key := "\n" + id + ","
	at := strings.Index(t.text, key)
	if at < 0 || id == "" || strings.ContainsAny(id, "#\n,\"") {
		return row{}, false
	}
	line, _, _ := strings.Cut(t.text[at+1:], "\n")
	return t.decode(line), true
}

// of yields the rows of an id, where the table has several.
func (t *table) of(id string) iter.Seq[row] {
	t.open()
	return func(yield func(row) bool) {
		key := "\n" + id + ","
		if id == "" || strings.ContainsAny(id, "#\n,\"") {
			return
		}
		for text := t.text; ; {
			at := strings.Index(text, key)
			if at < 0 {
				return
			}
			text = text[at+1:]
			line, _, _ := strings.Cut(text, "\n")
			if !yield(t.decode(line)) {
				return
			}
		}
	}
}

// resolve returns the row that a name means.
func (t *table) resolve(query string) (row, error) {
	id, err := t.named().Resolve(query)
	if err != nil {
		return row{}, err
	}
	r, ok := t.find(id)
	if !ok {
		return row{}, fmt.Errorf("%s: %s is listed but has no line", t.file, id)
	}
	return r, nil
}

// rows decodes every line.
func (t *table) rows() iter.Seq[row] {
	t.open()
	return func(yield func(row) bool) {
		for line := range t.lines() {
			if !yield(t.decode(line)) {
				return
			}
		}
	}
}

func (t *table) decode(line string) row {
	r := row{table: t}
	if strings.IndexByte(line, '"') < 0 {
		r.fields = strings.Split(strings.TrimSuffix(line, "\n"), ",")
	} else {
		r.fields, r.err = csv.NewReader(strings.NewReader(line)).Read()
	}
	if r.err == nil && len(r.fields) != len(t.columns) {
		r.err = fmt.Errorf("%d columns, want %d", len(r.fields), len(t.columns))
	}
	return r
}

// row is one decoded line. The first thing wrong with it stays in err.
type row struct {
	table  *table
	fields []string
	err    error
}

func (r *row) text(column string) string {
	if r.err != nil {
		return ""
	}
	for i, c := range r.table.columns {
		if c == column {
			return r.fields[i]
		}
	}
	r.err = fmt.Errorf("no column %q", column)
	return ""
}

// number reads a figure; an empty field is 0, "not known".
func (r *row) number(column string) float64 {
	s := r.text(column)
	if s == "" {
		return 0
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) || f < 0 {
		r.err = fmt.Errorf("%s: want a number from 0 up, got %q", column, s)
		return 0
	}
	return f
}

func (r *row) integer(column string) int { return int(r.number(column)) }

// gib reads a size in GiB as bytes.
func (r *row) gib(column string) int64 { return gibBytes(r.number(column)) }

func (r *row) list(column string) []string {
	if s := r.text(column); s != "" {
		return strings.Split(s, ";")
	}
	return nil
}

// assumed turns the list of assumed fields into a map with the reason.
func (r *row) assumed() map[string]string {
	list := r.list("assumed")
	if len(list) == 0 {
		return nil
	}
	m := make(map[string]string, len(list))
	for _, field := range list {
		m[field] = "inferred or general knowledge, not read in a source"
	}
	return m
}

// fault is the error of a row with a bad field, or nil.
func (r *row) fault() error {
	if r.err == nil {
		return nil
	}
	id := ""
	if len(r.fields) > 0 {
		id = r.fields[0]
	}
	return fmt.Errorf("%s: %s: %w", r.table.file, id, r.err)
}

// gibBytes turns GiB into bytes.
func gibBytes(gib float64) int64 { return int64(math.Round(gib * (1 << 30))) }
