// Package compare sets the rows of a comparison side by side: it names them by
// what differs, orders them, finds the best of each column and what cannot be
// told from it, the ratios to a baseline and the Pareto front. It computes no
// figure of its own: those are the estimator's.
package compare
