package inventory

import (
	"strings"

	"github.com/plimsoll/plimsoll/hardware"
)

// nomadNode is what nomad node status -json ID prints, or an entry of
// /v1/nodes?resources=true (api/nodes.go: Node, NodeListStub).
type nomadNode struct {
	Name        word            `json:"Name"`
	Datacenter  word            `json:"Datacenter"`
	Class       word            `json:"NodeClass"`
	Pool        word            `json:"NodePool"`
	Drain       bool            `json:"Drain"`
	Eligibility word            `json:"SchedulingEligibility"`
	Status      word            `json:"Status"`
	Attributes  map[string]word `json:"Attributes"`
	Meta        map[string]word `json:"Meta"`
	Resources   *struct {
		Memory struct {
			MiB amount `json:"MemoryMB"`
		} `json:"Memory"`
		CPU struct {
			Cores amount `json:"TotalCpuCores"`
		} `json:"Cpu"`
		Devices []nomadDevice `json:"Devices"`
	} `json:"NodeResources"`
	Reserved *struct {
		Memory struct {
			MiB amount `json:"MemoryMB"`
		} `json:"Memory"`
	} `json:"ReservedResources"`
}

type nomadDevice struct {
	Vendor    word `json:"Vendor"`
	Type      word `json:"Type"`
	Name      word `json:"Name"`
	Instances []struct {
		Healthy *bool `json:"Healthy"`
	} `json:"Instances"`
	Attributes map[string]nomadAttribute `json:"Attributes"`
}

// nomadAttribute is a value with its unit (api/resources.go: Attribute).
type nomadAttribute struct {
	Float  *amount `json:"Float"`
	Int    *amount `json:"Int"`
	String word    `json:"String"`
	Unit   word    `json:"Unit"`
}

// bytes reads an attribute that is a size.
func (a *nomadAttribute) bytes() int64 {
	unit := sizeOf("1"+string(a.Unit), hardware.MiB)
	switch {
	case unit == 0:
		return 0
	case a.Int != nil:
		return a.Int.times(unit)
	case a.Float != nil:
		return a.Float.times(unit)
	}
	return sizeOf(string(a.String), unit)
}

// nomadTypes are the types of devices that compute (plugins nvidia-gpu, amd,
// intel and community ones call theirs gpu).
var nomadTypes = map[string]bool{"gpu": true, "npu": true, "tpu": true, "accelerator": true, "fpga": false}

// cloudTypes are the attributes that tell the type of a cloud machine.
var cloudTypes = []string{"platform.aws.instance-type", "platform.gce.machine-type", "unique.platform.azure.vm-size", "platform.azure.vm-size"}

func (b *Builder) nomad(s *nomadNode) error {
	b.from(Nomad)
	if s.Resources == nil {
		b.bare++
	}
	n := Node{Name: string(s.Name), OS: strings.ToLower(string(s.Attributes["kernel.name"])), Arch: string(s.Attributes["cpu.arch"]),
		MemoryBytes: amountOf(s.Attributes["memory.totalbytes"]), CPU: CPU{Model: string(s.Attributes["cpu.modelname"]), Threads: int(min(amountOf(s.Attributes["cpu.numcores"]), 1<<16))}}
	for _, p := range []word{s.Pool, s.Class, s.Datacenter} {
		if p != "" && p != "default" {
			n.Pool = string(p)
			break
		}
	}
	for _, key := range cloudTypes {
		// Of a machine type Google prints the whole path.
		path := string(s.Attributes[key])
		if n.Instance = path[strings.LastIndexByte(path, '/')+1:]; n.Instance != "" {
			break
		}
	}
	switch {
	case s.Status != "ready" && s.Status != "":
		n.NotReady = strings.ToLower(clip(string(s.Status)))
	case s.Drain:
		n.NotReady = "being drained"
	case s.Eligibility == "ineligible":
		n.NotReady = "not eligible for work"
	}
	if r := s.Resources; r != nil {
		if n.MemoryBytes == 0 {
			n.MemoryBytes = r.Memory.MiB.times(hardware.MiB)
		}
		if n.CPU.Threads == 0 {
			n.CPU.Threads = count(r.CPU.Cores)
		}
		n.AllocatableBytes = r.Memory.MiB.times(hardware.MiB)
		if s.Reserved != nil {
			n.AllocatableBytes = max(n.AllocatableBytes-s.Reserved.Memory.MiB.times(hardware.MiB), 0)
		}
		for i := range r.Devices {
			n.nomadDevice(&r.Devices[i])
		}
	}
	return b.add(n, func(key string) []string {
		switch strings.ToLower(key) {
		case "node_pool", "pool":
			return []string{string(s.Pool)}
		case "node_class", "class":
			return []string{string(s.Class)}
		case "datacenter", "dc":
			return []string{string(s.Datacenter)}
		}
		for _, m := range []map[string]word{s.Meta, s.Attributes} {
			if v, ok := m[strings.TrimPrefix(key, "meta.")]; ok {
				return []string{string(v)}
			}
		}
		return nil
	})
}

func amountOf(w word) int64 { return whole(string(w)) }

func (n *Node) nomadDevice(d *nomadDevice) {
	if !nomadTypes[strings.ToLower(string(d.Type))] {
		return
	}
	a := Accelerator{Name: string(d.Name), Named: "name of the device", Vendor: vendorWord(string(d.Vendor)), Slice: slicePattern(string(d.Name))}
	if card, _, ok := strings.Cut(a.Name, " MIG "); ok && a.Slice != "" {
		a.Name = card
	}
	if m, ok := d.Attributes["memory"]; ok {
		a.MemoryBytes = m.bytes()
	}
	ill := int64(0)
	for _, i := range d.Instances {
		if i.Healthy != nil && !*i.Healthy {
			ill++
		}
	}
	a.Count = devices(int64(len(d.Instances)) - ill)
	if ill > 0 {
		n.note("%d of %d devices cannot be given to work", ill, len(d.Instances))
	}
	n.Accelerators = append(n.Accelerators, a)
}

// vendorWord writes the vendors that Nomad's plugins name in lower case as the
// catalogue does; others as they are.
func vendorWord(s string) string {
	switch strings.ToLower(s) {
	case "nvidia", "amd":
		return strings.ToUpper(s)
	case "intel":
		return "Intel"
	}
	return s
}
