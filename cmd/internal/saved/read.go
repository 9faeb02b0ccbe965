package saved

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

// bounds limit what is read.
type bounds struct {
	bytes    int64
	values   int // documents and lines
	list     int // elements of one list
	elements int // of all lists together
}

// usual bounds are far above what plimsoll writes of the largest comparison, and
// what a program may hold in memory.
var usual = bounds{bytes: 256 << 20, values: 200_000, list: 20_000, elements: 1_000_000}

// kinds makes an empty document of each schema that has cases.
var kinds = map[string]func() report.Cased{
	report.CheckSchema:     func() report.Cased { return new(report.Check) },
	report.CompareSchema:   func() report.Cased { return new(report.Compare) },
	report.DiffSchema:      func() report.Cased { return new(report.Diff) },
	report.RecommendSchema: func() report.Cased { return new(report.Recommend) },
	report.CapacitySchema:  func() report.Cased { return new(report.CapacityPlan) },
}

// Document is a document that was read, with its head.
type Document struct {
	Doc  report.Cased
	Head report.Head
}

// Read reads a document, or several that are then judged together. where names
// the file in errors.
func Read(r io.Reader, where string) (*Document, error) { return read(r, where, usual) }

func read(r io.Reader, where string, within bounds) (*Document, error) {
	s := &stream{where: where, within: within}
	limited := &io.LimitedReader{R: r, N: within.bytes + 1}
	dec := json.NewDecoder(limited)
	for n := 1; ; n++ {
		var raw json.RawMessage
		err := dec.Decode(&raw)
		switch {
		case errors.Is(err, io.EOF) && limited.N > 0:
			return s.finish()
		case limited.N <= 0:
			return nil, s.wrong(fmt.Sprintf("it is larger than %d MiB", within.bytes>>20), "make a report of parts of it")
		case err != nil:
			return nil, s.wrong("it is not valid JSON: "+err.Error(), "give a file that plimsoll wrote with --output json, or JSON Lines of plimsoll sweep")
		case n > within.values:
			return nil, s.wrong(fmt.Sprintf("it has more than %d documents or lines", within.values), "make a report of parts of it")
		}
		if err := s.add(raw, n); err != nil {
			return nil, err
		}
	}
}

// stream gathers what a file holds.
type stream struct {
	where    string
	within   bounds
	elements int
	docs     []Document
	sweep    report.Sweep
	lines    []report.CaseLine
}

func (s *stream) wrong(what, hint string) error {
	return problem.Wrong(problem.BadFile, "cannot read the saved report: "+what, s.where, hint)
}

// add reads one document or line.
func (s *stream) add(raw []byte, number int) error {
	wrong := func(what string) error {
		if number > 1 {
			what = fmt.Sprintf("document %d: %s", number, what)
		}
		return s.wrong(what, "give a file that plimsoll wrote with --output json, or JSON Lines of plimsoll sweep")
	}
	longest, elements := lists(raw)
	if s.elements += elements; longest > s.within.list || s.elements > s.within.elements {
		return wrong("it holds lists of absurd length")
	}
	var probe struct {
		Schema        *string         `json:"schema"`
		SchemaVersion int             `json:"schema_version"`
		Memory        json.RawMessage `json:"memory"`
		Error         json.RawMessage `json:"error"`
	}
	if err := json.Unmarshal(raw, &probe); err != nil {
		return wrong("it is no document of plimsoll: " + err.Error())
	}
	switch {
	case probe.Schema == nil && probe.Memory != nil:
		var l report.SweepLine
		return s.line(raw, &l, report.SweptLine{Estimate: &l}, wrong)
	case probe.Schema == nil && probe.Error != nil:
		var l report.SweepError
		return s.line(raw, &l, report.SweptLine{Failed: &l}, wrong)
	case probe.Schema == nil:
		return wrong("it has no schema")
	case probe.SchemaVersion != report.SchemaVersion:
		return wrong(fmt.Sprintf("its schema_version is %d, and this plimsoll reads %d", probe.SchemaVersion, report.SchemaVersion))
	case *probe.Schema == report.CaseSchema:
		var l report.CaseLine
		if err := json.Unmarshal(raw, &l); err != nil {
			return wrong(err.Error())
		}
		clean(&l)
		s.lines = append(s.lines, l)
		return nil
	}
	empty, ok := kinds[*probe.Schema]
	if !ok {
		return wrong(fmt.Sprintf("its schema is %.60q, of which no report is made", *probe.Schema))
	}
	doc := empty()
	if err := json.Unmarshal(raw, doc); err != nil {
		return wrong(err.Error())
	}
	clean(doc)
	if err := whole(doc); err != nil {
		return wrong(err.Error())
	}
	s.docs = append(s.docs, Document{doc, report.HeadOf(doc)})
	return nil
}

