package profiles

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// maxPriceEntries bounds each list of a price file.
const maxPriceEntries = 1024

// ReadPriceFile reads a user's price file. See [ReadPrices].
func ReadPriceFile(path string) (*Prices, error) {
	data, err := load(path, false)
	if err != nil {
		return nil, err
	}
	return ReadPrices(path, data)
}

var priceFile = userFile{"a price file", "lists prices", "three"}

// ReadPrices reads a user's prices in YAML (schema/price-file.schema.json):
// lists cloud, purchase, electricity and carbon with the columns of the
// embedded lists, and exchange, the USD for one unit of other currencies.
// [Prices.With] puts them before the embedded ones. file names the input in
// errors, each one line "file:line: key: what is wrong".
func ReadPrices(file string, data []byte) (*Prices, error) {
	p := &Prices{cloud: map[string][]CloudPrice{}, purchase: map[string][]PurchasePrice{},
		electricity: map[string][]ElectricityPrice{}, carbon: map[string]CarbonIntensity{}, exchange: map[string]float64{}}
	r := &reader{file: file}
	if err := r.document(data, priceFile, func(root ast.Node) { r.prices(root, p) }); err != nil {
		return nil, err
	}
	return p, nil
}

func (r *reader) prices(n ast.Node, p *Prices) {
	r.mapping(n, "the price file", nil, func(key string, v ast.Node) bool {
		switch key {
		case "exchange":
			r.exchange(v, p.exchange)
		case "cloud":
			for _, item := range r.list(v, key, maxPriceEntries) {
				r.cloudPrice(item, p)
			}
		case "purchase":
			for _, item := range r.list(v, key, maxPriceEntries) {
				r.purchasePrice(item, p)
			}
		case "electricity":
			for _, item := range r.list(v, key, maxPriceEntries) {
				r.electricityPrice(item, p)
			}
		case "carbon":
			for _, item := range r.list(v, key, maxPriceEntries) {
				r.carbonIntensity(item, p)
			}
		default:
			return false
		}
		return true
	})
}

// exchange reads a mapping from currency codes to USD.
func (r *reader) exchange(n ast.Node, rates map[string]float64) {
	for _, pair := range r.pairs(n, "exchange") {
		key, ok := keyOf(pair)
		code, known := currencyCode(key)
		switch {
		case !ok || !known:
			r.fail(pair, "exchange", fmt.Sprintf("want a currency of three letters, got %q", oneLine(key)))
			return
		case code == "USD":
			r.fail(pair, "exchange", "rates are USD for one unit: USD has none")
			return
		}
		if _, twice := rates[code]; twice {
			r.fail(pair, "exchange", fmt.Sprintf("%s is given twice", code))
			return
		}
		rate := r.number(pair.Value, field{key: key, most: maxMoney})
		if r.err == nil && rate <= 0 {
			r.fail(pair.Value, key, "want more than 0")
		}
		rates[code] = rate
	}
}

// currencyCode is a currency in capital letters, USD when none is named.
func currencyCode(s string) (string, bool) {
	if s == "" {
		return "USD", true
	}
	s = strings.ToUpper(s)
	if len(s) != 3 || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "", false
	}
	return s, true
}

// entry reads one item of a list, and what all of them have in common.
func (r *reader) entry(n ast.Node, what string, fields []field, c *Cited) {
	c.Own = true
	r.mapping(n, what, append(fields, citedFields(c)...), nil)
	if r.err != nil {
		return
	}
	if c.Date != "" {
		if _, err := ParseDate(string(c.Date)); err != nil {
			r.fail(n, "date", err.Error())
		}
	}
	if c.Source == "" {
		c.Source = r.file
	}
}

// item resolves the catalogue's name of what is priced, unless the id of a
// profile of the user's was given instead.
func (r *reader) item(n ast.Node, key, name, id string, tables ...*table) string {
	switch {
	case r.err != nil:
	case name == "" && id == "":
		r.fail(n, key, "needs a name of the catalogue, or id for a profile of your own")
	case name != "" && id != "":
		r.fail(n, key, "either a name of the catalogue or id, not both")
	case id != "":
		return id
	default:
		var first error
		for _, t := range tables {
			row, err := t.resolve(name)
			if err == nil {
				return row.text("id")
			}
			if first == nil {
				first = err
			}
		}
		r.fail(n, key, first.Error())
	}
	return ""
}

