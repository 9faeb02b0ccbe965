package serving

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// A form says at every rate what Steady says, in any order, also when the pacer
// changes its times between.
func TestFormIsSteady(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &Scheduler{Policy: Policy(rapid.IntRange(0, 2).Draw(t, "policy")), MaxSeqs: rapid.IntRange(1, 300).Draw(t, "seqs"), MaxTokens: rapid.IntRange(256, 8192).Draw(t, "tokens"),
			Chunked: rapid.Bool().Draw(t, "chunked"), CacheTokens: int64(rapid.IntRange(40_000, 400_000).Draw(t, "cache")), BlockTokens: 16, Reserve: rapid.SampledFrom([]float64{0, 0.5, 1}).Draw(t, "reserve")}
		l := &Load{Concurrency: 7, Input: LogNormal(float64(rapid.IntRange(10, 2000).Draw(t, "input")), rapid.Float64Range(0, 1).Draw(t, "cv"), 8000),
			Output: Uniform(1, rapid.IntRange(1, 800).Draw(t, "output")), Burst: rapid.SampledFrom([]float64{0, 2}).Draw(t, "burst")}
		scale := 1.0
		p := PacerFunc(func(x *Step) float64 { return scale * benchPacer{}.Seconds(x) })
		f, err := NewForm(s, l, p)
		if err != nil {
			t.Fatal(err)
		}
		for range 4 {
			scale = rapid.SampledFrom([]float64{0.7, 1, 1.4}).Draw(t, "scale")
			top, _, err := f.Saturated()
			if err != nil {
				t.Fatal(err)
			}
			one := *l
			one.Concurrency, one.Rate = 0, top*rapid.Float64Range(0.01, 1.2).Draw(t, "share")
			got, err := f.Steady(one.Rate)
			if err != nil {
				t.Fatal(err)
			}
			want, err := Steady(s, &one, p)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("at %g requests/s\n got %+v\nwant %+v", one.Rate, got, want)
			}
			if got.Capacity != top {
				t.Fatalf("capacity %g, saturated %g", got.Capacity, top)
			}
		}
	})
	if _, err := NewForm(&Scheduler{MaxSeqs: 1, MaxTokens: 1}, nil, benchPacer{}); err == nil {
		t.Error("no load passes")
	}
	f, err := NewForm(&Scheduler{MaxSeqs: 8, MaxTokens: 512, Chunked: true}, &Load{Rate: 1, Input: Fixed(10), Output: Fixed(10)}, benchPacer{})
	if err != nil {
		t.Fatal(err)
	}
	for _, rate := range []float64{0, -1, 2e9} {
		if _, err := f.Steady(rate); err == nil {
			t.Errorf("rate %g passes", rate)
		}
	}
}
