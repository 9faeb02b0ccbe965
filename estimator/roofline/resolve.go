package roofline

import (
	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/hardware"
)

// Resolve looks up the parameters of a node's processors for an engine and
// its settings. The result serves every model and workload on them: keep it.
// Class, Format and Flash are left for the caller to set.
func Resolve(t *calibration.Table, s *engine.Settings, node *hardware.Node) (Input, error) {
	return ResolveParts(t, s, node, true, true)
}

// ResolveParts is Resolve for the devices or the host alone, where the other
// has nothing to do.
func ResolveParts(t *calibration.Table, s *engine.Settings, node *hardware.Node, devices, host bool) (Input, error) {
	in := Input{Link: node.Link, Box: node.Reach(), Network: node.Network, Flash: s.FlashOn}
	key := calibration.Key{Backend: s.Backend, Date: s.EngineDate, Threads: s.Threads}
	if s.Engine != nil {
		key.Engine = s.Engine.ID
	}
	for i, d := range node.Devices {
		if !devices {
			break
		}
		if i > 0 && d == node.Devices[i-1] {
			if in.Devices != nil {
				in.Devices = append(in.Devices, in.Devices[i-1])
			}
			continue
		}
		k := key
		k.Device = d
		p, err := t.Lookup(k)
		if err != nil {
			return in, err
		}
		switch {
		case i == 0:
			in.Device = p
		case in.Devices == nil && d.ID == node.Devices[0].ID:
			// another card of the same kind
		default:
			for len(in.Devices) < i {
				in.Devices = append(in.Devices, in.Device)
			}
			in.Devices = append(in.Devices, p)
		}
	}
	if !host {
		return in, nil
	}
	h := key
	h.Backend, h.Host = "cpu", &node.Host
	p, err := t.Lookup(h)
	if err != nil {
		return in, err
	}
	in.Host = p
	return in, nil
}
