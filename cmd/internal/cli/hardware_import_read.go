package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"

	"github.com/plimsoll/plimsoll/cmd/internal/fleet"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	nodelist "github.com/plimsoll/plimsoll/hardware/inventory"
)

// importReader takes in files, folders, standard input and what kubectl says.
type importReader struct {
	*app
	builder     nodelist.Builder
	from, where string
	inventories int
	profiles    []fleet.Profile
	left        []nodelist.Left
}

// mostFiles bounds a folder.
const mostFiles = 200_000

func (r *importReader) all(ctx context.Context, o *importOptions) error {
	if !o.kubectl && len(o.files) == 0 {
		f, ok := r.Stdin.(*os.File)
		o.kubectl = ok && term.IsTerminal(int(f.Fd()))
		if !o.kubectl {
			o.files = []string{"-"}
		}
	}
	if o.kubectl {
		r.where = "kubectl"
		r.inventories++
		return askKubectl(ctx, o, func(in io.Reader) error { return r.builder.Read("", in) })
	}
	for _, path := range o.files {
		if err := ctx.Err(); err != nil {
			return err
		}
		r.where = path
		if path == "-" {
			r.where = "standard input"
			if r.from == fromProfiles {
				return problem.Wrong(problem.Usage, "profiles are files", "--from profiles", "name them, or their folder")
			}
			r.inventories++
			if err := r.builder.Read("", r.Stdin); err != nil {
				return r.wrong(r.where, err)
			}
			continue
		}
		info, err := os.Stat(path)
		switch {
		case err != nil:
			return problem.Wrong(problem.BadFile, "no such file or folder", path, "check the path")
		case info.IsDir():
			if err := r.folder(ctx, path); err != nil {
				return err
			}
		default:
			if err := r.file(path, ""); err != nil {
				return r.wrong(path, err)
			}
		}
	}
	return nil
}

// wrong reports an input that cannot be used.
func (r *importReader) wrong(where string, err error) error {
	var p *problem.Error
	if errors.As(err, &p) {
		return p
	}
	if errors.Is(err, nodelist.ErrProfile) {
		return problem.Wrong(problem.BadFile, "it is a report of plimsoll hardware detect", where, "name it as a file")
	}
	text := err.Error()
	if strings.HasPrefix(text, where+":") { // the reader of profiles names the file and the line
		return problem.Wrong(problem.BadFile, text, "", "")
	}
	return problem.Wrong(problem.BadFile, text, where, "")
}

// file takes in one file. name is what its content is of, where the content does
// not tell: a host.
func (r *importReader) file(path, name string) error {
	ext := strings.ToLower(filepath.Ext(path))
	if r.from != fromProfiles && ext != ".yaml" && ext != ".yml" {
		f, err := os.Open(path)
		if err != nil {
			return errors.New("cannot be read")
		}
		defer f.Close()
		if err = r.builder.Read(name, f); !errors.Is(err, nodelist.ErrProfile) || r.from != "" {
			r.inventories++
			return err
		}
	} else if r.from != "" && r.from != fromProfiles {
		return fmt.Errorf("it is YAML: %s is read as JSON or as its own text", r.from)
	}
	m, err := fleet.ReadProfile(path)
	if err != nil {
		return err
	}
	r.profiles = append(r.profiles, fleet.Profile{Name: strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), Machine: m})
	return nil
}

// folder takes in every file of a folder; those that cannot be used are left
// out.
func (r *importReader) folder(ctx context.Context, dir string) error {
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		return problem.Wrong(problem.BadFile, "the folder cannot be read", dir, "check its permissions")
	}
	if len(entries) > mostFiles {
		return problem.Wrong(problem.BadFile, fmt.Sprintf("%d files in one folder, want at most %d", len(entries), mostFiles), dir, "")
	}
	used := 0
	var first error
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		if info, err := os.Stat(filepath.Join(dir, e.Name())); strings.HasPrefix(e.Name(), ".") || err != nil || !info.Mode().IsRegular() {
			continue
		}
		name := e.Name() // Ansible's --tree names files after hosts, whose names have dots
		for _, ext := range []string{".json", ".yaml", ".yml", ".txt"} {
			name = strings.TrimSuffix(name, ext)
		}
		if err := r.file(filepath.Join(dir, e.Name()), name); err != nil {
			if first == nil {
				first = err
			}
			r.left = append(r.left, nodelist.Left{Name: name, Reason: "its file cannot be used", Detail: strings.TrimPrefix(problem.OneLine(err.Error()), filepath.Join(dir, e.Name())+": ")})
			continue
		}
		used++
	}
	switch {
	case used == 0 && first != nil:
		return r.wrong(dir, first)
	case used == 0:
		return problem.Wrong(problem.BadFile, "no file is in it", dir, "name a folder of facts or profiles")
	}
	return nil
}

// whyNone says what to do where no node was found.
func (r *importReader) whyNone() string {
	if r.builder.Selector != nil {
		return "check --selector"
	}
	return "see plimsoll hardware import --help for what is read"
}
