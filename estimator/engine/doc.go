// Package engine says what an inference engine does: its defaults, how it
// allocates, where it puts tensors, what it reserves. The rules' constants
// are data (profiles/engines); the code here only interprets them. It also
// holds what the user asks of an engine: a Deployment (how the model is run)
// and a Workload (what it is run on).
package engine
