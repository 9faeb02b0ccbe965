package ci

import (
	"encoding/json"
	"io"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

// JSONLines writes each case as a line of JSON (schema urn:plimsoll:case), which
// plimsoll report reads back: lines of several runs may be joined into one file.
func JSONLines(w io.Writer, doc report.Cased, o Options) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	cases := doc.Cases()
	for i := range cases {
		if err := enc.Encode(report.NewCaseLine(&cases[i], o.Head)); err != nil {
			return err
		}
	}
	return nil
}
