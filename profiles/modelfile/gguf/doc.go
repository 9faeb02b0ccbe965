// Package gguf reads the header of a GGUF file: its metadata and its tensor
// table, never the tensor data. It keeps little (scalars, short strings, short
// numeric arrays) and skips the rest, so that the header of a large model with
// its tokenizer costs milliseconds and a fixed amount of memory. Files are
// treated as hostile: every count is checked against the bytes that are left
// and against the limits below before anything is allocated.
//
// The format is described in ggml-org/ggml: docs/gguf.md.
package gguf
