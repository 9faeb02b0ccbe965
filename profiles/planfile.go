package profiles

import (
	_ "embed" // the starter plan
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// PlanFile is a capacity plan as its author wrote it; its JSON is a plan file
// again. Numbers of 0 and empty texts were not given.
type PlanFile struct {
	Name string `json:"name,omitempty"`
	// Goal is cost, energy, carbon or machines; JudgeAt pessimistic or central.
	Goal    string `json:"goal,omitempty"`
	JudgeAt string `json:"judge_at,omitempty"`
	Months  int    `json:"months,omitempty"`
	Spare   int    `json:"spare,omitempty"`
	// Utilisation is the share of the most that deployments carry within their
	// objectives to which they are loaded.
	Utilisation float64        `json:"utilisation,omitempty"`
	Prices      *PlanPrices    `json:"prices,omitempty"`
	Budget      *PlanBudget    `json:"budget,omitempty"`
	Require     []string       `json:"require,omitempty"`
	Hardware    []PlanHardware `json:"hardware"`
	Defaults    *PlanSettings  `json:"defaults,omitempty"`
	Workloads   []PlanWorkload `json:"workloads"`

	lines map[string]int
}

//go:embed schema/plan-example.yaml
var planExample string

// PlanExample is a plan to start from, with comments.
func PlanExample() string { return planExample }

// PlanPrices say where machines stand and what their costs rest on.
type PlanPrices struct {
	File          string   `json:"file,omitempty"`
	At            string   `json:"at,omitempty"`
	Country       string   `json:"country,omitempty"`
	Spot          bool     `json:"spot,omitempty"`
	Own           bool     `json:"own,omitempty"`
	Used          bool     `json:"used,omitempty"`
	USDPerKWh     *float64 `json:"usd_per_kwh,omitempty"`
	GramsPerKWh   *float64 `json:"gco2e_per_kwh,omitempty"`
	PUE           float64  `json:"pue,omitempty"`
	LifetimeYears float64  `json:"lifetime_years,omitempty"`
	ResidualShare float64  `json:"residual_share,omitempty"`
}

// PlanBudget limits the whole plan in every month; nil is no limit.
type PlanBudget struct {
	USDPerMonth *float64 `json:"usd_per_month,omitempty"`
	Kilowatts   *float64 `json:"kw,omitempty"`
	KWhPerMonth *float64 `json:"kwh_per_month,omitempty"`
	KgPerMonth  *float64 `json:"kg_co2e_per_month,omitempty"`
	Machines    *float64 `json:"machines,omitempty"`
}

// PlanHardware is a kind of machine: Count of them (nil: as many as wanted).
type PlanHardware struct {
	Name        string   `json:"name,omitempty"`
	On          string   `json:"on"`
	Host        string   `json:"host,omitempty"`
	RAM         string   `json:"ram,omitempty"`
	Count       *int     `json:"count,omitempty"`
	USDPerHour  *float64 `json:"usd_per_hour,omitempty"`
	PurchaseUSD *float64 `json:"purchase_usd,omitempty"`
	InUseGB     float64  `json:"in_use_gb,omitempty"` // GiB of each device
}

// PlanWorkload is a model with its users.
type PlanWorkload struct {
	Name string `json:"name,omitempty"`
	PlanSettings
	Traffic PlanTraffic `json:"traffic"`
	SLO     []string    `json:"slo,omitempty"`
	Require []string    `json:"require,omitempty"`
	// On names the hardware that may carry it; none: any.
	On       []string `json:"on,omitempty"`
	Replicas int      `json:"replicas,omitempty"`
	Share    bool     `json:"share,omitempty"`
}

// PlanTraffic is what the users of a workload send: requests at a rate, or
// Concurrency users of a closed loop.
type PlanTraffic struct {
	Rate        string  `json:"rate,omitempty"`
	Concurrency int     `json:"concurrency,omitempty"`
	Input       string  `json:"input,omitempty"`  // lengths of prompts, as serving.ParseLengths takes them
	Output      string  `json:"output,omitempty"` // lengths of answers
	Growth      string  `json:"growth,omitempty"`
	Average     string  `json:"average,omitempty"` // share of the peak that the month's mean is
	Burst       float64 `json:"burst,omitempty"`
	PrefixHit   float64 `json:"prefix_hit,omitempty"`
	Speculate   string  `json:"speculate,omitempty"`
}

// Line is where a key of the plan stands in its file, 0 if not known. Keys are
// written as budget.kw, hardware[0] or workloads[2].traffic.
func (p *PlanFile) Line(key string) int { return p.lines[key] }

// Bounds of a plan: far above any that a person writes.
const (
	maxPlanHardware  = 256
	maxPlanWorkloads = 256
	maxPlanMonths    = 120
	maxPlanMachines  = 100_000
)

// ReadPlanFile reads a plan file. See [ReadPlan].
func ReadPlanFile(path string) (*PlanFile, error) {
	data, err := load(path, true)
	if err != nil {
		return nil, err
	}
	return ReadPlan(path, data)
}

// ReadPlan reads a capacity plan in YAML or JSON (schema/plan-file.schema.json).
// Texts that others understand are kept as they are written: names of hardware
// and models, and settings of engines. file names the input in errors, each one
// line "file:line: key: what is wrong".
func ReadPlan(file string, data []byte) (p *PlanFile, err error) {
	r := &planReader{reader: reader{file: file}, lines: map[string]int{}}
	defer func() {
		// The YAML parser has panicked on broken input before.
		if v := recover(); v != nil {
			p, err = nil, fmt.Errorf("%s: cannot be read as YAML", file)
		}
	}()
	if len(data) > maxProfile {
		return nil, fmt.Errorf("%s: more than 128 KiB; divide it, a plan is a page or two", file)
	}
	if line, deep := tooDeep(data); deep {
		return nil, fmt.Errorf("%s:%d: nested more than %d levels deep; a plan needs four", file, line, maxNesting)
	}
	tree, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, r.syntax(err)
	}
	var docs []ast.Node
	for _, doc := range tree.Docs {
		if doc.Body != nil {
			docs = append(docs, doc.Body)
		}
	}
	if len(docs) != 1 {
		return nil, fmt.Errorf("%s: %d documents, want one that describes a plan", file, len(docs))
	}
	p = &PlanFile{lines: r.lines}
	r.plan(docs[0], p)
	if r.err != nil {
		return nil, r.err
	}
	return p, nil
}

