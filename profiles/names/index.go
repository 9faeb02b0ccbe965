package names

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Entry is one thing that can be named.
type Entry struct {
	ID      string
	Aliases []string
}

// Index finds entries by name. It is safe for concurrent use.
type Index struct {
	kind    string
	entries []Entry
	// Hint says where all names can be seen; it ends the message of a miss
	// that has no suggestion ("plimsoll hardware list shows what is known").
	Hint string
}

// New makes an index over entries; kind ("model", "device") names them in messages.
func New(kind string, entries []Entry) *Index {
	return &Index{kind: kind, entries: entries}
}

// Miss is the error of a name that fits no entry, or more than one.
type Miss struct {
	Kind, Query string
	// Suggestions are ids: the entries that fit when Ambiguous, otherwise
	// the nearest ones, nearest first; possibly none.
	Suggestions []string
	Ambiguous   bool
	Hint        string
}

// Error is one line that says what was not found and what to write instead.
func (m *Miss) Error() string {
	query := m.Query
	if len(query) > 80 {
		query = query[:80] + "..."
	}
	quoted := strconv.Quote(query)
	list := strings.Join(m.Suggestions, ", ")
	switch {
	case m.Ambiguous:
		return m.Kind + " " + quoted + " fits several: " + list + "; name one of them"
	case list != "":
		return "unknown " + m.Kind + " " + quoted + "; did you mean " + list + "?"
	case m.Hint != "":
		return "unknown " + m.Kind + " " + quoted + "; " + m.Hint
	}
	return "unknown " + m.Kind + " " + quoted
}

const (
	maxQuery       = 256 // longer than any name; keeps a miss cheap
	maxSuggestions = 4
	maxChoices     = 12
)

// Resolve returns the id of the entry that query names. In this order, the
// first that fits wins:
//
//  1. an id, or an alias, letter for letter;
//  2. the same without regard to case and separators;
//  3. the same without vendor and marketing words (see [Normalize]);
//  4. an id or alias whose memory size the query leaves out ("rtx-4090" for
//     "rtx-4090-24gb");
//  5. an id or alias that goes on with nothing but tokens that hold a digit
//     or say nothing ("-instruct").
//
// The error is a *[Miss] when nothing fits or when several entries do.
func (ix *Index) Resolve(query string) (string, error) {
	query = strings.TrimSpace(query)
	switch ids := ix.Match(query); len(ids) {
	case 0:
		var near []string
		if len(query) <= maxQuery {
			near = ix.nearest(appendNormal(nil, query, true))
		}
		return "", &Miss{Kind: ix.kind, Query: query, Suggestions: near, Hint: ix.Hint}
	case 1:
		return ids[0], nil
	default:
		return "", &Miss{Kind: ix.kind, Query: query, Suggestions: ids[:min(len(ids), maxChoices)], Ambiguous: true, Hint: ix.Hint}
	}
}

// Match returns the ids that query fits best, sorted; none when nothing fits.
// Unlike [Index.Resolve] it does not look for near names.
func (ix *Index) Match(query string) []string {
	query = strings.TrimSpace(query)
	if len(query) > maxQuery {
		return nil
	}
	for i := range ix.entries {
		if e := &ix.entries[i]; e.ID == query || slices.Contains(e.Aliases, query) {
			return []string{e.ID}
		}
	}
	full := appendNormal(make([]byte, 0, 64), query, false)
	bare := appendNormal(make([]byte, 0, 64), query, true)
	if len(bare) == 0 {
		return nil
	}
	best := newPick()
	buf := make([]byte, 0, 128)
	for i := range ix.entries {
		e := &ix.entries[i]
		best.offer(e.ID, grade(e.ID, query, full, bare, &buf))
		for _, a := range e.Aliases {
			best.offer(e.ID, grade(a, query, full, bare, &buf))
		}
	}
	slices.Sort(best.ids)
	return best.ids
}

// The grades of a match, best first.
const (
	exact = iota
	spelling
	stripped
	sizeless
	continued
	none
)

// pick keeps the ids of the best grade seen.
type pick struct {
	grade int
	ids   []string
}

func newPick() pick { return pick{grade: none} }

func (p *pick) offer(id string, grade int) {
	switch {
	case grade > p.grade || grade == none:
	case grade < p.grade:
		p.grade, p.ids = grade, append(p.ids[:0], id)
	case !slices.Contains(p.ids, id):
		p.ids = append(p.ids, id)
	}
}

// grade says how well name, an id or alias, fits a query given in its three
// spellings.
func grade(name, query string, full, bare []byte, buf *[]byte) int {
	if name == query {
		return exact
	}
	// Most names differ in the first letter: look before normalising.
	if !mayFit(name, full[0], bare[0]) {
		return none
	}
	n := appendNormal((*buf)[:0], name, false)
	*buf = n
	if sameCompact(n, full) {
		return spelling
	}
	n = appendNormal(n[:0], name, true)
	*buf = n
	rest, ok := cutCompact(n, bare)
	switch {
	case !ok:
		return none
	case len(rest) == 0:
		return stripped
	case rest[0] != '-':
		return none
	case sizeToken(rest[1:]):
		return sizeless
	case saysNothing(rest[1:]):
		return continued
	}
	return none
}

// mayFit says whether any word of name starts with one of the two letters.
func mayFit(name string, a, b byte) bool {
	word := false
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if !alnum(c) {
			word = false
			continue
		}
		if !word && (c == a || c == b) {
			return true
		}
		word = true
	}
	return false
}

// saysNothing says whether a normalised tail holds only tokens with a digit
// and neutral words. A tail with any other word ("ti", "laptop", "super")
// names another product.
func saysNothing(tail []byte) bool {
	hasDigit := false
	start := 0
	for i := 0; i <= len(tail); i++ {
		if i < len(tail) && tail[i] != '-' {
			hasDigit = hasDigit || digit(tail[i])
			continue
		}
		if !hasDigit {
			switch string(tail[start:i]) {
			case "instruct", "it", "chat", "base", "core", "ram", "memory":
			default:
				return false
			}
		}
		start, hasDigit = i+1, false
	}
	return true
}

// nearest gives the ids most like the normalised query, nearest first.
func (ix *Index) nearest(query []byte) []string {
	type near struct {
		id       string
		distance int
	}
	var found []near
	limit := 2 + len(query)/4
	var d distance
	buf := make([]byte, 0, 128)
	for i := range ix.entries {
		e := &ix.entries[i]
		best := limit + 1
		try := func(name string) {
			buf = appendNormal(buf[:0], name, true)
			if len(buf) > maxQuery {
				return
			}
			best = min(best, d.between(query, buf, limit))
			// The size is often what a person leaves out or gets wrong.
			if j := lastToken(buf); j > 0 && sizeToken(buf[j+1:]) {
				best = min(best, 1+d.between(query, buf[:j], limit))
			}
			if len(query) >= 3 && strings.HasPrefix(string(buf), string(query)) {
				best = min(best, 1+limit/2)
			}
		}
		try(e.ID)
		for _, a := range e.Aliases {
			try(a)
		}
		if best <= limit {
			found = append(found, near{e.ID, best})
		}
	}
	slices.SortFunc(found, func(a, b near) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(len(a.id), len(b.id)), strings.Compare(a.id, b.id))
	})
	var ids []string
	for _, n := range found[:min(len(found), maxSuggestions)] {
		ids = append(ids, n.id)
	}
	return ids
}

func lastToken(s []byte) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '-' {
			return i
		}
	}
	return -1
}
