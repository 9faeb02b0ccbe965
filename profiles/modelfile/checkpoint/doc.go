// Package checkpoint tells what a file of weights holds by the names and shapes
// of its tensors: the components of an image or video pipeline in one file, or
// its denoiser alone, in the layouts that the models' authors, ComfyUI and
// diffusers write. Parameters and bytes are the file's own.
package checkpoint
