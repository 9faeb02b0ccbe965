package capacity

import (
	"fmt"
	"math"
)

// Resource is something that machines use up, and that may be limited.
type Resource int

// Resources.
const (
	USD          Resource = iota // per month
	Kilowatts                    // from the grid while everything works
	KWh                          // per month, from the grid
	KgCO2e                       // per month
	Machines                     // spare ones included
	NumResources                 //
)

var resourceNames = [NumResources]string{"usd_per_month", "kw", "kwh_per_month", "kg_co2e_per_month", "machines"}

func (r Resource) String() string {
	if r < 0 || r >= NumResources {
		return fmt.Sprintf("resource(%d)", int(r))
	}
	return resourceNames[r]
}

// Amounts are one of each resource.
type Amounts [NumResources]float64

func (a *Amounts) add(b *Amounts, times float64) {
	for i := range a {
		a[i] += b[i] * times
	}
}

// Unlimited is a count or a limit that there is none of.
const Unlimited = -1

// Kind is a kind of machine.
type Kind struct {
	Name    string
	Devices int // of one machine, at least 1
	// Count is how many machines there are; Unlimited for as many as wanted.
	Count int
	// Each is what one machine takes with nothing on it; its Machines are 1
	// whatever stands here.
	Each Amounts
}

// Slice is what a deployment takes of the devices that it shares with others:
// shares of their memory and of their time, 0 to 1.
type Slice struct{ Memory, Busy float64 }

// Option is a way to deploy a workload.
type Option struct {
	Kind    int // index into Problem.Kinds
	Devices int // of one machine, 1 to all of them
	// Carries is the load that one deployment is given at most, in the unit of
	// the workload's load.
	Carries float64
	// Each is what one deployment takes beside its machine.
	Each Amounts
	// Shared says that its devices carry others, too; then it takes just Fixed
	// deployments, each as large as the slice.
	Shared *Slice
	Fixed  int
}

// Workload is what has to be carried.
type Workload struct {
	Name string
	Load float64 // in any unit, above 0
	// Least is the fewest deployments, at least 1.
	Least   int
	Options []Option
}

// Problem is all that has to be assigned, and to what.
type Problem struct {
	Kinds     []Kind
	Workloads []Workload
	// Spare is how many machines of each kind in use may fail.
	Spare int
	// Room is the share of the time for which shared devices may be busy.
	Room float64
	// Limits are the most of each resource; Unlimited for none.
	Limits Amounts
	// Goal is what there is to be least of; of equal solutions the one with the
	// fewest machines is better.
	Goal Resource
	// MaxWork bounds the search, in bundles laid down; 0 is DefaultWork.
	MaxWork int
	// Any asks for the first assignment found, not for the best.
	Any bool
}

// DefaultWork is up to how many deployments a search lays down for trial: some
// tenths of a second.
const DefaultWork = 200_000

// work is the bound of the search.
func (p *Problem) work() int {
	if p.MaxWork > 0 {
		return p.MaxWork
	}
	return DefaultWork
}

// NoLimits are limits of which there are none.
func NoLimits() Amounts {
	var a Amounts
	for i := range a {
		a[i] = Unlimited
	}
	return a
}

// Validate reports what makes no sense, in one line.
func (p *Problem) Validate() error {
	for i := range p.Kinds {
		k := &p.Kinds[i]
		if k.Devices < 1 || k.Count < Unlimited || !sound(&k.Each) {
			return fmt.Errorf("capacity: kind %d (%s): want 1 or more devices, a count, and amounts of 0 or more", i, k.Name)
		}
	}
	for i := range p.Workloads {
		w := &p.Workloads[i]
		if !(w.Load > 0) || math.IsInf(w.Load, 0) || w.Least < 1 {
			return fmt.Errorf("capacity: workload %d (%s): want a load above 0 and 1 or more deployments", i, w.Name)
		}
		for j := range w.Options {
			o := &w.Options[j]
			switch {
			case o.Kind < 0 || o.Kind >= len(p.Kinds) || o.Devices < 1 || o.Devices > p.Kinds[o.Kind].Devices:
				return fmt.Errorf("capacity: option %d of %s: no such kind, or not so many devices", j, w.Name)
			case !(o.Carries > 0) || math.IsInf(o.Carries, 0) || !sound(&o.Each):
				return fmt.Errorf("capacity: option %d of %s: want to carry more than 0, and amounts of 0 or more", j, w.Name)
			case o.Shared != nil && (o.Fixed < 1 || !(o.Shared.Memory >= 0 && o.Shared.Memory <= 1) || !(o.Shared.Busy >= 0 && o.Shared.Busy <= p.Room)):
				return fmt.Errorf("capacity: option %d of %s: want a number of deployments, and shares that fit", j, w.Name)
			}
		}
	}
	switch {
	case p.Spare < 0, p.Goal < 0 || p.Goal >= NumResources:
		return fmt.Errorf("capacity: spare machines are 0 or more, and the goal is a resource")
	case !(p.Room >= 0 && p.Room <= 1):
		return fmt.Errorf("capacity: room is %v; want 0 to 1", p.Room)
	}
	return nil
}

func sound(a *Amounts) bool {
	for _, v := range a {
		if !(v >= 0) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

// Part is a number of deployments of one option.
type Part struct{ Option, N int }

// Solution is an assignment.
type Solution struct {
	// Parts are the deployments of each workload.
	Parts [][]Part
	// Machines are those of each kind, the Spare ones included.
	Machines, Spare []int
	// Used is what all of it takes.
	Used Amounts
	// Bound is the least of the goal that any assignment could take, as far as
	// was found out: Used[Goal] where Proven. Nodes is the partial assignments
	// that were looked at.
	Bound  float64
	Proven bool
	Nodes  int
}

// Gap is by how much of itself the goal may be too high, 0 to 1.
func (s *Solution) Gap(goal Resource) float64 {
	if s.Proven || s.Used[goal] <= 0 {
		return 0
	}
	return math.Max(0, 1-s.Bound/s.Used[goal])
}

// Needed is how many deployments that carry so much each take a load, at least
// least.
func Needed(load, carries float64, least int) int {
	n := math.Ceil(load/carries - 1e-9)
	if !(n < 1e9) {
		n = 1e9
	}
	return max(int(n), least, 1)
}
