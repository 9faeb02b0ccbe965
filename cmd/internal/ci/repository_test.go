package ci

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

const root = "../../.."

// readYAML reads a file of the repository.
func readYAML(t *testing.T, path string) any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return doc
}

// at walks into maps and lists of YAML.
func at(t *testing.T, doc any, path ...any) any {
	t.Helper()
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, ok := doc.(map[string]any)
			if !ok || m[p] == nil {
				t.Fatalf("no %v in %v", p, path)
			}
			doc = m[p]
		case int:
			l, ok := doc.([]any)
			if !ok || p >= len(l) {
				t.Fatalf("no item %d in %v", p, path)
			}
			doc = l[p]
		}
	}
	return doc
}

func TestActionIsValid(t *testing.T) {
	doc := readYAML(t, "action.yml")
	if err := schemaOf(t, "github-action.json").Validate(doc); err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(filepath.Join(root, ".github/action/run.sh"))
	if err != nil {
		t.Fatal(err)
	}
	// What the action hands over is what the script reads, and no input reaches
	// a shell but by the environment.
	env := at(t, doc, "runs", "steps", 1, "env").(map[string]any)
	read := map[string]bool{}
	for _, m := range regexp.MustCompile(`PLIMSOLL_[A-Z_]+`).FindAllString(string(script), -1) {
		read[m] = true
	}
	for name := range env {
		if strings.HasPrefix(name, "PLIMSOLL_") && !read[name] {
			t.Errorf("%s is set and not read", name)
		}
	}
	for name := range read {
		if env[name] == nil && name != "PLIMSOLL_MARK" {
			t.Errorf("%s is read and not set", name)
		}
	}
	for i := range at(t, doc, "runs", "steps").([]any) {
		if step := at(t, doc, "runs", "steps", i).(map[string]any); strings.Contains(asText(step["run"]), "${{") {
			t.Errorf("step %d puts an expression into a command", i)
		}
	}
	inputs := at(t, doc, "inputs").(map[string]any)
	used := asText(env)
	for name := range inputs {
		if !strings.Contains(used, "inputs."+name+" ") && name != "working-directory" {
			t.Errorf("input %s is not used", name)
		}
	}
	for name := range at(t, doc, "outputs").(map[string]any) {
		if !strings.Contains(string(script), "output "+name) && !strings.Contains(write(t, Outputs, all(), options), name+"=") {
			t.Errorf("output %s is never written", name)
		}
	}
}

func asText(v any) string {
	text, err := yaml.Marshal(v)
	if err != nil {
		return ""
	}
	return string(text)
}

// TestWorkflowUsesTheAction: what the example gives are inputs that there are.
func TestWorkflowUsesTheAction(t *testing.T) {
	inputs := at(t, readYAML(t, "action.yml"), "inputs").(map[string]any)
	step := at(t, readYAML(t, "docs/ci/github.yml"), "jobs", "plan", "steps", 1)
	for name := range at(t, step, "with").(map[string]any) {
		if inputs[name] == nil {
			t.Errorf("the workflow gives %s", name)
		}
	}
	if !strings.HasPrefix(asText(at(t, step, "uses")), "plimsoll/plimsoll@") {
		t.Error("the workflow does not use the action")
	}
}

func TestGitLabIsValid(t *testing.T) {
	doc := readYAML(t, "docs/ci/gitlab.yml")
	if err := schemaOf(t, "gitlab-ci.json").Validate(doc); err != nil {
		t.Fatal(err)
	}
	script := asText(at(t, doc, "plimsoll", "script"))
	for _, file := range []string{"junit", "metrics"} {
		if name := strings.TrimSpace(asText(at(t, doc, "plimsoll", "artifacts", "reports", file))); !strings.Contains(script, name) {
			t.Errorf("nothing writes %s", name)
		}
	}
}

func TestPreCommitHooks(t *testing.T) {
	hooks := readYAML(t, ".pre-commit-hooks.yaml").([]any)
	var ids []string
	for i := range hooks {
		for _, key := range []string{"id", "name", "description", "entry", "language", "files"} {
			if s, ok := at(t, hooks, i, key).(string); !ok || s == "" {
				t.Errorf("hook %d: %s is no text", i, key)
			}
		}
		files, err := regexp.Compile(at(t, hooks, i, "files").(string))
		if err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]bool{"capacity.yaml": true, "ops/capacity.yml": true, "capacity.yaml.bak": false, "values.yaml": false} {
			if files.MatchString(path) != want {
				t.Errorf("hook %d: %s matches: %v", i, path, !want)
			}
		}
		if got := at(t, hooks, i, "language"); got != "golang" {
			t.Errorf("hook %d is in %v", i, got)
		}
		ids = append(ids, at(t, hooks, i, "id").(string))
	}
	for i := range at(t, readYAML(t, "docs/ci/pre-commit.yml"), "repos", 0, "hooks").([]any) {
		if id := at(t, readYAML(t, "docs/ci/pre-commit.yml"), "repos", 0, "hooks", i, "id").(string); !slices.Contains(ids, id) {
			t.Errorf("there is no hook %s", id)
		}
	}
}
