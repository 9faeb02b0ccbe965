// Package fit finds the parameters of the speed model from measurements:
// robust regression in log space, in which every parameter is drawn towards
// the level above it (device, family, vendor, engine and backend, kind of
// processor), and judges them on devices and models that were left out.
package fit
