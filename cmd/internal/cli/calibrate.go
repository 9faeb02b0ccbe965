package cli

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll/plimsoll/cmd/internal/corpus"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator/fit"
	"github.com/plimsoll/plimsoll/profiles"
)

// calibrateOptions is what plimsoll calibrate was asked.
type calibrateOptions struct {
	write     string
	pipelines string
	from      []string
	dryRun    bool
	over      corpus.Overrides
}

func newCalibrate(a *app) *cobra.Command {
	var o calibrateOptions
	cmd := &cobra.Command{
		Use:   "calibrate",
		Short: "Fit the speed model to your own measurements, or anew to the published ones",
		Long: "With --from it refines the speed model for the machine that you measured: it reads\n" +
			"the output of llama-bench, llama-cli or llama-server, ollama run --verbose, vllm\n" +
			"bench serve or GuideLLM, and keeps what it learnt in your own folder. Every later\n" +
			"estimate for that hardware and engine rests on it and says so. Give all the files\n" +
			"you have at once: a later run for the same hardware and engine replaces it.\n\n" +
			"With --write it fits all parameters to the published measurements that come with\n" +
			"the tool, judges them with whole devices and whole models left out, and writes the\n" +
			"files of profiles/calibration: what a maintainer runs after the measurements, the\n" +
			"catalogues or the model changed. --pipelines does so for image, video, speech and\n" +
			"embedding models, with the files of profiles/pipelines; the two may be given\n" +
			"together. It takes minutes and gives the same bytes again.",
		Example: "  llama-bench -m model.gguf -o json > bench.json\n" +
			"  plimsoll calibrate --from bench.json\n" +
			"  plimsoll calibrate --from serve.json --on 2x rtx-4090-24gb --model qwen3-32b --dry-run\n" +
			"  plimsoll calibrate --write profiles/calibration\n" +
			"  plimsoll calibrate --pipelines profiles/pipelines",
		Args: cobra.NoArgs,
	}
	fs := cmd.Flags()
	fs.SetNormalizeFunc(normalize)
	fs.StringArrayVar(&o.from, "from", nil, "learn from the measurements in a file, - for stdin (repeatable)")
	fs.StringVarP(&o.over.Model, "model", "m", "", "with --from: the model that ran")
	fs.StringVarP(&o.over.Quant, "quant", "q", "", "with --from: the weight format that ran")
	fs.StringVar(&o.over.On, "on", "", "with --from: the hardware it ran on (default: as the file says, or local)")
	fs.StringVar(&o.over.Host, "host", "", "with --from: the CPU beside the accelerator")
	fs.StringVar(&o.over.Engine, "engine", "", "with --from: the engine that ran")
	fs.StringVar(&o.over.Backend, "backend", "", "with --from: the backend that ran")
	fs.StringVar(&o.over.EngineDate, "engine-date", "", "with --from: month of the engine's build")
	fs.BoolVar(&o.dryRun, "dry-run", false, "with --from: show what would be learnt, keep nothing")
	fs.StringVar(&o.write, "write", "", "folder to write the files of profiles/calibration to: parameters.json, groups.csv, crossvalidation.csv")
	fs.StringVar(&o.pipelines, "pipelines", "", "folder to write those of profiles/pipelines to: rates.json, crossvalidation.csv")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		for _, name := range []string{"write", "pipelines"} {
			switch folder := fs.Lookup(name).Value.String(); {
			case !fs.Changed(name):
			case len(o.from) > 0:
				return problem.Wrong(problem.Contradiction, "--from and --"+name+" do not go together", "plimsoll calibrate", "give one of them")
			case !isFolder(folder):
				return problem.Wrong(problem.BadValue, "no such folder", "--"+name+" "+folder, "make it first")
			}
		}
		switch {
		case len(o.from) > 0:
			return a.calibrateOwn(cmd.Context(), &o)
		case o.write != "" && o.pipelines != "" && filepath.Clean(o.write) == filepath.Clean(o.pipelines):
			return problem.Wrong(problem.Contradiction, "--write and --pipelines name one folder, and both write crossvalidation.csv", "plimsoll calibrate", "give each its own")
		case o.write == "" && o.pipelines == "":
			return problem.Wrong(problem.Usage, "nothing to learn from", "plimsoll calibrate", "give your measurements with --from FILE")
		}
		for _, name := range []string{"model", "quant", "on", "host", "engine", "backend", "engine-date", "dry-run"} {
			if fs.Changed(name) {
				return problem.Wrong(problem.Contradiction, "--"+name+" does not apply here", "plimsoll calibrate", "give --from FILE with it")
			}
		}
		if o.pipelines != "" { // what takes less time first
			if err := a.calibratePipelines(cmd.Context(), o.pipelines); err != nil {
				return err
			}
		}
		if o.write != "" {
			return a.calibrateAll(cmd.Context(), o.write)
		}
		return nil
	}
	return cmd
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// calibrateAll fits the published measurements of language models.
func (a *app) calibrateAll(ctx context.Context, folder string) error {
	c, err := corpus.Calibrate(ctx, scenario.NewStore(a.Facts), runtime.GOMAXPROCS(0), a.calibrating)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return problem.Failed("calibrating: " + err.Error())
	}
	return writeFiles("--write", folder, []calibrated{{"parameters.json", c.Parameters}, {"groups.csv", []byte(c.Groups)}, {"crossvalidation.csv", []byte(c.CrossValidation)}})
}

