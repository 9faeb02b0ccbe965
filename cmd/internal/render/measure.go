package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/hardware"
)

// Measure writes a measurement for reading.
func Measure(w io.Writer, d *report.Measure, s Style) error {
	m := d.Result
	t := &table{s: s}
	virtual := ""
	if m.Virtual {
		virtual = ", a virtual machine"
	}
	t.b.WriteString(s.wrap("", "  ", fmt.Sprintf("%s%s, measured on %s", m.CPU, virtual, m.Date)))
	rate := func(r *hardware.Rate) string {
		return fmt.Sprintf("%s ±%.0f%%", units.Number(r.Best), 100*r.Spread)
	}
	row := func(cells ...string) {
		var b strings.Builder
		b.WriteString("  " + pad(cells[0], 12))
		for _, c := range cells[1:] {
			b.WriteString(" " + pad(c, -16))
		}
		t.b.WriteString(s.cut(s.plain(strings.TrimRight(b.String(), " ")), s.Width) + "\n")
	}
	t.title("Memory, in GB/s by threads: the best, and the spread (" + m.Vectors + ")")
	row("threads", "read", "copy", "triad")
	for i := range m.Memory {
		r := &m.Memory[i]
		row(fmt.Sprint(r.Threads), rate(&r.Read), rate(&r.Copy), rate(&r.Triad))
	}
	t.title("Arithmetic, in 1e9 operations per second")
	row("", "one thread", "all threads", "kernel")
	for _, x := range []struct {
		name string
		ops  *hardware.MeasuredOps
	}{{"FP32", m.FP32}, {"INT8", m.INT8}} {
		if x.ops != nil {
			row(x.name, rate(&x.ops.One), rate(&x.ops.All), x.ops.Kernel)
		}
	}
	t.caches(m.Caches)
	if st := m.Storage; st != nil {
		t.title("Reading a file, in GB/s")
		if st.Cold != nil {
			row("drive", rate(st.Cold), st.How)
		}
		if st.Warm != nil {
			row("cache", rate(st.Warm))
		}
	}
	t.filled(m.Devices, rate)
	t.list("To know", m.Notes)
	_, err := io.WriteString(w, t.b.String())
	return err
}

func (t *table) caches(caches []hardware.Cache) {
	if len(caches) == 0 {
		return
	}
	t.title("Data caches")
	for _, c := range caches {
		text := fmt.Sprintf("L%d %s KiB", c.Level, units.Thousands(c.Bytes>>10))
		switch {
		case c.From == "latency":
			text += ", by its latency"
		case c.Shared > 1:
			text += fmt.Sprintf(", shared by %d", c.Shared)
		}
		t.b.WriteString(t.s.wrap("  ", "    ", text))
	}
}

// filled writes how fast devices are filled.
func (t *table) filled(devices []hardware.MeasuredDevice, text func(*hardware.Rate) string) {
	if len(devices) == 0 {
		return
	}
	t.title("From memory to devices, in GB/s")
	for i := range devices {
		d := &devices[i]
		var parts []string
		if d.Pinned != nil {
			parts = append(parts, text(d.Pinned)+" from pinned memory")
		}
		if d.Pageable != nil {
			parts = append(parts, text(d.Pageable)+" from ordinary memory")
		}
		t.b.WriteString(t.s.wrap("  ", "    ", d.Name+": "+strings.Join(parts, ", ")))
	}
}
