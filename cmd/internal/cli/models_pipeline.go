package cli

import (
	"fmt"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/profiles"
)

// allModels lists both catalogues: language models, then image, video, speech
// and embedding models.
func (a *app) allModels() ([]profiles.ModelEntry, error) {
	all, err := a.Facts.Models()
	if err != nil {
		return nil, problem.Failed(err.Error())
	}
	if a.Facts.Pipelines() == nil {
		return all, nil
	}
	others, err := profiles.Pipelines()
	if err != nil {
		return nil, problem.Failed(err.Error())
	}
	out := make([]profiles.ModelEntry, 0, len(all)+len(others))
	out = append(out, all...)
	for i := range others {
		p := &others[i]
		out = append(out, profiles.ModelEntry{ID: p.ID, Aliases: p.Aliases, Name: p.Name, Class: string(p.Class),
			Released: p.Released, License: p.License, HFRepo: p.HFRepo, ParamsTotal: p.Params, ParamsActive: p.Params})
	}
	return out, nil
}

// pipelineNamed finds a model that is no language model in the catalogue; nil
// where the name is not of one.
func (a *app) pipelineNamed(query string) (*pipeline.Model, error) {
	facts := a.Facts.Pipelines()
	if facts == nil || !facts.Is(query) {
		return nil, nil
	}
	m, err := facts.Pipeline(query)
	if err != nil {
		return nil, problem.From(problem.UnknownModel, err)
	}
	if c := m.Find(pipeline.Encoder); c != nil && c.ModelRef == m.ID {
		return nil, nil // an embedding model that the language models' catalogue tells more of
	}
	return m, nil
}

// showPipeline prints what is known of a model of components.
func (a *app) showPipeline(m *pipeline.Model) error {
	a.field("id", m.ID)
	a.field("name", m.Name)
	a.field("aliases", strings.Join(m.Aliases, ", "))
	a.field("class", string(m.Class))
	a.field("repository", m.HFRepo)
	a.field("licence", m.License)
	a.field("released", m.Released)
	total := int64(0)
	for i := range m.Components {
		total += m.Components[i].Params
	}
	a.field("parameters", parameters(total))
	a.field("a job", jobWords(m))
	if m.SampleRate > 0 {
		a.field("audio", fmt.Sprintf("%d Hz", m.SampleRate))
	}
	if m.CheckpointBytes > 0 {
		a.field("checkpoint", fmt.Sprintf("%s GiB in %s", units.GiB(float64(m.CheckpointBytes)), m.CheckpointFormat))
	}
	if err := a.componentTable(m); err != nil {
		return err
	}
	fmt.Fprintln(a.out)
	for i := range m.Components {
		c := &m.Components[i]
		a.field("note", ofComponent(c.Name, c.Note))
	}
	a.field("note", m.Notes)
	a.field("source", m.Source)
	for i := range m.Components {
		c := &m.Components[i]
		a.field("source", ofComponent(c.Name, c.Source))
	}
	a.assumed(m.Assumed)
	return nil
}

func ofComponent(name, text string) string {
	if text == "" {
		return ""
	}
	return name + ": " + text
}

// jobWords puts into words what a job has where nothing is said.
func jobWords(m *pipeline.Model) string {
	j := &m.Defaults
	var out []string
	if j.Width > 0 {
		out = append(out, fmt.Sprintf("%dx%d pixels", j.Width, j.Height))
	}
	if j.Frames > 1 {
		out = append(out, fmt.Sprintf("%d frames at %s a second", j.Frames, units.Number(j.FPS)))
	}
	if j.Steps > 0 {
		steps := fmt.Sprintf("%d steps", j.Steps)
		if j.Passes > 1 {
			steps += fmt.Sprintf(" of %d passes", j.Passes)
		}
		out = append(out, steps)
	}
	if j.TextTokens > 0 {
		out = append(out, fmt.Sprintf("%d text tokens", j.TextTokens))
	}
	if j.AudioSeconds > 0 {
		out = append(out, units.Number(j.AudioSeconds)+" seconds of audio")
	}
	if j.SequenceTokens > 0 {
		out = append(out, fmt.Sprintf("documents of %d tokens", j.SequenceTokens))
	}
	return strings.Join(out, ", ")
}

// componentTable prints the components, and their sizes in some formats.
func (a *app) componentTable(m *pipeline.Model) error {
	sizes, err := profiles.PipelineSizes(m)
	if err != nil {
		return problem.Failed(err.Error())
	}
	l := &listing{header: []string{"component", "role", "built as", "parameters", "layers", "hidden"}, right: []bool{false, false, false, true, true, true}}
	for _, s := range sizes {
		l.header, l.right = append(l.header, s.Format+" GiB"), append(l.right, true)
	}
	for i := range m.Components {
		c := &m.Components[i]
		row := []string{problem.OneLine(c.Name), strings.ReplaceAll(string(c.Role), "_", " "), string(c.Kind), parameters(c.Params),
			tokens(c.Layers + c.DoubleLayers + c.SingleLayers), tokens(c.Hidden)}
		for _, s := range sizes {
			row = append(row, gibOf(s.Components[i]))
		}
		l.rows = append(l.rows, row)
	}
	if len(m.Components) > 1 {
		row := []string{"all", "", "", "", "", ""}
		for _, s := range sizes {
			row = append(row, gibOf(s.Total))
		}
		l.rows = append(l.rows, row)
	}
	fmt.Fprintln(a.out)
	l.write(a.out, 0)
	return nil
}

func gibOf(bytes float64) string {
	if bytes <= 0 {
		return ""
	}
	return units.GiB(bytes)
}
