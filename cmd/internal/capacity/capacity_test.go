package capacity_test

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/cmd/internal/capacity"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/estimator/serving"
	"github.com/plimsoll/plimsoll/estimator/vision"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles"
	"github.com/plimsoll/plimsoll/profiles/modelfile"
)

// catalogue is the embedded facts, without a machine of its own.
type catalogue struct{}

func (catalogue) Model(query string) (*model.Model, error)                     { return profiles.Model(query) }
func (catalogue) OpenModel(path string) (*model.Model, error)                  { return modelfile.Open(path) }
func (catalogue) OpenProjector(m *model.Model, _ string) (*model.Model, error) { return m, nil }
func (catalogue) Engine(query string) (*engine.Engine, error)                  { return profiles.Engine(query) }
func (catalogue) Formats() (*format.Table, error)                              { return profiles.Formats() }
func (catalogue) Calibration() (*calibration.Table, error)                     { return profiles.Calibration() }
func (catalogue) Vision() (*vision.Table, error)                               { return profiles.Vision() }
func (catalogue) Pipelines() scenario.PipelineFacts                            { return nil }

func (catalogue) Machine(_ context.Context, query string, o scenario.MachineOptions) (*hardware.Machine, error) {
	return profiles.Machine(query, profiles.MachineOptions{Devices: o.Devices, Nodes: o.Nodes, Host: o.Host, MemoryBytes: o.RAMBytes})
}

// made makes the plan of a text, or returns the error.
func made(t testing.TB, text string) (*report.CapacityPlan, error) {
	t.Helper()
	return madeIn(t, "plan.yaml", text)
}

