package corpus

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/profiles"
	"github.com/plimsoll/plimsoll/profiles/benchfile"
	"github.com/plimsoll/plimsoll/profiles/measured"
)

// local is the machine that the tool runs on, as a scenario names it.
const local = "local"

// Overrides are what the user says of measurements whose tool does not say
// it. They hold for every row; an empty one leaves what the tool says.
type Overrides struct {
	Model      string // catalogue id or alias, or a model file
	Quant      string // weight format
	On         string // hardware, as --on takes it
	Host       string // CPU beside the accelerator
	Engine     string
	Backend    string
	EngineDate string // month of the engine's build, "2026-01"
}

// File is what was read from one of a user's files.
type File struct {
	Name   string // as the user gave it
	Result *benchfile.Result
}

// Skip is a part of a user's file that cannot be compared, and why.
type Skip struct {
	Source string // the file
	Line   int    // in it, from 1
	What   string // such as "pp512+tg128", may be empty
	Reason string
}

// Own are a user's measurements made ready to be compared.
type Own struct {
	// Rows name the model by its catalogue id or file, the engine by its id,
	// and the hardware by what a scenario takes: a catalogue id, "local", or
	// the text of Overrides.On. Devices is 0 where the hardware itself says how
	// many there are. Rows that rest on something in Assumed have quality B.
	Rows    []measured.Row
	Skipped []Skip
	// Assumed says in words what was taken where neither the tool nor the user
	// says, each once.
	Assumed []string
}

// User turns what a benchmark tool printed into rows like the published ones:
// names become those of the catalogues, and what the tool leaves open is
// settled. A row that cannot be is skipped, with what would help. The only
// error is that of an ended context.
func User(ctx context.Context, store *scenario.Store, f File, o Overrides) (*Own, error) {
	source, result := f.Name, f.Result
	u := &user{resolver: scenario.NewResolver(store), o: o, own: new(Own)}
	u.resolver.Languages = "this corpus"
	for _, s := range result.Skipped {
		u.own.Skipped = append(u.own.Skipped, Skip{source, s.Line, s.What, s.Reason})
	}
	if result.SkippedMore > 0 {
		u.own.Skipped = append(u.own.Skipped, Skip{Source: source, Reason: fmt.Sprintf("and %d more parts of the file", result.SkippedMore)})
	}
	for i := range result.Rows {
		row, d := result.Rows[i], &result.Details[i]
		err := u.settle(ctx, &row, d)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			u.own.Skipped = append(u.own.Skipped, Skip{source, d.Line, What(&row), err.Error()})
			continue
		}
		u.own.Rows = append(u.own.Rows, row)
	}
	return u.own, nil
}

// What names a measurement in the words of llama-bench: "pp512", "tg128 @
// d4096"; figures of a server by their metric. Lengths that are not stated are
// left out.
func What(r *measured.Row) string {
	var s string
	switch {
	case r.Metric == measured.Prefill:
		s = "pp" + stated(r.Input)
	case r.Metric == measured.Decode:
		s = "tg" + stated(r.Output)
	default:
		s = r.Metric
		if r.Input > 0 {
			s += " pp" + stated(r.Input)
		}
		if r.Output > 0 {
			s += " tg" + stated(r.Output)
		}
	}
	if r.Depth > 0 {
		s += " @ d" + stated(r.Depth)
	}
	if r.Batch > 1 {
		s += " × " + stated(r.Batch)
	}
	return s
}

func stated(n int) string {
	if n <= 0 {
		return ""
	}
	return strconv.Itoa(n)
}

type user struct {
	resolver *scenario.Resolver
	o        Overrides
	own      *Own
}

// assume notes what was taken for granted and lowers the row's quality.
func (u *user) assume(row *measured.Row, format string, args ...any) {
	row.Quality = measured.QualityB
	if text := fmt.Sprintf(format, args...); !slices.Contains(u.own.Assumed, text) {
		u.own.Assumed = append(u.own.Assumed, text)
	}
}

