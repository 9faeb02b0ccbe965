package profiles

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"

	"github.com/plimsoll/plimsoll/estimator/pipeline"
)

// Pipelines are one model per line, "id" first and "aliases" second, with the
// fields of pipeline.Model. To add one add a line to the file of its class;
// formats.json holds the ways to store their weights, the folder engines the
// programs that run them, one a line.
//
//go:embed pipelines/*.jsonl pipelines/formats.json pipelines/engines/*
var pipelineFiles embed.FS

// PipelineEntry is one pipeline of the catalogue, for listings.
type PipelineEntry struct {
	ID       string         `json:"id"`
	Aliases  []string       `json:"aliases"`
	Name     string         `json:"name"`
	Class    pipeline.Class `json:"class"`
	HFRepo   string         `json:"hf_repo"`
	Released string         `json:"released"`
	License  string         `json:"license"`
	// Params is the sum over the components whose size is known; Incomplete
	// that there are others.
	Params     int64 `json:"params"`
	Incomplete bool  `json:"incomplete"`
}

// Pipelines lists the catalogue's pipelines in file order, without the
// embedding models of the language-model catalogue.
func Pipelines() ([]PipelineEntry, error) {
	var out []PipelineEntry
	var bad error
	err := jsonLines(pipelineFiles, "pipelines", func(file string, line []byte) bool {
		var m pipeline.Model
		if bad = json.Unmarshal(line, &m); bad != nil {
			bad = fmt.Errorf("pipelines/%s: %w", file, bad)
			return false
		}
		e := PipelineEntry{ID: m.ID, Aliases: m.Aliases, Name: m.Name, Class: m.Class, HFRepo: m.HFRepo, Released: m.Released, License: m.License}
		for i := range m.Components {
			e.Params += m.Components[i].Params
			e.Incomplete = e.Incomplete || m.Components[i].Params == 0
		}
		out = append(out, e)
		return true
	})
	if err == nil {
		err = bad
	}
	return out, err
}

// Pipeline returns the pipeline that the query names: one of the pipeline
// catalogue, or an embedding model of the language-model catalogue as an
// encoder over documents. The query is an id or an alias, in any case; a miss
// is an error that suggests the nearest names of all models.
func Pipeline(query string) (*pipeline.Model, error) {
	if line := exactLine(pipelineFiles, "pipelines", query); line != nil {
		return decodePipeline(line)
	}
	line := exactModel(query)
	if line == nil {
		id, err := resolveModel(query)
		if err != nil {
			return nil, err
		}
		if line := exactLine(pipelineFiles, "pipelines", id); line != nil {
			return decodePipeline(line)
		}
		if line = exactModel(id); line == nil {
			return nil, fmt.Errorf("model %q is not in the catalogue", id)
		}
	}
	if !isEmbedding(line) {
		return nil, fmt.Errorf("%s is a language model, not a pipeline of components", headID(line))
	}
	a, err := decodeModel(line)
	if err != nil {
		return nil, err
	}
	return pipelineOf(a), nil
}

// IsPipeline says whether the query names a pipeline, or an embedding model of
// the language-model catalogue, which is estimated as one.
func IsPipeline(query string) bool {
	if line := exactModel(query); line != nil {
		return isEmbedding(line)
	}
	if exactLine(pipelineFiles, "pipelines", query) != nil {
		return true
	}
	ids := modelIndex().Match(query)
	if len(ids) == 0 {
		if id, ok := variantOf(query); ok {
			ids = []string{id}
		}
	}
	if len(ids) != 1 {
		return false
	}
	if line := exactModel(ids[0]); line != nil {
		return isEmbedding(line)
	}
	return true
}

func decodePipeline(line []byte) (*pipeline.Model, error) {
	m := new(pipeline.Model)
	if err := json.Unmarshal(line, m); err != nil {
		return nil, fmt.Errorf("catalogue line of %s: %w", headID(line), err)
	}
	return m, nil
}

// isEmbedding reads the class of a language-model line, which stands before
// the long fields.
func isEmbedding(line []byte) bool {
	return bytes.Contains(line, []byte(`"class":"embedding"`))
}
