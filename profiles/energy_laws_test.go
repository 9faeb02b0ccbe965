package profiles_test

import (
	"encoding/csv"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/cost"
	"github.com/plimsoll/plimsoll/profiles"
)

// spends is the energy of an estimate's work, in kWh by the hour and the token.
func spends(t fatal, e *estimator.Result, p *cost.Power, input, output float64) (decode *cost.Figure, s cost.Spent) {
	t.Helper()
	site := cost.Site{}
	flow := func(watts *cost.Figure) *cost.Figure {
		f, why := site.Energy(watts, nil, 1)
		if why != "" {
			t.Fatalf("%s", why)
		}
		return f
	}
	decode = p.Draw(cost.PartsOf(&e.Decode), 0)
	w := cost.Work{InputTokens: input, OutputTokens: output, Prefill: (*cost.Figure)(e.Speed.PrefillTokS), Output: (*cost.Figure)(e.Speed.OutputTokS)}
	return decode, cost.Spend(cost.Flow{Input: flow(p.Draw(cost.PartsOf(&e.Prefill), 0)), Output: flow(decode)}, w)
}

// Energy by the token as it was read at the wall of whole computers, against
// the whole path from a model's name to joules: speed, power, and the division.
// Neither is unseen: the speeds are among those that the parameters were
// fitted to, the power among that of power.csv.
func TestEnergyPerTokenOfWholeComputers(t *testing.T) {
	f, err := os.Open("prices/power_readings.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comment = '#'
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := func(row []string, name string) string { return row[slices.Index(rows[0], name)] }
	work := regexp.MustCompile(`^decode of (\S+) (\S+), ([\d.]+) tok/s$`)
	inside, n := 0, 0
	var off []float64
	for _, row := range rows[1:] {
		m := work.FindStringSubmatch(column(row, "work"))
		if m == nil || column(row, "scope") == "card" || strings.Contains(column(row, "notes"), "ten boards") {
			continue
		}
		wall, _ := strconv.ParseFloat(column(row, "wall_w"), 64)
		speed, _ := strconv.ParseFloat(m[3], 64)
		req := ask(t, m[1], m[2], column(row, "device"), "llama.cpp")
		e := estimate(t, req)
		if e.Verdict == estimator.DoesNotFit || e.Speed.DecodeTokS == nil {
			t.Logf("%s on %s: %s", m[1], column(row, "device"), e.Reason)
			continue
		}
		p, why, err := profiles.Power(req.Machine)
		if err != nil || why != "" {
			t.Fatal(column(row, "device"), why, err)
		}
		watts, s := spends(t, e, p, 512, 128)
		joules := s.PerMOutput.Times(3.6, "J/tok") // 1 kWh by the million is 3.6 J by the one
		n++
		if joules.Low <= wall/speed && wall/speed <= joules.High {
			inside++
		}
		off = append(off, math.Abs(math.Log(joules.Value/(wall/speed))))
		t.Logf("%-26s %-28s %6.2f J/tok read, %6.2f (%.2f to %.2f) estimated: %.0f W at %.1f tok/s, read %.0f at %.1f",
			column(row, "device"), m[1], wall/speed, joules.Value, joules.Low, joules.High, watts.Value, e.Speed.DecodeTokS.Value, wall, speed)
	}
	slices.Sort(off)
	t.Logf("%d of %d inside, median error %.0f%%", inside, n, 100*(math.Exp(off[n/2])-1))
	if n < 30 || float64(inside) < 0.7*float64(n) || off[n/2] > math.Log(1.2) {
		t.Errorf("%d of %d inside, median error %.0f%%", inside, n, 100*(math.Exp(off[n/2])-1))
	}
}
