// Package diff finds what changed between two documents of a kind: verdicts and
// requirements first, then figures, judged against the intervals of both sides,
// inputs and what a month costs. It estimates nothing.
package diff
