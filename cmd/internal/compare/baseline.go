package compare

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/profiles/names"
)

// baseline finds the row that doc.Inputs.Baseline names; -1 where none is
// asked for. A row is named by its machine, model, format, engine or any
// other label, or several of these, as leniently as anywhere else.
func baseline(doc *report.Compare) (int, error) {
	query := strings.TrimSpace(doc.Inputs.Baseline)
	if query == "" {
		return -1, nil
	}
	wrong := func(what, remedy string) (int, error) {
		return -1, problem.Wrong(problem.Usage, what, fmt.Sprintf("--baseline %.80q", query), remedy)
	}
	var found []int
	for i := range doc.Rows {
		if doc.Rows[i].Name == query {
			found = []int{i}
			break
		}
		if fits(query, textsOf(doc, i)) {
			found = append(found, i)
		}
	}
	// A row without figures is meant only where no other is called that.
	if known := slices.DeleteFunc(slices.Clone(found), func(i int) bool { return doc.Rows[i].Error != nil }); len(known) > 0 {
		found = known
	}
	switch {
	case len(found) == 0:
		return wrong("no row is called that", "use one of "+rowNames(doc, nil))
	case len(found) > 1:
		return wrong(fmt.Sprintf("fits %d rows", len(found)), "name one of "+rowNames(doc, found))
	case doc.Rows[found[0]].Error != nil:
		return wrong("could not be estimated", doc.Rows[found[0]].Error.Error())
	}
	return found[0], nil
}

// rowNames lists some rows, all of them for nil.
func rowNames(doc *report.Compare, rows []int) string {
	const most = 6
	var list []string
	for i := range doc.Rows {
		if rows != nil && !slices.Contains(rows, i) {
			continue
		}
		if len(list) == most {
			list = append(list, "…")
			break
		}
		list = append(list, fmt.Sprintf("%.60q", doc.Rows[i].Name))
	}
	return strings.Join(list, ", ")
}

// textsOf is everything that a row may be called by.
func textsOf(doc *report.Compare, i int) []string {
	r, s := &doc.Rows[i], &doc.Inputs.Scenarios[i]
	texts := []string{r.Name, s.On, r.Machine.ID, r.Machine.Name, s.Model, r.Model.ID, r.Model.Name, s.Quant, r.Model.WeightFormat,
		s.Engine, r.Engine.ID, r.Engine.Name}
	for field, text := range r.Labels {
		texts = append(texts, text, Title(field)+" "+text, field+"="+text)
	}
	return texts
}

// fits says whether a query is made of names out of texts: the whole of it is
// one, or its words can be divided so that every part is.
func fits(query string, texts []string) bool {
	entries := make([]names.Entry, 0, len(texts))
	for _, t := range texts {
		if t != "" {
			entries = append(entries, names.Entry{ID: t})
		}
	}
	ix := names.New("row", entries)
	if len(ix.Match(query)) > 0 {
		return true
	}
	words := slices.DeleteFunc(strings.Fields(query), func(w string) bool { return w == "·" || w == "/" })
	const most = 16 // words of a name; bounds the work
	if len(words) == 0 || len(words) > most {
		return false
	}
	// ends[n] says that the first n words are names.
	ends := make([]bool, len(words)+1)
	ends[0] = true
	for n := 1; n <= len(words); n++ {
		for from := 0; from < n && !ends[n]; from++ {
			ends[n] = ends[from] && len(ix.Match(strings.Trim(strings.Join(words[from:n], " "), ","))) > 0
		}
	}
	return ends[len(words)]
}