func madeIn(t testing.TB, file, text string) (*report.CapacityPlan, error) {
	t.Helper()
	plan, err := profiles.ReadPlan(file, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	prices := capacity.PricesOf(plan)
	prices.PricesAt, prices.Country = "2026-11", "germany"
	return capacity.Make(context.Background(), plan, capacity.Options{File: file, Prices: prices, Simulate: true,
		Versions: report.Versions{Tool: "t", Data: "d"}, Facts: catalogue{}, Getenv: func(string) string { return "" }, Estimate: estimator.Estimate})
}

func plan(t testing.TB, text string) *report.CapacityPlan {
	t.Helper()
	doc, err := made(t, text)
	if err != nil {
		t.Fatal(err)
	}
	checkPlan(t, doc)
	return doc
}

// near says whether two amounts are the same but for the rounding of documents.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-4*(math.Abs(a)+math.Abs(b))+1e-9 }

// checkPlan holds a document to the laws of every plan: deployments carry what
// they are given, parts sum up, verdicts follow from their parts.
func checkPlan(t testing.TB, doc *report.CapacityPlan) {
	t.Helper()
	r := &doc.Result
	worst, usd, shares := report.Holds, 0.0, 0.0
	priced := true
	for i := range r.Workloads {
		w := &r.Workloads[i]
		worst = worst.Worse(w.Verdict)
		shares += w.CarriedShare / float64(len(r.Workloads))
		given, n := 0.0, 0
		for k := range w.Deployments {
			d := &w.Deployments[k]
			given += float64(d.Count) * d.Load
			n += d.Count
			most := d.Carries.Low
			if r.Method.JudgedAt == "central" {
				most = d.Carries.Value
			}
			if w.Unit == "requests/s" && d.Load > r.Method.Utilisation*most*1.001 {
				t.Errorf("%s: each of %d deployments is given %g of %g", w.Name, d.Count, d.Load, most)
			}
			if !(d.Carries.Low <= d.Carries.Value && d.Carries.Value <= d.Carries.High) || d.HighBytes < d.NeedBytes || d.NeedBytes > d.UsableBytes {
				t.Errorf("%s: intervals out of order: %+v", w.Name, d)
			}
			if w.Verdict == report.Holds && d.Fit == estimator.Tight {
				t.Errorf("%s holds and may not fit", w.Name)
			}
		}
		if n > 0 && !near(given, w.LoadPeak*w.CarriedShare) {
			t.Errorf("%s: deployments are given %g of %g (share %g)", w.Name, given, w.LoadPeak, w.CarriedShare)
		}
		if (w.Verdict == report.DoesNotHold) != (w.CarriedShare < 1) && len(w.Requirements) == 0 {
			t.Errorf("%s: %s, and %g of its traffic is carried", w.Name, w.Verdict, w.CarriedShare)
		}
		for _, m := range w.Objectives {
			if w.Verdict == report.Holds && (!m.Met || m.Unsure) {
				t.Errorf("%s holds and %s does not: %+v", w.Name, m.Objective, m.Value)
			}
		}
		for _, q := range w.Requirements {
			if w.Verdict == report.Holds && q.Outcome != report.Pass {
				t.Errorf("%s holds and %s is %s", w.Name, q.Text, q.Outcome)
			}
		}
		if w.USDPerMonth != nil {
			usd += w.USDPerMonth.Value
		} else if n > 0 {
			priced = false
		}
	}
	if !near(shares, r.CarriedShare) {
		t.Errorf("carried share %g, the workloads' mean is %g", r.CarriedShare, shares)
	}
	for i := range r.Budgets {
		if b := &r.Budgets[i]; b.Outcome == report.Fail {
			worst = worst.Worse(report.DoesNotHold)
		} else if b.Outcome != report.Pass {
			worst = worst.Worse(report.HoldsUnsure)
		}
	}
	if worst != r.Verdict {
		t.Errorf("verdict %s, the parts say %s", r.Verdict, worst)
	}
	machines, spare := 0, 0
	for i := range r.Hardware {
		h := &r.Hardware[i]
		machines, spare = machines+h.Machines, spare+h.Spare
		laid, used := 0, 0
		for _, l := range h.Layouts {
			laid += l.Machines
			devices := l.Free
			for _, p := range l.Places {
				devices += p.Devices
				used += l.Machines * p.Devices
				if p.MemoryShare > 1 || p.BusyShare > r.Method.Utilisation*1.001 {
					t.Errorf("%s: overfull %+v", h.Name, p)
				}
			}
			if devices != h.Devices {
				t.Errorf("%s: a layout of %d devices, a machine has %d", h.Name, devices, h.Devices)
			}
		}
		if laid+h.Spare != h.Machines || used != h.DevicesUsed || h.Count != nil && h.Machines > *h.Count {
			t.Errorf("%s: %d machines laid out, %d of %v in all, %d spare", h.Name, laid, h.Machines, h.Count, h.Spare)
		}
	}
	if machines != r.Totals.Machines || spare != r.Totals.Spare {
		t.Errorf("%d machines, %d spare; the totals say %+v", machines, spare, r.Totals)
	}
	if f := r.Totals.USDPerMonth; f != nil && priced && machines > 0 && !near(f.Value, usd) {
		t.Errorf("%g USD in all, %g of the workloads", f.Value, usd)
	}
	c := &r.Coverage
	refused := 0
	for _, x := range c.Refused {
		refused += x.Count
	}
	if c.Read != c.Workloads*c.Hardware || c.Estimated+c.Excluded+refused != c.Read {
		t.Errorf("coverage %+v", c)
	}
	if !priced {
		return
	}
	// What is freer takes no more, what is asked for more no less, in an exact plan.
	if r.Method.Solver != "exact" || r.Method.Rounds > 1 {
		return
	}
	for _, ch := range r.Changes {
		if ch.Difference == nil || ch.Gap > 0 || ch.Verdict == report.Holds && r.Method.JudgedAt == "central" {
			continue // not found, or judged otherwise than the plan
		}
		freer := slices.Contains([]string{"traffic -20%", "no spare machines", "deployments loaded to 90%", "judged at the central values"}, ch.Change) || strings.HasPrefix(ch.Change, "one more")
		stricter := ch.Change == "traffic +20%" || strings.HasPrefix(ch.Change, "a spare") || strings.HasSuffix(ch.Change, "fewer")
		const slack = 1e-3
		if freer && *ch.Difference > slack || stricter && *ch.Difference < -slack {
			t.Errorf("%s: %+g %s", ch.Change, *ch.Difference, r.Method.Goal)
		}
	}
}

func TestExampleHolds(t *testing.T) {
	doc := plan(t, profiles.PlanExample())
	if r := &doc.Result; r.Verdict != report.Holds || r.Method.Solver != "exact" || !r.Method.Simulated || r.Totals.Spare == 0 || len(r.Months) != 13 {
		t.Errorf("%s (%s): %+v", r.Verdict, r.Reason, r.Method)
	}
	chat := &doc.Result.Workloads[0]
	if want := 4 * math.Pow(1.05, 12); !near(chat.LoadPeak, want) || chat.PeakMonth != 12 || chat.Deployments[0].Count < 2 {
		t.Errorf("peak %g, want %g: %+v", chat.LoadPeak, want, chat)
	}
	if doc.Source.Workloads[0] == 0 || doc.Cases()[0].Line != doc.Source.Workloads[0] || doc.Cases()[0].File != "plan.yaml" {
		t.Errorf("no lines: %+v", doc.Source)
	}
}

// A deployment is what its inputs say it is: under its load users see what they
// would be told of it alone.
func TestDeploymentsAreChecks(t *testing.T) {
	for _, w := range plan(t, profiles.PlanExample()).Result.Workloads {
		d := &w.Deployments[0]
		var p scenario.Prepared
		if err := scenario.NewResolver(scenario.NewStore(catalogue{})).Resolve(context.Background(), &d.Inputs, &p); err != nil {
			t.Fatal(err)
		}
		e, err := estimator.Estimate(&p.Request)
		if err != nil {
			t.Fatal(err)
		}
		load := &serving.Load{Rate: d.Load, Input: serving.Fixed(d.Inputs.InputTokens), Output: serving.Fixed(d.Inputs.OutputTokens), Seed: 1}
		u, err := estimator.Serve(&p.Request, e, load, nil, estimator.Pools{})
		if err != nil {
			t.Fatal(err)
		}
		// The plan's rate is rounded in its document, which moves arrivals, and its
		// intervals are those of a step at half of what is carried.
		for name, pair := range map[string][2]float64{"TTFT": {d.UnderLoad.TTFTMs.P95.Value, u.TTFTMs.P95.Value}, "TPOT": {d.UnderLoad.TPOTMs.P95.High, u.TPOTMs.P95.High}, "rate": {d.UnderLoad.OutputTokS.Value, u.OutputTokS.Value}} {
			if math.Abs(pair[0]-pair[1]) > 0.06*pair[1] {
				t.Errorf("%s: %s %g, by itself %g", w.Name, name, pair[0], pair[1])
			}
		}
	}
}

// The same plan is the same bytes, however many cores work on it.
func TestSameBytes(t *testing.T) {
	var want []byte
	for _, procs := range []int{1, 2, 7} {
		old := runtime.GOMAXPROCS(procs)
		doc, err := made(t, fleetPlan)
		runtime.GOMAXPROCS(old)
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
		} else if string(got) != string(want) {
			t.Errorf("with %d cores the document differs", procs)
		}
	}
}