// planReader is a reader that remembers where keys stand.
type planReader struct {
	reader
	lines map[string]int
}

// at remembers the line of a key.
func (r *planReader) at(key string, n ast.Node) {
	if n != nil && n.GetToken() != nil && n.GetToken().Position != nil {
		r.lines[key] = n.GetToken().Position.Line
	}
}

// entries reads a mapping whose keys are those of the fields and of others,
// remembering their lines under the path.
func (r *planReader) entries(n ast.Node, what, path string, fields []field, others map[string]func(ast.Node)) {
	if r.err != nil {
		return
	}
	if path != "" {
		r.at(path, n)
	}
	seen := map[string]bool{}
	for _, pair := range r.pairs(n, what) {
		key, ok := keyOf(pair)
		switch {
		case r.err != nil:
			return
		case !ok:
			r.fail(pair, what, "a key must be a plain word")
			return
		case seen[key]:
			r.fail(pair.Key, key, "given twice")
			return
		}
		seen[key] = true
		r.at(strings.TrimPrefix(path+"."+key, "."), pair.Key)
		if read := others[key]; read != nil {
			read(pair.Value)
		} else if i := slices.IndexFunc(fields, func(f field) bool { return f.key == key }); i >= 0 {
			r.value(pair.Value, fields[i])
		} else {
			r.fail(pair.Key, what, unknownKey(key, fields, others))
		}
	}
}

func (r *planReader) plan(n ast.Node, p *PlanFile) {
	r.entries(n, "the plan", "", planFields(p), map[string]func(ast.Node){
		"prices": func(v ast.Node) {
			p.Prices = new(PlanPrices)
			r.entries(v, "prices", "prices", append(planPriceFields(p.Prices), powerPriceFields(p.Prices)...), nil)
		},
		"budget": func(v ast.Node) {
			p.Budget = new(PlanBudget)
			r.entries(v, "budget", "budget", planBudgetFields(p.Budget), nil)
		},
		"hardware": func(v ast.Node) {
			for i, item := range r.list(v, "hardware", maxPlanHardware) {
				p.Hardware = append(p.Hardware, r.hardware(item, "hardware["+strconv.Itoa(i)+"]"))
			}
		},
		"defaults": func(v ast.Node) {
			p.Defaults = new(PlanSettings)
			r.entries(v, "defaults", "defaults", planSettingFields(p.Defaults), nil)
		},
		"workloads": func(v ast.Node) {
			for i, item := range r.list(v, "workloads", maxPlanWorkloads) {
				p.Workloads = append(p.Workloads, r.workload(item, "workloads["+strconv.Itoa(i)+"]"))
			}
		},
	})
	r.check(n, p)
}

func (r *planReader) hardware(n ast.Node, path string) PlanHardware {
	var h PlanHardware
	if s, ok := n.(*ast.StringNode); ok { // a name alone
		h.On = s.Value
		r.at(path, n)
	} else {
		r.entries(n, "hardware", path, planHardwareFields(&h), nil)
	}
	if h.On == "" {
		r.fail(n, "hardware", `needs on: a machine's name, as in "8x h100-sxm5-80gb"`)
	}
	if h.Name == "" {
		h.Name = h.On
	}
	return h
}

func (r *planReader) workload(n ast.Node, path string) PlanWorkload {
	var w PlanWorkload
	fields := append(planWorkloadFields(&w), planSettingFields(&w.PlanSettings)...)
	traffic := false
	r.entries(n, "a workload", path, fields, map[string]func(ast.Node){
		"traffic": func(v ast.Node) {
			traffic = true
			r.entries(v, "traffic", path+".traffic", trafficFields(&w.Traffic), nil)
			r.traffic(v, path+".traffic", &w.Traffic)
		},
	})
	if !traffic {
		r.fail(n, "a workload", "needs traffic, as in traffic: {rate: 4/s, input: 1000, output: 300}")
	}
	return w
}
