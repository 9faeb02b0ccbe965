// Package problem is how a command says no: an error that knows its exit
// code, a stable code for machines, what is wrong, where, and the remedy. It
// prints as one line, or as one JSON object.
package problem