// calibratePipelines fits the published measurements of pipelines.
func (a *app) calibratePipelines(ctx context.Context, folder string) error {
	c, err := corpus.CalibratePipelines(a.calibrating)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return problem.Failed("calibrating: " + err.Error())
	}
	return writeFiles("--pipelines", folder, []calibrated{{"rates.json", c.Rates}, {"crossvalidation.csv", []byte(c.CrossValidation)}})
}

// calibrating says what is being done.
func (a *app) calibrating(s string) { fmt.Fprintln(a.Stderr, "plimsoll: "+s) }

// calibrated is a file that a calibration writes.
type calibrated struct {
	name string
	data []byte
}

func writeFiles(flag, folder string, files []calibrated) error {
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(folder, f.name), f.data, 0o644); err != nil {
			return problem.Wrong(problem.BadValue, "cannot write "+f.name, flag+" "+folder, "make the folder writable")
		}
	}
	return nil
}

// calibrateOwn learns from the user's measurements.
func (a *app) calibrateOwn(ctx context.Context, o *calibrateOptions) error {
	files, err := a.readBenchmarks(o.from)
	if err != nil {
		return err
	}
	store := scenario.NewStore(a.Facts)
	var examples []corpus.Example
	skip := func(s corpus.Skip) {
		where := s.Source
		if s.Line > 0 {
			where += fmt.Sprintf(":%d", s.Line)
		}
		fmt.Fprintln(a.Stderr, "plimsoll: skipped: "+problem.OneLine(strings.TrimSuffix(where+": "+s.What, ": ")+": "+s.Reason))
	}
	for _, f := range files {
		own, err := corpus.User(ctx, store, f, o.over)
		if err != nil {
			return err
		}
		ex, misses, err := corpus.OwnExamples(ctx, store, own.Rows)
		if err != nil {
			return err
		}
		for _, s := range own.Skipped {
			skip(s)
		}
		for _, m := range misses {
			skip(corpus.Skip{Source: m.Row.Source, What: corpus.What(m.Row), Reason: m.Reason})
		}
		examples = append(examples, ex...)
	}
	if len(examples) == 0 {
		return problem.Wrong(problem.NotEstimable, "no measurement in the files can be used", "--from "+strings.Join(o.from, " "), "see what was skipped")
	}
	// What was learnt before of the same hardware and engine is learnt anew,
	// not refined further: the same file twice must not count twice.
	table, err := profiles.Calibration()
	if err != nil {
		return problem.Failed("reading the calibration: " + err.Error())
	}
	_, cfg, err := profiles.Prior()
	if err != nil {
		return problem.Failed("reading the prior: " + err.Error())
	}
	obs := make([]*fit.Observation, len(examples))
	for i := range examples {
		obs[i] = examples[i].Judged
	}
	refined, err := fit.Refine(table, obs, cfg)
	if err != nil {
		return problem.Failed("calibrating: " + err.Error())
	}
	if len(refined.Groups) == 0 {
		return problem.Wrong(problem.NotEstimable, "the hardware has no id to keep what was learnt under", "--from "+strings.Join(o.from, " "), "name it with --on")
	}
	a.showRefined(examples, refined)
	if o.dryRun {
		return nil
	}
	have, err := profiles.UserCalibration()
	if err != nil {
		return problem.From(problem.BadFile, err)
	}
	have = have.Clone()
	for _, g := range refined.Groups {
		have.Groups[g] = refined.Table.Groups[g]
	}
	path, err := profiles.WriteUserCalibration(have)
	if err != nil {
		return problem.From(problem.BadFile, err)
	}
	fmt.Fprintf(a.out, "kept in %s\n", problem.OneLine(path))
	return nil
}

// showRefined lists what was measured and what the model says before and
// after, as rates relative to the measurement.
func (a *app) showRefined(examples []corpus.Example, r *fit.Refined) {
	fmt.Fprintf(a.out, "%-28s %-14s %-30s %10s %8s %8s\n", "model", "format", "measurement", "measured", "before", "after")
	var before, after []float64
	for i := range examples {
		row := examples[i].Row
		b, c := math.Expm1(-r.Before[i].Log), math.Expm1(-r.After[i].Log)
		before, after = append(before, math.Abs(b)), append(after, math.Abs(c))
		fmt.Fprintf(a.out, "%-28s %-14s %-30s %10.4g %+7.1f%% %+7.1f%%\n", problem.OneLine(row.Model), row.Weights, corpus.What(row), row.Value, 100*b, 100*c)
	}
	median := func(v []float64) float64 {
		slices.Sort(v)
		return 100 * (v[(len(v)-1)/2] + v[len(v)/2]) / 2
	}
	fmt.Fprintf(a.out, "median error %.1f%% before, %.1f%% after, on the measurements it was fitted to\n", median(before), median(after))
	for _, g := range r.Groups {
		fmt.Fprintf(a.out, "refined: %s from %d measurements\n", strings.Replace(g, "/device/", " on ", 1), r.Table.Groups[g].Rows)
	}
}
