package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll/plimsoll/cmd/internal/money"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/profiles"
)

func newPrices(a *app) *cobra.Command {
	return group("prices", "What renting, buying, electricity and carbon are known to cost", newPricesList(a), newPricesValidate(a))
}

func newPricesList(a *app) *cobra.Command {
	var o money.Options
	var kind, output string
	var stale bool
	cmd := &cobra.Command{
		Use: "list [TEXT]", Short: "List prices, with their dates and sources",
		Long: "Lists every price that costs can rest on, the newest of each item first. A price\n" +
			"older than a year is flagged old.",
		Example: "  plimsoll prices list h100 --kind rent\n  plimsoll prices list germany\n  plimsoll prices list --old -o csv",
		RunE: func(_ *cobra.Command, args []string) error {
			if err := oneOf("output", output, "table", "json", "jsonl", "csv"); err != nil {
				return err
			}
			if err := oneOf("kind", kind, append([]string{""}, profiles.PriceKinds...)...); err != nil {
				return err
			}
			book, err := money.Open(&o, a.Getenv)
			if err != nil {
				return err
			}
			all, err := book.Prices().Entries(book.At())
			if err != nil {
				return problem.Failed(err.Error())
			}
			var chosen []profiles.PriceEntry
			l := &listing{header: []string{"kind", "item", "devices", "amount", "unit", "date", "", "what", "source"},
				right: []bool{false, false, true, true, false, false, false, false, false}}
			for _, e := range all {
				if kind != "" && e.Kind != kind || stale && !e.Stale || !matches(strings.Join(args, " "), e.Item, e.What, e.Kind) {
					continue
				}
				chosen = append(chosen, e)
				count, old := "", ""
				if e.Count > 0 {
					count = strconv.Itoa(e.Count)
				}
				if e.Stale {
					old = "old"
				}
				l.rows = append(l.rows, []string{e.Kind, e.Item, count, priceNumber(e.Amount), e.Unit, string(e.Date), old, e.What, e.Source})
			}
			return writeListing(a, output, chosen, l)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&kind, "kind", "", "only "+strings.Join(profiles.PriceKinds, ", "))
	fs.BoolVar(&stale, "old", false, "only prices older than a year")
	fs.StringVar(&o.PriceFile, "price-file", "", "your own prices before the embedded ones")
	fs.StringVar(&o.PricesAt, "prices-at", "", "month at which prices are judged to be old, as 2026-11 (default: this one)")
	fs.StringVarP(&output, "output", "o", "table", "table, json, jsonl or csv")
	return cmd
}

// priceNumber keeps the digits of a price.
func priceNumber(v float64) string {
	if v >= 1000 {
		return units.Number(v)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

func newPricesValidate(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "validate FILE", Short: "Check a price file of your own",
		Long: "Checks a price file and says how many prices it gives. The first thing that is wrong\n" +
			"is named with its line, and the exit code is 2.",
		Args: oneArg("file", "plimsoll prices validate prices.yaml"),
		RunE: func(_ *cobra.Command, args []string) error {
			own, err := profiles.ReadPriceFile(args[0])
			if err != nil {
				return problem.Wrong(problem.BadFile, problem.OneLine(err.Error()), "", "see plimsoll schema price-file")
			}
			entries, err := own.Entries("")
			if err != nil {
				return problem.Failed(err.Error())
			}
			fmt.Fprintf(a.out, "%s: %d prices\n", args[0], len(entries))
			return nil
		},
	}
}
