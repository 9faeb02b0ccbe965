// Package scenario is one question as the user asks it: the fields of a
// sweep's JSON line, which are also the flags of check. It reads and checks
// them and turns them, with the facts, into an estimator.Request; check and
// sweep go through the same function.
package scenario
