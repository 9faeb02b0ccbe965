package house

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/plimsoll/plimsoll/"

const root = "../../.."

// allowed says which packages of this module a package may import, by path
// prefix; the longest prefix that matches the importer rules. Inside the
// estimator the order of the steps is the order of the list.
var allowed = []struct {
	importer string
	may      []string
}{
	{"hardware/detect", []string{"hardware"}},
	{"hardware/inventory", []string{"hardware"}},
	{"hardware/measure", []string{"hardware"}},
	{"hardware", nil},
	{"estimator/model", nil},
	{"estimator/format", []string{"estimator/model"}},
	{"estimator/engine", []string{"hardware", "estimator/model", "estimator/format"}},
	{"estimator/vision", []string{"estimator/model"}},
	{"estimator/place", []string{"hardware", "estimator/model", "estimator/format", "estimator/engine"}},
	{"estimator/memory", []string{"hardware", "estimator/model", "estimator/format", "estimator/engine", "estimator/place"}},
	{"estimator/phase", []string{"hardware", "estimator/model", "estimator/format", "estimator/engine", "estimator/place"}},
	{"estimator/serving", nil},
	{"estimator/capacity", nil},
	{"estimator/scaling", nil},
	{"estimator/calibration", []string{"hardware", "estimator/model", "estimator/format", "estimator/engine", "estimator/phase"}},
	{"estimator/roofline", []string{"hardware", "estimator/model", "estimator/format", "estimator/engine", "estimator/place", "estimator/phase", "estimator/calibration"}},
	{"estimator/ranking", []string{"estimator/model", "estimator/format"}},
	{"estimator/pipeline/fit", []string{"estimator/pipeline", "estimator/fit/damped"}},
	{"estimator/pipeline", []string{"hardware", "estimator/model", "estimator/format", "estimator/engine", "estimator/calibration"}},
	{"estimator/cost", []string{"estimator/roofline"}},
	{"estimator", []string{"hardware", "estimator/"}},
	{"profiles", []string{"profiles", "profiles/", "estimator", "estimator/", "hardware"}},
	{"cmd", []string{"cmd/internal/", "profiles", "profiles/", "estimator", "estimator/", "hardware", "hardware/"}},
}

func mayImport(importer, imported string) bool {
	for _, rule := range allowed {
		if importer != rule.importer && !strings.HasPrefix(importer, rule.importer+"/") {
			continue
		}
		if imported == importer || strings.HasPrefix(imported, importer+"/") {
			return true // a package may use its own rooms
		}
		for _, m := range rule.may {
			if imported == m || strings.HasSuffix(m, "/") && strings.HasPrefix(imported, m) {
				return true
			}
		}
		return false
	}
	return false
}

func TestImportRules(t *testing.T) {
	packages := map[string]bool{}
	documented := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if name := d.Name(); name == "testdata" || (strings.HasPrefix(name, ".") && rel != ".") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(rel))
		packages[dir] = true
		if f.Doc != nil {
			documented[dir] = true
		}
		for _, spec := range f.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			if !strings.HasPrefix(imported, module) {
				continue
			}
			imported = strings.TrimPrefix(imported, module)
			if !mayImport(dir, imported) {
				t.Errorf("%s: %s may not import %s", rel, dir, imported)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) < 15 {
		t.Fatalf("found only %d packages: is the root %q right?", len(packages), root)
	}
	for p := range packages {
		if !documented[p] {
			t.Errorf("package %s has no package comment: write its doc.go", p)
		}
	}
}

func TestRuleItself(t *testing.T) {
	for _, c := range []struct {
		importer, imported string
		want               bool
	}{
		{"cmd/internal/cli", "estimator", true},
		{"estimator/memory", "estimator/place", true},
		{"estimator/place", "estimator/memory", false},
		{"estimator", "profiles", false},
		{"hardware", "estimator/model", false},
		{"hardware/detect", "profiles", false},
		{"profiles", "hardware/detect", false},
		{"profiles/modelfile", "estimator/model", true},
	} {
		if got := mayImport(c.importer, c.imported); got != c.want {
			t.Errorf("mayImport(%q, %q) = %v, want %v", c.importer, c.imported, got, c.want)
		}
	}
}

func TestTopLevel(t *testing.T) {
	agreed := map[string]bool{"cmd": true, "estimator": true, "hardware": true, "profiles": true, "docs": true,
		"go.mod": true, "go.sum": true, "README.md": true, "LICENSE": true, "action.yml": true}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := e.Name(); !agreed[name] && !strings.HasPrefix(name, ".") && name != "plimsoll" {
			t.Errorf("%s lies at the top, which holds only the agreed layout", name)
		}
	}
}
