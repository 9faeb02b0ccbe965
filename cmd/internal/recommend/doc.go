// Package recommend answers two questions with estimates: which models run
// well on a machine (Models), and which machines run a model well (Machines).
//
// Models are ranked by a stated rule whose terms are facts: how large a model
// is, how new, what its weight format loses and how fast it runs, each counted
// in doublings of size (estimator/ranking; profiles/recommend/rule.json has the
// weights and their sources). No benchmark score is known here, and none is made up.
// Every estimate goes through the same resolver and estimator as check's.
package recommend
