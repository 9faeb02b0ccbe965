package cmdline

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
)

// item is one key of a YAML mapping, in the order in which it is written.
func item(key string, value any) yaml.MapItem { return yaml.MapItem{Key: key, Value: value} }

// Compose writes a Compose file of one service that runs the deployment
// (Compose specification: deploy.resources.reservations.devices).
func (l *Line) Compose(r *Resources) (string, error) {
	c, err := l.contain(r)
	if err != nil {
		return "", problem.From(problem.BadValue, err)
	}
	if c.devices > 0 && c.vendor.Driver == "" && len(c.vendor.Devices) == 0 {
		return "", wrong("how Compose passes devices of "+r.Vendor+" is not known", "--emit", "use --emit command or k8s")
	}
	service := yaml.MapSlice{item("image", c.image)}
	if len(c.entrypoint) > 0 {
		service = append(service, item("entrypoint", c.entrypoint))
	}
	if len(c.args) > 0 {
		service = append(service, item("command", c.args))
	}
	if env := c.environment(); len(env) > 0 {
		service = append(service, item("environment", env))
	}
	port := strconv.Itoa(c.port)
	service = append(service, item("ports", []string{port + ":" + port}))
	volume, named := "models", true
	if c.hostFolder != "" {
		volume, named = c.hostFolder, false
	}
	mount := volume + ":" + c.mountAt
	if !named {
		mount += ":ro"
	}
	service = append(service, item("volumes", []string{mount}))
	if c.shmGiB > 0 {
		service = append(service, item("shm_size", fmt.Sprintf("%ggb", c.shmGiB)))
	}
	if c.devices > 0 && c.vendor.Driver == "" {
		service = append(service, item("devices", c.vendor.Devices))
		if len(c.vendor.Groups) > 0 {
			service = append(service, item("group_add", c.vendor.Groups))
		}
	}
	reservations := yaml.MapSlice{item("cpus", strconv.Itoa(c.cpus)), item("memory", strconv.Itoa(c.memoryGiB)+"g")}
	if c.devices > 0 && c.vendor.Driver != "" {
		reservations = append(reservations, item("devices", []yaml.MapSlice{{
			item("driver", c.vendor.Driver), item("count", c.devices), item("capabilities", []string{"gpu"})}}))
	}
	service = append(service,
		item("deploy", yaml.MapSlice{item("resources", yaml.MapSlice{item("reservations", reservations)})}),
		item("restart", "unless-stopped"))
	doc := yaml.MapSlice{item("services", yaml.MapSlice{item(c.name, service)})}
	if named {
		doc = append(doc, item("volumes", yaml.MapSlice{item(volume, yaml.MapSlice{})}))
	}
	return written(c.comments, doc)
}

// environment is what the program is given, and the devices that it may see
// where they are passed by folder.
func (c *container) environment() yaml.MapSlice {
	var env yaml.MapSlice
	for _, v := range c.env {
		env = append(env, item(v[0], v[1]))
	}
	if c.devices > 0 && c.vendor.Driver == "" && c.vendor.Visible != "" {
		list := make([]string, c.devices)
		for i := range list {
			list[i] = strconv.Itoa(i)
		}
		env = append(env, item(c.vendor.Visible, strings.Join(list, ",")))
	}
	return env
}

// written joins comments and documents.
func written(comments []string, docs ...any) (string, error) {
	var b strings.Builder
	for _, line := range comments {
		b.WriteString("# " + problem.OneLine(line) + "\n")
	}
	for i, doc := range docs {
		if i > 0 {
			b.WriteString("---\n")
		}
		text, err := yaml.MarshalWithOptions(doc, yaml.IndentSequence(true))
		if err != nil {
			return "", problem.Failed("writing YAML: " + err.Error())
		}
		b.Write(text)
	}
	return b.String(), nil
}
