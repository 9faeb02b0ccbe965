package detect

import (
	"math"
	"path"
	"strconv"
	"strings"
)

// Limits are what the control groups around this process allow it.
type Limits struct {
	MemoryBytes    int64   // zero: no limit
	AvailableBytes int64   // what is left below the limit; -1: not known
	CPUs           float64 // processors' worth of time; zero: no limit
	Version        string  // "v1", "v2", "v1+v2"; "" when no control group was found
	SwapBytes      int64   // swap beside the memory limit; -1: no limit of its own
	From           string  // the file that the memory limit stands in
}

// noLimit is the smallest value that v1 means "no limit" by: the kernel prints
// the largest multiple of the page size below 2^63 (0x7ffffffffffff000 with
// 4 KiB pages).
const noLimit = 1 << 60

// ReadLimits reads the limits that hold for the process whose /proc/self lies
// below root, through v1, v2 or both mounted together. A limit anywhere on the
// path up to the mount holds: the smallest wins.
func ReadLimits(root string) Limits { return newSystem(root, nil).limits() }

func (s *system) limits() Limits {
	l := Limits{AvailableBytes: -1, SwapBytes: -1}
	mounts := cgroupMounts(s.text("/proc/self/mountinfo"))
	paths := cgroupPaths(s.text("/proc/self/cgroup"))
	if len(mounts) == 0 {
		mounts = []cgroupMount{
			{point: "/sys/fs/cgroup", root: "/", v2: true},
			{point: "/sys/fs/cgroup/memory", root: "/", controllers: []string{"memory"}},
			{point: "/sys/fs/cgroup/cpu,cpuacct", root: "/", controllers: []string{"cpu"}},
			{point: "/sys/fs/cgroup/cpu", root: "/", controllers: []string{"cpu"}},
		}
	}
	v1, v2 := false, false
	for _, m := range mounts {
		found := false
		for _, dir := range m.chain(paths) {
			if m.v2 {
				found = l.readV2(s, dir) || found
			} else {
				found = l.readV1(s, dir, m.controllers) || found
			}
		}
		v1, v2 = v1 || found && !m.v2, v2 || found && m.v2
	}
	switch {
	case v1 && v2:
		l.Version = "v1+v2"
	case v1:
		l.Version = "v1"
	case v2:
		l.Version = "v2"
	}
	return l
}

// cgroupMount is one control-group file system.
type cgroupMount struct {
	root, point string // the group that is mounted, and where
	v2          bool
	controllers []string
}

// cgroupMounts reads the control-group mounts of a mountinfo.
func cgroupMounts(text string) []cgroupMount {
	var out []cgroupMount
	for line := range strings.Lines(text) {
		left, right, ok := strings.Cut(line, " - ")
		f, g := strings.Fields(left), strings.Fields(right)
		if !ok || len(f) < 5 || len(g) < 1 || len(out) > 64 {
			continue
		}
		m := cgroupMount{root: unescape(f[3]), point: unescape(f[4])}
		switch {
		case g[0] == "cgroup2":
			m.v2 = true
		case g[0] == "cgroup" && len(g) >= 3:
			m.controllers = strings.Split(g[2], ",")
		default:
			continue
		}
		if m.v2 || has(m.controllers, "memory") || has(m.controllers, "cpu") {
			out = append(out, m)
		}
	}
	return out
}

// unescape undoes the octal escapes of mountinfo.
func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

// cgroupPaths reads /proc/self/cgroup: controller -> path; v2's is under "".
func cgroupPaths(text string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) != 3 || !strings.HasPrefix(f[2], "/") {
			continue
		}
		for _, c := range strings.Split(f[1], ",") {
			out[c] = f[2]
		}
	}
	return out
}

// chain lists the folders from the process's own group up to the mount.
func (m *cgroupMount) chain(paths map[string]string) []string {
	p := paths[""]
	if !m.v2 {
		p = paths["memory"]
		if !has(m.controllers, "memory") {
			p = paths["cpu"]
		}
	}
	// Seen from inside a container the path may lie outside of what is
	// mounted: then the mount itself is the container's group.
	rel := ""
	switch p = path.Clean("/" + p); {
	case m.root == "/":
		rel = p
	case p == m.root || strings.HasPrefix(p, m.root+"/"):
		rel = strings.TrimPrefix(p, m.root)
	}
	var out []string
	for i := 0; i < 64 && rel != "" && rel != "/"; i++ {
		out = append(out, path.Join(m.point, rel))
		rel = path.Dir(rel)
	}
	return append(out, m.point)
}

