package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator/engine"
)

// axis is one flag of a scenario. Its text goes into a field of the
// scenario; check takes one value, sweep a list of them.
type axis struct {
	flag, short, usage string
	noValue            string // the value when the flag stands alone
	set                func(s *scenario.Scenario, text string) error
}

func textAxis(flag, short, usage string, field func(*scenario.Scenario) *string) axis {
	return axis{flag: flag, short: short, usage: usage, set: func(s *scenario.Scenario, text string) error {
		if text == "" {
			return fmt.Errorf("the value is empty")
		}
		*field(s) = text
		return nil
	}}
}

// givenAxis is a textAxis that also notes that the value was not assumed.
func givenAxis(flag, short, usage string, field func(*scenario.Scenario) (text *string, assumed *bool)) axis {
	a := textAxis(flag, short, usage, func(s *scenario.Scenario) *string { t, _ := field(s); return t })
	setText := a.set
	a.set = func(s *scenario.Scenario, text string) error {
		_, assumed := field(s)
		*assumed = false
		return setText(s, text)
	}
	return a
}

// countAxis takes whole numbers; 8k means 8192.
func countAxis(flag, short, usage string, field func(*scenario.Scenario) *int) axis {
	return axis{flag: flag, short: short, usage: usage, set: func(s *scenario.Scenario, text string) error {
		n, err := units.ParseTokens(text)
		if err != nil {
			return fmt.Errorf("%.60q is not a whole number", text)
		}
		*field(s) = n
		return nil
	}}
}

func boolAxis(flag, usage string, field func(*scenario.Scenario) *bool) axis {
	return axis{flag: flag, usage: usage, noValue: "true", set: func(s *scenario.Scenario, text string) error {
		v, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%.60q is neither true nor false", text)
		}
		*field(s) = v
		return nil
	}}
}

// layersAxis takes a number of layers, or auto or all.
func layersAxis(flag, usage, noValue string, field func(*scenario.Scenario) *int) axis {
	a := countAxis(flag, "", usage, field)
	count := a.set
	a.noValue = noValue
	a.set = func(s *scenario.Scenario, text string) error {
		switch text {
		case "auto":
			*field(s) = engine.Auto
			return nil
		case "all":
			*field(s) = allLayers
			return nil
		}
		return count(s, text)
	}
	return a
}

// allLayers is more layers than any model has, as people write -ngl 999.
const allLayers = 999

// axes lists the flags of a scenario, in the order in which help shows them
// and a sweep varies them (the last fastest).
func axes() []axis {
	type S = scenario.Scenario
	list := []axis{
		textAxis("model", "m", "the model, instead of the argument", func(s *S) *string { return &s.Model }),
		textAxis("on", "", "hardware: local, a catalogue id, \"8x id\", or a profile file (default local)", func(s *S) *string { return &s.On }),
		givenAxis("quant", "q", "weight format: Q4_K_M, FP8, AWQ … (default: the file's, or the engine's usual one)", func(s *S) (*string, *bool) { return &s.Quant, &s.QuantAssumed }),
		textAxis("kv-type", "", "type of the KV cache: f16, q8_0, fp8 … (default: the engine's, or the checkpoint's)", func(s *S) *string { return &s.KVType }),
		textAxis("cache-type-k", "", "type of cached keys (-ctk)", func(s *S) *string { return &s.KVTypeK }),
		textAxis("cache-type-v", "", "type of cached values (-ctv)", func(s *S) *string { return &s.KVTypeV }),
		{flag: "context", short: "c", usage: "context in tokens, 32k = 32768, auto: as the engine chooses, max: the model's longest (--ctx-size, --max-model-len)", set: func(s *S, text string) error {
			return setContext(s, text)
		}},
		countAxis("batch", "b", "sequences in flight (llama.cpp's logical batch is --batch-size)", func(s *S) *int { return &s.Batch }),
		{flag: "input-tokens", short: "p", usage: "length of the prompt", set: func(s *S, text string) error {
			s.PromptAssumed = false
			return setCount(&s.InputTokens, text)
		}},
		countAxis("output-tokens", "n", "length of the answer", func(s *S) *int { return &s.OutputTokens }),
		countAxis("depth", "d", "tokens already in the cache", func(s *S) *int { return &s.Depth }),
		givenAxis("engine", "", "inference engine: llama.cpp, ollama, vllm, sglang …, dated as vllm@2026-01", func(s *S) (*string, *bool) { return &s.Engine, &s.EngineAssumed }),
		textAxis("engine-date", "", "month of the engine's build", func(s *S) *string { return &s.EngineDate }),
		textAxis("backend", "", "the engine's backend: cuda, rocm, metal, vulkan, cpu …", func(s *S) *string { return &s.Backend }),
		layersAxis("gpu-layers", "layers on the GPU (-ngl); 0 = CPU only, default auto", "", func(s *S) *int { return &s.GPULayers }),
		layersAxis("cpu-moe", "keep the experts of the first N layers on the host (--n-cpu-moe); alone: of all", "all", func(s *S) *int { return &s.CPUMoE }),
		countAxis("devices", "", "accelerators per node", func(s *S) *int { return &s.Devices }),
		countAxis("nodes", "", "number of nodes", func(s *S) *int { return &s.Nodes }),
		textAxis("host", "", "CPU beside the accelerator", func(s *S) *string { return &s.Host }),
		textAxis("ram", "", "main memory of a node: 64GiB", func(s *S) *string { return &s.RAM }),
		textAxis("split", "", "how several devices share the model: layer, tensor, pipeline, row, none (-sm)", func(s *S) *string { return &s.Split }),
		countAxis("tp", "", "tensor parallel ranks (--tensor-parallel-size)", func(s *S) *int { return &s.TP }),
		countAxis("pp", "", "pipeline parallel stages", func(s *S) *int { return &s.PP }),
		countAxis("ep", "", "expert parallel ranks", func(s *S) *int { return &s.EP }),
		countAxis("dp", "", "data parallel replicas", func(s *S) *int { return &s.DP }),
		countAxis("batch-size", "", "logical batch of llama.cpp", func(s *S) *int { return &s.BatchSize }),
		countAxis("ubatch-size", "", "physical micro-batch of llama.cpp (-ub)", func(s *S) *int { return &s.UBatch }),
		countAxis("parallel", "", "server slots that share the context (-np)", func(s *S) *int { return &s.Parallel }),
		{flag: "flash-attention", usage: "flash attention: on, off or auto (-fa)", noValue: "on", set: setFlash},
		boolAxis("kv-unified", "one pool of cells for all slots (-kvu)", func(s *S) *bool { return &s.KVUnified }),
		boolAxis("swa-full", "full-size cache for sliding-window layers", func(s *S) *bool { return &s.SWAFull }),
		countAxis("threads", "t", "CPU threads (default: all cores)", func(s *S) *int { return &s.Threads }),
		boolAxis("no-mmap", "load the file instead of mapping it", func(s *S) *bool { return &s.NoMmap }),
		boolAxis("no-kv-offload", "keep the KV cache on the host", func(s *S) *bool { return &s.NoKVOffload }),
		{flag: "gpu-memory-utilization", usage: "share of the device that vLLM claims", set: func(s *S, text string) error {
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return fmt.Errorf("%.60q is not a number", text)
			}
			s.GPUMemoryUtilization = v
			return nil
		}},
		countAxis("max-num-seqs", "", "most sequences that vLLM runs at once", func(s *S) *int { return &s.MaxNumSeqs }),
		countAxis("max-num-batched-tokens", "", "most tokens in one step of vLLM", func(s *S) *int { return &s.MaxNumBatchedTokens }),
		{flag: "tensor-split", usage: "shares of the devices (-ts); only equal ones are modelled", set: checkTensorSplit},
	}
	return append(append(append(list, imageAxes()...), pipelineAxes()...), setAxis())
}

