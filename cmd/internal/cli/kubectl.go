package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
)

// askKubectl runs kubectl get nodes and hands its output to read as it comes.
// What is free of a cluster its pods tell.
func askKubectl(ctx context.Context, o *importOptions, read func(io.Reader) error) error {
	args := []string{"get", "nodes", "-o", "json"}
	if o.Free {
		args = []string{"get", "nodes,pods", "--all-namespaces", "-o", "json"}
	}
	if o.context != "" {
		args = append(args, "--context="+o.context)
	}
	if o.config != "" {
		args = append(args, "--kubeconfig="+o.config)
	}
	args = append(args, "--request-timeout="+o.timeout.Round(time.Second).String())
	limited, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	cmd := exec.CommandContext(limited, "kubectl", args...)
	cmd.WaitDelay = 2 * time.Second
	said := &firstBytes{most: 4096}
	cmd.Stderr = said
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		hint := "write kubectl get nodes -o json to a file where it is, and name the file"
		if errors.Is(err, exec.ErrNotFound) {
			return problem.Wrong(problem.BadFile, "kubectl is not found", "--kubectl", hint)
		}
		return problem.Wrong(problem.BadFile, "kubectl cannot be run: "+err.Error(), "--kubectl", hint)
	}
	readErr := read(out)
	if readErr != nil {
		cancel() // what it still has to say is of no use
	}
	waitErr := cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(limited.Err(), context.DeadlineExceeded):
		return problem.Wrong(problem.BadFile, fmt.Sprintf("kubectl took more than %s", o.timeout), "--kubectl", "give it more with --timeout")
	case waitErr != nil && (readErr == nil || said.buf.Len() > 0):
		return problem.Wrong(problem.BadFile, "kubectl failed: "+strings.TrimSpace(said.buf.String()), "--kubectl", "see that kubectl get nodes works")
	case readErr != nil:
		return problem.Wrong(problem.BadFile, readErr.Error(), "kubectl", "")
	}
	return nil
}

// firstBytes keeps the beginning of what is written to it.
type firstBytes struct {
	buf  bytes.Buffer
	most int
}

func (f *firstBytes) Write(p []byte) (int, error) {
	f.buf.Write(p[:min(len(p), f.most-f.buf.Len())])
	return len(p), nil
}
