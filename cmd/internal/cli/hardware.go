package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles"
)

func newHardware(a *app) *cobra.Command {
	return group("hardware", "The catalogue of hardware, and what this machine is", newHardwareList(a), newHardwareShow(a), newHardwareDetect(a), newHardwareMeasure(a), newHardwareDoctor(a), newHardwareImport(a))
}

// hardwareEntry is one line of hardware list.
type hardwareEntry struct {
	ID            string   `json:"id"`
	Kind          string   `json:"kind"` // gpu, npu, tpu, cpu, board, node
	Name          string   `json:"name"`
	Vendor        string   `json:"vendor,omitempty"`
	MemoryBytes   int64    `json:"memory_bytes,omitempty"`
	BandwidthGBps float64  `json:"bandwidth_gb_s,omitempty"`
	Year          int      `json:"year,omitempty"`
	Aliases       []string `json:"aliases,omitempty"`
}

// hardwareEntries joins the catalogues of what --on takes.
func (a *app) hardwareEntries() ([]hardwareEntry, error) {
	var out []hardwareEntry
	devices, err := a.Facts.Devices()
	if err != nil {
		return nil, problem.Failed(err.Error())
	}
	for _, d := range devices {
		out = append(out, hardwareEntry{d.ID, string(d.Kind), d.Name, d.Vendor, d.MemoryBytes, d.BandwidthGBps, d.Year, d.Aliases})
	}
	cpus, err := a.Facts.CPUs()
	if err != nil {
		return nil, problem.Failed(err.Error())
	}
	for _, c := range cpus {
		kind := "cpu"
		if c.Board {
			kind = "board"
		}
		out = append(out, hardwareEntry{c.ID, kind, c.Name, c.Vendor, c.MaxMemoryBytes, c.BandwidthGBps, c.Year, c.Aliases})
	}
	nodes, err := a.Facts.Nodes()
	if err != nil {
		return nil, problem.Failed(err.Error())
	}
	for _, m := range nodes {
		e := hardwareEntry{ID: m.ID, Kind: "node", Name: m.Name}
		if n := m.Primary(); n != nil {
			for _, d := range n.Devices {
				e.MemoryBytes += d.MemoryBytes
			}
		}
		out = append(out, e)
	}
	return out, nil
}

func newHardwareList(a *app) *cobra.Command {
	var kind, vendor, output string
	cmd := &cobra.Command{
		Use: "list [TEXT]", Short: "List the hardware of the catalogue",
		Example: "  plimsoll hardware list 4090\n  plimsoll hardware list --kind node",
		RunE: func(_ *cobra.Command, args []string) error {
			if err := oneOf("output", output, "table", "json", "jsonl", "csv"); err != nil {
				return err
			}
			all, err := a.hardwareEntries()
			if err != nil {
				return err
			}
			var chosen []hardwareEntry
			l := &listing{header: []string{"id", "kind", "GiB", "GB/s", "year", "vendor", "name"}, right: []bool{false, false, true, true, true, false, false}}
			for _, e := range all {
				if kind != "" && !strings.EqualFold(e.Kind, kind) || vendor != "" && !strings.EqualFold(e.Vendor, vendor) ||
					!matches(strings.Join(args, " "), e.ID, e.Name, strings.Join(e.Aliases, " ")) {
					continue
				}
				chosen = append(chosen, e)
				row := []string{e.ID, e.Kind, "", "", "", e.Vendor, e.Name}
				if e.MemoryBytes > 0 {
					row[2] = units.GiB(float64(e.MemoryBytes))
				}
				if e.BandwidthGBps > 0 {
					row[3] = units.Number(e.BandwidthGBps)
				}
				if e.Year > 0 {
					row[4] = fmt.Sprint(e.Year)
				}
				l.rows = append(l.rows, row)
			}
			return writeListing(a, output, chosen, l)
		},
	}
	cmd.Flags().StringVar(&kind, "kind", "", "only this kind: gpu, npu, tpu, cpu, board, node")
	cmd.Flags().StringVar(&vendor, "vendor", "", "only this vendor")
	cmd.Flags().StringVarP(&output, "output", "o", "table", "table, json, jsonl or csv")
	return cmd
}

func newHardwareShow(a *app) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "show HARDWARE", Short: "Show what is known of some hardware, and from where",
		Args: oneArg("hardware", "plimsoll hardware show rtx-4090-24gb"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("output", output, "table", "json", "yaml"); err != nil {
				return err
			}
			m, err := a.Facts.Machine(cmd.Context(), args[0], scenario.MachineOptions{})
			if err != nil {
				return problem.From(problem.UnknownHW, err)
			}
			return a.writeMachine(m, output)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "table", "table, json or yaml")
	return cmd
}

func newHardwareDetect(a *app) *cobra.Command {
	var output, snapshot string
	cmd := &cobra.Command{
		Use: "detect", Short: "Show what this machine is, as found", Args: cobra.NoArgs,
		Long: "Show what this machine is: processors, memory, limits, accelerators, drives, as its system tells them.\n" +
			"--output yaml writes a profile that --on reads back to the same estimates. Nothing is written but the\n" +
			"output, no network is used and no special rights are needed; root also sees the memory modules.",
		Example: "  plimsoll hardware detect\n  plimsoll hardware detect -o yaml > box.yaml && plimsoll check llama-3.1-8b --on box.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("output", output, "table", "json", "yaml"); err != nil {
				return err
			}
			r, err := a.look(cmd.Context(), snapshot, nil)
			if err != nil {
				return err
			}
			switch output {
			case "json":
				return writeJSON(a.out, r)
			case "yaml":
				return a.writeMachine(r.Machine, output)
			}
			if err := a.writeMachine(r.Machine, output); err != nil {
				return err
			}
			for _, x := range r.Recognised {
				a.field("recognised", fmt.Sprintf("%s (%s): %s", x.Name, x.Kind, x.Why))
			}
			for _, n := range r.Notes {
				a.field("note", n)
			}
			for _, f := range r.Findings {
				a.field("found", f.Source+": "+f.What+" = "+f.Value)
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "table", "table, json or yaml")
	cmd.Flags().StringVar(&snapshot, "snapshot", "", snapshotUsage)
	return cmd
}

