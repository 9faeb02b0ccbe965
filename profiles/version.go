package profiles

import (
	"embed"
	"fmt"
	"hash/crc32"
	"io/fs"
	"sync"
)

// Version identifies the embedded facts: it changes whenever any of them
// does. It is a short hash, not a date, so that it cannot be forgotten.
func Version() string { return version() }

var version = sync.OnceValue(func() string {
	// CRC-32C is computed by hardware: this runs in every check.
	h := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	for _, text := range []string{acceleratorsCSV, cpusCSV, linksCSV, nodesCSV, hostsCSV, rulesCSV,
		cloudCSV, purchaseCSV, electricityCSV, carbonCSV, powerCSV, readingsCSV, assumptionsCSV,
		lawsCSV, coefficientsCSV, pointsCSV, trainedCSV, runsCSV, trainingCSV, calibrationGroups, string(calibrationSets), string(visionRules), string(pipelineRates)} {
		h.Write([]byte(text)) //nolint:errcheck // a hash never fails
	}
	for _, files := range []embed.FS{engineFiles, modelFiles, pipelineFiles, formatFiles, recommendFiles, cmdlineFiles} {
		// Walk order is that of the names; the embedded tree has no errors to give.
		_ = fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				text, _ := files.ReadFile(path)
				h.Write([]byte(path)) //nolint:errcheck // a hash never fails
				h.Write(text)         //nolint:errcheck // a hash never fails
			}
			return nil
		})
	}
	return fmt.Sprintf("%08x", h.Sum32())
})
