package profiles

import (
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed calibration/crossvalidation.csv
var crossValidationCSV string

//go:embed pipelines/crossvalidation.csv
var pipelineCrossCSV string

// Held is how an estimate came out against one measurement by parameters that
// were fitted without it and without all that shares its device, or its model.
type Held struct {
	// Judged is false where no such estimate was made; the rest is then zero.
	Judged bool
	// Log is ln(estimated rate ÷ measured rate), for measured times the
	// inverse: positive always means that we said faster than measured.
	Log float64
	// SD is the standard deviation of the log that the estimate's interval was
	// made from.
	SD float64
	// Level is how close to the device the parameters were: device, family,
	// vendor, kind or assumed; of pipelines device, family, engine or work.
	Level string
}

// CrossValidated holds both judgements of one measurement.
type CrossValidated struct {
	Device Held // the whole device was left out of the fit
	Model  Held // the whole model was
}

var crossValidation = sync.OnceValues(func() (map[string]CrossValidated, error) {
	return languageCross.parse(crossValidationCSV)
})

var pipelineCross = sync.OnceValues(func() (map[string]CrossValidated, error) {
	return pipelinesCross.parse(pipelineCrossCSV)
})

// CrossValidation returns how the speed model does on measurements that it was
// not fitted to, by the id of the row of measured.Local. It is decoded once,
// when first asked for; the map is shared: do not change it. Errors name the
// line.
func CrossValidation() (map[string]CrossValidated, error) { return crossValidation() }

// PipelineCrossValidation is CrossValidation of the rates of pipelines, by the
// id of the row of measured.Pipelines.
func PipelineCrossValidation() (map[string]CrossValidated, error) { return pipelineCross() }

var crossColumns = []string{"id", "device", "device_sd", "device_level", "model", "model_sd", "model_level"}

// crossFile is one of the files of judgements: its name, the names of its
// levels, and the command that writes it.
type crossFile struct {
	name   string
	levels []string
	made   string
}

var (
	languageCross  = crossFile{"calibration/crossvalidation.csv", []string{"device", "family", "vendor", "kind", "assumed"}, "plimsoll calibrate"}
	pipelinesCross = crossFile{"pipelines/crossvalidation.csv", []string{"device", "family", "engine", "work"}, "plimsoll calibrate --pipelines"}
)

func (f *crossFile) parse(data string) (map[string]CrossValidated, error) {
	r := csv.NewReader(strings.NewReader(data))
	r.FieldsPerRecord = len(crossColumns)
	r.ReuseRecord = true
	fail := func(line int, what string) error {
		return fmt.Errorf("%s:%d: %s", f.name, line, what)
	}
	out := map[string]CrossValidated{}
	for first := true; ; first = false {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			if first {
				return nil, fail(1, "empty; write it with "+f.made)
			}
			return out, nil
		}
		var bad *csv.ParseError
		if errors.As(err, &bad) {
			return nil, fail(bad.Line, bad.Err.Error())
		}
		if err != nil {
			return nil, fail(1, err.Error())
		}
		line, _ := r.FieldPos(0)
		if first {
			if !slices.Equal(rec, crossColumns) {
				return nil, fail(line, "the columns must be "+strings.Join(crossColumns, ","))
			}
			continue
		}
		id := strings.Clone(rec[0])
		if id == "" {
			return nil, fail(line, "the id is empty")
		}
		if _, twice := out[id]; twice {
			return nil, fail(line, fmt.Sprintf("%q stands here a second time", id))
		}
		var c CrossValidated
		if c.Device, err = f.held(rec, 1); err == nil {
			c.Model, err = f.held(rec, 4)
		}
		if err != nil {
			return nil, fail(line, err.Error())
		}
		out[id] = c
	}
}

// held reads the three columns from at; all of them are empty or none is.
func (f *crossFile) held(rec []string, at int) (Held, error) {
	if rec[at] == "" && rec[at+1] == "" && rec[at+2] == "" {
		return Held{}, nil
	}
	number := func(column int) (float64, error) {
		v, err := strconv.ParseFloat(rec[column], 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return 0, fmt.Errorf("%s: want a number, got %q", crossColumns[column], rec[column])
		}
		return v, nil
	}
	h := Held{Judged: true}
	var err error
	if h.Log, err = number(at); err != nil {
		return h, err
	}
	if h.SD, err = number(at + 1); err != nil {
		return h, err
	}
	if h.SD <= 0 {
		return h, fmt.Errorf("%s: want a number above 0, got %q", crossColumns[at+1], rec[at+1])
	}
	i := slices.Index(f.levels, rec[at+2])
	if i < 0 {
		return h, fmt.Errorf("%s: want one of %s, got %q", crossColumns[at+2], strings.Join(f.levels, ", "), rec[at+2])
	}
	h.Level = f.levels[i]
	return h, nil
}