// setContext takes a number of tokens, or who is to choose it.
func setContext(s *scenario.Scenario, text string) error {
	s.ContextAssumed, s.ContextRule = false, ""
	switch text {
	case "auto":
		s.Context, s.ContextRule = 0, "engine"
		return nil
	case "max":
		s.Context, s.ContextRule = 0, "model"
		return nil
	}
	return setCount(&s.Context, text)
}

func setCount(to *int, text string) error {
	n, err := units.ParseTokens(text)
	if err != nil {
		return err
	}
	*to = n
	return nil
}

func setFlash(s *scenario.Scenario, text string) error {
	on := false
	switch strings.ToLower(text) {
	case "on", "1", "true", "yes":
		on = true
	case "off", "0", "false", "no":
	case "auto", "-1":
		s.FlashAttention = nil
		return nil
	default:
		return fmt.Errorf("%.60q is none of on, off, auto", text)
	}
	s.FlashAttention = &on
	return nil
}

// checkTensorSplit refuses shares that differ: the placement divides evenly,
// and to ignore what was asked would be a wrong answer.
func checkTensorSplit(_ *scenario.Scenario, text string) error {
	parts := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '/' })
	for _, p := range parts {
		if _, err := strconv.ParseFloat(p, 64); err != nil {
			return fmt.Errorf("%.60q is not a list of numbers", text)
		}
		if p != parts[0] {
			return fmt.Errorf("uneven shares are not modelled")
		}
	}
	return nil
}

// scenarioFlags are the axes bound to a flag set.
type scenarioFlags struct {
	axes   []axis
	values []string
	flags  *pflag.FlagSet
}

func addScenarioFlags(fs *pflag.FlagSet) *scenarioFlags {
	f := &scenarioFlags{axes: axes(), flags: fs}
	f.values = make([]string, len(f.axes))
	for i := range f.axes {
		a := &f.axes[i]
		fs.StringVarP(&f.values[i], a.flag, a.short, "", a.usage)
		if a.noValue != "" {
			fs.Lookup(a.flag).NoOptDefVal = a.noValue
		}
	}
	return f
}

// given says whether the user set the flag.
func (f *scenarioFlags) given(i int) bool { return f.flags.Changed(f.axes[i].flag) }

// apply puts one value into the scenario.
func (a *axis) apply(s *scenario.Scenario, text string) error {
	if err := a.set(s, strings.TrimSpace(text)); err != nil {
		return problem.Wrong(problem.BadValue, err.Error(), "--"+a.flag, "see plimsoll check --help")
	}
	return nil
}

// one fills a scenario from the flags, each with a single value.
func (f *scenarioFlags) one(s *scenario.Scenario) error {
	for i := range f.axes {
		if f.given(i) {
			if err := f.axes[i].apply(s, f.values[i]); err != nil {
				return err
			}
		}
	}
	return nil
}
