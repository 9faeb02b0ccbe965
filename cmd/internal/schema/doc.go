// Package schema holds the published JSON Schemas of the documents. They are
// generated from the Go types: `go generate ./cmd/internal/schema` after a
// change; a test fails until then. docs/schema holds the same files.
package schema

//go:generate go test -run TestPublishedSchemasAreGenerated -update
