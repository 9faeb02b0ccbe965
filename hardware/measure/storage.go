package measure

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unsafe"

	"github.com/plimsoll/plimsoll/hardware"
)

const (
	readAtOnce   = 4 << 20
	syncEvery    = 8 << 20   // so that the system keeps little to write at the end
	smallestFile = 64 << 20  // of a folder that is worth reading
	largestRead  = 512 << 20 // of any file
	aligned      = 4 << 10   // what direct reading asks of buffers and offsets
)

// ownFiles begins the names of files that are written to be read. One that is
// older than abandoned was left by a run that was killed.
const (
	ownFiles  = ".plimsoll-measure-"
	abandoned = time.Hour
)

// storage measures how fast one stream reads a file of the folder.
func (r *run) storage() {
	path, made, err := r.file()
	if made {
		defer os.Remove(path) //nolint:errcheck // nothing more can be done
	}
	if r.ctx.Err() != nil {
		return
	}
	if err != nil {
		r.note("storage was not measured: " + err.Error())
		return
	}
	out := &hardware.MeasuredStorage{}
	each := r.part(storageShare) / 4
	r.cold(path, each, out)
	f, err := os.Open(path)
	if err != nil {
		r.note("storage was not measured: " + plain(err).Error())
		return
	}
	defer f.Close()
	r.say("storage, from the cache", 1-deviceShare-storageShare/4)
	_, _, err = passes(r.ctx, f, each, 1, nil) // fills it
	if err == nil {
		var reps []float64
		var bytes int64
		if reps, bytes, err = passes(r.ctx, f, each, 3, nil); len(reps) > 0 {
			rate := rateOf(reps, 1e9)
			out.Warm, out.Bytes = &rate, max(out.Bytes, bytes)
		}
	}
	if err != nil {
		r.note("reading from the cache was not measured: " + plain(err).Error())
	}
	if out.Cold != nil || out.Warm != nil {
		r.out.Storage = out
	}
}

// cold measures how fast the drive is read.
func (r *run) cold(path string, each time.Duration, out *hardware.MeasuredStorage) {
	direct, how, before := openDirect(path)
	if direct == nil {
		r.note("reading from the drive was not measured: " + how)
		return
	}
	defer direct.Close()
	r.say("storage, from the drive", 1-deviceShare-storageShare/2)
	reps, bytes, err := passes(r.ctx, direct, each, 3, before)
	if err != nil {
		r.note("reading from the drive was not measured: " + plain(err).Error())
		return
	}
	if len(reps) == 0 {
		return
	}
	rate := rateOf(reps, 1e9)
	out.Cold, out.How, out.Bytes = &rate, how, bytes
	if r.out.Virtual {
		r.note("the drive of a virtual machine may be read from its host's cache: cold may be colder than what was measured")
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
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		name := filepath.Join(r.o.Storage, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), ownFiles):
			if time.Since(info.ModTime()) > abandoned {
				os.Remove(name) //nolint:errcheck // it may be another user's
			}
		case info.Size() > size && !sparse(info):
			path, size = name, info.Size()
		}
	}
	if path != "" {
		if f, err := os.Open(path); err == nil {
			f.Close() //nolint:errcheck // it was only opened
			return path, false, nil
		}
	}
	f, err := os.CreateTemp(r.o.Storage, ownFiles+"*")
	if err != nil {
		return "", false, plain(err)
	}
	r.say("storage, writing a file to read", memoryShare+computeShare)
	err = fill(r.ctx, f, r.part(storageShare)/4)
	if e := f.Close(); err == nil {
		err = e
	}
	return f.Name(), true, plain(err)
}

// fill writes what no drive can make less of, until the time is over or the
// file is large enough, and waits until it lies on the drive.
func fill(ctx context.Context, f *os.File, length time.Duration) error {
	buf := make([]byte, readAtOnce)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(buf) // it never fails
	start := time.Now()
	for n := int64(0); n < largestRead/2 && (n == 0 || time.Since(start) < length); n += readAtOnce {
		if err := ctx.Err(); err != nil {
			return err
		}
		// Each block differs, for drives that keep the same blocks once.
		*(*int64)(unsafe.Pointer(unsafe.SliceData(buf))) = n
		if _, err := f.Write(buf); err != nil {
			return err
		}
		if (n+readAtOnce)%syncEvery == 0 {
			if err := f.Sync(); err != nil {
				return err
			}
		}
	}
	return f.Sync()
}

// passes reads a file from its beginning several times, each time at most as
// long as given, calling before ahead of each, and returns the bytes per second
// of each pass and the bytes of the longest. A file that cannot be read is an
// error.
func passes(ctx context.Context, f *os.File, length time.Duration, times int, before func()) (rates []float64, bytes int64, err error) {
	room := make([]byte, readAtOnce+aligned)
	shift := (aligned - int(uintptr(unsafe.Pointer(unsafe.SliceData(room)))%aligned)) % aligned
	buf := room[shift : shift+readAtOnce]
	for range times {
		if before != nil {
			before()
		}
		start, read := time.Now(), int64(0)
		for read < largestRead && (read == 0 || time.Since(start) < length/time.Duration(times)) && ctx.Err() == nil {
			n, err := f.ReadAt(buf, read)
			read += int64(n)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, 0, err
			}
		}
		if took := time.Since(start).Seconds(); took > 0 && read > 0 {
			rates, bytes = append(rates, float64(read)/took), max(bytes, read)
		}
	}
	return rates, bytes, nil
}

// plain drops the path from an error: its reader knows it.
func plain(err error) error {
	if p := new(os.PathError); errors.As(err, &p) {
		return fmt.Errorf("%s: %w", p.Op, p.Err)
	}
	return err
}
