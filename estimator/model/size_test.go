package model

import (
	"math"
	"testing"
)

func params(m *Model) (total, active int64) {
	total = m.EmbeddingParams + m.OutputParams + m.OtherParams
	active = total
	for i := range m.Layers {
		total += m.Layers[i].Params()
		active += m.Layers[i].ActiveParams()
	}
	return total, active
}

func TestFromSizeMeetsItsSize(t *testing.T) {
	for _, c := range []struct {
		spec          string
		total, active float64
	}{
		{"100M", 1e8, 1e8}, {"350m", 3.5e8, 3.5e8}, {"0.5b", 5e8, 5e8}, {"1B", 1e9, 1e9}, {"3B", 3e9, 3e9}, {"8B", 8e9, 8e9},
		{"14B", 14e9, 14e9}, {"32B", 32e9, 32e9}, {"70B", 70e9, 70e9}, {"405B", 405e9, 405e9}, {"1T", 1e12, 1e12},
		{"30B-A3B", 30e9, 3e9}, {"235B-A22B", 235e9, 22e9}, {"671B-A37B", 671e9, 37e9}, {"1T-A32B", 1e12, 32e9}, {"47B-A13B", 47e9, 13e9},
	} {
		m, err := FromSize(c.spec)
		if err != nil {
			t.Errorf("%s: %v", c.spec, err)
			continue
		}
		total, active := params(m)
		if off := float64(total)/c.total - 1; math.Abs(off) > 0.03 {
			t.Errorf("%s: %d parameters (%+.1f%%)", c.spec, total, off*100)
		}
		if off := float64(active)/c.active - 1; math.Abs(off) > 0.06 {
			t.Errorf("%s: %d active parameters (%+.1f%%)", c.spec, active, off*100)
		}
		if len(m.Assumptions) == 0 {
			t.Errorf("%s: no assumption stated", c.spec)
		}
		t.Log(c.spec, m.Assumptions)
	}
}

func TestFromSizeRefuses(t *testing.T) {
	for _, s := range []string{"", "B", "3", "3X", "-3B", "1e9B", "3B-A", "3B-A4B", "1M", "99T", "nanB", "infB", "3B-", "..B"} {
		if m, err := FromSize(s); err == nil {
			t.Errorf("%q was taken as %d layers", s, len(m.Layers))
		}
	}
}
