package modelfile

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/profiles/modelfile/hf"
	"github.com/plimsoll/plimsoll/profiles/modelfile/jsonfile"
	"github.com/plimsoll/plimsoll/profiles/modelfile/networks"
)

const indexName = "model_index.json"

// maxComponents bounds the networks of one pipeline.
const maxComponents = 32

// part is a component's folder, with the class that the index gives it.
type part struct{ name, class string }

// openPipelineFolder reads a folder in the layout of diffusers: an index, or
// only folders with the names that components have.
func openPipelineFolder(dir string) (*read, error) {
	r := &read{model: &pipeline.Model{Source: indexName + " and the configs of its components"}, name: folderName(dir), known: true}
	parts, err := r.parts(dir)
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		if err := r.component(dir, p); err != nil {
			return nil, err
		}
	}
	return r, r.checkParts(dir)
}

// folderName is what the folder is called, as people know the model.
func folderName(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return filepath.Base(path)
}

// parts lists the components of a pipeline.
func (r *read) parts(dir string) ([]part, error) {
	path := filepath.Join(dir, indexName)
	o, err := jsonfile.Read(path)
	var out []part
	switch {
	case err == nil:
		r.class = o.Str("_class_name")
		for _, name := range slices.Sorted(maps.Keys(o)) {
			l, ok := o[name].([]any)
			if !ok || len(l) != 2 || networks.Role(name) == "" {
				continue
			}
			class, _ := l[1].(string)
			if class == "" {
				continue // a part that the pipeline can do without
			}
			if name != filepath.Base(name) || strings.HasPrefix(name, ".") {
				return nil, fmt.Errorf("%s: %.80q: is not the name of a folder beside the index", path, name)
			}
			out = append(out, part{name, class})
		}
		if len(out) == 0 {
			return nil, fmt.Errorf("%s: names no network (unet, transformer, vae, text_encoder): is it the index of a pipeline?", path)
		}
	case os.IsNotExist(err):
		r.model.Source = "the configs of its components"
		names, err := fileNames(dir)
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			if _, err := os.Stat(filepath.Join(dir, n, "config.json")); err == nil && networks.Role(n) != "" {
				out = append(out, part{name: n})
			}
		}
	default:
		return nil, err
	}
	if len(out) > maxComponents {
		return nil, fmt.Errorf("%s: %d networks, at most %d are read: is the index damaged?", path, len(out), maxComponents)
	}
	slices.SortFunc(out, func(a, b part) int { return strings.Compare(a.name, b.name) })
	return out, nil
}

// component reads one component of a pipeline into the model.
func (r *read) component(dir string, p part) error {
	folder := filepath.Join(dir, p.name)
	path := filepath.Join(folder, "config.json")
	o, err := jsonfile.Read(path)
	if os.IsNotExist(err) {
		if _, absent := os.Stat(folder); absent != nil {
			r.partial = true
			r.note("%s: its folder is not here", p.name)
			return nil
		}
		return fmt.Errorf("%s: missing: fetch the config of the %s", path, p.class)
	}
	if err != nil {
		return err
	}
	return r.network(folder, path, o, p)
}

// network reads one network's config and the weights in its folder.
func (r *read) network(folder, path string, o jsonfile.Object, p part) error {
	n, err := networkOf(o, path, p.name)
	if err != nil {
		return err
	}
	if p.class == "" {
		p.class = n.Class
	}
	w, have, err := folderWeights(folder, nil)
	switch {
	case err != nil:
		return err
	case have:
		if note := w.apply(&n.Component); note != "" {
			r.notes = append(r.notes, note)
		}
		if w.note != "" {
			r.note("%s: %s: sizes are those of its index and config", p.name, w.note)
		}
	}
	if !n.Known {
		if n.Params == 0 {
			return fmt.Errorf("%s: class %q is not known, and there are no weights beside it that would tell its size: fetch the safetensors files, or their index", path, p.class)
		}
		r.note("%s: class %s is not known: only its size is", p.name, p.class)
		r.known = r.known && n.Role != pipeline.Denoiser
	}
	if n.Role == pipeline.Denoiser {
		r.distilled, r.image = n.Distilled, n.Image
		// Patches over time as well are of video.
		r.video = r.video || !n.Known && len(o.List("patch_size")) == 3
		if s, ok := jsonfile.Whole(o["sample_size"]); ok && n.Kind == pipeline.UNet && s > 0 && s <= 1024 {
			r.sample = s
		}
	}
	r.join(n.Component)
	return nil
}

// networkOf reads a network's config; language models that encode text are read
// as such.
func networkOf(o jsonfile.Object, path, name string) (networks.Network, error) {
	n, err := networks.Read(o)
	if err != nil {
		return n, fmt.Errorf("%s: %w", path, err)
	}
	n.Name = name
	role := networks.Role(name)
	if n.Known && (n.Role == role || role == "") {
		return n, nil
	}
	if !n.Known && role == pipeline.TextEncoder {
		if c, err := hf.Read(path); err == nil {
			if m, err := model.New(c.Arch); err == nil {
				return languageModel(n, m), nil
			}
		}
	}
	if role != "" {
		n.Role = role
	}
	return n, nil
}

// languageModel is a language model in the part of a text encoder.
func languageModel(n networks.Network, m *model.Model) networks.Network {
	a := &m.Arch
	n.Known, n.Role, n.Kind = true, pipeline.TextEncoder, pipeline.Transformer
	n.Params = m.EmbeddingParams + m.OutputParams + m.OtherParams
	for i := range m.Layers {
		n.Params += m.Layers[i].Params()
	}
	if a.Vision != nil {
		n.Params += a.Vision.Params
	}
	n.Layers, n.Hidden, n.Heads, n.KVHeads, n.FFN = a.LayerCount, a.HiddenSize, a.Heads, a.KVHeads, a.IntermediateSize
	n.Gated, n.Vocab = a.MLP == "gated", a.VocabSize
	return n
}

// join adds a component. A second denoiser of the same shape takes over from
// the first on the way: all its weights are there, one of the two works.
func (r *read) join(c pipeline.Component) {
	if first := r.model.Find(c.Role); first != nil && c.Role == pipeline.Denoiser && sameShape(first, &c) {
		if first.ActiveParams == 0 {
			first.ActiveParams = first.Params
		}
		first.Params += c.Params
		if first.FileBytes > 0 && c.FileBytes > 0 && first.FileFormat == c.FileFormat {
			first.FileBytes += c.FileBytes
		} else {
			first.FileBytes = 0
		}
		r.note("%s: of the same shape as %s, one of the two works at a time", c.Name, first.Name)
		return
	}
	r.model.Components = append(r.model.Components, c)
}

// checkParts sees that there is something to run, and settles the class.
func (r *read) checkParts(dir string) error {
	m := r.model
	den := m.Find(pipeline.Denoiser)
	if den == nil {
		return fmt.Errorf("%s: holds no denoiser (a folder unet or transformer with its config.json): fetch it, or name another folder", dir)
	}
	if len(m.Components) == 1 {
		r.partial = true
	}
	job, err := usual(r.class, "")
	if err != nil {
		return err
	}
	v := m.Find(pipeline.VAE)
	switch {
	case job.Class != "":
		m.Class = job.Class
	case strings.Contains(r.class, "Video"), r.video, v != nil && v.Temporal > 1:
		m.Class = pipeline.TextToVideo
	case v != nil || r.class != "":
		m.Class = pipeline.TextToImage
	}
	return nil
}