const fleetPlan = `
months: 12
spare: 1
hardware:
  - {name: box, on: 8x h100-sxm5-80gb, count: 2, usd_per_hour: 20}
  - {name: l4s, on: 4x l4-24gb, count: 3, usd_per_hour: 2}
budget: {usd_per_month: 60000, kw: 40, kg_co2e_per_month: 9000, machines: 6}
workloads:
  - name: chat
    model: llama-3.1-70b
    quant: FP8
    engine: vllm
    traffic: {rate: 8/s, input: 1000, output: 300, growth: 5%/month, average: 40%}
    slo: [ttft_p95<=2s, tpot_mean<=60ms]
  - {name: helper, model: qwen3-8b, engine: vllm, quant: FP8, traffic: {rate: 30/min, input: 600, output: 100}, require: ["decode_tok_s >= 20"], share: true}
  - {name: little, model: llama-3.2-3b, engine: llama.cpp, quant: Q4_K_M, traffic: {concurrency: 4, input: 200, output: 60}, share: true}
`

// A fleet that suffices at the central values only is unsure, and runs out later.
func TestUnsureFleet(t *testing.T) {
	doc := plan(t, fleetPlan)
	r := &doc.Result
	if r.Verdict != report.HoldsUnsure || r.Workloads[0].Verdict != report.HoldsUnsure || r.Workloads[1].Verdict != report.Holds || r.Method.JudgedAt != "central" {
		t.Errorf("%s: %s", r.Verdict, r.Reason)
	}
	if r.FirstLost == nil || *r.FirstLost <= 12 {
		t.Errorf("first month not carried: %v", r.FirstLost)
	}
	for _, b := range r.Budgets {
		if b.Outcome != report.Pass || b.Line == 0 {
			t.Errorf("%+v", b)
		}
	}
	// A third box would make it sure, if the power and carbon of it were allowed.
	for text, want := range map[string]report.PlanVerdict{fleetPlan: report.HoldsUnsure, strings.ReplaceAll(fleetPlan, ", kw: 40, kg_co2e_per_month: 9000", ""): report.Holds} {
		changes := plan(t, text).Result.Changes
		more := slices.IndexFunc(changes, func(c report.CapacityChange) bool { return c.Change == "one more box" })
		if changes[more].Verdict != want {
			t.Errorf("one more box: %s, want %s", changes[more].Verdict, want)
		}
	}
}

