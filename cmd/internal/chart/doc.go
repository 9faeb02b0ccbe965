// Package chart draws a comparison as a picture, SVG or PNG: its Pareto front,
// how full its memories are, or its rooflines. It takes every number from the
// document; the same document gives the same bytes.
package chart
