// Package accuracy says how far the estimates of speed are from measurements:
// from published ones, each judged by parameters that were fitted without its
// device or its model, or from the user's own.
package accuracy
