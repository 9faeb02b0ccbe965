package modelfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/profiles/modelfile/checkpoint"
	"github.com/plimsoll/plimsoll/profiles/modelfile/safetensors"
)

// weightFiles is what the files of weights in a folder say.
type weightFiles struct {
	params int64 // 0: only the bytes are known
	bytes  int64
	format string // as the formats of pipelines are named, "" where not known
	note   string
}

// packedFormat is the format of which several weights lie in a stored element.
const packedFormat = "nf4"

// folderWeights reads the headers of the safetensors files of a component's
// folder; where shards are missing, its index. The second result is false
// where the folder has neither. Each is called for every tensor, unless nil.
func folderWeights(dir string, each func(*safetensors.Tensor)) (weightFiles, bool, error) {
	names, err := fileNames(dir)
	if err != nil {
		return weightFiles{}, false, err
	}
	var singles, indexes []string
	for _, n := range names {
		switch lower := strings.ToLower(n); {
		case strings.HasSuffix(lower, ".safetensors.index.json"), strings.HasSuffix(lower, ".safetensors.index.fp16.json"):
			indexes = append(indexes, n)
		case strings.HasSuffix(lower, ".safetensors"):
			singles = append(singles, n)
		}
	}
	// The plain name stands before those of variants, which are longer.
	shortest := func(a, b string) int { return len(a) - len(b) }
	if len(indexes) > 0 {
		ix, err := safetensors.ReadIndex(filepath.Join(dir, slices.MinFunc(indexes, shortest)))
		if err != nil {
			return weightFiles{}, false, err
		}
		missing := 0
		for _, s := range ix.Shards {
			if !slices.Contains(names, s) {
				missing++
			}
		}
		if missing > 0 {
			return weightFiles{bytes: ix.TotalSize, note: fmt.Sprintf("%d of %d weight files are not here", missing, len(ix.Shards))}, ix.TotalSize > 0, nil
		}
		w, err := readWeights(dir, ix.Shards, each)
		return w, err == nil, err
	}
	if len(singles) == 0 {
		return weightFiles{}, false, nil
	}
	if shards := slices.DeleteFunc(slices.Clone(singles), func(n string) bool { return !strings.Contains(n, "-of-") }); len(shards) > 0 && len(shards) == len(singles) {
		w, err := readWeights(dir, shards, each)
		return w, err == nil, err
	}
	w, err := readWeights(dir, []string{slices.MinFunc(singles, shortest)}, each)
	return w, err == nil, err
}

func readWeights(dir string, names []string, each func(*safetensors.Tensor)) (weightFiles, error) {
	var w weightFiles
	byType, packed := map[string]int64{}, false
	for _, name := range names {
		if err := safetensors.Open(filepath.Join(dir, name), func(t safetensors.Tensor) error {
			if each != nil {
				each(&t)
			}
			w.bytes += t.Bytes
			byType[t.DType] += t.Bytes
			if auxiliaryName(t.Name) {
				packed = true
				return nil
			}
			w.params += t.Elements()
			return nil
		}); err != nil {
			return w, err
		}
	}
	if w.bytes == 0 {
		return w, fmt.Errorf("%s: the weight files hold no tensors: fetch them again", dir)
	}
	w.format = checkpoint.Format(byType)
	if packed && w.format == packedFormat {
		w.params = 0 // several weights in each stored element
	}
	return w, nil
}

// auxiliaryName tells scales and zero points from weights.
func auxiliaryName(name string) bool {
	for _, s := range auxiliary {
		if strings.HasSuffix(name, s) {
			return true
		}
	}
	return false
}

// apply puts the sizes into a component that was counted from its config, and
// returns what has to be said about it.
func (w *weightFiles) apply(c *pipeline.Component) string {
	c.FileBytes, c.FileFormat = w.bytes, w.format
	switch {
	case w.params > 0:
		c.Params = w.params
	case c.Params > 0:
		// The bytes over the weights tell the format where nothing else does.
		if c.FileFormat == "" {
			switch per := float64(w.bytes) / float64(c.Params); {
			case per > 3.9 && per < 4.1:
				c.FileFormat = "fp32"
			case per > 1.9 && per < 2.1:
				c.FileFormat = "bf16"
			case per > 0.9 && per < 1.1:
				c.FileFormat = "fp8"
			default:
				c.FileBytes = 0
			}
		}
	case c.FileFormat == packedFormat: // 4 bits and a 32-bit scale for 64 weights
		c.Params = w.bytes * 16 / 9
		return fmt.Sprintf("%s: its number of weights is taken from the size of its 4-bit file", c.Name)
	default:
		c.FileFormat = "bf16"
		c.Params = w.bytes / 2
		return fmt.Sprintf("%s: %d bytes by its index, taken as 16-bit weights", c.Name, w.bytes)
	}
	return ""
}

// fileNames lists a folder, sorted and bounded.
func fileNames(dir string) ([]string, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = d.Close() }()
	names, err := d.Readdirnames(maxDirEntries)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	slices.Sort(names)
	return names, nil
}
