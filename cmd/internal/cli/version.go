package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set when a release is linked (-ldflags -X).
var version = ""

// toolVersion names the build: the release, the module's version, or "dev".
// A build from a checkout is "dev" whatever its commit, so that documents of
// one tree are the same bytes however it was built.
func toolVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}

func newVersion(a *app) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "version", Short: "Show the versions of the tool and of its facts", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := oneOf("output", output, "table", "json"); err != nil {
				return err
			}
			v := struct {
				Tool string `json:"tool_version"`
				Data string `json:"data_version"`
				Go   string `json:"go_version"`
				On   string `json:"platform"`
			}{toolVersion(), a.Facts.DataVersion(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
			if output == "json" {
				return writeJSON(a.out, v)
			}
			fmt.Fprintf(a.out, "plimsoll %s (data %s, %s, %s)\n", v.Tool, v.Data, v.Go, v.On)
			return nil
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	return cmd
}

// newExitCodes is a help topic: a command without a run is listed as one.
func newExitCodes() *cobra.Command {
	return &cobra.Command{Use: "exit-codes", Short: "What the exit codes mean",
		Long: `Exit codes, the same for every command:

  0    the answer is yes: it fits, all requirements are met
  1    the answer is no
  2    the request is wrong: usage, unreadable or invalid input, or a
       requirement on a figure that cannot be estimated
  3    something failed on our side
  130  interrupted

Over many scenarios the worst wins: 3, then 2, then 1, then 0. Every report
asked for is written before a non-zero exit.

For check, --fail-on says what counts as no: "no" (the default) is a model that
does not fit or a requirement that fails; "tight" adds a model that fits at the
central estimate only; "unsure" adds requirements whose limit lies inside the
interval. --exit-zero keeps 2 and 3 but turns 1 into 0. sweep, report and diff
answer 1 only when --fail-on asks for it.

Errors are one line on stderr, "plimsoll: what: where: remedy", or with
--output json one JSON object.`}
}
