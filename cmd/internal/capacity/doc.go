// Package capacity makes a capacity plan of a plan file: it resolves workloads
// and hardware, asks the estimator what each deployment carries, has package
// estimator/capacity assign them, verifies the assignment by simulation, and
// asks again with one thing changed to say what limits it.
package capacity
