package profiles

import (
	"maps"
	"slices"

	"github.com/goccy/go-yaml/ast"

	"github.com/plimsoll/plimsoll/profiles/names"
)

// PlanSettings are the settings of a scenario that a workload or the defaults of
// a plan give, by the names of plimsoll sweep's fields. Counts are texts: 8k.
type PlanSettings struct {
	Model                string   `json:"model,omitempty"`
	Quant                string   `json:"quant,omitempty"`
	KVType               string   `json:"kv_type,omitempty"`
	KVTypeK              string   `json:"kv_type_k,omitempty"`
	KVTypeV              string   `json:"kv_type_v,omitempty"`
	Engine               string   `json:"engine,omitempty"`
	Backend              string   `json:"backend,omitempty"`
	EngineDate           string   `json:"engine_date,omitempty"`
	Split                string   `json:"split,omitempty"`
	TP                   string   `json:"tp,omitempty"`
	PP                   string   `json:"pp,omitempty"`
	EP                   string   `json:"ep,omitempty"`
	DP                   string   `json:"dp,omitempty"`
	GPULayers            string   `json:"gpu_layers,omitempty"`
	CPUMoE               string   `json:"cpu_moe,omitempty"`
	Threads              string   `json:"threads,omitempty"`
	Depth                string   `json:"depth,omitempty"`
	Context              string   `json:"context,omitempty"`
	ContextRule          string   `json:"context_rule,omitempty"`
	BatchSize            string   `json:"batch_size,omitempty"`
	UBatch               string   `json:"ubatch,omitempty"`
	Parallel             string   `json:"parallel,omitempty"`
	FlashAttention       *bool    `json:"flash_attention,omitempty"`
	SWAFull              bool     `json:"swa_full,omitempty"`
	KVUnified            bool     `json:"kv_unified,omitempty"`
	NoMmap               bool     `json:"no_mmap,omitempty"`
	NoKVOffload          bool     `json:"no_kv_offload,omitempty"`
	MLA                  string   `json:"mla,omitempty"`
	GPUMemoryUtilization float64  `json:"gpu_memory_utilization,omitempty"`
	MaxNumSeqs           string   `json:"max_num_seqs,omitempty"`
	MaxNumBatchedTokens  string   `json:"max_num_batched_tokens,omitempty"`
	Set                  []string `json:"set,omitempty"`
}

func planFields(p *PlanFile) []field {
	return []field{
		{"name", &p.Name, 0, "what the plan is for"},
		{"goal", &p.Goal, 0, "what there is to be least of: cost (when left out), energy, carbon or machines"},
		{"judge_at", &p.JudgeAt, 0, "the end of the intervals that deployments are sized for: pessimistic (when left out) or central"},
		{"months", &p.Months, maxPlanMonths, "how many months ahead traffic grows, 0 when left out"},
		{"spare", &p.Spare, 1000, "machines of each kind in use that may fail while the plan holds (N+1 is 1), 0 when left out"},
		{"utilisation", &p.Utilisation, 1, "share of the most that a deployment carries within its objectives to which it is loaded, 0.8 when left out"},
		{"require", &p.Require, 0, "gates on every workload, such as decode_tok_s >= 20"},
	}
}

func planPriceFields(p *PlanPrices) []field {
	return []field{
		{"file", &p.File, 0, "your own prices, a file as in the schema price-file"},
		{"at", &p.At, 0, "month at which prices older than a year are flagged, as 2026-11; this one when left out"},
		{"country", &p.Country, 0, "where the machines stand, for electricity and carbon"},
		{"spot", &p.Spot, 0, "rents are spot prices instead of those on demand"},
		{"own", &p.Own, 0, "machines are bought: their price over their life, and electricity"},
		{"used", &p.Used, 0, "with own: bought used, where such a price is known"},
		{"pue", &p.PUE, 10, "power of the building by that of its computers"},
		{"lifetime_years", &p.LifetimeYears, 100, "years over which a bought machine is written off"},
		{"residual_share", &p.ResidualShare, 1, "share of the price that it still fetches then"},
	}
}

// powerPriceFields are amounts that may be 0.
func powerPriceFields(p *PlanPrices) []field {
	return []field{
		{"usd_per_kwh", maybe{&p.USDPerKWh}, 1000, "price of electricity in USD per kWh"},
		{"gco2e_per_kwh", maybe{&p.GramsPerKWh}, 1e5, "carbon intensity of electricity in grams of CO2 equivalent per kWh"},
	}
}

