package checkpoint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/pipeline"
)

// Checkpoint is what a file holds.
type Checkpoint struct {
	Components []pipeline.Component // the denoiser first
	Video      bool                 // it makes video
	Distilled  bool                 // its denoiser takes no guidance where its kind may
	Image      bool                 // its denoiser attends to an input image
	// Known is false where a denoiser is there by its prefix but of a kind that
	// is not known: only its size is.
	Known bool
}

// Reader takes the tensors of one file in any order.
type Reader struct{ s split }

// Add takes one tensor. Its error says that the file cannot be a checkpoint.
func (r *Reader) Add(t Tensor) error {
	if r.s.groups == nil {
		r.s.groups = map[string]*group{}
	}
	return r.s.add(&t)
}

// Result says what the file holds. A file without a denoiser is an error in
// words that do not name it; force takes tensors without a prefix for a
// denoiser's although its kind is not known.
func (r *Reader) Result(force bool) (*Checkpoint, error) {
	c := &Checkpoint{}
	g := r.s.groups[denoiser]
	var f *found
	if g != nil {
		f = identify(g)
	}
	switch {
	case f != nil:
		c.Known, c.Video, c.Distilled, c.Image = true, f.video, f.distilled, f.image
	case g != nil && (force || len(r.s.groups) > 1):
		f = &found{Component: pipeline.Component{Role: pipeline.Denoiser}}
	case r.s.groups[control] != nil:
		return nil, fmt.Errorf("a ControlNet alone: name the folder of the whole pipeline, or the checkpoint of its denoiser")
	case len(r.s.groups) > 0 && g == nil:
		return nil, fmt.Errorf("it holds no denoiser, only %s: name the denoiser's file or the pipeline's folder", strings.Join(r.names(), ", "))
	default:
		return nil, fmt.Errorf("its tensors are of no image or video model that is known: name a folder with the model's configs")
	}
	f.Name = "denoiser"
	g.fill(&f.Component)
	c.Components = append(c.Components, f.Component)
	for _, key := range r.names() {
		g := r.s.groups[key]
		var part pipeline.Component
		switch {
		case key == vae:
			part = autoencoder(g)
		case strings.HasPrefix(key, "text:"):
			part = textEncoder(g)
			if part.Name = strings.TrimPrefix(key, "text:"); part.Name == "" || part.Name[0] >= '0' && part.Name[0] <= '9' {
				part.Name = strings.TrimSpace("text encoder " + part.Name)
			}
		case key == control:
			if n := unetLDM(g); n != nil {
				part = n.Component
			}
			part.Name, part.Role = "ControlNet", pipeline.ControlNet
		default:
			continue
		}
		g.fill(&part)
		c.Components = append(c.Components, part)
	}
	return c, nil
}

func (r *Reader) names() []string {
	var out []string
	for key := range r.s.groups {
		out = append(out, key)
	}
	slices.Sort(out)
	return out
}

// fill sets the sizes, which are the file's.
func (g *group) fill(c *pipeline.Component) {
	c.Params, c.FileBytes, c.FileFormat = g.elements, g.bytes, Format(g.byType)
}

// autoencoder reads a KL autoencoder over single pictures by its widths; of
// those over frames only the latent width is told.
func autoencoder(g *group) pipeline.Component {
	c := pipeline.Component{Name: "autoencoder", Role: pipeline.VAE, Kind: pipeline.Convolutional}
	first := "decoder.conv_in.weight"
	c.Latent = g.cols(first)
	c.DecoderParams = g.under("decoder.", "post_quant_conv.")
	if len(g.shapes[first]) != 4 {
		return c
	}
	if n := g.count("decoder.up"); n > 0 {
		for i := range n {
			c.Blocks = append(c.Blocks, g.rows(fmt.Sprintf("decoder.up.%d.block.0.conv1.weight", i)))
		}
	} else if n := g.count("decoder.up_blocks"); n > 0 {
		for i := n - 1; i >= 0; i-- {
			c.Blocks = append(c.Blocks, g.rows(fmt.Sprintf("decoder.up_blocks.%d.resnets.0.conv1.weight", i)))
		}
	}
	if slices.Contains(c.Blocks, 0) || len(c.Blocks) > 16 {
		c.Blocks = nil
	}
	if len(c.Blocks) > 0 {
		c.Spatial, c.Temporal = 1<<(len(c.Blocks)-1), 1
	}
	return c
}

// textEncoder reads the shape of a text encoder by the names of CLIP, OpenCLIP,
// T5 and language models.
func textEncoder(g *group) pipeline.Component {
	c := pipeline.Component{Role: pipeline.TextEncoder, Kind: pipeline.Transformer}
	for _, lead := range leads {
		switch {
		case g.has(lead + "text_model.embeddings.token_embedding.weight"):
			p := lead + "text_model."
			c.Vocab, c.Hidden = g.rows(p+"embeddings.token_embedding.weight"), g.cols(p+"embeddings.token_embedding.weight")
			c.MaxTokens = g.rows(p + "embeddings.position_embedding.weight")
			c.Layers, c.FFN, c.Heads = g.count(p+"encoder.layers"), g.rows(p+"encoder.layers.0.mlp.fc1.weight"), c.Hidden/64
		case g.has(lead + "transformer.resblocks.0.mlp.c_fc.weight"):
			c.Vocab, c.Hidden = g.rows(lead+"token_embedding.weight"), g.cols(lead+"token_embedding.weight")
			c.MaxTokens = g.rows(lead + "positional_embedding")
			c.Layers, c.FFN, c.Heads = g.count(lead+"transformer.resblocks"), g.rows(lead+"transformer.resblocks.0.mlp.c_fc.weight"), c.Hidden/64
		case g.has(lead + "encoder.block.0.layer.0.SelfAttention.q.weight"):
			p := lead + "encoder.block.0.layer."
			c.Vocab, c.Hidden = g.rows(lead+"shared.weight"), g.cols(p+"0.SelfAttention.q.weight")
			c.Gated = g.has(p + "1.DenseReluDense.wi_1.weight")
			c.FFN = max(g.rows(p+"1.DenseReluDense.wi_0.weight"), g.rows(p+"1.DenseReluDense.wi.weight"))
			c.Layers, c.Heads = g.count(lead+"encoder.block"), g.rows(p+"0.SelfAttention.q.weight")/64
		case g.has(lead + "model.layers.0.self_attn.q_proj.weight"):
			p := lead + "model.layers.0."
			c.Vocab, c.Hidden = g.rows(lead+"model.embed_tokens.weight"), g.cols(p+"self_attn.q_proj.weight")
			c.Layers, c.FFN, c.Gated = g.count(lead+"model.layers"), g.rows(p+"mlp.up_proj.weight"), g.has(p+"mlp.gate_proj.weight")
			c.Heads, c.KVHeads = g.rows(p+"self_attn.q_proj.weight")/128, g.rows(p+"self_attn.k_proj.weight")/128
		default:
			continue
		}
		break
	}
	return c
}

// leads are the prefixes before the names of a text encoder within its group.
var leads = []string{"", "transformer.", "model.", "model.transformer."}
