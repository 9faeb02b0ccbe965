package cli_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/rogpeppe/go-internal/testscript"
)

// TestAction runs the script of the GitHub Action, that of the GitLab job and the
// pre-commit hooks, as their runners do: in a repository, with the files and
// variables that they give.
func TestAction(t *testing.T) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/action",
		Setup: func(e *testscript.Env) error {
			e.Setenv("LANG", "en_US.UTF-8")
			e.Setenv("PLIMSOLL_SOURCE", root)
			e.Setenv("PLIMSOLL_BINARY", "plimsoll")
			e.Setenv("RUN", filepath.Join(root, ".github", "action", "run.sh"))
			e.Setenv("GITHUB_OUTPUT", filepath.Join(e.WorkDir, "output"))
			e.Setenv("GITHUB_STEP_SUMMARY", filepath.Join(e.WorkDir, "summary.md"))
			e.Setenv("GIT_CONFIG_GLOBAL", filepath.Join(e.WorkDir, "gitconfig"))
			e.Setenv("GIT_CONFIG_NOSYSTEM", "1")
			job, err := gitLabScript(filepath.Join(root, "docs", "ci", "gitlab.yml"))
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(e.WorkDir, "job.sh"), []byte(job), 0o644); err != nil {
				return err
			}
			return writeHooks(filepath.Join(root, ".pre-commit-hooks.yaml"), e.WorkDir)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"validates": validates},
	})
}

// gitLabScript is what GitLab's runner gives to a shell: the lines of the job's
// script, which end at the first that fails.
func gitLabScript(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	var doc struct {
		Plimsoll struct {
			Script []string `yaml:"script"`
		} `yaml:"plimsoll"`
	}
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return "", err
	}
	script := "set -eo pipefail\n"
	for _, line := range doc.Plimsoll.Script {
		script += line + "\n"
	}
	return script, nil
}

// writeHooks writes each hook as a script that takes file names, as pre-commit
// adds them to its entry.
func writeHooks(path, folder string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var hooks []struct {
		ID    string `yaml:"id"`
		Entry string `yaml:"entry"`
	}
	if err := yaml.Unmarshal(text, &hooks); err != nil {
		return err
	}
	for _, h := range hooks {
		if err := os.WriteFile(filepath.Join(folder, h.ID+".sh"), []byte(h.Entry+" \"$@\"\n"), 0o644); err != nil {
			return err
		}
	}
	return nil
}
