package detect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// maxText bounds a file or an output that is read (a 768-thread cpuinfo is 2 MB).
const maxText = 8 << 20

// maxSmall bounds what is read as one line or a few.
const maxSmall = 64 << 10

// system is what detection asks its questions of: the files below a root, and
// on a live machine its commands and libraries. Every question can be recorded.
type system struct {
	root  string        // "/" for this machine
	live  bool          // this machine: commands may be run and libraries loaded
	asker string        // the source that asks, for the record
	limit time.Duration // of a command that sets none of its own
	trace *Trace
}

// newSystem describes the machine whose files lie below root; "" and "/" are
// this machine.
func newSystem(root string, trace *Trace) *system {
	s := &system{root: root, trace: trace, limit: toolLimit}
	if s.root == "" {
		s.root = "/"
	}
	s.live = filepath.Clean(s.root) == "/" || runtime.GOOS == "windows" && root == ""
	return s
}

// as is the same system, asked by a named source.
func (s *system) as(asker string) *system {
	c := *s
	c.asker = asker
	return &c
}

// path is where a file of the described machine lies. A snapshot may keep a
// file under a short name beside the tree (see captured).
func (s *system) path(name string) string {
	name = path.Clean("/" + filepath.ToSlash(name))
	full := filepath.Join(s.root, filepath.FromSlash(name))
	if s.live {
		return full
	}
	if _, err := os.Stat(full); err != nil {
		if short, ok := shortName(s.root, name); ok {
			return short
		}
	}
	return full
}

// read returns a file of the described machine, at most maxText of it.
func (s *system) read(name string) ([]byte, error) {
	start := time.Now()
	b, err := readBounded(s.path(name))
	s.trace.add(Question{Source: s.asker, Kind: "file", What: name, Took: time.Since(start), answer: b, err: err})
	return b, err
}

// readBounded reads a plain file. Pipes and devices, which could keep a reader
// waiting, are none.
func readBounded(file string) ([]byte, error) {
	st, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, errors.New("not a plain file")
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	b, err := io.ReadAll(io.LimitReader(f, maxText+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxText {
		return nil, fmt.Errorf("larger than %d MiB", maxText>>20)
	}
	return b, nil
}

// text reads a small file as one trimmed text, "" when it cannot be had. Some
// drivers fill their attribute files up with NULs.
func (s *system) text(name string) string {
	b, err := s.read(name)
	if err != nil || len(b) > maxSmall {
		return ""
	}
	return strings.Trim(string(b), " \t\r\n\x00")
}

// exists says whether there is something of that name.
func (s *system) exists(name string) bool {
	_, err := os.Stat(s.path(name))
	s.trace.add(Question{Source: s.asker, Kind: "presence", What: name, answer: presence(err), err: unlessMissing(err)})
	return err == nil
}

func presence(err error) []byte {
	if err != nil {
		return []byte("no")
	}
	return []byte("yes")
}

func unlessMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// glob lists what fits a pattern of slashes, as names below the root, sorted
// so that card10 follows card9.
func (s *system) glob(pattern string) []string {
	start := time.Now()
	found, _ := filepath.Glob(filepath.Join(s.root, filepath.FromSlash(pattern)))
	names := make([]string, 0, len(found))
	for _, f := range found {
		if rel, err := filepath.Rel(s.root, f); err == nil {
			names = append(names, "/"+filepath.ToSlash(rel))
		}
	}
	slices.SortFunc(names, compareNatural)
	s.trace.add(Question{Source: s.asker, Kind: "folder", What: pattern, Took: time.Since(start), answer: []byte(fmt.Sprintf("%d entries", len(names)))})
	return names
}

// real resolves a name's links, as a name below the root; "" when it cannot.
func (s *system) real(name string) string {
	full, err := filepath.EvalSymlinks(s.path(name))
	if err != nil {
		return ""
	}
	rel, err := filepath.Rel(s.root, full)
	if err != nil || strings.HasPrefix(rel, "..") {
		return ""
	}
	return "/" + filepath.ToSlash(rel)
}

// compareNatural orders names with numbers by the numbers.
func compareNatural(a, b string) int {
	for a != "" && b != "" {
		na, nb := leadingDigits(a), leadingDigits(b)
		if na > 0 && nb > 0 {
			x, y := strings.TrimLeft(a[:na], "0"), strings.TrimLeft(b[:nb], "0")
			if len(x) != len(y) {
				return len(x) - len(y)
			}
			if c := strings.Compare(x, y); c != 0 {
				return c
			}
			a, b = a[na:], b[nb:]
			continue
		}
		if a[0] != b[0] {
			return int(a[0]) - int(b[0])
		}
		a, b = a[1:], b[1:]
	}
	return len(a) - len(b)
}

func leadingDigits(s string) int {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return i
}

// tool is a command that detection knows how to ask.
type tool struct {
	name  string
	args  []string
	paths []string // where else it may lie than on the path
	// capture is the name, without ending, that its output has in a snapshot.
	capture string
	limit   time.Duration // 0: that of the system
}

// toolLimit bounds one run of a command: a driver that has to wake eight
// devices takes several seconds.
const toolLimit = 5 * time.Second

// command runs a tool and returns what it printed. On a snapshot it returns
// what was captured. ErrAbsent (wrapped) means that there is no such tool.
func (s *system) command(ctx context.Context, t tool) ([]byte, error) {
	start := time.Now()
	line := strings.Join(append([]string{t.name}, t.args...), " ")
	if !s.live {
		file, ok := captureFile(s.root, t.capture)
		if !ok {
			return nil, fmt.Errorf("%s is %w", t.name, ErrAbsent)
		}
		b, err := readBounded(file)
		s.trace.add(Question{Source: s.asker, Kind: "command", What: line, Took: time.Since(start), answer: b, err: err})
		return b, err
	}
	file, err := lookTool(t)
	if err != nil {
		s.trace.add(Question{Source: s.asker, Kind: "command", What: line, Took: time.Since(start), err: errors.New("not found")})
		return nil, fmt.Errorf("the command is %w", ErrAbsent)
	}
	if t.limit <= 0 {
		t.limit = s.limit
	}
	out, err := runBounded(ctx, t, file)
	s.trace.add(Question{Source: s.asker, Kind: "command", What: line, Took: time.Since(start), answer: out, err: err})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// called records a call into a library that was made elsewhere.
func (s *system) called(what string, start time.Time, answer string, err error) {
	s.trace.add(Question{Source: s.asker, Kind: "library", What: what, Took: time.Since(start), answer: []byte(answer), err: err})
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return strings.TrimSpace(line)
}
