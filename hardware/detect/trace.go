package detect

import (
	"bytes"
	"slices"
	"sync"
	"time"
	"unicode/utf8"
)

// Question is one thing that was asked of the system, and what it answered.
type Question struct {
	Source string        // who asked: "host", "nvidia-smi", "amd sysfs" …
	Kind   string        // file, folder, presence, command, library
	What   string        // the path, the command line, the function
	Took   time.Duration // until the answer was there
	Bytes  int           // length of the answer
	// Answer is the answer cut short, without serials, names and addresses
	// (see [Redactor]); a binary one is only described.
	Answer string
	Error  string // why there was none; "" when there was

	answer []byte
	err    error
}

// maxAnswer is how much of an answer the record keeps.
const maxAnswer = 4 << 10

// maxQuestions bounds a record.
const maxQuestions = 20000

// Trace records questions. Its zero value is ready; a nil Trace records
// nothing. Sources that were left behind may still add to it.
type Trace struct {
	mu   sync.Mutex
	all  []Question
	lost int
}

func (t *Trace) add(q Question) {
	if t == nil {
		return
	}
	q.Bytes = len(q.answer)
	if isBinary(q.answer) {
		q.answer = nil
		q.Answer = "not text"
	} else {
		// The copy is long enough that what is cut off at its end is not
		// half a name that would no longer be recognised as one.
		q.answer = bytes.Clone(q.answer[:min(len(q.answer), maxAnswer+512)])
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.all) >= maxQuestions {
		t.lost++
		return
	}
	t.all = append(t.all, q)
}

// isBinary says whether an answer is no text. Trailing NULs, and those between
// the strings of a device tree, are.
func isBinary(b []byte) bool {
	b = b[:min(len(b), 1024)]
	b = bytes.Trim(b, "\x00")
	odd := 0
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 && len(b) >= utf8.UTFMax || r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != 0 && r != 0x1b {
			odd++
		}
		b = b[n:]
	}
	return odd > 0
}

// Questions returns what was recorded up to now, grouped by the source that
// asked, in the order of the groups' first questions, with secrets removed.
// lost counts what was too much to keep.
func (t *Trace) Questions(r *Redactor) (questions []Question, lost int) {
	if t == nil {
		return nil, 0
	}
	t.mu.Lock()
	out, lost := slices.Clone(t.all), t.lost
	t.mu.Unlock()
	slices.SortStableFunc(out, func(a, b Question) int { return sourceOrder(a.Source) - sourceOrder(b.Source) })
	for i := range out {
		q := &out[i]
		q.What = r.Clean(q.What)
		if q.Answer == "" {
			answer := r.answer(q)
			if len(answer) > maxAnswer {
				answer = trimRune(answer[:maxAnswer]) + " ..."
			}
			q.Answer = answer
		}
		if q.err != nil {
			q.Error = r.Clean(plainError(q.err))
		}
	}
	return out, lost
}

// trimRune drops a rune that was cut in half.
func trimRune(s string) string {
	for i := 0; i < utf8.UTFMax && len(s) > 0; i++ {
		if r, n := utf8.DecodeLastRuneInString(s); r != utf8.RuneError || n != 1 {
			break
		}
		s = s[:len(s)-1]
	}
	return s
}
