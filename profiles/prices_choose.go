package profiles

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/cost"
	"github.com/plimsoll/plimsoll/hardware"
)

// fact makes what the cost step takes of a number and its source, judged at a
// given day. A user's own price without a date is of today.
func (c *Cited) fact(v float64, at Date) *cost.Fact {
	today := c.Own && c.Date == ""
	return &cost.Fact{Value: v, Source: c.Source, Date: string(c.Date), Stale: !today && c.Date.Stale(at)}
}

// USD is the rent of one instance for an hour, on demand or spot; nil where it
// is not offered so.
func (c *CloudPrice) USD(spot bool, at Date) *cost.Fact {
	v := c.OnDemandUSD
	if spot {
		v = c.SpotUSD
	}
	if v <= 0 {
		return nil
	}
	return c.fact(v, at)
}

// Cheapest is the offer that costs least for so many accelerators, in whole
// instances of at least together each: those that work on one model must stand
// in one machine. Figures of market surveys are no offers. The reason is
// empty when there is one.
func (p *Prices) Cheapest(acceleratorID string, devices, together int, spot bool) (*CloudPrice, string) {
	var best *CloudPrice
	least, most := 0.0, 0
	for _, c := range p.Cloud(acceleratorID) {
		usd := c.USD(spot, "")
		if usd == nil || c.Survey {
			continue
		}
		if most = max(most, c.Devices); c.Devices < together {
			continue
		}
		r := cost.Rental{Devices: c.Devices}
		if total := usd.Value * float64(r.Instances(devices)); best == nil || total < least {
			best, least = &c, total
		}
	}
	if best == nil {
		kind := "on demand"
		if spot {
			kind = "spot"
		}
		if most > 0 {
			return nil, fmt.Sprintf("no %s offer with %d %s in one machine is known, only with up to %d; give one in a price file", kind, together, acceleratorID, most)
		}
		return nil, fmt.Sprintf("no %s offer with %s is known; give one in a price file", kind, acceleratorID)
	}
	return best, ""
}

// ElectricityUSD is the price of a kWh at a place for a use (residential or
// business; empty: whichever is known, business first). The reason is empty
// when there is one; the error is that of a place that does not exist.
func (p *Prices) ElectricityUSD(place, use string, at Date) (f *cost.Fact, reason string, err error) {
	list, err := p.Electricity(place)
	if err != nil {
		return nil, "", err
	}
	for _, want := range []string{"business", "residential"} {
		for i := range list {
			if e := &list[i]; e.Use == use || use == "" && e.Use == want {
				usd, why := p.USD(e.Amount, e.Currency)
				if why == "" {
					return e.fact(usd, at), "", nil
				}
				if reason == "" {
					reason = why
				}
			}
		}
	}
	if reason == "" {
		reason = fmt.Sprintf("the price of electricity in %s is not known; give it in a price file", place)
		if use != "" {
			reason = fmt.Sprintf("the %s price of electricity in %s is not known; give it in a price file", use, place)
		}
	}
	return nil, reason, nil
}

// Grams is the intensity as a fact, judged at a given day.
func (c *CarbonIntensity) Grams(at Date) *cost.Fact { return c.fact(c.GramsPerKWh, at) }

// Quote is what a machine costs to buy, line by line.
type Quote struct {
	Lines []QuoteLine
	// Missing names what has no price: a quote with any is too low.
	Missing []string
}

// QuoteLine is a part of a machine with its price.
type QuoteLine struct {
	Count int
	USD   float64 // of one
	PurchasePrice
}

// preferred orders what a price may be, best first, for somebody who buys new.
var preferred = []string{"street", "list", "as_tested", "msrp", "launch", "list_1ku"}

// Quote prices a machine from the lists: the user's own prices first, then
// what new ones sell for, then the maker's price. used takes prices of used
// parts where there are any.
func (p *Prices) Quote(m *hardware.Machine, used bool) *Quote {
	q := &Quote{}
	for i := range m.Nodes {
		p.quoteNode(q, &m.Nodes[i], used)
	}
	slices.Sort(q.Missing)
	q.Missing = slices.Compact(q.Missing)
	return q
}

func (p *Prices) quoteNode(q *Quote, n *hardware.Node, used bool) {
	count := max(n.Count, 1)
	if len(n.Devices) == 0 {
		cpu := n.Host.CPU.ID
		if p.quote(q, cpu, CoversMachine, 0, count, used) {
			return
		}
		if !p.quote(q, cpu, CoversCPU, 0, count*max(n.Host.Sockets, 1), used) {
			q.Missing = append(q.Missing, cpu)
		}
		q.Missing = append(q.Missing, "the computer around "+cpu)
		return
	}
	kinds := map[string]int{}
	var order []string
	for _, d := range n.Devices {
		if kinds[d.ID]++; kinds[d.ID] == 1 {
			order = append(order, d.ID)
		}
	}
	if len(order) == 1 && p.quote(q, order[0], CoversMachine, len(n.Devices), count, used) {
		return
	}
	for _, id := range order {
		if !p.quote(q, id, CoversDevice, 1, count*kinds[id], used) {
			q.Missing = append(q.Missing, id)
		}
	}
	q.Missing = append(q.Missing, "the computer around "+strings.Join(order, ", "))
}

// quote adds the preferred price of an item, if there is one.
func (p *Prices) quote(q *Quote, id string, covers Covers, devices, count int, used bool) bool {
	var best *PurchasePrice
	rank, usd := 0, 0.0
	list := p.Purchase(id)
	for i := range list {
		b := &list[i]
		if b.Covers != covers || devices > 0 && b.Devices != devices || b.What == "used" && !used && !b.Own {
			continue
		}
		v, why := p.USD(b.Amount, b.Currency)
		if why != "" {
			continue
		}
		r := slices.Index(preferred, b.What)
		switch {
		case b.Own, b.What == "used":
			r = -1 // what was asked for
		case r < 0:
			r = len(preferred)
		}
		if best == nil || r < rank { // lists are newest first
			best, rank, usd = b, r, v
		}
		if b.Own {
			break
		}
	}
	if best == nil {
		return false
	}
	q.Lines = append(q.Lines, QuoteLine{Count: count, USD: usd, PurchasePrice: *best})
	return true
}

// Fact sums a quote up, judged at a given day; nil without any line. It is
// stale when a line is, and as old as the oldest.
func (q *Quote) Fact(at Date) *cost.Fact {
	var f *cost.Fact
	for i := range q.Lines {
		l := &q.Lines[i]
		line := l.fact(l.USD*float64(l.Count), at)
		if f == nil {
			f = line
			continue
		}
		f.Value += line.Value
		f.Stale = f.Stale || line.Stale
		if !strings.Contains(f.Source, line.Source) {
			f.Source += "; " + line.Source
		}
		if l.Date.first() < Date(f.Date).first() {
			f.Date = line.Date
		}
	}
	return f
}
