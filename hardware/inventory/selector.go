package inventory

import (
	"fmt"
	"slices"
	"strings"
)

// Selector chooses nodes by their labels. Every term must hold.
type Selector []term

type term struct {
	key, value string
	is         bool // the value is (or is not) this
	any        bool // any value will do
}

// ParseSelector reads terms as kubectl writes them, joined by commas:
// key=value, key==value, key!=value, key (it is there) and !key (it is not).
func ParseSelector(text string) (Selector, error) {
	var out Selector
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		t := term{is: true}
		switch key, value, found := strings.Cut(part, "="); {
		case found && strings.HasSuffix(key, "!"):
			t.key, t.value, t.is = strings.TrimSuffix(key, "!"), value, false
		case found:
			t.key, t.value = key, strings.TrimPrefix(value, "=")
		case strings.HasPrefix(part, "!"):
			t.key, t.any, t.is = part[1:], true, false
		default:
			t.key, t.any = part, true
		}
		t.key, t.value = strings.TrimSpace(t.key), strings.TrimSpace(t.value)
		if t.key == "" {
			return nil, fmt.Errorf("selector %.80q: want key=value, key!=value, key or !key, joined by commas", text)
		}
		out = append(out, t)
	}
	return out, nil
}

// matches says whether a node with these labels is wanted; values gives all
// values of a label, none where it is missing.
func (s Selector) matches(values func(key string) []string) bool {
	for _, t := range s {
		has := values(t.key)
		holds := len(has) > 0
		if !t.any {
			holds = slices.Contains(has, t.value)
		}
		if holds != t.is {
			return false
		}
	}
	return true
}
