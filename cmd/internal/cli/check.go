package cli

import (
	"context"
	"encoding/json"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plimsoll/plimsoll/cmd/internal/cmdline"
	"github.com/plimsoll/plimsoll/cmd/internal/money"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/require"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
)

// checkOptions is what plimsoll check was asked.
type checkOptions struct {
	scenario scenario.Scenario
	from     string
	require  []string
	failOn   string
	exitZero bool
	explain  bool
	changes  bool // what they would buy
	output   output
	load     report.Load
	prices   money.Options
	command  commandOptions
}

func newCheck(a *app) *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:   "check MODEL",
		Short: "Does this model fit this machine, how fast does it run, and why",
		Long: "Does this model fit this machine, how fast does it run, and why.\n\n" +
			"MODEL is a catalogue id or alias, a GGUF file, a safetensors file or folder, a\n" +
			"Hugging Face config.json, or a bare size such as 3B or 30B-A3B; or a model of\n" +
			"images, video, speech or embedding, of which the time of a whole job is told.\n" +
			"With --rate, --concurrency or --trace it says what users see under that load; a load\n" +
			"that is not carried, or an objective (--slo) missed, is a no.\n" +
			"Exit code: 0 yes, 1 no, 2 the request is wrong, 3 our failure (help exit-codes).",
		Example: "  plimsoll check llama-3.1-8b --quant Q4_K_M\n" +
			"  plimsoll check llama-3.1-70b -q FP8 --on \"8x h100\" --engine vllm --rate 5/s --slo 'ttft_p95<=1s'\n" +
			"  plimsoll check flux.1-dev --on rtx-3060-12gb --size 1024x1024 --steps 28\n" +
			"  plimsoll check whisper-small --on raspberry-pi-5-8gb --audio-seconds 60\n" +
			"  plimsoll check deepseek-v3 --on \"8x h200-sxm\" --engine vllm --tp 8\n" +
			"  plimsoll check model.gguf --on raspberry-pi-5-8gb --require 'decode_tok_s >= 5'\n" +
			"  plimsoll check --from-command \"llama-server -m model.gguf -ngl 99 -c 32768 -fa on\"\n" +
			"  plimsoll check llama-3.1-8b --engine vllm -c 8k --on l40s --emit k8s",
	}
	fs := cmd.Flags()
	fs.SetNormalizeFunc(normalize)
	flags := addScenarioFlags(fs)
	flags.repeatSet(setSeparator)
	addLoadFlags(fs, &o.load)
	money.AddFlags(fs, &o.prices)
	fs.StringVar(&o.from, "from", "", "take the inputs from a saved check (JSON file, - for stdin)")
	o.command.addFlags(fs)
	fs.StringArrayVar(&o.require, "require", nil, "a gate such as 'decode_tok_s >= 20' or 'total_gib@central < 22' (repeatable)")
	fs.StringVar(&o.failOn, "fail-on", "no", "what exit code 1 means: no, tight or unsure")
	fs.BoolVar(&o.exitZero, "exit-zero", false, "exit with 0 also when the answer is no")
	fs.BoolVar(&o.explain, "explain", false, "show how each figure came about")
	fs.BoolVar(&o.changes, "sensitivity", false, "say what more bandwidth, compute, memory or devices, another format or context would buy")
	o.output.addFlags(fs, caseFormsHelp)
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 && (o.from != "" || o.command.given() || fs.Changed("model")) {
			return nil
		}
		return oneArg("model", "plimsoll check llama-3.1-8b")(cmd, args)
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.scenario = scenario.New()
		if o.from != "" {
			if err := a.readInputs(&o, fs); err != nil {
				return err
			}
		} else {
			// A check is of a whole request: its prompt lies in the cache when
			// the answer begins, also when its length is our default.
			o.scenario.PromptAssumed = false
		}
		if err := o.command.check(&o, fs); err != nil {
			return err
		}
		if o.command.given() {
			if err := a.fill(&o.command, &o.scenario, flags, strings.Join(args, "")); err != nil {
				return err
			}
		}
		if err := o.command.override(&o.scenario, func() error {
			if len(args) == 1 {
				if fs.Changed("model") {
					return problem.Wrong(problem.Contradiction, "the model is given twice", "--model", "give it once")
				}
				o.scenario.Model = args[0]
			}
			return flags.one(&o.scenario)
		}); err != nil {
			return err
		}
		return a.check(cmd.Context(), &o)
	}
	return cmd
}

