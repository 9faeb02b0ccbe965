package gguf

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// maxParts bounds the parts of a split file; real ones have below 200.
const maxParts = 1024

// Open reads the header of the GGUF file at path. Of a split file any part may
// be named: all its siblings are opened and their tables joined. Errors name
// the file and say what to do.
func Open(path string) (*File, error) {
	f, err := openOne(path)
	if err != nil {
		return nil, err
	}
	count, declared := f.int("split.count")
	prefix, no, total, named := SplitName(path)
	if !declared || count == 1 {
		if named && total > 1 {
			return nil, fmt.Errorf("%s: is named as part %d of %d but declares no split: rename it if it is a whole model", path, no, total)
		}
		return f, nil
	}
	switch {
	case count < 1 || count > maxParts:
		return nil, fmt.Errorf("%s: declares %d parts, which cannot be", path, count)
	case !named:
		return nil, fmt.Errorf("%s: is one of %d parts, but is not named NAME-00001-of-%05d.gguf, so the others cannot be found: give the parts their names back", path, count, count)
	case int64(total) != count:
		return nil, fmt.Errorf("%s: is named as one of %d parts but declares %d: the parts do not belong together", path, total, count)
	}
	return join(f, path, prefix, no, total)
}

// join opens the siblings of part no and joins all tables behind the metadata
// of part 1.
func join(opened *File, path, prefix string, no, total int) (*File, error) {
	var whole *File
	tensors, seen := 0, map[string]struct{}{}
	for i := 1; i <= total; i++ {
		part, name := opened, path
		if i != no {
			name = fmt.Sprintf("%s-%05d-of-%05d.gguf", prefix, i, total)
			var err error
			if part, err = openOne(name); err != nil {
				if errors.Is(err, fs.ErrNotExist) {
					return nil, fmt.Errorf("%s: part %d of %d is missing: put all parts into one folder", name, i, total)
				}
				return nil, err
			}
			if n, _ := part.int("split.count"); n != int64(total) {
				return nil, fmt.Errorf("%s: declares %d parts where %d are expected: the parts do not belong together", name, n, total)
			}
		}
		if n, ok := part.int("split.no"); ok && n != int64(i-1) {
			return nil, fmt.Errorf("%s: says that it is part %d, its name says %d: a part was renamed", name, n+1, i)
		}
		if tensors += len(part.Tensors); tensors > maxTensors {
			return nil, fmt.Errorf("%s: more than %d tensors in all parts", name, maxTensors)
		}
		for _, t := range part.Tensors {
			if _, twice := seen[t.Name]; twice {
				return nil, fmt.Errorf("%s: tensor %.80q is in an earlier part already: the parts do not belong together", name, t.Name)
			}
			seen[t.Name] = struct{}{}
		}
		if whole == nil {
			whole = part
			continue
		}
		whole.Tensors = append(whole.Tensors, part.Tensors...)
		whole.Size += part.Size
		whole.Notes = append(whole.Notes, part.Notes...)
	}
	whole.Parts = total
	if n, ok := whole.int("split.tensors.count"); ok && n != int64(tensors) {
		return nil, fmt.Errorf("%s: declares %d tensors in all parts, %d were found: a part is from another model or damaged", path, n, tensors)
	}
	return whole, nil
}

// SplitName takes a name such as "m-00002-of-00005.gguf" apart.
func SplitName(path string) (prefix string, no, total int, ok bool) {
	const tail = len("-00001-of-00002.gguf")
	base := filepath.Base(path)
	if len(base) <= tail {
		return "", 0, 0, false
	}
	t := base[len(base)-tail:]
	if t[0] != '-' || t[6:10] != "-of-" || t[15:] != ".gguf" {
		return "", 0, 0, false
	}
	a, err1 := strconv.ParseUint(t[1:6], 10, 32)
	b, err2 := strconv.ParseUint(t[10:15], 10, 32)
	if err1 != nil || err2 != nil || a < 1 || a > b || b > maxParts {
		return "", 0, 0, false
	}
	return path[:len(path)-tail], int(a), int(b), true
}

func openOne(path string) (*File, error) {
	// Stat before Open: opening a pipe would wait for a writer.
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	src, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer src.Close() //nolint:errcheck // only read from
	f, err := Read(src, st.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

func (f *File) int(key string) (int64, bool) {
	v, ok := f.KV[key]
	if !ok {
		return 0, false
	}
	return v.Int()
}
