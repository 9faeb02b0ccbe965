package profiles

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxProfile bounds the size of a user's file in bytes, maxNesting its depth.
// The parser's time grows with the square of the keys and its memory with
// several hundred bytes per byte: this much is read in a second at worst.
const (
	maxProfile = 128 << 10
	maxNesting = 24
)

// userFile is a kind of YAML file that users write.
type userFile struct {
	name  string // "a hardware profile"
	holds string // what its one document does: "describes a machine"
	depth string // of nesting that it needs, in words
}

// load reads such a file's bytes, one more than is allowed at most. Only where
// pipes are taken may it be one.
func load(path string, pipes bool) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() && (!pipes || info.IsDir()) {
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	var data []byte
	if err == nil {
		var f *os.File
		if f, err = os.Open(path); err == nil {
			defer f.Close()
			data, err = io.ReadAll(io.LimitReader(f, maxProfile+1))
		}
	}
	if err != nil {
		var pathErr *fs.PathError
		if errors.As(err, &pathErr) {
			err = pathErr.Err
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, nil
}

// document parses the one document of a file and hands its root to read. It
// returns the first error of either, one line "file:line: key: what is wrong".
func (r *reader) document(data []byte, kind userFile, read func(root ast.Node)) (err error) {
	defer func() {
		// The YAML parser has panicked on broken input before.
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: cannot be read as YAML", r.file)
		}
	}()
	if len(data) > maxProfile {
		return fmt.Errorf("%s: more than %d KiB; %s is a few lines", r.file, maxProfile>>10, kind.name)
	}
	if line, deep := tooDeep(data); deep {
		return fmt.Errorf("%s:%d: nested more than %d levels deep; %s needs %s", r.file, line, maxNesting, kind.name, kind.depth)
	}
	tree, err := parser.ParseBytes(data, 0)
	if err != nil {
		return r.syntax(err)
	}
	var docs []ast.Node
	for _, doc := range tree.Docs {
		if doc.Body != nil {
			docs = append(docs, doc.Body)
		}
	}
	if len(docs) != 1 {
		return fmt.Errorf("%s: %d documents, want one that %s", r.file, len(docs), kind.holds)
	}
	read(docs[0])
	return r.err
}

// tooDeep finds nesting that no profile needs, before the parser recurses into it.
func tooDeep(data []byte) (line int, deep bool) {
	flow := 0
	for l := range bytes.Lines(data) {
		line++
		if bytes.HasPrefix(bytes.TrimLeft(l, " "), []byte("#")) { // a comment
			continue
		}
		if bytes.Count(l, []byte("- ")) > maxNesting*4 || bytes.Count(l, []byte("? ")) > maxNesting || len(l)-len(bytes.TrimLeft(l, " \t-?")) > 200 {
			return line, true
		}
		for _, c := range l {
			switch c {
			case '[', '{':
				if flow++; flow > maxNesting { // all of it may stand on one line
					return line, true
				}
			case ']', '}':
				flow = max(flow-1, 0)
			}
		}
	}
	return 0, false
}
