package inventory

import (
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/hardware"
)

// gres is one entry of a Slurm list of generic resources.
type gres struct {
	name, kind string // gpu, h100
	count      int64
}

// parseGres reads "gpu:h100:8(S:0-1),gpu:a100:2,shard:16" (slurm.conf: Gres,
// and as scontrol and sinfo print what is used: "gpu:h100:4(IDX:0-3)").
func parseGres(text string) []gres {
	var out []gres
	for _, entry := range outside(text, ',') {
		entry, _, _ = strings.Cut(entry, "(S:")
		entry, _, _ = strings.Cut(entry, "(IDX:")
		parts := strings.Split(strings.TrimSpace(entry), ":")
		g := gres{name: strings.ToLower(parts[0]), count: 1}
		if g.name == "" || g.name == "(null)" || g.name == "n/a" {
			continue
		}
		if last := parts[len(parts)-1]; len(parts) > 1 {
			if n, ok := gresCount(last); ok {
				g.count, parts = n, parts[:len(parts)-1]
			}
		}
		for _, p := range parts[1:] {
			if p != "no_consume" && p != "(null)" && p != "" {
				g.kind = p
			}
		}
		out = append(out, g)
	}
	return out
}

// gresCount reads a count, which may have a suffix (K, M, G …: of 1024).
func gresCount(s string) (int64, bool) {
	if s == "" || s[0] < '0' || s[0] > '9' {
		return 0, false
	}
	digits := strings.TrimRight(s, "kKmMgGtT")
	n, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || len(s)-len(digits) > 1 {
		return 0, false
	}
	if unit := strings.ToLower(s[len(digits):]); unit != "" {
		n <<= 10 * (strings.Index("kmgt", unit) + 1) //nolint:gosec // at most 40 places of 32 bits
	}
	return max(n, 0), true
}

// outside splits at separators that stand in no parentheses.
func outside(s string, sep byte) []string {
	var out []string
	depth, start := 0, 0
	for i := range len(s) {
		switch s[i] {
		case '(':
			depth++
		case ')':
			depth--
		case sep:
			if depth <= 0 {
				out, start = append(out, s[start:i]), i+1
			}
		}
	}
	return append(out, s[start:])
}

// tresGres reads the accelerators of a list of trackable resources
// ("cpu=96,mem=1000G,gres/gpu=8,gres/gpu:h100=8"): by kind where it tells
// kinds, else all of them together.
func tresGres(text string) []gres {
	var typed, plain []gres
	for entry := range strings.SplitSeq(text, ",") {
		key, value, ok := strings.Cut(strings.TrimSpace(entry), "=")
		rest, isGPU := strings.CutPrefix(key, "gres/gpu")
		n, counts := gresCount(value)
		switch {
		case !ok || !isGPU || !counts:
		case rest == "":
			plain = append(plain, gres{"gpu", "", n})
		case rest[0] == ':':
			typed = append(typed, gres{"gpu", rest[1:], n})
		}
	}
	if len(typed) > 0 {
		return typed
	}
	return plain
}

// slurmDevices fills in the accelerators of a Slurm node.
func (n *Node) slurmDevices(has, used, hasTRES, usedTRES string, features []string) {
	gpus := func(list []gres) []gres {
		var out []gres
		for _, g := range list {
			if g.name == "gpu" && g.count > 0 {
				out = append(out, g)
			}
		}
		return out
	}
	list, busy := gpus(parseGres(has)), gpus(parseGres(used))
	named := func(list []gres) bool { return len(list) > 0 && list[0].kind != "" }
	if typed := gpus(tresGres(hasTRES)); !named(list) && (len(list) == 0 || named(typed)) {
		list = typed
	}
	if len(busy) == 0 {
		busy = gpus(tresGres(usedTRES))
	}
	var memory int64
	var hints []string
	for _, f := range features {
		key, value, tagged := strings.Cut(f, ":") // as in GPU_SKU:H100_SXM5
		switch upper := strings.ToUpper(key); {
		case tagged && strings.Contains(upper, "MEM"):
			memory = max(memory, sizeOf(value, hardware.GiB))
		case tagged:
			hints = append(hints, value)
		default:
			hints = append(hints, f)
		}
	}
	for _, g := range list {
		a := Accelerator{Name: g.kind, Slice: slicePattern(g.kind), Count: devices(g.count), Hints: hints}
		if g.kind != "" {
			a.Named = "type of the gres"
		}
		if a.Slice != "" {
			card := strings.ToLower(g.kind)
			a.Name = strings.Trim(card[:strings.Index(card, a.Slice[:2])], "_-. ")
		} else {
			a.MemoryBytes = memory
		}
		for i := range busy {
			if busy[i].kind == g.kind || busy[i].kind == "" {
				take := min(busy[i].count, int64(a.Count-a.Used))
				a.Used += int(take)
				busy[i].count -= take
			}
		}
		n.Accelerators = append(n.Accelerators, a)
	}
}
