package detect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// defaultTimeout bounds each source: a driver that has to wake eight devices
// takes several seconds.
const defaultTimeout = 10 * time.Second

// sourced is the first reading of a group that holds devices, with what the
// group's other sources said.
type sourced struct {
	source  string
	reading Reading
	notes   []string
}

// readGroups asks all groups at once and each group's sources in turn, each
// under its own time limit. The answers come in the order of the groups. A
// source that does not come back is left behind: a wedged driver must not hang
// the command. Of quiet sources it is no news that they are not there.
func readGroups(ctx context.Context, groups []group, limit time.Duration, quiet func(name string) bool) <-chan []sourced {
	if limit <= 0 {
		limit = defaultTimeout
	}
	out := make(chan []sourced, 1)
	parts := make([]chan sourced, len(groups))
	for i, g := range groups {
		parts[i] = make(chan sourced, 1)
		go func() {
			var r sourced
			for _, s := range g {
				if r.ask(ctx, s, limit, quiet(s.Name())) {
					break
				}
			}
			parts[i] <- r
		}()
	}
	go func() {
		all := make([]sourced, len(groups))
		for i := range parts {
			all[i] = <-parts[i]
		}
		out <- all
	}()
	return out
}

// ask reads one source and reports whether it found devices.
func (r *sourced) ask(ctx context.Context, s Source, limit time.Duration, quiet bool) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	type answer struct {
		reading Reading
		err     error
	}
	ch := make(chan answer, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				ch <- answer{err: fmt.Errorf("the reader failed: %v", p)}
			}
		}()
		reading, err := s.Read(ctx)
		ch <- answer{reading, err}
	}()
	select {
	case a := <-ch:
		r.notes = append(r.notes, a.reading.Notes...)
		if a.err != nil && !(quiet && absent(a.err)) {
			r.notes = append(r.notes, s.Name()+": "+oneLine(a.err.Error()))
		}
		if a.err != nil && len(a.reading.Accelerators) == 0 || len(a.reading.Accelerators) == 0 {
			return false
		}
		r.source, r.reading = s.Name(), a.reading
		return true
	case <-ctx.Done():
		r.notes = append(r.notes, fmt.Sprintf("%s: no answer within %s: left out", s.Name(), limit))
		return false
	}
}

func absent(err error) bool   { return errors.Is(err, ErrAbsent) }
func timedOut(err error) bool { return err != nil && errors.Is(err, context.DeadlineExceeded) }

// plainError is an error without what errors of files and deadlines repeat.
func plainError(err error) string {
	s := oneLine(err.Error())
	s = strings.TrimSuffix(s, ": context deadline exceeded")
	if i := strings.LastIndex(s, ": "); i >= 0 && (strings.HasPrefix(s, "open ") || strings.HasPrefix(s, "stat ") || strings.HasPrefix(s, "read ")) {
		s = s[i+2:]
	}
	return s
}

// oneLine keeps an error to one line of readable characters.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(printable(strings.ReplaceAll(s, "\n", " "))), " ")
	if len(s) > 400 {
		s = s[:400] + "..."
	}
	return strings.TrimSuffix(s, ": "+context.DeadlineExceeded.Error())
}

func sortedKeys[V any](m map[int]V) []int {
	out := make([]int, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func sortedNatural[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.SortFunc(out, compareNatural)
	return out
}
