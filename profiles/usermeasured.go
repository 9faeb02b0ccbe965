package profiles

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/plimsoll/plimsoll/hardware"
)

// userMeasuredFile lies in the user's folder and holds what plimsoll hardware
// measure found on this machine.
const userMeasuredFile = "measured.yaml"

// UserMeasuredPath is where the measurement lies, "" where there is no user folder.
func UserMeasuredPath() string {
	dir := UserDir()
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, userMeasuredFile)
}

// UserMeasured reads what was measured on this machine, nil where nothing was.
// Errors name the file.
func UserMeasured() (*hardware.Measured, error) {
	path := UserMeasuredPath()
	if path == "" {
		return nil, nil
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	data, err := load(path, false)
	if err != nil {
		return nil, err
	}
	return ReadMeasured(path, data)
}

var measurement = userFile{"a measurement", "holds what was measured", "three"}

// ReadMeasured reads a measurement in YAML, as [WriteMeasured] writes it. file
// names the input in errors, each one line "file:line: key: what is wrong".
func ReadMeasured(file string, data []byte) (*hardware.Measured, error) {
	r, m := &reader{file: file}, &hardware.Measured{Caches: []hardware.Cache{}, Notes: []string{}}
	err := r.document(data, measurement, func(root ast.Node) {
		r.mapping(root, "the measurement", measuredFields(m), func(key string, v ast.Node) bool {
			switch key {
			case "memory":
				for _, item := range r.list(v, key, 64) {
					var row hardware.MemoryRates
					r.rates(item, "a row of memory", memoryRatesFields(&row), memoryRates(&row))
					if n := len(m.Memory); r.err == nil && (row.Threads < 1 || n > 0 && row.Threads <= m.Memory[n-1].Threads) {
						r.fail(item, "threads", "want ascending numbers of 1 or more")
					}
					m.Memory = append(m.Memory, row)
				}
			case "fp32":
				m.FP32 = r.ops(v, key)
			case "int8":
				m.INT8 = r.ops(v, key)
			case "caches":
				for _, item := range r.list(v, key, 16) {
					var c hardware.Cache
					r.mapping(item, "a cache", cacheFields(&c), nil)
					if c.Level < 1 {
						r.fail(item, "level", "want 1 or more")
					}
					m.Caches = append(m.Caches, c)
				}
			case "storage":
				m.Storage = &hardware.MeasuredStorage{}
				var cold, warm hardware.Rate
				r.rates(v, key, storageFields(m.Storage), []namedRate{{"cold_gb_s", &cold}, {"warm_gb_s", &warm}})
				m.Storage.Cold, m.Storage.Warm = given(cold), given(warm)
			case "devices":
				for _, item := range r.list(v, key, 256) {
					var d hardware.MeasuredDevice
					var pinned, pageable hardware.Rate
					r.rates(item, "a device", deviceRatesFields(&d), []namedRate{{"h2d_pinned_gb_s", &pinned}, {"h2d_pageable_gb_s", &pageable}})
					if d.Name == "" {
						r.fail(item, "name", "is missing")
					}
					d.Pinned, d.Pageable = given(pinned), given(pageable)
					m.Devices = append(m.Devices, d)
				}
			default:
				return false
			}
			return true
		})
		if m.Date == "" || m.CPU == "" {
			r.fail(root, "the measurement", "date or cpu is missing")
		}
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

// given is a rate that the file has, nil for none.
func given(r hardware.Rate) *hardware.Rate {
	if r == (hardware.Rate{}) {
		return nil
	}
	return &r
}

func (r *reader) ops(n ast.Node, key string) *hardware.MeasuredOps {
	o := &hardware.MeasuredOps{}
	r.rates(n, key, opsFields(o), opsRates(o))
	return o
}

// rates reads a mapping with rates among its fields.
func (r *reader) rates(n ast.Node, what string, fields []field, rates []namedRate) {
	r.mapping(n, what, fields, func(key string, v ast.Node) bool {
		for _, x := range rates {
			if x.key == key {
				r.mapping(v, key, rateOfFields(x.rate), nil)
				return true
			}
		}
		return false
	})
}

// WriteMeasured writes a measurement as [ReadMeasured] reads it.
func WriteMeasured(m *hardware.Measured) []byte {
	w := &writer{}
	w.line(0, "# What plimsoll hardware measure found on this machine. Estimates for it rest on")
	w.line(0, "# this; plimsoll hardware measure --forget, or removing the file, ends that.")
	w.fields(0, measuredFields(m))
	rates := func(level int, list []namedRate) {
		for _, x := range list {
			if x.rate != nil && *x.rate != (hardware.Rate{}) {
				w.line(level, x.key+":")
				w.fields(level+1, rateOfFields(x.rate))
			}
		}
	}
	if len(m.Memory) > 0 {
		w.line(0, "memory:")
	}
	for i := range m.Memory {
		w.item = true
		w.fields(2, memoryRatesFields(&m.Memory[i]))
		rates(2, memoryRates(&m.Memory[i]))
	}
	for _, x := range []struct {
		key string
		ops *hardware.MeasuredOps
	}{{"fp32", m.FP32}, {"int8", m.INT8}} {
		if x.ops != nil {
			w.line(0, x.key+":")
			w.fields(1, opsFields(x.ops))
			rates(1, opsRates(x.ops))
		}
	}
	if len(m.Caches) > 0 {
		w.line(0, "caches:")
	}
	for i := range m.Caches {
		w.item = true
		w.fields(2, cacheFields(&m.Caches[i]))
	}
	if s := m.Storage; s != nil {
		w.line(0, "storage:")
		w.fields(1, storageFields(s))
		rates(1, []namedRate{{"cold_gb_s", s.Cold}, {"warm_gb_s", s.Warm}})
	}
	if len(m.Devices) > 0 {
		w.line(0, "devices:")
	}
	for i := range m.Devices {
		d := &m.Devices[i]
		w.item = true
		w.fields(2, deviceRatesFields(d))
		rates(2, []namedRate{{"h2d_pinned_gb_s", d.Pinned}, {"h2d_pageable_gb_s", d.Pageable}})
	}
	return w.out.Bytes()
}

// WriteUserMeasured keeps a measurement in the user's folder, which it makes
// if need be, and returns the file's path.
func WriteUserMeasured(m *hardware.Measured) (string, error) {
	path := UserMeasuredPath()
	if path == "" {
		return "", fmt.Errorf("there is no user folder; set PLIMSOLL_PROFILES to one")
	}
	if _, err := ReadMachineFile(path); err == nil {
		return path, errOtherProfile(path)
	}
	return path, replaceFile(path, WriteMeasured(m))
}

// errOtherProfile says that a machine described by hand has the measurement's
// place.
func errOtherProfile(path string) error {
	return fmt.Errorf("%s is a hardware profile; rename it: this name is for what is measured", path)
}

// isUserMeasured says that a file of the user's folder holds the measurement,
// also where capitals do not matter, and no hardware profile.
func isUserMeasured(name string) bool { return strings.EqualFold(name, userMeasuredFile) }

// ForgetMeasured removes the measurement and says whether there was one.
func ForgetMeasured() (path string, was bool, err error) {
	path = UserMeasuredPath()
	if path == "" {
		return "", false, nil
	}
	if _, err := ReadMachineFile(path); err == nil {
		return path, true, errOtherProfile(path)
	}
	err = os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return path, false, nil
	}
	return path, err == nil, err
}

// replaceFile writes a file beside its place and moves it there, so that an
// interrupted run leaves the old one.
func replaceFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("%s: cannot make the folder: %w", filepath.Dir(path), err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("%s: cannot be written: %w", path, err)
	}
	_, err = tmp.Write(data)
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		os.Remove(tmp.Name()) //nolint:errcheck // best effort after a failure that is reported
		return fmt.Errorf("%s: cannot be written: %w", path, err)
	}
	return nil
}