// readV2 takes in one folder of v2 and reports whether it is one. memory.high
// is no wall, but a process above it is slowed until it stands still.
func (l *Limits) readV2(s *system, dir string) bool {
	limit, file, any := int64(0), "", false
	for _, name := range []string{"memory.max", "memory.high"} {
		v, ok := cgroupNumber(s.text(path.Join(dir, name)))
		any = any || ok
		if ok && v > 0 && (limit == 0 || v < limit) {
			limit, file = v, path.Join(dir, name)
		}
	}
	l.memory(s, dir, file, limit, "memory.current", "inactive_file")
	if v, ok := cgroupNumber(s.text(path.Join(dir, "memory.swap.max"))); ok && s.text(path.Join(dir, "memory.swap.max")) != "max" && (l.SwapBytes < 0 || v < l.SwapBytes) {
		l.SwapBytes = v
	}
	if f := strings.Fields(s.text(path.Join(dir, "cpu.max"))); len(f) > 0 {
		any = true
		period := 100000.0
		if len(f) > 1 {
			if p, err := strconv.ParseFloat(f[1], 64); err == nil {
				period = p
			}
		}
		if q, err := strconv.ParseFloat(f[0], 64); err == nil {
			l.cpu(q, period)
		}
	}
	return any
}

// readV1 takes in one folder of a v1 hierarchy.
func (l *Limits) readV1(s *system, dir string, controllers []string) bool {
	any := false
	if has(controllers, "memory") {
		file := path.Join(dir, "memory.limit_in_bytes")
		v, ok := cgroupNumber(s.text(file))
		any = ok
		l.memory(s, dir, file, v, "memory.usage_in_bytes", "total_inactive_file")
	}
	if has(controllers, "cpu") {
		if q, err := strconv.ParseFloat(s.text(path.Join(dir, "cpu.cfs_quota_us")), 64); err == nil {
			any = true
			period := 100000.0
			if p, err := strconv.ParseFloat(s.text(path.Join(dir, "cpu.cfs_period_us")), 64); err == nil {
				period = p
			}
			l.cpu(q, period)
		}
	}
	return any
}

// memory notes a memory limit and what is left below it: cached file pages
// that nobody uses count as free, as the kernel drops them first.
func (l *Limits) memory(s *system, dir, file string, limit int64, usage, inactive string) {
	if limit <= 0 || l.MemoryBytes > 0 && limit >= l.MemoryBytes {
		return
	}
	l.MemoryBytes, l.From, l.AvailableBytes = limit, file, -1
	used, ok := cgroupNumber(s.text(path.Join(dir, usage)))
	if !ok {
		return
	}
	for line := range strings.Lines(s.text(path.Join(dir, "memory.stat"))) {
		if f := strings.Fields(line); len(f) == 2 && f[0] == inactive {
			if n, err := strconv.ParseInt(f[1], 10, 64); err == nil && n > 0 && n <= used {
				used -= n
			}
		}
	}
	l.AvailableBytes = max(0, limit-used)
}

func (l *Limits) cpu(quota, period float64) {
	if !(quota > 0) || !(period > 0) || math.IsInf(quota, 0) || math.IsInf(period, 0) {
		return
	}
	if c := quota / period; l.CPUs == 0 || c < l.CPUs {
		l.CPUs = c
	}
}

// cgroupNumber reads a limit: zero for "max" and for v1's way to say none; ok
// is false when the text is no limit at all.
func cgroupNumber(s string) (int64, bool) {
	if s == "max" || s == "-1" {
		return 0, true
	}
	v, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, false
	}
	if v >= noLimit {
		return 0, true
	}
	return int64(v), true
}

// cpuListCount counts the processors of a list such as "0-3,8"; zero when it is none.
func cpuListCount(s string) int {
	n := 0
	for _, part := range strings.Split(strings.TrimSpace(s), ",") {
		lo, hi, isRange := strings.Cut(part, "-")
		a, err := strconv.Atoi(lo)
		if err != nil || a < 0 || a > 1<<16 {
			return 0
		}
		b := a
		if isRange {
			if b, err = strconv.Atoi(hi); err != nil || b < a || b > 1<<16 {
				return 0
			}
		}
		n += b - a + 1
	}
	return n
}

func has(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
