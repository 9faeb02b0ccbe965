package report

import (
	"encoding/json"
	"strings"

	"github.com/plimsoll/plimsoll/estimator"
)

// Head is what all documents have at their top.
type Head struct {
	Schema        string              `json:"schema"`
	SchemaVersion int                 `json:"schema_version"`
	ToolVersion   string              `json:"tool_version"`
	DataVersion   string              `json:"data_version"`
	Assumptions   []string            `json:"assumptions"`
	Warnings      []estimator.Warning `json:"warnings"`
}

// Kind is the document's kind: "check" of "urn:plimsoll:check".
func (h *Head) Kind() string {
	kind, ok := strings.CutPrefix(h.Schema, "urn:plimsoll:")
	if !ok || kind == "" {
		return "report"
	}
	return kind
}

// HeadOf reads the head of any document, from its JSON: that is the form that
// all of them share.
func HeadOf(doc any) Head {
	var h Head
	switch d := doc.(type) {
	case *Sweep:
		h.Schema = SweepSchema
		return h
	case *Cases:
		h.Schema = CaseSchema
		return h
	case *Check: // the others are larger than their heads, or rare
		return Head{d.Schema, d.SchemaVersion, d.ToolVersion, d.DataVersion, d.Assumptions, d.Warnings}
	case *Compare:
		return Head{d.Schema, d.SchemaVersion, d.ToolVersion, d.DataVersion, d.Assumptions, d.Warnings}
	}
	if text, err := json.Marshal(doc); err == nil {
		_ = json.Unmarshal(text, &h) // a document without a head has an empty one
	}
	return h
}
