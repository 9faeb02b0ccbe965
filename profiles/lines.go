package profiles

import (
	"bytes"
	"embed"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/plimsoll/plimsoll/profiles/names"
)

// readFiles are the files of lines that were read: what is embedded is copied
// whenever it is read.
var readFiles sync.Map // path: func() ([]byte, error)

// readOnce returns a file, which is not to be changed.
func readOnce(files embed.FS, path string) ([]byte, error) {
	read, ok := readFiles.Load(path)
	if !ok {
		read, _ = readFiles.LoadOrStore(path, sync.OnceValues(func() ([]byte, error) { return files.ReadFile(path) }))
	}
	return read.(func() ([]byte, error))()
}

// jsonLines yields the raw lines of the .jsonl files of a folder, file by file
// in the order of their names. They are not to be changed.
func jsonLines(files embed.FS, folder string, yield func(file string, line []byte) bool) error {
	entries, err := fs.ReadDir(files, folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if path.Ext(e.Name()) != ".jsonl" {
			continue
		}
		data, err := readOnce(files, folder+"/"+e.Name())
		if err != nil {
			return err
		}
		for len(data) > 0 {
			line := data
			if i := bytes.IndexByte(data, '\n'); i >= 0 {
				line, data = data[:i], data[i+1:]
			} else {
				data = nil
			}
			if len(line) > 0 && !yield(e.Name(), line) {
				return nil
			}
		}
	}
	return nil
}

// lineNames adds the names that the lines of a folder begin with to entries.
func lineNames(entries []names.Entry, files embed.FS, folder string) []names.Entry {
	_ = jsonLines(files, folder, func(_ string, line []byte) bool { // an embedded folder has no errors to give
		id, list := lineHead(line)
		e := names.Entry{ID: string(id)}
		for len(list) > 0 {
			var alias []byte
			if alias, list = nextString(list); alias != nil {
				e.Aliases = append(e.Aliases, string(alias))
			}
		}
		entries = append(entries, e)
		return true
	})
	return entries
}

// exactLine finds the line whose id or alias is the query, ignoring case. It
// reads only the head of each line, where both stand.
func exactLine(files embed.FS, folder, query string) []byte {
	query = strings.ToLower(strings.TrimSpace(query))
	if query == "" {
		return nil
	}
	var found []byte
	_ = jsonLines(files, folder, func(_ string, line []byte) bool {
		id, aliases := lineHead(line)
		if equalFold(id, query) {
			found = line
			return false
		}
		for len(aliases) > 0 {
			var alias []byte
			alias, aliases = nextString(aliases)
			if alias != nil && found == nil && equalFold(alias, query) {
				found = line // an id may still match
			}
		}
		return true
	})
	return found
}

// lineHead cuts the id and the raw alias list out of a line that begins
// {"id":"…","aliases":["…","…"].
func lineHead(line []byte) (id, aliases []byte) {
	rest, ok := bytes.CutPrefix(line, []byte(`{"id":"`))
	if !ok {
		return nil, nil
	}
	i := bytes.IndexByte(rest, '"')
	if i < 0 {
		return nil, nil
	}
	id, rest = rest[:i], rest[i+1:]
	if rest, ok = bytes.CutPrefix(rest, []byte(`,"aliases":[`)); ok {
		if i = bytes.IndexByte(rest, ']'); i >= 0 {
			aliases = rest[:i]
		}
	}
	return id, aliases
}

func headID(line []byte) string {
	id, _ := lineHead(line)
	return string(id)
}

func nextString(list []byte) (s, rest []byte) {
	i := bytes.IndexByte(list, '"')
	if i < 0 {
		return nil, nil
	}
	list = list[i+1:]
	if i = bytes.IndexByte(list, '"'); i < 0 {
		return nil, nil
	}
	return list[:i], list[i+1:]
}

// equalFold compares raw bytes with a lower-case ASCII query.
func equalFold(b []byte, query string) bool {
	if len(b) != len(query) {
		return false
	}
	for i := range b {
		c := b[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != query[i] {
			return false
		}
	}
	return true
}
