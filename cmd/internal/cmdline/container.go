package cmdline

import (
	"fmt"
	"math"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/profiles"
)

// Resources are what a deployment takes of one computer, as estimated.
type Resources struct {
	Name        string  // of the model, for names of services
	Backend     string  // of the engine
	Vendor      string  // of the devices, in lower case; "" for none
	Devices     int     // of one computer
	Threads     int     // 0: not given
	HostGiB     float64 // main memory at the high end of the estimate
	WeightsGiB  float64
	Month       string // of the engine's build; "" for the newest
	ModelFile   string // on this machine; "" where the weights are fetched
	MultiNode   int    // computers, when more than one
	FromQuant   string // the weight format
	WeightsNote string // what the weights must be, for comments
}

// container is what both kinds of manifests say.
type container struct {
	name, image string
	entrypoint  []string
	args        []string
	env         [][2]string
	port        int
	health      string
	mountAt     string // the weights' volume inside
	hostFolder  string // mounted there; "" for a volume
	shmGiB      float64
	devices     int
	vendor      profiles.DeployVendor
	memoryGiB   int
	cpus        int
	storeGiB    int
	comments    []string
}

// contain works out what a container of the deployment needs.
func (l *Line) contain(r *Resources) (*container, error) {
	deploy, err := profiles.Deploy()
	if err != nil {
		return nil, err
	}
	if r.MultiNode > 1 {
		return nil, wrong(fmt.Sprintf("the deployment spans %d computers, which one Deployment or service cannot (LeaderWorkerSet or Ray can)", r.MultiNode), "--emit",
			"use --emit command, or a plan within one computer")
	}
	image, ok := l.serve.Images[r.Backend]
	if !ok {
		return nil, wrong(fmt.Sprintf("no image of %s for %s is known", l.Engine, r.Backend), "--emit", "use --emit command")
	}
	c := &container{name: dnsName(r.Name), entrypoint: l.serve.Entrypoint, env: l.Env, port: l.serve.Port, health: l.serve.Health,
		mountAt: l.serve.Cache, shmGiB: l.serve.ShmGiB, devices: r.Devices}
	if c.image, err = l.release(image, r.Month); err != nil {
		return nil, err
	}
	if r.Devices > 0 {
		if c.vendor, ok = deploy.Vendors[r.Vendor]; !ok {
			return nil, wrong("no container platform's name is known for devices of "+quotedOr(r.Vendor), "--emit", "use --emit command")
		}
	}
	args := l.Args
	switch {
	case l.serve.Weights == kindFile && looksLikePath(l.Model):
		args = c.file(l, r)
	case l.serve.CacheEnv != "":
		c.env = append(slices.Clip(c.env), [2]string{l.serve.CacheEnv, c.mountAt})
	}
	if l.Projector != "" {
		args = c.projector(args, l.Projector)
	}
	c.args = append(c.args, l.serve.Args...)
	if len(args) > 0 && len(args[0]) == 1 && !isFlag(args[0][0]) { // the model comes first
		c.args = append(slices.Clone(args[0]), c.args...)
		args = args[1:]
	}
	for _, a := range args {
		c.args = append(c.args, a...)
	}
	c.sizes(r, deploy)
	for _, left := range l.Left {
		c.comments = append(c.comments, fmt.Sprintf("no flag for %s %s", left.Field, left.Value))
	}
	if r.WeightsNote != "" {
		c.comments = append(c.comments, r.WeightsNote)
	}
	if l.serve.Weights == kindHub && looksLikePath(l.Model) {
		c.comments = append(c.comments, "the folder "+l.Model+" must be mounted at the same path")
	}
	if l.serve.Weights == "pull" {
		c.comments = append(c.comments, "once it runs, load the model in the container: ollama run "+l.Model)
		if len(l.Parameters) > 0 {
			c.comments = append(c.comments, "or with these parameters: ollama create plimsoll -f Modelfile, with")
			c.comments = append(c.comments, strings.Split(strings.TrimSpace(l.modelfile()), "\n")...)
		}
	}
	return c, nil
}

// file mounts the folder of a GGUF file and points the command at it.
func (c *container) file(l *Line, r *Resources) [][]string {
	name := path.Base(filepath.ToSlash(l.Model))
	if r.ModelFile != "" {
		name = filepath.Base(r.ModelFile)
		c.hostFolder = filepath.Dir(r.ModelFile)
	} else {
		c.comments = append(c.comments, fmt.Sprintf("put %s into the volume mounted at %s", name, c.mountAt))
	}
	args := slices.Clone(l.Args)
	for i, a := range args {
		if len(a) == 2 && a[1] == l.Model {
			args[i] = []string{a[0], c.mountAt + "/" + name}
		}
	}
	return args
}

// projector points the command at a projector's file in the mounted folder.
func (c *container) projector(args [][]string, file string) [][]string {
	name := path.Base(filepath.ToSlash(file))
	if full, err := filepath.Abs(file); err != nil || filepath.Dir(full) != c.hostFolder {
		c.comments = append(c.comments, fmt.Sprintf("put %s into the volume mounted at %s", name, c.mountAt))
	}
	args = slices.Clone(args)
	for i, a := range args {
		if len(a) == 2 && a[1] == file {
			args[i] = []string{a[0], c.mountAt + "/" + name}
		}
	}
	return args
}

// release puts a version into an image's name: the newest that the rules know,
// or that of the month.
func (l *Line) release(image, month string) (string, error) {
	if !strings.Contains(image, "{version}") {
		return image, nil
	}
	version := ""
	for _, r := range l.table.Releases {
		if month == "" || r.Month <= month {
			version = r.Version
		}
	}
	if version == "" {
		return "", wrong("no release of "+l.Engine+" is known for "+month, "--emit", "leave the date out")
	}
	return strings.ReplaceAll(image, "{version}", version), nil
}

// sizes adds margins to what the estimate says of the host.
func (c *container) sizes(r *Resources, d *profiles.DeployTable) {
	c.memoryGiB = int(math.Ceil(max(r.HostGiB*(1+d.HostMargin), d.HostLeastGiB) + c.shmGiB))
	note := fmt.Sprintf("memory: %.1f GiB of main memory at the high end of the estimate, plus %.0f%%, at least %g GiB", r.HostGiB, 100*d.HostMargin, d.HostLeastGiB)
	if c.shmGiB > 0 {
		note += fmt.Sprintf(", and %g GiB of shared memory", c.shmGiB)
	}
	c.storeGiB = int(math.Ceil(r.WeightsGiB * (1 + d.StoreMargin)))
	c.cpus = d.CPUs + d.CPUsPerDev*r.Devices
	if r.Threads > 0 {
		c.cpus = r.Threads
	}
	c.comments = append(c.comments, note)
}

func quotedOr(s string) string {
	if s == "" {
		return "this kind"
	}
	return s
}

// dnsName makes a name that Kubernetes takes (RFC 1123 label).
func dnsName(s string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(s) {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			b.WriteRune(c)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 50 {
			break
		}
	}
	name := strings.Trim(b.String(), "-")
	if name == "" {
		return "model"
	}
	return name
}