func (a *app) writeMachine(m *hardware.Machine, output string) error {
	switch output {
	case "json":
		return writeJSON(a.out, m)
	case "yaml":
		_, err := a.out.Write(profiles.WriteMachine(m)) // a profile file, which --on reads back
		return err
	}
	a.field("machine", m.Name)
	a.field("id", m.ID)
	for i := range m.Nodes {
		n := &m.Nodes[i]
		if len(m.Nodes) > 1 || n.Count > 1 {
			fmt.Fprintf(a.out, "\nnode %s × %d\n", n.Name, max(n.Count, 1))
		}
		a.showHost(&n.Host)
		for j, d := range n.Devices {
			if j > 0 && d.ID == n.Devices[j-1].ID {
				continue
			}
			count := 0
			for _, other := range n.Devices {
				if other.ID == d.ID {
					count++
				}
			}
			a.showDevice(d, count)
		}
		if n.Link != nil {
			reach := ""
			if n.Domain > 0 {
				reach = fmt.Sprintf(", joins %d devices over several nodes", n.Domain)
			}
			a.field("link", fmt.Sprintf("%s, %s GB/s each way%s", n.Link.ID, units.Number(n.Link.GBps), reach))
		}
	}
	if m.Network != nil {
		a.field("network", fmt.Sprintf("%s, %s GB/s each way", m.Network.ID, units.Number(m.Network.GBps)))
	}
	a.field("source", m.Source)
	a.field("notes", m.Notes)
	a.assumed(m.Assumed)
	return nil
}

func (a *app) showHost(h *hardware.Host) {
	c := &h.CPU
	if c.Name != "" {
		sockets := ""
		if h.Sockets > 1 {
			sockets = fmt.Sprintf("%d × ", h.Sockets)
		}
		a.field("cpu", fmt.Sprintf("%s%s (%s), %d cores, %s", sockets, c.Name, c.ID, c.Cores, strings.Join(c.ISA, " ")))
	}
	if c.BandwidthGBps > 0 {
		a.field("cpu memory", fmt.Sprintf("%s GB/s nominal per socket, %d channels of %s-%d", units.Number(c.BandwidthGBps), c.MemoryChannels, c.MemoryType, c.MemoryMTs))
	}
	if h.MemoryBytes > 0 {
		text := units.GiB(float64(h.MemoryBytes)) + " GiB"
		if h.LimitBytes > 0 {
			text += ", limited to " + units.GiB(float64(h.LimitBytes)) + " GiB"
		}
		if h.AvailableBytes > 0 {
			text += ", " + units.GiB(float64(h.AvailableBytes)) + " GiB available"
		}
		if h.MemoryAssumed != "" {
			text += " (assumed: " + h.MemoryAssumed + ")"
		}
		a.field("main memory", text)
	}
	if h.UsableCores > 0 {
		a.field("usable cores", units.Number(h.UsableCores))
	}
	a.field("cpu source", c.Source)
	a.field("cpu notes", c.Notes)
	a.assumed(c.Assumed)
}

func (a *app) showDevice(d *hardware.Device, count int) {
	fmt.Fprintln(a.out)
	times := ""
	if count > 1 {
		times = fmt.Sprintf("%d × ", count)
	}
	a.field("device", fmt.Sprintf("%s%s (%s)", times, d.Name, d.ID))
	a.field("aliases", strings.Join(d.Aliases, ", "))
	a.field("maker", strings.TrimSpace(d.Vendor+" "+d.Architecture))
	memory := units.GiB(float64(d.MemoryBytes)) + " GiB " + d.MemoryType
	if d.UsableBytes > 0 {
		memory += ", " + units.GiB(float64(d.UsableBytes)) + " GiB to programs"
	}
	if d.FreeBytes > 0 {
		memory += ", " + units.GiB(float64(d.FreeBytes)) + " GiB free"
	}
	if d.Unified {
		memory += ", shared with the CPU"
	}
	a.field("memory", memory)
	if d.BandwidthGBps > 0 {
		a.field("bandwidth", units.Number(d.BandwidthGBps)+" GB/s")
	}
	for _, r := range []struct {
		name string
		rate float64
	}{{"FP32", d.Rates.FP32}, {"FP16", d.Rates.FP16}, {"FP16, FP32 sums", d.Rates.FP16Acc32}, {"BF16", d.Rates.BF16}, {"FP8", d.Rates.FP8}, {"INT8", d.Rates.INT8}, {"FP4", d.Rates.FP4}} {
		if r.rate > 0 {
			a.field(r.name, units.Number(r.rate)+" T/s, dense")
		}
	}
	if d.TDPWatts > 0 {
		a.field("power", units.Number(d.TDPWatts)+" W")
	}
	a.field("compute", d.Compute)
	a.field("source", d.Source)
	a.field("notes", d.Notes)
	a.assumed(d.Assumed)
}