func planBudgetFields(b *PlanBudget) []field {
	return []field{
		{"usd_per_month", maybe{&b.USDPerMonth}, maxMoney, "money for all machines in a month (730 hours), in USD"},
		{"kw", maybe{&b.Kilowatts}, 1e9, "power from the grid while everything works, in kW"},
		{"kwh_per_month", maybe{&b.KWhPerMonth}, maxMoney, "energy from the grid in a month, in kWh"},
		{"kg_co2e_per_month", maybe{&b.KgPerMonth}, maxMoney, "emissions of that energy, in kg of CO2 equivalent"},
		{"machines", maybe{&b.Machines}, maxPlanMachines, "machines of all kinds, spare ones included"},
	}
}

func planHardwareFields(h *PlanHardware) []field {
	return []field{
		{"name", &h.Name, 0, "what workloads call it; the machine's name when left out"},
		{"on", &h.On, 0, `the machine: a name of the catalogue ("8x h100-sxm5-80gb"), or a profile file`},
		{"host", &h.Host, 0, "processor beside the accelerators"},
		{"ram", &h.RAM, 0, "main memory of one computer, as 512GiB"},
		{"count", maybeCount{&h.Count}, maxPlanMachines, "how many there are; as many as wanted when left out"},
		{"usd_per_hour", maybe{&h.USDPerHour}, maxMoney, "what an hour of one machine costs, instead of the price lists"},
		{"purchase_usd", maybe{&h.PurchaseUSD}, maxMoney, "with own: what one machine costs to buy, instead of the price lists"},
		{"in_use_gb", &h.InUseGB, maxMemory, "memory of each device that others use already, in GiB"},
	}
}

func planWorkloadFields(w *PlanWorkload) []field {
	return []field{
		{"name", &w.Name, 0, "name of the workload; the model's when left out"},
		{"slo", &w.SLO, 0, "service-level objectives such as ttft_p95<=2s"},
		{"require", &w.Require, 0, "gates such as decode_tok_s >= 20"},
		{"on", &w.On, 0, "names of the hardware that may carry it; any when left out"},
		{"replicas", &w.Replicas, maxPlanMachines, "fewest deployments, 1 when left out"},
		{"share", &w.Share, 0, "true where its devices may carry other workloads, too"},
	}
}

func trafficFields(t *PlanTraffic) []field {
	return []field{
		{"rate", &t.Rate, 0, "requests that arrive at the busiest time: 4/s, 300/min, 9000/hour"},
		{"concurrency", &t.Concurrency, 1 << 20, "or users of a closed loop: each sends its next request when the last is answered"},
		{"input", &t.Input, 0, "lengths of prompts in tokens: 512, 256..1024 or lognormal(512,0.8)"},
		{"output", &t.Output, 0, "lengths of answers, likewise; 0 where nothing is generated"},
		{"growth", &t.Growth, 0, "5%/month, 60%/year or a share of a month such as 0.05; may be negative"},
		{"average", &t.Average, 0, "what the mean of a month is of the busiest time, as 40%; 100% when left out"},
		{"burst", &t.Burst, 100, "coefficient of variation of the times between arrivals, 1 (Poisson) when left out"},
		{"prefix_hit", &t.PrefixHit, 1, "share of prompt tokens found in the prefix cache"},
		{"speculate", &t.Speculate, 0, "drafted tokens and the chance that one is accepted, as 3:0.7"},
	}
}

