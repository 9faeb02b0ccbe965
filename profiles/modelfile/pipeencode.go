package modelfile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/profiles/modelfile/jsonfile"
	"github.com/plimsoll/plimsoll/profiles/modelfile/networks"
	"github.com/plimsoll/plimsoll/profiles/modelfile/safetensors"
)

// openWhisper reads the config of a Whisper model and the weights beside it.
func openWhisper(path string, o jsonfile.Object) (*read, error) {
	s, err := networks.Whisper(o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	e, d, err := s.Components()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	dir := filepath.Dir(path)
	var encoder, decoder int64
	w, have, err := folderWeights(dir, func(t *safetensors.Tensor) {
		if strings.HasPrefix(strings.TrimPrefix(t.Name, "model."), "encoder.") {
			encoder += t.Bytes
		} else {
			decoder += t.Bytes
		}
	})
	if err != nil {
		return nil, err
	}
	r := &read{name: folderName(dir)}
	switch {
	case have && encoder > 0 && decoder > 0:
		e.FileBytes, e.FileFormat = encoder, w.format
		d.FileBytes, d.FileFormat = decoder, w.format
	case have:
		r.note("%s: sizes are computed from the config", w.note)
	}
	r.model = &pipeline.Model{Source: "config.json", Components: []pipeline.Component{e, d}}
	return r, r.recognition()
}

// recognition fills what speech recognition needs and no file says: from the
// catalogue's model of the same shape.
func (r *read) recognition() error {
	m := r.model
	m.Class = pipeline.Recognition
	m.Assumed = map[string]string{}
	all, err := catalogue(pipeline.Recognition)
	if err != nil {
		return err
	}
	var like *pipeline.Model
	for _, other := range all {
		e, d := alike(&m.Components[0], other.Components), alike(&m.Components[1], other.Components)
		if e == nil || d == nil {
			continue
		}
		if like == nil || named(r.name, other) && !named(r.name, like) {
			like = other
		}
	}
	if like == nil {
		// Another shape of the same kind: what does not hang on the shape holds.
		for _, other := range all {
			if d := other.Find(pipeline.Decoder); d != nil && d.Kind == pipeline.CrossDecoder {
				like = other
				break
			}
		}
		r.note("no model of the catalogue has this shape")
	} else {
		r.note("built like %s of the catalogue: its usual job is taken", like.ID)
	}
	if like != nil {
		m.Defaults, m.SampleRate = like.Defaults, like.SampleRate
		m.Assumed["defaults"] = "those of " + like.ID
		for i := range m.Components {
			c := &m.Components[i]
			if from := like.Find(c.Role); from != nil {
				or(&c.TokensPerSecond, from.TokensPerSecond)
				if c.Arch == "" {
					c.Arch = from.Arch
				}
			}
			if c.TokensPerSecond > 0 {
				m.Assumed["tokens_per_s"] = like.Assumed["tokens_per_s"]
			}
		}
	}
	return nil
}

// transformerFolder is where old folders of sentence-transformers keep the
// encoder.
const transformerFolder = "0_Transformer"

// encoderConfig is the config of a folder's network, "" where it has none.
func encoderConfig(dir string) string {
	for _, name := range []string{"config.json", filepath.Join(transformerFolder, "config.json")} {
		if path := filepath.Join(dir, name); isRegular(path) {
			return path
		}
	}
	return ""
}

// openEncoder reads an encoder over text: an embedding model, or one that ranks
// pairs of texts, with the folder layout of sentence-transformers.
func openEncoder(path string, o jsonfile.Object) (*read, error) {
	c, head, err := networks.Encoder(o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	dir := filepath.Dir(path)
	root := dir
	if filepath.Base(dir) == transformerFolder {
		root = filepath.Dir(dir)
	}
	m := &pipeline.Model{Source: "config.json", Class: pipeline.Embedding, Assumed: map[string]string{}}
	r := &read{model: m, name: folderName(root)}
	w, have, err := folderWeights(dir, nil)
	if err != nil {
		return nil, err
	}
	if have {
		if note := w.apply(&c); note != "" {
			r.notes = append(r.notes, note)
		}
		if w.note != "" {
			r.note("%s: sizes are computed from the config", w.note)
		}
	}
	job, err := usual("", pipeline.Embedding)
	if err != nil {
		return nil, err
	}
	m.Defaults, m.Assumed["defaults"] = job.Defaults, job.Source
	if c.MaxTokens > 0 {
		m.Defaults.SequenceTokens = min(m.Defaults.SequenceTokens, c.MaxTokens)
	}
	if head {
		r.note("it has a head that scores pairs of texts: a document is such a pair")
	}
	if err := r.sentence(root, &c); err != nil {
		return nil, err
	}
	m.Components = []pipeline.Component{c}
	return r, nil
}

// sentence reads what sentence-transformers keeps beside a model: the longest
// text, and layers that follow the encoder.
func (r *read) sentence(dir string, c *pipeline.Component) error {
	path := filepath.Join(dir, "sentence_bert_config.json")
	if o, err := jsonfile.Read(path); err == nil {
		n, ok := jsonfile.Whole(o["max_seq_length"])
		switch {
		case o.Has("max_seq_length") && (!ok || n < 1 || n > 1<<20):
			return fmt.Errorf("%s: max_seq_length: %s: a whole number from 1 to %d is expected", path, jsonfile.Brief(o["max_seq_length"]), 1<<20)
		case n > 0:
			c.MaxTokens = n
			r.model.Defaults.SequenceTokens = min(r.model.Defaults.SequenceTokens, n)
			r.note("documents longer than %d tokens are cut, as its settings say", n)
		}
	} else if !os.IsNotExist(err) {
		return err
	}
	pooling := filepath.Join(dir, "1_Pooling", "config.json")
	if o, err := jsonfile.Read(pooling); err == nil {
		if n, ok := jsonfile.Whole(o["word_embedding_dimension"]); ok && n != c.Hidden {
			return fmt.Errorf("%s: word_embedding_dimension: %d where the encoder is %d wide: the folder holds parts of two models", pooling, n, c.Hidden)
		}
	} else if !os.IsNotExist(err) {
		return err
	}
	// Dense layers lie in folders such as 2_Dense.
	names, err := fileNames(dir)
	if err != nil {
		return err
	}
	for _, n := range names {
		if !strings.HasSuffix(n, "_Dense") {
			continue
		}
		path := filepath.Join(dir, n, "config.json")
		o, err := jsonfile.Read(path)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return err
		}
		in, ok1 := jsonfile.Whole(o["in_features"])
		out, ok2 := jsonfile.Whole(o["out_features"])
		if !ok1 || !ok2 || in < 1 || out < 1 || in > 1<<20 || out > 1<<20 {
			return fmt.Errorf("%s: in_features, out_features: whole numbers from 1 to %d are expected", path, 1<<20)
		}
		p := int64(in) * int64(out)
		if bias, is := o["bias"].(bool); !is || bias {
			p += int64(out)
		}
		c.Params += p
		if c.FileBytes > 0 {
			c.FileBytes += denseBytes(filepath.Join(dir, n), p)
		}
	}
	return nil
}

// denseBytes is the size of a dense layer's file, or of 32-bit weights.
func denseBytes(dir string, params int64) int64 {
	total := int64(0)
	if err := safetensors.Open(filepath.Join(dir, "model.safetensors"), func(t safetensors.Tensor) error { total += t.Bytes; return nil }); err == nil {
		return total
	}
	return 4 * params
}
