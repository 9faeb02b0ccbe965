package report

import (
	"github.com/plimsoll/plimsoll/cmd/internal/money"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles"
)

// CapacitySchema is the id of the document of plimsoll plan.
const CapacitySchema = "urn:plimsoll:plan"

// CapacityPlan is the document of plimsoll plan. All its forms are made from it
// alone.
type CapacityPlan struct {
	Schema        string                  `json:"schema" jsonschema:"const=urn:plimsoll:plan"`
	SchemaVersion int                     `json:"schema_version" jsonschema:"const=1"`
	ToolVersion   string                  `json:"tool_version"`
	DataVersion   string                  `json:"data_version"`
	Inputs        CapacityInputs          `json:"inputs"`
	Source        CapacitySource          `json:"source"`
	Result        CapacityResult          `json:"result"`
	Assumptions   []string                `json:"assumptions"`
	Warnings      []estimator.Warning     `json:"warnings"`
	Unavailable   []estimator.Unavailable `json:"unavailable"`
}

// CapacityInputs are what was asked: fed back, they give the same document.
type CapacityInputs struct {
	Plan     *profiles.PlanFile `json:"plan"`
	Prices   money.Options      `json:"prices"`
	Simulate bool               `json:"simulate"`
}

// CapacitySource is where it was asked: a file, and the lines of its parts; 0
// where a line is not known.
type CapacitySource struct {
	File      string         `json:"file"`
	Workloads []int          `json:"workload_lines"`
	Hardware  []int          `json:"hardware_lines"`
	Budget    map[string]int `json:"budget_lines"`
}

// PlanVerdict says whether a plan holds.
type PlanVerdict string

// Verdicts of a plan, best first.
const (
	Holds       PlanVerdict = "holds"         // also at the pessimistic end of the intervals
	HoldsUnsure PlanVerdict = "unsure"        // at the central values only
	DoesNotHold PlanVerdict = "does_not_hold" //
)

// Worse is the worse of two verdicts.
func (v PlanVerdict) Worse(o PlanVerdict) PlanVerdict {
	rank := map[PlanVerdict]int{Holds: 0, HoldsUnsure: 1, DoesNotHold: 2}
	if rank[o] > rank[v] {
		return o
	}
	return v
}

// CapacityResult is the answer. Where the plan does not hold, the assignment is
// the one found that carries most: CarriedShare of the traffic in the mean over
// the workloads.
type CapacityResult struct {
	Verdict      PlanVerdict          `json:"verdict" jsonschema:"enum=holds,enum=unsure,enum=does_not_hold"`
	Reason       string               `json:"reason"`
	CarriedShare float64              `json:"carried_share"`
	Method       CapacityMethod       `json:"method"`
	Totals       CapacityTotals       `json:"totals"`
	Budgets      []CapacityBudget     `json:"budgets"`
	Hardware     []CapacityHardware   `json:"hardware"`
	Workloads    []CapacityWorkload   `json:"workloads"`
	Months       []CapacityMonth      `json:"months"`
	FirstLost    *int                 `json:"first_month_not_carried"` // null: none within ten years, or nothing grows
	Changes      []CapacityChange     `json:"sensitivities"`
	Relaxations  []CapacityRelaxation `json:"relaxations"` // each by itself would make the plan hold
	Coverage     CapacityCoverage     `json:"coverage"`
}

// CapacityMethod says how the assignment was found.
type CapacityMethod struct {
	// Solver is exact where the assignment is proven to be the best, else search;
	// Gap is then by how much of itself the goal may be too high.
	Solver string  `json:"solver" jsonschema:"enum=exact,enum=search"`
	Gap    float64 `json:"gap"`
	Nodes  int     `json:"nodes"`
	Rounds int     `json:"rounds"` // of solving and verifying
	// Goal is the resource that there is least of.
	Goal        string  `json:"goal"`
	JudgedAt    string  `json:"judged_at" jsonschema:"enum=pessimistic,enum=central"` // the end that deployments are sized for
	Utilisation float64 `json:"utilisation"`
	Spare       int     `json:"spare"`
	Simulated   bool    `json:"simulated"` // every deployment was
}

// CapacityTotals is what all machines take together at the peak.
type CapacityTotals struct {
	Machines    int               `json:"machines"` // spare ones included
	Spare       int               `json:"spare"`
	USDPerMonth *estimator.Figure `json:"usd_per_month"`
	// USDOverMonths is the sum over the months ahead, with the machines that each
	// of them needs.
	USDOverMonths *estimator.Figure `json:"usd_over_months"`
	Kilowatts     *estimator.Figure `json:"kw"`
	KWhPerMonth   *estimator.Figure `json:"kwh_per_month"`
	KgPerMonth    *estimator.Figure `json:"kg_co2e_per_month"`
}