func planSettingFields(s *PlanSettings) []field {
	return []field{
		{"model", &s.Model, 0, "catalogue id or alias, model file, or a size such as 8B"},
		{"quant", &s.Quant, 0, "weight format: Q4_K_M, FP8, AWQ …"},
		{"kv_type", &s.KVType, 0, "type of the KV cache: f16, q8_0, fp8 …"},
		{"kv_type_k", &s.KVTypeK, 0, "type of cached keys"},
		{"kv_type_v", &s.KVTypeV, 0, "type of cached values"},
		{"engine", &s.Engine, 0, "inference engine: vllm, sglang, llama.cpp …, dated as vllm@2026-01"},
		{"backend", &s.Backend, 0, "the engine's backend: cuda, rocm, metal …"},
		{"engine_date", &s.EngineDate, 0, "month of the engine's build"},
		{"split", &s.Split, 0, "how several devices share the model: layer, tensor, pipeline, row"},
		{"tp", &s.TP, 0, "tensor parallel ranks; searched when no division is given"},
		{"pp", &s.PP, 0, "pipeline parallel stages"},
		{"ep", &s.EP, 0, "expert parallel ranks"},
		{"dp", &s.DP, 0, "data parallel groups"},
		{"gpu_layers", &s.GPULayers, 0, "layers on the GPU; 0 = CPU only"},
		{"cpu_moe", &s.CPUMoE, 0, "keep the experts of the first N layers on the host"},
		{"threads", &s.Threads, 0, "CPU threads"},
		{"depth", &s.Depth, 0, "tokens already in the cache"},
		{"context", &s.Context, 0, "context of one sequence in tokens, 8k = 8192"},
		{"context_rule", &s.ContextRule, 0, "who settles the context: engine or model"},
		{"batch_size", &s.BatchSize, 0, "logical batch of llama.cpp"},
		{"ubatch", &s.UBatch, 0, "physical micro-batch of llama.cpp"},
		{"parallel", &s.Parallel, 0, "slots that share the context; searched when left out"},
		{"flash_attention", maybeBool{&s.FlashAttention}, 0, "flash attention"},
		{"swa_full", &s.SWAFull, 0, "full-size cache for sliding-window layers"},
		{"kv_unified", &s.KVUnified, 0, "one pool of cache cells for all slots"},
		{"no_mmap", &s.NoMmap, 0, "load the file instead of mapping it"},
		{"no_kv_offload", &s.NoKVOffload, 0, "keep the KV cache on the host"},
		{"mla", &s.MLA, 0, "what latent attention caches: latent, latent+v or expanded"},
		{"gpu_memory_utilization", &s.GPUMemoryUtilization, 1, "share of the device that the server claims"},
		{"max_num_seqs", &s.MaxNumSeqs, 0, "most sequences that the server runs at once"},
		{"max_num_batched_tokens", &s.MaxNumBatchedTokens, 0, "most tokens in one step of the server"},
		{"set", &s.Set, 0, "changes of hardware or model, such as hardware.bandwidth_gb_s=+10%"},
	}
}

// Numbers and switches that are nil where they are left out: 0 and false say
// something. The reader fills in a value of its own and points to it.
type (
	maybe      struct{ to **float64 }
	maybeCount struct{ to **int }
	maybeBool  struct{ to **bool }
)

// plain is the field that holds the value itself, and how to point to it.
func (f field) plain() (inner field, keep func()) {
	inner = f
	switch to := f.to.(type) {
	case maybe:
		v := new(float64)
		inner.to, keep = v, func() { *to.to = v }
	case maybeCount:
		v := new(int)
		inner.to, keep = v, func() { *to.to = v }
	case maybeBool:
		v := new(bool)
		inner.to, keep = v, func() { *to.to = v }
	}
	return inner, keep
}

// value reads a field, nil ones included.
func (r *planReader) value(n ast.Node, f field) {
	inner, keep := f.plain()
	r.reader.value(n, inner)
	if keep != nil {
		keep()
	}
}

// elsewhere tells where a setting goes that a workload does not have.
var elsewhere = map[string]string{
	"input_tokens": "write it as traffic: {input: …}", "output_tokens": "write it as traffic: {output: …}",
	"batch": "users are traffic: {concurrency: …}", "rate": "write it as traffic: {rate: …}", "concurrency": "write it as traffic: {concurrency: …}",
	"devices": "say it in the hardware's on, as in \"8x h100-sxm5-80gb\"", "nodes": "say it in the hardware's on, as in \"2x(8x h100-sxm5-80gb)\"",
	"host": "it belongs to the hardware", "ram": "it belongs to the hardware", "id": "call it name", "slos": "call it slo",
	"utilization": "call it utilisation", "place": "call it country",
}

// unknownKey says what a key was probably meant to be.
func unknownKey(key string, fields []field, others map[string]func(ast.Node)) string {
	key = oneLine(key)
	if hint, ok := elsewhere[key]; ok {
		return "unknown key \"" + key + "\"; " + hint
	}
	var entries []names.Entry
	for _, f := range fields {
		entries = append(entries, names.Entry{ID: f.key})
	}
	for _, k := range slices.Sorted(maps.Keys(others)) {
		entries = append(entries, names.Entry{ID: k})
	}
	ix := names.New("key", entries)
	ix.Hint = "the schema lists what is known (plimsoll schema plan-file)"
	fit, err := ix.Resolve(key)
	if err == nil { // as names go it fits, but it is written otherwise
		return "unknown key \"" + key + "\"; did you mean " + fit + "?"
	}
	return oneLine(err.Error())
}
