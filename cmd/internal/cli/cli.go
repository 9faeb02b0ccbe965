package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/hardware/detect"
	"github.com/plimsoll/plimsoll/hardware/measure"
	"github.com/plimsoll/plimsoll/profiles"
)

// Facts is everything that commands look up.
type Facts interface {
	scenario.Facts
	Models() ([]profiles.ModelEntry, error)
	Devices() ([]*hardware.Device, error)
	CPUs() ([]*hardware.CPU, error)
	Nodes() ([]*hardware.Machine, error)
	Links() ([]*hardware.Link, error)
	Engines() ([]*engine.Engine, error)
	Detect(ctx context.Context) (*detect.Report, error)
	// DataVersion identifies the embedded facts.
	DataVersion() string
}

// Env is the world a command runs in.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Facts          Facts
	Estimate       func(*estimator.Request) (*estimator.Result, error)
	// Measure measures this machine; nil: measure.Run.
	Measure func(context.Context, measure.Options) (*hardware.Measured, error)
}

// app is what commands share.
type app struct {
	*Env
	out    *bufio.Writer // stdout, flushed by Main
	exit   int           // the answer's exit code when no error came up
	asJSON bool          // errors as JSON
}

// Main runs one command line and returns its exit code.
func Main(ctx context.Context, args []string, env Env) (code int) {
	a := &app{Env: &env, out: bufio.NewWriterSize(env.Stdout, 64<<10)}
	a.asJSON = wantsJSON(args)
	defer func() {
		if p := recover(); p != nil {
			if env.Getenv("PLIMSOLL_DEBUG") != "" {
				fmt.Fprintf(env.Stderr, "%s\n", debug.Stack())
			}
			code = a.report(problem.Failed(fmt.Sprintf("panic: %v", p)))
		}
	}()
	root := newRoot(a)
	root.SetArgs(prepare(args))
	err := root.ExecuteContext(ctx)
	// What was written stands, whatever came after it.
	if flushErr := a.out.Flush(); flushErr != nil && err == nil {
		err = flushErr
	}
	if ctx.Err() != nil {
		return problem.ExitInterrupted
	}
	if err != nil {
		return problem.Worse(a.report(err), a.exit)
	}
	return a.exit
}

// report prints an error once, on one line, and returns its exit code.
func (a *app) report(err error) int {
	if isBrokenPipe(err) {
		return a.exit // the reader has seen enough
	}
	var p *problem.Error
	if !errors.As(err, &p) {
		p = usageError(err)
	}
	if a.asJSON {
		a.Stderr.Write(p.JSON()) //nolint:errcheck // nowhere left to tell
	} else {
		fmt.Fprintf(a.Stderr, "plimsoll: %s\n", p.Error())
	}
	return p.Exit
}

// usageError gives cobra's and pflag's errors, and those of the system, a
// place and a remedy.
func usageError(err error) *problem.Error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return problem.Wrong(problem.WriteFailed, path.Err.Error(), path.Path, "check the path and its permissions")
	}
	return problem.Wrong(problem.Usage, err.Error(), "", "see plimsoll help")
}

func isBrokenPipe(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, os.ErrClosed)
}

// wantsJSON looks for a JSON output among raw arguments, so that errors in
// the flags themselves come out as asked, too.
func wantsJSON(args []string) bool {
	for i, arg := range args {
		value, given := "", false
		switch {
		case arg == "--":
			return false
		case arg == "-o" || arg == "--output":
			if i+1 < len(args) {
				value, given = args[i+1], true
			}
		case strings.HasPrefix(arg, "--output="):
			value, given = arg[len("--output="):], true
		case strings.HasPrefix(arg, "-o") && len(arg) > 2:
			value, given = strings.TrimPrefix(arg[2:], "="), true
		}
		if given && (value == "json" || value == "jsonl") {
			return true
		}
	}
	return false
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "plimsoll",
		Short: "Which AI models a machine can carry, and how fast they run there",
		Long: "plimsoll draws the load line of a machine: which AI models it can carry, how\n" +
			"fast they run there, and how sure that is. It answers offline, in milliseconds.",
		Example: "  plimsoll check llama-3.1-8b --quant Q4_K_M\n" +
			"  plimsoll check ./model.gguf --on rtx-4090-24gb -c 16k -ngl 99\n" +
			"  plimsoll check llama-3.1-8b --on rtx-4090-24gb --require 'decode_tok_s >= 50'",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(a.out)
	root.SetErr(a.Stderr)
	root.SetGlobalNormalizationFunc(normalize)
	root.PersistentFlags().BoolP("help", "h", false, "explain this command")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if errors.Is(err, pflag.ErrHelp) {
			return err
		}
		return problem.Wrong(problem.Usage, err.Error(), "", "see "+cmd.CommandPath()+" --help")
	})
	sweep, compare := newSweep(a), newCompare(a)
	root.AddCommand(newCheck(a), compare, sweep, newRecommend(a), newCapacity(a), newReport(a), newDiff(a), newScaling(a), newAccuracy(a), newCalibrate(a), newModels(a), newHardware(a), newEngines(a), newPrices(a), newSchema(a), newVersion(a), newExitCodes())
	sweep.SetGlobalNormalizationFunc(normalizeSweep)
	compare.SetGlobalNormalizationFunc(normalizeSweep)
	// Unknown subcommands of a group are errors, not requests for help.
	return root
}

// group makes a command that only holds others.
func group(use, short string, sub ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			var have []string
			for _, s := range cmd.Commands() {
				have = append(have, s.Name())
			}
			return problem.Wrong(problem.Usage, fmt.Sprintf("unknown command %.60q", args[0]), cmd.CommandPath(), "use one of "+strings.Join(have, ", "))
		}}
	c.AddCommand(sub...)
	return c
}

// oneArg demands exactly one argument and says which.
func oneArg(name, example string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch len(args) {
		case 1:
			return nil
		case 0:
			return problem.Wrong(problem.Usage, "no "+name+" given", cmd.CommandPath(), "write "+example)
		}
		return problem.Wrong(problem.Usage, fmt.Sprintf("more than one %s: %.60q", name, args[1]), cmd.CommandPath(), "give one; quote names that contain spaces")
	}
}

// oneOf checks a flag's value against its choices.
func oneOf(flag, value string, choices ...string) error {
	for _, c := range choices {
		if value == c {
			return nil
		}
	}
	return problem.Wrong(problem.Usage, fmt.Sprintf("unknown value %.60q", value), "--"+flag, "use one of "+strings.Join(choices, ", "))
}
