package cli

import (
	"fmt"

	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/hardware"
)

// roomOf says what each pool of a machine of several nodes holds; nil for one
// node. An engine that runs on one computer is estimated on the pool that runs
// the model best.
func roomOf(p *scenario.Prepared) []estimator.Room {
	m := p.Named
	if p.Request.Pipeline != nil {
		return nil
	}
	nodes := 0
	for i := range m.Nodes {
		nodes += max(m.Nodes[i].Count, 1)
	}
	if nodes < 2 {
		return nil
	}
	req := p.Request
	req.Machine = m
	room := estimator.Rooms(&req)
	if best := estimator.Best(room); best > 0 && !p.Request.Engine.Serves() {
		pool := *m
		pool.Nodes = []hardware.Node{m.Nodes[best]}
		pool.ID, pool.Name = m.ID+": "+room[best].Pool, m.Name+": "+room[best].Pool
		p.Request.Machine = &pool
		p.Assumptions = append(p.Assumptions, fmt.Sprintf("the nodes differ, and %s runs on one: all but the room is about a node of %s, the first that runs the model best", p.Request.Engine.Name, room[best].Pool))
	}
	return room
}
