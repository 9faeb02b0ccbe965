package inventory

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Expand writes out a Slurm host list such as "gpu[01-04,7],login". Of two
// pairs of brackets in a name the first is taken for a part of it.
func Expand(list string) ([]string, error) {
	var out []string
	for _, part := range bracketed(list) {
		part = strings.TrimSpace(part)
		open := strings.LastIndexByte(part, '[')
		end := strings.LastIndexByte(part, ']')
		if open < 0 || end < open {
			if part != "" {
				out = append(out, part)
			}
			continue
		}
		for item := range strings.SplitSeq(part[open+1:end], ",") {
			from, to, ranged := strings.Cut(strings.TrimSpace(item), "-")
			if !ranged {
				to = from
			}
			a, err := strconv.ParseUint(from, 10, 31)
			z, err2 := strconv.ParseUint(to, 10, 31)
			if err != nil || err2 != nil || z < a {
				return nil, fmt.Errorf("the host list %.80q has a range that is none", list)
			}
			if z-a >= MaxNodes || len(out) >= MaxNodes {
				return nil, errTooMany
			}
			for n := a; n <= z; n++ {
				out = append(out, fmt.Sprintf("%s%0*d%s", part[:open], len(from), n, part[end+1:]))
			}
		}
	}
	return out, nil
}

// bracketed splits a host list at commas outside brackets.
func bracketed(s string) []string {
	var out []string
	depth, start := 0, 0
	for i := range len(s) {
		switch s[i] {
		case '[':
			depth++
		case ']':
			depth--
		case ',':
			if depth <= 0 {
				out, start = append(out, s[start:i]), i+1
			}
		}
	}
	return append(out, s[start:])
}

// Fold writes names in few words, those that differ in their last number
// alone as a range: "gpu[01-04,7]". It is sorted, each name once.
func Fold(names []string) string {
	type run struct {
		prefix, tail string
		width        int
		from, to     uint64
	}
	cut := func(name string) (run, bool) {
		end := strings.LastIndexAny(name, "0123456789") + 1
		start := end
		for start > 0 && name[start-1] >= '0' && name[start-1] <= '9' && end-start < 9 {
			start--
		}
		n, err := strconv.ParseUint(name[start:end], 10, 31)
		return run{name[:start], name[end:], end - start, n, n}, err == nil
	}
	sorted := slices.Compact(slices.Sorted(slices.Values(names)))
	var plain []string
	var runs []run
	for _, name := range sorted {
		r, ok := cut(name)
		if !ok {
			plain = append(plain, name)
			continue
		}
		runs = append(runs, r)
	}
	slices.SortStableFunc(runs, func(a, b run) int {
		if c := strings.Compare(a.prefix, b.prefix); c != 0 {
			return c
		}
		if c := strings.Compare(a.tail, b.tail); c != 0 {
			return c
		}
		if a.width != b.width {
			return a.width - b.width
		}
		return int(int64(a.from) - int64(b.from))
	})
	out := plain
	for i := 0; i < len(runs); {
		first := runs[i]
		var ranges []string
		single := true
		for i < len(runs) && runs[i].prefix == first.prefix && runs[i].tail == first.tail && runs[i].width == first.width {
			from := runs[i].from
			to := from
			for i++; i < len(runs) && runs[i].prefix == first.prefix && runs[i].tail == first.tail && runs[i].width == first.width && runs[i].from == to+1; i++ {
				to++
			}
			text := fmt.Sprintf("%0*d", first.width, from)
			if to > from {
				text += fmt.Sprintf("-%0*d", first.width, to)
				single = false
			}
			ranges = append(ranges, text)
		}
		if single && len(ranges) == 1 {
			out = append(out, first.prefix+ranges[0]+first.tail)
		} else {
			out = append(out, first.prefix+"["+strings.Join(ranges, ",")+"]"+first.tail)
		}
	}
	slices.Sort(out)
	return strings.Join(out, ",")
}
