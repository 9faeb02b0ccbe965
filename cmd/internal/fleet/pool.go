package fleet

import (
	"cmp"
	"fmt"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
)

// memory is that of a pool's accelerators together.
func (p *pool) memory() (bytes int64) {
	for _, d := range p.node.Devices {
		bytes += d.MemoryBytes * int64(p.node.Count)
	}
	return bytes
}

// title is what the pool is called when its group has no name, or that name is
// not its alone.
func (p *pool) title() string {
	one := p.node
	one.Count = 1
	if len(one.Devices) == 0 {
		name := one.Host.CPU.ID
		if name == "" {
			name = one.Host.CPU.Name
		}
		return name
	}
	name := estimator.PoolName(&one)
	if s := one.Devices[0].Slice; s != "" {
		name += " " + s
	}
	return name
}

// name gives every pool a name of its own.
func (b *builder) name() {
	count := map[string]int{}
	for _, p := range b.pools {
		p.pool = problem.OneLine(cmp.Or(p.pool, p.rep.Instance, p.title()))
		count[p.pool]++
	}
	for _, more := range []func(*pool) string{(*pool).title, func(p *pool) string { return units.GiB(float64(p.node.Host.MemoryBytes)) + " GiB" }} {
		again := map[string]int{}
		for _, p := range b.pools {
			if count[p.pool] > 1 {
				p.pool += ": " + more(p)
			}
			again[p.pool]++
		}
		count = again
	}
	seen := map[string]int{}
	for _, p := range b.pools {
		if seen[p.pool]++; count[p.pool] > 1 && seen[p.pool] > 1 {
			p.pool += fmt.Sprintf(" #%d", seen[p.pool])
		}
		p.node.Name = p.pool
	}
}
