// Package whisperggml reads the model files of whisper.cpp (ggml-*.bin): the
// numbers at their head and the table of tensors that lies between the data,
// which is stepped over, never read.
//
// The layout is that of ggml-org/whisper.cpp src/whisper.cpp,
// whisper_model_load.
package whisperggml
