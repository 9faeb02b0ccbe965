package modelfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/profiles/modelfile/gguf"
	"github.com/plimsoll/plimsoll/profiles/modelfile/safetensors"
)

// Open reads the model at path: a GGUF file (of a split one any part), a
// safetensors file or index, a config.json, or a folder that holds one of
// these. Errors are one line that names the file and says what to do.
func Open(path string) (*model.Model, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, pathError(path, err)
	}
	var m *model.Model
	switch {
	case st.IsDir():
		m, err = openDir(path)
	case !st.Mode().IsRegular():
		return nil, fmt.Errorf("%s: not a regular file: name a model file or a folder", path)
	default:
		m, err = openFile(path)
	}
	if err != nil {
		return nil, pathError(path, err)
	}
	if m.Arch.ID == "" {
		m.Arch.ID = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	}
	if m.Arch.Name == "" {
		m.Arch.Name = m.Arch.ID
	}
	return m, nil
}

// IsPath reports whether a name given for a model means a file: it exists, or
// it ends like one.
func IsPath(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".gguf", ".safetensors", ".json":
		return true
	}
	_, err := os.Lstat(name)
	return err == nil
}

// pathError puts the errors of the operating system into words.
func pathError(path string, err error) error {
	var pe *fs.PathError
	if !errors.As(err, &pe) {
		return err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: no such file or folder", pe.Path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s: may not be read: check its permissions", pe.Path)
	case errors.Is(err, syscall.ELOOP):
		return fmt.Errorf("%s: a symbolic link that leads back to itself", pe.Path)
	}
	return fmt.Errorf("%s: %w", path, pe.Err)
}

// openFile tells the kinds of file apart by their first bytes.
func openFile(path string) (*model.Model, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	var head [512]byte
	n, err := io.ReadFull(f, head[:])
	_ = f.Close()
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	b := head[:n]
	text := bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), " \t\r\n")
	ext := strings.ToLower(filepath.Ext(path))
	switch {
	case n == 0:
		return nil, fmt.Errorf("%s: the file is empty", path)
	case isGGML(b), ext == ".gguf":
		return openGGUF(path)
	case ext == ".safetensors", n > 8 && b[8] == '{' && b[7] == 0 && b[6] == 0: // a length before the JSON
		return openSafetensors(path)
	case len(text) > 0 && text[0] == '{', ext == ".json":
		return openJSON(path)
	case bytes.HasPrefix(b, []byte("PK\x03\x04")), bytes.HasPrefix(b, []byte("\x80\x02")):
		return nil, fmt.Errorf("%s: a PyTorch checkpoint, which only running it would read: name the folder's config.json, or convert it to safetensors or GGUF", path)
	case bytes.HasPrefix(b, []byte("version https://git-lfs")):
		return nil, fmt.Errorf("%s: a Git LFS pointer, not the file itself: fetch it with 'git lfs pull'", path)
	}
	return nil, fmt.Errorf("%s: not a model file: GGUF, safetensors and config.json are read", path)
}

func isGGML(b []byte) bool {
	if len(b) < 4 {
		return false
	}
	switch string(b[:4]) {
	case "GGUF", "FUGG", "ggml", "lmgg", "ggmf", "fmgg", "ggjt", "tjgg", "ggla", "algg":
		return true
	}
	return false
}

const maxDirEntries = 100_000

// openDir finds the model in a folder.
func openDir(dir string) (*model.Model, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	names, err := d.Readdirnames(maxDirEntries)
	_ = d.Close()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	has := map[string]bool{}
	var tensors, ggufs []string
	for _, n := range names {
		switch lower := strings.ToLower(n); {
		case strings.HasSuffix(lower, ".safetensors"):
			tensors = append(tensors, n)
		case strings.HasSuffix(lower, ".gguf"):
			if _, no, _, split := gguf.SplitName(n); (!split || no == 1) && !strings.Contains(lower, "mmproj") {
				ggufs = append(ggufs, n)
			}
		case strings.HasSuffix(lower, ".safetensors.index.json"), lower == "config.json", lower == "model_index.json", lower == "adapter_config.json", lower == "params.json":
			has[n] = true
		}
	}
	join := func(n string) string { return filepath.Join(dir, n) }
	switch {
	case has[safetensors.IndexName]:
		return openIndex(join(safetensors.IndexName))
	case len(ggufs) == 1 && len(tensors) == 0: // a config.json beside it says less
		return openGGUF(join(ggufs[0]))
	case has["config.json"] && len(ggufs) <= 1:
		return openConfig(join("config.json"), tensors)
	case len(ggufs) > 1:
		return nil, fmt.Errorf("%s: holds %d GGUF models: name one of them, such as %s", dir, len(ggufs), join(least(ggufs)))
	case has["model_index.json"]:
		return openJSON(join("model_index.json"))
	case has["adapter_config.json"]:
		return openJSON(join("adapter_config.json"))
	case has["params.json"]:
		return openConfig(join("params.json"), tensors)
	case len(tensors) > 0:
		return nil, fmt.Errorf("%s: holds weights but no config.json, which says what the model is built like: put it beside them", dir)
	}
	return nil, fmt.Errorf("%s: no model in this folder: a GGUF file, or a config.json with or without safetensors files, is looked for", dir)
}

func least(s []string) string {
	l := s[0]
	for _, v := range s {
		l = min(l, v)
	}
	return l
}