// What is too much is carried as far as it can be, and the plan says what lacks.
func TestTooSmallFleet(t *testing.T) {
	doc := plan(t, strings.ReplaceAll(strings.ReplaceAll(fleetPlan, "rate: 8/s", "rate: 30/s"), "spare: 1", "spare: 0"))
	r := &doc.Result
	chat := &r.Workloads[0]
	if r.Verdict != report.DoesNotHold || chat.CarriedShare >= 1 || chat.CarriedShare < 0.2 || chat.Binding != "room" || r.Workloads[1].CarriedShare != 1 {
		t.Errorf("%s: %s; chat %+v", r.Verdict, r.Reason, chat)
	}
	if r.FirstLost == nil || *r.FirstLost != 0 || r.Months[0].Carried {
		t.Errorf("months %+v, first lost %v", r.Months[0], r.FirstLost)
	}
	// 30/s need more boxes, and more power and money than there may be.
	if len(r.Relaxations) != 0 {
		t.Errorf("relaxations %+v", r.Relaxations)
	}
	doc = plan(t, strings.ReplaceAll(strings.ReplaceAll(fleetPlan, "rate: 8/s", "rate: 30/s"), "budget: {usd_per_month: 60000, kw: 40, kg_co2e_per_month: 9000, machines: 6}\n", ""))
	if x := doc.Result.Relaxations; len(x) != 1 || x[0].Constraint != "count of box" {
		t.Errorf("relaxations %+v", x)
	}
}

// A workload that nothing carries does not hide the others.
func TestNothingCarriesOne(t *testing.T) {
	doc := plan(t, "hardware: [4x l4-24gb]\nworkloads:\n- {model: deepseek-v3, engine: vllm, traffic: {rate: 1/s}}\n- {model: qwen3-8b, quant: FP8, engine: vllm, traffic: {rate: 1/s}}\n")
	r := &doc.Result
	if r.Workloads[0].Verdict != report.DoesNotHold || r.Workloads[0].Binding != "memory" || r.Workloads[1].Verdict != report.Holds || r.CarriedShare != 0.5 {
		t.Errorf("%s: %+v", r.Reason, r.Workloads)
	}
	doc = plan(t, "hardware: [4x l4-24gb]\nworkloads: [{model: deepseek-v3, engine: vllm, traffic: {rate: 1/s}}]\n")
	if r := &doc.Result; r.Verdict != report.DoesNotHold || r.CarriedShare != 0 || r.Totals.Machines != 0 || len(r.Relaxations) != 0 {
		t.Errorf("%+v", r)
	}
}

