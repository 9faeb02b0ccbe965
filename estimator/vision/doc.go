// Package vision says what pictures, films and sounds are to a language model
// that takes them: how many tokens they add to its prompt, how many patches the
// encoder beside it works on, and how much work that is. The rules are data
// (profiles/vision): each names one of the ways in which the processors of
// model families cut and scale an image, with its numbers; the code here only
// follows them, with the rounding of the processors themselves. The package
// knows nothing of engines and hardware.
package vision
