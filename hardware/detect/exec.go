package detect

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// lookTool finds a command, on the path or where its maker puts it.
func lookTool(t tool) (string, error) {
	if p, err := exec.LookPath(t.name); err == nil {
		return p, nil
	}
	for _, p := range t.paths {
		if st, err := os.Stat(p); err == nil && !st.IsDir() {
			return p, nil
		}
	}
	return "", exec.ErrNotFound
}

// errTooMuch ends a command that prints without end.
var errTooMuch = fmt.Errorf("printed more than %d MiB", maxText>>20)

// bounded keeps the first bytes that are written to it.
type bounded struct {
	buf  []byte
	most int
	over func()
}

func (b *bounded) Write(p []byte) (int, error) {
	room := b.most - len(b.buf)
	if len(p) > room {
		b.buf = append(b.buf, p[:max(room, 0)]...)
		if b.over != nil {
			b.over()
			return 0, errTooMuch
		}
		return len(p), nil
	}
	b.buf = append(b.buf, p...)
	return len(p), nil
}

// runBounded runs a command within its time limit and returns at most maxText
// bytes of its stdout, also beside an error. It never waits longer than the
// limit and a moment, whatever the command and its children do.
func runBounded(ctx context.Context, t tool, file string) ([]byte, error) {
	limit := t.limit
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, file, t.args...)
	cmd.WaitDelay = 200 * time.Millisecond // then its pipes are closed, whoever holds them
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	endChildren := endGroup(cmd)
	tooMuch := false
	out := &bounded{most: maxText, over: func() { tooMuch = true; cancel() }}
	complaint := &bounded{most: 4 << 10}
	cmd.Stdout, cmd.Stderr = out, complaint
	err := cmd.Run()
	switch {
	case tooMuch:
		return out.buf[:min(len(out.buf), maxSmall)], errTooMuch
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return out.buf, fmt.Errorf("did not answer within %s: %w", limit, context.DeadlineExceeded)
	case ctx.Err() != nil:
		return out.buf, ctx.Err()
	case errors.Is(err, exec.ErrWaitDelay):
		_ = endChildren() // it ended well, but left children behind that hold its pipes
		return out.buf, nil
	case err != nil:
		return out.buf, fmt.Errorf("failed (%s)%s", err, said(complaint.buf, out.buf))
	}
	return out.buf, nil
}

// said is the first readable line of what a failing command printed.
func said(outputs ...[]byte) string {
	for _, b := range outputs {
		for line := range strings.Lines(string(b)) {
			line = strings.TrimSpace(printable(line))
			if line == "" {
				continue
			}
			if len(line) > 160 {
				line = line[:160] + "..."
			}
			return ": " + line
		}
	}
	return ""
}

// printable drops what is no printable ASCII.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
}
