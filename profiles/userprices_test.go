package profiles

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// ownPrices is a price file that uses everything there is.
const ownPrices = `
exchange: {EUR: 1.10, jpy: 0.0066}
cloud:
  - device: H100
    provider: Our colocation
    instance: rack 7
    devices: 8
    vcpus: 192
    memory_gb: 2048
    region: fra
    on_demand_usd_h: 12.5
    spot_usd_h: 9
    date: 2026-09-01
    source: contract of September
    notes: three years
  - id: my-box
    provider: Our colocation
    on_demand_usd_h: 1
  - {device: h100-sxm5-80gb, provider: nebius, instance: gpu-h100-sxm 8gpu, devices: 8, region: eu-north1/us-central1, on_demand_usd_h: 20}
purchase:
  - {item: rtx-4090, amount: 1450, currency: eur, what: used, date: 2026-10}
  - {item: epyc-9654, covers: cpu, amount: 0}
  - {id: my-box, covers: machine, devices: 2, amount: 5000, name: the box under the desk}
electricity:
  - {place: France, amount: 0.17, currency: EUR}
  - {place: de, use: residential, amount: 0, notes: our own roof}
carbon:
  - {place: world, g_per_kwh: 480, date: 2024}
  - {place: DEU, g_per_kwh: 50}
`

