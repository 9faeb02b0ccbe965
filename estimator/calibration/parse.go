package calibration

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Parse reads a table (sets as JSON, groups as lines of GroupColumns) and
// checks that every base is complete enough to give finite, positive times.
// Errors name the set or line and what to do.
func Parse(sets []byte, groups string) (*Table, error) {
	t := new(Table)
	if err := json.Unmarshal(sets, t); err != nil {
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
	return t, t.parseGroups(groups)
}

// GroupColumns are the columns of the groups' lines; an empty factor is 1, an
// empty spread that of the base.
const GroupColumns = "engine,backend,level,key,rows,stream,gemv,gemm,cache,overhead,sd_decode,sd_prefill"

func (t *Table) parseGroups(data string) error {
	t.Groups = make(map[string]Group, strings.Count(data, "\n"))
	for n := 1; data != ""; n++ {
		var line string
		line, data, _ = strings.Cut(data, "\n")
		if line == "" || line[0] == '#' || line == GroupColumns {
			continue
		}
		var id [4]string
		rest := line
		for i := range id {
			var ok bool
			if id[i], rest, ok = strings.Cut(rest, ","); !ok {
				return fmt.Errorf("calibration groups, line %d: want the columns %s", n, GroupColumns)
			}
		}
		var v [8]float64
		for i := range v {
			var field string
			field, rest, _ = strings.Cut(rest, ",")
			if field == "" {
				continue
			}
			x, err := strconv.ParseFloat(field, 64)
			if err != nil || !(x >= 0 && x <= 1e6) {
				return fmt.Errorf("calibration groups, line %d: %q is no positive number", n, field)
			}
			v[i] = x
		}
		t.Groups[GroupKey(id[0], id[1], id[2], id[3])] = Group{Rows: int(v[0]),
			Factors:  Factors{Stream: v[1], GEMV: v[2], GEMM: v[3], Cache: v[4], Overhead: v[5]},
			SDDecode: v[6], SDPrefill: v[7]}
	}
	return nil
}

// WithOwn returns the table with groups of the user's own, lines of
// GroupColumns, in the place of its own of the same key. Errors name the line.
func (t *Table) WithOwn(groups string) (*Table, error) {
	own := &Table{}
	if err := own.parseGroups(groups); err != nil {
		return nil, err
	}
	c := t.Clone()
	for k, g := range own.Groups {
		g.Own = true
		c.Groups[k] = g
	}
	return c, nil
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
