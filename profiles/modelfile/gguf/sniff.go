package gguf

import (
	"fmt"
	"io"
	"os"
)

// Architecture returns general.architecture of the GGUF file at path, which
// stands first in nearly all files, without reading what follows; "" where the
// file names none. Errors name the file.
func Architecture(path string) (string, error) {
	st, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !st.Mode().IsRegular() {
		return "", fmt.Errorf("%s: not a regular file", path)
	}
	src, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer src.Close() //nolint:errcheck // only read from
	arch, err := architecture(src, st.Size())
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return arch, nil
}

func architecture(src io.ReaderAt, size int64) (string, error) {
	r := newReader(src, size)
	_, keys, err := r.preamble(&File{})
	if err != nil {
		return "", err
	}
	for range keys {
		key, err := r.str(maxKey)
		if err != nil {
			return "", clarify(err, size)
		}
		v, err := r.value()
		if err != nil {
			return "", clarify(err, size)
		}
		if key == "general.architecture" {
			s, _ := v.Str()
			return s, nil
		}
	}
	return "", nil
}
