package modelfile

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/plimsoll/plimsoll/estimator/pipeline"
)

// pipelinesJSON is what pipelines are called with where nothing is said, by
// their class in diffusers; the entry without classes stands for all others of
// its kind.
//
//go:embed pipelines.json
var pipelinesJSON []byte

type usualJob struct {
	Pipelines []string       `json:"pipelines"`
	Class     pipeline.Class `json:"class"`
	Defaults  pipeline.Job   `json:"defaults"`
	// NoGuidance is true of models that need one pass a step.
	NoGuidance bool   `json:"no_guidance"`
	Source     string `json:"source"`
}

var usualJobs = sync.OnceValues(func() ([]usualJob, error) {
	var t struct {
		Jobs []usualJob `json:"jobs"`
	}
	if err := json.Unmarshal(pipelinesJSON, &t); err != nil {
		return nil, fmt.Errorf("pipelines.json: %w", err)
	}
	return t.Jobs, nil
})

// usual returns the job of a pipeline class, or that of all others of a class
// of models.
func usual(name string, class pipeline.Class) (usualJob, error) {
	jobs, err := usualJobs()
	if err != nil {
		return usualJob{}, err
	}
	var other usualJob
	for _, j := range jobs {
		if name != "" && slices.Contains(j.Pipelines, name) {
			return j, nil
		}
		if len(j.Pipelines) == 0 && j.Class == class {
			other = j
		}
	}
	return other, nil
}
