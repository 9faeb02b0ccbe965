package pipeline

import (
	"fmt"
	"math"
)

// held is what a component's weights take with a setup.
type held struct {
	c      *Component
	format *Format
	bytes  float64 // all its weights, on one device
	// active are those that one call uses (an expert of several), layer those of
	// one layer, rest those outside of the layers; layer 0: not known.
	active, layer, rest float64
	formula             string
	// beside is the checkpoint that lies beside the weights while they are loaded.
	beside float64
	// gather is the buffer that a sharded component's layers are put together in.
	gather float64
}

// components works out what each component takes.
func (a *account) components(s *Setup) ([]held, error) {
	out := make([]held, len(a.model.Components))
	for i := range a.model.Components {
		c := &a.model.Components[i]
		f, err := a.req.formatOf(c, s)
		if err != nil {
			return nil, err
		}
		h := &out[i]
		h.c, h.format = c, f
		n := a.weights(c)
		if f, err = a.loaded(h, f, n); err != nil {
			return nil, err
		}
		h.bytes, h.formula = c.bytes(f, n, a.engine.HalfConvolutions)
		h.active = h.bytes
		if c.ActiveParams > 0 && c.ActiveParams < n {
			h.active *= float64(c.ActiveParams) / float64(n)
		}
		a.layers(h, f, n)
		if err := a.shard(s, h, n); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// loaded is the format in which n weights lie in memory, and settles what lies
// beside them while they are loaded.
func (a *account) loaded(h *held, f *Format, n int64) (*Format, error) {
	if w := a.engine.LoadFormat; w != "" {
		stored, err := a.req.FormatNamed(w)
		if err != nil {
			return nil, err
		}
		h.beside = stored.Bytes(n)
	}
	if w := a.engine.KeptFormat; w != "" {
		kept, err := a.req.FormatNamed(w)
		if err != nil {
			return nil, err
		}
		if kept.Bits > f.Bits {
			return kept, nil
		}
	}
	return f, nil
}

// besideLine is what the checkpoint takes beside the weights while they are
// loaded, beyond the activations, which come to lie where it lay.
func besideLine(all []held, activations []Line) Line {
	b := 0.0
	for i := range all {
		b += all[i].beside
	}
	words := mibWords(b)
	low, high := b, b
	for _, l := range activations {
		b, low, high = b-float64(l.Bytes), low-float64(l.High), high-float64(l.Low)
	}
	return Line{Name: "checkpoint", Kind: weightKind, Bytes: size(math.Max(b, 0)), Low: size(math.Max(low, 0)), High: size(math.Max(high, 0)),
		Formula: words + " read to where the weights go, and beside them until all are copied, less the activations that come to lie there", Source: "engine data"}
}

// bytes is the size of n weights of a component in a format. What must stay in
// 32 bits where the rest is in FP16 does; the convolutions of a U-Net stay in 16
// bits where a format is narrower, and with half where it is wider.
func (c *Component) bytes(f *Format, n int64, half bool) (float64, string) {
	kept := min(max(c.FP32Params, 0), n)
	switch {
	case c.FileBytes > 0 && c.FileFormat != "" && f.named(c.FileFormat):
		return float64(c.FileBytes), "the tensors of the file, as stored"
	case kept > 0 && f.Bits == 16 && f.Name == "fp16":
		return f.Bytes(n-kept) + 4*float64(kept), fmt.Sprintf("%d weights × %s + %d × 32 bits ÷ 8", n-kept, f.width(), kept)
	case half && c.Role == VAE && f.Bits > 16:
		return 2 * float64(n), fmt.Sprintf("%d weights × 16 bits ÷ 8", n)
	case c.Kind == UNet && (f.Bits < 16 || half && f.Bits > 16):
		if linear := min(c.linear(), float64(n)); linear > 0 {
			return f.Bytes(int64(linear)) + 2*(float64(n)-linear), fmt.Sprintf("(%.0f weights of transformer blocks × %s + %.0f of convolutions × 16 bits) ÷ 8", linear, f.width(), float64(n)-linear)
		}
	}
	return f.Bytes(n), fmt.Sprintf("%d weights × %s ÷ 8", n, f.width())
}

// width is a format's bits in words.
func (f *Format) width() string {
	if f.Kept > 0 {
		return fmt.Sprintf("(%g%% × %g + %g%% × 16 bits)", 100*(1-f.Kept), f.Bits, 100*f.Kept)
	}
	return fmt.Sprintf("%g bits", f.Bits)
}

// linear counts the weights in the transformer blocks of a U-Net: two blocks a
// level going down, three going up and one in the middle, each with Depths
// transformer layers of 18 widths² (self-attention 4, cross-attention's own 2,
// gated feed-forward 12) and twice the width of the text.
func (c *Component) linear() float64 {
	sum := 0.0
	for i, w := range c.Channels {
		if i >= len(c.Depths) || c.Depths[i] <= 0 {
			continue
		}
		blocks, d, w := 5.0, float64(c.Depths[i]), float64(w)
		if i == len(c.Channels)-1 || c.Depths[len(c.Depths)-1] == 0 && i == len(c.Channels)-2 {
			blocks++
		}
		sum += blocks * d * (18*w*w + 2*w*float64(c.CrossDim))
	}
	return sum
}

// layers divides a component's weights into layers of one size and the rest:
// embeddings, and what does not repeat.
func (a *account) layers(h *held, f *Format, n int64) {
	c := h.c
	if c.Vocab > 0 && c.Hidden > 0 {
		h.rest = math.Min(f.Bytes(int64(c.Vocab))*float64(c.Hidden), h.active/2)
	}
	count := float64(c.layers())
	if c.Kind == UNet && count == 0 && len(c.Channels) > 0 {
		// Blocks of a U-Net are unlike: the widest holds about twice the mean.
		count = float64(5*len(c.Channels)+1) / 2
	}
	if count > 0 && n > 0 {
		h.layer = (h.active - h.rest) / count
	}
}

// shard divides the weights over the devices of a job where they are sharded
// (Zhao et al. 2023, arXiv:2304.11277): autoencoders are left whole. While it
// works a component's layer, and the next beside it, are gathered.
func (a *account) shard(s *Setup, h *held, n int64) error {
	devices := float64(s.Sequence * s.Guidance)
	if !s.Sharded || devices <= 1 || h.c.Role == VAE || h.c.Role == Vocoder {
		return nil
	}
	h.gather = 2 * h.layer
	if w := a.engine.ShardedFormat; w != "" && (h.c.Role == Denoiser || h.c.Role == ControlNet) {
		f, err := a.req.FormatNamed(w)
		if err != nil {
			return err
		}
		if b := f.Bytes(n); b > h.bytes {
			for _, v := range []*float64{&h.active, &h.layer, &h.rest} {
				*v *= b / h.bytes
			}
			h.bytes, h.formula = b, fmt.Sprintf("%d weights × %s ÷ 8", n, f.width())
		}
	}
	h.formula += fmt.Sprintf(" ÷ %g devices", devices)
	for _, v := range []*float64{&h.bytes, &h.active, &h.layer, &h.rest} {
		*v /= devices
	}
	return nil
}

// weightsLow is how little of the weights may turn out to lie in memory, as a
// share: encoders of autoencoders and heads that a job does not need are left
// out by some programs, and peaks are published in GB and GiB alike.
const weightsLow = 0.94

// weightLines says what of component k lies on a device and what in main memory
// in phase i.
func (a *account) weightLines(s *Setup, all []held, i, k int) (on, off Line) {
	h, p := &all[k], &a.phases[i]
	works := p.works(k)
	device, host, words := h.bytes, 0.0, ""
	low, high := weightsLow, 1.0
	switch {
	case s.TextOnCPU && h.c.Role == TextEncoder:
		device, host, words = 0, h.bytes, "run by the host"
	case a.engine.Frees && s.Offload == OffloadNone && a.last(k) >= 0 && a.last(k) < i:
		device = 0
	case s.Offload == OffloadNone:
	case !works || p.work == WorkText && a.largest(all, p) != k:
		device, host, words = 0, h.bytes, "waiting in main memory"
	case s.Offload == OffloadModel || s.Offload == OffloadBlocks && h.c.Role != Denoiser:
		device, host, words = h.active, h.bytes-h.active, "at work"
		if h.active < h.bytes {
			words = fmt.Sprintf("of which %.3g%% at work", 100*h.active/h.bytes)
		}
	case h.layer <= 0 || h.c.Role == VAE || h.c.Role == Vocoder:
		device, words = h.bytes, "at work, whole"
	case s.Offload == OffloadBlocks:
		// What is swapped lies in main memory, but for the layer at work.
		swapped := h.layer * float64(s.Blocks)
		device, host = math.Min(h.active, h.active-swapped+h.layer), h.bytes-h.active+swapped
		words = fmt.Sprintf("less %d layers of %s and one at work", s.Blocks, mibWords(h.layer))
	default:
		n := groupLayers
		if s.Offload == OffloadSequential {
			n = 1
		}
		device, host = math.Min(h.active, h.layer*n+h.rest), h.bytes
		words = fmt.Sprintf("%g layers of %s and %s outside of layers", n, mibWords(h.layer), mibWords(h.rest))
		// Layers are not all of one size.
		low, high = 0.5, math.Min(2, h.active/math.Max(device, 1))
	}
	name := "weights: " + orWord(h.c.Name, string(h.c.Role))
	formula := h.formula
	if words != "" {
		formula += ", " + words
	}
	source := orWord(h.c.Source, a.model.Source)
	on = Line{Name: name, Kind: weightKind, Bytes: size(device), Low: size(device * low), High: size(device * high), Formula: formula, Source: source}
	off = Line{Name: name, Kind: weightKind, Bytes: size(host), Low: size(host), High: size(host), Formula: formula, Source: source}
	if works && device > 0 && h.gather > 0 {
		on.Bytes, on.Low, on.High = size(device+h.gather), size(device), size(device+2*h.gather)
		on.Formula += fmt.Sprintf(" + two gathered layers of %s", mibWords(h.gather/2))
	}
	return on, off
}

// groupLayers is how many layers lie on a device with group offload: those at
// work and those fetched meanwhile.
const groupLayers = 2.0

// largest is the component of a phase that takes most: encoders of text come
// onto a device one after another.
func (a *account) largest(all []held, p *span) int {
	best := -1
	for _, st := range p.stages {
		if k := st.Component; best < 0 || all[k].bytes > all[best].bytes {
			best = k
		}
	}
	return best
}

func mibWords(b float64) string { return fmt.Sprintf("%.1f MiB", b/mib) }
