package benchfile

import (
	"encoding/csv"
	"strings"
)

// benchCSV reads llama-bench -o csv, line by line: no field holds a line
// break, and logs may stand between.
type benchCSV struct {
	r      *reader
	header []string
}

func (c *benchCSV) line(n int, s string) {
	if strings.Contains(s, "build_commit,") && strings.Contains(s, ",n_prompt,") && strings.Contains(s, "avg_ts") {
		c.header = csvFields(s)
		c.r.tools[LlamaBench] = true
		return
	}
	if c.header == nil || !strings.Contains(s, ",") {
		return
	}
	fields := csvFields(s)
	if len(fields) != len(c.header) {
		// a row begins with the commit in quotes
		if strings.HasPrefix(s, `"`) && len(fields) > len(c.header)/2 {
			c.r.skip(n, "", "a row with another number of fields than the header")
		}
		return
	}
	t := benchTest{}
	for i, key := range c.header {
		if benchFields[key] {
			t[key] = fields[i]
		}
	}
	c.r.bench(n, t)
}

// csvFields splits one line, nil if it is none of CSV.
func csvFields(s string) []string {
	r := csv.NewReader(strings.NewReader(s))
	r.LazyQuotes = true
	fields, err := r.Read()
	if err != nil {
		return nil
	}
	return fields
}