func (r *reader) cloudPrice(n ast.Node, p *Prices) {
	c := CloudPrice{Devices: 1}
	var name, id string
	r.entry(n, "an offer", append(cloudFields(&c), itemFields("device", &name, &id)...), &c.Cited)
	c.Device = r.item(n, "device", name, id, &accelerators)
	switch {
	case r.err != nil:
	case c.Provider == "":
		r.fail(n, "provider", "needs a name")
	case c.Devices < 1:
		r.fail(n, "devices", "want 1 or more")
	case c.OnDemandUSD <= 0 && c.SpotUSD <= 0:
		r.fail(n, "an offer", "needs on_demand_usd_h or spot_usd_h, more than 0")
	default:
		p.cloud[c.Device] = append(p.cloud[c.Device], c)
	}
}

func (r *reader) purchasePrice(n ast.Node, p *Prices) {
	b := PurchasePrice{Devices: 1, Covers: CoversDevice, What: "own", Amount: notGiven}
	var name, id string
	r.entry(n, "a price", append(purchaseFields(&b), itemFields("item", &name, &id)...), &b.Cited)
	tables := []*table{&accelerators, &cpus}
	if b.Covers == CoversCPU {
		tables = tables[1:]
	}
	b.Item = r.item(n, "item", name, id, tables...)
	currency, known := currencyCode(b.Currency)
	switch b.Currency = currency; {
	case r.err != nil:
	case b.Covers != CoversDevice && b.Covers != CoversCPU && b.Covers != CoversMachine:
		r.fail(n, "covers", fmt.Sprintf("want device, cpu or machine, got %q", oneLine(string(b.Covers))))
	case b.Devices < 1:
		r.fail(n, "devices", "want 1 or more")
	case b.Amount == notGiven:
		r.fail(n, "amount", "needs the price")
	case !known:
		r.fail(n, "currency", "want three letters, as in EUR")
	default:
		if b.Name == "" {
			b.Name = b.Item
		}
		p.purchase[b.Item] = append(p.purchase[b.Item], b)
	}
}

func (r *reader) electricityPrice(n ast.Node, p *Prices) {
	e := ElectricityPrice{Use: "business", Amount: notGiven}
	r.entry(n, "a price", electricityFields(&e), &e.Cited)
	e.Place, e.Name = r.place(n, e.Place)
	currency, known := currencyCode(e.Currency)
	switch e.Currency = currency; {
	case r.err != nil:
	case e.Use != "business" && e.Use != "residential":
		r.fail(n, "use", fmt.Sprintf("want business or residential, got %q", oneLine(e.Use)))
	case e.Amount == notGiven:
		r.fail(n, "amount", "needs the price of a kWh")
	case !known:
		r.fail(n, "currency", "want three letters, as in EUR")
	default:
		p.electricity[e.Place] = append(p.electricity[e.Place], e)
	}
}

func (r *reader) carbonIntensity(n ast.Node, p *Prices) {
	c := CarbonIntensity{GramsPerKWh: notGiven}
	r.entry(n, "an intensity", carbonFields(&c), &c.Cited)
	c.Place, c.Name = r.place(n, c.Place)
	_, twice := p.carbon[c.Place]
	switch {
	case r.err != nil:
	case c.GramsPerKWh == notGiven:
		r.fail(n, "g_per_kwh", "needs grams of CO2 equivalent per kWh")
	case twice:
		r.fail(n, "place", c.Place+" is given twice")
	default:
		p.carbon[c.Place] = c
	}
}

// place resolves a place to its code; its name is what the user wrote.
func (r *reader) place(n ast.Node, name string) (code, written string) {
	if r.err != nil {
		return "", ""
	}
	if name == "" {
		r.fail(n, "place", "needs a country, a continent, eu or world")
		return "", ""
	}
	code, err := placeIndex().Resolve(name)
	if err != nil {
		r.fail(n, "place", err.Error())
	}
	return code, name
}
