package cli_test

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	validator "github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/plimsoll/plimsoll/cmd/internal/cli"
	"github.com/plimsoll/plimsoll/cmd/internal/facts"
	"github.com/plimsoll/plimsoll/cmd/internal/schema"
	"github.com/plimsoll/plimsoll/estimator"
)

var update = flag.Bool("update", false, "write the golden parts of the scripts anew")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"plimsoll": func() {
		os.Exit(cli.Main(context.Background(), os.Args[1:], cli.Env{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
			Getenv: os.Getenv, Facts: new(facts.Embedded), Estimate: estimator.Estimate}))
	}})
}

// TestScripts runs the command lines of testdata/script. Only named hardware
// occurs in them, so that they say the same everywhere.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			e.Setenv("LANG", "en_US.UTF-8")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "validates": validates, "ggufs": ggufs, "oneline": oneLine, "width": width,
		},
	})
}

// exits CODE ARGS…: runs plimsoll and compares its exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE ARGS…")
	}
	err := ts.Exec("plimsoll", args[1:]...)
	got := "0"
	if err != nil {
		var coded interface{ ExitCode() int }
		if c, ok := err.(interface{ ExitCode() int }); ok {
			coded = c
		}
		if coded == nil {
			ts.Fatalf("plimsoll %v: %v", args[1:], err)
		}
		b, _ := json.Marshal(coded.ExitCode())
		got = string(b)
	}
	if got != args[0] {
		ts.Fatalf("plimsoll %v: exit code %s, want %s\nstdout: %s\nstderr: %s", args[1:], got, args[0], ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

// validates SCHEMA FILE: each line (sweep) or the whole file must be valid.
func validates(ts *testscript.TestScript, neg bool, args []string) {
	text, err := schema.Get(args[0])
	ts.Check(err)
	var doc any
	ts.Check(json.Unmarshal(text, &doc))
	c := validator.NewCompiler()
	ts.Check(c.AddResource("s", doc))
	s, err := c.Compile("s")
	ts.Check(err)
	count := 0
	for dec := json.NewDecoder(stringReader(ts.ReadFile(args[1]))); dec.More(); count++ {
		var v any
		ts.Check(dec.Decode(&v))
		if err := s.Validate(v); (err != nil) != neg {
			ts.Fatalf("document %d of %s against %s: %v", count+1, args[1], args[0], err)
		}
	}
	if count == 0 {
		ts.Fatalf("%s holds no document", args[1])
	}
}
