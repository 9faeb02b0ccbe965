// Package whatif changes the facts of a machine or a model before an estimate
// is made: hardware.bandwidth_gb_s=+10%, model.layers=40, hardware.memory_gb=+8GB.
//
// A change names a number as the profile file or the model catalogue does, and
// says what it becomes: a value, a difference (+8GB, -10%) or a factor (x2).
// The machine and the model themselves stay as they are; changed copies come
// back, with a line for each change that says what it was.
package whatif
