package modelfile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/profiles/modelfile/jsonfile"
	"github.com/plimsoll/plimsoll/profiles/modelfile/networks"
	"github.com/plimsoll/plimsoll/profiles/modelfile/whisperggml"
)

// Pipeline reads the image, video, speech or embedding model at path: a folder
// in the layout of diffusers or its index, the folder or the config of one of
// its networks, a checkpoint in one safetensors or GGUF file, a Whisper or BERT
// config or folder, or a GGML file of whisper.cpp. What the files do not say is
// completed from the catalogue's model of the same shape; the notes say what.
// Errors are one line that names the file and says what to do.
func Pipeline(path string) (*pipeline.Model, []string, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, nil, pathError(path, err)
	}
	var r *read
	switch {
	case st.IsDir():
		r, err = openDirPipeline(path)
	case !st.Mode().IsRegular():
		return nil, nil, fmt.Errorf("%s: not a regular file: name a model file or a folder", path)
	default:
		r, err = openFilePipeline(path)
	}
	if err == nil {
		err = r.finish(path)
	}
	if err != nil {
		return nil, nil, pathError(path, err)
	}
	return r.model, r.notes, nil
}

// finish names the model and completes it.
func (r *read) finish(path string) error {
	m := r.model
	if r.name == "" {
		r.name = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	}
	m.ID, m.Name, m.Aliases = r.name, r.name, []string{}
	switch m.Class {
	case pipeline.Recognition, pipeline.Embedding:
		return nil
	}
	if err := r.settle(); err != nil {
		return err
	}
	if d := m.Find(pipeline.Denoiser); d.Params == 0 {
		return fmt.Errorf("%s: the size of the denoiser is not known: fetch its weights or their index", path)
	}
	return nil
}

// IsPipeline tells by a look at the first bytes, and at the names of files in a
// folder, whether path holds a model that Pipeline reads; it does not say that
// reading will succeed.
func IsPipeline(path string) bool {
	st, err := os.Stat(path)
	switch {
	case err != nil:
		return false
	case st.IsDir():
		return isPipelineDir(path)
	case !st.Mode().IsRegular():
		return false
	}
	switch kindOf(path) {
	case kindJSON:
		o, err := jsonfile.Read(path)
		return err == nil && isPipelineConfig(o)
	case kindSafetensors:
		if o, err := jsonfile.Read(filepath.Join(filepath.Dir(path), "config.json")); err == nil {
			return isPipelineConfig(o)
		}
		return sniffSafetensors(path)
	case kindGGUF:
		return sniffGGUF(path)
	case kindGGML:
		return whisperggml.Is(path)
	}
	return false
}

// isPipelineConfig tells the configs of pipelines, their networks, Whisper and
// encoders from those of language models.
func isPipelineConfig(o jsonfile.Object) bool {
	class := o.Str("_class_name")
	return strings.HasSuffix(class, "Pipeline") || class != "" && isDenoiser(o) || networks.IsWhisper(o) || networks.IsEncoder(o)
}

// isDenoiser tells a denoiser's config: by its class where that is known, else
// by the form of its name.
func isDenoiser(o jsonfile.Object) bool {
	n, err := networks.Read(o)
	if n.Known || err != nil {
		return n.Role == pipeline.Denoiser
	}
	return strings.Contains(n.Class, "Transformer2D") || strings.Contains(n.Class, "Transformer3D") || strings.Contains(n.Class, "UNet") || strings.Contains(n.Class, "DiT")
}

func isPipelineDir(dir string) bool {
	if isRegular(filepath.Join(dir, indexName)) {
		return true
	}
	if config := encoderConfig(dir); config != "" {
		o, err := jsonfile.Read(config)
		return err == nil && isPipelineConfig(o)
	}
	if isRegular(filepath.Join(dir, "transformer", "config.json")) || isRegular(filepath.Join(dir, "unet", "config.json")) {
		return true
	}
	file, ok := onlyWeights(dir)
	return ok && IsPipeline(file)
}

// onlyWeights finds the one file of weights in a folder.
func onlyWeights(dir string) (string, bool) {
	names, err := fileNames(dir)
	if err != nil {
		return "", false
	}
	found := ""
	for _, n := range names {
		switch strings.ToLower(filepath.Ext(n)) {
		case ".safetensors", ".gguf":
			if found != "" || strings.Contains(strings.ToLower(n), "mmproj") {
				return "", false
			}
			found = filepath.Join(dir, n)
		}
	}
	return found, found != ""
}

func openDirPipeline(dir string) (*read, error) {
	if exists(filepath.Join(dir, indexName)) {
		return openPipelineFolder(dir)
	}
	if config := encoderConfig(dir); config != "" {
		return openConfigPipeline(config)
	}
	if file, ok := onlyWeights(dir); ok {
		return openFilePipeline(file)
	}
	return openPipelineFolder(dir)
}

func openFilePipeline(path string) (*read, error) {
	switch kindOf(path) {
	case kindJSON:
		if strings.EqualFold(filepath.Base(path), indexName) {
			return openPipelineFolder(filepath.Dir(path))
		}
		return openConfigPipeline(path)
	case kindSafetensors:
		if config := filepath.Join(filepath.Dir(path), "config.json"); exists(config) {
			return openConfigPipeline(config)
		}
		return openCheckpoint(path)
	case kindGGUF:
		return openGGUFCheckpoint(path)
	case kindGGML:
		return openWhisperGGML(path)
	}
	// What the file is otherwise, and why it is not read, is known already.
	if _, err := openFile(path); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("%s: not an image, video, speech or embedding model", path)
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

func isRegular(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.Mode().IsRegular()
}

// openConfigPipeline reads a config.json of one network with the weights beside
// it.
func openConfigPipeline(path string) (*read, error) {
	o, err := jsonfile.Read(path)
	if err != nil {
		return nil, err
	}
	switch {
	case networks.IsWhisper(o):
		return openWhisper(path, o)
	case networks.IsEncoder(o):
		return openEncoder(path, o)
	case strings.HasSuffix(o.Str("_class_name"), "Pipeline"):
		return openPipelineFolder(filepath.Dir(path))
	case !isDenoiser(o):
		return nil, fmt.Errorf("%s: class %.60q is no pipeline and no denoiser of one: name the pipeline's folder, which holds %s", path, networks.ClassOf(o), indexName)
	}
	dir := filepath.Dir(path)
	name := folderName(dir)
	r := &read{model: &pipeline.Model{Source: "the config of its denoiser"}, name: name, known: true, partial: true}
	if networks.Role(name) != "" { // unet, transformer: the folder above has the model's name
		r.name = folderName(filepath.Join(dir, ".."))
	}
	if networks.Role(name) != pipeline.Denoiser {
		name = "denoiser"
	}
	if err := r.network(dir, path, o, part{name: name, class: networks.ClassOf(o)}); err != nil {
		return nil, err
	}
	return r, r.checkParts(dir)
}
