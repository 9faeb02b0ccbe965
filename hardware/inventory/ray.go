package inventory

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/plimsoll/plimsoll/hardware"
)

// rayNode is an entry of ray list nodes --format json (util/state/common.py:
// NodeState), or of ray.nodes() written as JSON.
type rayNode struct {
	ID     word              `json:"node_id"`
	Name   word              `json:"node_name"`
	State  word              `json:"state"`
	Reason word              `json:"state_message"`
	Has    map[string]amount `json:"resources_total"`
	Labels map[string]word   `json:"labels"`

	OldID     word              `json:"NodeID"`
	Alive     *bool             `json:"Alive"`
	Host      word              `json:"NodeManagerHostname"`
	OldHas    map[string]amount `json:"Resources"`
	OldLabels map[string]word   `json:"Labels"`
}

// rayLabels name the group of a node (Ray: default node labels; KubeRay).
var rayPools = []string{"ray.io/node-group", "ray.io/group", "ray.io/market-type"}

func (b *Builder) ray(r *rayNode) error {
	n := Node{Name: or(string(r.Name), or(string(r.Host), or(string(r.ID), string(r.OldID))))}
	if r.Alive != nil && !*r.Alive {
		r.State = "DEAD"
	}
	return b.rayNode(n, string(r.State), string(r.Reason), first(r.Has, r.OldHas), first(r.Labels, r.OldLabels))
}

func first[M ~map[string]V, V any](a, b M) M {
	if len(a) > 0 {
		return a
	}
	return b
}

// rayNode fills in and adds a node of a Ray cluster.
func (b *Builder) rayNode(n Node, state, reason string, has map[string]amount, tags map[string]word) error {
	b.from(Ray)
	if s := strings.ToUpper(state); s != "" && s != "ALIVE" {
		n.NotReady = strings.ToLower(clip(s))
		n.Detail = clip(reason)
	}
	labels := map[string]string{}
	for k, v := range tags {
		labels[k] = string(v)
	}
	for _, key := range rayPools {
		if n.Pool = labels[key]; n.Pool != "" {
			break
		}
	}
	n.Instance = labels["ray.io/instance-type"]
	if n.CPU.Threads == 0 {
		n.CPU.Threads = count(has["CPU"])
	}
	n.AllocatableBytes = has["memory"].count()
	if len(n.Accelerators) == 0 {
		n.Accelerators = rayDevices(has, labels["ray.io/accelerator-type"])
	}
	return b.add(n, pick(labels))
}

const rayType = "accelerator_type:"

// rayCounts are the resources by which Ray counts accelerators
// (_private/accelerators).
var rayCounts = []struct{ resource, vendor, name, refused string }{
	{"GPU", "", "", ""},
	{"TPU", "Google", "TPU", "TPUs are not estimated"},
	{"HPU", "Intel", "Gaudi", ""},
	{"NPU", "Huawei", "Ascend", ""},
	{"neuron_cores", "AWS", "Neuron cores", "they are counted in cores, and how many a device has is not told"},
}

// rayDevices reads the accelerators of a node from its resources. Ray counts an
// accelerator_type once for each node, whatever it has of it.
func rayDevices(has map[string]amount, label string) []Accelerator {
	var kinds []string
	for _, key := range slices.Sorted(maps.Keys(has)) {
		if kind, ok := strings.CutPrefix(key, rayType); ok && has[key] > 0 {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) == 0 && label != "" {
		kinds = []string{label}
	}
	var out []Accelerator
	for _, r := range rayCounts {
		n := devices(int64(math.Floor(float64(has[r.resource]))))
		if n == 0 {
			continue
		}
		a := Accelerator{Vendor: r.vendor, Name: r.name, Count: n, Refused: r.refused}
		if len(kinds) > 0 {
			a.Name, a.Named, a.Hints = kinds[0], "accelerator_type", kinds[1:]
		}
		out = append(out, a)
	}
	return out
}

// rayHost is a node of the dashboard's /nodes?view=summary, which knows the
// products' names.
type rayHost struct {
	Hostname word           `json:"hostname"`
	CPUs     jsontext.Value `json:"cpus"` // [logical, physical]
	Memory   []amount       `json:"mem"`  // bytes: total, available …
	GPUs     []struct {
		Name  word   `json:"name"`
		Total amount `json:"memoryTotal"` // MiB
	} `json:"gpus"`
	Raylet struct {
		State  word              `json:"state"`
		Has    map[string]amount `json:"resourcesTotal"`
		Labels map[string]word   `json:"labels"`
	} `json:"raylet"`
}

func (b *Builder) rayHost(r *rayHost) error {
	n := Node{Name: string(r.Hostname)}
	var counts []amount
	if r.CPUs != nil && decode(r.CPUs, &counts) == nil && len(counts) > 0 {
		n.CPU.Threads = count(counts[0])
	}
	if len(r.Memory) > 0 {
		n.MemoryBytes = r.Memory[0].count()
	}
	for _, g := range r.GPUs {
		size := g.Total.times(hardware.MiB)
		if k := len(n.Accelerators) - 1; k >= 0 && n.Accelerators[k].Name == string(g.Name) && n.Accelerators[k].MemoryBytes == size {
			n.Accelerators[k].Count = devices(int64(n.Accelerators[k].Count) + 1)
			continue
		}
		n.Accelerators = append(n.Accelerators, Accelerator{Name: string(g.Name), Named: "the dashboard", MemoryBytes: size, Count: 1})
	}
	return b.rayNode(n, string(r.Raylet.State), "", r.Raylet.Has, r.Raylet.Labels)
}
