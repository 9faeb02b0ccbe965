package cli

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/hardware/detect"
	"github.com/plimsoll/plimsoll/profiles"
)

// snapshotUsage explains --snapshot.
const snapshotUsage = "look at the files and command outputs of another machine in this folder (proc/cpuinfo, nvidia-smi-q-x.xml, lscpu.txt ...)"

// look detects this machine, or the one whose files lie in a folder.
func (a *app) look(ctx context.Context, snapshot string, trace *detect.Trace) (*detect.Report, error) {
	if snapshot == "" && trace == nil {
		r, err := a.Facts.Detect(ctx)
		if err != nil {
			return nil, problem.Failed("detecting this machine: " + err.Error())
		}
		return r, nil
	}
	r, err := detect.Local(ctx, detect.Options{Catalogue: profiles.Catalogue{}, Root: snapshot, Trace: trace})
	switch {
	case err == nil:
		return r, nil
	case snapshot != "":
		return nil, problem.Wrong(problem.BadFile, "not a readable folder", fmt.Sprintf("--snapshot %.200s", snapshot), "name a folder with the files of a machine")
	}
	return nil, problem.Failed("detecting this machine: " + err.Error())
}

func newHardwareDoctor(a *app) *cobra.Command {
	var output, snapshot string
	var full bool
	cmd := &cobra.Command{
		Use: "doctor", Short: "Show what was asked of the system and what it answered, for bug reports", Args: cobra.NoArgs,
		Long: "Show every question that detection asked of the system (files read, commands run, library calls),\n" +
			"how long each took, what it was answered, and what was concluded from it.\n\n" +
			"Serial numbers, UUIDs, hardware and network addresses, and the names of hosts and users are replaced\n" +
			"by stand-ins, so that the output can be put in a bug report; look through it before you do.",
		Example: "  plimsoll hardware doctor\n  plimsoll hardware doctor -o json > report.json\n  plimsoll hardware doctor --snapshot ./other-machine",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("output", output, "table", "json"); err != nil {
				return err
			}
			trace := new(detect.Trace)
			r, err := a.look(cmd.Context(), snapshot, trace)
			if err != nil {
				return err
			}
			in := report.DoctorInputs{Platform: runtime.GOOS + "/" + runtime.GOARCH, Snapshot: snapshot != "", Cgo: detect.Cgo}
			doc := report.NewDoctor(in, r, trace, detect.SystemRedactor(), report.Versions{Tool: toolVersion(), Data: a.Facts.DataVersion()})
			if output == "json" {
				return writeJSON(a.out, doc)
			}
			return a.writeDoctor(doc, full)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	cmd.Flags().StringVar(&snapshot, "snapshot", "", snapshotUsage)
	cmd.Flags().BoolVar(&full, "full", false, "whole answers, and every question of its kind")
	return cmd
}

// Limits of the table without --full.
const (
	doctorLines = 3   // of an answer
	doctorWidth = 110 // of a line
	doctorAlike = 2   // questions that differ in numbers alone
)

// writeDoctor prints the questions by source, then the conclusions.
func (a *app) writeDoctor(d *report.Doctor, full bool) error {
	cgo := "without cgo: libraries of drivers are not loaded"
	if d.Inputs.Cgo {
		cgo = "with cgo"
	}
	a.field("plimsoll", fmt.Sprintf("%s (data %s, %s, %s)", d.ToolVersion, d.DataVersion, d.Inputs.Platform, cgo))
	source, alike := "", map[string]int{}
	more := func() {
		for _, k := range slices.Sorted(maps.Keys(alike)) {
			if n := alike[k] - doctorAlike; n > 0 && !full {
				fmt.Fprintf(a.out, "  ... and %d more like %s\n", n, k)
			}
		}
		alike = map[string]int{}
	}
	for i := range d.Result.Questions {
		q := &d.Result.Questions[i]
		if q.Source != source {
			more()
			source = q.Source
			fmt.Fprintf(a.out, "\nasked by %s\n", source)
		}
		kind := digitRuns.ReplaceAllString(q.Kind+" "+q.What, "N")
		if alike[kind]++; alike[kind] > doctorAlike && !full {
			continue
		}
		a.writeQuestion(q, full)
	}
	more()
	if d.Result.Lost > 0 {
		fmt.Fprintf(a.out, "  ... and %d questions that were too many to keep\n", d.Result.Lost)
	}
	fmt.Fprintln(a.out, "\nfound")
	for _, f := range d.Result.Findings {
		fmt.Fprintf(a.out, "  %s: %s = %s\n", f.Source, f.What, f.Value)
	}
	for _, w := range d.Warnings {
		fmt.Fprintf(a.out, "  note: %s\n", w.Message)
	}
	fmt.Fprintln(a.out, "\nconcluded")
	if err := a.writeMachine(d.Result.Machine, "table"); err != nil {
		return err
	}
	for _, x := range d.Result.Recognised {
		a.field("recognised", fmt.Sprintf("%s (%s): %s", x.Name, x.Kind, x.Why))
	}
	return nil
}

var digitRuns = regexp.MustCompile(`[0-9]+`)

// writeQuestion prints one question with the beginning of its answer.
func (a *app) writeQuestion(q *report.DoctorQuestion, full bool) {
	outcome := fmt.Sprintf("%d bytes", q.Bytes)
	if q.Error != "" {
		outcome = q.Error
	}
	head := fmt.Sprintf("  %s %s: %s, %.1f ms", q.Kind, q.What, outcome, q.TookMs)
	lines := strings.Split(q.Answer, "\n")
	if q.Kind == "presence" || q.Kind == "folder" {
		fmt.Fprintf(a.out, "  %s %s: %s\n", q.Kind, q.What, firstOf(q.Error, q.Answer))
		return
	}
	fmt.Fprintln(a.out, head)
	if q.Answer == "" {
		return
	}
	for i, line := range lines {
		if i == doctorLines && !full {
			fmt.Fprintf(a.out, "      ... %d more lines\n", len(lines)-i)
			return
		}
		if r := []rune(line); len(r) > doctorWidth && !full {
			line = string(r[:doctorWidth]) + " ..."
		}
		fmt.Fprintf(a.out, "      %s\n", strings.TrimRight(line, "\r\t "))
	}
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
