package schema

import "embed"

//go:embed *.json
var files embed.FS

// Names lists the documents that have a schema.
func Names() []string {
	return []string{"check", "compare", "plan", "recommend", "diff", "case", "sweep", "sweep-input", "accuracy", "scaling", "doctor", "measure", "fleet", "error"}
}

// Get returns the schema of a document.
func Get(name string) ([]byte, error) { return files.ReadFile(name + ".json") }