func TestReadPrices(t *testing.T) {
	own, err := ReadPrices("own.yaml", []byte(ownPrices))
	if err != nil {
		t.Fatal(err)
	}
	base := prices(t)
	p := base.With(own)
	const at = "2026-11-26"

	h100 := p.Cloud("h100-sxm5-80gb")
	if c := h100[0]; !c.Own || c.Provider != "Our colocation" || c.Devices != 8 || c.VCPUs != 192 || c.SpotUSD != 9 || c.Date != "2026-09-01" || c.Source != "contract of September" {
		t.Errorf("first offer %+v", c)
	}
	// One is new, one replaces an offer of the list, whatever the case of letters.
	if len(h100) != len(base.Cloud("h100-sxm5-80gb"))+1 {
		t.Errorf("%d offers, there were %d", len(h100), len(base.Cloud("h100-sxm5-80gb")))
	}
	if i := slices.IndexFunc(h100, func(c CloudPrice) bool { return c.Instance == "gpu-h100-sxm 8gpu" }); i < 0 || h100[i].OnDemandUSD != 20 {
		t.Errorf("the offer was not replaced")
	}
	if c := p.Cloud("my-box"); len(c) != 1 || c[0].Devices != 1 || c[0].Source != "own.yaml" {
		t.Errorf("an id of one's own: %+v", c)
	}
	if c, why := p.Cheapest("h100-sxm5-80gb", 8, 8, false); why != "" || c.Provider != "Our colocation" {
		t.Errorf("cheapest: %+v %s", c, why)
	}
	if b := p.Purchase("rtx-4090-24gb"); len(b) != 3 || b[0].Amount != 1450 || b[0].Currency != "EUR" {
		t.Errorf("RTX 4090: %+v", b)
	}
	m, err := Machine("rtx-4090", MachineOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if f := p.Quote(m, false).Fact(at); f == nil || math.Abs(f.Value-1595) > 1e-9 || f.Stale || f.Date != "2026-10" {
		t.Errorf("quote: %+v", f)
	}
	if f, why, err := p.ElectricityUSD("FR", "", at); err != nil || why != "" || math.Abs(f.Value-0.187) > 1e-12 {
		t.Errorf("electricity: %+v %s %v", f, why, err)
	}
	if f, why, err := p.ElectricityUSD("DE", "", at); err != nil || why != "" || f.Value != 0 || f.Stale {
		t.Errorf("a roof: %+v %s %v", f, why, err)
	}
	if c, err := p.Carbon("world"); err != nil || c.GramsPerKWh != 480 || !c.Grams(at).Stale {
		t.Errorf("carbon of the world: %+v %v", c, err)
	}
	if c, err := p.Carbon("Germany"); err != nil || c.GramsPerKWh != 50 {
		t.Errorf("carbon: %+v %v", c, err)
	}
	// The embedded lists are as they were.
	if b := base.Purchase("rtx-4090-24gb"); len(b) != 2 || len(base.exchange) != 0 {
		t.Errorf("the embedded lists changed: %+v", b)
	}
	if c, err := base.Carbon("DEU"); err != nil || c.Own {
		t.Errorf("the embedded lists changed: %+v", c)
	}
}

func TestReadPricesErrors(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"cloud:\n- device: h101\n  provider: x\n  on_demand_usd_h: 1\n", `x.yaml:2: device: unknown device "h101"`},
		{"cloud:\n- device: h100\n  on_demand_usd_h: 1\n", `x.yaml:2: provider: needs a name`},
		{"cloud:\n- device: h100\n  provider: x\n", `x.yaml:2: an offer: needs on_demand_usd_h or spot_usd_h, more than 0`},
		{"cloud:\n- device: h100\n  provider: x\n  on_demand: 1\n", `x.yaml:4: an offer: unknown key "on_demand"; did you mean "on_demand_usd_h"?`},
		{"cloud:\n- device: h100\n  provider: x\n  devices: 0\n  spot_usd_h: 1\n", `x.yaml:2: devices: want 1 or more`},
		{"cloud:\n- device: h100\n  id: y\n  provider: x\n  spot_usd_h: 1\n", `x.yaml:2: device: either a name of the catalogue or id, not both`},
		{"cloud:\n- provider: x\n  spot_usd_h: 1\n", `x.yaml:2: device: needs a name of the catalogue, or id for a profile of your own`},
		{"cloud:\n- device: h100\n  provider: x\n  spot_usd_h: -1\n", `x.yaml:4: spot_usd_h: want 0 to 1e+12, got -1`},
		{"cloud:\n- device: h100\n  provider: x\n  spot_usd_h: .nan\n", `x.yaml:4: spot_usd_h: want a number, got .nan`},
		{"cloud:\n- device: h100\n  provider: x\n  spot_usd_h: .inf\n", `x.yaml:4: spot_usd_h: want 0 to 1e+12, got +Inf`},
		{"cloud:\n- device: h100\n  provider: x\n  spot_usd_h: 1\n  date: March\n", `x.yaml:2: date: want a date as 2026-03-12, 2026-03 or 2026, got "March"`},
		{"cloud: h100\n", `x.yaml:1: cloud: want a list, got "h100"`},
		{"cloud: [h100]\n", `x.yaml:1: an offer: want a mapping of keys and values, got "h100"`},
		{"purchase:\n- item: rtx-4090\n", `x.yaml:2: amount: needs the price`},
		{"purchase:\n- item: rtx-4090\n  amount: a lot\n", `x.yaml:3: amount: want a number, got "a lot"`},
		{"purchase:\n- item: rtx-4090\n  amount: 5\n  currency: euro\n", `x.yaml:2: currency: want three letters, as in EUR`},
		{"purchase:\n- item: rtx-4090\n  amount: 5\n  covers: all\n", `x.yaml:2: covers: want device, cpu or machine, got "all"`},
		{"electricity:\n- place: Atlantis\n  amount: 1\n", `x.yaml:2: place: unknown place "Atlantis"`},
		{"electricity:\n- amount: 1\n", `x.yaml:2: place: needs a country, a continent, eu or world`},
		{"electricity:\n- place: FR\n", `x.yaml:2: amount: needs the price of a kWh`},
		{"electricity:\n- place: FR\n  amount: 1\n  use: office\n", `x.yaml:2: use: want business or residential, got "office"`},
		{"carbon:\n- place: FR\n", `x.yaml:2: g_per_kwh: needs grams of CO2 equivalent per kWh`},
		{"carbon:\n- {place: FR, g_per_kwh: 1}\n- {place: France, g_per_kwh: 2}\n", `x.yaml:3: place: FRA is given twice`},
		{"exchange: {EURO: 1}\n", `x.yaml:1: exchange: want a currency of three letters, got "EURO"`},
		{"exchange: {USD: 1}\n", `x.yaml:1: exchange: rates are USD for one unit: USD has none`},
		{"exchange: {EUR: 1, eur: 2}\n", `x.yaml:1: exchange: EUR is given twice`},
		{"exchange: {EUR: 0}\n", `x.yaml:1: EUR: want more than 0`},
		{"prices: []\n", `x.yaml:1: the price file: unknown key "prices"; the schema lists what is known`},
		{"a: &a [*a]\n", `x.yaml:1: the price file: unknown key "a"; the schema lists what is known`},
		{"", `x.yaml: 0 documents, want one that lists prices`},
		{"cloud: []\n---\ncloud: []\n", `x.yaml: 2 documents, want one that lists prices`},
		{"[", `x.yaml:1: not valid YAML`},
		{strings.Repeat("[", 100000), `x.yaml:1: nested more than 24 levels deep; a price file needs three`},
		{strings.Repeat("#", 1<<20) + "#", `x.yaml: more than 128 KiB; a price file is a few lines`},
	} {
		_, err := ReadPrices("x.yaml", []byte(test.in))
		switch {
		case err == nil:
			t.Errorf("%.60q: no error, want %s", test.in, test.want)
		case !strings.HasPrefix(err.Error(), test.want) || strings.Contains(err.Error(), "\n"):
			t.Errorf("%.60q\n got %s\nwant %s", test.in, err, test.want)
		}
	}
}

func TestReadPriceFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "own.yaml")
	if err := os.WriteFile(path, []byte(ownPrices), 0o600); err != nil {
		t.Fatal(err)
	}
	if p, err := ReadPriceFile(path); err != nil || len(p.Cloud("my-box")) != 1 {
		t.Errorf("%+v %v", p, err)
	}
	if _, err := ReadPriceFile(dir); err == nil || err.Error() != dir+": not a regular file" {
		t.Errorf("a folder: %v", err)
	}
	if _, err := ReadPriceFile(path + "x"); err == nil || !strings.HasPrefix(err.Error(), path+"x: ") {
		t.Errorf("no file: %v", err)
	}
}

// The published schema is the reader's; what the reader takes obeys it.
func TestPriceFileSchema(t *testing.T) {
	schema := publishedSchema(t, "schema/price-file.schema.json", PriceFileSchema)
	check := func(text string) error {
		j, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(j))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(v)
	}
	if err := check(ownPrices); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"cloud:\n- {device: h100, provider: x, spot: 3}\n", "purchase:\n- {item: rtx-4090}\n", "exchange: {EUR: 0}\n", "prices: []\n",
		"carbon:\n- {place: FR, g_per_kwh: -1}\n"} {
		if check(bad) == nil {
			t.Errorf("%q passes the schema", bad)
		}
	}
}

// Whatever is in a price file, the reader ends with prices that can be merged
// and used, or with one line that names the file.
func FuzzReadPrices(f *testing.F) {
	f.Add([]byte(ownPrices))
	base := prices(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		own, err := ReadPrices("own.yaml", data)
		if err != nil {
			if s := err.Error(); !strings.HasPrefix(s, "own.yaml") || strings.ContainsAny(s, "\n\r\x1b") {
				t.Fatalf("error %q", s)
			}
			return
		}
		p := base.With(own)
		for id, list := range own.cloud {
			if len(p.Cloud(id)) < len(list) {
				t.Fatalf("%s: offers were lost", id)
			}
			for i := range list {
				if c := &list[i]; c.Devices < 1 || !(c.OnDemandUSD >= 0) || !(c.SpotUSD >= 0) || c.OnDemandUSD+c.SpotUSD <= 0 || c.Provider == "" {
					t.Fatalf("offer %+v", c)
				}
			}
			p.Cheapest(id, 8, 8, false)
		}
		for id, list := range own.purchase {
			for i := range list {
				if b := &list[i]; !(b.Amount >= 0) || len(b.Currency) != 3 || b.Devices < 1 {
					t.Fatalf("%s: %+v", id, b)
				}
			}
		}
		for place, list := range own.electricity {
			if _, _, err := p.ElectricityUSD(place, list[0].Use, "2026-11-26"); err != nil {
				t.Fatalf("%s: %v", place, err)
			}
		}
		for place := range own.carbon {
			if _, err := p.Carbon(place); err != nil {
				t.Fatalf("%s: %v", place, err)
			}
		}
	})
}

func TestOwnHardwareAlone(t *testing.T) {
	own, err := ReadPrices("p.yaml", []byte("cloud:\n  - {device: rtx-3090, provider: Cellar, on_demand_usd_h: 9.5}\n"))
	if err != nil {
		t.Fatal(err)
	}
	both := PriceList().With(own)
	if best, _ := both.Cheapest("rtx-3090-24gb", 1, 1, false); best == nil || best.Provider == "Cellar" {
		t.Errorf("of all offers the dearest is the cheapest: %+v", best)
	}
	alone := both.OwnHardware()
	if best, _ := alone.Cheapest("rtx-3090-24gb", 1, 1, false); best == nil || best.Provider != "Cellar" {
		t.Errorf("of one's own offers %+v is the cheapest", best)
	}
	if best, _ := alone.Cheapest("rtx-4090-24gb", 1, 1, false); best != nil || len(alone.Purchase("rtx-4090-24gb")) > 0 {
		t.Error("an embedded price is one's own")
	}
	if list, err := alone.Electricity("world"); err != nil || len(list) == 0 {
		t.Errorf("the price of electricity is gone: %v", err)
	}
}
