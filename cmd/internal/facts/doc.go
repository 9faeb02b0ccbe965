// Package facts joins what the commands look up: the embedded catalogues and
// the user's own profiles, model files, and the detection of this machine.
package facts
