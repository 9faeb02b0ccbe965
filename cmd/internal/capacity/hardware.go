package capacity

import (
	"os"

	"github.com/plimsoll/plimsoll/cmd/internal/money"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
	assign "github.com/plimsoll/plimsoll/estimator/capacity"
	"github.com/plimsoll/plimsoll/estimator/cost"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles"
)

// kind is a kind of machine.
type kind struct {
	in    *profiles.PlanHardware
	index int
	key   string // in the plan's lines
	// machine is one of them as one node, with nothing in use.
	machine  *hardware.Machine
	devices  int // 1 where there are no accelerators
	sizes    []int
	standing estimator.Hourly
	offer    *money.Offer
	terms    map[int]*estimator.Terms // by number of devices
	parts    map[part]*hardware.Machine
	refused  string
	noPrice  bool // that is why
}

type part struct {
	of      *hardware.Machine
	devices int
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// hardware finds all machines and what they take.
func (p *planner) hardware() error {
	for i := range p.plan.Hardware {
		k := &kind{in: &p.plan.Hardware[i], index: i, key: key("hardware", i), terms: map[int]*estimator.Terms{}, parts: map[part]*hardware.Machine{}}
		if err := p.machine(k); err != nil {
			return p.at(k.key, err)
		}
		p.kinds = append(p.kinds, k)
	}
	return nil
}

func (p *planner) machine(k *kind) error {
	o := scenario.MachineOptions{Host: k.in.Host}
	if k.in.RAM != "" {
		var err error
		if o.RAMBytes, err = units.ParseBytes(k.in.RAM); err != nil {
			return problem.Wrong(problem.BadValue, "ram: "+err.Error(), "", "")
		}
	}
	m, err := p.Facts.Machine(p.ctx, p.located(k.in.On), o)
	if err != nil {
		return problem.From(problem.UnknownHW, err)
	}
	if len(estimator.SplitMachine(m)) > 1 {
		return problem.Wrong(problem.BadValue, m.ID+": its computers differ", "", "list each kind of computer as hardware of its own")
	}
	if k.machine, err = m.Join(); err != nil {
		return problem.Wrong(problem.BadValue, m.ID+": "+err.Error(), "", "")
	}
	k.sizes = estimator.Sizes(k.machine)
	k.devices = k.sizes[len(k.sizes)-1]
	inUse := k.inUse()
	for _, d := range k.machine.Primary().Devices {
		if inUse > 0 && inUse >= d.MemoryBytes {
			return problem.Wrong(problem.BadValue, "in_use_gb is all the memory of "+d.Name, "", "give what others use of each device")
		}
	}
	for _, d := range k.sizes {
		t, offer, err := p.book.Terms(estimator.Part(k.machine, d, 0))
		if err != nil {
			return err
		}
		if d == k.devices {
			k.offer = offer
		}
		k.terms[d] = t
	}
	whole := k.terms[k.devices]
	if v := k.in.USDPerHour; v != nil {
		whole.Tenure, k.offer = estimator.Rented, nil
		whole.Rental = &cost.Rental{USDPerHour: &cost.Fact{Value: *v, Source: "the plan"}, Devices: max(len(k.machine.Primary().Devices), 1), Utilisation: 1}
		whole.Warnings = nil
	}
	if v := k.in.PurchaseUSD; v != nil && whole.Owned != nil {
		own := *whole.Owned
		own.USD, own.Why = &cost.Fact{Value: *v, Source: "the plan"}, ""
		whole.Owned, whole.Warnings = &own, nil
	}
	k.standing = whole.Standing(max(len(k.machine.Primary().Devices), 1))
	if f := k.standing.USD; f != nil && k.in.USDPerHour != nil {
		own := *f
		own.Basis = "price of the plan"
		k.standing.USD = &own
	}
	switch {
	case p.priced && k.standing.USD == nil && (k.in.Count == nil || p.limits[assign.USD] >= 0):
		k.refused = k.standing.NoUSD + ", or usd_per_hour in the plan"
		k.noPrice = true
	case p.energy && k.standing.Kilowatts == nil:
		k.refused = k.standing.NoPower
	}
	return nil
}

// withoutPrices plans for the fewest machines where no hardware has a price, and
// nobody said that it was to be the cheapest.
func (p *planner) withoutPrices() {
	if p.plan.Goal != "" || p.limits[assign.USD] >= 0 || len(p.kinds) == 0 {
		return
	}
	for _, k := range p.kinds {
		if !k.noPrice {
			return
		}
	}
	p.goal, p.priced, p.unpriced = assign.Machines, false, true
	for _, k := range p.kinds {
		k.refused, k.noPrice = "", false
	}
}

func (k *kind) inUse() int64 { return int64(k.in.InUseGB * float64(hardware.GiB)) }

// part is so many devices of a request's machine, the same for the same.
func (k *kind) part(m *hardware.Machine, devices int) *hardware.Machine {
	at := part{m, devices}
	if k.parts[at] == nil {
		k.parts[at] = estimator.Part(m, devices, k.inUse())
	}
	return k.parts[at]
}
