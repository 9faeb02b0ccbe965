package profiles

import (
	"embed"
	"sync"

	"github.com/plimsoll/plimsoll/estimator/format"
)

//go:embed formats/*.json
var formatFiles embed.FS

var formatTable = sync.OnceValues(func() (*format.Table, error) {
	var files [][]byte
	for _, name := range []string{"blocks", "gguf", "checkpoints"} {
		data, err := formatFiles.ReadFile("formats/" + name + ".json")
		if err != nil {
			return nil, err
		}
		files = append(files, data)
	}
	return format.NewTable(files...)
})

// Formats returns all block types and weight formats, decoded once.
func Formats() (*format.Table, error) { return formatTable() }
