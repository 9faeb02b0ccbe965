// Package pipeline is the models that are no single stack of layers: image and
// video generation, speech, embedding. Such a model is a list of components
// (text encoders, a denoiser, an autoencoder, a vocoder …) that work one after
// another. Stages says what each has to do for a job; Memory how full the
// devices get meanwhile, and which ways there are to make it fit; Time how long
// it takes at calibrated rates.
package pipeline