// Two small models that are used a little lie on one device when they may.
func TestSharedDevices(t *testing.T) {
	text := "hardware: [{on: h100-sxm5-80gb, usd_per_hour: 2}]\ndefaults: {engine: vllm, quant: FP8}\nworkloads:\n" +
		"- {name: a, model: qwen3-8b, traffic: {rate: 10/min, input: 600, output: 100}, slo: [tpot<=100ms], share: SHARE}\n" +
		"- {name: b, model: llama-3.1-8b, traffic: {rate: 10/min, input: 600, output: 100}, share: SHARE}\n"
	apart, together := plan(t, strings.ReplaceAll(text, "SHARE", "false")), plan(t, strings.ReplaceAll(text, "SHARE", "true"))
	if apart.Result.Totals.Machines != 2 || together.Result.Totals.Machines != 1 {
		t.Fatalf("%d machines apart, %d together", apart.Result.Totals.Machines, together.Result.Totals.Machines)
	}
	for i := range together.Result.Workloads {
		a, b := &apart.Result.Workloads[i].Deployments[0], &together.Result.Workloads[i].Deployments[0]
		if a.Shared || !b.Shared || b.Slowdown <= 1 || b.Sequences < 1 || b.TPOTMs.Value <= a.TPOTMs.Value {
			t.Errorf("apart %+v, together %+v", a, b)
		}
	}
	place := together.Result.Hardware[0].Layouts[0].Places[0]
	if len(place.Workloads) != 2 || place.MemoryShare <= 0.2 || place.BusyShare <= 0 {
		t.Errorf("%+v", place)
	}
	// Who needs the whole time does not share.
	busy := plan(t, strings.ReplaceAll(strings.ReplaceAll(text, "SHARE", "true"), "10/min", "10/s"))
	if busy.Result.Totals.Machines != 2 {
		t.Errorf("busy models share %d machines", busy.Result.Totals.Machines)
	}
}

// Memory that others use is not there for a plan.
func TestInUse(t *testing.T) {
	text := "hardware: [{on: 2x h100-sxm5-80gb, usd_per_hour: 4, in_use_gb: GB}]\nworkloads: [{model: llama-3.1-70b, quant: FP8, engine: vllm, traffic: {rate: 0.5/s, input: 500, output: 100}}]\n"
	one, two := plan(t, strings.ReplaceAll(text, "GB}", "0}")), plan(t, strings.ReplaceAll(text, "GB}", "30}"))
	if a, b := one.Result.Workloads[0].Deployments[0], two.Result.Workloads[0].Deployments[0]; a.Devices != 1 || b.Devices != 2 || two.Result.Workloads[0].Binding != "memory" {
		t.Errorf("on %d devices, with 30 GiB in use on %d (%s)", a.Devices, b.Devices, two.Result.Workloads[0].Binding)
	}
}

// A bought machine costs its part of a life, and its electricity.
func TestOwned(t *testing.T) {
	doc := plan(t, "hardware: [{name: box, on: 8x h100-sxm5-80gb, count: 2, purchase_usd: 300000}]\nprices: {own: true, lifetime_years: 5, usd_per_kwh: 0.2, pue: 1.2}\n"+
		"workloads: [{model: llama-3.1-70b, quant: FP8, engine: vllm, traffic: {rate: 2/s, input: 1000, output: 300, average: 50%}}]\n")
	r := &doc.Result
	if want := 300000.0/60 + 0.2*r.Totals.KWhPerMonth.Value; r.Totals.Machines != 1 || !near(r.Totals.USDPerMonth.Value, want) {
		t.Errorf("%d machines for %+v, want %g", r.Totals.Machines, r.Totals.USDPerMonth, want)
	}
	if b, k := r.Totals.KWhPerMonth, r.Totals.Kilowatts; b.Value >= k.Value*730 || b.Value <= 0 {
		t.Errorf("%g kWh of %g kW", b.Value, k.Value)
	}
}

// The goal is what there is least of.
func TestGoals(t *testing.T) {
	text := "hardware: [h100-sxm5-80gb, l4-24gb, l40s-48gb, a100-sxm4-80gb]\nworkloads:\n" +
		"- {name: a, model: qwen3-8b, quant: FP8, engine: vllm, traffic: {rate: 12/s, input: 600, output: 200}}\n- {name: b, model: llama-3.2-3b, quant: FP8, engine: vllm, traffic: {rate: 3/s, input: 600, output: 200}}\n"
	results := map[string]*report.CapacityTotals{}
	for _, goal := range []string{"cost", "energy", "carbon", "machines"} {
		doc := plan(t, text+"goal: "+goal+"\n")
		if doc.Result.Method.Solver != "exact" {
			t.Errorf("%s: %+v", goal, doc.Result.Method)
		}
		results[goal] = &doc.Result.Totals
	}
	for goal, r := range results {
		if c := results["cost"].USDPerMonth.Value; r.USDPerMonth.Value < c-1e-6 {
			t.Errorf("%s costs %g, the cheapest %g", goal, r.USDPerMonth.Value, c)
		}
		// Energy is judged at its high end.
		if e := results["energy"].KWhPerMonth.High; r.KWhPerMonth.High < e*0.999 {
			t.Errorf("%s takes %g kWh, the thriftiest %g", goal, r.KWhPerMonth.High, e)
		}
		if m := results["machines"].Machines; r.Machines < m {
			t.Errorf("%s takes %d machines, the fewest are %d", goal, r.Machines, m)
		}
	}
	if !near(results["energy"].KgPerMonth.Value, results["carbon"].KgPerMonth.Value) {
		t.Error("in one place the least energy is the least carbon")
	}
}

