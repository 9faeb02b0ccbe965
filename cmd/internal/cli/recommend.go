package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll/plimsoll/cmd/internal/money"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/recommend"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
)

// recommendOptions is what plimsoll recommend was asked.
type recommendOptions struct {
	inputs    report.RecommendInputs // what is written into the document
	load      report.Load
	prices    money.Options
	priceList string
	from      string
	model     string // that hardware is for
	minDecode string
	maxTTFT   string
	accept    string
	exitZero  bool
	output    output
}

func newRecommend(a *app) *cobra.Command {
	var o recommendOptions
	cmd := &cobra.Command{
		Use:   "recommend [MODEL-FILTER…]",
		Short: "Which models suit this machine, or which hardware suits a model",
		Long: "Says which models and weight formats run well on this machine or another (--on),\n" +
			"by use (--use chat,code,reasoning,vision,ocr,embedding or all) and class, with\n" +
			"floors on context and speed. Nothing is shown that does not fit or misses a floor\n" +
			"at the pessimistic end of its interval. The ranking rule is printed: it weighs a\n" +
			"model's size, how new it is, what its format loses and how fast it answers, and\n" +
			"knows no benchmark scores.\n\n" +
			"With --for MODEL it says which hardware runs that model: the cheapest, the fastest\n" +
			"and the most efficient of the catalogue, in which number and how divided, within\n" +
			"what is required of speed, load (--rate, --concurrency, --slo) and figures.\n\n" +
			"For the first row it says what more bandwidth, memory or devices, another format\n" +
			"or another context would buy. Any fact can be changed: --set PATH=VALUE.\n\n" +
			"Exit code: 0 something is recommended, 1 nothing is, 2 the request is wrong.",
		Example: "  plimsoll recommend\n" +
			"  plimsoll recommend --on rtx-4090 --use code -c 64k --min-decode 30\n" +
			"  plimsoll recommend --on apple-m4-max-40c-64gb --use all --prefer speed --top 3\n" +
			"  plimsoll recommend --for qwen3-32b -q Q4_K_M -c 32k --min-decode 20\n" +
			"  plimsoll recommend --for llama-3.1-70b -q FP8 --rate 2/s --slo 'ttft_p95<=2s' --among l40s,h100,h200",
	}
	fs := cmd.Flags()
	fs.SetNormalizeFunc(normalize)
	flags := addScenarioFlags(fs)
	flags.repeatSet(setSeparator)
	for i := range flags.axes {
		if name := flags.axes[i].flag; name == "model" || name == "quant" {
			fs.Lookup(name).Value = &commaList{text: &flags.values[i]}
		}
	}
	fs.Lookup("model").Usage = "only these models, by id, alias, family or beginning of the id (repeatable)"
	fs.Lookup("quant").Usage = "only these weight formats"
	in := &o.inputs
	fs.StringVar(&o.model, "for", "", "recommend hardware for this model")
	fs.StringSliceVar(&in.Uses, "use", nil, "what for: chat, code, reasoning, vision, ocr, embedding, or all (default chat)")
	fs.StringSliceVar(&in.Classes, "class", nil, "class of model: llm, moe, multimodal, embedding, or language; several give a list each")
	fs.StringVar(&o.minDecode, "min-decode", "", "floor on decode speed in tok/s (default: that of the use)")
	fs.StringVar(&o.maxTTFT, "max-ttft", "", "most time to the first token, as 2s")
	fs.StringArrayVar(&in.Require, "require", nil, "a further floor such as 'prefill_tok_s >= 500' (repeatable)")
	fs.StringVar(&in.Prefer, "prefer", "balanced", "how speed weighs against size: balanced, quality or speed")
	fs.StringVar(&o.accept, "accept", "fits", "worst fit that is shown: fits, tight or offload")
	fs.IntVar(&in.Top, "top", 5, "rows of each list")
	fs.StringVar(&in.Goal, "goal", "", "with --for: cheapest, fastest or efficient (default: a list of each)")
	fs.StringSliceVar(&in.Among, "among", nil, "with --for: only this hardware")
	fs.StringVar(&o.priceList, "price-list", "", "with --for: only hardware in this price file (YAML, see plimsoll schema price-file)")
	addTrafficFlags(fs, &o.load)
	money.AddFlags(fs, &o.prices)
	fs.BoolVar(&in.NoSensitivity, "no-sensitivity", false, "leave out what changes would buy")
	fs.StringVar(&o.from, "from", "", "take the inputs from a saved recommendation (JSON file, - for stdin)")
	fs.BoolVar(&o.exitZero, "exit-zero", false, "exit with 0 also when nothing is recommended")
	o.output.addFlags(fs, caseFormsHelp)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		in.Scenario = scenario.New()
		if o.from != "" {
			if err := a.readRecommended(&o, fs); err != nil {
				return err
			}
		}
		if err := o.settle(flags, args); err != nil {
			return err
		}
		return a.recommend(cmd.Context(), &o)
	}
	return cmd
}

