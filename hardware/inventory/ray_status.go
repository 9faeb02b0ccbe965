package inventory

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// rayStatus reads what ray status prints: totals of the cluster, and with -v
// (--verbose) those of each node. From totals nodes are told apart only where
// all that have accelerators have one kind, in equal numbers.
func (b *Builder) rayStatus(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	type block struct {
		name string
		has  map[string]amount
		used map[string]amount
	}
	total := block{has: map[string]amount{}, used: map[string]amount{}}
	var nodes []block
	at := &total
	section, alive := "", 0
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		switch {
		case line == "Active:" || line == "Healthy:" || line == "Idle:" || line == "Pending:" || line == "Recent failures:" || line == "Demands:" || line == "Resources" ||
			line == "Usage:" || line == "Total Usage:" || line == "Total Demands:" || line == "Constraints:" || line == "Total Constraints:":
			section = strings.TrimSuffix(line, ":")
			continue
		case strings.HasPrefix(line, "Node: "):
			if len(nodes) >= MaxNodes {
				return errTooMany
			}
			nodes = append(nodes, block{strings.TrimSpace(line[len("Node: "):]), map[string]amount{}, map[string]amount{}})
			at = &nodes[len(nodes)-1]
			continue
		}
		switch section {
		case "Active", "Healthy", "Idle":
			var n int
			if _, err := fmt.Sscanf(line, "%d", &n); err == nil && n > 0 {
				alive = min(alive+n, MaxNodes)
			}
		case "Usage", "Total Usage":
			rayUsage(line, at.has, at.used)
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if len(nodes) > 0 {
		for i := range nodes {
			if err := b.rayCounted(nodes[i].name, nodes[i].has, nodes[i].used); err != nil {
				return err
			}
		}
		return nil
	}
	gpus, kinds, with := total.has["GPU"].count(), 0, int64(0)
	for key, n := range total.has {
		if strings.HasPrefix(key, rayType) && n > 0 {
			kinds++
			with = n.count()
		}
	}
	if with == 0 {
		with = int64(alive)
	}
	if gpus == 0 || kinds > 1 || with == 0 || gpus%with != 0 || with > int64(alive) {
		return errors.New("ray status tells totals only, and from these the nodes cannot be told apart: use ray list nodes --format json")
	}
	// What is used is somewhere: counted against the first nodes.
	used := total.used["GPU"].count()
	for i := range with {
		each := map[string]amount{"GPU": amount(gpus / with), "CPU": total.has["CPU"] / amount(alive), "memory": total.has["memory"] / amount(alive)}
		for key := range total.has {
			if strings.HasPrefix(key, rayType) {
				each[key] = 1
			}
		}
		busy := min(used, gpus/with)
		used -= busy
		if err := b.rayCounted(fmt.Sprintf("node-%d", i+1), each, map[string]amount{"GPU": amount(busy)}); err != nil {
			return err
		}
	}
	b.Notes = append(b.Notes, "ray status tells totals: its nodes are taken to be alike")
	return nil
}

// rayUsage reads "0.0/4.0 GPU (…)" and "1.2GiB/225.761GiB memory".
func rayUsage(line string, has, used map[string]amount) {
	fields := strings.Fields(line)
	if len(fields) < 2 {
		return
	}
	u, h, ok := strings.Cut(fields[0], "/")
	if !ok {
		return
	}
	name := fields[1]
	unit := int64(1)
	if name == "GiB" && len(fields) > 2 { // 0.00/225.761 GiB memory
		name, unit = fields[2], 1<<30
	}
	number := func(s string) amount {
		if n := sizeOf(s, unit); strings.HasSuffix(s, "B") || unit > 1 {
			return amount(n)
		}
		return amount(quantity(s))
	}
	has[name], used[name] = number(h), number(u)
}

// rayCounted adds a node of which it is known what is in use.
func (b *Builder) rayCounted(name string, has, used map[string]amount) error {
	n := Node{Name: name, UsageKnown: true, Accelerators: rayDevices(has, "")}
	for i := range n.Accelerators {
		a := &n.Accelerators[i]
		for _, r := range rayCounts {
			if n := used[r.resource]; n > 0 && a.Count > 0 && a.Vendor == r.vendor {
				a.Used = min(a.Count, devices(int64(n+0.999)))
			}
		}
	}
	return b.rayNode(n, "ALIVE", "", has, nil)
}
