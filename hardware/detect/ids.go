package detect

import (
	_ "embed"
	"encoding/csv"
	"strings"
	"sync"
)

//go:embed ids.csv
var idsCSV string

// idTable holds the identification numbers of ids.csv: kind -> key1 -> key2 -> name.
type idTable map[string]map[string]map[string]string

// ids is read on first use, so that a run that detects nothing pays nothing.
var ids = sync.OnceValue(func() idTable {
	r := csv.NewReader(strings.NewReader(idsCSV))
	r.Comment = '#'
	r.FieldsPerRecord = 4
	rows, err := r.ReadAll()
	t := idTable{}
	if err != nil {
		return t // the test of the table reports it
	}
	for _, row := range rows[1:] {
		k := t[row[0]]
		if k == nil {
			k = map[string]map[string]string{}
			t[row[0]] = k
		}
		if k[row[1]] == nil {
			k[row[1]] = map[string]string{}
		}
		k[row[1]][row[2]] = row[3]
	}
	return t
})

// armCore names a core by its implementer and part ("0x41", "0xd0b"), "" when unknown.
func armCore(implementer, part string) string {
	return ids()["arm"][strings.ToLower(implementer)][strings.ToLower(part)]
}

// socName names the processor that a core is on a vendor's machines, "" when
// the combination says nothing.
func socName(vendor, core string) string {
	for v, cores := range ids()["soc"] {
		if name := cores[core]; name != "" && strings.HasPrefix(vendor, v) && v != "" {
			return name
		}
	}
	return ids()["soc"][""][core]
}

// isaWords turns kernel flags into the catalogue's words, without repeats, in
// the order of the flags.
func isaWords(flags []string) []string {
	table := ids()["isa"]
	var out []string
	seen := map[string]bool{}
	for _, f := range flags {
		if w := table[f][""]; w != "" && !seen[w] {
			seen[w] = true
			out = append(out, w)
		}
	}
	return out
}
