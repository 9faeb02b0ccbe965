package inventory

import "github.com/plimsoll/plimsoll/hardware"

// Source is where an inventory comes from.
type Source string

// Sources.
const (
	Kubernetes Source = "kubernetes"
	Slurm      Source = "slurm"
	Ray        Source = "ray"
	Nomad      Source = "nomad"
	Ansible    Source = "ansible"
)

// Sources lists them.
var Sources = []Source{Kubernetes, Slurm, Ray, Nomad, Ansible}

// Accelerator is some devices of one kind in a node, as the source describes
// them. Zero and empty mean not told.
type Accelerator struct {
	Name   string // of the product, as the source spells it
	Named  string // where the name was read: "label nvidia.com/gpu.product"
	Vendor string
	PCIID  string // device part, "74a1"
	// Hints are other words of the source that may name the product: features,
	// an instance family. Only one that the catalogue knows means anything.
	Hints []string
	// MemoryBytes is the memory of one device (of one slice), as a driver
	// counts it.
	MemoryBytes int64
	// Slice is the profile of a MIG slice ("1g.10gb"): Count is of slices then.
	Slice string
	// Count is the physical devices that work can be given, Used those that are
	// given to work already.
	Count, Used int
	// Refused says why nothing can be made of them.
	Refused string
}

// CPU is the processors of a node.
type CPU struct {
	Model  string // as the system reports it
	Vendor string
	// Sockets, Cores of one socket and Threads of the node, logical ones.
	Sockets, Cores, Threads int
	ISA                     []string // in the words of hardware.CPU
}

// Network is what a source tells of a node's link to the others.
type Network struct {
	Kind string // ethernet or infiniband
	// GBps is the rate of the fastest interface, one direction, in GB/s.
	GBps float64
}

// Node is one computer.
type Node struct {
	Name string // as the source calls it: a host's name
	// Pool is the group that the source puts it in (node pool, partition, node
	// class), Instance the type of a cloud machine, Product that of a server.
	Pool, Instance, Product string
	Accelerators            []Accelerator
	CPU                     CPU
	// MemoryBytes is the main memory, AllocatableBytes what of it work may be
	// given; 0 where the source does not tell.
	MemoryBytes, AllocatableBytes int64
	OS, Arch                      string
	Network                       Network
	// NotReady says why no work is placed on it: cordoned, drained, down. Detail
	// is what somebody wrote of it, which may name anything.
	NotReady, Detail string
	// Taints keep work away that does not ask for the node ("key:NoSchedule").
	Taints []string
	// UsageKnown says that the source tells how many devices are Used.
	UsageKnown bool
	Notes      []string
}

// Left is a node that was left out, and why (as NotReady and Detail).
type Left struct{ Name, Reason, Detail string }

// Inventory is what one or more inputs hold, in their order.
type Inventory struct {
	Sources []Source // in the order met, each once
	Nodes   []Node
	Left    []Left
	// Unselected counts the nodes that the selector does not want.
	Unselected int
	Notes      []string
}

// Bounds of an inventory.
const (
	// MaxNodes is the most nodes that are read.
	MaxNodes   = 200_000
	maxInput   = 4 * hardware.GiB
	maxValue   = 4 * hardware.MiB // of one node
	maxDevices = 1024             // of one kind in a node
)
