package profiles

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func prices(t testing.TB) *Prices {
	t.Helper()
	p, err := PriceList().Whole()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// rowsOf reads a table of prices that is not embedded.
func rowsOf(t *testing.T, name string) []map[string]string {
	t.Helper()
	f, err := os.Open(filepath.Join("prices", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comment = '#'
	all, err := r.ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var rows []map[string]string
	for _, fields := range all[1:] {
		row := map[string]string{}
		for i, column := range all[0] {
			row[column] = fields[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// How many prices there are. A new line changes a number here, and nothing else.
func TestPriceCounts(t *testing.T) {
	p := prices(t)
	got := map[string]int{"carbon": len(p.carbon)}
	for _, list := range p.cloud {
		got["cloud"] += len(list)
	}
	for _, list := range p.electricity {
		got["electricity"] += len(list)
	}
	for _, list := range p.purchase {
		for _, b := range list {
			got["purchase of a "+string(b.Covers)]++
		}
	}
	want := map[string]int{"cloud": 175, "electricity": 23, "carbon": 212,
		"purchase of a device": 134, "purchase of a cpu": 57, "purchase of a machine": 33}
	for what, n := range want {
		if got[what] != n {
			t.Errorf("%s: %d prices, want %d", what, got[what], n)
		}
	}
}

// What was left out is counted, and still has no place in the catalogues.
func TestPricesLeftOut(t *testing.T) {
	got := map[string]int{}
	for _, r := range rowsOf(t, "left_out.csv") {
		got[r["kind"]+", "+r["why"]]++
		if r["why"] != "not in the catalogue" {
			continue
		}
		tables := []*table{&accelerators, &cpus}
		if r["kind"] == "purchase_list_cpu" {
			tables = tables[1:]
		}
		for _, table := range tables {
			if row, err := table.resolve(r["item"]); err == nil {
				t.Errorf("%s is %s of the catalogue now: move its price from left_out.csv to where it belongs", r["item"], row.text("id"))
			}
		}
	}
	want := map[string]int{
		"purchase_list_cpu, not in the catalogue":                                          70,
		"purchase_board, not in the catalogue":                                             23,
		"purchase_launch, not in the catalogue":                                            2,
		"purchase_board, the price of a whole PC, listed under its processor":              1,
		"carbon_intensity, 0 is rounding: generation always has a footprint over its life": 1,
	}
	for why, n := range want {
		if got[why] != n {
			t.Errorf("%s: %d, want %d", why, got[why], n)
		}
	}
	if len(got) != len(want) {
		t.Errorf("reasons %v, want %d kinds", got, len(want))
	}
}

// Every price is in range, dated in ISO or not at all, and has a source that
// somebody outside could look for; every id is one of the catalogue.
func TestPricesAreSound(t *testing.T) {
	p := prices(t)
	cited := func(what string, c *Cited) {
		if c.Date != "" {
			if _, err := ParseDate(string(c.Date)); err != nil {
				t.Errorf("%s: %v", what, err)
			}
			if c.Date > "2027" || c.Date < "2005" {
				t.Errorf("%s: dated %s", what, c.Date)
			}
		}
		if len(c.Source) < 10 || strings.Contains(c.Source, "public file") || strings.Contains(c.Source, "shared/") || c.Own {
			t.Errorf("%s: source %q", what, c.Source)
		}
	}
	for id, list := range p.cloud {
		if _, ok := accelerators.find(id); !ok {
			t.Errorf("cloud: %s is no accelerator", id)
		}
		for i := range list {
			c := &list[i]
			what := c.Provider + " " + c.Instance + " " + id
			cited(what, &c.Cited)
			each := c.OnDemandUSD / float64(max(c.Devices, 1))
			if c.Provider == "" || c.Devices < 1 || c.Devices > 16 || !(each > 0.05 && each < 20) || c.SpotUSD > c.OnDemandUSD {
				t.Errorf("%s: %d devices at %g, spot %g", what, c.Devices, c.OnDemandUSD, c.SpotUSD)
			}
			if c.Provider == "market" != c.Survey {
				t.Errorf("%s: a survey is of the market", what)
			}
		}
	}
	for id, list := range p.purchase {
		_, device := accelerators.find(id)
		_, cpu := cpus.find(id)
		for i := range list {
			b := &list[i]
			cited(b.Name, &b.Cited)
			if b.Covers == CoversDevice && !device || b.Covers == CoversCPU && !cpu || !device && !cpu {
				t.Errorf("%s: no %s has the id %s", b.Name, b.Covers, id)
			}
			if usd := b.Amount / float64(b.Devices); b.Currency == "USD" && !(usd >= 20 && usd < 80000) || !slices.Contains(append(preferred, "used"), b.What) || b.Devices > 1 && b.Covers != CoversMachine {
				t.Errorf("%s: %g %s, %s of %d", b.Name, b.Amount, b.Currency, b.What, b.Devices)
			}
		}
	}
	for place, list := range p.electricity {
		for i := range list {
			e := &list[i]
			cited(place, &e.Cited)
			if !(e.Amount > 0.01 && e.Amount < 1) || e.Use != "residential" && e.Use != "business" {
				t.Errorf("%s: %g %s, %s", place, e.Amount, e.Currency, e.Use)
			}
		}
	}
	for place, c := range p.carbon {
		cited(place, &c.Cited)
		if !(c.GramsPerKWh > 10 && c.GramsPerKWh < 1500) || len(place) != 3 {
			t.Errorf("%s: %g g", place, c.GramsPerKWh)
		}
	}
}

func TestPriceLookups(t *testing.T) {
	p := prices(t)
	h100 := p.Cloud("h100-sxm5-80gb")
	if len(h100) < 15 || len(p.Cloud("no-such-card")) != 0 {
		t.Fatalf("%d offers with an H100", len(h100))
	}
	for i := range h100[1:] {
		if h100[i].Date.first() < h100[i+1].Date.first() {
			t.Errorf("offer of %s comes before that of %s", h100[i].Date, h100[i+1].Date)
		}
	}
	if list := p.Purchase("rtx-4090-24gb"); len(list) != 2 || list[0].Amount != 1599 {
		t.Errorf("RTX 4090: %+v", list)
	}
	for _, place := range []string{"DEU", "DE", "de", "Germany", "germany"} {
		list, err := p.Electricity(place)
		if err != nil || len(list) != 1 || list[0].Amount != 0.39 {
			t.Errorf("electricity in %s: %+v %v", place, list, err)
		}
		c, err := p.Carbon(place)
		if err != nil || c.Place != "DEU" || c.GramsPerKWh < 300 || c.GramsPerKWh > 450 {
			t.Errorf("carbon in %s: %+v %v", place, c, err)
		}
	}
	for _, c := range []struct{ place, code string }{{"UK", "GBR"}, {"us", "USA"}, {"United States", "USA"}, {"it", "ITA"}, {"IS", "ISL"}, {"no", "NOR"}, {"South Korea", "KOR"}, {"Türkiye", "TUR"}} {
		if got, err := p.Carbon(c.place); err != nil || got.Place != c.code {
			t.Errorf("%s: %+v %v, want %s", c.place, got, err, c.code)
		}
	}
	if list, err := p.Electricity("world"); err != nil || len(list) != 2 {
		t.Errorf("electricity in the world: %+v %v", list, err)
	}
	if list, err := p.Electricity("France"); err != nil || len(list) != 0 {
		t.Errorf("electricity in France: %+v %v", list, err)
	}
	if _, err := p.Carbon("world"); err == nil || !strings.Contains(err.Error(), "not known") {
		t.Errorf("carbon of the world: %v", err)
	}
	if _, err := p.Carbon("Atlantis"); err == nil || !strings.Contains(err.Error(), "unknown place") {
		t.Errorf("carbon of Atlantis: %v", err)
	}
	if places := p.Places(); len(places) != 220 || !slices.IsSorted(places) {
		t.Errorf("%d places", len(places))
	}
}

func TestDates(t *testing.T) {
	for _, c := range []struct {
		date, at Date
		stale    bool
	}{
		{"2026-03-12", "2026-11-26", false}, {"2025-11-26", "2026-11-26", false}, {"2025-11-25", "2026-11-26", true},
		{"2025-12", "2026-11-26", false}, {"2025-11", "2026-11-26", true}, {"2026", "2026-11-26", false}, {"2025", "2026-11-26", true},
		{"", "2026-11-26", true}, {"2016-10-01", "", false}, {"", "", true}, {"2027-01-01", "2026-11-26", false}, {"2024-02-29", "2025-03-01", false},
	} {
		if got := c.date.Stale(c.at); got != c.stale {
			t.Errorf("%q at %s: stale %v", c.date, c.at, got)
		}
	}
	for _, bad := range []string{"", "26", "2026-13", "2026-02-30", "2026-2", "12.3.2026", "2026-03-12T00:00", "-026"} {
		if d, err := ParseDate(bad); err == nil {
			t.Errorf("%q is the date %q", bad, d)
		}
	}
}

func TestCheapest(t *testing.T) {
	p := &Prices{cloud: map[string][]CloudPrice{"card": {
		{Provider: "eight", Devices: 8, OnDemandUSD: 8, SpotUSD: 4}, {Provider: "one", Devices: 1, OnDemandUSD: 2},
		{Provider: "market", Devices: 1, OnDemandUSD: 0.1, Survey: true}, {Provider: "spot only", Devices: 1, SpotUSD: 0.6},
	}}}
	for _, c := range []struct {
		devices, together int
		spot              bool
		want              string
	}{{1, 1, false, "one"}, {3, 1, false, "one"}, {3, 3, false, "eight"}, {5, 1, false, "eight"}, {9, 1, false, "eight"}, {16, 8, false, "eight"},
		{1, 1, true, "spot only"}, {2, 1, true, "spot only"}, {2, 2, true, "eight"}, {8, 8, true, "eight"}} {
		if got, why := p.Cheapest("card", c.devices, c.together, c.spot); got == nil || got.Provider != c.want {
			t.Errorf("%d devices, %d together, spot %v: %+v %s, want %s", c.devices, c.together, c.spot, got, why, c.want)
		}
	}
	if got, why := p.Cheapest("card", 16, 16, false); got != nil || !strings.Contains(why, "16 card in one machine is known, only with up to 8") {
		t.Errorf("%+v %q", got, why)
	}
	if got, why := p.Cheapest("other", 1, 1, false); got != nil || !strings.Contains(why, "no on demand offer with other") {
		t.Errorf("%+v %q", got, why)
	}
}

func TestElectricityUSD(t *testing.T) {
	p := prices(t)
	const at = "2026-11-26"
	f, why, err := p.ElectricityUSD("Europe", "", at)
	if err != nil || why != "" || f.Value != 0.204 || !f.Stale || f.Date != "2025-06" {
		t.Errorf("Europe: %+v %s %v", f, why, err)
	}
	if f, why, err = p.ElectricityUSD("Europe", "residential", at); err != nil || why != "" || f.Value != 0.245 {
		t.Errorf("at home: %+v %s %v", f, why, err)
	}
	if f, why, err = p.ElectricityUSD("Denmark", "", at); err != nil || f != nil || !strings.Contains(why, "exchange: {EUR") {
		t.Errorf("in EUR: %+v %s %v", f, why, err)
	}
	p = p.With(&Prices{exchange: map[string]float64{"EUR": 1.1}})
	if f, why, err = p.ElectricityUSD("Denmark", "", at); err != nil || why != "" || f.Value != 0.349*1.1 || f.Stale {
		t.Errorf("with a rate: %+v %s %v", f, why, err)
	}
	if f, why, err = p.ElectricityUSD("France", "business", at); err != nil || f != nil || !strings.Contains(why, "business price of electricity in France is not known") {
		t.Errorf("unknown: %+v %s %v", f, why, err)
	}
	if _, _, err = p.ElectricityUSD("Atlantis", "", at); err == nil {
		t.Error("Atlantis has a price")
	}
}

func TestQuote(t *testing.T) {
	p := prices(t)
	const at = "2026-11-26"
	for _, c := range []struct {
		query   string
		used    bool
		usd     float64
		lines   int
		missing string
		stale   bool
	}{
		{"rtx-5090", false, 4099, 1, "the computer around rtx-5090-32gb", false},
		{"rtx-5090", true, 2700, 1, "the computer around rtx-5090-32gb", false},
		{"2x rtx-4090", false, 3198, 1, "the computer around rtx-4090-24gb", true},
		{"8x h100-sxm5-80gb", false, 285000, 1, "", false},
		{"2x(8x h100-sxm5-80gb)", false, 570000, 1, "", false},
		{"4x h100-sxm5-80gb", false, 134400, 1, "the computer around h100-sxm5-80gb", true},
		{"gb10", false, 4699, 1, "", false},
		{"rpi-5", false, 80, 1, "", true},
		{"rtx-4090 + rtx-3090", false, 3098, 2, "the computer around rtx-4090-24gb, rtx-3090-24gb", true},
		{"epyc-9654", false, 11805, 1, "the computer around epyc-9654", true},
	} {
		m, err := Machine(c.query, MachineOptions{})
		if err != nil {
			t.Fatal(err)
		}
		q := p.Quote(m, c.used)
		f := q.Fact(at)
		if f == nil || f.Value != c.usd || len(q.Lines) != c.lines || strings.Join(q.Missing, "; ") != c.missing || f.Stale != c.stale || f.Source == "" {
			t.Errorf("%s, used %v: %+v, %d lines, missing %q, want %g", c.query, c.used, f, len(q.Lines), q.Missing, c.usd)
		}
	}
	m, err := Machine("rx-6600-8gb", MachineOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if q := p.Quote(m, false); q.Fact(at) != nil || !slices.Contains(q.Missing, "rx-6600-8gb") {
		t.Errorf("a card without a price: %+v", q)
	}
}

func TestAssumptions(t *testing.T) {
	for _, name := range []string{"lifetime_years", "utilisation", "pue_home", "pue_datacentre"} {
		f, err := Assumption(name)
		if err != nil || f.Value <= 0 || !f.Assumed || !strings.HasPrefix(f.Source, "assumed: ") {
			t.Errorf("%s: %+v %v", name, f, err)
		}
	}
	if _, err := Assumption("interest"); err == nil {
		t.Error("interest is assumed")
	}
	if f := (&Cited{Own: true}).fact(1, "2026-11-26"); f.Stale {
		t.Error("a user's price without a date is stale")
	}
}
