package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/render"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/hardware/measure"
	"github.com/plimsoll/plimsoll/profiles"
)

// How long a measurement takes, about.
const (
	measureBudget = 9 * time.Second
	quickBudget   = 2500 * time.Millisecond
	quickArrays   = 256 << 20
)

// measureOptions is what plimsoll hardware measure was asked.
type measureOptions struct {
	output         string
	storage        string
	quick, dryRun  bool
	forget, noDisk bool
	noDevices      bool
	budget         time.Duration // hidden, for tests
}

func newHardwareMeasure(a *app) *cobra.Command {
	var o measureOptions
	cmd := &cobra.Command{
		Use: "measure", Short: "Measure this machine, so that its estimates rest on it", Args: cobra.NoArgs,
		Long: "Measure this machine in about ten seconds: memory bandwidth by number of threads (read, copy,\n" +
			"triad, counted as STREAM does), FP32 and INT8 arithmetic, caches, how fast a file is read, from\n" +
			"the drive and from the system's cache, and how fast NVIDIA devices are filled from the host's\n" +
			"memory, through the library of their driver alone. What was found is kept in your own folder\n" +
			"with its date and spread; estimates for this machine (--on local) then rest on it and say so,\n" +
			"and their intervals tighten. Leave the machine alone meanwhile.\n\n" +
			"To measure the drive, the largest file of the folder is read; where none is large enough, up to\n" +
			"256 MiB are written there, read, and removed.",
		Example: "  plimsoll hardware measure\n  plimsoll hardware measure --storage ~/models\n  plimsoll hardware measure --quick --dry-run -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("output", o.output, "table", "json", "yaml"); err != nil {
				return err
			}
			if o.forget {
				return a.forgetMeasured(cmd, &o)
			}
			return a.measure(cmd.Context(), &o)
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&o.output, "output", "o", "table", "table, json or yaml")
	fs.StringVar(&o.storage, "storage", "", "folder whose drive is measured, such as that of your models (default: your cache folder)")
	fs.BoolVar(&o.noDisk, "no-storage", false, "do not measure a drive")
	fs.BoolVar(&o.noDevices, "no-devices", false, "do not copy to NVIDIA devices, and do not load their driver's library")
	fs.BoolVar(&o.quick, "quick", false, "in about three seconds, less surely")
	fs.BoolVar(&o.dryRun, "dry-run", false, "keep nothing")
	fs.BoolVar(&o.forget, "forget", false, "remove what was measured before, measure nothing")
	fs.DurationVar(&o.budget, "budget", 0, "how long to measure")
	_ = fs.MarkHidden("budget") // the flag exists
	return cmd
}

// forgetMeasured removes the measurement.
func (a *app) forgetMeasured(cmd *cobra.Command, o *measureOptions) error {
	for _, f := range []string{"quick", "dry-run", "storage", "no-storage", "no-devices", "output"} {
		if cmd.Flags().Changed(f) {
			return problem.Wrong(problem.Contradiction, "--forget goes with no other flag", "--"+f, "leave one of them out")
		}
	}
	path, was, err := profiles.ForgetMeasured()
	switch {
	case err != nil:
		return problem.Wrong(problem.WriteFailed, "cannot be removed: "+problem.OneLine(err.Error()), "plimsoll hardware measure --forget", "check "+problem.OneLine(path))
	case !was:
		fmt.Fprintln(a.out, "nothing was measured before")
	default:
		fmt.Fprintf(a.out, "removed %s\n", problem.OneLine(path))
	}
	return nil
}

