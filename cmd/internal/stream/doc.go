// Package stream runs an endless series of small jobs on all cores and
// writes their answers in the order of the questions, in constant memory:
// questions travel in bounded chunks, and no more chunks exist than the
// workers can be busy with.
package stream
