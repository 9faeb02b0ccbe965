package profiles

import (
	"cmp"
	_ "embed" // the price lists
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/plimsoll/plimsoll/profiles/names"
)

//go:embed prices/cloud.csv
var cloudCSV string

//go:embed prices/purchase.csv
var purchaseCSV string

//go:embed prices/electricity.csv
var electricityCSV string

//go:embed prices/carbon.csv
var carbonCSV string

var (
	cloudTable       = table{file: "cloud.csv", kind: "offer", text: cloudCSV}
	purchaseTable    = table{file: "purchase.csv", kind: "price", text: purchaseCSV}
	electricityTable = table{file: "electricity.csv", kind: "price", text: electricityCSV}
	carbonTable      = table{file: "carbon.csv", kind: "place", text: carbonCSV}
)

// Cited says where a price comes from.
type Cited struct {
	Date          Date
	Source, Notes string
	Own           bool // from the user's price file
}

// CloudPrice is an offer to rent a machine by the hour.
type CloudPrice struct {
	Device                     string // catalogue id of its accelerators
	Provider, Instance, Region string // Region empty: any, or not known
	Devices                    int    // accelerators in one instance
	VCPUs                      int    // 0: not known
	MemoryGB                   float64
	// USD for an hour of one instance; 0 where not known or not offered.
	OnDemandUSD, SpotUSD float64
	// Survey marks a figure of the market (an average, a median, an end of the
	// range), which nobody offers as it is.
	Survey bool
	Cited
}

// Covers says what a purchase price is for.
type Covers string

// What purchase prices cover.
const (
	CoversDevice  Covers = "device"  // the accelerators alone
	CoversCPU     Covers = "cpu"     // one processor
	CoversMachine Covers = "machine" // all of it, accelerators included
)

// PurchasePrice is what something costs to buy.
type PurchasePrice struct {
	Item     string // catalogue id of an accelerator, processor or board
	Name     string // as the source calls it
	Covers   Covers
	Devices  int     // accelerators in it
	What     string  // msrp, launch, list, list_1ku, street, used, as_tested; or a user's own word
	Amount   float64 // in Currency
	Currency string  // ISO 4217
	Cited
}

// ElectricityPrice is the price of one kWh.
type ElectricityPrice struct {
	Place    string // ISO 3166 alpha-3 of a country, or world, eu, a continent
	Name     string
	Use      string // residential or business
	Amount   float64
	Currency string // ISO 4217
	Cited
}

// CarbonIntensity is what the electricity of a place emits over the life of
// the plants.
type CarbonIntensity struct {
	Place, Name string
	GramsPerKWh float64 // of CO2 equivalent
	Cited
}

// Prices are price lists. Lists are ordered by what to prefer: the user's own
// first, then the newest.
type Prices struct {
	// embedded says that the lists that come with the tool stand behind the
	// maps. Their lines are decoded when asked for: a cold command needs few.
	embedded bool
	// ownHardware says that of what is rented or bought only the maps count.
	ownHardware bool
	cloud       map[string][]CloudPrice
	purchase    map[string][]PurchasePrice
	electricity map[string][]ElectricityPrice
	carbon      map[string]CarbonIntensity
	exchange    map[string]float64 // USD for one unit of a currency
}

// PriceList returns the embedded price lists.
func PriceList() *Prices { return &Prices{embedded: true} }

// Cloud lists the offers with an accelerator, by its catalogue id.
func (p *Prices) Cloud(acceleratorID string) []CloudPrice {
	if p.ownHardware {
		return p.cloud[acceleratorID]
	}
	return behind(p, p.cloud[acceleratorID], &cloudTable, acceleratorID, cloudOf, cloudKey, func(c *CloudPrice) Date { return c.Date })
}

// Purchase lists the prices of an accelerator, processor or board, by its
// catalogue id.
func (p *Prices) Purchase(id string) []PurchasePrice {
	if p.ownHardware {
		return p.purchase[id]
	}
	return behind(p, p.purchase[id], &purchaseTable, id, purchaseOf, purchaseKey, func(b *PurchasePrice) Date { return b.Date })
}

