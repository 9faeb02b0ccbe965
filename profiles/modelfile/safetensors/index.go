package safetensors

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// IndexName is what the index of a sharded checkpoint is called.
const IndexName = "model.safetensors.index.json"

const (
	maxIndex  = 64 << 20
	maxShards = 4096
)

// Index is the index of a sharded checkpoint.
type Index struct {
	TotalSize int64    // bytes of all tensors, 0 when not stated
	Tensors   int      // names in the weight map
	Shards    []string // file names, sorted, relative to the index
}

// ReadIndex reads the index at path. Errors name the file.
func ReadIndex(path string) (*Index, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	if st.Size() > maxIndex {
		return nil, fmt.Errorf("%s: an index of %d bytes (at most %d)", path, st.Size(), maxIndex)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	ix, err := ParseIndex(bufio.NewReaderSize(f, 64<<10))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return ix, nil
}

// ParseIndex parses an index.
func ParseIndex(r io.Reader) (*Index, error) {
	dec := json.NewDecoder(io.LimitReader(r, maxIndex))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("the index is not a JSON object: %w", orNot(err))
	}
	ix, shards, found := &Index{}, map[string]struct{}{}, false
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, inWords(err)
		}
		switch key {
		case "metadata":
			var m struct {
				TotalSize json.Number `json:"total_size"`
			}
			if err := dec.Decode(&m); err != nil {
				return nil, fmt.Errorf("metadata: %w", inWords(err))
			}
			// Some writers store the number as a float.
			if f, err := m.TotalSize.Float64(); err == nil {
				if f < 0 || f > 1<<60 {
					return nil, fmt.Errorf("metadata.total_size is %v: the index is damaged", m.TotalSize)
				}
				ix.TotalSize = int64(f)
			}
		case "weight_map":
			found = true
			if err := ix.weightMap(dec, shards); err != nil {
				return nil, fmt.Errorf("weight_map: %w", err)
			}
		default:
			if err := skipValue(dec); err != nil {
				return nil, err
			}
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, inWords(err)
	}
	if !found || ix.Tensors == 0 {
		return nil, errors.New("the index has no weight_map: it is not the index of a safetensors checkpoint")
	}
	for s := range shards {
		ix.Shards = append(ix.Shards, s)
	}
	sort.Strings(ix.Shards)
	return ix, nil
}

func (ix *Index) weightMap(dec *json.Decoder, shards map[string]struct{}) error {
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return orNot(err)
	}
	for dec.More() {
		if _, err := dec.Token(); err != nil {
			return inWords(err)
		}
		v, err := dec.Token()
		if err != nil {
			return inWords(err)
		}
		shard, ok := v.(string)
		if !ok || len(shard) > 255 || shard != filepath.Base(shard) || strings.HasPrefix(shard, ".") || strings.ContainsAny(shard, "/\\\x00") {
			// A shard lies beside its index: nothing else is opened.
			return fmt.Errorf("%.80q is not the name of a file beside the index", fmt.Sprint(v))
		}
		if ix.Tensors++; ix.Tensors > maxTensors {
			return fmt.Errorf("more than %d tensors", maxTensors)
		}
		if shards[shard] = struct{}{}; len(shards) > maxShards {
			return fmt.Errorf("more than %d files", maxShards)
		}
	}
	_, err := dec.Token()
	return err
}
