// Package fit finds the rates of pipelines from measurements: robust regression
// of logarithms, in which every parameter is drawn towards what its prior says,
// and judges them on devices that were left out.
package fit