// settle gives a row the catalogues' names and fills in what it leaves open.
func (u *user) settle(ctx context.Context, row *measured.Row, d *benchfile.Detail) error {
	if row.Speculative {
		return fmt.Errorf("a draft model was used, which is not estimated")
	}
	override(&row.Engine, u.o.Engine)
	override(&row.Date, u.o.EngineDate)
	if row.Engine == "" {
		return fmt.Errorf("the tool does not say which engine answered; give --engine")
	}
	if err := u.model(row, d); err != nil {
		return err
	}
	u.hardware(row)
	if err := u.offload(ctx, row); err != nil {
		return err
	}
	p, err := u.resolve(ctx, row)
	if err != nil {
		return err
	}
	if row.Metric == measured.TPOT && row.WallClock && !p.Request.Engine.Serves() {
		return fmt.Errorf("prompts of other requests lie between the tokens; output_tok_s of the same run is compared instead")
	}
	if err := sameModel(&p.Request, d); err != nil {
		return err
	}
	if row.Model = p.Inputs.Model; p.Inputs.QuantAssumed {
		u.assume(row, "the weight format of %s is not stated: %s taken, the usual one for %s; --quant names another", row.Model, p.Inputs.Quant, p.Request.Engine.Name)
	}
	row.Weights, row.Engine = p.Inputs.Quant, p.Inputs.Engine
	if n := len(p.Request.Model.Layers); row.Offload == "partial" && row.GPULayers > n {
		row.Offload, row.GPULayers = "gpu", -1 // the output counts as a layer
	}
	u.ranks(row, p)
	return nil
}

func override(field *string, value string) {
	if value != "" {
		*field = value
	}
}

// resolve looks a row's names up.
func (u *user) resolve(ctx context.Context, row *measured.Row) (*scenario.Prepared, error) {
	s := Scenario(row)
	p := new(scenario.Prepared)
	return p, u.resolver.Resolve(ctx, &s, p)
}

// offload settles where the layers lay when the tool does not say: on the
// device if the machine has one that the engine can use. What does not fit
// there is placed as the engine would, see Example.Judged.
func (u *user) offload(ctx context.Context, row *measured.Row) error {
	if row.Offload != "cpu" {
		override(&row.Backend, u.o.Backend)
	}
	if u.o.Backend == "cpu" {
		row.Offload = "cpu"
	}
	if row.Offload == "cpu" {
		return nil
	}
	p, err := u.resolve(ctx, row)
	if err != nil {
		return err
	}
	usable := false
	if node := p.Request.Machine.Primary(); node != nil && len(node.Devices) > 0 {
		usable = p.Request.Engine.DefaultBackend(node.Devices[0].Vendor) != nil
	}
	switch {
	case usable && row.Offload == "":
		row.Offload = "gpu"
	case !usable && row.Offload == "":
		row.Offload, row.Backend = "cpu", "cpu"
	case !usable:
		return fmt.Errorf("it ran on an accelerator, and %s has none that %s uses; name the hardware with --on", p.Request.Machine.Name, p.Request.Engine.Name)
	}
	return nil
}

// ranks settles how an engine that shards used several devices.
func (u *user) ranks(row *measured.Row, p *scenario.Prepared) {
	node := p.Request.Machine.Primary()
	n := len(node.Devices)
	if row.Offload != "gpu" || n < 2 || row.TP > 0 || row.PP > 0 || row.Split != "" || p.Request.Engine.Family == engine.LlamaCpp {
		return
	}
	row.Split, row.TP = "tp", n
	u.assume(row, "how %s divided the model over %d devices is not stated: tensor parallel taken", p.Request.Engine.Name, n)
}

// hardware replaces the tool's names of the machine by ids: the user's word,
// else what the tool says where the catalogue knows it, else this machine.
func (u *user) hardware(row *measured.Row) {
	named, cpu := row.Hardware, row.Host
	row.Host = u.o.Host
	if u.o.On != "" {
		row.Hardware = u.o.On
		if row.Devices == 1 {
			row.Devices = 0 // "8x h100": the name says how many
		}
		return
	}
	switch dev, isDevice := deviceID(named); {
	case named == "":
	case isDevice && row.Offload != "cpu":
		row.Hardware = dev.ID
		if dev.Unified {
			row.Host = ""
		} else if c, _, ok := profiles.MatchCPU(cpu, 0); ok && row.Host == "" {
			row.Host = c.ID
		}
		return
	default:
		if id, ok := cpuID(named); ok && (row.Offload == "cpu" || row.Offload == "") {
			row.Hardware, row.Host = id, ""
			return
		}
		u.assume(row, "%.80q is not in the catalogue: taken as this machine; --on names another", named)
	}
	row.Hardware = local
	if row.Devices == 1 && named == "" {
		row.Devices = 0
	}
}
