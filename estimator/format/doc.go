// Package format answers how many bytes each tensor takes in a weight format:
// block types with their exact sizes, the mix rules of llama.cpp's quantiser,
// and the group scales of the formats of Hugging Face checkpoints. The types
// and rules themselves are data (profiles/formats); this package applies them.
package format
