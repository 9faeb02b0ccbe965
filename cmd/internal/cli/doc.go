// Package cli is the command line, one file for each command. A command is an
// options struct that its flags fill and a run function that tests call
// without cobra; streams, environment and facts come in with Env.
//
// The way of one command: Main prepares the arguments (args.go), cobra finds
// the command and fills its options, run turns them into scenarios (package
// scenario), asks the estimator, and writes the document (packages report
// and render). Problems travel up as *problem.Error and are printed once.
package cli
