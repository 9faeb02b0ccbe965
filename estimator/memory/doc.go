// Package memory fills the ledgers: for each memory of the machine one line
// per component (weights, KV cache, recurrent state, compute buffers, runtime
// context, reservations), each with its bytes, its interval, and, on demand,
// its formula with the numbers put in and the source of the rule. The rules
// of each engine are those of its own sources; constants are data.
package memory
