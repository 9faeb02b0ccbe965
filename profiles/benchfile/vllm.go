package benchfile

import (
	"encoding/json"
	"math"
	"strings"
)

// benchEngines maps the client that vLLM's benchmark was told to use to the
// engine behind it. "openai" is the default and any server may be behind it;
// vLLM is by far the likeliest.
var benchEngines = map[string]string{
	"vllm": "vllm", "vllm-chat": "vllm", "openai": "vllm", "openai-chat": "vllm", "openai-comp": "vllm", "sglang": "sglang",
	"sglang-native": "sglang", "sglang-oai": "sglang", "sglang-oai-chat": "sglang", "tgi": "tgi", "tensorrt-llm": "tensorrt-llm",
	"trt": "tensorrt-llm", "lmdeploy": "lmdeploy", "llama.cpp": "llama.cpp", "": "vllm",
}

// vllmServe reads the result of vllm bench serve, or of benchmark_serving.py.
func (r *reader) vllmServe(line int, raw json.RawMessage) {
	r.tools[VLLMServe] = true
	var v struct {
		Date        scalar `json:"date"`
		Backend     scalar `json:"backend"`
		Endpoint    scalar `json:"endpoint_type"`
		Model       scalar `json:"model_id"`
		Prompts     scalar `json:"num_prompts"`
		Rate        scalar `json:"request_rate"`
		Concurrency scalar `json:"max_concurrency"`
		Completed   scalar `json:"completed"`
		Failed      scalar `json:"failed"`
		In          scalar `json:"total_input_tokens"`
		Out         scalar `json:"total_output_tokens"`
		OutputTokS  scalar `json:"output_throughput"`
		MedianTTFT  scalar `json:"median_ttft_ms"`
		MeanTTFT    scalar `json:"mean_ttft_ms"`
		MedianTPOT  scalar `json:"median_tpot_ms"`
		MeanTPOT    scalar `json:"mean_tpot_ms"`
		Acceptance  scalar `json:"spec_decode_acceptance_rate"`
		RampUp      scalar `json:"ramp_up_strategy"`
		// what people add with --metadata
		Version  scalar `json:"version"`
		VLLM     scalar `json:"vllm_version"`
		Hardware scalar `json:"hardware"`
		GPU      scalar `json:"gpu"`
		TP       scalar `json:"tensor_parallel_size"`
		TPShort  scalar `json:"tp"`
	}
	if decode(raw, &v) != nil {
		return
	}
	row := r.newRow()
	row.Model, row.Date, row.Offload = string(v.Model), month(string(v.Date)), "gpu"
	row.Version, row.Hardware = string(firstOfAll(v.VLLM, v.Version)), string(firstOfAll(v.Hardware, v.GPU))
	row.Speculative = v.Acceptance != ""
	if tp := firstOfAll(v.TP, v.TPShort).count(); tp > 1 && tp <= 1024 {
		row.TP, row.Devices, row.Split = tp, tp, "tp"
	}
	client := strings.ToLower(string(firstOfAll(v.Backend, v.Endpoint)))
	engine, known := benchEngines[client]
	if !known {
		r.skip(line, "", "the client "+clean(client)+" is not for text generation")
		return
	}
	row.Engine = engine

	s := serving{line: line, tool: VLLMServe, completed: v.Completed.count(), failed: v.Failed.count(),
		outputTokS: v.OutputTokS.number(), ttftMS: either(v.MedianTTFT, v.MeanTTFT), tpotMS: either(v.MedianTPOT, v.MeanTPOT)}
	if s.completed > 0 {
		s.input, s.output = v.In.number()/float64(s.completed), v.Out.number()/float64(s.completed)
	}
	prompts := v.Prompts.count()
	if s.failed <= 0 {
		s.failed = max(prompts-s.completed, 0)
	}
	if prompts == 0 {
		prompts = s.completed
	}
	vllmLoad(&s, prompts, v.Concurrency.count(), v.Rate.number(), v.RampUp != "")
	r.servingRows(&s, row)
}

// vllmLoad settles how many requests were in flight.
func vllmLoad(s *serving, prompts, concurrency int, rate float64, ramp bool) {
	// the default rate is infinite, and is written as "inf"
	s.paced = rate > 0 && !math.IsInf(rate, 1) || ramp
	switch {
	case s.paced && concurrency != 1:
		s.batchReason = "requests came at a set rate, so how many were in flight is not known; use --max-concurrency alone"
	case concurrency > 0:
		s.batch = concurrency
		if prompts > 0 && prompts <= concurrency {
			s.batch, s.ramp = prompts, prompts > 1
		}
	case prompts > 0 && prompts <= allAtOnce:
		s.batch, s.ramp = prompts, prompts > 1
	default:
		s.batchReason = "all requests came at once and are more than a server takes, so how many were in flight is not known; use --max-concurrency"
	}
}

func firstOfAll(values ...scalar) scalar {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// either gives the median, or the mean where there is none.
func either(median, mean scalar) float64 {
	if v := median.number(); v > 0 {
		return v
	}
	return mean.number()
}
