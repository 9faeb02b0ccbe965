package gguf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	bufferSize = 128 << 10
	// maxScan bounds the bytes read from one file. The largest tokenizers
	// take some 30 MB; a file that needs more is not a model.
	maxScan = 96 << 20
)

var errScan = fmt.Errorf("the header is longer than %d MiB", maxScan>>20)

// reader reads forward over an io.ReaderAt with one fixed buffer and can step
// over bytes without reading them.
type reader struct {
	src     io.ReaderAt
	order   binary.ByteOrder
	size    int64
	base    int64 // file offset of buf[0]
	buf     []byte
	pos     int
	scanned int64
	big     bool
}

func newReader(src io.ReaderAt, size int64) *reader {
	return &reader{src: src, size: size, order: binary.LittleEndian, buf: make([]byte, 0, bufferSize)}
}

func (r *reader) offset() int64 { return r.base + int64(r.pos) }
func (r *reader) left() int64   { return r.size - r.offset() }

// need makes n (<= bufferSize) bytes available at pos.
func (r *reader) need(n int) error {
	if len(r.buf)-r.pos >= n {
		return nil
	}
	if r.left() < int64(n) {
		return io.ErrUnexpectedEOF
	}
	r.base += int64(r.pos)
	kept := copy(r.buf[:cap(r.buf)], r.buf[r.pos:])
	r.pos = 0
	want := int64(cap(r.buf))
	if rest := r.size - r.base; rest < want {
		want = rest
	}
	got, err := r.src.ReadAt(r.buf[kept:want], r.base+int64(kept))
	r.buf = r.buf[:kept+got]
	r.scanned += int64(got)
	if len(r.buf) < n {
		if err == nil || errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		return err
	}
	if r.scanned > maxScan {
		return errScan
	}
	return nil
}

func (r *reader) u8() (uint8, error) {
	if err := r.need(1); err != nil {
		return 0, err
	}
	v := r.buf[r.pos]
	r.pos++
	return v, nil
}

func (r *reader) u16() (uint16, error) {
	if err := r.need(2); err != nil {
		return 0, err
	}
	v := r.order.Uint16(r.buf[r.pos:])
	r.pos += 2
	return v, nil
}

func (r *reader) u32() (uint32, error) {
	if err := r.need(4); err != nil {
		return 0, err
	}
	v := r.order.Uint32(r.buf[r.pos:])
	r.pos += 4
	return v, nil
}

func (r *reader) u64() (uint64, error) {
	if err := r.need(8); err != nil {
		return 0, err
	}
	v := r.order.Uint64(r.buf[r.pos:])
	r.pos += 8
	return v, nil
}

// skip steps over n bytes, which must lie within the file.
func (r *reader) skip(n uint64) error {
	if n > uint64(r.left()) {
		return io.ErrUnexpectedEOF
	}
	if have := uint64(len(r.buf) - r.pos); n <= have {
		r.pos += int(n)
		return nil
	}
	r.base = r.offset() + int64(n)
	r.buf, r.pos = r.buf[:0], 0
	return nil
}

// str reads a string of at most limit bytes; a longer one is an error.
func (r *reader) str(limit int) (string, error) {
	n, err := r.u64()
	if err != nil {
		return "", err
	}
	if n > uint64(r.left()) {
		return "", fmt.Errorf("a string of %d bytes with %d bytes left in the file", n, r.left())
	}
	if n > uint64(limit) {
		return "", fmt.Errorf("a name of %d bytes (at most %d)", n, limit)
	}
	if err := r.need(int(n)); err != nil {
		return "", err
	}
	s := string(r.buf[r.pos : r.pos+int(n)])
	r.pos += int(n)
	return s, nil
}

// skipStrings steps over n strings without keeping them.
func (r *reader) skipStrings(n uint64) error {
	for ; n > 0; n-- {
		// The common case, a short string wholly in the buffer, without calls.
		if b := r.buf[r.pos:]; len(b) >= 8 && !r.big {
			l := binary.LittleEndian.Uint64(b)
			if l <= uint64(len(b)-8) {
				r.pos += 8 + int(l)
				continue
			}
		}
		l, err := r.u64()
		if err != nil {
			return err
		}
		if err := r.skip(l); err != nil {
			return err
		}
	}
	return nil
}
