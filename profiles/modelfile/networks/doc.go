// Package networks reads the configs of networks that are no language models:
// the components of image and video pipelines in the layout of the diffusers
// library, and the encoders of the transformers library that hear or embed. Of
// each it gives the shape and the number of weights, counted layer by layer
// from the config. It opens no weights.
//
// The structures are those of huggingface/diffusers src/diffusers/models and
// huggingface/transformers src/transformers/models, by the class that a config
// names; keys that a config leaves out take the library's defaults.
package networks
