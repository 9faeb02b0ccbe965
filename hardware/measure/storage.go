package measure

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
	"unsafe"

	"github.com/plimsoll/plimsoll/hardware"
)

const (
	readAtOnce   = 4 << 20
	smallestFile = 64 << 20  // of a folder that is worth reading
	largestRead  = 512 << 20 // of any file
	aligned      = 4 << 10   // what direct reading asks of buffers and offsets
)

// storage measures how fast one stream reads a file of the folder.
func (r *run) storage() {
	path, made, err := r.file()
	if made {
		defer os.Remove(path) //nolint:errcheck // nothing more can be done
	}
	if err != nil {
		r.note("storage was not measured: " + err.Error())
		return
	}
	if r.ctx.Err() != nil {
		return
	}
	out := &hardware.MeasuredStorage{}
	each := r.part(storageShare) / 4
	direct, how := openDirect(path)
	if direct == nil {
		r.note("reading from the drive was not measured: " + how)
	} else {
		r.say("storage, from the drive", 0.85)
		reps, bytes := passes(direct, each, 3)
		direct.Close() //nolint:errcheck // it was only read
		if len(reps) > 0 {
			rate := rateOf(reps, 1e9)
			out.Cold, out.How, out.Bytes = &rate, how, bytes
			if r.out.Virtual {
				r.note("the drive of a virtual machine may be read from its host's cache: cold may be colder than what was measured")
			}
		}
	}
	f, err := os.Open(path)
	if err != nil {
		r.note("storage was not measured: " + plain(err).Error())
		return
	}
	defer f.Close()
	r.say("storage, from the cache", 0.95)
	passes(f, each, 1) // fills it
	if reps, bytes := passes(f, each, 3); len(reps) > 0 {
		rate := rateOf(reps, 1e9)
		out.Warm, out.Bytes = &rate, max(out.Bytes, bytes)
	}
	if out.Cold != nil || out.Warm != nil {
		r.out.Storage = out
	}
}

// file returns a file to read: the largest of the folder, or one that is made.
func (r *run) file() (path string, made bool, err error) {
	entries, err := os.ReadDir(r.o.Storage)
	if err != nil {
		return "", false, plain(err)
	}
	size := int64(smallestFile - 1)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && info.Size() > size {
			path, size = filepath.Join(r.o.Storage, e.Name()), info.Size()
		}
	}
	if path != "" {
		if f, err := os.Open(path); err == nil {
			f.Close() //nolint:errcheck // it was only opened
			return path, false, nil
		}
	}
	f, err := os.CreateTemp(r.o.Storage, ".plimsoll-measure-*")
	if err != nil {
		return "", false, plain(err)
	}
	r.say("storage, writing a file to read", memoryShare+computeShare)
	err = fill(f, r.part(storageShare)/4)
	if e := f.Close(); err == nil {
		err = e
	}
	return f.Name(), true, plain(err)
}

// fill writes what no drive can make less of, until the time is over or the
// file is large enough, and waits until it lies on the drive.
func fill(f *os.File, length time.Duration) error {
	buf := make([]byte, readAtOnce)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(buf) // it never fails
	start := time.Now()
	for n := int64(0); n < largestRead/2 && (n == 0 || time.Since(start) < length); n += readAtOnce {
		// Each block differs, for drives that keep the same blocks once.
		*(*int64)(unsafe.Pointer(unsafe.SliceData(buf))) = n
		if _, err := f.Write(buf); err != nil {
			return err
		}
	}
	return f.Sync()
}

// passes reads a file from its beginning several times, each time at most as
// long as given, and returns the bytes per second of each pass and the bytes of
// the longest.
func passes(f *os.File, length time.Duration, times int) (rates []float64, bytes int64) {
	room := make([]byte, readAtOnce+aligned)
	shift := (aligned - int(uintptr(unsafe.Pointer(unsafe.SliceData(room)))%aligned)) % aligned
	buf := room[shift : shift+readAtOnce]
	for range times {
		start, read := time.Now(), int64(0)
		for read < largestRead && (read == 0 || time.Since(start) < length/time.Duration(times)) {
			n, err := f.ReadAt(buf, read)
			read += int64(n)
			if err != nil {
				if !errors.Is(err, io.EOF) {
					return rates, bytes
				}
				break
			}
		}
		if took := time.Since(start).Seconds(); took > 0 && read > 0 {
			rates, bytes = append(rates, float64(read)/took), max(bytes, read)
		}
	}
	return rates, bytes
}

// plain drops the path from an error: its reader knows it.
func plain(err error) error {
	if p := new(os.PathError); errors.As(err, &p) {
		return fmt.Errorf("%s: %w", p.Op, p.Err)
	}
	return err
}
