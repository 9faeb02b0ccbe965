package modelfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/profiles/modelfile/hf"
	"github.com/plimsoll/plimsoll/profiles/modelfile/safetensors"
)

// openJSON tells an index from a config.
func openJSON(path string) (*model.Model, error) {
	if strings.HasSuffix(strings.ToLower(path), ".index.json") {
		return openIndex(path)
	}
	return openConfig(path, nil)
}

// openConfig works a config.json out, and reads the tensor files beside it
// where names lists any.
func openConfig(path string, names []string) (*model.Model, error) {
	c, err := hf.Read(path)
	if err != nil {
		return nil, err
	}
	m, err := model.New(c.Arch)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	m.FileFormat = c.Format
	m.Assumptions = append(m.Assumptions, c.Assumptions...)
	if len(names) == 0 {
		return m, nil
	}
	if slices.Contains(names, "model.safetensors") {
		names = []string{"model.safetensors"} // beside it lie copies in other layouts
	} else {
		names = slices.DeleteFunc(slices.Clone(names), func(n string) bool {
			return strings.HasPrefix(n, "consolidated") && len(names) > 1 || strings.HasPrefix(n, "adapter")
		})
	}
	slices.Sort(names)
	return m, readTensors(m, filepath.Dir(path), names)
}

// openIndex reads the index of a sharded checkpoint with the config.json and
// the shards beside it.
func openIndex(path string) (*model.Model, error) {
	ix, err := safetensors.ReadIndex(path)
	if err != nil {
		return nil, err
	}
	dir := filepath.Dir(path)
	config := filepath.Join(dir, "config.json")
	m, err := openConfig(config, nil)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s: needs the model's config.json beside it, which says what the model is built like", path)
		}
		return nil, err
	}
	missing := 0
	for _, s := range ix.Shards {
		if _, err := os.Stat(filepath.Join(dir, s)); err != nil {
			missing++
		}
	}
	if missing > 0 {
		note := fmt.Sprintf("%d of %d weight files are not here: sizes are computed from the config", missing, len(ix.Shards))
		if ix.TotalSize > 0 {
			note += fmt.Sprintf(" (the index says %d bytes in all)", ix.TotalSize)
		}
		m.Assumptions = append(m.Assumptions, note)
		return m, nil
	}
	return m, readTensors(m, dir, ix.Shards)
}

// openSafetensors reads one tensor file with the config.json beside it.
func openSafetensors(path string) (*model.Model, error) {
	config := filepath.Join(filepath.Dir(path), "config.json")
	if _, err := os.Stat(config); err != nil {
		// Say first what is wrong with the file itself, if anything is.
		if err := safetensors.Open(path, func(safetensors.Tensor) error { return nil }); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%s: holds weights but not what the model is built like: put its config.json beside it", path)
	}
	return openConfig(config, []string{filepath.Base(path)})
}

// readTensors replaces the inventory by that of the files.
func readTensors(m *model.Model, dir string, names []string) error {
	c := collector{at: map[string]int{}, bits: packedBits(m.FileFormat)}
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := safetensors.Open(path, func(t safetensors.Tensor) error {
			c.add(&t)
			if len(c.tensors) > maxGroups {
				return fmt.Errorf("%s: more than %d different tensors", path, maxGroups)
			}
			return nil
		}); err != nil {
			return err
		}
	}
	if len(c.tensors) == 0 {
		return fmt.Errorf("%s: the weight files hold no tensors", dir)
	}
	fillTensors(m, c.tensors, len(m.Layers)+64)
	m.FromFile = true
	m.Arch.ParamsTotal = totalParams(m)
	return nil
}
