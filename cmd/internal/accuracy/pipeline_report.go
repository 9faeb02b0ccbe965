package accuracy

import "slices"

// choosePipelines returns the cases that were asked for, in their order.
func choosePipelines(cases []PipelineCase, in *Inputs) []*PipelineCase {
	if in.Metric != "" && in.Metric != Memory || in.Backend != "" {
		return nil
	}
	engine := in.Engine
	if in.PipelineEngine != "" {
		engine = in.PipelineEngine
	}
	var out []*PipelineCase
	for i := range cases {
		c := &cases[i]
		is := func(dimension, want string) bool { return want == "" || c.tag(dimension) == want }
		if (len(in.Class) == 0 || slices.Contains(in.Class, c.class())) && (len(in.Quality) == 0 || slices.Contains(in.Quality, c.Row.Quality)) &&
			is("engine", engine) && is("device", in.Device) && is("model", in.Model) && is("device-kind", in.Kind) {
			out = append(out, c)
		}
	}
	return out
}

// pipelineSections sums up each class, and with whole each of them by dimension.
func pipelineSections(cases []*PipelineCase, by []string, whole bool) []Section {
	classes := map[string][]*PipelineCase{}
	for _, c := range cases {
		classes[c.class()] = append(classes[c.class()], c)
	}
	all := Section{Metric: "all", By: "all", Title: "All rows", Groups: []Group{}}
	for _, class := range ModelClasses {
		if len(classes[class]) > 0 {
			all.Groups = append(all.Groups, Group{class, Summarise(classes[class])})
		}
	}
	out := []Section{all}
	if !whole {
		return out
	}
	for _, class := range ModelClasses {
		for _, name := range by {
			i := slices.IndexFunc(pipelineDimensions[:], func(d pipelineDimension) bool { return d.name == name })
			if i >= 0 && len(classes[class]) > 0 {
				d := &pipelineDimensions[i]
				out = append(out, Section{Metric: class, By: name, Title: d.title, Groups: groups(name, d.order, classes[class])})
			}
		}
	}
	return out
}

// withoutNaive says that no rule of thumb stands beside a figure.
func withoutNaive(sections []Section) []Section {
	for i := range sections {
		for j := range sections[i].Groups {
			u := sections[i].Groups[j].Unavailable
			for k := range u {
				if u[k].Figure == "naive_median_error_percent" || u[k].Figure == "naive_p90_error_percent" {
					u[k].Reason = "no rule of thumb is held against peaks of memory"
				}
			}
		}
	}
	return sections
}

// Kinds lists the kinds of device that occur among all cases, sorted.
func (all *Cases) Kinds() []string {
	out := Kinds(all.Language)
	for i := range all.Pipelines {
		if k := all.Pipelines[i].tag("device-kind"); k != notStated && !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}
