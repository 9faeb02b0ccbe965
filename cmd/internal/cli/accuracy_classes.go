package cli

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/plimsoll/plimsoll/cmd/internal/accuracy"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
)

// language says whether language models are asked for.
func (o *accuracyOptions) language() bool {
	return o.in.Metric != accuracy.Memory && (len(o.in.Class) == 0 || slices.Contains(o.in.Class, accuracy.Language))
}

// others says whether models of other classes are.
func (o *accuracyOptions) others() bool {
	return (o.in.Metric == "" || o.in.Metric == accuracy.Memory) && o.in.Backend == "" && (len(o.in.Class) == 0 || !slices.Equal(o.in.Class, []string{accuracy.Language}))
}

// dimensions are those by which what is asked for can be grouped.
func (o *accuracyOptions) dimensions() []string {
	switch {
	case len(o.in.From) > 0 || !o.others():
		return accuracy.Dimensions()
	case !o.language():
		return accuracy.PipelineDimensions()
	}
	return accuracy.AllDimensions()
}

// classes refuses what leaves nothing of the classes.
func (o *accuracyOptions) classes() error {
	in := &o.in
	switch {
	case len(in.From) > 0 && in.Metric == accuracy.Memory:
		return problem.Wrong(problem.Contradiction, "--metric memory does not apply here", "plimsoll accuracy", "benchmarks print no peaks of memory; leave it or --from out")
	case o.language() || o.others():
		return nil
	case in.Backend != "":
		return problem.Wrong(problem.Contradiction, "--backend does not apply here", "plimsoll accuracy", "backends tell the engines of language models apart; leave it out")
	case in.Metric == accuracy.Memory:
		return problem.Wrong(problem.Contradiction, "--metric memory does not apply to language models", "plimsoll accuracy", "name another class")
	}
	return problem.Wrong(problem.Contradiction, "--metric "+in.Metric+" is of language models", "plimsoll accuracy", "leave it or --class out")
}

// accuracyCases judges the measurements of the classes that are asked for.
func (a *app) accuracyCases(ctx context.Context, o *accuracyOptions) (*accuracy.Cases, error) {
	all := new(accuracy.Cases)
	var side sync.WaitGroup
	var ofLanguage, ofOthers error
	var n accuracy.Rows
	if o.others() {
		side.Go(func() {
			if o.in.Metric == accuracy.Memory {
				all.Pipelines, n, ofOthers = accuracy.PublishedPeaks()
			} else {
				all.Pipelines, n, ofOthers = accuracy.PublishedPipelines(o.in.HeldOut)
			}
		})
	}
	if o.language() {
		all.Language, all.Rows, ofLanguage = accuracy.Published(ctx, scenario.NewStore(a.Facts), o.in.HeldOut)
	}
	side.Wait()
	all.Rows.Add(n)
	return all, cmp.Or(ofLanguage, ofOthers)
}

// accuracyNames replaces the names in filters by those of the catalogues: of
// language models, of pipelines, or of both.
func (a *app) accuracyNames(ctx context.Context, o *accuracyOptions) error {
	in, pipes := &o.in, a.Facts.Pipelines()
	if !o.others() {
		pipes = nil
	}
	if in.Engine != "" {
		language, other, err := named(in.Engine, o.language(), pipes != nil, func(q string) (string, error) {
			e, err := a.Facts.Engine(q)
			if err != nil {
				return "", err
			}
			return e.ID, nil
		}, func(q string) (string, error) {
			e, err := pipes.Engine(q)
			if err != nil {
				return "", err
			}
			return e.ID, nil
		})
		if err != nil {
			return problem.From(problem.UnknownEngine, err)
		}
		in.Engine = cmp.Or(language, other)
		if other != in.Engine {
			in.PipelineEngine = other
		}
	}
	if in.Model != "" {
		language, other, err := named(in.Model, o.language(), pipes != nil, func(q string) (string, error) {
			m, err := a.Facts.Model(q)
			if err != nil {
				return "", err
			}
			return m.Arch.ID, nil
		}, func(q string) (string, error) {
			m, err := pipes.Pipeline(q)
			if err != nil {
				return "", err
			}
			return m.ID, nil
		})
		if err != nil {
			return problem.From(problem.UnknownModel, err)
		}
		in.Model = cmp.Or(language, other)
	}
	if in.Device != "" {
		m, err := a.Facts.Machine(ctx, in.Device, scenario.MachineOptions{})
		if err != nil {
			return problem.From(problem.UnknownHW, err)
		}
		in.Device = accuracy.LeadID(m)
	}
	in.Backend = strings.ToLower(in.Backend)
	return nil
}

// named looks a name up among what is of language models and what is of others,
// as far as they are asked for. It is an error if neither knows it.
func named(query string, language, others bool, ofLanguage, ofOthers func(string) (string, error)) (a, b string, err error) {
	if language {
		a, err = ofLanguage(query)
	}
	if others {
		var other error
		if b, other = ofOthers(query); other == nil {
			return a, b, nil
		}
		if !language {
			err = other
		}
	}
	return a, b, err
}
