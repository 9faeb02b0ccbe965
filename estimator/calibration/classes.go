package calibration

import (
	"strings"

	"github.com/plimsoll/plimsoll/estimator/format"
)

// Classes that only arithmetic tells apart: backends without BF16 kernels
// convert; the 4-bit i-quants look up 16 values where the smaller ones look
// up whole grids; CPUs repack Q4_K and Q4_0 but not their siblings.
const (
	classBF16 format.Class = "bf16"
	classIQ4  format.Class = "iq4"
	classK23  format.Class = "kquant23"
	classK56  format.Class = "kquant56"
	classQ5   format.Class = "q5"
)

// classes in the order of Params' arrays.
var classes = [...]format.Class{format.ClassF32, format.ClassF16, format.ClassQ8, format.ClassLegacy, format.ClassKQuant,
	format.ClassIQuant, format.ClassINT4, format.ClassFP8, format.ClassW8A8, format.ClassFP4, format.ClassTernary, classBF16, classIQ4,
	classK23, classK56, classQ5}

// NumClasses is the length of Params' arrays.
const NumClasses = len(classes)

// ClassIndex returns the place in Params' arrays of a class and the weight
// format it came from; an unknown class counts as a k-quant.
func ClassIndex(c format.Class, name string) int {
	c = finer(c, name)
	for i := range classes {
		if classes[i] == c {
			return i
		}
	}
	return 4
}

// finer splits a class by the weight format's name.
func finer(c format.Class, name string) format.Class {
	switch c {
	case format.ClassF16:
		if name == "BF16" {
			return classBF16
		}
	case format.ClassIQuant:
		if strings.Contains(name, "IQ4") {
			return classIQ4
		}
	case format.ClassLegacy:
		switch {
		case strings.Contains(name, "IQ4"):
			return classIQ4
		case strings.Contains(name, "Q5_"), strings.Contains(name, "Q4_1"):
			return classQ5
		}
	case format.ClassKQuant:
		i := strings.Index(name, "Q")
		if i >= 0 && i+1 < len(name) {
			switch name[i+1] {
			case '2', '3':
				return classK23
			case '5', '6':
				return classK56
			}
		}
	}
	return c
}

// coarser undoes finer, for parameters that do not tell the parts apart.
func coarser(c format.Class) format.Class {
	switch c {
	case classBF16:
		return format.ClassF16
	case classIQ4:
		return format.ClassIQuant
	case classK23, classK56:
		return format.ClassKQuant
	case classQ5:
		return format.ClassLegacy
	}
	return c
}

// ClassName returns the name by which parameters of a class index are stored.
func ClassName(i int) string { return string(classes[i]) }

// Coarser returns the class whose parameters serve where those of a finer
// one are not given.
func Coarser(class string) string { return string(coarser(format.Class(class))) }
