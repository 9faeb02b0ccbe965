package calibration

import (
	"encoding/json"
	"fmt"
	"math"
)

// Parse reads a table and checks that every base is complete enough to give
// finite, positive times. Errors name the set and what to do.
func Parse(data []byte) (*Table, error) {
	t := new(Table)
	if err := json.Unmarshal(data, t); err != nil {
		return nil, fmt.Errorf("calibration data: %w; restore the file or fit it again", err)
	}
	if len(t.Sets) == 0 {
		return nil, fmt.Errorf("calibration data: no sets; fit it again")
	}
	for i := range t.Sets {
		s := &t.Sets[i]
		name := s.Engine + "/" + s.Backend
		if _, _, err := t.based(s); err != nil {
			return nil, fmt.Errorf("set %s: %w", name, err)
		}
		if s.Base == nil {
			continue
		}
		for _, f := range s.Base.positive() {
			if !(f.v > 0) || math.IsInf(f.v, 0) {
				return nil, fmt.Errorf("calibration data: set %s: %s is %v, want more than 0", name, f.name, f.v)
			}
		}
	}
	return t, nil
}

type named struct {
	name string
	v    float64
}

func (b *Base) positive() []named {
	return []named{
		{"stream", b.Stream}, {"expert_stream", b.ExpertStream}, {"cache", b.Cache}, {"cache_flash", b.CacheFlash},
		{"expert_gemm", b.ExpertGEMM}, {"recurrent_gemm", b.RecurrentGEMM}, {"attn", b.Attn}, {"attn_flash", b.AttnFlash},
		{"half_rows", b.HalfRows}, {"expert_half_rows", b.ExpertHalfRows}, {"gemv *", b.GEMV["*"]}, {"gemm *", b.GEMM["*"]},
		{"sd_decode", b.SDDecode[0]}, {"sd_prefill", b.SDPrefill[0]},
	}
}
