// Package render draws a finished check for readers: a table for a terminal
// or a pipe, and markdown for a pull request. It knows the document only,
// so that every form can be made again from saved JSON.
package render
