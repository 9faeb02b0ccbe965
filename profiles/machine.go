package profiles

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles/names"
)

// MachineOptions refine what a query names.
type MachineOptions struct {
	// Devices is the number of accelerators (or of sockets, for a processor)
	// of each node, Nodes the number of nodes; 0: as the query says, or one.
	Devices, Nodes int
	// Host names the processor beside the accelerators; it may carry a
	// count of sockets and a memory size ("2x epyc-9654-768gb").
	Host string
	// MemoryBytes is the main memory of each node, or the pool of a
	// unified-memory chip; 0: as the name says, or assumed.
	MemoryBytes int64
	// UserDir is the folder of the user's own profiles, searched before the
	// catalogue; "" for none. See [UserDir].
	UserDir string
}

// Bounds of a query: far above any machine, far below what would hurt.
const (
	maxQuery   = 512
	maxDevices = 1024
	maxNodes   = 100_000
	maxMemory  = 1 << 20 // GiB
)

// Machine returns the machine that query names:
//
//	rtx-4090                  an accelerator, beside an assumed host
//	raspberry-pi-5-8gb        a board, chip or processor with its memory
//	8x h100-sxm-80gb          several accelerators in one node
//	2x(8x h100-sxm-80gb)      several such nodes, joined by a network
//	rtx-4090 + rtx-3090       different accelerators in one node
//	dgx-h100                  a server, cloud instance or cluster
//	my-box, ./my-box.yaml     a profile of the user (see [ReadMachine])
//
// What the name leaves open (host, main memory, link, size of the pool) is
// taken from the tables of defaults and marked assumed. Errors are one line.
func Machine(query string, opts MachineOptions) (*hardware.Machine, error) {
	query = strings.TrimSpace(query)
	switch {
	case query == "":
		return nil, errors.New("machine: the name is empty; " + listHint)
	case len(query) > maxQuery:
		return nil, fmt.Errorf("machine: a name of %d bytes, want at most %d", len(query), maxQuery)
	case opts.Devices < 0 || opts.Devices > maxDevices:
		return nil, fmt.Errorf("devices: %d, want 1 to %d", opts.Devices, maxDevices)
	case opts.Nodes < 0 || opts.Nodes > maxNodes:
		return nil, fmt.Errorf("nodes: %d, want 1 to %d", opts.Nodes, maxNodes)
	case opts.MemoryBytes < 0 || opts.MemoryBytes > gibBytes(maxMemory):
		return nil, fmt.Errorf("memory: %d bytes, want 0 to %d GiB", opts.MemoryBytes, maxMemory)
	}
	if m, err := userMachine(query, opts); m != nil || err != nil {
		return m, err
	}
	nodes, inner, err := cutNodes(query)
	if err != nil {
		return nil, err
	}
	if opts.Nodes > 0 {
		nodes = opts.Nodes
	}
	m, err := oneNode(inner, opts)
	if err != nil {
		return nil, err
	}
	return spread(m, nodes)
}

// cutNodes reads the outer "2x( … )" of a query.
func cutNodes(query string) (nodes int, inner string, err error) {
	n, rest := cutCount(query)
	if !strings.HasPrefix(rest, "(") || !strings.HasSuffix(rest, ")") {
		return 1, query, nil
	}
	if n < 1 || n > maxNodes {
		return 0, "", fmt.Errorf("machine %q: %d nodes, want 1 to %d", query, n, maxNodes)
	}
	inner = strings.TrimSpace(rest[1 : len(rest)-1])
	if inner == "" || strings.ContainsAny(inner, "()") {
		return 0, "", fmt.Errorf("machine %q: want one machine in the parentheses, as in 2x(8x h100-sxm-80gb)", query)
	}
	return n, inner, nil
}

// cutCount cuts "8x " from the front of a name; 1 where there is no count. A
// number that runs into digits ("5800x3d", "7900-xtx") is part of the name.
func cutCount(s string) (n int, rest string) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i == 0 || i > 6 {
		return 1, s
	}
	rest = strings.TrimLeft(s[i:], " ")
	if len(rest) > 1 && len(rest) < len(s)-i && rest[0]|0x20 == 'x' && rest[1] != ' ' {
		return 1, s // "7900 xtx"
	}
	switch {
	case strings.HasPrefix(rest, "x"), strings.HasPrefix(rest, "X"), strings.HasPrefix(rest, "*"):
		rest = rest[1:]
	case strings.HasPrefix(rest, "×"):
		rest = rest[len("×"):]
	default:
		return 1, s
	}
	if rest == "" || rest[0] >= '0' && rest[0] <= '9' || rest[0] == '-' {
		return 1, s
	}
	n, _ = strconv.Atoi(s[:i])
	return n, strings.TrimSpace(rest)
}

// splitParts splits at every "+" that stands between two names ("a + b",
// "a+b"), not at one that ends a name ("Max+ 395").
func splitParts(query string) []string {
	var parts []string
	start := 0
	for i := 1; i < len(query)-1; i++ {
		if query[i] != '+' || (query[i-1] == ' ') != (query[i+1] == ' ') || query[i+1] == '-' {
			continue
		}
		parts = append(parts, strings.TrimSpace(query[start:i]))
		start = i + 1
	}
	return append(parts, strings.TrimSpace(query[start:]))
}

