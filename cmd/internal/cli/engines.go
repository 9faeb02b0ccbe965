package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
)

func newEngines(a *app) *cobra.Command {
	var output string
	list := &cobra.Command{
		Use: "list", Short: "List the inference engines whose rules are known", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := oneOf("output", output, "table", "json", "jsonl", "csv"); err != nil {
				return err
			}
			all, err := a.Facts.Engines()
			if err != nil {
				return problem.Failed(err.Error())
			}
			l := &listing{header: []string{"id", "name", "backends", "weight formats"}, right: make([]bool, 4)}
			for _, e := range all {
				var backends []string
				for _, b := range e.Backends {
					backends = append(backends, b.ID)
				}
				l.rows = append(l.rows, []string{e.ID, e.Name, strings.Join(backends, " "), strings.Join(e.FormatLadder, " ")})
			}
			return writeListing(a, output, all, l)
		},
	}
	list.Flags().StringVarP(&output, "output", "o", "table", "table, json, jsonl or csv")
	return group("engines", "The inference engines whose rules are known", list)
}
