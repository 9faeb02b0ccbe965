package detect

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/plimsoll/plimsoll/hardware"
)

// Catalogue turns what the machine calls its parts into the records of a
// catalogue. It is an interface because the catalogues live in a package that
// this one must not import. The string results say how the match was made and
// are shown to the user.
type Catalogue interface {
	// MatchDevice finds an accelerator by the name its driver reports, the
	// memory in bytes that the driver reports (0: not reported), the PCI id
	// ("10de:2684", may be empty) and the vendor ("NVIDIA").
	MatchDevice(name string, memoryBytes int64, pciID, vendor string) (*hardware.Device, string, bool)
	// MatchCPU finds a processor or board by name; cores is the number of
	// physical cores seen per socket (0: not known).
	MatchCPU(name string, cores int) (*hardware.CPU, string, bool)
	// AssumedCPU returns the generic record to assume for an unknown
	// processor, or nil.
	AssumedCPU(cores int, isa []string, vendor string) *hardware.CPU
}

// LinkCatalogue is a Catalogue that also knows what links devices have.
type LinkCatalogue interface {
	// MatchLink returns the link that joins count devices like d: its own
	// (direct), or PCI Express of d's generation and lanes. nil where the
	// catalogue has none.
	MatchLink(d *hardware.Device, count int, direct bool) *hardware.Link
}

// NamedCatalogue is a Catalogue that can also be asked for one device by its
// name in the catalogue.
type NamedCatalogue interface {
	// Device returns the device that a name means, nil when none or several.
	Device(name string) *hardware.Device
}

// Options says how to look. The zero value looks at this machine with no catalogue.
type Options struct {
	Catalogue Catalogue
	// Root is the root of the file system to read (/proc, /sys, /dev). It is
	// "/" when empty. With another root (a snapshot of a machine) only files
	// are read: no library is loaded and no command is run unless Sources
	// says so; outputs of commands that lie in the root under the commands'
	// names (nvidia-smi-q-x.xml) stand for running them.
	Root string
	// Sources are the places to look for accelerators, in order; the first
	// that finds any wins. Nil means the defaults of this system: a list for
	// each maker of accelerators.
	Sources []Source
	// SourceTimeout bounds each source; 0 means ten seconds.
	SourceTimeout time.Duration
	// Trace records every question that is asked, when set.
	Trace *Trace
}

// Source is one place that knows about accelerators: one adapter each.
type Source interface {
	// Name is what the report calls the source, for example "nvml".
	Name() string
	// Read returns what the source knows. ErrAbsent (wrapped) means that the
	// source does not exist on this machine, which is no failure. What was
	// read before an error counts.
	Read(ctx context.Context) (Reading, error)
}

// ErrAbsent says that a source is not there: no library, no command, no driver.
var ErrAbsent = errors.New("not present")

// Reading is what one source reported.
type Reading struct {
	Accelerators []Accelerator
	Driver       string // driver version, "" when not reported
	Topology     *Topology
	Notes        []string
}

// Finding is one fact as a source gave it.
type Finding struct {
	Source string `json:"source"` // nvml, nvidia-smi, cpuinfo, cgroup, smbios …
	What   string `json:"what"`   // for example "device 0 memory"
	Value  string `json:"value"`
}

// Report is the outcome of a detection.
type Report struct {
	Machine  *hardware.Machine `json:"machine"` // one node, Local set
	Findings []Finding         `json:"findings"`
	// Recognised are devices that were seen but are no part of Machine.
	Recognised []Recognised `json:"recognised,omitempty"`
	Storage    []Storage    `json:"storage,omitempty"`
	// Notes say, one line each, what was not found or not believed, and why.
	Notes []string `json:"notes,omitempty"`
}

// builder collects a report.
type builder struct {
	opts Options
	sys  *system
	os   string // of the machine described: linux, darwin, windows
	// What the firmware calls the board (device tree) and the product (DMI).
	board, product string
	compatible     string // the device tree's list of what the board is
	cores, cpuName string // the kinds of the processor's cores, and its name as reported
	count          int    // devices seen
	report         Report
}

