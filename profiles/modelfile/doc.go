// Package modelfile reads the models that users have: GGUF files (whole or
// split), safetensors files, indexes and folders, and Hugging Face config.json
// files. Open looks at what a path holds, not at its name, and returns the
// model worked out into layers and tensors. Where a file lists its tensors,
// that table is the truth: names, types and bytes are the file's own.
//
// Files are treated as hostile: nothing is read that is not a regular file,
// tensor data is never read, and every count is bounded before memory is
// allocated.
package modelfile
