package cli_test

import (
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// hostileName is foreign text that markdown must not take for markup.
const hostileName = "a|b <img src=x> [c](http://d) ![e](http://f) *g* `h` @i #1 <!-- --> \\\\ ~~j~~"

// TestMarkdownIsReadByOthers parses the markdown of every document as GitHub
// does: the tag comes first and is hidden, a headline follows, tables are whole,
// and foreign text makes no link, image or element.
func TestMarkdownIsReadByOthers(t *testing.T) {
	texts := map[string]string{}
	for name := range savedDocuments {
		texts[name] = savedDocument(t, name)
	}
	base := runInside(t.Context(), nil, "check", "llama-3.1-8b", "-q", "Q4_K_M", "--on", "rtx-4090-24gb", "--require", "decode_tok_s >= 1", "-o", "json").stdout
	escaped := strings.NewReplacer(`\`, `\\`).Replace(hostileName)
	texts["hostile"] = strings.NewReplacer(`"model": "llama-3.1-8b"`, `"model": "`+escaped+`"`, `"name": "Llama 3.1 8B"`, `"name": "`+escaped+`"`,
		`"reason": "`, `"reason": "`+escaped, `"text": "decode_tok_s >= 1"`, `"text": "`+escaped+`"`, `"name": "gpu0"`, `"name": "`+escaped+`"`).Replace(base)
	texts["several"] = texts["hostile"] + texts["rows"]
	for name, saved := range texts {
		o := runInside(t.Context(), []byte(saved), "report", "--from", "-", "-o", "markdown")
		if o.exit != 0 {
			t.Fatalf("%s: %s", name, o.stderr)
		}
		readMarkdown(t, name, []byte(o.stdout))
	}
}

func readMarkdown(t *testing.T, name string, source []byte) {
	t.Helper()
	doc := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	first, second := doc.FirstChild(), doc.FirstChild().NextSibling()
	if first.Kind() != ast.KindHTMLBlock || !strings.HasPrefix(string(first.Lines().Value(source)), "<!-- plimsoll:") {
		t.Errorf("%s: begins with %s", name, first.Kind())
	}
	if second == nil || second.Kind() != ast.KindHeading {
		t.Errorf("%s: no headline", name)
	}
	tables := 0
	err := ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Link, *ast.Image:
			t.Errorf("%s: a link or an image", name)
		case *ast.AutoLink:
			// GitHub links what looks like an address; nothing is loaded by it.
		case *ast.RawHTML:
			t.Errorf("%s: HTML %q", name, n.Segments.Value(source))
		case *ast.HTMLBlock:
			for _, line := range strings.Split(strings.TrimSpace(string(n.Lines().Value(source))), "\n") {
				if !strings.HasPrefix(line, "<!-- plimsoll:") && !strings.HasPrefix(line, "<details><summary>") && line != "</details>" || strings.Contains(line, "<img") {
					t.Errorf("%s: HTML %q", name, line)
				}
			}
		case *extast.Table:
			tables++
		case *extast.Strikethrough:
			t.Errorf("%s: text is struck through", name)
		case *ast.CodeSpan:
			return ast.WalkSkipChildren, nil
		case *ast.Text:
			if strings.Contains(string(n.Segment.Value(source)), "@i") {
				t.Errorf("%s: somebody is called", name)
			}
		}
		return ast.WalkContinue, nil
	})
	if err != nil || tables == 0 {
		t.Errorf("%s: %d tables, %v", name, tables, err)
	}
	// Readers add and drop cells that do not agree with a table's head: none may.
	columns := 0
	for _, line := range strings.Split(string(source), "\n") {
		n := strings.Count(line, "|") - strings.Count(line, `\|`)
		switch {
		case !strings.HasPrefix(line, "|"):
			columns = 0
		case columns == 0:
			columns = n
		case n != columns:
			t.Errorf("%s: a row of %d borders in a table of %d: %q", name, n, columns, line)
		}
	}
}
