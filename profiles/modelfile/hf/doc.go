// Package hf reads what a Hugging Face checkpoint says about itself: its
// config.json (and the small quantisation files beside it) becomes a
// model.Architecture and the canonical name of its weight format. Files are
// treated as hostile: size and nesting are bounded, numbers are checked.
package hf
