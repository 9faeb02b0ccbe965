package cmdline

import (
	"fmt"
	"strconv"

	"github.com/goccy/go-yaml"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
)

// Kubernetes writes a volume claim for the weights, a Deployment of one
// replica and a Service. Requests and limits of devices are equal, as the
// device plugins demand; memory is requested and limited alike, so that the
// process is neither evicted nor lives beyond the estimate.
func (l *Line) Kubernetes(r *Resources) (string, error) {
	c, err := l.contain(r)
	if err != nil {
		return "", problem.From(problem.BadValue, err)
	}
	if c.hostFolder != "" {
		c.comments = append(c.comments, "copy "+r.ModelFile+" into the claimed volume")
	}
	labels := yaml.MapSlice{item("app", c.name)}
	meta := func(name string) yaml.MapSlice {
		return yaml.MapSlice{item("name", name), item("labels", labels)}
	}
	memory := strconv.Itoa(c.memoryGiB) + "Gi"
	requests := yaml.MapSlice{item("cpu", strconv.Itoa(c.cpus)), item("memory", memory)}
	limits := yaml.MapSlice{item("memory", memory)}
	if c.devices > 0 {
		requests = append(requests, item(c.vendor.Resource, c.devices))
		limits = append(limits, item(c.vendor.Resource, c.devices))
	}
	mounts := []yaml.MapSlice{{item("name", "models"), item("mountPath", c.mountAt)}}
	volumes := []yaml.MapSlice{{item("name", "models"), item("persistentVolumeClaim", yaml.MapSlice{item("claimName", c.name)})}}
	if c.shmGiB > 0 {
		mounts = append(mounts, yaml.MapSlice{item("name", "shm"), item("mountPath", "/dev/shm")})
		volumes = append(volumes, yaml.MapSlice{item("name", "shm"),
			item("emptyDir", yaml.MapSlice{item("medium", "Memory"), item("sizeLimit", fmt.Sprintf("%gGi", c.shmGiB))})})
	}
	pod := yaml.MapSlice{item("name", "engine"), item("image", c.image)}
	if len(c.entrypoint) > 0 {
		pod = append(pod, item("command", c.entrypoint))
	}
	if len(c.args) > 0 {
		pod = append(pod, item("args", c.args))
	}
	if len(c.env) > 0 {
		var env []yaml.MapSlice
		for _, v := range c.env {
			env = append(env, yaml.MapSlice{item("name", v[0]), item("value", v[1])})
		}
		pod = append(pod, item("env", env))
	}
	pod = append(pod,
		item("ports", []yaml.MapSlice{{item("name", "http"), item("containerPort", c.port)}}),
		// Loading weights takes as long as it takes: the probe only says when it is done.
		item("readinessProbe", yaml.MapSlice{
			item("httpGet", yaml.MapSlice{item("path", c.health), item("port", "http")}),
			item("periodSeconds", 10), item("failureThreshold", 3)}),
		item("resources", yaml.MapSlice{item("requests", requests), item("limits", limits)}),
		item("volumeMounts", mounts))
	claim := yaml.MapSlice{item("apiVersion", "v1"), item("kind", "PersistentVolumeClaim"), item("metadata", meta(c.name)),
		item("spec", yaml.MapSlice{
			item("accessModes", []string{"ReadWriteOnce"}),
			item("resources", yaml.MapSlice{item("requests", yaml.MapSlice{item("storage", strconv.Itoa(max(c.storeGiB, 1))+"Gi")})})})}
	deployment := yaml.MapSlice{item("apiVersion", "apps/v1"), item("kind", "Deployment"), item("metadata", meta(c.name)),
		item("spec", yaml.MapSlice{
			item("replicas", 1),
			item("strategy", yaml.MapSlice{item("type", "Recreate")}), // two at once would want the devices twice
			item("selector", yaml.MapSlice{item("matchLabels", labels)}),
			item("template", yaml.MapSlice{
				item("metadata", yaml.MapSlice{item("labels", labels)}),
				item("spec", yaml.MapSlice{item("containers", []yaml.MapSlice{pod}), item("volumes", volumes)})})})}
	service := yaml.MapSlice{item("apiVersion", "v1"), item("kind", "Service"), item("metadata", meta(c.name)),
		item("spec", yaml.MapSlice{
			item("selector", labels),
			item("ports", []yaml.MapSlice{{item("name", "http"), item("port", c.port), item("targetPort", "http")}})})}
	return written(c.comments, claim, deployment, service)
}
