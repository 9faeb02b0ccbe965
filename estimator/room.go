package estimator

import (
	"fmt"

	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/hardware"
)

// Room is what nodes that are alike hold of a deployment: how many replicas,
// each on the fewest devices that carry it, and what is left.
type Room struct {
	Pool    string `json:"pool"` // name of the nodes, or as --on takes them
	Nodes   int    `json:"nodes"`
	Devices int    `json:"devices"` // of all nodes
	// Verdict is of one replica; does_not_fit where none can be.
	Verdict Verdict `json:"verdict" jsonschema:"enum=fits,enum=tight,enum=fits_with_offload,enum=does_not_fit"`
	// TP and PP divide a server's replica; 0 for other engines.
	TP int `json:"tp,omitempty"`
	PP int `json:"pp,omitempty"`
	// DevicesEach and NodesEach are what one replica takes: 0 devices on a host
	// alone, parts of one node or several whole ones.
	DevicesEach int `json:"devices_each"`
	NodesEach   int `json:"nodes_each"`
	// Replicas are those of all nodes, Sequences how many of the context asked
	// for they hold at once.
	Replicas  int `json:"replicas"`
	Sequences int `json:"sequences"`
	// LeftDevices and LeftNodes carry no replica; LeftBytes is what a replica
	// leaves free of its fullest memory, which a server fills with cache.
	LeftDevices int   `json:"left_devices"`
	LeftNodes   int   `json:"left_nodes"`
	LeftBytes   int64 `json:"left_bytes"`
	// Refused says why no replica can be.
	Refused string `json:"refused,omitempty"`
}

// mostSpanned bounds the computers that a replica is tried on.
const mostSpanned = 64

// Rooms says of each entry of the machine's nodes (which must not be joined)
// what it holds of the request's deployment. A server's replica is as many tensor
// ranks as it takes, within a computer, and a stage for each of several computers
// where one does not carry it, unless the request says how it is divided. Other
// engines run on one computer; where its devices do not carry the model they may
// leave part of it to the host, if that is theirs to do.
func Rooms(req *Request) []Room {
	v := *req
	v.Explain, v.Answers = false, false
	if v.Cache == nil {
		v.Cache = new(Cache)
	}
	out := make([]Room, len(req.Machine.Nodes))
	for i := range out {
		n := &req.Machine.Nodes[i]
		r := &out[i]
		*r = Room{Pool: n.Name, Nodes: max(n.Count, 1), Verdict: DoesNotFit}
		if r.Pool == "" {
			r.Pool = PoolName(n)
		}
		r.Devices = r.Nodes * len(n.Devices)
		r.fill(&v, n)
		if r.Replicas == 0 {
			r.LeftDevices, r.LeftNodes, r.Verdict = r.Devices, r.Nodes, DoesNotFit
			if r.Refused == "" {
				r.Refused = "does not fit"
			}
		}
	}
	return out
}

// some is so many computers of a kind as a machine.
func some(m *hardware.Machine, n *hardware.Node, count int) (*hardware.Machine, error) {
	part := *m
	own := *n
	own.Count = count
	part.Nodes = []hardware.Node{own}
	if count <= 1 {
		part.Network = nil
		return &part, nil
	}
	return part.Join()
}

// layout is a way to run a replica, with what came of it.
type layout struct {
	req   Request
	e     *Result
	nodes int
}

// fill finds the smallest replica and counts how many there are.
func (r *Room) fill(req *Request, n *hardware.Node) {
	one, err := some(req.Machine, n, 1)
	if err != nil {
		r.Refused = err.Error()
		return
	}
	var tight, offload *layout
	// try looks at a replica and says whether nothing smaller is wanted.
	try := func(m *hardware.Machine, nodes int, d engine.Deployment) bool {
		p := &layout{req: *req, e: new(Result), nodes: nodes}
		p.req.Machine, p.req.Deployment = m, d
		if err := allocate(&p.req, p.e); err != nil {
			if r.Refused == "" {
				r.Refused = err.Error()
			}
			return false
		}
		switch p.e.Verdict {
		case Fits:
			r.take(p, n)
			return true
		case Tight:
			if tight == nil {
				tight = p
			}
		case FitsOffload:
			offload = p // on the most devices
		default:
			f := &p.e.Ledgers[fullest(p.e.Ledgers)]
			r.Refused = (&NoRoom{Need: f.Need, Usable: max(f.Usable(), 0)}).Error()
		}
		return false
	}
	sizes := Sizes(one)
	if sliced(n) {
		sizes = []int{1}
	}
	for _, size := range sizes {
		for _, d := range req.shapes(size) {
			if try(Part(one, size, 0), 1, d) {
				return
			}
		}
	}
	if tight == nil && offload == nil && req.Engine.Serves() && len(n.Devices) > 0 && !sliced(n) {
		for nodes := 2; nodes <= min(r.Nodes, mostSpanned, hardware.MaxJoined/len(n.Devices)); nodes++ {
			m, err := some(req.Machine, n, nodes)
			if err != nil {
				break
			}
			for _, d := range req.spans(len(n.Devices), nodes) {
				if try(m, nodes, d) {
					return
				}
			}
			if tight != nil {
				break
			}
		}
	}
	switch {
	case tight != nil:
		r.take(tight, n)
	case offload != nil:
		r.take(offload, n)
	}
}

