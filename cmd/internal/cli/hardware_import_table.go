package cli

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/render"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
)

func someNodes(n int) string {
	if n == 1 {
		return "1 node"
	}
	return units.Thousands(int64(n)) + " nodes"
}

// writeFleet shows the pools.
func writeFleet(w io.Writer, doc *report.Fleet, s render.Style) error {
	l := &listing{header: []string{"pool", "nodes", "accelerators", "GiB each", "host GiB", "in use", "network", "host"}, right: []bool{false, true, false, true, true, true, false, false}}
	for i := range doc.Result.Pools {
		p := &doc.Result.Pools[i]
		var devices, sizes []string
		for _, d := range p.Devices {
			text, size := d.ID, "?"
			if d.Slice != "" {
				text += " " + d.Slice
			}
			if d.Count > 1 {
				text = strconv.Itoa(d.Count) + "x " + text
			}
			if d.NotEstimated != "" {
				text += " (unknown)"
			}
			if d.MemoryBytes > 0 {
				size = units.GiB(float64(d.MemoryBytes))
			}
			devices, sizes = append(devices, text), append(sizes, size)
		}
		used := ""
		if p.InUse != nil {
			used = strconv.Itoa(*p.InUse)
		}
		l.rows = append(l.rows, []string{p.Name, units.Thousands(int64(p.Nodes)), strings.Join(devices, " + "), strings.Join(sizes, " + "), units.GiB(float64(p.HostMemoryBytes)), used, p.Network, p.Host})
	}
	table := bufio.NewWriter(w)
	width := s.Width
	if width == pipeWidth { // a pipe's reader cuts as it likes
		width = 0
	}
	l.write(table, width)
	if err := table.Flush(); err != nil {
		return err
	}
	var notes []string
	for _, x := range doc.Result.LeftOut {
		notes = append(notes, "left out "+someNodes(x.Nodes)+": "+x.Reason)
	}
	if n := doc.Result.Unselected; n > 0 {
		notes = append(notes, "not selected: "+someNodes(n))
	}
	for _, x := range doc.Warnings {
		notes = append(notes, x.Message)
	}
	notes = append(notes, doc.Assumptions...)
	for i := range doc.Result.Pools {
		for _, n := range doc.Result.Pools[i].Notes {
			notes = append(notes, doc.Result.Pools[i].Name+": "+n)
		}
		if h := doc.Result.Pools[i].Hosts; h != "" {
			notes = append(notes, doc.Result.Pools[i].Name+": "+h)
		}
	}
	if len(notes) > 0 {
		notes = append([]string{""}, notes...)
	}
	for _, n := range notes {
		if _, err := fmt.Fprintln(w, problem.OneLine(n)); err != nil {
			return err
		}
	}
	return nil
}
