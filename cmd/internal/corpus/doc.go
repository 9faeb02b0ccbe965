// Package corpus turns published measurements into the questions that the
// estimator answers, so that both can be compared: the same settings, the
// same model, the same machine. Rows of one sequence at home become phases
// (observe), rows of servers under load the steps that they made (serving).
package corpus
