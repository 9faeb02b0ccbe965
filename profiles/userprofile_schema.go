package profiles

import (
	"encoding/json"

	"github.com/plimsoll/plimsoll/hardware"
)

// MachineSchema is the JSON Schema of profile files, made from the lists of
// fields that the reader uses; schema/hardware-profile.schema.json is a copy.
func MachineSchema() ([]byte, error) {
	type object = map[string]any
	properties := func(fields []field, extra object) object {
		p := object{}
		for _, f := range fields {
			p[f.key] = f.schema()
		}
		for k, v := range extra {
			p[k] = v
		}
		return object{"type": "object", "additionalProperties": false, "properties": p}
	}
	about := func(kind, text string) object { return object{"type": kind, "description": text} }
	either := func(text string, full object) object {
		return object{"description": text, "anyOf": []any{object{"type": "string"}, full}}
	}
	link := func(text string) object {
		return either(text, properties(linkFields(&hardware.Link{}), object{
			"link": about("string", "the catalogue link to start from"),
			"collectives": object{"type": "array", "maxItems": 32, "items": properties(collectiveFields(&hardware.Collective{}), nil),
				"description": "all-reduces measured over the link, by the number of devices, ascending"},
		}))
	}
	device := properties(deviceFields(&hardware.Device{}), object{
		"device": about("string", "the catalogue device to start from; the other keys override it"),
		"count":  object{"type": "integer", "minimum": 1, "maximum": maxDevices, "description": "how many such devices"},
		"tflops": properties(rateFields(&hardware.Rates{}), nil),
	})
	cpu := properties(cpuFields(&hardware.CPU{}), object{"cpu": about("string", "the catalogue processor to start from")})
	node := object{
		"host":    properties(hostFields(&hardware.Host{}), object{"cpu": either("processor: a catalogue name, or a description", cpu)}),
		"devices": object{"type": "array", "maxItems": maxDevices, "items": either("accelerator: a catalogue name (2x rtx-4090), or a description", device), "description": "the accelerators of one node"},
		"link":    link("link between the devices of a node: a catalogue name, none, or a description"),
	}
	for _, f := range nodeFields(&hardware.Node{}) {
		node[f.key] = f.schema()
	}
	inner := object{"name": about("string", "name of the node"), "network": link("network between such nodes, where it is not that of all")}
	for k, v := range node {
		inner[k] = v
	}
	root := properties(machineFields(&hardware.Machine{}), node)
	p := root["properties"].(object)
	p["nodes"] = object{"type": "array", "maxItems": 256, "items": properties(nil, inner), "description": "the nodes of a cluster, instead of host, devices and link"}
	p["network"] = link("network between the nodes")
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "plimsoll hardware profile"
	root["description"] = "One device, one machine, or a cluster of nodes. Sizes in GiB, rates decimal (GB/s, TFLOPS)."
	out, err := json.MarshalIndent(root, "", "  ")
	return append(out, '\n'), err
}

// schema describes one field.
func (f field) schema() map[string]any {
	s := map[string]any{"description": f.about}
	switch f.to.(type) {
	case *string:
		s["type"] = []string{"string", "number"}
	case *float64, gib:
		s["type"], s["minimum"], s["maximum"] = "number", 0, f.most
	case *int:
		s["type"], s["minimum"], s["maximum"] = "integer", 0, f.most
	case *bool:
		s["type"] = "boolean"
	case *[]string:
		s["type"], s["items"] = "array", map[string]any{"type": "string"}
	case *map[string]string:
		s["type"], s["additionalProperties"] = "object", map[string]any{"type": "string"}
	}
	return s
}
