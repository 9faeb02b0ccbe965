package pipeline

import (
	"fmt"
	"sort"

	"github.com/plimsoll/plimsoll/hardware"
)

// mostSuggestions is how many suggestions are given at most.
const mostSuggestions = 4

// worthwhile is the part of the need that a suggestion must save where nothing
// makes the job fit.
const worthwhile = 0.1

// suggestion is a change that was tried.
type suggestion struct {
	Suggestion
	fit *Fit
}

// Suggest proposes what would make a job fit, or fit without offload, each found
// by placing it: the least slow first, at most four. Where none makes it fit
// those that come nearest are given. Nothing is proposed where all fits.
func Suggest(req *Request, fit *Fit) []Suggestion {
	if fit == nil || fit.Fits && !fit.Offloaded {
		return nil
	}
	need, over := fit.fullest()
	var holds, helps []suggestion
	done := map[string]bool{}
	for _, c := range changes(req, fit) {
		if done[c.kind] {
			continue // a smaller change of the kind does
		}
		f, err := Place(c.req)
		if err != nil {
			continue
		}
		if fit.Fits && !f.Fits { // not without offload: with one that is less slow?
			c.req.Setup.Offload = ""
			if f, err = Place(c.req); err != nil || f.Setup.rank() >= fit.Setup.rank() {
				continue
			}
		}
		n, o := f.fullest()
		s := suggestion{Suggestion{Change: c.change, Flags: c.flags}, f}
		switch {
		case f.Fits:
			s.Effect = "fits" + f.margin()
			if fit.Fits {
				s.Effect = "fits without offload" + f.margin()
				if f.Offloaded {
					s.Effect = "fits with " + f.Setup.Words() + f.margin()
				}
			}
			holds, done[c.kind] = append(holds, s), true
		case !fit.Fits && o <= over*(1-worthwhile):
			s.Effect = fmt.Sprintf("needs %s instead of %s", gibWords(n), gibWords(need))
			helps = append(helps, s)
		}
	}
	if len(holds) == 0 {
		sort.SliceStable(helps, func(i, k int) bool {
			_, x := helps[i].fit.fullest()
			_, y := helps[k].fit.fullest()
			return x < y
		})
		holds = helps
	}
	var out []Suggestion
	for _, s := range holds[:min(len(holds), mostSuggestions)] {
		out = append(out, s.Suggestion)
	}
	return out
}

// rank orders ways of offloading by how slow they are.
func (s *Setup) rank() int {
	for i, o := range []Offload{OffloadNone, OffloadModel, OffloadBlocks, OffloadGroup} {
		if s.Offload == o {
			return i
		}
	}
	return 4 // OffloadSequential
}

// margin says how full the fullest memory gets.
func (f *Fit) margin() string {
	need, over := f.fullest()
	if over <= 0 {
		return ""
	}
	return fmt.Sprintf(": needs %s of %s", gibWords(need), gibWords(int64(float64(need)/over)))
}

func gibWords(b int64) string { return fmt.Sprintf("%.1f GiB", float64(b)/gib) }

// change is a request with one thing changed.
type change struct {
	req           *Request
	kind          string // changes of a kind come the smallest first
	change, flags string
}

// changes lists what may be changed, the least slow first: fused attention,
// tiles, narrower text encoders, a narrower denoiser, text on the host, more devices, and ways of
// offloading where the user named one.
func changes(req *Request, fit *Fit) []change {
	a, _, err := req.account()
	if err != nil {
		return nil
	}
	s := fit.Setup
	with := func(edit func(*Setup)) *Request {
		v := *req
		if fit.Fits { // what would make offload needless
			v.Setup.Offload, v.Setup.Blocks = OffloadNone, 0
		}
		edit(&v.Setup)
		return &v
	}
	var out []change
	if a.canFuse(&s) {
		out = append(out, change{with(func(s *Setup) { s.FlashAttention = true }), "attention", "fuse attention", "--flash-attention"})
	}
	if a.has(VAE) && a.engine.Tiling && !s.Tiling {
		out = append(out, change{with(func(s *Setup) { s.Tiling = true }), "tiles", "decode in tiles", "--vae-tiling"})
	}
	if a.has(TextEncoder) {
		for _, f := range a.narrower(s.TextFormat, 8, 4) {
			out = append(out, change{with(func(s *Setup) { s.TextFormat = f }), "text format", "text encoders in " + f, "--text-quant " + f})
		}
	}
	for _, f := range a.narrower(s.Format, 8, 6, 4) {
		out = append(out, change{with(func(s *Setup) { s.Format = f }), "format", "weights in " + f, "--quant " + f})
	}
	if a.has(TextEncoder) && a.device != nil && !a.device.Unified && !s.TextOnCPU {
		out = append(out, change{with(func(s *Setup) { s.TextOnCPU = true }), "host", "run the text encoders on the host", "--text-on-cpu"})
	}
	out = append(out, a.moreDevices(req, s)...)
	if req.Setup.Offload != "" || req.Setup.Blocks > 0 {
		for _, o := range a.engine.Offloads {
			if o != s.Offload && o != OffloadNone && !fit.Fits {
				out = append(out, change{with(func(s *Setup) { s.Offload, s.Blocks = o, 0 }), "offload", "offload: " + string(o), "--offload " + string(o)})
			}
		}
	}
	return out
}

// narrower lists formats of the engine that are narrower than one: of each class
// of bits the one that the engine names first.
func (a *account) narrower(than string, classes ...float64) []string {
	f, err := a.req.FormatNamed(than)
	if err != nil {
		return nil
	}
	limit := f.Bytes(1) * (1 - worthwhile)
	var out []string
	for _, bits := range classes {
		for _, n := range a.engine.Formats {
			// A class takes in the scales of block formats, such as 8.5 bits.
			g, err := a.req.FormatNamed(n)
			if err == nil && g.Bits >= bits && g.Bits <= bits+0.75 && g.Bytes(1) <= limit {
				out, limit = append(out, g.Name), g.Bytes(1)*(1-worthwhile)
				break
			}
		}
	}
	return out
}

// moreDevices divides the tokens of a video over more devices of the same kind.
func (a *account) moreDevices(req *Request, s Setup) []change {
	if a.model.Class != TextToVideo || a.device == nil || a.device.Unified || s.Offload != OffloadNone && req.Setup.Offload != "" {
		return nil
	}
	var out []change
	for n := 2 * max(s.Sequence, 1); n <= a.engine.Parallel && n <= 8; n *= 2 {
		v := *req
		v.Setup.Sequence, v.Setup.Sharded, v.Setup.Offload, v.Setup.Blocks = n, true, OffloadNone, 0
		v.Machine = req.Machine.Clone()
		node := v.Machine.Primary()
		for len(node.Devices) < n*max(s.Guidance, 1)*max(s.Data, 1) && len(node.Devices) < hardware.MaxJoined {
			node.Devices = append(node.Devices, node.Devices[0])
		}
		out = append(out, change{&v, "devices", fmt.Sprintf("%d devices, weights and tokens divided", n), fmt.Sprintf("--devices %d --ulysses %d --sharded", len(node.Devices), n)})
	}
	return out
}
