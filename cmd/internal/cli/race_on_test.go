//go:build race

package cli_test

// racing says that the race detector is built in: it keeps several bytes for
// each of the program's.
const racing = true
