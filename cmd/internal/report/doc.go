// Package report holds the documents that plimsoll writes: the JSON of a
// check and the lines of a sweep. Every other form (table, markdown) is made
// from them. Their schemas are generated from these types.
package report
