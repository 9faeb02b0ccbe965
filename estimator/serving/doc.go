// Package serving says what users of an inference engine see under load: time
// to first token, time per output token, end-to-end latency with percentiles,
// throughput, queueing, preemption and occupancy of the KV cache.
//
// There are two ways, which agree (a test holds them together over a grid of
// scenarios): Steady is a closed form, fast enough for a search, and Simulate
// is a discrete-event simulation of the engine's scheduler. Both take the time
// of an engine step from outside, through Pacer, so the package knows queues
// and percentiles and nothing of hardware. Neither reads a clock or keeps
// state: the same arguments give the same answer.
package serving
