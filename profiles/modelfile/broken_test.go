package modelfile_test

import (
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/profiles/modelfile"
	"github.com/plimsoll/plimsoll/profiles/modelfile/brokentest"
)

func TestBroken(t *testing.T) {
	dir := t.TempDir()
	cases, err := brokentest.Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) < 60 {
		t.Errorf("%d broken inputs", len(cases))
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			_, err := modelfile.Open(c.Path)
			if err == nil {
				t.Fatal("no error")
			}
			msg := err.Error()
			if !strings.Contains(msg, c.Want) || strings.ContainsAny(msg, "\n\r") || len(msg) > 600 {
				t.Errorf("error %q, want %q in one line", msg, c.Want)
			}
			if !strings.Contains(msg, dir) && !strings.HasPrefix(c.Path, "/dev") {
				t.Errorf("error %q names no file", msg)
			}
		})
	}
}
