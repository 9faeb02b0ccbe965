package detect

import (
	"path"
	"strings"
)

// spdModule is what a module's own memory says of it.
type spdModule struct {
	Type string // "DDR4", "DDR5"
	MTs  int    // the JEDEC rate it is made for, not the one it runs at
}

// parseSPD reads the serial presence detect of a module: DDR4 (JEDEC
// 21-C annex L) and DDR5 (JESD400-5). Rates are rounded to the steps of 100/3
// MT/s that both are sold in. ok is false for another kind.
func parseSPD(b []byte) (m spdModule, ok bool) {
	if len(b) < 128 {
		return m, false
	}
	ps := 0.0
	switch b[2] {
	case 0x0c:
		m.Type = "DDR4"
		ps = float64(b[18])*125 + float64(int8(b[125]))
	case 0x12:
		m.Type = "DDR5"
		ps = float64(int(b[20]) | int(b[21])<<8)
	default:
		return m, false
	}
	if ps < 100 || ps > 2000 {
		return m, false
	}
	mts := 2e6 / ps
	step := 100.0 / 3
	if m.Type == "DDR5" {
		step = 400 // 3200, 3600, 4000, 4400, 4800 …
	}
	m.MTs = int(float64(int(mts/step+0.5))*step + 0.01)
	return m, m.MTs > 0
}

// spd reads the modules that the drivers ee1004 (DDR4, readable by anyone) and
// spd5118 (DDR5) show.
func (s *system) spd() []spdModule {
	var out []spdModule
	for _, driver := range []string{"ee1004", "spd5118"} {
		for _, f := range s.glob("/sys/bus/i2c/drivers/" + driver + "/*-*/eeprom") {
			if b, err := s.read(f); err == nil && len(out) < 64 {
				if m, ok := parseSPD(b); ok {
					out = append(out, m)
				}
			}
		}
	}
	return out
}

// edacChannels counts the memory channels that have a module, as servers with
// error correction show them to any user; 0 when they do not.
func (s *system) edacChannels() (channels int, kind string) {
	seen := map[string]bool{}
	for _, dir := range s.glob("/sys/devices/system/edac/mc/mc*/dimm*") {
		if plainBytes(s.text(dir+"/size")) == 0 {
			continue
		}
		f := strings.Fields(s.text(dir + "/dimm_location"))
		for i := 0; i+1 < len(f); i++ {
			if f[i] == "channel" {
				seen[path.Dir(dir)+" "+f[i+1]] = true
			}
		}
		if kind == "" {
			kind = s.text(dir + "/dimm_mem_type")
		}
	}
	return len(seen), kind
}