// Requirements and objectives are kept by giving deployments less.
func TestRequirementsCut(t *testing.T) {
	text := "hardware: [{on: h100-sxm5-80gb, usd_per_hour: 2}]\nworkloads: [{model: llama-3.1-8b, quant: FP8, engine: vllm, traffic: {rate: 20/s, input: 500, output: 200}REST}]\n"
	free := plan(t, strings.ReplaceAll(text, "REST", ""))
	for _, rest := range []string{`, require: ["decode_tok_s >= 150"]`, ", slo: [tpot_p95<=9ms]", `, require: ["tpot_p95_ms <= 9"]`} {
		bound := plan(t, strings.ReplaceAll(text, "REST", rest))
		a, b := free.Result.Workloads[0].Deployments[0].Count, bound.Result.Workloads[0].Deployments[0].Count
		if bound.Result.Verdict != report.Holds || b <= a {
			t.Errorf("%s: %s with %d deployments, %d without it", rest, bound.Result.Verdict, b, a)
		}
	}
	none := plan(t, strings.ReplaceAll(text, "REST", `, require: ["decode_tok_s >= 5000"]`))
	if w := &none.Result.Workloads[0]; w.Verdict != report.DoesNotHold || w.Binding != "requirement" {
		t.Errorf("%+v", w)
	}
}

// Engines with slots, prompts alone, a given division, and processors.
func TestOtherWays(t *testing.T) {
	doc := plan(t, "hardware: [{on: rtx-4090-24gb, usd_per_hour: 0.4}]\nworkloads: [{model: llama-3.1-8b, quant: Q4_K_M, engine: llama.cpp, context: 4k, traffic: {concurrency: 6, input: 500, output: 200}}]\n")
	if d := &doc.Result.Workloads[0].Deployments[0]; d.Slots < 6 || doc.Result.Verdict != report.Holds || d.Inputs.Parallel != d.Slots {
		t.Errorf("%+v", d)
	}
	doc = plan(t, "hardware: [{on: 8x h100-sxm5-80gb, usd_per_hour: 20}]\nworkloads: [{model: llama-3.1-70b, quant: FP8, engine: vllm, tp: 4, traffic: {rate: 2/s, input: 3000, output: 0}}]\n")
	if d := &doc.Result.Workloads[0].Deployments[0]; d.TP != 4 || d.Devices != 4 || doc.Result.Workloads[0].USDPerM != nil || doc.Result.Workloads[0].Binding != "devices" {
		t.Errorf("%+v", d)
	}
	doc = plan(t, "hardware: [epyc-9654, raspberry-pi-5-8gb]\nworkloads: [{model: llama-3.2-3b, quant: Q4_K_M, traffic: {concurrency: 1, input: 100, output: 50}}]\n")
	if doc.Result.Verdict != report.Holds || doc.Result.Method.Goal != "machines" {
		t.Errorf("%s for %s", doc.Result.Verdict, doc.Result.Method.Goal)
	}
	doc = plan(t, "hardware: [{on: 4x h100-sxm5-80gb, usd_per_hour: 10}]\nworkloads: [{model: qwen3-30b-a3b, quant: FP8, engine: vllm, traffic: {rate: 4/s, input: \"lognormal(6000,0.5)\", output: 300}}]\n")
	if w := &doc.Result.Workloads[0]; w.Deployments[0].Inputs.Context < 12000 || !strings.Contains(strings.Join(w.Notes, " "), "longest request") {
		t.Errorf("context %d: %v", w.Deployments[0].Inputs.Context, w.Notes)
	}
}

