package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/schema"
	"github.com/plimsoll/plimsoll/profiles"
)

func newSchema(a *app) *cobra.Command {
	return &cobra.Command{
		Use:       "schema [check | sweep | sweep-input | accuracy | error | hardware-profile]",
		Short:     "Print the JSON Schema of a document",
		ValidArgs: append(schema.Names(), "hardware-profile"),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				for _, n := range append(schema.Names(), "hardware-profile") {
					fmt.Fprintln(a.out, n)
				}
				return nil
			}
			get := schema.Get
			if args[0] == "hardware-profile" {
				get = func(string) ([]byte, error) { return profiles.MachineSchema() }
			}
			text, err := get(args[0])
			if err != nil {
				return problem.Wrong(problem.Usage, fmt.Sprintf("no schema %.60q", args[0]), "plimsoll schema", "use one of check, sweep, sweep-input, accuracy, error, hardware-profile")
			}
			_, err = a.out.Write(text)
			return err
		},
	}
}