// CapacityBudget is a limit of the plan, and how it comes out.
type CapacityBudget struct {
	Name    string            `json:"name" jsonschema:"enum=usd_per_month,enum=kw,enum=kwh_per_month,enum=kg_co2e_per_month,enum=machines"`
	Limit   float64           `json:"limit"`
	Figure  *estimator.Figure `json:"figure"`
	Outcome Outcome           `json:"outcome" jsonschema:"enum=pass,enum=fail,enum=unsure,enum=error"`
	Line    int               `json:"line,omitempty"`
}

// CapacityHardware is a kind of machine with what lies on it.
type CapacityHardware struct {
	Name    string  `json:"name"`
	Line    int     `json:"line,omitempty"`
	Machine Machine `json:"machine"`
	Count   *int    `json:"count"` // null: as many as wanted
	// Machines are taken, the Spare ones included; DevicesUsed of the Devices of
	// those that are not spare carry something.
	Machines    int `json:"machines"`
	Spare       int `json:"spare"`
	Devices     int `json:"devices"` // of one machine
	DevicesUsed int `json:"devices_used"`
	// Load is the mean over the devices in use of how much of the most that they
	// carry they are given; null without any.
	Load        *float64          `json:"load"`
	USDPerHour  *estimator.Figure `json:"usd_per_hour"` // of one machine
	USDPerMonth *estimator.Figure `json:"usd_per_month"`
	Kilowatts   *estimator.Figure `json:"kw"`
	Offer       *money.Offer      `json:"offer,omitempty"`
	Layouts     []CapacityLayout  `json:"layouts"`
	// Refused says why nothing is planned on it at all.
	Refused string `json:"refused,omitempty"`
}

// CapacityLayout is machines with the same deployments on them.
type CapacityLayout struct {
	Machines int             `json:"machines"`
	Free     int             `json:"free_devices"` // of each
	Places   []CapacityPlace `json:"places"`
}

// CapacityPlace is devices that one deployment has, or several share.
type CapacityPlace struct {
	Devices   int      `json:"devices"`
	Workloads []string `json:"workloads"`
	// MemoryShare and BusyShare are taken of shared devices; 0 of others.
	MemoryShare float64 `json:"memory_share,omitempty"`
	BusyShare   float64 `json:"busy_share,omitempty"`
}

// CapacityWorkload is a workload with its deployments.
type CapacityWorkload struct {
	Name    string      `json:"name"`
	Line    int         `json:"line,omitempty"`
	Verdict PlanVerdict `json:"verdict" jsonschema:"enum=holds,enum=unsure,enum=does_not_hold"`
	Reason  string      `json:"reason"`
	// CarriedShare of its traffic is carried.
	CarriedShare float64 `json:"carried_share"`
	Model        Model   `json:"model"`
	// Unit of loads: requests/s, or users of a closed loop.
	Unit     string  `json:"unit" jsonschema:"enum=requests/s,enum=users"`
	LoadNow  float64 `json:"load_now"`
	LoadPeak float64 `json:"load_peak"`
	// PeakMonth is the month ahead whose load the plan is made for.
	PeakMonth   int                  `json:"peak_month"`
	Deployments []CapacityDeployment `json:"deployments"`
	// Carries is what all deployments carry together within the objectives;
	// HeadRoom is what of its pessimistic end the peak leaves free, 0 to 1,
	// below 0 where it is too little.
	Carries  *estimator.Figure `json:"carries"`
	HeadRoom *float64          `json:"head_room"`
	// Binding names what would have to give for the workload to need less.
	Binding      string            `json:"binding"`
	BindingWords string            `json:"binding_words"`
	Objectives   []estimator.Met   `json:"objectives"`
	Requirements []Requirement     `json:"requirements"`
	USDPerMonth  *estimator.Figure `json:"usd_per_month"` // its part of the machines, by devices
	USDPerM      *estimator.Figure `json:"usd_per_m_output_tokens_all_in"`
	KWhPerMonth  *estimator.Figure `json:"kwh_per_month"`
	KgPerMonth   *estimator.Figure `json:"kg_co2e_per_month"`
	// Refused says, for every hardware that cannot carry it, why.
	Refused []CapacityRefusal `json:"refused"`
	Notes   []string          `json:"notes"` // what was assumed of it
}

