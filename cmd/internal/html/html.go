package html

import (
	"bytes"
	_ "embed"
	"html/template"
	"io"

	"github.com/plimsoll/plimsoll/cmd/internal/ci"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

//go:embed page.gohtml
var pageText string

//go:embed style.css
var style string

var _ ci.Writer = Write

// Write writes a document as a page.
func Write(w io.Writer, doc report.Cased, o ci.Options) error {
	t, err := template.New("page").Parse(pageText)
	if err != nil {
		return err
	}
	var b bytes.Buffer // all of it or nothing
	if err := t.Execute(&b, pageOf(doc, o)); err != nil {
		return err
	}
	_, err = w.Write(b.Bytes())
	return err
}
