package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
)

const roomTitle = "Room: replicas that each pool holds, each on the fewest devices that carry it"

// roomHeads names the columns of roomCells.
func roomHeads() []string {
	return []string{"pool", "one replica", "replicas", "sequences", "devices left", "nodes left", "GiB left each"}
}

// roomCells are those of one pool.
func roomCells(r *estimator.Room) []string {
	count := func(n int) string { return units.Thousands(int64(n)) }
	left := "–"
	if r.LeftBytes > 0 {
		left = units.GiB(float64(r.LeftBytes))
	}
	return []string{poolText(r), replicaText(r), count(r.Replicas), count(r.Sequences), count(r.LeftDevices), count(r.LeftNodes), left}
}

// poolText names a pool and its size.
func poolText(r *estimator.Room) string {
	text := r.Pool + " (" + units.Thousands(int64(r.Nodes)) + " node"
	if r.Nodes > 1 {
		text += "s"
	}
	if r.Devices > 0 {
		text += ", " + units.Thousands(int64(r.Devices)) + " device"
		if r.Devices > 1 {
			text += "s"
		}
	}
	return text + ")"
}

// replicaText says what one replica takes: "fits --tp 8 --pp 2 on 2 nodes".
func replicaText(r *estimator.Room) string {
	words := []string{}
	switch r.Verdict {
	case estimator.Tight:
		words = append(words, "tight")
	case estimator.FitsOffload:
		words = append(words, "partly on host")
	}
	if plan := r.String(); plan != "" {
		words = append(words, plan)
	}
	switch {
	case r.NodesEach > 1:
		words = append(words, fmt.Sprintf("on %d nodes", r.NodesEach))
	case r.DevicesEach == 0:
		words = append(words, "the host")
	case r.DevicesEach == 1 && r.TP == 0:
		words = append(words, "1 device")
	case r.TP == 0:
		words = append(words, fmt.Sprintf("%d devices", r.DevicesEach))
	}
	return strings.Join(words, " ")
}

// roomTogether are the cells of all pools.
func roomTogether(room []estimator.Room) []string {
	all := estimator.Room{}
	for i := range room {
		all.Replicas += room[i].Replicas
		all.Sequences += room[i].Sequences
		all.LeftDevices += room[i].LeftDevices
		all.LeftNodes += room[i].LeftNodes
	}
	cells := roomCells(&all)
	cells[0], cells[1], cells[6] = "all together", "", ""
	return cells
}

// roomNotes say which pools hold none, and why.
func roomNotes(room []estimator.Room) []string {
	var out []string
	for i := range room {
		if r := &room[i]; r.Replicas == 0 {
			out = append(out, poolText(r)+" holds none: "+r.Refused)
		}
	}
	return out
}

func (t *table) room() {
	room := t.c.Result.Room
	if len(room) == 0 {
		return
	}
	t.title(roomTitle)
	narrow := t.s.Width < 70
	widths := []int{24, -9, -10, -9, -8, -9}
	row := func(cells []string) { t.row(widths, append(cells, "")) }
	if !narrow {
		row([]string{"pool, and one replica", "replicas", "sequences", "dev left", "n. left", "GiB left"})
	}
	for i := range room {
		r := &room[i]
		if r.Replicas == 0 {
			continue
		}
		cells := roomCells(r)
		if narrow {
			t.b.WriteString(t.s.wrap("  ", "    ", fmt.Sprintf("%s: %s replicas (%s), %s devices and %s nodes left", cells[0], cells[2], cells[1], cells[4], cells[5])))
			continue
		}
		t.b.WriteString(t.s.cut(t.s.plain("  "+cells[0]), t.s.Width) + "\n")
		row(append([]string{"  " + cells[1]}, cells[2:]...))
	}
	if cells := roomTogether(room); len(room) > 1 {
		if narrow {
			t.b.WriteString(t.s.wrap("  ", "    ", fmt.Sprintf("all together: %s replicas, %s devices and %s nodes left", cells[2], cells[4], cells[5])))
		} else {
			row(append([]string{cells[0]}, cells[2:]...))
		}
	}
	t.notes(roomNotes(room))
}

// markdownRoom writes the room of the pools.
func markdownRoom(w io.Writer, c *report.Check) {
	room := c.Result.Room
	if len(room) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s.\n\n", roomTitle)
	markdownRow(w, roomHeads())
	fmt.Fprintf(w, "|---|---|%s\n", strings.Repeat("--:|", len(roomHeads())-2))
	for i := range room {
		if room[i].Replicas > 0 {
			markdownRow(w, roomCells(&room[i]))
		}
	}
	if len(room) > 1 {
		markdownRow(w, roomTogether(room))
	}
	fmt.Fprintln(w)
	for _, n := range roomNotes(room) {
		fmt.Fprintf(w, "- %s\n", md(n))
	}
}
