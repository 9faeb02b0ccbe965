// Package money looks up what the costs of an estimate rest on: price lists,
// the user's own prices, power, electricity and carbon of the place where a
// machine stands. What nobody says is taken from the lists' assumptions and
// said to be assumed. It computes no cost: those are the estimator's.
package money
