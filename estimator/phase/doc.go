// Package phase says what work is done: prefill and one decode step as
// operations, each with its FLOPs and its bytes by where it runs. It knows
// nothing of how fast a device is.
package phase
