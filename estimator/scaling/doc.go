// Package scaling says what training a language model takes and what it buys:
// training compute, loss, compute-optimal size, the size that costs least over
// a life of serving, and the time and cost of training on a cluster.
//
// Throughout, N is a number of parameters, D of training tokens and C of
// floating-point operations, a fused multiply-add counting as two. Training
// takes C = 6ND (forward 2N a token, backward twice that), serving 2N a token
// (Kaplan et al. 2020, arXiv:2001.08361, section 2.1); for a mixture of experts
// N are the active parameters. Attention over the context is left out of both,
// as in the papers. Loss is in nats per token.
//
// A [Law] holds what one paper found. Its coefficients come in as data with
// their doubt; a figure's interval is what remains when each doubtful
// coefficient in turn goes to the ends of its 80% interval, the deviations in
// logarithms added in quadrature. Laws without a published doubt have none to
// give, and [Law.Doubt] says so.
package scaling
