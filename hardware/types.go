package hardware

// Kind says what sort of processor a device is.
type Kind string

// The kinds of processor an estimate can be made for.
const (
	GPU Kind = "gpu"
	NPU Kind = "npu"
	TPU Kind = "tpu"
)

// GiB and MiB are binary, GB decimal, all in bytes.
const (
	MiB int64 = 1 << 20
	GiB int64 = 1 << 30
	GB  int64 = 1e9
)

// Provenance says where the facts of one record come from.
type Provenance struct {
	Source string `json:"source,omitempty"` // citation of the record
	Notes  string `json:"notes,omitempty"`
	// Assumed maps a field's name (as in the profile file) to the reason why
	// its value is assumed rather than read in a source. An assumed fact
	// widens the interval of every figure that rests on it.
	Assumed map[string]string `json:"assumed,omitempty"`
	// NotEstimated is the reason why no estimate can be made for the record
	// (for example no bandwidth known); empty otherwise.
	NotEstimated string `json:"not_estimated,omitempty"`
}

// Rates are peak dense arithmetic rates in TFLOPS (TOPS for INT8), a fused
// multiply-add counting as two. Zero means not known or not supported.
type Rates struct {
	FP32      float64 `json:"fp32,omitempty"`
	FP16      float64 `json:"fp16,omitempty"`       // FP16 accumulate
	FP16Acc32 float64 `json:"fp16_acc32,omitempty"` // FP32 accumulate
	BF16      float64 `json:"bf16,omitempty"`
	FP8       float64 `json:"fp8,omitempty"`
	INT8      float64 `json:"int8,omitempty"`
	FP4       float64 `json:"fp4,omitempty"`
}

// Named returns the rate that JSON calls so ("fp16_acc32"), 0 for any other
// name.
func (r *Rates) Named(name string) float64 {
	switch name {
	case "fp32":
		return r.FP32
	case "fp16":
		return r.FP16
	case "fp16_acc32":
		return r.FP16Acc32
	case "bf16":
		return r.BF16
	case "fp8":
		return r.FP8
	case "int8":
		return r.INT8
	case "fp4":
		return r.FP4
	}
	return 0
}

// Usable is the rate at which programs compute in the arithmetic of a name:
// [Rates.Named], but FP32 where 16 bits are known and slower. Devices of NVIDIA's
// compute capability 6.1 have them at a sixty-fourth for the sake of
// compatibility (CUDA C++ Programming Guide, arithmetic instructions), and
// programs leave them alone.
func (r *Rates) Usable(name string) float64 {
	v := r.Named(name)
	switch name {
	case "fp16", "fp16_acc32", "bf16":
		if v > 0 {
			return max(v, r.FP32)
		}
	}
	return v
}

// Most is the largest rate at which a device computes in the arithmetic of a
// name by any way: 16-bit products however they are summed.
func (r *Rates) Most(name string) float64 {
	v := r.Usable(name)
	switch name {
	case "fp16", "fp16_acc32", "bf16":
		if v > 0 {
			return max(v, r.FP16, r.FP16Acc32, r.BF16)
		}
	}
	return v
}

// Device is one accelerator.
type Device struct {
	ID           string   `json:"id"`
	Aliases      []string `json:"aliases,omitempty"`
	Name         string   `json:"name"`
	Vendor       string   `json:"vendor"`
	Kind         Kind     `json:"kind"`
	Architecture string   `json:"architecture,omitempty"` // e.g. "Ada", "RDNA3", "apple9"
	Year         int      `json:"year,omitempty"`
	// MemoryBytes is the nominal capacity (for unified memory: of the whole pool).
	MemoryBytes int64 `json:"memory_bytes"`
	// UsableBytes is what the driver reports as total to a program (for
	// example 79.19 GiB on an 80 GB H100); zero when not known.
	UsableBytes int64 `json:"usable_bytes,omitempty"`
	// FreeBytes is what was free when a local device was read; zero when not known.
	FreeBytes     int64   `json:"free_bytes,omitempty"`
	MemoryType    string  `json:"memory_type,omitempty"`
	BandwidthGBps float64 `json:"bandwidth_gb_s"`
	Rates         Rates   `json:"tflops"`
	TDPWatts      float64 `json:"tdp_w,omitempty"`
	PCIeGen       int     `json:"pcie_gen,omitempty"`
	PCIeLanes     int     `json:"pcie_lanes,omitempty"`
	NVLinkGBps    float64 `json:"nvlink_gb_s,omitempty"` // both directions together
	Compute       string  `json:"compute,omitempty"`     // compute capability ("8.9") or gfx target
	// Unified is true where CPU and accelerator share one memory (Apple,
	// Grace GB10, Strix Halo, Jetson): the pool must not be counted twice.
	Unified bool `json:"unified,omitempty"`
	// Slice is the profile of a MIG slice ("3g.40gb") when the record describes
	// one rather than the whole card. A program can use one slice at a time.
	Slice string `json:"slice,omitempty"`
	Provenance
}

