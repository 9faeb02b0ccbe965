// Package ranking sets models in order without benchmark scores: by how large
// one is, how new, what its weight format loses and how fast it runs. Each is a
// term in doublings of a model's size, so that a term of 1 counts as much as
// twice the parameters. The numbers of the rule come in as data (Rule), with
// their sources; what runs, and how fast, is the estimator's.
package ranking
