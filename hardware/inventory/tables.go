package inventory

import (
	_ "embed"
	"encoding/csv"
	"strings"
	"sync"
)

var (
	//go:embed resources.csv
	resourcesCSV string
	//go:embed products.csv
	productsCSV string
)

// resource is a line of resources.csv.
type resource struct {
	name, vendor                     string
	product, memory                  []string
	unit                             string
	pci                              []string
	count, productDefault, refusedAs string
	replicas                         []string
	slice                            string
}

// table reads an embedded table into its columns by name.
func table(text string) ([]map[string]string, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comment = '#'
	rows, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	var out []map[string]string
	for _, row := range rows[1:] {
		m := map[string]string{}
		for i, name := range rows[0] {
			m[name] = row[i]
		}
		out = append(out, m)
	}
	return out, nil
}

// resources is read on first use; a test sees that it can be.
var resources = sync.OnceValue(func() []resource {
	rows, _ := table(resourcesCSV)
	var out []resource
	for _, m := range rows {
		list := func(column string) []string {
			if m[column] == "" {
				return nil
			}
			return strings.Split(m[column], ";")
		}
		out = append(out, resource{name: m["resource"], vendor: m["vendor"], product: list("product"), memory: list("memory"),
			unit: m["memory_unit"], pci: list("pci"), count: m["count"], replicas: list("replicas"), slice: m["slice"], productDefault: m["name"], refusedAs: m["refused"]})
	}
	return out
})

// resourceOf finds the line of a resource, and the slice that its name carries.
func resourceOf(name string) (r *resource, slice string) {
	for i := range resources() {
		r := &resources()[i]
		prefix, open := strings.CutSuffix(r.name, "*")
		switch {
		case r.name == name:
			return r, ""
		case open && strings.HasPrefix(name, prefix) && len(name) > len(prefix):
			return r, strings.TrimSuffix(name[len(prefix):], ".shared")
		}
	}
	return nil, ""
}

// Meaning is what a name of a source means.
type Meaning struct {
	Name    string // for the catalogue
	Assumed string // why that is not certain, if it is not
}

var products = sync.OnceValue(func() map[string]Meaning {
	rows, _ := table(productsCSV)
	out := map[string]Meaning{}
	for _, m := range rows {
		out[strings.ToLower(m["said"])] = Meaning{m["means"], m["assumed"]}
	}
	return out
})

// Means looks up what a source calls a product (products.csv).
func Means(name string) (Meaning, bool) {
	m, ok := products()[strings.ToLower(strings.TrimSpace(name))]
	return m, ok
}
