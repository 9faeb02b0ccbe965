package detect

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// SMBIOS is what the firmware's tables say of processors and memory modules
// (DMTF DSP0134, structure types 4 and 17). Serial numbers and asset tags in
// the tables are not read.
type SMBIOS struct {
	Processors []string // the populated sockets' processor names
	Cores      int      // of all sockets, 0 when not told
	Modules    []Module
}

// Module is one populated memory slot.
type Module struct {
	Bytes     int64
	Type      string // "DDR5"
	MTs       int    // the rate it runs at, else the rate it is made for
	WidthBits int
	Locator   string // "P0 CHANNEL A DIMM 0", from the slot and bank names
}

// memoryTypes are DSP0134's codes of memory kinds.
var memoryTypes = map[byte]string{
	0x18: "DDR3", 0x1a: "DDR4", 0x1b: "LPDDR", 0x1c: "LPDDR2", 0x1d: "LPDDR3", 0x1e: "LPDDR4",
	0x20: "HBM", 0x21: "HBM2", 0x22: "DDR5", 0x23: "LPDDR5", 0x24: "HBM3", 0x12: "DDR", 0x13: "DDR2",
}

// ParseSMBIOS reads the structure table that Linux gives in
// /sys/firmware/dmi/tables/DMI. A table cut short gives what stands before the cut.
func ParseSMBIOS(table []byte) (SMBIOS, error) {
	var s SMBIOS
	seen := 0
	for len(table) >= 4 {
		kind, length := table[0], int(table[1])
		if length < 4 || length > len(table) {
			break
		}
		seen++
		body, rest := table[:length], table[length:]
		end := strings.Index(string(rest), "\x00\x00")
		var text []string
		if end >= 0 {
			text = strings.Split(string(rest[:end]), "\x00")
			table = rest[end+2:]
		} else {
			table = nil
		}
		str := func(offset int) string {
			if offset >= len(body) || body[offset] == 0 || int(body[offset]) > len(text) {
				return ""
			}
			return strings.TrimSpace(text[body[offset]-1])
		}
		switch kind {
		case 4:
			s.processor(body, str)
		case 17:
			s.module(body, str)
		case 127:
			table = nil
		}
	}
	if seen == 0 {
		return s, fmt.Errorf("smbios: no structure in it: is this a DMI table?")
	}
	return s, nil
}

func (s *SMBIOS) processor(b []byte, str func(int) string) {
	// 0x18 status: bit 6 says that the socket is populated.
	if len(b) < 0x19 || b[0x18]&0x40 == 0 || b[5] != 3 {
		return
	}
	s.Processors = append(s.Processors, str(0x10))
	cores := 0
	if len(b) > 0x23 {
		cores = int(b[0x23])
	}
	if cores == 0xff && len(b) > 0x2b {
		cores = int(binary.LittleEndian.Uint16(b[0x2a:]))
	}
	s.Cores += cores
}

func (s *SMBIOS) module(b []byte, str func(int) string) {
	if len(b) < 0x17 || len(s.Modules) >= 512 {
		return
	}
	word := func(o int) int {
		if o+2 > len(b) {
			return 0
		}
		return int(binary.LittleEndian.Uint16(b[o:]))
	}
	size := int64(word(0x0c))
	switch {
	case size == 0 || size == 0xffff:
		return // empty, or not known
	case size == 0x7fff:
		if len(b) < 0x20 {
			return
		}
		size = int64(binary.LittleEndian.Uint32(b[0x1c:])&0x7fffffff) << 20
	case size&0x8000 != 0:
		size = (size & 0x7fff) << 10
	default:
		size <<= 20
	}
	m := Module{Bytes: size, Type: memoryTypes[b[0x12]], WidthBits: word(0x0a)}
	if m.MTs = word(0x20); m.MTs == 0 || m.MTs == 0xffff {
		m.MTs = word(0x15)
	}
	if m.MTs == 0xffff {
		m.MTs = 0
	}
	m.Locator = strings.TrimSpace(str(0x11) + " " + str(0x10))
	s.Modules = append(s.Modules, m)
}

// Bandwidth is the nominal rate in GB/s of all modules together: channels x
// MT/s x the width of the data bus in bytes. Channels are told apart by the
// slots' names; ok is false when the tables do not say enough.
func (s *SMBIOS) Bandwidth() (gbps float64, channels, mts int, kind string, ok bool) {
	distinct := map[string]bool{}
	bits, named := 0, 0
	for _, m := range s.Modules {
		if m.MTs <= 0 || m.MTs > 1<<15 || m.WidthBits <= 0 || m.WidthBits > 1024 {
			return 0, 0, 0, "", false
		}
		// All run at the rate of the slowest.
		if mts == 0 || m.MTs < mts {
			mts = m.MTs
		}
		kind = m.Type
		c := channelOf(m.Locator)
		if c != "" {
			named++
		}
		if c == "" || !distinct[c] {
			bits += m.WidthBits
			channels++
		}
		distinct[c] = true
	}
	// Slots named in part, or not at all while several are filled: two
	// modules may share a channel.
	if channels == 0 || named != len(s.Modules) && len(s.Modules) > 1 {
		return 0, 0, 0, "", false
	}
	return float64(mts) * float64(bits) / 8 / 1000, channels, mts, kind, true
}

// channelOf finds the channel in a slot's name: "P0 CHANNEL A DIMM 0" is
// p0/a, "Controller1-ChannelB-DIMM0" controller1/b, "CPU1_DIMM_A2" cpu1/a.
func channelOf(locator string) string {
	words := strings.FieldsFunc(strings.ToLower(locator), func(r rune) bool {
		return r == ' ' || r == '_' || r == '-' || r == '/' || r == ',' || r == '.'
	})
	scope, ch := "", ""
	for i, w := range words {
		switch {
		case strings.HasPrefix(w, "channel") && len(w) > 7:
			ch = w[7:]
		case w == "channel" && i+1 < len(words):
			ch = words[i+1]
		case ch == "" && i > 0 && words[i-1] == "dimm" && len(w) >= 1 && w[0] >= 'a' && w[0] <= 'p' && len(strings.TrimLeft(w[1:], "0123456789")) == 0:
			ch = w[:1]
		case ch == "" && len(w) == 6 && strings.HasPrefix(w, "dimm") && w[4] >= 'a' && w[4] <= 'p' && w[5] >= '0' && w[5] <= '9':
			ch = w[4:5]
		case isScope(w):
			scope += w + "/"
		}
	}
	if ch == "" {
		return ""
	}
	return scope + ch
}

// isScope recognises what a channel belongs to: p0, cpu1, node1, controller0.
func isScope(w string) bool {
	stem := strings.TrimRight(w, "0123456789")
	if stem == w {
		return false
	}
	switch stem {
	case "p", "cpu", "proc", "node", "controller", "mc", "imc", "socket":
		return true
	}
	return false
}