// measure measures, keeps and shows.
func (a *app) measure(ctx context.Context, o *measureOptions) error {
	folder, err := measuredFolder(o)
	if err != nil {
		return err
	}
	seen, err := a.Facts.Detect(ctx)
	if err != nil {
		return problem.Failed("detecting this machine: " + err.Error())
	}
	host := &seen.Machine.Nodes[0].Host
	opts := measure.Options{Budget: measureBudget, Storage: folder, AvailableBytes: host.AvailableBytes, Cores: host.UsableCores, Progress: a.progress()}
	if !o.noDevices {
		opts.Devices = deviceNamer(seen.Machine.Nodes[0].Devices)
	}
	if l := host.LimitBytes; l > 0 && (opts.AvailableBytes <= 0 || l < opts.AvailableBytes) {
		opts.AvailableBytes = l
	}
	if o.quick {
		opts.Budget, opts.ArrayBytes = quickBudget, quickArrays
	}
	if o.budget > 0 { // and no more memory than so short a time needs
		opts.Budget, opts.ArrayBytes = o.budget, 8<<20
	}
	run := a.Measure
	if run == nil {
		run = measure.Run
	}
	m, err := run(ctx, opts)
	a.progressDone()
	if err != nil {
		return err
	}
	m.Date, m.CPU, m.MemoryBytes = today(a.Getenv), host.CPUName(), host.MemoryBytes
	if err := a.writeMeasured(o, m); err != nil || o.dryRun {
		return err
	}
	path, err := profiles.WriteUserMeasured(m)
	if err != nil {
		return problem.Wrong(problem.WriteFailed, "cannot keep what was measured: "+problem.OneLine(err.Error()), path, "set PLIMSOLL_PROFILES to a folder that can be written, or give --dry-run")
	}
	fmt.Fprintln(a.Stderr, "plimsoll: kept in "+problem.OneLine(path))
	return nil
}

// deviceNamer returns what the detected machine calls a device that the driver
// of NVIDIA's calls by its own name; nil where no device of theirs has a memory
// of its own to be filled.
func deviceNamer(devices []*hardware.Device) func(reported string, memoryBytes int64) string {
	var names []string
	for _, d := range devices {
		if d.Vendor == "NVIDIA" && !d.Unified && !slices.Contains(names, d.Name) {
			names = append(names, d.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return func(reported string, memoryBytes int64) string {
		if slices.Contains(names, reported) {
			return reported
		}
		if d, _, ok := profiles.MatchDevice(reported, memoryBytes, "", "NVIDIA"); ok && slices.Contains(names, d.Name) {
			return d.Name
		}
		if len(names) == 1 { // a slice of it, or the same by another name
			return names[0]
		}
		return reported
	}
}

func (a *app) writeMeasured(o *measureOptions, m *hardware.Measured) error {
	if o.output == "yaml" {
		_, err := a.out.Write(profiles.WriteMeasured(m))
		return err
	}
	doc := report.NewMeasure(report.MeasureInputs{Quick: o.quick, Storage: !o.noDisk, Devices: !o.noDevices, DryRun: o.dryRun}, m,
		report.Versions{Tool: toolVersion(), Data: a.Facts.DataVersion()})
	if o.output == "json" {
		return writeJSON(a.out, doc)
	}
	return render.Measure(a.out, doc, a.style(false))
}

// measuredFolder is where a drive is measured, "" for nowhere.
func measuredFolder(o *measureOptions) (string, error) {
	switch {
	case o.noDisk && o.storage != "":
		return "", problem.Wrong(problem.Contradiction, "--storage and --no-storage do not go together", "plimsoll hardware measure", "give one of them")
	case o.noDisk:
		return "", nil
	case o.storage != "":
		info, err := os.Stat(o.storage)
		if err != nil || !info.IsDir() {
			return "", problem.Wrong(problem.BadValue, "no such folder", fmt.Sprintf("--storage %.200s", o.storage), "name the folder of your models")
		}
		return o.storage, nil
	}
	// Where downloaded models lie by default, below it.
	if dir, err := os.UserCacheDir(); err == nil {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			return dir, nil
		}
	}
	return os.TempDir(), nil
}

// today is the present day, or that of SOURCE_DATE_EPOCH.
func today(getenv func(string) string) string {
	now := time.Now()
	if s, err := strconv.ParseInt(getenv("SOURCE_DATE_EPOCH"), 10, 64); err == nil {
		now = time.Unix(s, 0)
	}
	return now.UTC().Format(time.DateOnly)
}

// progress shows on a terminal what is being done; nil elsewhere.
func (a *app) progress() func(string, float64) {
	if !a.stderrTerminal() {
		return nil
	}
	return func(what string, share float64) {
		fmt.Fprintf(a.Stderr, "\r\x1b[K%3.0f%% %s", 100*share, what)
	}
}

func (a *app) progressDone() {
	if a.stderrTerminal() {
		fmt.Fprint(a.Stderr, "\r\x1b[K")
	}
}

func (a *app) stderrTerminal() bool {
	f, ok := a.Stderr.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
