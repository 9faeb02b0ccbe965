package pipeline

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// formats settles the formats of the weights by the engine's names.
func (a *account) formats(s *Setup) error {
	e := a.engine
	if s.Format == "" {
		s.Format = e.Default
		if a.device == nil && e.HostFormat != "" {
			s.Format = e.HostFormat
		}
	}
	f, err := a.req.FormatNamed(s.Format)
	if err != nil {
		return err
	}
	s.Format = f.Name
	if err := a.offers(f); err != nil {
		return err
	}
	if !a.has(TextEncoder) {
		s.TextFormat = ""
		return nil
	}
	if s.TextFormat == "" {
		// Text encoders stay in 16 bits where the denoiser is quantised.
		s.TextFormat = f.Name
		if f.Bits < 16 {
			s.TextFormat = plain(f.Name)
			if d, err := a.req.FormatNamed(e.Default); err == nil && d.Bits == 16 {
				s.TextFormat = d.Name
			}
		}
		return nil
	}
	t, err := a.req.FormatNamed(s.TextFormat)
	if err != nil {
		return err
	}
	s.TextFormat = t.Name
	return a.offers(t)
}

// offers refuses a format that the engine does not run.
func (a *account) offers(f *Format) error {
	if len(a.engine.Formats) == 0 {
		return nil
	}
	for _, n := range a.engine.Formats {
		if g, err := a.req.FormatNamed(n); err == nil && g.Name == f.Name {
			return nil
		}
	}
	return fmt.Errorf("%s does not run %s; it runs %s", a.engine.ID, f.Name, strings.Join(a.engine.Formats, ", "))
}

// devices checks over how many devices the job is divided.
func (a *account) devices(s *Setup) error {
	s.Sequence, s.Guidance, s.Data = max(s.Sequence, 1), max(s.Guidance, 1), max(s.Data, 1)
	n := float64(s.Sequence) * float64(s.Guidance) * float64(s.Data)
	if n == 1 {
		return nil
	}
	if a.device == nil {
		return fmt.Errorf("the setup divides the job over %g devices, and it runs on the host", n)
	}
	if n > float64(len(a.node.Devices)) {
		return fmt.Errorf("the setup takes %g devices, and the node has %d", n, len(a.node.Devices))
	}
	if most, asked := max(a.engine.Parallel, 1), s.Sequence*s.Guidance; asked > most {
		return fmt.Errorf("%s divides a job over at most %d devices, not %d; jobs side by side may take the others", a.engine.ID, most, asked)
	}
	if s.Guidance > 1 {
		passes := max(a.job.Passes, 1)
		if s.Guidance > passes {
			return fmt.Errorf("the passes of a step are %d: they cannot be divided over %d devices", passes, s.Guidance)
		}
	}
	if c := a.model.Find(Denoiser); c != nil && s.Sequence > 1 && !s.Ring && c.Heads > 0 && c.Heads%s.Sequence != 0 {
		return fmt.Errorf("%d heads do not divide over %d devices; ring attention may", c.Heads, s.Sequence)
	}
	return nil
}

// offload checks the way of offloading.
func (a *account) offload(s *Setup) error {
	if s.Blocks > 0 && s.Offload == "" {
		s.Offload = OffloadBlocks
	}
	if s.Offload == "" {
		s.Offload = OffloadNone
	}
	if s.Offload == OffloadNone {
		s.Blocks = 0
		return nil
	}
	if a.device == nil {
		return fmt.Errorf("there is nothing to offload: all is on the host")
	}
	if !a.knows(s.Offload) {
		var names []string
		for _, o := range a.engine.Offloads {
			names = append(names, string(o))
		}
		if len(names) == 0 {
			names = []string{"no way of offloading"}
		}
		return fmt.Errorf("%s does not know offload %q; it knows %s", a.engine.ID, s.Offload, strings.Join(names, ", "))
	}
	if s.Offload != OffloadBlocks {
		s.Blocks = 0
		return nil
	}
	layers := a.denoiserLayers()
	if layers == 0 {
		return fmt.Errorf("%s has no denoiser whose layers are known: blocks cannot be swapped", a.model.ID)
	}
	s.Blocks = min(s.Blocks, layers)
	return nil
}

// knows says whether the engine knows a way of offloading.
func (a *account) knows(o Offload) bool {
	return o == OffloadNone || slices.Contains(a.engine.Offloads, o)
}

func (a *account) denoiserLayers() int {
	if c := a.model.Find(Denoiser); c != nil {
		return c.layers()
	}
	return 0
}

func (a *account) has(r Role) bool { return a.model.Find(r) != nil }

// known refuses a model of whose main networks no size is known, and says
// which others are left out.
func (a *account) known() error {
	for i := range a.model.Components {
		c := &a.model.Components[i]
		if a.weights(c) > 0 {
			continue
		}
		switch c.Role {
		case Denoiser, Decoder, LanguageModel:
			return fmt.Errorf("%s: the size of its %s is not known", a.model.ID, orWord(c.Name, string(c.Role)))
		}
		a.assumed = append(a.assumed, fmt.Sprintf("the size of the %s is not known: its weights are left out", orWord(c.Name, string(c.Role))))
	}
	return nil
}

// weights is a component's number of weights: as stated, or by the size of a
// published file.
func (a *account) weights(c *Component) int64 {
	if c.Params > 0 || c.FileBytes <= 0 {
		return max(c.Params, 0)
	}
	f, err := a.req.FormatNamed(c.FileFormat)
	if err != nil || f.Bits <= 0 {
		return 0
	}
	return int64(math.Round(float64(c.FileBytes) / f.Bytes(1)))
}
