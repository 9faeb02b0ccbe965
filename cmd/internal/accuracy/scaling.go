package accuracy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/plimsoll/plimsoll/cmd/internal/corpus"
	"github.com/plimsoll/plimsoll/profiles/measured"
)

// Step says how well the gain from more devices is predicted: from one number
// of tensor-parallel ranks to the next larger one that was measured.
type Step struct {
	Name  string `json:"name"` // "2 to 4", or "all"
	Pairs int    `json:"pairs"`
	// The errors are those of the ratio between the two rates, in percent of the
	// measured ratio; positive where we say that it scales better than measured.
	Errors
}

// ScalingMethod says in words what a pair is and what its error.
const ScalingMethod = "scaling over devices: pairs of rows of servers that differ in nothing but the number of tensor-parallel ranks; " +
	"the error is that of the ratio of their rates, positive means that the estimate gains more than the measurement"

// scaling sums up the pairs among the cases, by step and then all of them;
// nothing where there is no pair.
func scaling(cases []*Case) []Step {
	settings := map[measured.ServingRow]map[int][]float64{}
	for _, c := range cases {
		ranks, setting, ok := ranksOf(c.example)
		if !ok {
			continue
		}
		if settings[setting] == nil {
			settings[setting] = map[int][]float64{}
		}
		settings[setting][ranks] = append(settings[setting][ranks], c.Log)
	}
	steps := map[[2]int][]float64{}
	var all []float64
	for _, logs := range settings {
		// Two rows of one setting differ in something that no column says.
		maps.DeleteFunc(logs, func(_ int, same []float64) bool { return len(same) > 1 })
		ranks := slices.Sorted(maps.Keys(logs))
		for i := 1; i < len(ranks); i++ {
			e := percent(logs[ranks[i]][0] - logs[ranks[i-1]][0])
			step := [2]int{ranks[i-1], ranks[i]}
			steps[step], all = append(steps[step], e), append(all, e)
		}
	}
	if len(all) == 0 {
		return nil
	}
	var out []Step
	for _, s := range slices.SortedFunc(maps.Keys(steps), func(a, b [2]int) int { return cmp.Or(a[0]-b[0], a[1]-b[1]) }) {
		out = append(out, Step{fmt.Sprintf("%d to %d", s[0], s[1]), len(steps[s]), errorsOf(steps[s], quantile)})
	}
	return append(out, Step{"all", len(all), errorsOf(all, quantile)})
}

// ranksOf returns over how many devices a server divided each tensor, and all
// else that is stated of the row; false where it divided anything else, or
// where the measurement says more about the benchmark than about the server.
func ranksOf(ex *corpus.Example) (ranks int, setting measured.ServingRow, ok bool) {
	if ex.Serving == nil {
		return 0, setting, false
	}
	setting = *ex.Serving
	r := &setting
	waits := r.Metric == measured.TTFT && (r.Class == measured.ClosedLoop || r.Class == measured.StaticBatch)
	if waits || r.Disaggregated || r.Nodes > 1 || r.PP > 1 || r.DP > 1 || r.EP > 1 || r.TP != 0 && r.TP != r.Devices {
		return 0, setting, false
	}
	ranks = r.Devices
	if r.MoETP == ranks {
		r.MoETP = 0 // the experts' tensors are divided like all others
	}
	r.ID, r.Value, r.Weight = "", 0, 0
	r.Devices, r.DevicesPerNode, r.TP, r.PP, r.DP, r.EP = 0, 0, 0, 0, 0, 0
	return ranks, setting, true
}