// settle turns flags into inputs.
func (o *recommendOptions) settle(flags *scenarioFlags, args []string) error {
	in := &o.inputs
	var models []string
	for _, arg := range args {
		models = append(models, strings.Split(arg, ",")...)
	}
	for i := range flags.axes {
		if !flags.given(i) {
			continue
		}
		switch ax := &flags.axes[i]; ax.flag {
		case "model":
			models = append(models, strings.Split(flags.values[i], ",")...)
		case "quant":
			in.Formats = strings.Split(flags.values[i], ",")
		default:
			if err := ax.apply(&in.Scenario, flags.values[i]); err != nil {
				return err
			}
		}
	}
	if models != nil {
		in.Models = models
	}
	if o.model != "" {
		in.Scenario.Model = o.model
	}
	for _, f := range []struct {
		flag, text string
		dim        units.Dimension
		to         *float64
	}{{"min-decode", o.minDecode, units.Rate, &in.MinDecodeTokS}, {"max-ttft", o.maxTTFT, units.Time, &in.MaxTTFTMs}} {
		if f.text == "" {
			continue
		}
		v, dim, err := units.Parse(f.text)
		if err != nil || dim != "" && dim != f.dim || !(v > 0) {
			return problem.Wrong(problem.BadValue, fmt.Sprintf("%.40q is no such limit", f.text), "--"+f.flag, "write --min-decode 20 or --max-ttft 2s")
		}
		*f.to = v
	}
	if err := oneOf("accept", o.accept, "fits", "tight", "offload"); err != nil {
		return err
	}
	if in.Accept == "" || flags.flags.Changed("accept") {
		in.Accept = map[string]estimator.Verdict{"fits": estimator.Fits, "tight": estimator.Tight, "offload": estimator.FitsOffload}[o.accept]
	}
	if err := oneOf("prefer", in.Prefer, "balanced", "quality", "speed"); err != nil {
		return err
	}
	if in.Top < 1 || in.Top > 1000 {
		return problem.Wrong(problem.BadValue, "top is out of range", fmt.Sprintf("--top %d", in.Top), "use a number from 1 to 1000")
	}
	if in.Goal != "" {
		if err := oneOf("goal", in.Goal, "cheapest", "fastest", "efficient"); err != nil {
			return err
		}
	}
	for _, c := range in.Classes {
		if recommend.Classes[c] == nil {
			return oneOf("class", c, "llm", "moe", "multimodal", "embedding", "language")
		}
	}
	if in.Scenario.Model != "" {
		return o.settleHardware(flags)
	}
	return o.settleModels()
}

// settleModels checks what is of no use without --for.
func (o *recommendOptions) settleModels() error {
	in, l := &o.inputs, &o.load
	if len(in.Uses) == 0 {
		in.Uses = []string{"chat"}
	}
	if l.Concurrency > 0 { // users at once are sequences in flight
		in.Scenario.Batch = l.Concurrency
	}
	switch {
	case in.Goal != "" || len(in.Among) > 0 || o.priceList != "":
		return problem.Wrong(problem.Usage, "goals and price lists are of hardware", "plimsoll recommend", "name a model with --for")
	case l.Rate != "" || len(l.Objectives) > 0:
		return problem.Wrong(problem.Usage, "a load is of hardware for a model", "plimsoll recommend", "name the model with --for, or give the sequences in flight with --batch")
	}
	in.Load, in.Prices = nil, nil
	return nil
}

// settleHardware checks what is of no use with --for, and settles the work: as
// in check, a whole request.
func (o *recommendOptions) settleHardware(flags *scenarioFlags) error {
	in := &o.inputs
	switch {
	case len(in.Uses) > 0 || len(in.Classes) > 0 || len(in.Models) > 0:
		return problem.Wrong(problem.Contradiction, "uses, classes and models are chosen for a machine, and the model is given", "--for", "leave them out")
	case in.Scenario.On != "":
		return problem.Wrong(problem.Contradiction, "the hardware is to be found, and --on names it", "--for", "use --among, or plimsoll check")
	case len(in.Formats) > 1:
		return problem.Wrong(problem.Usage, "several weight formats at once", "--quant", "give one: formats are chosen for a machine, not the other way round")
	}
	in.Uses, in.Classes, in.Models = nil, nil, nil
	s := &in.Scenario
	s.PromptAssumed = false
	if s.Context == 0 {
		s.Context, s.ContextAssumed = max(scenario.DefaultContext, s.InputTokens+s.OutputTokens+s.Depth), true
	}
	if o.load.Rate != "" || o.load.Concurrency > 0 || len(o.load.Objectives) > 0 {
		in.Load = &o.load
	}
	if o.priceList != "" {
		o.prices.PriceFile, o.prices.OwnPrices, in.Priced = o.priceList, true, true
	}
	in.Prices = &o.prices
	return nil
}

// recommend makes one document.
func (a *app) recommend(ctx context.Context, o *recommendOptions) error {
	if err := o.output.checkForm(); err != nil {
		return err
	}
	advisor, err := recommend.NewAdvisor(a.Facts, a.Estimate)
	if err != nil {
		return err
	}
	in := &o.inputs
	if len(in.Uses) == 1 && in.Uses[0] == "all" {
		in.Uses = advisor.AllUses()
	}
	doc := &report.Recommend{Schema: report.RecommendSchema, SchemaVersion: report.SchemaVersion,
		ToolVersion: toolVersion(), DataVersion: a.Facts.DataVersion(), Inputs: *in}
	if in.Scenario.Model == "" {
		err = advisor.ModelsFor(ctx, doc)
	} else {
		err = a.recommendHardware(ctx, advisor, doc)
	}
	if err != nil {
		return err
	}
	if err := advisor.Finish(ctx, doc); err != nil {
		return err
	}
	if err := a.writeForm(&o.output, doc, formOptions{failOn: report.FailNo}); err != nil {
		return err
	}
	if !o.exitZero && !doc.Answered() {
		a.exit = problem.ExitNo
	}
	return nil
}