// check runs one check.
func (a *app) check(ctx context.Context, o *checkOptions) error {
	if err := o.output.checkForm(); err != nil {
		return err
	}
	if err := oneOf("fail-on", o.failOn, "no", "tight", "unsure"); err != nil {
		return err
	}
	gates := make([]*require.Requirement, len(o.require))
	for i, text := range o.require {
		var err error
		if gates[i], err = require.Parse(text); err != nil {
			return err
		}
	}
	// What most checks read is read beside the rest; what is wrong with it
	// comes up where it is asked for.
	go a.Facts.Calibration() //nolint:errcheck // see above
	go a.Facts.Formats()     //nolint:errcheck // see above
	var p scenario.Prepared
	resolver := scenario.NewResolver(scenario.NewStore(a.Facts))
	resolver.Unlike = true
	if err := resolver.Resolve(ctx, &o.scenario, &p); err != nil {
		return err
	}
	if p.Request.Pipeline != nil {
		if err := o.ofPipeline(&p); err != nil {
			return err
		}
	}
	p.Request.Explain, p.Request.Answers = o.explain, true
	room := roomOf(&p)
	book, err := money.Open(&o.prices, a.Getenv)
	if err != nil {
		return err
	}
	asked := o.scenario
	asked.InputTokens += p.Request.Workload.SeenTokens
	load, objectives, err := loadOf(&o.load, &asked)
	if err != nil {
		return err
	}
	terms, offer, err := book.Terms(p.Request.Machine)
	if err != nil {
		return err
	}
	whole := p.Request.Machine.Devices()
	div, err := plan(&o.load, &p, load, objectives, terms.RentPerHour(whole))
	if err != nil {
		return err
	}
	load = div.load
	if div.pools != nil { // all else is about the largest
		share := float64(p.Request.Machine.Devices()) / float64(whole)
		if terms, offer, err = book.Share(share).Terms(p.Request.Machine); err != nil {
			return err
		}
	}
	p.Request.Terms = terms
	result, err := a.Estimate(&p.Request)
	if err != nil {
		return problem.From(problem.BadValue, err)
	}
	if load != nil && load.Concurrency > 1 && o.scenario.Batch <= 1 && result.Verdict == estimator.DoesNotFit && p.Request.Engine.Serves() {
		// A server lets users wait for whom there is no room.
		p.Request.Workload.Batch, p.Inputs.Batch = 1, 1
		if result, err = a.Estimate(&p.Request); err != nil {
			return problem.From(problem.BadValue, err)
		}
	}
	versions := report.Versions{Tool: toolVersion()}
	if o.output.form != "table" { // which has no room for it, and it takes a while
		versions.Data = a.Facts.DataVersion()
	}
	doc := report.NewCheck(&p, result, versions)
	doc.Prices, doc.Result.Offer, doc.Command = &o.prices, offer, o.command.read
	doc.Result.Room = room
	doc.Weighed(div.plans)
	if div.pools != nil {
		doc.Shared(div.pools)
	}
	if load != nil {
		doc.Load = &o.load
		if err := serve(doc, &p.Request, result, load, objectives); err != nil {
			return err
		}
	}
	if o.changes {
		if err := a.sensitivity(ctx, doc); err != nil {
			return err
		}
	}
	var gateErr error
	for _, g := range gates {
		r, err := g.Judge(doc)
		if err != nil {
			if gateErr == nil {
				gateErr = err
			}
			continue
		}
		doc.Requirements = append(doc.Requirements, r)
	}
	if o.command.emit != "" {
		if gateErr != nil {
			return gateErr
		}
		return a.emit(ctx, o, doc, &p, result)
	}
	if err := a.writeForm(&o.output, doc, formOptions{failOn: report.FailOn(o.failOn)}); err != nil {
		return err
	}
	if gateErr != nil {
		return gateErr
	}
	if !o.exitZero {
		a.exit = checkExit(doc, o.failOn)
	}
	return nil
}

// checkExit says whether the answer is yes. failOn is cumulative: tight
// fails what no fails, unsure what both do.
func checkExit(c *report.Check, failOn string) int {
	no := c.Result.Verdict == estimator.DoesNotFit
	if c.Result.Verdict == estimator.Tight && failOn != "no" {
		no = true
	}
	if u := c.Result.UnderLoad; u != nil {
		no = no || !u.Stable
		for _, m := range u.Objectives {
			no = no || !m.Met || m.Unsure && failOn == "unsure"
		}
	}
	if p := c.Result.Pools; p != nil && c.Load != nil {
		no = no || !p.Stable
	}
	for _, r := range c.Requirements {
		if r.Outcome == report.Fail || r.Outcome == report.Unsure && failOn == "unsure" {
			no = true
		}
	}
	if no {
		return problem.ExitNo
	}
	return problem.ExitYes
}

// writeJSON writes a document, indented, without escaping what needs no escape.
func writeJSON(w io.Writer, doc any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(doc)
}

// maxSaved bounds a saved check that is read back.
const maxSaved = 16 << 20

// readInputs reads the inputs of a saved check, with its load and prices, or a
// bare scenario. What is given beside it takes their place.
func (a *app) readInputs(o *checkOptions, fs *pflag.FlagSet) error {
	var text json.RawMessage
	if err := a.readSaved(o.from, "saved check", "plimsoll check --output json", maxSaved, &text); err != nil {
		return err
	}
	var saved struct {
		Inputs  json.RawMessage  `json:"inputs"`
		Load    *report.Load     `json:"load"`
		Prices  *money.Options   `json:"prices"`
		Command *cmdline.Command `json:"command"`
	}
	if err := json.Unmarshal(text, &saved); err != nil {
		return problem.Wrong(problem.BadFile, "the saved check is not one", "--from "+o.from, "give a file that plimsoll check --output json wrote")
	}
	again := given(fs)
	if saved.Inputs != nil {
		text = saved.Inputs
	}
	if saved.Load != nil {
		o.load = *saved.Load
	}
	if saved.Prices != nil {
		o.prices = *saved.Prices
	}
	o.command.read = saved.Command
	if err := scenario.NewDecoder().Decode(text, &o.scenario); err != nil {
		return err
	}
	if o.load.Plan == "auto" || o.load.Goal != "" { // what was chosen is to be chosen again
		s := &o.scenario
		s.TP, s.PP, s.DP, s.EP, s.Split = 0, 0, 0, 0, ""
	}
	return again()
}

// writeJSONLine writes a document on one line.
func writeJSONLine(w io.Writer, doc any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(doc)
}