// CPU is one processor model (per socket), or the processor of a board.
type CPU struct {
	ID             string   `json:"id"`
	Aliases        []string `json:"aliases,omitempty"`
	Name           string   `json:"name"`
	Vendor         string   `json:"vendor,omitempty"`
	Year           int      `json:"year,omitempty"`
	Cores          int      `json:"cores,omitempty"`
	Threads        int      `json:"threads,omitempty"`
	BaseGHz        float64  `json:"base_ghz,omitempty"`
	BoostGHz       float64  `json:"boost_ghz,omitempty"`
	ISA            []string `json:"isa,omitempty"` // avx2 avx512 avx512_vnni amx_int8 neon dotprod i8mm sve …
	PeakFP32GFLOPS float64  `json:"peak_fp32_gflops,omitempty"`
	PeakINT8GOPS   float64  `json:"peak_int8_gops,omitempty"`
	MemoryChannels int      `json:"memory_channels,omitempty"`
	MemoryType     string   `json:"memory_type,omitempty"`
	MemoryMTs      int      `json:"memory_mts,omitempty"`
	BandwidthGBps  float64  `json:"bandwidth_gb_s"` // nominal, per socket
	MaxMemoryBytes int64    `json:"max_memory_bytes,omitempty"`
	TDPWatts       float64  `json:"tdp_w,omitempty"`
	// Board is true for single-board computers and fixed-memory machines, for
	// which the record describes the whole machine.
	Board bool `json:"board,omitempty"`
	Provenance
}

// Host is the part of a node that is not an accelerator: processors and main memory.
type Host struct {
	CPU     CPU `json:"cpu"`
	Sockets int `json:"sockets,omitempty"` // at least 1 when the CPU is known
	// MemoryBytes is the installed main memory, LimitBytes a container or VM
	// limit below it (zero: none), AvailableBytes what the operating system
	// said was available (zero: not known).
	MemoryBytes    int64 `json:"memory_bytes"`
	LimitBytes     int64 `json:"limit_bytes,omitempty"`
	AvailableBytes int64 `json:"available_bytes,omitempty"`
	// UsableCores is the cores a container may use (zero: all).
	UsableCores float64 `json:"usable_cores,omitempty"`
	OS          string  `json:"os,omitempty"` // linux, darwin, windows
	// MemoryAssumed gives the reason when MemoryBytes is assumed.
	MemoryAssumed string `json:"memory_assumed,omitempty"`
	// StorageClass is the kind of drive that models lie on (nvme, sata-ssd,
	// hdd …), StorageGBps the most that it reads in one stream, in GB/s
	// (decimal); zero when not known.
	StorageClass string  `json:"storage_class,omitempty"`
	StorageGBps  float64 `json:"storage_read_gb_s,omitempty"`
	// Measured is what was measured on this very host; nil where nothing was.
	// MeasuredIgnored says why a measurement that there is does not count.
	Measured        *Measured `json:"measured,omitempty"`
	MeasuredIgnored string    `json:"-"`
}

// Capacity is the host's main memory in bytes, or the limit of its container
// or VM; 0 where neither is known.
func (h *Host) Capacity() int64 {
	if h.LimitBytes > 0 && (h.MemoryBytes == 0 || h.LimitBytes < h.MemoryBytes) {
		return h.LimitBytes
	}
	return h.MemoryBytes
}

// Link joins devices or nodes.
type Link struct {
	ID            string  `json:"id"`
	Name          string  `json:"name,omitempty"`
	Kind          string  `json:"kind,omitempty"`               // pcie, nvlink, nvswitch, ib, eth …
	GBps          float64 `json:"gb_s_per_direction"`           // per device, one direction
	LatencyMicros float64 `json:"latency_us,omitempty"`         // one message
	BusGBps1MiB   float64 `json:"bus_gb_s_1mib,omitempty"`      // achieved all-reduce bus bandwidth
	BusGBps16MiB  float64 `json:"bus_gb_s_16mib,omitempty"`     //
	BusGBpsPeak   float64 `json:"bus_gb_s_peak,omitempty"`      //
	SmallMicros   float64 `json:"allreduce_us_small,omitempty"` // all-reduce of a small message
	Micros64KiB   float64 `json:"allreduce_us_64kib,omitempty"`
	// Collectives are all-reduces measured over fewer or more devices, by
	// their number, ascending.
	Collectives []Collective `json:"-"`
	Provenance
}

// Collective is an all-reduce measured over a number of devices.
type Collective struct {
	Ranks                                  int
	SmallMicros, Micros64KiB               float64 // time of a few bytes, and of 64 KiB
	BusGBps1MiB, BusGBps16MiB, BusGBpsPeak float64 // bus bandwidth: 2(n−1)/n of the bytes over the time
}

// Node is one computer: a host with its accelerators.
type Node struct {
	Name    string    `json:"name,omitempty"`
	Count   int       `json:"count,omitempty"` // how many such nodes (at least 1)
	Host    Host      `json:"host"`
	Devices []*Device `json:"devices,omitempty"`
	Link    *Link     `json:"link,omitempty"` // between the devices of the node
	// Domain is how many devices Link joins where it reaches over several such
	// nodes, as in a rack; 0 where it ends with the node.
	Domain int `json:"scale_up_domain,omitempty"`
	// Box is set where the node stands for several computers (Machine.Join):
	// devices in each.
	Box int `json:"-"`
	// Network joins such nodes where that is not the machine's network; of a
	// node that stands for several computers it is the link between them.
	Network *Link `json:"-"`
}

// Machine is what an estimate is made for: one node, or several joined by a network.
type Machine struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Nodes   []Node `json:"nodes"`
	Network *Link  `json:"network,omitempty"` // between nodes; nil for one node
	// Local is true when the machine was detected rather than named.
	Local bool `json:"local,omitempty"`
	Provenance
}

// Primary returns the first node, on which single-node estimates are made.
func (m *Machine) Primary() *Node {
	if len(m.Nodes) == 0 {
		return nil
	}
	return &m.Nodes[0]
}
