// Package safetensors reads what a safetensors checkpoint says about its
// tensors: the header of a file, or the index of a sharded checkpoint; never
// the tensor data. Headers are treated as hostile: their length is checked
// against the file and a limit, and entries are read one at a time.
//
// The format is described in huggingface/safetensors: README.md.
package safetensors
