package report

// Cases are cases of several documents, or lines of --output jsonl, judged
// together.
type Cases struct {
	Head  Head
	Parts []Cased
	Lines []CaseLine
}

var _ Cased = (*Cases)(nil)

// Title names the document.
func (c *Cases) Title() string {
	titles := map[string]bool{}
	title := "plimsoll"
	for _, p := range c.Parts {
		titles[p.Title()] = true
		title = p.Title()
	}
	if len(titles) == 1 && len(c.Lines) == 0 {
		return title
	}
	return "plimsoll"
}

// Cases lists those of the documents, then those of the lines.
func (c *Cases) Cases() []Case {
	var out []Case
	for _, p := range c.Parts {
		out = append(out, p.Cases()...)
	}
	for i := range c.Lines {
		out = append(out, c.Lines[i].Case())
	}
	return unique(out)
}
