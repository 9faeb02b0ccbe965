package pipeline

import (
	"bytes"
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
