// Command plimsoll tells which AI models a machine can carry, and how fast
// they run there.
package main

import (
	"context"
	"os"
	"os/signal"

	"github.com/plimsoll/plimsoll/cmd/internal/cli"
	"github.com/plimsoll/plimsoll/cmd/internal/facts"
	"github.com/plimsoll/plimsoll/estimator"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := cli.Main(ctx, os.Args[1:], cli.Env{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Getenv: os.Getenv, Facts: new(facts.Embedded), Estimate: estimator.Estimate})
	stop()
	os.Exit(code)
}