// CapacityDeployment is so many equal deployments of a workload.
type CapacityDeployment struct {
	Hardware string `json:"hardware"`
	Count    int    `json:"count"`
	Devices  int    `json:"devices"` // of each
	TP       int    `json:"tp"`
	PP       int    `json:"pp"`
	DP       int    `json:"dp"`
	EP       int    `json:"ep"`
	Slots    int    `json:"slots,omitempty"` // of engines that are given them
	Engine   Engine `json:"engine"`
	// Shared says that its devices carry others, too, which slow it down by up to
	// Slowdown, and that it runs at most Sequences at once.
	Shared    bool    `json:"shared"`
	Slowdown  float64 `json:"slowdown,omitempty"`
	Sequences int     `json:"sequences,omitempty"`
	// Fit is the verdict on the memory, NeedBytes and HighBytes what the fullest
	// device needs, UsableBytes what it may give.
	Fit         estimator.Verdict `json:"fit" jsonschema:"enum=fits,enum=tight,enum=fits_with_offload"`
	NeedBytes   int64             `json:"need_bytes"`
	HighBytes   int64             `json:"high_bytes"`
	UsableBytes int64             `json:"usable_bytes"`
	// Load is what each is given at the peak, Carries what each carries.
	Load    float64          `json:"load"`
	Carries estimator.Figure `json:"carries"`
	Limit   string           `json:"limit"` // what more load would run into
	// Means are those of the closed form; UnderLoad what a simulation saw.
	TTFTMs     estimator.Figure     `json:"ttft_ms"`
	TPOTMs     estimator.Figure     `json:"tpot_ms"`
	E2EMs      estimator.Figure     `json:"e2e_ms"`
	OutputTokS estimator.Figure     `json:"output_tok_s"`
	Busy       float64              `json:"busy_share"`
	UnderLoad  *estimator.UnderLoad `json:"under_load,omitempty"`
	Inputs     scenario.Scenario    `json:"inputs"` // as plimsoll check takes them
	Verify     string               `json:"verify"` // the command that checks one on the real machine
}

// CapacityRefusal says why hardware cannot carry a workload.
type CapacityRefusal struct {
	Hardware string `json:"hardware"`
	Reason   string `json:"reason"`
}

// CapacityMonth is a month ahead: 0 is now.
type CapacityMonth struct {
	Month int `json:"month"`
	// Demand is all traffic of what it is now: the mean over the workloads.
	Demand   float64           `json:"demand"`
	Carried  bool              `json:"carried"`
	Machines int               `json:"machines"`
	USD      *estimator.Figure `json:"usd"`
}

// CapacityChange is what would follow from a change, by solving again.
type CapacityChange struct {
	Change string `json:"change"`
	// Verdict is that of the changed plan, in closed form. Figures are null where
	// it does not hold.
	Verdict     PlanVerdict       `json:"verdict" jsonschema:"enum=holds,enum=unsure,enum=does_not_hold"`
	Machines    *int              `json:"machines"`
	USDPerMonth *estimator.Figure `json:"usd_per_month"`
	Goal        *float64          `json:"goal"` // in the unit of the plan's goal
	// Difference to the plan, of the goal; null where either is not known.
	Difference *float64 `json:"goal_difference"`
	// Gap is as in the method, of this solution.
	Gap float64 `json:"gap"`
}

// CapacityRelaxation is a constraint without which the plan would hold.
type CapacityRelaxation struct {
	Constraint string `json:"constraint"`
	Words      string `json:"words"`
}

// CapacityCoverage counts the pairs of workload and hardware.
type CapacityCoverage struct {
	Workloads int              `json:"workloads"`
	Hardware  int              `json:"hardware"`
	Read      int              `json:"read"`      // scenarios: pairs of workload and hardware
	Estimated int              `json:"estimated"` // of these
	Excluded  int              `json:"excluded"`  // by the workload's on
	Refused   []CapacityReason `json:"refused"`
}

// CapacityReason is a reason with how many scenarios it refuses, and some.
type CapacityReason struct {
	Reason   string   `json:"reason"`
	Count    int      `json:"count"`
	Examples []string `json:"examples"`
}

// ModelOf says which model a prepared request is of.
func ModelOf(p *scenario.Prepared) Model { return modelOf(p) }

// MachineOf says what a machine is.
func MachineOf(m *hardware.Machine) Machine { return machineOf(m) }

// Tidy rounds a figure as documents do; one that is no number is absent.
func Tidy(f *estimator.Figure) *estimator.Figure { return tidy(f) }

// From sets where the plan was asked at first.
func (c *CapacityPlan) From(s *CapacitySource) {
	c.Source = *s
	line := func(list []int, i int) int {
		if i < len(list) {
			return list[i]
		}
		return 0
	}
	for i := range c.Result.Workloads {
		c.Result.Workloads[i].Line = line(s.Workloads, i)
	}
	for i := range c.Result.Hardware {
		c.Result.Hardware[i].Line = line(s.Hardware, i)
	}
	for i := range c.Result.Budgets {
		c.Result.Budgets[i].Line = s.Budget[c.Result.Budgets[i].Name]
	}
}