// find records a fact; an empty value is none.
func (b *builder) find(source, what, value string) {
	if value != "" {
		b.report.Findings = append(b.report.Findings, Finding{source, what, value})
	}
}

func (b *builder) findf(source, what, format string, args ...any) {
	b.find(source, what, fmt.Sprintf(format, args...))
}

func (b *builder) note(format string, args ...any) {
	b.report.Notes = append(b.report.Notes, fmt.Sprintf(format, args...))
}

// Local detects the machine that Options.Root belongs to. What cannot be found
// is left zero and noted; an error means that nothing could be looked at (the
// root is no folder) or that ctx ended. It returns within a few seconds,
// whatever drivers and commands do.
func Local(ctx context.Context, opts Options) (*Report, error) {
	b := &builder{opts: opts, sys: newSystem(opts.Root, opts.Trace).as("host")}
	if st, err := os.Stat(b.sys.root); err != nil || !st.IsDir() {
		return nil, fmt.Errorf("detect: root %q is not a readable folder: give the root of a file system", b.sys.root)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	if b.os = runtime.GOOS; !b.sys.live {
		b.os = b.sys.capturedOS()
	}
	groups := []group{opts.Sources}
	if opts.Sources == nil {
		groups = defaultGroups(b.sys, b.os)
	}
	// The drivers may take their time: let them work while the files are read.
	readings := readGroups(ctx, groups, opts.SourceTimeout, func(name string) bool {
		return opts.Sources == nil && (!b.sys.live || name != "nvml" && name != "nvidia-smi")
	})
	host, err := b.hostWithin(ctx)
	if err != nil {
		return nil, err
	}
	var seen []seenDevice
	select {
	case all := <-readings:
		for _, r := range all {
			seen = append(seen, b.devices(r, &host, seen)...)
		}
		b.passedOver(seen)
		devices := b.choose(seen)
		unifiedHost(&host, devices)
		node := hardware.Node{Count: 1, Host: host, Devices: devices}
		node.Link = b.nodeLink(devices, topologyOf(all))
		b.report.Machine = &hardware.Machine{
			ID: "local", Name: machineName(&node), Nodes: []hardware.Node{node}, Local: true,
			Provenance: hardware.Provenance{Source: "detected on this machine"},
		}
		return &b.report, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("detect: %w", ctx.Err())
	}
}

// hostWithin reads the host, but does not wait for it forever: a file of a
// driver that hangs must not hang the command.
func (b *builder) hostWithin(ctx context.Context) (hardware.Host, error) {
	limit := b.opts.SourceTimeout
	if limit < defaultTimeout {
		limit = defaultTimeout // the host's files are not a source's
	}
	part := &builder{opts: b.opts, sys: b.sys, os: b.os}
	done := make(chan hardware.Host, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				part.note("host: the reader failed: %v", p)
				done <- hardware.Host{OS: part.os, Sockets: 1}
			}
		}()
		done <- part.host(ctx)
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case h := <-done:
		b.board, b.product, b.compatible, b.report = part.board, part.product, part.compatible, part.report
		b.cores, b.cpuName = part.cores, part.cpuName
		return h, nil
	case <-timer.C:
		b.note("host: the system's files did not answer within %s: processors and memory are not known", limit)
		return hardware.Host{OS: b.os, Sockets: 1}, nil
	case <-ctx.Done():
		return hardware.Host{}, fmt.Errorf("detect: %w", ctx.Err())
	}
}

// machineName says in a few words what the node is.
func machineName(n *hardware.Node) string {
	if len(n.Devices) == 0 {
		if n.Host.CPU.Name == "" {
			return "this machine"
		}
		return n.Host.CPU.Name
	}
	name, same := n.Devices[0].Name, 1
	for _, d := range n.Devices[1:] {
		if d.Name != name {
			return fmt.Sprintf("%s and %d more", name, len(n.Devices)-1)
		}
		same++
	}
	if same > 1 {
		return fmt.Sprintf("%dx %s", same, name)
	}
	return name
}
