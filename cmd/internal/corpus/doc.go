// Package corpus turns published measurements into the questions that the
// estimator answers, so that both can be compared: the same settings, the
// same model, the same machine.
package corpus
