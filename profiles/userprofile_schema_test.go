package profiles

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

var update = flag.Bool("update-schema", false, "write the published schema anew")

// publishedSchema compiles a published schema, which must be what make gives.
func publishedSchema(t *testing.T, path string, make func() ([]byte, error)) *jsonschema.Schema {
	t.Helper()
	want, err := make()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%s is not what the reader's fields give (%v); go test ./profiles -run Schema -update-schema writes it", path, err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(got))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// The published schema is the reader's, and what the writer writes obeys it.
func TestMachineSchema(t *testing.T) {
	schema := publishedSchema(t, "schema/hardware-profile.schema.json", MachineSchema)
	check := func(text []byte) error {
		j, err := yaml.YAMLToJSON(text)
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(j))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(v)
	}
	for _, query := range []string{"rtx-4090 + rtx-3090", "2x(8x h100)", "rpi-5", "apple-m4-max-64gb"} {
		m, err := Machine(query, MachineOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := check(WriteMachine(m)); err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}
	if check([]byte("devices:\n- device: rtx-4090\n  bandwith: 3\n")) == nil {
		t.Error("an unknown key passes the schema")
	}
}
