package vision

import (
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/model"
	"pgregory.net/rapid"
)

// By hand, from smart_resize: sides to the nearest multiple, half to even, then
// the bounds.
func TestResize(t *testing.T) {
	for _, c := range []struct{ height, width, least, most, h, w int }{
		{720, 1280, 3136, 12845056, 728, 1288},
		{42, 70, 784, 1 << 30, 56, 56},       // 1.5 and 2.5 both round to 2
		{14, 14, 784, 1 << 30, 28, 28},       // 0.5 rounds to 0: below the bound, scaled up
		{2000, 2000, 3136, 784 * 4, 56, 56},  // above the bound: cut down
		{100, 4000, 3136, 784 * 10, 28, 560}, // above it: floor(4000/√(400000/7840)/28)=20; one side is never 0
	} {
		if h, w := resize(c.height, c.width, 1, 28, c.least, c.most, 1); h != c.h || w != c.w {
			t.Errorf("%dx%d: %dx%d, want %dx%d", c.width, c.height, w, h, c.w, c.h)
		}
	}
}

func TestStepsOfSound(t *testing.T) {
	for _, c := range []struct {
		s       Step
		n, want int
	}{{Step{3, 2, 1}, 3000, 1500}, {Step{3, 2, 1}, 1, 1}, {Step{3, 2, 1}, 0, 0}, {Step{2, 2, 0}, 1500, 750}, {Step{1, 8, 0}, 1001, 126}, {Step{4, 4, 0}, 3, 0}} {
		if got := c.s.of(c.n); got != c.want {
			t.Errorf("%+v of %d: %d, want %d", c.s, c.n, got, c.want)
		}
	}
}

// Work: two operations a parameter and position, four an element of width and
// pair; a window bounds the pairs.
func TestLoad(t *testing.T) {
	tower := Tower{Layers: 2, Hidden: 10, FFN: 40, Projector: Linear}
	l := tower.Of(View{Tokens: 25, Patches: 100, Pairs: 1e4, Calls: 1}, 2, 2, 20)
	if want := 2 * (100.0*(2*(400+800)+3*4*10) + 25*200); l.LinearFLOPs != want {
		t.Errorf("linear %g, want %g", l.LinearFLOPs, want)
	}
	if want := 4 * 10 * 2 * 1e4; l.AttentionFLOPs != want {
		t.Errorf("attention %g, want %g", l.AttentionFLOPs, want)
	}
	tower.Window, tower.FullLayers = 4, 1
	if got, want := tower.Of(View{Tokens: 25, Patches: 100, Pairs: 1e4, Calls: 1}, 2, 2, 20).AttentionFLOPs, 4*10*(1e4+400.0); got != want {
		t.Errorf("windowed attention %g, want %g", got, want)
	}
	if got, want := tower.Params(2, 2, 20), int64(2*(400+800)+3*4*10+200); got != want {
		t.Errorf("%d parameters, want %d", got, want)
	}
}

func TestFind(t *testing.T) {
	table := &Table{Rules: []Rule{{ID: "own", Models: []string{"m"}}, {ID: "family", Families: []string{"f"}}, {ID: "typed", Types: []string{"t"}, Archs: []string{"a"}}}}
	for _, c := range []struct {
		a    model.Architecture
		want string
	}{
		{model.Architecture{ID: "m", Family: "f", Class: "multimodal"}, "own"},
		{model.Architecture{ID: "x", Family: "f", Class: "multimodal", HFRepo: "r"}, "family"},
		{model.Architecture{ID: "x", Family: "f", Class: "llm", HFRepo: "r"}, ""},
		{model.Architecture{Family: "a", Arch: "a", Vision: &model.Vision{Type: "t"}}, "typed"},
		{model.Architecture{Family: "a", Arch: "a"}, "typed"},
		{model.Architecture{ID: "x", Family: "a", Arch: "a", Class: "llm", HFRepo: "r"}, ""},
		{model.Architecture{}, ""},
	} {
		got := ""
		if r := table.Find(&c.a); r != nil {
			got = r.ID
		}
		if got != c.want {
			t.Errorf("%+v: %q, want %q", c.a, got, c.want)
		}
	}
}

