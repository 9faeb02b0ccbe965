package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/schema"
	"github.com/plimsoll/plimsoll/profiles"
)

// userFiles are the schemas of files that users write, kept with their readers.
var userFiles = map[string]func() ([]byte, error){"hardware-profile": profiles.MachineSchema, "price-file": profiles.PriceFileSchema, "plan-file": profiles.PlanSchema}

func newSchema(a *app) *cobra.Command {
	all := append(schema.Names(), "hardware-profile", "price-file", "plan-file")
	return &cobra.Command{
		Use:       "schema [" + strings.Join(all, " | ") + "]",
		Short:     "Print the JSON Schema of a document",
		ValidArgs: all,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				for _, n := range all {
					fmt.Fprintln(a.out, n)
				}
				return nil
			}
			get, ok := userFiles[args[0]]
			if !ok {
				get = func() ([]byte, error) { return schema.Get(args[0]) }
			}
			text, err := get()
			if err != nil {
				return problem.Wrong(problem.Usage, fmt.Sprintf("no schema %.60q", args[0]), "plimsoll schema", "use one of "+strings.Join(all, ", "))
			}
			_, err = a.out.Write(text)
			return err
		},
	}
}
