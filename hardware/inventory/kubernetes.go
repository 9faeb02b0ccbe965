package inventory

import (
	"slices"
	"strings"
)

// kubeObject is the part of a Node (API core/v1) or a Pod that matters here.
type kubeObject struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Name   string            `json:"name"`
		Labels map[string]string `json:"labels"`
	} `json:"metadata"`
	Spec struct {
		Unschedulable bool `json:"unschedulable"`
		Taints        []struct {
			Key    string `json:"key"`
			Effect string `json:"effect"`
		} `json:"taints"`
		NodeName       string          `json:"nodeName"` // of a pod
		Containers     []kubeContainer `json:"containers"`
		InitContainers []kubeContainer `json:"initContainers"`
	} `json:"spec"`
	Status struct {
		Phase       string          `json:"phase"` // of a pod
		Capacity    map[string]word `json:"capacity"`
		Allocatable map[string]word `json:"allocatable"`
		Conditions  []struct {
			Type   string `json:"type"`
			Status string `json:"status"`
		} `json:"conditions"`
		NodeInfo struct {
			OperatingSystem string `json:"operatingSystem"`
			Architecture    string `json:"architecture"`
		} `json:"nodeInfo"`
	} `json:"status"`
}

type kubeContainer struct {
	Resources struct {
		Requests map[string]word `json:"requests"`
	} `json:"resources"`
}

// Labels that name the group of nodes a node belongs to, the best first, and
// the type of a cloud machine.
var (
	poolLabels = []string{"cloud.google.com/gke-nodepool", "eks.amazonaws.com/nodegroup", "karpenter.sh/nodepool", "kubernetes.azure.com/agentpool",
		"agentpool", "alpha.eksctl.io/nodegroup-name", "doks.digitalocean.com/node-pool", "oke.oraclecloud.com/pool.name", "k8s.scaleway.com/pool-name",
		"node-pool", "nodepool", "node.kubernetes.io/pool", "pool"}
	instanceLabels = []string{"node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type"}
	productLabels  = []string{"nvidia.com/gpu.machine"}
)

// goingAway are taints of nodes that are being taken out of service.
var goingAway = map[string]string{
	"node.kubernetes.io/not-ready":                   "not ready",
	"node.kubernetes.io/unreachable":                 "unreachable",
	"node.kubernetes.io/out-of-service":              "out of service",
	"ToBeDeletedByClusterAutoscaler":                 "about to be removed by the autoscaler",
	"karpenter.sh/disrupted":                         "about to be removed by the autoscaler",
	"node.cloudprovider.kubernetes.io/uninitialized": "not initialised yet",
}

// kube takes an object of a Kubernetes list; what is neither node nor pod is
// passed over.
func (b *Builder) kube(o *kubeObject) error {
	switch o.Kind {
	case "Node", "":
		if o.Kind == "" && len(o.Status.Capacity) == 0 {
			return nil
		}
	case "Pod":
		b.pod(o)
		return nil
	default:
		return nil
	}
	b.from(Kubernetes)
	labels := o.Metadata.Labels
	first := func(keys []string) string {
		for _, k := range keys {
			if v := labels[k]; v != "" {
				return v
			}
		}
		return ""
	}
	n := Node{Name: o.Metadata.Name, Pool: first(poolLabels), Instance: first(instanceLabels), Product: first(productLabels),
		OS: o.Status.NodeInfo.OperatingSystem, Arch: o.Status.NodeInfo.Architecture,
		MemoryBytes: whole(string(o.Status.Capacity["memory"])), AllocatableBytes: whole(string(o.Status.Allocatable["memory"])),
		CPU: CPU{Threads: int(min(whole(string(o.Status.Capacity["cpu"])), 1<<16))}}
	n.CPU.nfd(labels)
	n.NotReady = kubeState(o)
	for _, t := range o.Spec.Taints {
		if (t.Effect == "NoSchedule" || t.Effect == "NoExecute") && goingAway[t.Key] == "" && t.Key != "node.kubernetes.io/unschedulable" {
			n.Taints = append(n.Taints, t.Key+":"+t.Effect)
		}
	}
	if own := n.kubeDevices(labels, o.Status.Capacity, o.Status.Allocatable); len(own) > 0 {
		if b.resourced == nil {
			b.resourced = map[string][]counted{}
		}
		b.resourced[n.Name] = own
	}
	return b.add(n, pick(labels))
}

