package profiles

import (
	"math"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/hardware"
)

// Device returns the accelerator that query names (an id, an alias, or a name
// as a driver or a shop writes it). For unified memory the pool is the
// largest sold. The error of an unknown name is a *names.Miss.
func Device(query string) (*hardware.Device, error) {
	r, err := accelerators.resolve(query)
	if err != nil {
		return nil, err
	}
	return deviceOf(&r)
}

// Devices returns every accelerator of the catalogue, in its order. Those
// with NotEstimated set are listed but cannot be estimated.
func Devices() ([]*hardware.Device, error) { return all(&accelerators, deviceOf) }

// CPU returns the processor or board that query names.
func CPU(query string) (*hardware.CPU, error) {
	r, err := cpus.resolve(query)
	if err != nil {
		return nil, err
	}
	return cpuOf(&r)
}

// CPUs returns every processor, board and memory preset of the catalogue.
func CPUs() ([]*hardware.CPU, error) { return all(&cpus, cpuOf) }

// Link returns the link that query names.
func Link(query string) (*hardware.Link, error) {
	r, err := links.resolve(query)
	if err != nil {
		return nil, err
	}
	return linkOf(&r)
}

// Links returns every link of the catalogue: nominal ones first, then
// collectives measured on real machines (kind measured_…).
func Links() ([]*hardware.Link, error) { return all(&links, linkOf) }

// Nodes returns every server, instance, rack and home cluster as a machine.
func Nodes() ([]*hardware.Machine, error) {
	return all(&nodes, func(r *row) (*hardware.Machine, error) { return nodeMachine(r, MachineOptions{}) })
}

