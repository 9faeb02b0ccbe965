package format

import (
	"fmt"
	"math"

	"github.com/plimsoll/plimsoll/estimator/model"
)

// Weights returns what a model weighs in a weight format, tensor by tensor.
// The name may also be "native", the format the model was published in.
// Models read from a file keep the file's own sizes where the name is empty
// or that of the file's format.
func (t *Table) Weights(m *model.Model, name string) (*Weights, error) {
	if m.FromFile && (name == "" || name == m.FileFormat) {
		return t.FromFile(m)
	}
	if fold(name) == "native" || name == "" {
		name = t.Native(m)
	}
	s, ok := t.find(name)
	if !ok {
		canonical, bits, ok := bitsName(name)
		if !ok {
			_, err := t.Canonical(name)
			return nil, err
		}
		s = &Spec{Name: canonical, Kind: "size", Class: classOfBits(bits), Bits: bits, Spread: 0.05,
			Note: fmt.Sprintf("no rules are known for %s: all matrices taken at %.4g bits", name, bits)}
	}
	return t.bySpec(m, s)
}

// Native returns the canonical name of the format a model was published in.
func (t *Table) Native(m *model.Model) string {
	if s, ok := t.specs["native"+fold(m.Arch.NativeDType)]; ok {
		return s.Name
	}
	if n, err := t.Canonical(m.Arch.NativeDType); err == nil && m.Arch.NativeDType != "" {
		return n
	}
	return "BF16"
}

func classOfBits(bits float64) Class {
	switch {
	case bits < 2:
		return ClassTernary
	case bits < 7:
		return ClassINT4
	case bits < 12:
		return ClassQ8
	}
	return ClassF16
}

func (t *Table) bySpec(m *model.Model, s *Spec) (*Weights, error) {
	if s.Kind == "size" {
		return t.bySize(m, s)
	}
	if err := t.compile(s); err != nil {
		return nil, err
	}
	usual := s.Imatrix || s.ImatrixSince != "" && m.Arch.Released >= s.ImatrixSince
	w := &Weights{}
	if err := t.apply(m, s, usual, w); err != nil {
		return nil, err
	}
	w.Low, w.High = w.Total, w.Total
	if s.usesI {
		other := &Weights{}
		if err := t.apply(m, s, !usual, other); err != nil {
			return nil, err
		}
		w.Low, w.High = min(w.Total, other.Total), max(w.Total, other.Total)
	}
	w.MixNote = s.Note
	if s.Spread > 0 {
		w.Basis = "size"
		w.Low = int64(float64(w.Low) * (1 - s.Spread))
		w.High = int64(float64(w.High) * (1 + s.Spread))
	}
	w.Finish()
	return w, nil
}

// bySize scales the sizes of another format, or takes all matrices at a number
// of bits.
func (t *Table) bySize(m *model.Model, s *Spec) (*Weights, error) {
	factor := s.DenseFactor
	if m.Arch.MoE != nil && s.MoEFactor > 0 {
		factor = s.MoEFactor
	}
	var w *Weights
	var err error
	if s.Like != "" {
		like, ok := t.find(s.Like)
		if !ok || like.Kind == "size" {
			return nil, fmt.Errorf("weight format %s: like %q is no format with rules", s.Name, s.Like)
		}
		if w, err = t.bySpec(m, like); err != nil {
			return nil, err
		}
	} else {
		bits := &Block{Name: s.Name, Elements: 1 << 16, Bytes: int64(math.Round(s.Bits * (1 << 13)))}
		head := t.blocks["q6k"]
		if head == nil || s.Bits > head.Bits() {
			head = bits
		}
		plain := &Spec{Name: s.Name, Kind: "checkpoint", Class: s.Class, base: bits,
			rules: map[model.Role][]compiled{headRole: {{block: head}}}}
		if w, err = t.bySpec(m, plain); err != nil {
			return nil, err
		}
		factor = 1
	}
	if factor > 0 && factor != 1 {
		scale(w, factor)
	}
	w.Format, w.Class, w.Basis = s.Name, s.Class, "size"
	w.Low, w.High = int64(float64(w.Total)*(1-s.Spread)), int64(float64(w.Total)*(1+s.Spread))
	w.MixNote = s.Note
	if w.MixNote == "" {
		w.MixNote = fmt.Sprintf("%s follows no published rules: size taken from measured files", s.Name)
	}
	w.Finish()
	return w, nil
}

func scale(w *Weights, f float64) {
	mul := func(v *int64) { *v = int64(math.Round(float64(*v) * f)) }
	w.Total = 0
	for i := range w.Layers {
		for g := range w.Layers[i] {
			mul(&w.Layers[i][g])
			w.Total += w.Layers[i][g]
		}
	}
	for _, v := range []*int64{&w.Embedding, &w.Output, &w.PerLayerEmbedding, &w.Other, &w.MTP, &w.LargestExpertTensor} {
		mul(v)
	}
	w.Total += w.Embedding + w.Output + w.PerLayerEmbedding + w.Other
}