// oneNode resolves a query without the outer count.
func oneNode(query string, opts MachineOptions) (*hardware.Machine, error) {
	if parts := splitParts(query); len(parts) > 1 {
		return mixedNode(query, parts, opts)
	}
	count, name := cutCount(query)
	if count < 1 || count > maxDevices {
		return nil, fmt.Errorf("machine %q: %d devices, want 1 to %d", query, count, maxDevices)
	}
	if opts.Devices > 0 {
		count = opts.Devices
	}
	f, err := lookup(name)
	if err != nil {
		return nil, err
	}
	if f.sizeGiB > 0 && opts.MemoryBytes == 0 {
		opts.MemoryBytes = gibBytes(f.sizeGiB)
	}
	switch f.row.table {
	case &accelerators:
		return deviceMachine(&f.row, count, f.sizeGiB, opts)
	case &cpus:
		return cpuMachine(&f.row, count, f.sizeGiB, opts)
	}
	if count > 1 && opts.Devices == 0 { // "4x dgx-h100" is four of them
		opts.Nodes = count
	}
	m, err := nodeMachine(&f.row, opts)
	if err == nil && opts.Nodes > 1 && count > 1 {
		return spread(m, count)
	}
	return m, err
}

// found is a catalogue line with the memory size its name carried.
type found struct {
	row     row
	sizeGiB float64
}

// lookup finds a name in the catalogues: accelerators, then processors and
// boards, then nodes; then, without its memory size, among what is sold in
// several sizes.
func lookup(name string) (found, error) {
	for _, t := range []*table{&accelerators, &cpus, &nodes} {
		if r, ok := t.find(name); ok {
			return found{row: r}, r.fault()
		}
	}
	for _, t := range []*table{&accelerators, &cpus, &nodes} {
		r, ok, err := matchRow(t, name)
		if ok || err != nil {
			return found{row: r}, err
		}
	}
	if base, gib := cutSize(name); gib > 0 {
		for _, t := range []*table{&accelerators, &cpus} {
			r, ok, err := matchRow(t, base)
			if err != nil {
				return found{}, err
			}
			if ok && (t == &cpus || r.text("unified") == "yes") {
				return found{r, gib}, r.fault()
			}
		}
	}
	// What a driver calls a card, as people copy it from its tool.
	if d, _, ok := MatchDevice(name, 0, "", ""); ok {
		r, _ := accelerators.find(d.ID)
		return found{row: r}, r.fault()
	}
	everything := names.New("machine", allNames())
	everything.Hint = listHint
	_, err := everything.Resolve(name)
	if err == nil { // two tables know it under one id: never on this path
		err = &names.Miss{Kind: "machine", Query: name, Hint: listHint}
	}
	return found{}, err
}

// matchRow finds the one row that fits; an error when several do.
func matchRow(t *table, name string) (row, bool, error) {
	t.open()
	switch ids := t.named().Match(name); len(ids) {
	case 0:
		return row{}, false, nil
	case 1:
		r, ok := t.find(ids[0])
		return r, ok, r.fault()
	}
	_, err := t.named().Resolve(name)
	return row{}, false, err
}

func allNames() []names.Entry {
	var list []names.Entry
	for _, t := range []*table{&accelerators, &cpus, &nodes} {
		for r := range t.rows() {
			list = append(list, names.Entry{ID: r.text("id"), Aliases: r.list("aliases")})
		}
	}
	return list
}

// lowerASCII lowers the letters A to Z only, so that the result is as long as
// s, byte for byte, also where s is not valid UTF-8.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// cutSize cuts a memory size ("-64gb", " 64 GB") from the end of a name.
func cutSize(name string) (base string, gib float64) {
	name = strings.TrimSpace(name)
	s := lowerASCII(name)
	for _, unit := range []string{"gib", "gb"} {
		head, ok := strings.CutSuffix(s, unit)
		if !ok {
			continue
		}
		head = strings.TrimRight(head, " -_")
		i := len(head)
		for i > 0 && (head[i-1] >= '0' && head[i-1] <= '9' || head[i-1] == '.') {
			i--
		}
		f, err := strconv.ParseFloat(head[i:], 64)
		base = strings.TrimRight(head[:i], " -_,")
		if err == nil && f > 0 && f <= maxMemory && base != "" && len(base) < i {
			return name[:len(base)], f
		}
	}
	return name, 0
}

// spread makes n copies of a machine of one node, joined by its network.
func spread(m *hardware.Machine, n int) (*hardware.Machine, error) {
	if n <= 1 {
		if len(m.Nodes) == 1 && m.Nodes[0].Count <= 1 {
			m.Network = nil
		}
		return m, nil
	}
	if len(m.Nodes) != 1 {
		return nil, fmt.Errorf("machine %q: cannot take %d of a cluster of different nodes", m.ID, n)
	}
	if before := max(m.Nodes[0].Count, 1); before > maxNodes/n {
		return nil, fmt.Errorf("machine %q: %d times %d nodes, want at most %d", m.ID, n, before, maxNodes)
	}
	m.Nodes[0].Count = max(m.Nodes[0].Count, 1) * n
	times := strconv.Itoa(n)
	m.ID = times + "x(" + m.ID + ")"
	m.Name = times + " x (" + m.Name + ")"
	return m, nil
}
