package profiles

import (
	"embed"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/plimsoll/plimsoll/estimator/model"
)

// The catalogue is one model per line, "id" first and "aliases" second, with
// the fields of model.Architecture. To add a model add a line to the file of
// its class: "arch" is its GGUF architecture, whose traits stand in
// architectures.json, and "layer_types" is read by model.ParseLayerTypes.
//
//go:embed models/*.jsonl models/architectures.json
var modelFiles embed.FS

// ModelEntry is one line of the model catalogue, for listings.
type ModelEntry struct {
	ID           string   `json:"id"`
	Aliases      []string `json:"aliases"`
	Name         string   `json:"name"`
	Family       string   `json:"family"`
	Class        string   `json:"class"`
	Released     string   `json:"released"`
	License      string   `json:"license"`
	HFRepo       string   `json:"hf_repo"`
	Arch         string   `json:"arch"`
	Layers       int      `json:"layers"`
	ParamsTotal  int64    `json:"params_total"`
	ParamsActive int64    `json:"params_active"`
	MaxContext   int      `json:"max_context"`
	Unusable     string   `json:"unusable"`
}

// modelLines yields the raw lines of the catalogue, file by file.
func modelLines(yield func(file string, line []byte) bool) error {
	return jsonLines(modelFiles, "models", yield)
}

// Models lists the catalogue in file order.
func Models() ([]ModelEntry, error) {
	var out []ModelEntry
	var bad error
	err := modelLines(func(file string, line []byte) bool {
		var e ModelEntry
		if bad = json.Unmarshal(line, &e); bad != nil {
			bad = fmt.Errorf("models/%s: %w", file, bad)
			return false
		}
		out = append(out, e)
		return true
	})
	if err == nil {
		err = bad
	}
	return out, err
}

// Architecture returns the facts of the catalogue model that the query names.
func Architecture(query string) (*model.Architecture, error) {
	line := exactModel(query)
	if line == nil {
		if other := exactLine(pipelineFiles, "pipelines", query); other != nil {
			return nil, notLanguage(headID(other))
		}
		id, err := resolveModel(query)
		if err != nil {
			return nil, err
		}
		if line = exactModel(id); line == nil {
			return nil, notLanguage(id)
		}
	}
	return decodeModel(line)
}

// notLanguage is the error of a name that is known, but of another class.
func notLanguage(id string) error {
	return fmt.Errorf("%s is a pipeline of components, not a language model", id)
}

// Model returns the catalogue model that the query names, worked out into
// layers and tensors. The query is an id or an alias, in any case; a miss is
// an error that suggests the nearest names.
func Model(query string) (*model.Model, error) {
	a, err := Architecture(query)
	if err != nil {
		return nil, err
	}
	return model.New(*a)
}

func decodeModel(line []byte) (*model.Architecture, error) {
	var a model.Architecture
	if err := json.Unmarshal(line, &a); err != nil {
		return nil, fmt.Errorf("catalogue line of %s: %w", headID(line), err)
	}
	if a.Traits == "" {
		a.Traits, _ = Traits(a.Arch)
	}
	return &a, nil
}

// exactModel finds the line whose id or alias is the query, ignoring case.
func exactModel(query string) []byte { return exactLine(modelFiles, "models", query) }

type archRow struct {
	Arch       string   `json:"arch"`
	Traits     string   `json:"traits"`
	ModelTypes []string `json:"model_types"`
}

var archTable = sync.OnceValues(func() ([]archRow, error) {
	data, err := modelFiles.ReadFile("models/architectures.json")
	if err != nil {
		return nil, err
	}
	var rows []archRow
	return rows, json.Unmarshal(data, &rows)
})

// Traits returns the traits of an architecture, named as GGUF files do
// (general.architecture) or as config.json does (model_type).
func Traits(name string) (traits string, ok bool) {
	_, traits, ok = ArchitectureOf(name)
	return traits, ok
}

// ArchitectureOf returns the GGUF architecture name and the traits for a GGUF
// architecture or a config.json model_type.
func ArchitectureOf(name string) (arch, traits string, ok bool) {
	rows, err := archTable()
	if err != nil {
		return "", "", false
	}
	for _, r := range rows {
		if r.Arch == name {
			return r.Arch, r.Traits, true
		}
	}
	for _, r := range rows {
		for _, t := range r.ModelTypes {
			if t == name {
				return r.Arch, r.Traits, true
			}
		}
	}
	return "", "", false
}
