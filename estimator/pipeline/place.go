package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/hardware"
)

// Place says how full each memory gets while the request's job runs, and with
// which setup: what the request leaves open is settled as the engine does it,
// and where it leaves the offload open and the job does not fit as it is, the
// least slow way that fits is taken; [Fit.Tried] has the others. Where nothing
// fits, the ledgers are those of the way that comes nearest. It is an error
// if the engine does not run such a model, format or way, or if the machine
// lacks what the setup names.
func Place(req *Request) (*Fit, error) {
	a, setup, err := req.account()
	if err != nil {
		return nil, err
	}
	open := req.Setup.Offload == "" && req.Setup.Blocks == 0
	fit, err := a.fit(setup)
	if err != nil {
		return nil, err
	}
	if setup.Offload == OffloadBlocks && setup.Blocks == 0 {
		if fit, err = a.fewestBlocks(setup); err != nil {
			return nil, err
		}
	}
	if open && !fit.Fits {
		if fit, err = a.ways(setup, fit); err != nil {
			return nil, err
		}
	}
	fit.Offloaded = fit.Setup.Offload != OffloadNone || fit.Setup.TextOnCPU && a.has(TextEncoder) && a.device != nil
	fit.Assumptions = unique(a.assumed)
	return fit, nil
}

// account resolves the request's setup and prepares the counting of memory.
func (req *Request) account() (*account, Setup, error) {
	var none Setup
	if req.Model == nil || req.Engine == nil || req.Machine == nil {
		return nil, none, errors.New("pipeline: model, engine and machine must be given")
	}
	node := req.Machine.Primary()
	if node == nil {
		return nil, none, fmt.Errorf("machine %s has no node", req.Machine.ID)
	}
	job, err := req.Model.Resolve(req.Job)
	if err != nil {
		return nil, none, err
	}
	a := &account{req: req, model: req.Model, engine: req.Engine, node: node, job: job}
	setup, err := a.resolve(req.Setup)
	if err != nil {
		return nil, none, err
	}
	if a.stages, err = Stages(a.model, a.job); err != nil {
		return nil, none, err
	}
	if len(a.stages) == 0 {
		return nil, none, fmt.Errorf("%s: nothing is known of what it does", a.model.ID)
	}
	a.phases = a.group()
	if err := a.known(); err != nil {
		return nil, none, err
	}
	return a, setup, nil
}

// resolve fills in what the setup leaves open, and refuses what the engine or
// the machine cannot do.
func (a *account) resolve(s Setup) (Setup, error) {
	e := a.engine
	if !a.runs() {
		return s, fmt.Errorf("%s does not run %s models; name another engine", e.ID, a.model.Class)
	}
	for _, n := range []struct {
		name  string
		value int
	}{{"sequence-parallel devices", s.Sequence}, {"devices of the passes", s.Guidance}, {"jobs side by side", s.Data}, {"blocks in main memory", s.Blocks}, {"threads", s.Threads}} {
		if n.value < 0 || n.value > hardware.MaxJoined {
			return s, fmt.Errorf("%s: %d is not a sensible number", n.name, n.value)
		}
	}
	if err := a.backend(&s); err != nil {
		return s, err
	}
	if err := a.formats(&s); err != nil {
		return s, err
	}
	if err := a.devices(&s); err != nil {
		return s, err
	}
	s.Tiling = s.Tiling || e.Tiled && a.has(VAE)
	if s.Tiling && !e.Tiling && !e.Tiled && a.has(VAE) {
		return s, fmt.Errorf("%s does not decode in tiles", e.ID)
	}
	return s, a.offload(&s)
}

func (a *account) runs() bool {
	return len(a.engine.Classes) == 0 || slices.Contains(a.engine.Classes, a.model.Class)
}

// backend settles on what the engine computes: the first device where it has a
// way for it, else the host.
func (a *account) backend(s *Setup) error {
	var host, device *Backend
	var ids []string
	vendor := ""
	if len(a.node.Devices) > 0 {
		vendor = strings.ToLower(a.node.Devices[0].Vendor)
	}
	for i := range a.engine.Backends {
		b := &a.engine.Backends[i]
		ids = append(ids, b.ID)
		if b.ID == backendCPU {
			host = b
			continue
		}
		if vendor != "" && (device == nil || b.takes(vendor) && !device.takes(vendor)) && (b.takes(vendor) || b.takes("*")) {
			device = b
		}
	}
	if s.Backend != "" {
		for i := range a.engine.Backends {
			if b := &a.engine.Backends[i]; strings.EqualFold(b.ID, s.Backend) {
				if b.ID != backendCPU && len(a.node.Devices) == 0 {
					return fmt.Errorf("backend %s needs an accelerator, and the machine has none", b.ID)
				}
				a.use(s, b)
				return nil
			}
		}
		return fmt.Errorf("%s has no backend %q; it has %s", a.engine.ID, s.Backend, strings.Join(ids, ", "))
	}
	switch {
	case device != nil:
		a.use(s, device)
	case host != nil:
		if vendor != "" && len(a.engine.Backends) > 1 {
			a.assumed = append(a.assumed, fmt.Sprintf("%s has no backend for devices of %s: it runs on the host", a.engine.ID, a.node.Devices[0].Vendor))
		}
		a.use(s, host)
	case vendor == "":
		return fmt.Errorf("%s needs an accelerator, and the machine has none; name an engine that runs on a host", a.engine.ID)
	default:
		return fmt.Errorf("%s does not run on devices of %s; it has backends %s", a.engine.ID, a.node.Devices[0].Vendor, strings.Join(ids, ", "))
	}
	return nil
}

func (b *Backend) takes(vendor string) bool {
	return slices.ContainsFunc(b.Vendors, func(v string) bool { return strings.EqualFold(v, vendor) })
}

func (a *account) use(s *Setup, b *Backend) {
	s.Backend, a.context = b.ID, b.ContextMiB
	if b.ID != backendCPU {
		a.device = a.node.Devices[0]
	}
}