// What is wrong with a plan is told with its line.
func TestWrongPlans(t *testing.T) {
	w := func(rest string) string {
		return "hardware: [l4-24gb]\nworkloads:\n- model: llama-3.1-8b\n  traffic: {rate: 1/s}\n" + rest
	}
	for _, c := range []struct{ text, want string }{
		{strings.ReplaceAll(w(""), "llama-3.1-8b", "llama-99"), `plan.yaml:3: unknown model "llama-99"`},
		{strings.ReplaceAll(w(""), "l4-24gb", "l44444"), `plan.yaml:1: unknown machine "l44444"`},
		{w("  engine: vlllm\n"), `plan.yaml:3: unknown engine "vlllm"; did you mean vllm`},
		{w("  quant: FP9\n"), `plan.yaml:3: weight format "FP9" is unknown`},
		{w("  context: 8q\n"), `plan.yaml:5: context: "8q" is not a whole number of tokens`},
		{w("  require: [speed > 3]\n"), `plan.yaml:5: unknown figure "speed"`},
		{w("require: [speed > 3]\n"), `plan.yaml:5: unknown figure "speed"`},
		{w("defaults: {split: middle}\n"), `plan.yaml:3: unknown split "middle"`},
		{w("prices: {file: none.yaml}\n"), `plan.yaml:5: none.yaml: no such file`},
		{"hardware: [{on: l4-24gb, in_use_gb: 30}]\nworkloads: [{model: llama-3.1-8b, traffic: {rate: 1/s}}]\n", "plan.yaml:1: in_use_gb is all the memory of L4"},
		{"hardware: [{on: l4-24gb, ram: much}]\nworkloads: [{model: llama-3.1-8b, traffic: {rate: 1/s}}]\n", "plan.yaml:1: ram: "},
	} {
		if _, err := made(t, c.text); err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q\n got %v\nwant %s", c.text, err, c.want)
		}
	}
}

// Files that a plan names lie beside it.
func TestPathsStartFromThePlan(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"box.yaml": "devices: [2x rtx-4090-24gb]\n", "prices.yaml": "cloud: [{device: rtx-4090, provider: us, devices: 2, on_demand_usd_h: 0.7}]\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	doc, err := madeIn(t, filepath.Join(dir, "plan.yaml"), "hardware: [box.yaml]\nprices: {file: prices.yaml}\nworkloads: [{model: llama-3.1-8b, quant: FP8, engine: vllm, traffic: {rate: 1/s}}]\n")
	if err != nil {
		t.Fatal(err)
	}
	if h := &doc.Result.Hardware[0]; h.Offer == nil || h.Offer.Provider != "us" || h.USDPerHour.Value != 0.7 || doc.Inputs.Prices.PriceFile != "prices.yaml" {
		t.Errorf("%+v", h)
	}
	if doc.Result.Verdict != report.Holds || doc.Result.Workloads[0].Deployments[0].Inputs.On != "box.yaml" {
		t.Errorf("%+v", doc.Result.Workloads[0])
	}
}

// A plan knows every field of a scenario but those that it has other words for.
func TestPlanKnowsEveryField(t *testing.T) {
	var have []string
	for i := range reflect.TypeFor[profiles.PlanSettings]().NumField() {
		name, _, _ := strings.Cut(reflect.TypeFor[profiles.PlanSettings]().Field(i).Tag.Get("json"), ",")
		have = append(have, name)
	}
	other := append(append(scenario.PipelineFields(), scenario.ImageFields()...), "audio_seconds", "id", "on", "host", "ram", "devices", "nodes", "batch", "input_tokens", "output_tokens", "prompt_assumed", "quant_assumed", "engine_assumed", "context_assumed")
	for _, name := range scenario.FieldNames() {
		if !slices.Contains(have, name) && !slices.Contains(other, name) {
			t.Errorf("a plan has no %s", name)
		}
	}
	for _, name := range have {
		if !slices.Contains(scenario.FieldNames(), name) {
			t.Errorf("a scenario has no %s", name)
		}
	}
}
