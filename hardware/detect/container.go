package detect

import (
	"path"
	"strings"
)

// container names what this process is kept in, "" on a plain machine: docker,
// podman, lxc, kubernetes, systemd-nspawn, wsl1, wsl2.
func (s *system) container() string {
	if rel := strings.ToLower(s.text("/proc/sys/kernel/osrelease")); strings.Contains(rel, "microsoft") {
		if strings.Contains(rel, "wsl2") || strings.Contains(rel, "standard") {
			return "wsl2"
		}
		return "wsl1"
	}
	if name := s.text("/run/systemd/container"); name != "" && len(name) < 32 {
		return name
	}
	switch {
	case s.exists("/.dockerenv"):
		return "docker"
	case s.exists("/run/.containerenv"):
		return "podman"
	case s.exists("/var/run/secrets/kubernetes.io/serviceaccount"):
		return "kubernetes"
	case s.exists("/dev/.lxc") || s.exists("/dev/lxd"):
		return "lxc"
	}
	for line := range strings.Lines(s.text("/proc/self/cgroup")) {
		_, p, _ := strings.Cut(line, "::")
		if p == "" {
			if f := strings.SplitN(line, ":", 3); len(f) == 3 {
				p = f[2]
			}
		}
		for _, kind := range [][2]string{{"kubepods", "kubernetes"}, {"docker", "docker"}, {"libpod", "podman"}, {"lxc", "lxc"}} {
			if strings.Contains(p, kind[0]) && !strings.Contains(path.Base(strings.TrimSpace(p)), ".service") {
				return kind[1]
			}
		}
	}
	// lxcfs puts files of its own over /proc.
	for line := range strings.Lines(s.text("/proc/self/mountinfo")) {
		if strings.Contains(line, " - fuse.lxcfs ") {
			return "lxc"
		}
	}
	return ""
}

// containerNotes says what being kept in something means for the figures.
func (b *builder) containerNotes() {
	kind := b.sys.container()
	b.find("system", "container", kind)
	switch kind {
	case "wsl1", "wsl2":
		b.note("WSL: Windows gives it half of the machine's memory unless .wslconfig says otherwise")
	case "lxc":
		b.note("LXC: memory and processors are those that the container is shown")
	}
}