// behind puts the embedded lines of an id, the newest first, behind the user's
// own entries, without those that have the key of one.
func behind[T any](p *Prices, own []T, t *table, id string, decode func(*row) T, key func(*T) string, date func(*T) Date) []T {
	if !p.embedded {
		return own
	}
	var base []T
	for r := range t.of(id) {
		// A test decodes every line: none has a fault.
		if v := decode(&r); r.err == nil {
			base = append(base, v)
		}
	}
	slices.SortStableFunc(base, func(a, b T) int { return cmp.Compare(date(&b).first(), date(&a).first()) })
	if len(own) == 0 {
		return base
	}
	return merge(map[string][]T{id: base}, map[string][]T{id: own}, key)[id]
}

// Electricity lists the prices of a kWh at a place: a country by name or ISO
// code, "world", "eu" or a continent. The list may be empty; the error of a
// place that does not exist is a *names.Miss.
func (p *Prices) Electricity(place string) ([]ElectricityPrice, error) {
	code := place
	if _, ok := electricityTable.find(place); !ok { // names cost more to look up
		var err error
		if code, err = placeIndex().Resolve(place); err != nil {
			return nil, err
		}
	}
	return behind(p, p.electricity[code], &electricityTable, code, electricityOf, electricityKey, func(e *ElectricityPrice) Date { return e.Date }), nil
}

// Carbon returns the carbon intensity of a place's electricity. The error of a
// place that does not exist is a *names.Miss; of one without a figure it says so.
func (p *Prices) Carbon(place string) (*CarbonIntensity, error) {
	code, err := placeIndex().Resolve(place)
	if err != nil {
		return nil, err
	}
	if c, ok := p.carbon[code]; ok {
		return &c, nil
	}
	if r, ok := carbonTable.find(code); ok && p.embedded {
		c := carbonOf(&r)
		return &c, r.fault()
	}
	return nil, fmt.Errorf("the carbon intensity of %s is not known; name a country, or give it in a price file", code)
}

