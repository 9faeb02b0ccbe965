package measure

import (
	"context"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The largest file is read, but neither one with holes nor one of another run;
// what a killed run left is removed.
func TestFileToRead(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, size int64, holes bool) string {
		path := filepath.Join(dir, name)
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if holes {
			err = f.Truncate(size)
		} else if _, err = io.CopyN(f, rand.NewChaCha8([32]byte{2}), size); err == nil {
			err = f.Sync() // some systems count blocks only then
		}
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	r := newRun(t.Context(), Options{Storage: dir, Budget: time.Millisecond})
	write("holes", 4*smallestFile, true)
	write("small", 1<<20, false)
	running, left := write(ownFiles+"1", 2<<20, false), write(ownFiles+"2", 2<<20, false)
	if err := os.Chtimes(left, time.Time{}, time.Now().Add(-2*abandoned)); err != nil {
		t.Fatal(err)
	}
	path, made, err := r.file()
	if err != nil || !made || !strings.HasPrefix(filepath.Base(path), ownFiles) {
		t.Errorf("%s, made %v, %v", path, made, err)
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("the file of a killed run is still there")
	}
	if _, err := os.Stat(running); err != nil {
		t.Error("the file of another run is gone")
	}
	model := write("model", smallestFile, false)
	if path, made, err := r.file(); err != nil || made || path != model {
		t.Errorf("%s, made %v, %v", path, made, err)
	}
}

// An interrupted measurement removes what it wrote, and tells nothing of it.
func TestStorageInterrupted(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	r := newRun(ctx, Options{Storage: dir, Budget: time.Hour})
	r.o.Progress = func(string, float64) { cancel() }
	r.storage()
	if left, _ := os.ReadDir(dir); len(left) > 0 || len(r.out.Notes) > 0 || r.out.Storage != nil {
		t.Errorf("left %v, notes %q, %+v", left, r.out.Notes, r.out.Storage)
	}
}

// A folder that cannot be written to is a note.
func TestStorageReadOnly(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if f, err := os.CreateTemp(dir, "x"); err == nil {
		f.Close()
		t.Skip("this user may write anywhere")
	}
	r := newRun(t.Context(), Options{Storage: dir, Budget: time.Millisecond})
	if r.storage(); !noted(r, "storage was not measured: open: permission denied") {
		t.Errorf("notes %q", r.out.Notes)
	}
}

// Each part of an array is a page at least, whatever the number of threads and
// however little memory there is.
func TestArraysOfManyThreads(t *testing.T) {
	for _, threads := range []int{1, 2, 255, 256, 257, 1024} {
		r := newRun(t.Context(), Options{AvailableBytes: 4 << 20})
		r.threads = threads
		a := &arrays{size: r.arraySize(), at: make([]place, threads)}
		for m := range threads {
			if _, _, n := a.next(m, threads); n < grain {
				t.Fatalf("member %d of %d has %d bytes", m, threads, n)
			}
		}
	}
}
