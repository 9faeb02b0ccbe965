package cli

import (
	"encoding/json"
	"io"
	"os"

	"github.com/spf13/pflag"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
)

// given remembers the flags that were set on the command line. What it returns
// sets them again, over what a saved document had in their place.
func given(fs *pflag.FlagSet) (again func() error) {
	type set struct {
		flag *pflag.Flag
		text string
		list []string
	}
	var all []set
	fs.Visit(func(f *pflag.Flag) {
		s := set{flag: f, text: f.Value.String()}
		if l, ok := f.Value.(pflag.SliceValue); ok {
			s.list = l.GetSlice()
		}
		all = append(all, s)
	})
	return func() error {
		for _, s := range all {
			if l, ok := s.flag.Value.(pflag.SliceValue); ok {
				if err := l.Replace(s.list); err != nil {
					return err
				}
			} else if err := s.flag.Value.Set(s.text); err != nil {
				return err
			}
		}
		return nil
	}
}

// readSaved reads a saved document of at most limit bytes into doc; path - is
// standard input. what names such documents, and command writes them.
func (a *app) readSaved(path, what, command string, limit int64, doc any) error {
	wrong := func(text string) error {
		return problem.Wrong(problem.BadFile, text, "--from "+path, "give a file that "+command+" wrote")
	}
	var r io.Reader = a.Stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return wrong("cannot read the " + what)
		}
		defer f.Close()
		r = f
	}
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil || int64(len(data)) > limit {
		return wrong("cannot read the " + what)
	}
	if err := json.Unmarshal(data, doc); err != nil {
		return wrong("the " + what + " is not valid JSON")
	}
	return nil
}
