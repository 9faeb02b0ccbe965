package fit

import (
	"math"

	"github.com/plimsoll/plimsoll/estimator/calibration"
)

// ref names one number in a calibration table.
type ref struct {
	set    int // index into Sets, -1 for a group
	field  int // index into calibration.Fields, -1 for none
	class  int // index into calibration.ClassFields, -1 for none
	key    string
	isa    int // index into Base.ISA, -1 for none
	group  string
	factor int // index into calibration.FactorFields; also of a set's factors when field, class and isa are -1
}

const none = -1

func fieldRef(set, field int) ref {
	return ref{set: set, field: field, class: none, isa: none, factor: none}
}

func classRef(set, class int, key string) ref {
	return ref{set: set, field: none, class: class, key: key, isa: none, factor: none}
}

func isaRef(set, isa int) ref {
	return ref{set: set, field: none, class: none, isa: isa, factor: none}
}

func groupRef(group string, factor int) ref {
	return ref{set: none, field: none, class: none, isa: none, group: group, factor: factor}
}

func factorRef(set, factor int) ref {
	return ref{set: set, field: none, class: none, isa: none, factor: factor}
}

func (r *ref) logarithmic() bool { return r.field == none || calibration.Fields[r.field].Log }

// load returns the number as it is fitted: its logarithm, or itself.
func (r *ref) load(t *calibration.Table) float64 {
	v := r.raw(t)
	if !r.logarithmic() {
		return v
	}
	if r.factor != none && v == 0 {
		v = 1
	}
	return math.Log(v)
}

func (r *ref) raw(t *calibration.Table) float64 {
	switch {
	case r.set == none:
		g := t.Groups[r.group]
		return *calibration.FactorFields[r.factor].Of(&g.Factors)
	case r.field != none:
		return *calibration.Fields[r.field].Of(t.Sets[r.set].Base)
	case r.class != none:
		return calibration.ClassFields[r.class].Of(t.Sets[r.set].Base)[r.key]
	case r.isa != none:
		return t.Sets[r.set].Base.ISA[r.isa].X
	}
	return *calibration.FactorFields[r.factor].Of(&t.Sets[r.set].Factors)
}

// store is the inverse of load.
func (r *ref) store(t *calibration.Table, x float64) {
	if r.logarithmic() {
		x = math.Exp(x)
	}
	r.setRaw(t, x)
}

func (r *ref) setRaw(t *calibration.Table, v float64) {
	switch {
	case r.set == none:
		g := t.Groups[r.group]
		*calibration.FactorFields[r.factor].Of(&g.Factors) = v
		t.Groups[r.group] = g
	case r.field != none:
		*calibration.Fields[r.field].Of(t.Sets[r.set].Base) = v
	case r.class != none:
		calibration.ClassFields[r.class].Of(t.Sets[r.set].Base)[r.key] = v
	case r.isa != none:
		t.Sets[r.set].Base.ISA[r.isa].X = v
	default:
		*calibration.FactorFields[r.factor].Of(&t.Sets[r.set].Factors) = v
	}
}

// name is for reading.
func (r *ref) name(t *calibration.Table) string {
	if r.set == none {
		return r.group + " " + calibration.FactorFields[r.factor].Name
	}
	s := t.Sets[r.set].Engine + "/" + t.Sets[r.set].Backend + " "
	switch {
	case r.field != none:
		return s + calibration.Fields[r.field].Name
	case r.class != none:
		return s + calibration.ClassFields[r.class].Name + "." + r.key
	case r.isa != none:
		return s + "isa." + t.Sets[r.set].Base.ISA[r.isa].Has
	}
	return s + calibration.FactorFields[r.factor].Name
}

// penalty draws a combination of parameters towards a value:
// ((Σ coefficient·parameter − target) ÷ sd)².
type penalty struct {
	param  []int
	coef   []float64
	target float64
	sd     float64
}