func TestTowerOf(t *testing.T) {
	r := Rule{Towers: []Tower{{Layers: 24, Hidden: 1024, FFN: 4096}, {Layers: 27, Hidden: 1152, FFN: 4304}}}
	if got := r.Tower(nil); got != nil {
		t.Errorf("one of two towers was taken: %+v", got)
	}
	if got := r.Tower(&model.Vision{Hidden: 1152}); got == nil || got.FFN != 4304 {
		t.Errorf("by its width: %+v", got)
	}
	if got := r.Tower(&model.Vision{Layers: 30, Hidden: 1152}); got == nil || got.Layers != 30 || got.FFN != 4304 {
		t.Errorf("another depth: %+v", got)
	}
	if got := r.Tower(&model.Vision{Layers: 10, Hidden: 100}); got == nil || got.FFN != 400 || got.Assumed == "" {
		t.Errorf("by the formula: %+v", got)
	}
	r.NoTower = "because"
	if got := r.Tower(&model.Vision{Hidden: 1152}); got != nil {
		t.Errorf("a tower of which nothing is known: %+v", got)
	}
}

// Whatever a rule says and whatever the image, there is an answer or an error of
// one line, never a crash, never nothing.
func TestEveryImageIsAnswered(t *testing.T) {
	kinds := []Kind{Fixed, Grid, Padded, Rows, Budget, Ratio, Pages, Cover, Canvas, AnyRes, Local, HD, Splits, Slices, Overlap, PanScan}
	rapid.Check(t, func(t *rapid.T) {
		patch := rapid.IntRange(8, 16).Draw(t, "patch")
		n := rapid.IntRange(12, 64).Draw(t, "patches")
		side := n * patch
		r := &Rule{Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Patch: patch, Merge: rapid.IntRange(1, 4).Draw(t, "merge"), Side: side,
			MinPixels: rapid.IntRange(0, 1<<16).Draw(t, "min"), MaxPixels: rapid.IntRange(1<<18, 1<<24).Draw(t, "max"), MaxPatches: rapid.IntRange(256, 1<<14).Draw(t, "max patches"),
			MaxSide: side * rapid.IntRange(1, 4).Draw(t, "max side"), Tiles: rapid.IntRange(1, 40).Draw(t, "tiles"), Each: rapid.IntRange(1, 300).Draw(t, "each"),
			Start: 1, Margin: 2, MinRatio: 1.2, Canvases: [][2]int{{side, side}, {side, 2 * side}, {2 * side, side}}}
		w, h := rapid.IntRange(1, maxSidePixels).Draw(t, "width"), rapid.IntRange(1, maxSidePixels).Draw(t, "height")
		v, err := r.Image(w, h)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("an error of several lines: %v", err)
			}
			return
		}
		if v.Tokens < 1 || v.Patches < 1 || v.Calls < 1 || v.Pairs < 1 {
			t.Fatalf("%s, %dx%d: %+v", r.Kind, w, h, v)
		}
	})
	for _, s := range [][2]int{{0, 1}, {1, 0}, {-1, 5}, {1 << 20, 5}} {
		if _, _, err := (&Rule{Kind: Fixed, Patch: 14, Side: 336, Each: 576}).Tokens(s[0], s[1]); err == nil {
			t.Errorf("%v pixels are no image", s)
		}
	}
}

// A projector's own file goes by its kind: the model's own rule where it fits,
// else that whose patches and widths are the file's, else the first; a kind that
// no rule knows leaves the model's own.
func TestFindByProjector(t *testing.T) {
	table := &Table{Rules: []Rule{
		{ID: "small", Families: []string{"s"}, Projectors: []string{"merger"}, Patch: 14, Towers: []Tower{{Hidden: 1024}}},
		{ID: "large", Families: []string{"l"}, Projectors: []string{"merger"}, Patch: 16, Towers: []Tower{{Hidden: 1152}}},
		{ID: "other", Families: []string{"o"}, Projectors: []string{"pool"}, Patch: 14},
	}}
	for _, c := range []struct {
		family, kind  string
		patch, hidden int
		want          string
	}{
		{"l", "merger", 14, 1024, "large"},
		{"o", "merger", 16, 1152, "large"},
		{"o", "merger", 8, 64, "small"},
		{"", "pool", 0, 0, "other"},
		{"o", "mystery", 16, 1152, "other"},
		{"", "mystery", 16, 1152, ""},
	} {
		r := table.Find(&model.Architecture{Family: c.family, Vision: &model.Vision{Projector: c.kind, Patch: c.patch, Hidden: c.hidden, Bytes: 1}})
		got := ""
		if r != nil {
			got = r.ID
		}
		if got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
	// Without a file of its own the kind says nothing.
	if r := table.Find(&model.Architecture{Family: "o", Vision: &model.Vision{Projector: "merger"}}); r == nil || r.ID != "other" {
		t.Errorf("%+v", r)
	}
	if got := (&Rule{Patch: 14}).Tower(&model.Vision{Layers: 2, Hidden: 64, FFN: 100}); got.FFN != 100 || got.Assumed != "" {
		t.Errorf("%+v", got)
	}
}
