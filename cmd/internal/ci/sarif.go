package ci

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

// sarifSchema is where the standard publishes its schema.
const sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

// homepage is where one learns more about the tool.
const homepage = "https://github.com/plimsoll/plimsoll"

// Properties of a SARIF 2.1.0 log, by their names in the standard.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version,omitempty"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID            string       `json:"id"`
		Short         sarifText    `json:"shortDescription"`
		Full          sarifText    `json:"fullDescription"`
		Help          sarifText    `json:"help"`
		Configuration sarifDefault `json:"defaultConfiguration"`
	}
	sarifDefault struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        string            `json:"level"`
		Message      sarifText         `json:"message"`
		Locations    []sarifLocation   `json:"locations"`
		Fingerprints map[string]string `json:"partialFingerprints"`
	}
	sarifLocation struct {
		Physical *sarifPhysical `json:"physicalLocation,omitempty"`
		Logical  []sarifLogical `json:"logicalLocations"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
	sarifLogical struct {
		Name string `json:"name"`
		Full string `json:"fullyQualifiedName"`
		Kind string `json:"kind"`
	}
)

// SARIF writes every problem of every case as a result of a SARIF 2.1.0 log.
// Cases that pass leave none. Fingerprints hold the rule, the case and the
// requirement but no figure, so that an alert stays the same while figures move.
func SARIF(w io.Writer, doc report.Cased, o Options) error {
	run := sarifRun{Tool: sarifTool{sarifDriver{Name: "plimsoll", Version: o.Head.ToolVersion, InformationURI: homepage}}, ColumnKind: "utf16CodeUnits", Results: []sarifResult{}}
	index := map[report.Rule]int{}
	for i, r := range report.RuleWords {
		index[r.Rule] = i
		level := "error"
		if r.Rule == report.TightFit || r.Rule == report.Inconclusive {
			level = "warning"
		}
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{ID: string(r.Rule),
			Short: sarifText{r.Title + "."}, Full: sarifText{r.Help}, Help: sarifText{r.Help}, Configuration: sarifDefault{level}})
	}
	cases := doc.Cases()
	for i := range cases {
		c := &cases[i]
		for _, p := range c.Problems() {
			level := "error"
			if o.FailOn.Level(&p) == report.Unsure {
				level = "warning"
			}
			run.Results = append(run.Results, sarifResult{RuleID: string(p.Rule), RuleIndex: index[p.Rule], Level: level,
				Message: sarifText{c.Name + ": " + p.Message}, Locations: []sarifLocation{sarifLocationOf(c)},
				Fingerprints: map[string]string{"plimsollCase/v1": fingerprint(c, &p)}})
		}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(&sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}})
}

func sarifLocationOf(c *report.Case) sarifLocation {
	l := sarifLocation{Logical: []sarifLogical{{Name: c.Name, Full: c.Group + "/" + c.Name, Kind: "resource"}}}
	if c.File != "" {
		l.Physical = &sarifPhysical{Artifact: sarifArtifact{fileURI(c.File)}}
		if c.Line > 0 {
			l.Physical.Region = &sarifRegion{StartLine: c.Line}
		}
	}
	return l
}

// fileURI writes a path as a URI reference: relative ones stay relative.
func fileURI(path string) string {
	u := url.URL{Path: filepath.ToSlash(path)}
	if strings.HasPrefix(u.Path, "/") {
		u.Scheme = "file"
	} else if len(u.Path) > 2 && u.Path[1:3] == ":/" { // a drive of Windows
		u.Scheme, u.Path = "file", "/"+u.Path
	}
	return u.String()
}

func fingerprint(c *report.Case, p *report.Problem) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{string(p.Rule), c.Group, c.Name, p.Key}, "\x00")))
	return hex.EncodeToString(sum[:16])
}
