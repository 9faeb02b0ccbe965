package profiles

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// PriceEntry is one line of any price list, as it is shown.
type PriceEntry struct {
	Kind   string  `json:"kind"` // rent, spot, purchase, electricity or carbon
	Item   string  `json:"item"` // catalogue id, or code of a place
	What   string  `json:"what"` // who rents or sells it, or whom it is for
	Count  int     `json:"devices,omitempty"`
	Amount float64 `json:"amount"`
	Unit   string  `json:"unit"` // USD/h, EUR, USD/kWh, g/kWh …
	Date   Date    `json:"date"` // empty: not known
	Stale  bool    `json:"stale"`
	Own    bool    `json:"own,omitempty"` // from the user's price file
	Source string  `json:"source"`
	Notes  string  `json:"notes,omitempty"`
}

// Kinds of price entries, in the order in which they are listed.
var PriceKinds = []string{"rent", "spot", "purchase", "electricity", "carbon"}

// Entries lists every price, judged at a given day: by kind, item and date,
// the newest first. An error names a line that cannot be read.
func (p *Prices) Entries(at Date) ([]PriceEntry, error) {
	all, err := p.Whole()
	if err != nil {
		return nil, err
	}
	var out []PriceEntry
	add := func(kind, item, what string, count int, amount float64, unit string, c *Cited) {
		out = append(out, PriceEntry{Kind: kind, Item: item, What: what, Count: count, Amount: amount, Unit: unit,
			Date: c.Date, Stale: c.fact(amount, at).Stale, Own: c.Own, Source: c.Source, Notes: c.Notes})
	}
	for id, list := range all.cloud {
		for i := range list {
			c := &list[i]
			what := strings.Join(strings.Fields(fmt.Sprintf("%s %s %s", c.Provider, c.Instance, c.Region)), " ")
			if c.Survey {
				what += " (survey)"
			}
			if c.OnDemandUSD > 0 {
				add("rent", id, what, c.Devices, c.OnDemandUSD, "USD/h", &c.Cited)
			}
			if c.SpotUSD > 0 {
				add("spot", id, what, c.Devices, c.SpotUSD, "USD/h", &c.Cited)
			}
		}
	}
	for id, list := range all.purchase {
		for i := range list {
			b := &list[i]
			add("purchase", id, fmt.Sprintf("%s, %s: %s", b.Covers, b.What, b.Name), b.Devices, b.Amount, b.Currency, &b.Cited)
		}
	}
	for place, list := range all.electricity {
		for i := range list {
			e := &list[i]
			add("electricity", place, e.Name+", "+e.Use, 0, e.Amount, e.Currency+"/kWh", &e.Cited)
		}
	}
	for place, c := range all.carbon {
		add("carbon", place, c.Name, 0, c.GramsPerKWh, "g/kWh", &c.Cited)
	}
	slices.SortFunc(out, func(a, b PriceEntry) int {
		return cmp.Or(cmp.Compare(slices.Index(PriceKinds, a.Kind), slices.Index(PriceKinds, b.Kind)), cmp.Compare(a.Item, b.Item),
			cmp.Compare(b.Date.first(), a.Date.first()), cmp.Compare(a.What, b.What), cmp.Compare(a.Amount, b.Amount), cmp.Compare(a.Notes, b.Notes))
	})
	return out, nil
}