// given says that the request says how its deployment is divided.
func (req *Request) given() bool {
	d := &req.Deployment
	return max(d.TP, d.PP, d.DP, d.EP) > 0
}

// shapes are the ways to divide a replica over so many devices of a computer:
// for servers tensor ranks first, then stages.
func (req *Request) shapes(size int) []engine.Deployment {
	d := req.Deployment
	switch {
	case !req.Engine.Serves():
		return []engine.Deployment{d}
	case req.given():
		if max(d.TP, 1)*max(d.PP, 1)*max(d.DP, 1) != size {
			return nil
		}
		return []engine.Deployment{d}
	}
	var out []engine.Deployment
	for stages := 1; stages <= size; stages *= 2 {
		if size%stages != 0 {
			break
		}
		out = append(out, divided(d, size/stages, stages))
	}
	return out
}

// spans are the ways to divide a replica over so many computers.
func (req *Request) spans(box, nodes int) []engine.Deployment {
	d := req.Deployment
	if !req.given() {
		return []engine.Deployment{divided(d, box, nodes)}
	}
	if max(d.TP, 1)*max(d.PP, 1)*max(d.DP, 1) != box*nodes {
		return nil
	}
	return []engine.Deployment{d}
}

func divided(d engine.Deployment, tp, pp int) engine.Deployment {
	d.TP, d.PP, d.DP, d.EP = tp, pp, 1, 1
	if tp == 1 {
		d.Split = engine.SplitPipeline
	}
	return d
}

// take counts the replicas of a kind.
func (r *Room) take(p *layout, n *hardware.Node) {
	e := p.e
	r.Refused, r.Verdict, r.NodesEach = "", e.Verdict, p.nodes
	if p.req.Engine.Serves() {
		r.TP, r.PP = e.Settings.TP, e.Settings.PP
	}
	r.DevicesEach = len(p.req.Machine.Primary().Devices)
	if e.Verdict == FitsOffload && !onDevices(e) {
		r.DevicesEach = 0
	}
	switch {
	case p.nodes > 1:
		r.Replicas = r.Nodes / p.nodes
		r.LeftNodes = r.Nodes % p.nodes
		r.LeftDevices = r.LeftNodes * len(n.Devices)
	default:
		per := 1
		if r.DevicesEach > 0 && e.Verdict != FitsOffload {
			per = len(n.Devices) / r.DevicesEach
		}
		if host := &e.Ledgers[len(e.Ledgers)-1]; host.Need > 0 && len(e.Ledgers) > 1 {
			per = min(per, int(max(host.Usable(), 0)/host.Need))
		}
		per = max(per, 1)
		r.Replicas = r.Nodes * per
		r.LeftDevices = r.Nodes * (len(n.Devices) - per*r.DevicesEach)
	}
	f := &e.Ledgers[fullest(e.Ledgers)]
	r.LeftBytes = max(f.Usable()-f.Need, 0)
	r.Sequences = r.Replicas * maxSequences(&p.req, e, e.Verdict.Rank())
}

// onDevices says that some layer lies on a device.
func onDevices(e *Result) bool {
	for i := range e.Placement.Shares {
		if s := &e.Placement.Shares[i]; s.Device != nil && s.Layers.Len() > 0 {
			return true
		}
	}
	return false
}

// Best returns the index of the pool that runs a replica best, the first of
// several alike.
func Best(rooms []Room) int {
	best := 0
	for i := range rooms {
		if rooms[i].Verdict.Rank() < rooms[best].Verdict.Rank() {
			best = i
		}
	}
	return best
}

// String is how a person would ask for a replica: "--tp 8 --pp 2".
func (r *Room) String() string {
	if r.TP == 0 {
		return ""
	}
	text := fmt.Sprintf("--tp %d", r.TP)
	if r.PP > 1 {
		text += fmt.Sprintf(" --pp %d", r.PP)
	}
	return text
}
