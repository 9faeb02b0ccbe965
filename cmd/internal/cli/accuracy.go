package cli

import (
	"bufio"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plimsoll/plimsoll/cmd/internal/accuracy"
	"github.com/plimsoll/plimsoll/cmd/internal/corpus"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/render"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
)

// accuracyOptions is what plimsoll accuracy was asked.
type accuracyOptions struct {
	in      accuracy.Inputs
	quality string
	class   string
	by      string
	output  string
	noColor bool
}

// maxWorst bounds the list of the worst rows: beyond the rows there are.
const maxWorst = 100_000

func newAccuracy(a *app) *cobra.Command {
	var o accuracyOptions
	cmd := &cobra.Command{
		Use:   "accuracy",
		Short: "How far the estimates are from measurements, published ones or your own",
		Long: "How far the estimates are from measurements, and why one should believe\n" +
			"them. Each published measurement is judged by parameters that were fitted without\n" +
			"all measurements of its device (or its model): what an estimate for hardware that\n" +
			"nobody measured is worth. Beside ours stands the error of a rule of thumb.\n\n" +
			"Models of other classes than language (image, video, speech, embedding) are one\n" +
			"table at the end; --class names some to group in full. --metric memory holds\n" +
			"what their jobs take against measured peaks.\n\n" +
			"With --from it compares your own measurements instead: the output of llama-bench,\n" +
			"llama-cli or llama-server, ollama run --verbose, vllm bench serve, GuideLLM.\n" +
			"--model, --quant, --on, --host, --engine, --backend and --engine-date then settle\n" +
			"what that output does not say. Nothing is fitted to them.",
		Example: "  plimsoll accuracy\n" +
			"  plimsoll accuracy --engine llama.cpp --kind apple --by device,model\n" +
			"  plimsoll accuracy --held-out model --metric decode --worst 20\n" +
			"  plimsoll accuracy --class text-to-image --by engine,device\n" +
			"  plimsoll accuracy --metric memory\n" +
			"  llama-bench -m model.gguf -o json | plimsoll accuracy --from -",
		Args: cobra.NoArgs,
	}
	fs := cmd.Flags()
	fs.SetNormalizeFunc(normalize)
	in := &o.in
	fs.StringVar(&in.HeldOut, "held-out", accuracy.HeldDevice, "what the fit that judges a row has not seen: device or model")
	fs.StringVar(&o.quality, "quality", "A,B", "care of the sources: A controlled, B credible, C settings unknown")
	fs.StringVar(&o.class, "class", "", "only these classes of models: "+strings.Join(accuracy.ModelClasses[:], ", "))
	fs.StringVar(&o.by, "by", "", "group by: "+strings.Join(accuracy.AllDimensions(), ", "))
	fs.StringVar(&in.Metric, "metric", "", "only this: decode, prefill, or of servers tpot, ttft, throughput; of other classes memory")
	fs.StringVar(&in.Engine, "engine", "", "only this engine; with --from: the engine that ran")
	fs.StringVar(&in.Backend, "backend", "", "only this backend; with --from: the backend that ran")
	fs.StringVar(&in.Device, "device", "", "only this device")
	fs.StringVarP(&in.Model, "model", "m", "", "only this model; with --from: the model that ran")
	fs.StringVar(&in.Kind, "kind", "", "only this kind of device: CPU, Apple, \"NVIDIA consumer\" …")
	fs.IntVar(&in.Worst, "worst", 10, "how many of the worst rows to list")
	fs.StringArrayVar(&in.From, "from", nil, "compare the measurements in a file, - for stdin (repeatable)")
	fs.StringVarP(&in.Quant, "quant", "q", "", "with --from: the weight format that ran")
	fs.StringVar(&in.On, "on", "", "with --from: the hardware it ran on (default: as the file says, or local)")
	fs.StringVar(&in.Host, "host", "", "with --from: the CPU beside the accelerator")
	fs.StringVar(&in.EngineDate, "engine-date", "", "with --from: month of the engine's build")
	fs.StringVarP(&o.output, "output", "o", "table", "table, json or markdown")
	fs.BoolVar(&o.noColor, "no-color", false, "no colours (as with NO_COLOR)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := o.check(fs); err != nil {
			return err
		}
		if len(in.From) > 0 {
			return a.accuracyOwn(cmd.Context(), &o)
		}
		return a.accuracyPublished(cmd.Context(), &o)
	}
	return cmd
}

