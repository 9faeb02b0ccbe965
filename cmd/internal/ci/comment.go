package ci

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of what GitHub takes, in characters: of a comment, and of the summary
// of a step (1 MiB for all that a step writes).
const (
	MaxComment = 65536
	MaxSummary = 1<<20 - 4096
)

// Tag is the comment, hidden in what is shown, by which a bot finds the
// pull-request comment that it wrote before.
func Tag(name string) string {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._/-", r) {
			return r
		}
		return '-'
	}, name)
	for strings.Contains(clean, "--") { // ends a comment of HTML
		clean = strings.ReplaceAll(clean, "--", "-")
	}
	return "<!-- plimsoll:" + strings.Trim(clean, "-") + " -->"
}

// Comment puts the tag before markdown and keeps the whole under limit
// characters: first details are left out, then rows of the longest table, then
// whatever else does not fit. A line says so.
func Comment(tag, markdown string, limit int) string {
	text := Tag(tag) + "\n" + markdown
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	// Each step leaves room for the words of those after it.
	lines = dropDetails(lines, limit-300)
	lines = dropRows(lines, limit-200)
	return dropRest(lines, limit-100)
}

func size(lines []string) int {
	n := 0
	for _, l := range lines {
		n += utf8.RuneCountInString(l) + 1
	}
	return n
}

// dropDetails leaves out folded parts, the last first.
func dropDetails(lines []string, limit int) []string {
	total, dropped := size(lines), 0
	for end := len(lines) - 1; end >= 0 && total > limit; end-- {
		if lines[end] != "</details>" {
			continue
		}
		start := end
		for start > 0 && !strings.HasPrefix(lines[start], "<details>") {
			start--
		}
		total -= size(lines[start : end+1])
		lines = slices.Delete(lines, start, end+1)
		dropped++
		end = start
	}
	if dropped > 0 {
		lines = append(lines, "", fmt.Sprintf("%d parts with details are left out here: see the report.", dropped))
	}
	return lines
}

// dropRows leaves out the last rows of the longest table.
func dropRows(lines []string, limit int) []string {
	over := size(lines) - limit
	if over <= 0 {
		return lines
	}
	start, end, longest := 0, 0, 0 // of the longest table
	for i := 0; i < len(lines); i++ {
		from := i
		for i < len(lines) && strings.HasPrefix(lines[i], "|") {
			i++
		}
		if n := size(lines[from:i]); n > longest {
			start, end, longest = from, i, n
		}
	}
	first := start + 2 // after the head and its rule
	cut := end
	for cut > first && over > 0 {
		cut--
		over -= size(lines[cut : cut+1])
	}
	if cut >= end {
		return lines
	}
	note := fmt.Sprintf("%d more rows are left out here: see the report.", end-cut)
	return slices.Replace(lines, cut, end, "", note)
}

// dropRest cuts at the end of a line.
func dropRest(lines []string, limit int) string {
	for i, n := 0, 0; i < len(lines); i++ {
		if n += utf8.RuneCountInString(lines[i]) + 1; n > limit {
			lines = append(lines[:i:i], "", "The rest is left out here: see the report.")
			break
		}
	}
	return strings.Join(lines, "\n") + "\n"
}