// line reads a line of a sweep.
func (s *stream) line(raw []byte, to any, l report.SweptLine, wrong func(string) error) error {
	if err := json.Unmarshal(raw, to); err != nil {
		return wrong(err.Error())
	}
	clean(to)
	if l.Failed != nil && l.Failed.Error == nil {
		return wrong("its error is null")
	}
	s.sweep.Lines = append(s.sweep.Lines, l)
	return nil
}

// finish makes one document of what was read.
func (s *stream) finish() (*Document, error) {
	var parts []report.Cased
	var head report.Head
	for i, d := range s.docs {
		parts = append(parts, d.Doc)
		if i == 0 {
			head = d.Head
		}
		if d.Head.ToolVersion != head.ToolVersion {
			head.ToolVersion = ""
		}
		if d.Head.DataVersion != head.DataVersion {
			head.DataVersion = ""
		}
	}
	if len(s.sweep.Lines) > 0 {
		parts = append(parts, &s.sweep)
	}
	var out *Document
	switch {
	case len(parts)+len(s.lines) == 0:
		return nil, s.wrong("it is empty", "give a file that plimsoll wrote with --output json")
	case len(parts) == 1 && len(s.lines) == 0 && len(s.docs) == 1:
		out = &s.docs[0]
	case len(parts) == 1 && len(s.lines) == 0:
		out = &Document{parts[0], report.HeadOf(parts[0])}
	default:
		head.Schema, head.Assumptions, head.Warnings = report.CaseSchema, nil, nil
		if len(s.docs) == 0 && len(s.lines) > 0 {
			head.ToolVersion, head.DataVersion = s.lines[0].ToolVersion, s.lines[0].DataVersion
		}
		out = &Document{&report.Cases{Head: head, Parts: parts, Lines: s.lines}, head}
	}
	if err := judged(out.Doc); err != nil {
		return nil, s.wrong(err.Error(), "give a file that plimsoll wrote with --output json")
	}
	return out, nil
}

// lists gives the length of the longest list of a JSON value, and of all
// together; objects count, too.
func lists(raw []byte) (longest, all int) {
	var counts []int
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			for i++; i < len(raw) && raw[i] != '"'; i++ {
				if raw[i] == '\\' {
					i++
				}
			}
		case '[', '{':
			counts = append(counts, 0)
			if rest := bytes.TrimLeft(raw[i+1:min(i+64, len(raw))], " \t\r\n"); len(rest) > 0 && rest[0] != ']' && rest[0] != '}' {
				counts[len(counts)-1] = 1
			}
		case ',':
			if n := len(counts); n > 0 {
				counts[n-1]++
			}
		case ']', '}':
			if n := len(counts); n > 0 {
				if raw[i] == ']' {
					all += counts[n-1]
				}
				longest = max(longest, counts[n-1])
				counts = counts[:n-1]
			}
		}
	}
	return longest, all
}

// whole checks what renderers rely on.
func whole(doc report.Cased) error {
	switch d := doc.(type) {
	case *report.Check:
		if p := d.Result.Pools; p != nil && (len(p.Pools) == 0 || p.Largest().Plan == nil) {
			return errors.New("result.pools has no pool that runs the model")
		}
	case *report.Compare:
		if len(d.Rows) != len(d.Inputs.Scenarios) {
			return fmt.Errorf("it has %d rows and %d scenarios", len(d.Rows), len(d.Inputs.Scenarios))
		}
	}
	return nil
}

// judged checks that every outcome is one: else what is not known would pass.
func judged(doc report.Cased) error {
	byVerdict := false // the outcome follows from it
	switch d := doc.(type) {
	case *report.Check, *report.Compare, *report.Sweep:
		byVerdict = true
	case *report.Cases:
		for _, part := range d.Parts {
			if err := judged(part); err != nil {
				return err
			}
		}
	}
	cases := doc.Cases()
	for i := range cases {
		c := &cases[i]
		switch c.Outcome {
		case report.Pass, report.Fail, report.Unsure, report.Error:
		default:
			return fmt.Errorf("case %.60q has the outcome %.40q", c.Name, c.Outcome)
		}
		for _, r := range c.Requirements {
			switch r.Outcome {
			case report.Pass, report.Fail, report.Unsure:
			default:
				return fmt.Errorf("requirement %.60q has the outcome %.40q", r.Text, r.Outcome)
			}
		}
		if !c.Verdict.Known() && (byVerdict && c.Outcome != report.Error || c.Verdict != "") {
			return fmt.Errorf("case %.60q has the verdict %.40q", c.Name, c.Verdict)
		}
	}
	return nil
}