func all[T any](t *table, of func(*row) (*T, error)) ([]*T, error) {
	var list []*T
	for r := range t.rows() {
		x, err := of(&r)
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	return list, nil
}

func deviceOf(r *row) (*hardware.Device, error) {
	d := &hardware.Device{
		ID: r.text("id"), Aliases: r.list("aliases"), Name: r.text("name"), Vendor: r.text("vendor"),
		Kind: hardware.Kind(r.text("kind")), Architecture: r.text("architecture"), Year: r.integer("year"),
		MemoryBytes: r.gib("memory_gb"), MemoryType: r.text("memory_type"), BandwidthGBps: r.number("bandwidth_gb_s"),
		Rates: hardware.Rates{
			FP32: r.number("fp32_tflops"), FP16: r.number("fp16_tflops"), FP16Acc32: r.number("fp16_acc32_tflops"),
			BF16: r.number("bf16_tflops"), FP8: r.number("fp8_tflops"), INT8: r.number("int8_tops"), FP4: r.number("fp4_tflops"),
		},
		TDPWatts: r.number("tdp_w"), PCIeGen: r.integer("pcie_gen"), PCIeLanes: r.integer("pcie_lanes"),
		NVLinkGBps: r.number("nvlink_gb_s"), Compute: r.text("compute"), Unified: r.text("unified") == "yes",
		Provenance: provenanceOf(r),
	}
	d.NotEstimated = r.text("not_estimated")
	if d.NotEstimated == "" && d.MemoryBytes == 0 {
		d.NotEstimated = "its memory size is not known"
	}
	if pool := r.number("driver_mib"); d.Unified && pool > 0 {
		d.MemoryBytes = int64(pool) * hardware.MiB // vendors of some write decimal GB
	}
	if d.Rates == (hardware.Rates{}) {
		assume(&d.Provenance, "tflops", "no compute rate was found: prefill cannot be estimated")
	}
	if err := setUsable(d, r); err != nil {
		return nil, err
	}
	return d, r.fault()
}

// setUsable fills in what a program sees of the memory: as read, or by the
// rule of the part's memory kind, and then marked assumed.
func setUsable(d *hardware.Device, r *row) error {
	if v := r.number("visible_mib"); v > 0 {
		d.UsableBytes = int64(v) * hardware.MiB
		return nil
	}
	rule, ok := rules.find(r.text("memory_rule"))
	if !ok || d.MemoryBytes == 0 {
		return nil
	}
	total := r.number("driver_mib")
	if total == 0 {
		total = float64(d.MemoryBytes) / float64(hardware.MiB) * rule.number("driver_fraction")
	}
	reserve := min(total*rule.number("reserve_fraction"), rule.number("reserve_max_mib"))
	d.UsableBytes = int64(math.Floor(total-reserve)) * hardware.MiB
	if rule.text("assumed") == "yes" {
		why := "not read for this device, by the rule " + rule.text("rule")
		if says := rule.text("says"); says != "" {
			why = says
		}
		assume(&d.Provenance, "usable_bytes", why)
	}
	return rule.fault()
}

func cpuOf(r *row) (*hardware.CPU, error) {
	c := &hardware.CPU{
		ID: r.text("id"), Aliases: r.list("aliases"), Name: r.text("name"), Vendor: r.text("vendor"), Year: r.integer("year"),
		Cores: r.integer("cores"), Threads: r.integer("threads"), BaseGHz: r.number("base_ghz"), BoostGHz: r.number("boost_ghz"),
		ISA: strings.Fields(r.text("isa")), PeakFP32GFLOPS: r.number("peak_fp32_gflops"), PeakINT8GOPS: r.number("peak_int8_gops"),
		MemoryChannels: r.integer("memory_channels"), MemoryType: r.text("memory_type"), MemoryMTs: r.integer("memory_mts"),
		BandwidthGBps: r.number("bandwidth_gb_s"), MaxMemoryBytes: r.gib("max_memory_gb"), TDPWatts: r.number("tdp_w"),
		Board: r.text("board") == "yes", Provenance: provenanceOf(r),
	}
	c.NotEstimated = r.text("not_estimated")
	return c, r.fault()
}

func linkOf(r *row) (*hardware.Link, error) {
	l := &hardware.Link{
		ID: r.text("id"), Name: r.text("name"), Kind: r.text("kind"), GBps: r.number("gb_s_per_direction"),
		LatencyMicros: r.number("latency_us"), BusGBps1MiB: r.number("bus_gb_s_1mib"), BusGBps16MiB: r.number("bus_gb_s_16mib"),
		BusGBpsPeak: r.number("bus_gb_s_peak"), SmallMicros: r.number("allreduce_us_small"), Micros64KiB: r.number("allreduce_us_64kib"),
		Provenance: provenanceOf(r),
	}
	return l, r.fault()
}

func provenanceOf(r *row) hardware.Provenance {
	return hardware.Provenance{Source: r.text("source"), Notes: r.text("notes"), Assumed: r.assumed()}
}

// assume marks a field as assumed, in a map of its own.
func assume(p *hardware.Provenance, field, reason string) {
	m := make(map[string]string, len(p.Assumed)+1)
	for k, v := range p.Assumed {
		m[k] = v
	}
	m[field] = reason
	p.Assumed = m
}

// deviceLink is the link between n accelerators of one kind in one box: what
// the part itself has (NVLink, Infinity Fabric …), otherwise PCIe with
// lanes each (0: those of the part). Measured collectives are added where
// the catalogue has them.
func deviceLink(r *row, d *hardware.Device, n, lanes int) (*hardware.Link, error) {
	if n < 2 {
		return nil, nil
	}
	var l *hardware.Link
	var err error
	if id := r.text("link"); id != "" {
		l, err = linkByID(id)
		if err == nil && d.NVLinkGBps > 0 {
			l.GBps = d.NVLinkGBps / 2
		}
	} else {
		l, err = pcieLink(d, lanes)
	}
	if err != nil {
		return nil, err
	}
	return l, addMeasured(l, r.text("measured"), n)
}

func pcieLink(d *hardware.Device, lanes int) (*hardware.Link, error) {
	gen, wide := d.PCIeGen, d.PCIeLanes
	if lanes > 0 && (wide == 0 || lanes < wide) {
		wide = lanes
	}
	known := gen > 0 && wide > 0
	if !known {
		gen, wide = 4, 8
	}
	l, err := linkByID("pcie" + strconv.Itoa(gen) + "-x" + strconv.Itoa(wide))
	if err == nil && (!known || wide != d.PCIeLanes) {
		assume(&l.Provenance, "gb_s_per_direction", "lanes of each device assumed")
	}
	return l, err
}

// addMeasured adds to l the collectives measured over devices of a system, and
// as its own those over n of them or over the largest smaller number.
func addMeasured(l *hardware.Link, system string, n int) error {
	if system == "" {
		return nil
	}
	for ranks := 2; ranks <= maxMeasured; ranks *= 2 {
		tail := system + "-" + strconv.Itoa(ranks) + "gpu"
		r, ok := links.find("measured-nccl-" + tail)
		if !ok {
			r, ok = links.find("measured-oneccl-" + tail)
		}
		if !ok {
			continue
		}
		c := hardware.Collective{Ranks: ranks, SmallMicros: r.number("allreduce_us_small"), Micros64KiB: r.number("allreduce_us_64kib"),
			BusGBps1MiB: r.number("bus_gb_s_1mib"), BusGBps16MiB: r.number("bus_gb_s_16mib"), BusGBpsPeak: r.number("bus_gb_s_peak")}
		// Engines send small messages through all-reduce kernels of their own.
		if own, ok := links.find("measured-custom-ar-vllm-" + tail); ok {
			c.SmallMicros, c.Micros64KiB = own.number("allreduce_us_small"), own.number("allreduce_us_64kib")
		}
		l.Collectives = append(l.Collectives, c)
		if ranks > n {
			continue
		}
		l.BusGBps1MiB, l.BusGBps16MiB, l.BusGBpsPeak = c.BusGBps1MiB, c.BusGBps16MiB, c.BusGBpsPeak
		l.SmallMicros, l.Micros64KiB = c.SmallMicros, c.Micros64KiB
		if len(l.Collectives) == 1 {
			l.Source += "; collectives: " + r.text("source")
		}
		if err := r.fault(); err != nil {
			return err
		}
	}
	return nil
}

// maxMeasured is the largest number of devices whose collectives are listed.
const maxMeasured = 8

func linkByID(id string) (*hardware.Link, error) {
	r, ok := links.find(id)
	if !ok {
		r, err := links.resolve(id)
		if err != nil {
			return nil, err
		}
		return linkOf(&r)
	}
	return linkOf(&r)
}
