// Package profiles holds the facts: embedded catalogues of models, weight
// formats, hardware, engines, prices and measurements, each with its source,
// and the loaders that turn them into the estimator's types. Models that are
// no single stack of layers (image, video, speech, embedding) are pipelines,
// with weight formats and engines of their own. Nothing is decoded before it
// is asked for, and then only what is needed: a model is found by a scan of
// the raw lines and one line is decoded.
package profiles
