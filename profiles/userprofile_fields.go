package profiles

import "github.com/plimsoll/plimsoll/hardware"

// field ties one key of a profile file to the place of its value. The reader,
// the writer and the published schema all come from these lists, so that they
// cannot drift apart.
type field struct {
	key   string
	to    any     // *string, *float64, *int, *bool, *[]string, *map[string]string or gib
	most  float64 // the largest value a number may have
	about string
}

// gib is a size written in GiB and kept in bytes.
type gib struct{ bytes *int64 }

func deviceFields(d *hardware.Device) []field {
	kind := (*string)(&d.Kind)
	return append([]field{
		{"id", &d.ID, 0, "short name used in results"},
		{"name", &d.Name, 0, "name as people know it"},
		{"vendor", &d.Vendor, 0, "maker, as in NVIDIA, AMD, Intel, Apple"},
		{"kind", kind, 0, "gpu, npu or tpu"},
		{"architecture", &d.Architecture, 0, "generation, as in Ada or RDNA3: decides which calibration applies"},
		{"year", &d.Year, 2100, "year of launch"},
		{"memory_gb", gib{&d.MemoryBytes}, maxMemory, "memory in GiB (24 for a 24 GB card); the whole pool when unified"},
		{"usable_gb", gib{&d.UsableBytes}, maxMemory, "what a program sees as total, in GiB"},
		{"free_gb", gib{&d.FreeBytes}, maxMemory, "what was free when the device was read, in GiB"},
		{"memory_type", &d.MemoryType, 0, "as in GDDR6X or HBM3"},
		{"bandwidth_gb_s", &d.BandwidthGBps, 1e6, "memory bandwidth in GB/s (decimal)"},
		{"tdp_w", &d.TDPWatts, 1e5, "board power in watts"},
		{"pcie_gen", &d.PCIeGen, 10, "PCIe generation"},
		{"pcie_lanes", &d.PCIeLanes, 64, "PCIe lanes"},
		{"nvlink_gb_s", &d.NVLinkGBps, 1e6, "NVLink rate, both directions together, in GB/s"},
		{"compute", &d.Compute, 0, "compute capability (8.9) or gfx target"},
		{"unified", &d.Unified, 0, "true where processor and accelerator share one memory"},
		{"slice", &d.Slice, 0, "profile of a MIG slice (3g.40gb), where the entry describes one"},
		{"aliases", &d.Aliases, 0, "other names"},
	}, provenanceFields(&d.Provenance)...)
}

func rateFields(r *hardware.Rates) []field {
	return []field{
		{"fp32", &r.FP32, 1e6, "TFLOPS"},
		{"fp16", &r.FP16, 1e6, "TFLOPS, dense, FP16 accumulate"},
		{"fp16_acc32", &r.FP16Acc32, 1e6, "TFLOPS, dense, FP32 accumulate"},
		{"bf16", &r.BF16, 1e6, "TFLOPS, dense"},
		{"fp8", &r.FP8, 1e6, "TFLOPS, dense"},
		{"int8", &r.INT8, 1e6, "TOPS, dense"},
		{"fp4", &r.FP4, 1e6, "TFLOPS, dense"},
	}
}

func cpuFields(c *hardware.CPU) []field {
	return append([]field{
		{"id", &c.ID, 0, "short name used in results"},
		{"name", &c.Name, 0, "name as the system reports it"},
		{"vendor", &c.Vendor, 0, "maker"},
		{"year", &c.Year, 2100, "year of launch"},
		{"cores", &c.Cores, 4096, "physical cores of one socket"},
		{"threads", &c.Threads, 16384, "hardware threads of one socket"},
		{"base_ghz", &c.BaseGHz, 20, "base clock"},
		{"boost_ghz", &c.BoostGHz, 20, "boost clock"},
		{"isa", &c.ISA, 0, "instruction sets: avx2 avx512 avx512_vnni amx_int8 neon dotprod i8mm sve …"},
		{"peak_fp32_gflops", &c.PeakFP32GFLOPS, 1e7, "peak FP32 rate of one socket, in GFLOPS"},
		{"peak_int8_gops", &c.PeakINT8GOPS, 1e9, "peak INT8 rate of one socket, in GOPS"},
		{"memory_channels", &c.MemoryChannels, 64, "memory channels of one socket"},
		{"memory_type", &c.MemoryType, 0, "as in DDR5"},
		{"memory_mts", &c.MemoryMTs, 50000, "memory speed in MT/s"},
		{"bandwidth_gb_s", &c.BandwidthGBps, 1e5, "memory bandwidth of one socket in GB/s (decimal)"},
		{"max_memory_gb", gib{&c.MaxMemoryBytes}, maxMemory, "largest memory of one socket, in GiB"},
		{"tdp_w", &c.TDPWatts, 1e4, "power in watts"},
		{"board", &c.Board, 0, "true for a single-board computer"},
		{"aliases", &c.Aliases, 0, "other names"},
	}, provenanceFields(&c.Provenance)...)
}

