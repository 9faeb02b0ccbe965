package pipeline

// Stage is what one component does in a job.
type Stage struct {
	Name      string // in words: "text encoding", "denoising" …
	Component int    // index into Model.Components
	Work      Work   // what its efficiency is calibrated by
	// Calls is how often it runs; a call's work is below.
	Calls float64
	// FLOPs are of matrix products and convolutions, Attention those of
	// attention (scores and mixing), a multiply-add counting as two.
	FLOPs, Attention float64
	// Weights is how many weights a call reads, Moved how many elements of
	// activations it reads and writes, in the sum over its operations.
	Weights, Moved float64
	// Kernels is how many operations an eager framework launches a call.
	Kernels float64
	// Tokens is the positions that are worked on, Width their hidden size: what
	// activations take in memory while it runs.
	Tokens, Width float64
	// Assumed says in words what of the above was inferred, "" for nothing.
	Assumed string
}

// Work is a kind of work that reaches an efficiency of its own.
type Work string

// Kinds of work.
const (
	WorkText         Work = "text"          // a text encoder over a prompt
	WorkConv         Work = "unet"          // a convolutional denoiser
	WorkDiT          Work = "dit"           // a transformer denoiser
	WorkDecode       Work = "vae"           // decoding latents to pixels
	WorkVision       Work = "vision"        // a vision tower
	WorkAudioEncode  Work = "audio-encoder" // an encoder over a window of audio
	WorkAudioCross   Work = "audio-cross"   // a decoder's keys and values of the encoder's output
	WorkAudioDecode  Work = "audio-decoder" // a decoder's step
	WorkSpeech       Work = "synthesis"     // text to a waveform
	WorkEnhance      Work = "enhance"       // audio to audio
	WorkEmbed        Work = "embed"         // an encoder over documents
	WorkSpeechTokens Work = "speech-tokens" // a language model that writes audio tokens
)
