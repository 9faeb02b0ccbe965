package report

import (
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/hardware/detect"
)

// DoctorSchema is the id of the document of plimsoll hardware doctor.
const DoctorSchema = "urn:plimsoll:doctor"

// Doctor is the document of plimsoll hardware doctor: what detection asked of
// the system, what it was answered, and what it made of it. Serial numbers,
// UUIDs, addresses, names of hosts and users are replaced by stand-ins.
type Doctor struct {
	Schema        string              `json:"schema" jsonschema:"const=urn:plimsoll:doctor"`
	SchemaVersion int                 `json:"schema_version" jsonschema:"const=1"`
	ToolVersion   string              `json:"tool_version"`
	DataVersion   string              `json:"data_version"`
	Inputs        DoctorInputs        `json:"inputs"`
	Result        DoctorResult        `json:"result"`
	Assumptions   []string            `json:"assumptions"`
	Warnings      []estimator.Warning `json:"warnings"` // what was not found or not believed, and why
}

// DoctorInputs are what was looked at.
type DoctorInputs struct {
	Platform string `json:"platform"` // of the tool: "linux/amd64"
	// Snapshot is true when the files of another machine were read.
	Snapshot bool `json:"snapshot"`
	// Cgo is true when the tool can load the libraries of drivers.
	Cgo bool `json:"cgo"`
}

// DoctorResult is what was asked and concluded.
type DoctorResult struct {
	Machine    *hardware.Machine   `json:"machine"`
	Recognised []detect.Recognised `json:"recognised"` // seen, but no part of the machine
	Storage    []detect.Storage    `json:"storage"`
	Findings   []detect.Finding    `json:"findings"`
	Questions  []DoctorQuestion    `json:"questions"`
	// Lost counts questions beyond what is kept.
	Lost int `json:"lost,omitempty"`
}

// DoctorQuestion is one thing asked of the system.
type DoctorQuestion struct {
	Source string  `json:"source"` // the adapter that asked
	Kind   string  `json:"kind"`   // file, folder, presence, command or library
	What   string  `json:"what"`
	TookMs float64 `json:"took_ms"`
	Bytes  int     `json:"bytes"`
	Answer string  `json:"answer,omitempty"` // its beginning
	Error  string  `json:"error,omitempty"`
}

// NewDoctor makes the document, with what identifies a machine or person
// removed.
func NewDoctor(in DoctorInputs, r *detect.Report, trace *detect.Trace, clean *detect.Redactor, v Versions) *Doctor {
	d := &Doctor{Schema: DoctorSchema, SchemaVersion: SchemaVersion, ToolVersion: v.Tool, DataVersion: v.Data, Inputs: in,
		Assumptions: []string{}, Warnings: []estimator.Warning{},
		Result: DoctorResult{Machine: r.Machine, Recognised: []detect.Recognised{}, Storage: []detect.Storage{}, Findings: []detect.Finding{}, Questions: []DoctorQuestion{}}}
	// The names that the system gives its parts may hold anything.
	m := r.Machine.Clone()
	m.Name = clean.Clean(m.Name)
	for i := range m.Nodes {
		m.Nodes[i].Host.CPU.Name = clean.Clean(m.Nodes[i].Host.CPU.Name)
		for _, dev := range m.Nodes[i].Devices {
			dev.ID, dev.Name = clean.Clean(dev.ID), clean.Clean(dev.Name)
		}
	}
	d.Result.Machine = m
	for _, x := range r.Recognised {
		x.Name, x.Why = clean.Clean(x.Name), clean.Clean(x.Why)
		d.Result.Recognised = append(d.Result.Recognised, x)
	}
	d.Result.Storage = append(d.Result.Storage, r.Storage...)
	for _, f := range r.Findings {
		f.Value = clean.Clean(f.Value)
		d.Result.Findings = append(d.Result.Findings, f)
	}
	for _, n := range r.Notes {
		d.Warnings = append(d.Warnings, estimator.Warning{Code: "detection", Message: clean.Clean(n)})
	}
	questions, lost := trace.Questions(clean)
	d.Result.Lost = lost
	for _, q := range questions {
		d.Result.Questions = append(d.Result.Questions, DoctorQuestion{Source: q.Source, Kind: q.Kind, What: q.What,
			TookMs: float64(q.Took.Microseconds()) / 1000, Bytes: q.Bytes, Answer: q.Answer, Error: q.Error})
	}
	return d
}
