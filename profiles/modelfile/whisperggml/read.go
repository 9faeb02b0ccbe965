package whisperggml

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/plimsoll/plimsoll/profiles/modelfile/gguf"
	"github.com/plimsoll/plimsoll/profiles/modelfile/networks"
)

// Limits on one file; the largest model has some 1,500 tensors.
const (
	maxTensors = 1 << 14
	maxName    = 256
	maxWord    = 1 << 12
	maxVocab   = 1 << 20
	maxFilters = 1 << 22
)

// Part is the sizes of the encoder or the decoder.
type Part struct {
	Elements, Bytes int64
	ByType          map[string]int64
}

// File is what a model file says.
type File struct {
	Shape            networks.WhisperShape
	Encoder, Decoder Part
}

// header is the numbers at the head of a file, in their order.
type header struct {
	Magic                                          [4]byte
	Vocab, AudioCtx, AudioState, AudioHead, AudioL int32
	TextCtx, TextState, TextHead, TextL            int32
	Mels, FType                                    int32
}

func (h *header) plausible() bool {
	for _, v := range []struct{ n, limit int32 }{
		{h.Vocab, maxVocab}, {h.AudioCtx, 1 << 16}, {h.AudioState, 1 << 16}, {h.AudioHead, 1 << 10}, {h.AudioL, 1 << 10},
		{h.TextCtx, 1 << 16}, {h.TextState, 1 << 16}, {h.TextHead, 1 << 10}, {h.TextL, 1 << 10}, {h.Mels, 1 << 10},
	} {
		if v.n < 1 || v.n > v.limit {
			return false
		}
	}
	return string(h.Magic[:]) == "lmgg"
}

// Is tells by its head whether the file at path is a model of whisper.cpp.
func Is(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	var h header
	return binary.Read(f, binary.LittleEndian, &h) == nil && h.plausible()
}

// Open reads the model file at path, which must be a regular file. Errors name
// the file.
func Open(path string) (*File, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	w, err := Read(f, st.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return w, nil
}

// Read reads a model file of size bytes.
func Read(src io.ReaderAt, size int64) (*File, error) {
	r := &reader{src: io.NewSectionReader(src, 0, size), size: size}
	r.buf = bufio.NewReaderSize(r.src, 32<<10)
	var h header
	if err := r.read(&h, int64(binary.Size(h))); err != nil {
		return nil, err
	}
	if !h.plausible() {
		return nil, errors.New("its head is not that of a whisper.cpp model: check the file")
	}
	w := &File{Shape: networks.WhisperShape{
		Vocab: int(h.Vocab), Mels: int(h.Mels),
		AudioContext: int(h.AudioCtx), AudioWidth: int(h.AudioState), AudioHeads: int(h.AudioHead), AudioLayers: int(h.AudioL), AudioFFN: 4 * int(h.AudioState),
		TextContext: int(h.TextCtx), TextWidth: int(h.TextState), TextHeads: int(h.TextHead), TextLayers: int(h.TextL), TextFFN: 4 * int(h.TextState),
	}}
	w.Encoder.ByType, w.Decoder.ByType = map[string]int64{}, map[string]int64{}
	if err := r.preface(); err != nil {
		return nil, err
	}
	seen := 0
	for r.at < size {
		if seen++; seen > maxTensors {
			return nil, fmt.Errorf("more than %d tensors: the file is damaged", maxTensors)
		}
		if err := r.tensor(w); err != nil {
			return nil, err
		}
	}
	if w.Encoder.Elements == 0 || w.Decoder.Elements == 0 {
		return nil, errors.New("it holds no tensors of an encoder and a decoder: is the download complete?")
	}
	return w, nil
}

type reader struct {
	src  *io.SectionReader
	buf  *bufio.Reader
	at   int64
	size int64
}

var errShort = errors.New("the file ends too early: is the download complete?")

func (r *reader) read(v any, n int64) error {
	if n > r.size-r.at || binary.Read(r.buf, binary.LittleEndian, v) != nil {
		return errShort
	}
	r.at += n
	return nil
}

func (r *reader) int() (int64, error) {
	var v int32
	err := r.read(&v, 4)
	return int64(v), err
}

// skip steps over n bytes.
func (r *reader) skip(n int64) error {
	if n < 0 || n > r.size-r.at {
		return errShort
	}
	r.at += n
	if n <= int64(r.buf.Buffered()) {
		_, err := r.buf.Discard(int(n))
		return err
	}
	if _, err := r.src.Seek(r.at, io.SeekStart); err != nil {
		return err
	}
	r.buf.Reset(r.src)
	return nil
}

// preface steps over the mel filters and the vocabulary.
func (r *reader) preface() error {
	mels, err := r.int()
	if err != nil {
		return err
	}
	fft, err := r.int()
	if err != nil {
		return err
	}
	if mels < 0 || fft < 0 || mels > maxFilters || fft > maxFilters || mels*fft > maxFilters {
		return fmt.Errorf("mel filters of %d by %d: the file is damaged", mels, fft)
	}
	if err := r.skip(4 * mels * fft); err != nil {
		return err
	}
	words, err := r.int()
	if err != nil {
		return err
	}
	if words < 0 || words > maxVocab {
		return fmt.Errorf("a vocabulary of %d words: the file is damaged", words)
	}
	for range words {
		n, err := r.int()
		if err != nil {
			return err
		}
		if n < 0 || n > maxWord {
			return fmt.Errorf("a word of %d bytes: the file is damaged", n)
		}
		if err := r.skip(n); err != nil {
			return err
		}
	}
	return nil
}

// tensor reads one row of the table and steps over its data.
func (r *reader) tensor(w *File) error {
	var row struct{ Dims, Name, Type int32 }
	if err := r.read(&row, 12); err != nil {
		return err
	}
	if row.Dims < 1 || row.Dims > 4 || row.Name < 1 || row.Name > maxName {
		return fmt.Errorf("a tensor of %d dimensions with a name of %d bytes: the file is damaged", row.Dims, row.Name)
	}
	elements, first := int64(1), int64(0)
	for i := range row.Dims {
		d, err := r.int()
		if err != nil {
			return err
		}
		if d < 1 || elements > (1<<40)/d {
			return fmt.Errorf("a tensor with a dimension of %d: the file is damaged", d)
		}
		if elements *= d; i == 0 {
			first = d
		}
	}
	name := make([]byte, row.Name)
	if err := r.read(name, int64(row.Name)); err != nil {
		return err
	}
	info, ok := gguf.TypeByID(uint32(row.Type))
	if !ok {
		return fmt.Errorf("tensor %.80q: type %d is not known", name, row.Type)
	}
	bytes, ok := info.Bytes(elements, first)
	if !ok {
		return fmt.Errorf("tensor %.80q: rows of %d do not divide into %s blocks: the file is damaged", name, first, info.Name)
	}
	p := &w.Decoder
	if strings.HasPrefix(string(name), "encoder.") {
		p = &w.Encoder
	}
	p.Elements += elements
	p.Bytes += bytes
	p.ByType[info.Name] += bytes
	return r.skip(bytes)
}