// kubeState says why nothing is placed on a node.
func kubeState(o *kubeObject) string {
	for _, c := range o.Status.Conditions {
		if c.Type == "Ready" && c.Status != "True" {
			return "not ready"
		}
	}
	for _, t := range o.Spec.Taints {
		if why := goingAway[t.Key]; why != "" && t.Effect != "PreferNoSchedule" {
			return why
		}
	}
	if o.Spec.Unschedulable {
		return "cordoned"
	}
	return ""
}

// cpuFeatures are the catalogue's words for what node feature discovery calls
// a processor's features (label cpu-cpuid.NAME).
var cpuFeatures = map[string]string{"AVX2": "avx2", "AVX512F": "avx512", "AVX512VNNI": "avx512_vnni", "AVX512BF16": "avx512_bf16", "AVXVNNI": "avx_vnni",
	"AMXINT8": "amx_int8", "AMXBF16": "amx_bf16", "ASIMD": "neon", "ASIMDDP": "dotprod", "I8MM": "i8mm", "SVE": "sve"}

const nfd = "feature.node.kubernetes.io/"

// nfd reads what node feature discovery says of the processor.
func (c *CPU) nfd(labels map[string]string) {
	for key := range labels {
		if f, ok := strings.CutPrefix(key, nfd+"cpu-cpuid."); ok && cpuFeatures[f] != "" {
			c.ISA = append(c.ISA, cpuFeatures[f])
		}
	}
	slices.Sort(c.ISA)
	c.Vendor = labels[nfd+"cpu-model.vendor_id"]
	if labels[nfd+"cpu-hardware_multithreading"] == "true" && c.Threads > 1 {
		c.Cores = c.Threads / 2
	} else if labels[nfd+"cpu-hardware_multithreading"] == "false" {
		c.Cores = c.Threads
	}
}

// pod adds up what the pods on a node ask for.
func (b *Builder) pod(o *kubeObject) {
	if b.used == nil {
		b.used = map[string]map[string]int64{}
	}
	node := o.Spec.NodeName
	if node == "" || o.Status.Phase == "Succeeded" || o.Status.Phase == "Failed" {
		return
	}
	sum := map[string]int64{}
	add := func(list []kubeContainer, join func(a, b int64) int64) {
		for i := range list {
			for name, q := range list[i].Resources.Requests {
				if strings.Contains(name, "/") {
					sum[name] = join(sum[name], whole(string(q)))
				}
			}
		}
	}
	add(o.Spec.Containers, func(a, b int64) int64 { return a + b })
	add(o.Spec.InitContainers, func(a, b int64) int64 { return max(a, b) }) // before the others, one after the other
	if len(sum) == 0 {
		return
	}
	if b.used[node] == nil {
		b.used[node] = map[string]int64{}
	}
	for name, n := range sum {
		b.used[node][name] += n
	}
}

// spendPods marks as used what pods ask for, where the input had pods.
func (b *Builder) spendPods() {
	if b.used == nil {
		return
	}
	for i := range b.Nodes {
		n := &b.Nodes[i]
		n.UsageKnown = true
		asked := b.used[n.Name]
		for _, c := range b.resourced[n.Name] {
			if c.at < len(n.Accelerators) {
				a := &n.Accelerators[c.at]
				a.Used = min(a.Used+devices((asked[c.resource]+c.replicas-1)/c.replicas), a.Count)
			}
		}
	}
}
