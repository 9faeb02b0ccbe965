package money

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/profiles"
)

// Options are what was said of costs: part of a document's inputs. Numbers of
// 0 were not given; an amount that may be 0 is a pointer.
type Options struct {
	PriceFile string `json:"price_file,omitempty"`
	// OwnPrices takes the prices of hardware from the price file alone.
	OwnPrices bool `json:"own_prices,omitempty"`
	// PricesAt is the month at which prices are judged to be old.
	PricesAt string `json:"prices_at"`
	Spot     bool   `json:"spot,omitempty"`
	Own      bool   `json:"own,omitempty"`  // costs are of a bought machine
	Used     bool   `json:"used,omitempty"` // and that is bought used
	// Country is where the machine stands, for electricity and carbon.
	Country       string   `json:"country,omitempty"`
	USDPerHour    float64  `json:"usd_per_hour,omitempty"` // rent of the whole machine
	PurchaseUSD   *float64 `json:"purchase_usd,omitempty"` // of the whole machine
	USDPerKWh     *float64 `json:"usd_per_kwh,omitempty"`
	GramsPerKWh   *float64 `json:"gco2e_per_kwh,omitempty"`
	PUE           float64  `json:"pue,omitempty"`
	Utilisation   float64  `json:"utilisation,omitempty"`
	LifetimeYears float64  `json:"lifetime_years,omitempty"`
	ResidualShare float64  `json:"residual_share,omitempty"`
}

// amount is a flag for a number that may be 0.
type amount struct{ value **float64 }

func (a amount) String() string {
	if a.value == nil || *a.value == nil {
		return ""
	}
	return strconv.FormatFloat(**a.value, 'g', -1, 64)
}

func (a amount) Set(text string) error {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return fmt.Errorf("%.40q is not a number", text)
	}
	*a.value = &v
	return nil
}

func (a amount) Type() string { return "float" }

// AddFlags adds the flags of costs.
func AddFlags(fs *pflag.FlagSet, o *Options) {
	fs.StringVar(&o.PriceFile, "price-file", "", "your own prices (YAML, see plimsoll schema price-file), before the embedded ones")
	fs.StringVar(&o.PricesAt, "prices-at", "", "month at which prices older than a year are flagged, as 2026-11 (default: this one)")
	fs.BoolVar(&o.Spot, "spot", false, "rents are spot prices instead of those on demand")
	fs.Float64Var(&o.USDPerHour, "price-per-hour", 0, "what the whole machine costs per hour to rent, in USD")
	fs.BoolVar(&o.Own, "own", false, "costs are of a bought machine: its price over its life, and electricity")
	fs.BoolVar(&o.Used, "used", false, "with --own: bought used, where such a price is known")
	fs.Var(amount{&o.PurchaseUSD}, "purchase-price", "what the whole machine costs to buy, in USD (implies --own)")
	fs.StringVar(&o.Country, "country", "", "where it stands, for electricity and carbon (default: the world's mean price)")
	fs.Var(amount{&o.USDPerKWh}, "electricity", "price of electricity in USD per kWh")
	fs.Var(amount{&o.GramsPerKWh}, "carbon", "carbon intensity of electricity in grams of CO2e per kWh")
	fs.Float64Var(&o.PUE, "pue", 0, "power of the building by that of its computers (default: 1 at home, else assumed)")
	fs.Float64Var(&o.Utilisation, "utilisation", 0, "share of its hours in which a bought machine works, 0 to 1 (default: assumed)")
	fs.Float64Var(&o.LifetimeYears, "lifetime", 0, "years over which a bought machine is written off (default: assumed)")
	fs.Float64Var(&o.ResidualShare, "residual", 0, "share of the price that it still fetches then, 0 to 1")
}

// settle fills in the month and checks every number.
func (o *Options) settle(getenv func(string) string) (profiles.Date, error) {
	if o.PricesAt == "" {
		o.PricesAt = month(getenv)
	}
	at, err := profiles.ParseDate(o.PricesAt)
	if err != nil {
		return "", problem.Wrong(problem.BadValue, problem.OneLine(err.Error()), "--prices-at", "write it as 2026-11")
	}
	value := func(p *float64) float64 {
		if p == nil {
			return 0
		}
		return *p
	}
	for _, n := range []struct {
		flag      string
		v, lo, hi float64
	}{
		{"price-per-hour", o.USDPerHour, 0, math.MaxFloat32}, {"purchase-price", value(o.PurchaseUSD), 0, math.MaxFloat32},
		{"electricity", value(o.USDPerKWh), 0, 1e6}, {"carbon", value(o.GramsPerKWh), 0, 1e6},
		{"utilisation", o.Utilisation, 0, 1}, {"lifetime", o.LifetimeYears, 0, 1000}, {"residual", o.ResidualShare, 0, 1},
	} {
		if !(n.v >= n.lo && n.v <= n.hi) {
			return "", problem.Wrong(problem.BadValue, fmt.Sprintf("%s is %g", n.flag, n.v), "--"+n.flag, fmt.Sprintf("give a number from %g to %g", n.lo, n.hi))
		}
	}
	if o.PUE != 0 && !(o.PUE >= 1 && o.PUE <= 10) {
		return "", problem.Wrong(problem.BadValue, fmt.Sprintf("pue is %g", o.PUE), "--pue", "give a number of 1 or more")
	}
	o.Own = o.Own || o.PurchaseUSD != nil
	if o.Own && o.Spot {
		return "", problem.Wrong(problem.Contradiction, "a machine is bought or rented at spot prices, not both", "--spot", "leave out either --own or --spot")
	}
	return at, nil
}

// month is the present one, or that of SOURCE_DATE_EPOCH, by which builds are
// made reproducible.
func month(getenv func(string) string) string {
	now := time.Now()
	if s, err := strconv.ParseInt(getenv("SOURCE_DATE_EPOCH"), 10, 64); err == nil {
		now = time.Unix(s, 0)
	}
	return now.UTC().Format("2006-01")
}