// check reads the lists and refuses values that are not known and flags that
// do not go together.
func (o *accuracyOptions) check(fs *pflag.FlagSet) error {
	if err := oneOf("output", o.output, "table", "json", "markdown"); err != nil {
		return err
	}
	in := &o.in
	if err := oneOf("held-out", in.HeldOut, accuracy.HeldDevice, accuracy.HeldModel); err != nil {
		return err
	}
	if in.Metric != "" {
		if err := oneOf("metric", in.Metric, append(accuracy.Classes[:], accuracy.Memory)...); err != nil {
			return err
		}
	}
	if in.Worst < 0 || in.Worst > maxWorst {
		return problem.Wrong(problem.BadValue, "worst is out of range", "--worst", fmt.Sprintf("use a number from 0 to %d", maxWorst))
	}
	var err error
	if in.Quality, err = listOf("quality", strings.ToUpper(o.quality), "A", "B", "C"); err != nil {
		return err
	}
	if len(in.Quality) == 0 {
		return problem.Wrong(problem.BadValue, "no quality given", "--quality", "use some of A, B, C")
	}
	own := len(in.From) > 0
	if in.Class, err = listOf("class", strings.ToLower(o.class), accuracy.ModelClasses[:]...); err != nil {
		return err
	}
	if fs.Changed("by") || own { // else as suits what is left
		if in.By, err = listOf("by", o.by, o.dimensions()...); err != nil {
			return err
		}
	}
	for _, name := range []string{"model", "quant", "on", "host", "engine", "backend", "engine-date", "device", "kind", "class"} {
		if fs.Changed(name) && fs.Lookup(name).Value.String() == "" {
			return problem.Wrong(problem.BadValue, "the value is empty", "--"+name, "leave the flag out, or name something")
		}
	}
	refused, why := []string{"quant", "on", "host", "engine-date"}, "it says what is in your own files; give --from FILE with it"
	if own {
		refused, why = []string{"held-out", "quality", "device", "kind", "class", "worst"}, "it chooses among the published measurements; leave it or --from out"
	}
	for _, name := range refused {
		if fs.Changed(name) {
			return problem.Wrong(problem.Contradiction, "--"+name+" does not apply here", "plimsoll accuracy", why)
		}
	}
	if err := o.classes(); err != nil {
		return err
	}
	if own {
		in.HeldOut, in.Quality, in.Worst = "", nil, 0
		if n := slices.Index(in.From, "-"); n >= 0 && slices.Contains(in.From[n+1:], "-") {
			return problem.Wrong(problem.Contradiction, "stdin is given twice", "--from -", "give it once")
		}
	}
	return nil
}

// listOf reads a comma-separated list of choices, each once, in their order.
func listOf(flag, text string, choices ...string) ([]string, error) {
	chosen := map[string]bool{}
	for _, v := range strings.Split(text, ",") {
		if v = strings.TrimSpace(v); v == "" {
			continue
		}
		if err := oneOf(flag, v, choices...); err != nil {
			return nil, err
		}
		chosen[v] = true
	}
	out := []string{}
	for _, c := range choices {
		if chosen[c] {
			out = append(out, c)
		}
	}
	return out, nil
}

// accuracyPublished judges the published measurements.
func (a *app) accuracyPublished(ctx context.Context, o *accuracyOptions) error {
	if err := a.accuracyNames(ctx, o); err != nil {
		return err
	}
	cases, err := a.accuracyCases(ctx, o)
	if err != nil {
		return err
	}
	if k := o.in.Kind; k != "" {
		known := cases.Kinds()
		i := slices.IndexFunc(known, func(s string) bool { return strings.EqualFold(s, strings.ReplaceAll(k, "-", " ")) })
		if i < 0 {
			return problem.Wrong(problem.BadValue, fmt.Sprintf("no measurement of the kind %.60q", k), "--kind", "use one of "+strings.Join(known, ", "))
		}
		o.in.Kind = known[i]
	}
	doc := accuracy.New(cases, o.in, report.Versions{Tool: toolVersion(), Data: a.Facts.DataVersion()})
	if doc.Rows.Judged == 0 {
		return problem.Wrong(problem.NotEstimable, "no published measurement is left by these filters", "plimsoll accuracy",
			"leave one out, or take in all sources with --quality A,B,C")
	}
	return a.writeAccuracy(doc, o)
}

// accuracyOwn judges the user's own measurements.
func (a *app) accuracyOwn(ctx context.Context, o *accuracyOptions) error {
	files, err := a.readBenchmarks(o.in.From)
	if err != nil {
		return err
	}
	in := &o.in
	cases, skipped, assumed, err := accuracy.Own(ctx, scenario.NewStore(a.Facts), files,
		corpus.Overrides{Model: in.Model, Quant: in.Quant, On: in.On, Host: in.Host, Engine: in.Engine, Backend: in.Backend, EngineDate: in.EngineDate}, a.Estimate)
	if err != nil {
		return err
	}
	doc := accuracy.NewOwn(cases, skipped, assumed, *in, report.Versions{Tool: toolVersion(), Data: a.Facts.DataVersion()})
	if o.output == "table" {
		for i := range doc.Skipped {
			fmt.Fprintf(a.Stderr, "plimsoll: skipped: %s\n", problem.OneLine(render.SkippedText(&doc.Skipped[i])))
		}
	}
	if doc.Rows.Judged > 0 {
		return a.writeAccuracy(doc, o)
	}
	what, hint := "no measurement in the files can be compared", "see what was skipped"
	if n := len(doc.Skipped); n == 0 {
		hint = "give the output of a benchmark that ran"
	} else if n == 1 || o.output != "table" {
		hint = doc.Skipped[n-1].Reason
	}
	if o.output != "table" { // a report that was asked for is written before the error
		if err := a.writeAccuracy(doc, o); err != nil {
			return err
		}
	}
	return problem.Wrong(problem.NotEstimable, what, "--from "+strings.Join(in.From, " "), hint)
}

func (a *app) writeAccuracy(doc *accuracy.Report, o *accuracyOptions) error {
	w := bufio.NewWriter(a.out)
	var err error
	switch o.output {
	case "json":
		err = writeJSON(w, doc)
	case "markdown":
		err = render.AccuracyMarkdown(w, doc)
	default:
		err = render.AccuracyTable(w, doc, a.style(o.noColor))
	}
	if err != nil {
		return err
	}
	return w.Flush()
}
