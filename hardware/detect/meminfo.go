package detect

import (
	"fmt"
	"strconv"
	"strings"
)

// MemInfo is what the kernel says of main memory and swap, in bytes.
type MemInfo struct {
	Total, Available    int64
	SwapTotal, SwapFree int64
	HugePages           int64 // set aside as huge pages, which ordinary programs cannot use
}

// ParseMemInfo reads /proc/meminfo. Kernels before 3.14 and WSL1 have no
// MemAvailable: what is free and what only caches files stands for it.
func ParseMemInfo(text []byte) (MemInfo, error) {
	v := map[string]int64{}
	for line := range strings.Lines(string(text)) {
		k, rest, ok := strings.Cut(line, ":")
		f := strings.Fields(rest)
		if !ok || len(f) == 0 {
			continue
		}
		n, err := strconv.ParseUint(f[0], 10, 64)
		if err != nil || n > 1<<50 {
			continue
		}
		if len(f) > 1 && f[1] == "kB" {
			n <<= 10
		}
		v[strings.TrimSpace(k)] = clampBytes(n)
	}
	m := MemInfo{Total: v["MemTotal"], Available: v["MemAvailable"], SwapTotal: v["SwapTotal"], SwapFree: v["SwapFree"],
		HugePages: clampBytes(uint64(v["HugePages_Total"]) * uint64(v["Hugepagesize"]))}
	if m.Total == 0 {
		return m, fmt.Errorf("meminfo: no MemTotal in it: is this /proc/meminfo?")
	}
	if _, told := v["MemAvailable"]; !told {
		m.Available = v["MemFree"] + v["Buffers"] + v["Cached"]
	}
	m.Available = min(max(m.Available, 0), m.Total)
	if m.HugePages > m.Total {
		m.HugePages = 0
	}
	return m, nil
}

// ParseFree reads `free`, also with -h, -m or -b: coarse when the units are.
func ParseFree(text []byte) (MemInfo, error) {
	var m MemInfo
	col := map[string]int{}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		if f[0] == "total" {
			for i, h := range f {
				col[h] = i + 1
			}
			continue
		}
		get := func(h string) int64 {
			if i := col[h]; i > 0 && i < len(f) {
				return freeSize(f[i])
			}
			return 0
		}
		switch f[0] {
		case "Mem:":
			m.Total, m.Available = get("total"), get("available")
		case "Swap:":
			m.SwapTotal, m.SwapFree = get("total"), get("free")
		}
	}
	if m.Total == 0 {
		return m, fmt.Errorf("free: no line that begins with Mem: is this its output?")
	}
	return m, nil
}

// freeSize reads "7.8Gi"; figures without a unit are KiB.
func freeSize(s string) int64 {
	v, ok := number(s)
	if !ok || v > 1<<40 {
		return 0
	}
	for i, unit := range []string{"B", "Ki", "Mi", "Gi", "Ti"} {
		if strings.HasSuffix(s, unit) {
			return int64(v * float64(int64(1)<<(10*i)))
		}
	}
	return int64(v * 1024)
}

// swapArea is one line of /proc/swaps.
type swapArea struct {
	Name  string
	Bytes int64
	Zram  bool // compressed memory: it adds none
}

// parseSwaps reads /proc/swaps.
func parseSwaps(text string) []swapArea {
	var out []swapArea
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 4 || f[0] == "Filename" || len(out) > 64 {
			continue
		}
		kib, err := strconv.ParseUint(f[2], 10, 64)
		if err != nil || kib > 1<<50 {
			continue
		}
		out = append(out, swapArea{f[0], int64(kib) << 10, strings.Contains(f[0], "zram")})
	}
	return out
}

// swap reports the swap areas: disk makes room but is slow, zram takes its
// room from the memory that it serves.
func (b *builder) swap(m MemInfo) {
	if m.SwapTotal > 0 {
		b.findf("memory", "swap", "%d bytes, %d free", m.SwapTotal, m.SwapFree)
	}
	var disk, zram int64
	for _, a := range parseSwaps(b.sys.text("/proc/swaps")) {
		if a.Zram {
			zram += a.Bytes
		} else {
			disk += a.Bytes
		}
	}
	if zram > 0 {
		b.findf("swaps", "zram", "%d bytes", zram)
		b.note("memory: swap of %.1f GiB is compressed memory (zram): weights barely compress, so it adds no room for a model", gib(zram))
	}
	if disk > 0 {
		b.findf("swaps", "on disk", "%d bytes", disk)
	}
	if m.HugePages*10 > m.Total {
		b.findf("memory", "huge pages", "%d bytes", m.HugePages)
		b.note("memory: %.1f GiB are set aside as huge pages, which engines do not use unless told to", gib(m.HugePages))
	}
}