// apply fills w with the bytes of every tensor.
func (t *Table) apply(m *model.Model, s *Spec, withImatrix bool, w *Weights) error {
	f32, f16, native := t.blocks["f32"], t.blocks["f16"], t.blocks["mxfp4"]
	if f32 == nil || f16 == nil {
		return fmt.Errorf("weight formats: block types F32 and F16 are missing")
	}
	x := newMixer(s, m)
	if withImatrix {
		x.flags |= imatrix
	}
	gguf := s.Kind == "mix"
	hasHead, copied := false, false
	for i := range m.Tensors {
		if m.Tensors[i].Role == model.Output {
			hasHead = true
		}
	}
	if gguf && !hasHead && m.Traits.Has(model.HeadCopy) {
		copied = true
	}
	keepExperts := native != nil && m.Traits.Has(model.NativeMXFP4)
	*w = Weights{Format: s.Name, Class: s.Class, Basis: s.Kind, Layers: make([]LayerBytes, len(m.Layers)), Tied: !hasHead && !copied}
	for i := range m.Tensors {
		tensor := &m.Tensors[i]
		block := f32
		switch tensor.Role {
		case model.Norm, model.Bias, model.Router, model.PositionEmbd, model.SSMConv, model.SSMSmall:
			if !gguf {
				block = f16
			}
		case model.Kept:
			block = f16
			if s.base.Bits() >= 16 {
				block = s.base
			}
		default:
			if tensor.Dims < 2 {
				if !gguf {
					block = f16
				}
				break
			}
			role := tensor.Role
			if role == model.Output || role == model.TokenEmbedding && !hasHead && !copied {
				role = headRole
			}
			block = x.pick(tensor, role)
			if gguf {
				block = t.fit(block, tensor.Row)
			}
			if keepExperts && tensor.Experts > 0 && block.Bits() > native.Bits() {
				block = native
			}
			if copied && tensor.Role == model.TokenEmbedding {
				w.Output = t.fit(x.pick(tensor, headRole), tensor.Row).Size(tensor.Elements, tensor.Row)
			}
		}
		w.put(m, tensor, block.Size(tensor.Elements, tensor.Row))
	}
	w.finishGlobals(m, s)
	return nil
}

// fit follows the fallbacks of types whose blocks do not divide the row.
func (t *Table) fit(b *Block, row int64) *Block {
	for range 4 {
		if row%b.Elements == 0 {
			return b
		}
		next := t.blocks[fold(b.Fallback)]
		if next == nil {
			break
		}
		b = next
	}
	if row%b.Elements != 0 {
		return t.blocks["f16"]
	}
	return b
}

// put adds the bytes of one tensor where they belong.
func (w *Weights) put(m *model.Model, t *model.Tensor, size int64) {
	if t.Role == model.VisionTower {
		w.Vision += size
		return
	}
	if t.Role == model.MTP {
		w.MTP += size
		return
	}
	if t.Layer < 0 || t.Layer >= len(w.Layers) {
		switch t.Role {
		case model.TokenEmbedding:
			w.Embedding += size
		case model.Output:
			w.Output += size
		case model.PerLayerEmbd:
			w.PerLayerEmbedding += size
		default:
			w.Other += size
		}
		return
	}
	g := Group(t.Part)
	if g >= Groups {
		g = Small
	}
	w.Layers[t.Layer][g] += size
	if t.Experts > 0 {
		w.LargestExpertTensor = max(w.LargestExpertTensor, size)
	}
}

// finishGlobals sums the parts up and adds what lies outside the text model.
func (w *Weights) finishGlobals(m *model.Model, s *Spec) {
	var layers, params int64
	for i := range w.Layers {
		layers += w.Layers[i].Total()
		params += m.Layers[i].Params()
	}
	w.Total = layers + w.Embedding + w.Output + w.PerLayerEmbedding + w.Other
	if w.Vision == 0 {
		w.Vision = 2 * m.VisionParams // towers stay in 16 bit
	}
	if w.MTP == 0 && params > 0 {
		w.MTP = int64(float64(m.MTPParams) * float64(layers) / float64(params))
	}
}

// FromFile returns the weights of a model read from a file: exactly the bytes
// of the file's tensor table.
func (t *Table) FromFile(m *model.Model) (*Weights, error) {
	if !m.FromFile {
		return nil, fmt.Errorf("model %s was not read from a file: name a weight format", m.Arch.ID)
	}
	w := &Weights{Format: m.FileFormat, Basis: "file", Layers: make([]LayerBytes, len(m.Layers)), Tied: true}
	byClass := map[Class]int64{}
	for i := range m.Tensors {
		tensor := &m.Tensors[i]
		size := tensor.Bytes
		b := t.blocks[fold(tensor.Type)]
		if size == 0 && b != nil {
			size = b.Size(tensor.Elements, tensor.Row)
		}
		if b != nil {
			byClass[b.Class] += size
		}
		if tensor.Role == model.Output {
			w.Tied = false
		}
		w.put(m, tensor, size)
	}
	var layers int64
	for i := range w.Layers {
		layers += w.Layers[i].Total()
	}
	w.Total = layers + w.Embedding + w.Output + w.PerLayerEmbedding + w.Other
	w.Low, w.High = w.Total, w.Total
	var most int64
	for c, n := range byClass {
		if n > most || n == most && c < w.Class {
			w.Class, most = c, n
		}
	}
	if s, ok := t.find(m.FileFormat); ok {
		w.Format, w.Class = s.Name, s.Class
	}
	w.Finish()
	return w, nil
}