// Places lists the codes of all places, sorted.
func (p *Prices) Places() []string {
	codes := slices.Collect(maps.Keys(p.carbon))
	codes = slices.AppendSeq(codes, maps.Keys(p.electricity))
	if p.embedded {
		for _, t := range []*table{&carbonTable, &electricityTable} {
			for r := range t.rows() {
				codes = append(codes, r.text("place"))
			}
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// USD converts an amount. The reason is empty when there is a rate.
func (p *Prices) USD(amount float64, currency string) (usd float64, reason string) {
	if currency == "USD" || currency == "" {
		return amount, ""
	}
	rate, ok := p.exchange[currency]
	if !ok {
		return 0, fmt.Sprintf("a price is in %s; give exchange: {%s: USD for one} in a price file", currency, currency)
	}
	return amount * rate, ""
}

// OwnHardware returns these lists without embedded prices of hardware: only
// what the user's own say is rented or bought.
func (p *Prices) OwnHardware() *Prices {
	own := *p
	own.ownHardware = true
	return &own
}

// With returns these lists with those of a user: entries for the same thing
// are replaced, others added.
func (p *Prices) With(own *Prices) *Prices {
	return &Prices{
		embedded:    p.embedded || own.embedded,
		cloud:       merge(p.cloud, own.cloud, cloudKey),
		purchase:    merge(p.purchase, own.purchase, purchaseKey),
		electricity: merge(p.electricity, own.electricity, electricityKey),
		carbon:      over(p.carbon, own.carbon),
		exchange:    over(p.exchange, own.exchange),
	}
}

func cloudKey(c *CloudPrice) string {
	return strings.ToLower(fmt.Sprint(c.Provider, "\n", c.Instance, "\n", c.Region, "\n", c.Devices))
}

func purchaseKey(p *PurchasePrice) string {
	return strings.ToLower(fmt.Sprint(p.Covers, "\n", p.Devices, "\n", p.What))
}

func electricityKey(e *ElectricityPrice) string { return strings.ToLower(e.Use) }

// merge puts the entries of own before those of base, and drops those of base
// that have the key of one.
func merge[T any](base, own map[string][]T, key func(*T) string) map[string][]T {
	all := maps.Clone(base)
	if all == nil {
		all = map[string][]T{}
	}
	for id, list := range own {
		taken := map[string]bool{}
		for i := range list {
			taken[key(&list[i])] = true
		}
		list = slices.Clone(list)
		for i := range base[id] {
			if e := &base[id][i]; !taken[key(e)] {
				list = append(list, *e)
			}
		}
		all[id] = list
	}
	return all
}

func over[T any](base, own map[string]T) map[string]T {
	all := maps.Clone(base)
	if all == nil {
		all = map[string]T{}
	}
	maps.Copy(all, own)
	return all
}

func cloudOf(r *row) CloudPrice {
	return CloudPrice{Device: r.text("device"), Provider: r.text("provider"), Instance: r.text("instance"), Region: r.text("region"),
		Devices: r.integer("devices"), VCPUs: r.integer("vcpus"), MemoryGB: r.number("memory_gb"),
		OnDemandUSD: r.number("on_demand_usd_h"), SpotUSD: r.number("spot_usd_h"), Survey: r.text("survey") == "yes", Cited: citedOf(r)}
}

func purchaseOf(r *row) PurchasePrice {
	return PurchasePrice{Item: r.text("item"), Name: r.text("name"), Covers: Covers(r.text("covers")), Devices: r.integer("devices"),
		What: r.text("what"), Amount: r.number("amount"), Currency: r.text("currency"), Cited: citedOf(r)}
}

func electricityOf(r *row) ElectricityPrice {
	return ElectricityPrice{Place: r.text("place"), Name: r.text("name"), Use: r.text("use"),
		Amount: r.number("amount"), Currency: r.text("currency"), Cited: citedOf(r)}
}

func carbonOf(r *row) CarbonIntensity {
	return CarbonIntensity{Place: r.text("place"), Name: r.text("name"), GramsPerKWh: r.number("g_per_kwh"),
		Cited: Cited{Date: Date(r.text("date")), Source: r.text("source")}}
}

// Whole decodes every embedded line, for lists of all that is known: the maps
// hold everything then. An error names a line that cannot be read.
func (p *Prices) Whole() (*Prices, error) {
	all := (&Prices{}).With(p)
	if all.embedded = false; !p.embedded {
		return all, nil
	}
	for r := range cloudTable.rows() {
		if c := cloudOf(&r); r.err == nil {
			all.cloud[c.Device] = p.Cloud(c.Device)
		} else {
			return nil, r.fault()
		}
	}
	for r := range purchaseTable.rows() {
		if b := purchaseOf(&r); r.err == nil {
			all.purchase[b.Item] = p.Purchase(b.Item)
		} else {
			return nil, r.fault()
		}
	}
	for r := range electricityTable.rows() {
		e := electricityOf(&r)
		if r.err != nil {
			return nil, r.fault()
		}
		var err error
		if all.electricity[e.Place], err = p.Electricity(e.Place); err != nil {
			return nil, err
		}
	}
	for r := range carbonTable.rows() {
		c := carbonOf(&r)
		if r.err != nil {
			return nil, r.fault()
		}
		if _, own := all.carbon[c.Place]; !own {
			all.carbon[c.Place] = c
		}
	}
	return all, nil
}

func citedOf(r *row) Cited {
	return Cited{Date: Date(r.text("date")), Source: r.text("source"), Notes: r.text("notes")}
}

// placeIndex finds places by code and name: every country that has a carbon
// intensity, and the wider places that have a price of electricity.
var placeIndex = sync.OnceValue(func() *names.Index {
	var entries []names.Entry
	seen := map[string]bool{}
	for r := range carbonTable.rows() {
		entries = append(entries, names.Entry{ID: r.text("place"), Aliases: r.list("aliases")})
		seen[r.text("place")] = true
	}
	for r := range electricityTable.rows() {
		if place := r.text("place"); !seen[place] {
			seen[place] = true
			entries = append(entries, names.Entry{ID: place, Aliases: []string{r.text("name")}})
		}
	}
	ix := names.New("place", entries)
	ix.Hint = "name a country, its ISO code, a continent, eu or world"
	return ix
})
