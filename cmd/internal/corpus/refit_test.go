package corpus

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"runtime"
	"testing"

	"github.com/plimsoll/plimsoll/cmd/internal/facts"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/fit"
	"github.com/plimsoll/plimsoll/profiles"
)

// The committed parameters are what the committed measurements yield. The
// spreads come from the cross-validation, which takes minutes: they are taken
// from the committed file, and one of its fits is made anew.
func TestCommittedCalibration(t *testing.T) {
	if raceEnabled {
		t.Skip("a fit takes minutes under the race detector; the packages' own tests cover it")
	}
	const folder = "../../../profiles/calibration/"
	wantSets, err := os.ReadFile(folder + "parameters.json")
	if err != nil {
		t.Fatal(err)
	}
	wantGroups, err := os.ReadFile(folder + "groups.csv")
	if err != nil {
		t.Fatal(err)
	}
	store := scenario.NewStore(new(facts.Embedded))
	ctx := context.Background()
	fitted, err := FitParameters(ctx, store)
	if err != nil {
		t.Fatal(err)
	}
	committed, err := profiles.Calibration()
	if err != nil {
		t.Fatal(err)
	}
	takeSpreads(fitted, committed)
	sets, groups, err := fitted.Format()
	if err != nil {
		t.Fatal(err)
	}
	// Other processors contract multiplications and additions; the last digit
	// may then differ.
	if runtime.GOARCH == "amd64" && (string(sets) != string(wantSets) || groups != string(wantGroups)) {
		t.Error("profiles/calibration is not what the measurements yield: run plimsoll calibrate --write profiles/calibration")
	}
	t.Run("fold", func(t *testing.T) { checkFold(t, ctx, store, fitted) })
}

// takeSpreads copies what only the cross-validation knows.
func takeSpreads(dst, src *calibration.Table) {
	dst.Traits = src.Traits
	for i := range dst.Sets {
		d, s := &dst.Sets[i], &src.Sets[i]
		d.SDDecode, d.SDPrefill = s.SDDecode, s.SDPrefill
		if d.Base != nil && s.Base != nil {
			d.Base.SDDecode, d.Base.SDPrefill = s.Base.SDDecode, s.Base.SDPrefill
		}
	}
}

// checkFold makes one of the fits of the cross-validation again.
func checkFold(t *testing.T, ctx context.Context, store *scenario.Store, start *calibration.Table) {
	prior, cfg, err := profiles.Prior()
	if err != nil {
		t.Fatal(err)
	}
	_, obs, judged, err := Observations(ctx, store)
	if err != nil {
		t.Fatal(err)
	}
	want, err := profiles.CrossValidation()
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	err = fit.LeaveOutFold(prior, start, obs, judged, byDevice, deviceFolds, deviceFolds-1, cfg, func(i int, j fit.Judgement) {
		w := want[obs[i].ID].Device
		checked++
		if !w.Judged || math.Abs(w.Log+j.Log) > 0.0015 || w.Level != j.Level.String() {
			t.Errorf("%s on %s: %.3f (%s) when left out, the file says %.3f (%s)", obs[i].ID, obs[i].Device, -j.Log, j.Level, w.Log, w.Level)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked == 0 {
		t.Error("the fold leaves nothing out")
	}
}

// Every row that may be used is worked out, or there is a reason that is known.
func TestExamples(t *testing.T) {
	examples, obs, judged, err := Observations(context.Background(), scenario.NewStore(new(facts.Embedded)))
	if err != nil {
		t.Fatal(err)
	}
	if len(examples) < 3700 {
		t.Errorf("%d rows can be compared, want nearly all of the 3,737 that are not excluded", len(examples))
	}
	for i, o := range obs {
		if !(o.Seconds > 0) || o.Prefills < 0 || o.Steps < 0 || o.Prefills+o.Steps == 0 || !(o.Weight > 0) || judged[i] == nil {
			b, _ := json.Marshal(examples[i].Row)
			t.Fatalf("not an observation: %s", b)
		}
	}
}