func hostFields(h *hardware.Host) []field {
	return []field{
		{"sockets", &h.Sockets, 64, "number of processors"},
		{"memory_gb", gib{&h.MemoryBytes}, maxMemory, "main memory in GiB"},
		{"limit_gb", gib{&h.LimitBytes}, maxMemory, "limit of a container or virtual machine, in GiB"},
		{"available_gb", gib{&h.AvailableBytes}, maxMemory, "what the system said was available, in GiB"},
		{"usable_cores", &h.UsableCores, 65536, "cores a container may use"},
		{"os", &h.OS, 0, "linux, darwin or windows"},
		{"memory_assumed", &h.MemoryAssumed, 0, "why memory_gb is assumed, when it is"},
		{"storage_class", &h.StorageClass, 0, "drive that models lie on: nvme, sata-ssd, hdd, emmc, sd, usb, virtual or network"},
		{"storage_read_gb_s", &h.StorageGBps, 1e4, "the most that the drive reads in one stream, in GB/s (decimal)"},
	}
}

func linkFields(l *hardware.Link) []field {
	return append([]field{
		{"id", &l.ID, 0, "short name"},
		{"name", &l.Name, 0, "name"},
		{"kind", &l.Kind, 0, "pcie, gpu_link, network …"},
		{"gb_s_per_direction", &l.GBps, 1e6, "rate of one device in one direction, in GB/s (decimal)"},
		{"latency_us", &l.LatencyMicros, 1e7, "time of one message in microseconds"},
		{"bus_gb_s_1mib", &l.BusGBps1MiB, 1e6, "all-reduce bus bandwidth reached with 1 MiB"},
		{"bus_gb_s_16mib", &l.BusGBps16MiB, 1e6, "all-reduce bus bandwidth reached with 16 MiB"},
		{"bus_gb_s_peak", &l.BusGBpsPeak, 1e6, "largest all-reduce bus bandwidth reached"},
		{"allreduce_us_small", &l.SmallMicros, 1e7, "all-reduce of a small message in microseconds"},
		{"allreduce_us_64kib", &l.Micros64KiB, 1e7, "all-reduce of 64 KiB in microseconds"},
	}, provenanceFields(&l.Provenance)...)
}

// collectiveFields are those of one all-reduce measured over a link.
func collectiveFields(c *hardware.Collective) []field {
	return []field{
		{"ranks", &c.Ranks, maxDevices, "devices that took part"},
		{"allreduce_us_small", &c.SmallMicros, 1e7, "all-reduce of a small message in microseconds"},
		{"allreduce_us_64kib", &c.Micros64KiB, 1e7, "all-reduce of 64 KiB in microseconds"},
		{"bus_gb_s_1mib", &c.BusGBps1MiB, 1e6, "all-reduce bus bandwidth reached with 1 MiB"},
		{"bus_gb_s_16mib", &c.BusGBps16MiB, 1e6, "all-reduce bus bandwidth reached with 16 MiB"},
		{"bus_gb_s_peak", &c.BusGBpsPeak, 1e6, "largest all-reduce bus bandwidth reached"},
	}
}

func nodeFields(n *hardware.Node) []field {
	return []field{
		{"count", &n.Count, maxNodes, "how many such nodes"},
		{"scale_up_domain", &n.Domain, maxDevices, "how many devices the link joins, where it reaches over several such nodes"},
	}
}

func machineFields(m *hardware.Machine) []field {
	return append([]field{
		{"id", &m.ID, 0, "short name used in results; the file's name when left out"},
		{"name", &m.Name, 0, "name as people know it"},
		{"local", &m.Local, 0, "true when the machine was detected, not described"},
	}, provenanceFields(&m.Provenance)...)
}

func provenanceFields(p *hardware.Provenance) []field {
	return []field{
		{"source", &p.Source, 0, "where the figures come from"},
		{"notes", &p.Notes, 0, "anything worth knowing"},
		{"assumed", &p.Assumed, 0, "fields whose value is assumed, each with the reason; they widen the intervals"},
		{"not_estimated", &p.NotEstimated, 0, "why no estimate can be made, when none can"},
	}
}
