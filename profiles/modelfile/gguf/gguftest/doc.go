// Package gguftest writes GGUF files for tests: real headers, tensor data left
// as a hole in a sparse file, so that the header of a model of any size can be
// made in a temporary folder.
package gguftest
