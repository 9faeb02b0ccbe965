package report

import "github.com/plimsoll/plimsoll/hardware"

// MeasureSchema is the id of the document of plimsoll hardware measure.
const MeasureSchema = "urn:plimsoll:measure"

// Measure is the document of plimsoll hardware measure.
type Measure struct {
	Schema        string             `json:"schema" jsonschema:"const=urn:plimsoll:measure"`
	SchemaVersion int                `json:"schema_version" jsonschema:"const=1"`
	ToolVersion   string             `json:"tool_version"`
	DataVersion   string             `json:"data_version"`
	Inputs        MeasureInputs      `json:"inputs"`
	Result        *hardware.Measured `json:"result"`
	Assumptions   []string           `json:"assumptions"`
	Warnings      []MeasureWarning   `json:"warnings"`
}

// MeasureInputs are what was asked.
type MeasureInputs struct {
	Quick   bool `json:"quick"`
	Storage bool `json:"storage"` // whether a drive was to be read
	Devices bool `json:"devices"` // whether NVIDIA devices were to be copied to
	DryRun  bool `json:"dry_run"`
}

// MeasureWarning is what could not be measured as it should be.
type MeasureWarning struct {
	Code    string `json:"code" jsonschema:"const=measured_with_limits"`
	Message string `json:"message"`
}

// NewMeasure makes the document of a measurement.
func NewMeasure(in MeasureInputs, m *hardware.Measured, v Versions) *Measure {
	d := &Measure{Schema: MeasureSchema, SchemaVersion: SchemaVersion, ToolVersion: v.Tool, DataVersion: v.Data, Inputs: in,
		Result: m, Assumptions: []string{"bytes are counted as STREAM counts them: a line fetched before it is written over is not counted"},
		Warnings: []MeasureWarning{}}
	for _, n := range m.Notes {
		d.Warnings = append(d.Warnings, MeasureWarning{Code: "measured_with_limits", Message: n})
	}
	return d
}
