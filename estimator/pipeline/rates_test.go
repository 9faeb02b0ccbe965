package pipeline

import (
	"bytes"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// What is written is read back, whatever the keys hold.
func TestRatesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.StringMatching(`[a-z|,:<&"\\\n 0-9é]{0,12}`)
		quarter := rapid.Map(rapid.IntRange(-400, 400), func(n int) float64 { return float64(n) / 4 })
		r := &Rates{Source: key.Draw(t, "source"), Corner: 3, Reference: "2026-01", DriftYears: 3, Peaks: map[string][]Peak{"fp16": {{Rate: "bf16", X: 2}}},
			SD:     rapid.MapOfN(key, quarter, 0, 4).Draw(t, "sd"),
			Values: rapid.MapOfN(key, quarter, 0, 9).Draw(t, "values"), Rows: rapid.MapOfN(key, rapid.IntRange(0, 99), 0, 9).Draw(t, "rows")}
		text := r.Format()
		got, err := ParseRates(text)
		if err != nil || !reflect.DeepEqual(got, r) || !bytes.Equal(got.Format(), text) {
			t.Fatalf("%s\n%+v\n%v", text, got, err)
		}
	})
}

func TestBadRates(t *testing.T) {
	good := string((&Rates{Values: map[string]float64{"compute|compiled": 0.25}, Rows: map[string]int{"compute|compiled": 2}}).Format())
	if _, err := ParseRates([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to, want string }{
		{"\n\"values\"", "\"values\"", "not laid out"},
		{"}}\n", "}", "not laid out"},
		{"\"corner\":0", "\"corner\":x", "invalid character"},
		{":0.25", ":a quarter", "a quarter"},
		{":2", ":2.5", "2.5"},
		{"compiled\":0", "compiled:0", "no parameter with its value"},
	} {
		bad := strings.Replace(good, c.from, c.to, 1)
		if _, err := ParseRates([]byte(bad)); bad == good || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q for %q: %v", c.to, c.from, err)
		}
	}
}

// A time is drawn away from the least that the arithmetic allows, smoothly: the
// slope is that of the logarithms, and far from the least nothing changes.
func TestAtLeast(t *testing.T) {
	for _, c := range []struct{ t, least float64 }{{10, 1}, {1.4, 1}, {1, 1}, {0.6, 1}, {1e-9, 1}, {3, 0}, {0, 2}} {
		v, slope := AtLeast(c.t, c.least)
		if v < c.t || c.t > 0 && v < c.least || slope < 0 || slope > 1 {
			t.Errorf("%+v: %g, slope %g", c, v, slope)
		}
		if c.t <= 0 || c.least <= 0 {
			continue
		}
		const h = 1e-6
		up, _ := AtLeast(c.t*math.Exp(h), c.least)
		down, _ := AtLeast(c.t*math.Exp(-h), c.least)
		if d := math.Log(up/down) / (2 * h); math.Abs(d-slope) > 1e-6 {
			t.Errorf("%+v: slope %g, by differences %g", c, slope, d)
		}
		if c.t >= 1.4*c.least && v > 1.002*c.t {
			t.Errorf("%+v: %g is far from the least", c, v)
		}
	}
	l := Load{Calls: 2, Compute: 1, Attention: 1, Terms: [4][]Term{{{"a", 1}}, {{"b", 1}}}, Least: [2]float64{0.5, 0.8}}
	fast := func(string) float64 { return 3 } // twenty times the nominal rate
	if s, parts := l.Seconds(3, fast); s < 2*1.3 || parts[0] < 0.5 || parts[1] < 0.8 {
		t.Errorf("%g s, of %v", s, parts)
	}
}
