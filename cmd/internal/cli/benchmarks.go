package cli

import (
	"io"
	"os"

	"github.com/plimsoll/plimsoll/cmd/internal/corpus"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/profiles/benchfile"
)

// readBenchmarks reads the files of measurements.
func (a *app) readBenchmarks(paths []string) ([]corpus.File, error) {
	out := make([]corpus.File, 0, len(paths))
	for _, path := range paths {
		r, err := a.readBenchmark(path)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

func (a *app) readBenchmark(path string) (f corpus.File, err error) {
	var src io.Reader = a.Stdin
	f.Name = path
	if path == "-" {
		f.Name = "stdin"
	} else {
		file, err := os.Open(path)
		if err != nil {
			return f, problem.Wrong(problem.BadFile, "cannot read the measurements", "--from "+path, "check the path and its permissions")
		}
		defer file.Close()
		if info, err := file.Stat(); err == nil && info.IsDir() {
			return f, problem.Wrong(problem.BadFile, "a folder, not a file of measurements", "--from "+path, "name the file in it")
		}
		src = file
	}
	if f.Result, err = benchfile.ReadFrom(f.Name, src); err != nil {
		return f, problem.From(problem.BadFile, err)
	}
	return f, nil
}
