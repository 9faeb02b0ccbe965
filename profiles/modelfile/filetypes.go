package modelfile

import (
	_ "embed"
	"strconv"
	"strings"
)

//go:embed filetypes.csv
var fileTypesCSV string

// fileTypeName names a value of general.file_type, "" when it is not known.
func fileTypeName(n int64) string {
	want := strconv.FormatInt(n, 10)
	for line := range strings.Lines(fileTypesCSV) {
		if num, name, ok := strings.Cut(strings.TrimSpace(line), ","); ok && num == want {
			return name
		}
	}
	return ""
}

// typeMix names the mix that a file mostly of one block type is taken for when
// it declares none.
var typeMix = map[string]string{"Q2_K": "Q2_K", "Q3_K": "Q3_K_M", "Q4_K": "Q4_K_M", "Q5_K": "Q5_K_M", "Q6_K": "Q6_K"}
