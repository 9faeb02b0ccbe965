package ci

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

func TestTag(t *testing.T) {
	for name, want := range map[string]string{"check": "<!-- plimsoll:check -->", "team/plan-1": "<!-- plimsoll:team/plan-1 -->",
		"a --> b": "<!-- plimsoll:a-b -->", "x\n<b>": "<!-- plimsoll:x-b -->", "": "<!-- plimsoll: -->"} {
		if got := Tag(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// markdownOf is a comment about n cases that fail and n that are unsure.
func markdownOf(t *testing.T, n, limit int) string {
	t.Helper()
	return Comment("sweep", write(t, Markdown, many(n), options), limit)
}

func TestCommentStaysWithinLimit(t *testing.T) {
	whole := markdownOf(t, 20, MaxComment)
	if strings.Contains(whole, "left out") || strings.Count(whole, "\n| `") != 40 || strings.Count(whole, "<details>") != 41 {
		t.Errorf("a short comment is not whole:\n%.2000s", whole)
	}
	long := markdownOf(t, 5000, MaxComment)
	if n := utf8.RuneCountInString(long); n > MaxComment || n < MaxComment*9/10 {
		t.Errorf("%d characters", n)
	}
	shown := strings.Count(long, "\n| `")
	if !strings.Contains(long, fmt.Sprintf("\n%d more rows are left out here: see the report.\n", 10000-shown)) {
		t.Errorf("%d rows shown, and no word of the others:\n%s", shown, long[len(long)-600:])
	}
	if !strings.Contains(long, "parts with details are left out here") {
		t.Error("no word of the details")
	}
	for _, line := range strings.Split(long, "\n") {
		if strings.HasPrefix(line, "|") && strings.Count(line, "|") != strings.Count(strings.Split(long, "\n")[3], "|") {
			t.Fatalf("a row is cut: %q", line)
		}
	}
}

// TestCommentLaws: whatever is commented, the tag comes first, the limit holds,
// and what is opened is closed.
func TestCommentLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, limit := rapid.IntRange(0, 60).Draw(t, "cases"), rapid.IntRange(400, 9000).Draw(t, "limit")
		var b strings.Builder
		if err := Markdown(&b, many(n), Options{FailOn: report.FailNo}); err != nil {
			t.Fatal(err)
		}
		text := Comment("x", b.String(), limit)
		if !strings.HasPrefix(text, "<!-- plimsoll:x -->\n") || utf8.RuneCountInString(text) > limit {
			t.Fatalf("%d characters of %d: %.100q", utf8.RuneCountInString(text), limit, text)
		}
		if strings.Count(text, "<details>") != strings.Count(text, "</details>") {
			t.Fatalf("details stay open:\n%s", text)
		}
	})
}

func TestEscape(t *testing.T) {
	got := Escape(hostile)
	for _, bad := range []string{"<script>", " |", "a|", " `", "\n", "\r", "\x1b", "\x00", "@m", "#1", "-->"} {
		if strings.Contains(got, bad) {
			t.Errorf("%q is left in %q", bad, got)
		}
	}
	for text, want := range map[string]string{"decode_tok_s >= 20": "decode_tok_s &gt;= 20", "_x_": `\_x\_`, "[a](b)": `\[a\](b)`, "llama-3.1-8b": "llama-3.1-8b"} {
		if got := Escape(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestCode(t *testing.T) {
	for text, want := range map[string]string{"a": "`a`", "a`b": "``a`b``", "`a": "`` `a ``", "a|b": "`a\\|b`", "a\nb": "`a b`"} {
		if got := Code(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// codeSpan is text in code, which is shown as it is.
var codeSpan = regexp.MustCompile("``.*?``")

// TestHostileMarkdown: foreign text makes no element, no link, no image, and
// adds no column.
func TestHostileMarkdown(t *testing.T) {
	text := write(t, Markdown, all(), options)
	if strings.ContainsAny(text, "\x1b\x00\r") {
		t.Error("control characters in the markdown")
	}
	for _, line := range strings.Split(text, "\n") {
		outside := codeSpan.ReplaceAllString(line, "")
		if strings.Contains(outside, "<script") || strings.Contains(outside, "@maintainers") {
			t.Errorf("outside of code: %q", line)
		}
	}
}
