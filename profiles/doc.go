// Package profiles holds the facts: embedded catalogues of models, weight
// formats, hardware, engines, prices and measurements, each with its source,
// and the loaders that turn them into the estimator's types. Nothing is
// decoded before it is asked for, and then only what is needed: a model is
// found by a scan of the raw lines and one line is decoded.
package profiles
