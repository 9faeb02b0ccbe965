package report

import "github.com/plimsoll/plimsoll/estimator"

// FleetSchema is the id of the document of plimsoll hardware import.
const FleetSchema = "urn:plimsoll:fleet"

// Fleet is the document of plimsoll hardware import: what an inventory holds, as
// pools of like nodes, and the hardware profile made of them.
type Fleet struct {
	Schema        string              `json:"schema" jsonschema:"const=urn:plimsoll:fleet"`
	SchemaVersion int                 `json:"schema_version" jsonschema:"const=1"`
	ToolVersion   string              `json:"tool_version"`
	DataVersion   string              `json:"data_version"`
	Inputs        FleetInputs         `json:"inputs"`
	Result        FleetResult         `json:"result"`
	Assumptions   []string            `json:"assumptions"`
	Warnings      []estimator.Warning `json:"warnings"`
}

// FleetInputs are what was asked of the inventory.
type FleetInputs struct {
	From      string `json:"from"` // the sources found, joined by "+"
	OnlyReady bool   `json:"only_ready"`
	Selector  string `json:"selector,omitempty"`
	Network   string `json:"network,omitempty"`
	Free      bool   `json:"free,omitempty"`
	CPUNodes  bool   `json:"cpu_nodes,omitempty"`
	Names     bool   `json:"names,omitempty"`
}

// FleetResult is what the inventory holds.
type FleetResult struct {
	Nodes   int         `json:"nodes"`   // taken, computers
	Devices int         `json:"devices"` // of these, accelerators or slices
	Pools   []FleetPool `json:"pools"`   // the largest first
	LeftOut []FleetLeft `json:"left_out"`
	// Unselected are the nodes that the selector did not want.
	Unselected int `json:"unselected"`
	// Profile is the hardware profile, in YAML, as --on reads it.
	Profile string `json:"profile"`
}

// FleetPool is nodes that are alike.
type FleetPool struct {
	Name     string        `json:"name"`
	Nodes    int           `json:"nodes"`              // computers
	Devices  []FleetDevice `json:"devices"`            // of one node
	Instance string        `json:"instance,omitempty"` // type of the cloud machine
	Host     string        `json:"host"`               // processor
	// HostMemoryBytes is the main memory of a node, AllocatableBytes what of it
	// work may be given; 0 where it is not known.
	HostMemoryBytes  int64  `json:"host_memory_bytes"`
	AllocatableBytes int64  `json:"allocatable_bytes,omitempty"`
	Network          string `json:"network,omitempty"`
	// InUse is how many devices of the pool are given to work; null where the
	// inventory does not tell.
	InUse  *int     `json:"in_use"`
	Taints []string `json:"taints,omitempty"`
	Hosts  string   `json:"hosts,omitempty"` // names of the nodes, where they were asked for
	Notes  []string `json:"notes,omitempty"`
}

// FleetDevice is accelerators of one kind in a node.
type FleetDevice struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Count       int    `json:"count"`
	MemoryBytes int64  `json:"memory_bytes"` // of one; 0: not known
	Slice       string `json:"slice,omitempty"`
	// Found says what the device was recognised by, Assumed what is not certain,
	// NotEstimated why no speed can be told.
	Found        string `json:"found"`
	Assumed      string `json:"assumed,omitempty"`
	NotEstimated string `json:"not_estimated,omitempty"`
}

// FleetLeft is nodes left out for one reason.
type FleetLeft struct {
	Nodes  int    `json:"nodes"`
	Reason string `json:"reason"`
	Hosts  string `json:"hosts,omitempty"`
}
