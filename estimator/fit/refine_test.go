package fit

import (
	"math"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/calibration"
)

// Own measurements move the processor they were made on, and nothing else.
func TestRefine(t *testing.T) {
	all := world(map[string]float64{"d1": 0.7, "d2": 0.7, "d3": 0.7}, 0.02)
	table, err := Fit(prior(t), all, config())
	if err != nil {
		t.Fatal(err)
	}
	own := world(map[string]float64{"d2": 0.5}, 0.01) // this one is throttled
	r, err := Refine(table, own, config())
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Groups) != 1 || r.Groups[0] != calibration.GroupKey("e", "b", "device", "d2") {
		t.Fatalf("refined %v, want the device that was measured", r.Groups)
	}
	before, after := 0.0, 0.0
	for i := range own {
		before, after = math.Max(before, math.Abs(r.Before[i].Log)), math.Max(after, math.Abs(r.After[i].Log))
	}
	if after > before/2 {
		t.Errorf("worst error %.3f after refining, %.3f before", after, before)
	}
	if g := r.Table.Groups[r.Groups[0]]; !g.Own || g.Rows != len(own) || !(g.SDDecode > 0) {
		t.Errorf("the group does not say what it rests on: %+v", g)
	}
	var others []*Observation
	for _, o := range all {
		if o.Device != "d2" {
			others = append(others, o)
		}
	}
	if a, b := worst(t, table, others), worst(t, r.Table, others); a != b {
		t.Errorf("other devices moved: worst error %.4f, was %.4f", b, a)
	}
}
