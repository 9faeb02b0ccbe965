package detect

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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

// Options says how to look. The zero value looks at this machine with no catalogue.
type Options struct {
	Catalogue Catalogue
	// Root is the root of the file system to read (/proc, /sys, /dev). It is
	// "/" when empty. With another root (a snapshot of a machine) only files
	// are read: no library is loaded and no command is run unless Sources
	// says so.
	Root string
	// Sources are the places to look for accelerators, in order; the first
	// that finds any wins. Nil means the defaults of this system.
	Sources []Source
	// SourceTimeout bounds each source; 0 means ten seconds (a driver that
	// has to wake eight devices takes several).
	SourceTimeout time.Duration
}

// Source is one place that knows about accelerators: one adapter each.
type Source interface {
	// Name is what the report calls the source, for example "nvml".
	Name() string
	// Read returns what the source knows. ErrAbsent (wrapped) means that the
	// source does not exist on this machine, which is no failure.
	Read(ctx context.Context) (Reading, error)
}

// ErrAbsent says that a source is not there: no library, no command, no driver.
var ErrAbsent = errors.New("not present")

// Reading is what one source reported.
type Reading struct {
	Accelerators []Accelerator
	Driver       string // driver version, "" when not reported
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
	// Notes say, one line each, what was not found or not believed, and why.
	Notes []string `json:"notes,omitempty"`
}

// builder collects a report.
type builder struct {
	opts Options
	root string
	live bool // the root is this machine's own
	// What the firmware calls the board (device tree) and the product (DMI).
	board, product string
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
// root is no folder) or that ctx ended.
func Local(ctx context.Context, opts Options) (*Report, error) {
	b := &builder{opts: opts, root: opts.Root}
	if b.root == "" {
		b.root = "/"
	}
	b.live = filepath.Clean(b.root) == "/" || runtime.GOOS == "windows" && opts.Root == ""
	if st, err := os.Stat(b.root); err != nil || !st.IsDir() {
		return nil, fmt.Errorf("detect: root %q is not a readable folder: give the root of a file system", b.root)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	sources := opts.Sources
	if sources == nil {
		sources = defaultSources(b.root, b.live)
	}
	// The driver may take its time: let it work while the files are read.
	readings := readSources(ctx, sources, opts.SourceTimeout)

	host := b.host(ctx)
	var devices []*hardware.Device
	select {
	case r := <-readings:
		devices = b.devices(r, &host)
	case <-ctx.Done():
		return nil, fmt.Errorf("detect: %w", ctx.Err())
	}
	if len(devices) == 0 {
		switch {
		case b.noteUndriven():
		case b.live && runtime.GOOS == "darwin":
			b.note("the GPU of a Mac is not read yet: name the chip with --on")
		default:
			b.note("no accelerator found: no NVIDIA driver answers and none is seen on the PCI bus")
		}
	}
	unifiedHost(&host, devices)
	node := hardware.Node{Count: 1, Host: host, Devices: devices, Link: nodeLink(devices)}
	b.report.Machine = &hardware.Machine{
		ID: "local", Name: machineName(&node), Nodes: []hardware.Node{node}, Local: true,
		Provenance: hardware.Provenance{Source: "detected on this machine"},
	}
	return &b.report, nil
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

// readSources asks the sources in turn, each under its own time limit, and
// sends the outcome once. A source that does not come back is left behind: a
// wedged driver must not hang the command.
func readSources(ctx context.Context, sources []Source, limit time.Duration) <-chan sourced {
	if limit <= 0 {
		limit = 10 * time.Second
	}
	out := make(chan sourced, 1)
	go func() {
		var r sourced
		for _, s := range sources {
			if r.ask(ctx, s, limit) {
				break
			}
		}
		out <- r
	}()
	return out
}

// sourced is the first reading that holds devices, with what the others said.
type sourced struct {
	source  string
	reading Reading
	notes   []string
}

// ask reads one source and reports whether it found devices.
func (r *sourced) ask(ctx context.Context, s Source, limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	type answer struct {
		reading Reading
		err     error
	}
	ch := make(chan answer, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				ch <- answer{err: fmt.Errorf("the reader failed: %v", p)}
			}
		}()
		reading, err := s.Read(ctx)
		ch <- answer{reading, err}
	}()
	select {
	case a := <-ch:
		r.notes = append(r.notes, a.reading.Notes...)
		if a.err != nil {
			r.notes = append(r.notes, s.Name()+": "+a.err.Error())
			return false
		}
		if len(a.reading.Accelerators) == 0 {
			return false
		}
		r.source, r.reading = s.Name(), a.reading
		return true
	case <-ctx.Done():
		r.notes = append(r.notes, fmt.Sprintf("%s: no answer within %s: left out", s.Name(), limit))
		return false
	}
}
