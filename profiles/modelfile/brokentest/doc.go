// Package brokentest makes broken and hostile model files for tests: each must
// end in one line of error, never in a panic, a hang or unbounded memory.
package brokentest
