package benchfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/profiles/measured"
)

// allLayers is the number of GPU layers from which all are meant: the default
// of llama-bench is 99.
const allLayers = 99

// opOffload is the prompt length from which llama.cpp sends the matrix
// products of weights in host memory to the GPU.
const opOffload = 32

// benchTest is one test of llama-bench: its fields as text, by the names of
// its JSON. Of all else in the object nothing is kept.
type benchTest map[string]string

var benchFields = func() map[string]bool {
	out := map[string]bool{}
	for _, f := range strings.Fields(`build_commit build_number cpu_info gpu_info backends model_filename model_type model_size
		model_n_params n_batch n_ubatch n_threads type_k type_v n_gpu_layers n_cpu_moe split_mode main_gpu no_kv_offload
		flash_attn devices tensor_split tensor_buft_overrides embeddings no_op_offload n_prompt n_gen n_depth test_time
		avg_ts stddev_ts cuda opencl vulkan kompute metal sycl gpu_blas`) {
		out[f] = true
	}
	return out
}()

// UnmarshalJSON keeps the known fields that are plain values.
func (t *benchTest) UnmarshalJSON(b []byte) error {
	*t = benchTest{}
	dec := json.NewDecoder(bytes.NewReader(b))
	if _, err := dec.Token(); err != nil {
		return err
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		var v scalar
		if err := dec.Decode(&v); err != nil {
			return err
		}
		if k, ok := key.(string); ok && benchFields[k] {
			(*t)[k] = string(v)
		}
	}
	return nil
}

func (t benchTest) count(key string) int { return scalar(t[key]).count() }

// on reads a truth value, which versions print as true or 1.
func (t benchTest) on(key string) bool {
	switch strings.ToLower(t[key]) {
	case "1", "true", "on", "enabled":
		return true
	}
	return false
}

// name is the test as llama-bench prints it.
func (t benchTest) name() string {
	var parts []string
	for _, p := range [][2]string{{"pp", "n_prompt"}, {"tg", "n_gen"}} {
		if n := t.count(p[1]); n > 0 {
			parts = append(parts, p[0]+strconv.Itoa(n))
		}
	}
	s := strings.Join(parts, "+")
	if d := t.count("n_depth"); d > 0 {
		s += " @ d" + strconv.Itoa(d)
	}
	return s
}

// bench makes the row of one test.
func (r *reader) bench(line int, t benchTest) {
	r.tools[LlamaBench] = true
	d := Detail{Line: line, ModelFile: baseName(t["model_filename"]), ModelType: t["model_type"],
		StdDev: number(t["stddev_ts"]), WeightBytesExact: true}
	if n, ok := whole(t["model_size"]); ok && n > 0 {
		d.WeightBytes = int64(n)
	}
	if n, ok := whole(t["model_n_params"]); ok && n > 0 {
		d.Params = int64(n)
	}
	r.benchRow(t, d)
}

// benchRow makes the row of one test whose sizes are known already.
func (r *reader) benchRow(t benchTest, d Detail) {
	r.tools[LlamaBench] = true
	if d.WeightBytes == 0 {
		d.WeightBytesExact = false
	}
	row := r.newRow()
	row.Engine, row.Value = "llama.cpp", number(t["avg_ts"])
	if row.Model = d.ModelFile; row.Model == "" {
		row.Model = d.ModelType
		_, d.ModelName = weightsInType(d.ModelType)
	}
	row.Weights = ggufWeights(d.ModelFile, d.ModelType)
	row.Version, row.Date = benchVersion(t), month(t["test_time"])
	row.KV = cacheType(t["type_k"], t["type_v"])
	row.Threads = max(t.count("n_threads"), 0)
	// llama.cpp takes the smaller of both
	if row.UBatch = t.count("n_ubatch"); t.count("n_batch") > 0 {
		row.UBatch = min(row.UBatch, t.count("n_batch"))
	}
	switch strings.ToLower(t["flash_attn"]) {
	case "1", "true", "on", "enabled":
		row.Flash = "on"
	case "0", "false", "off", "disabled":
		row.Flash = "off"
	}
	row.Depth = t.count("n_depth")
	prompt, gen := t.count("n_prompt"), t.count("n_gen")
	switch {
	case prompt > 0 && gen > 0:
		r.skip(d.Line, t.name(), "the rate mixes prompt and generated tokens; run -p and -n apart")
		return
	case prompt > 0:
		row.Metric, row.Input, row.DepthMean = measured.Prefill, prompt, row.Depth+prompt/2
	case gen > 0:
		row.Metric, row.Output, row.DepthMean = measured.Decode, gen, row.Depth+gen/2
	default:
		r.skip(d.Line, t.name(), "neither prompt nor generated tokens are stated")
		return
	}
	if reason := r.benchPlace(t, &row); reason != "" {
		r.skip(d.Line, t.name(), reason)
		return
	}
	r.add(LlamaBench, t.name(), row, d)
}

func benchVersion(t benchTest) string {
	number, commit := t["build_number"], t["build_commit"]
	if number == "" || number == "0" {
		return commit
	}
	if commit == "" || commit == "unknown" {
		return "b" + number
	}
	return fmt.Sprintf("b%s (%s)", number, commit)
}

// cacheType names the cache as "q8_0", or "q8_0/f16" where K and V differ.
func cacheType(k, v string) string {
	if k == v || v == "" {
		return k
	}
	return k + "/" + v
}

// benchPlace fills in where the layers were, and says why that cannot be
// written down.
func (r *reader) benchPlace(t benchTest, row *measured.Row) string {
	backends := benchBackends(t)
	devices := strings.TrimSpace(t["devices"])
	if devices == "auto" {
		devices = ""
	}
	var gpus []string
	for _, g := range strings.Split(t["gpu_info"], ",") {
		if g = strings.TrimSpace(g); g != "" {
			gpus = append(gpus, g)
		}
	}
	one := ""
	switch len(backends) {
	case 0:
		one = "cpu"
	case 1:
		one = backends[0]
	}
	r.describe(gpus, t["cpu_info"], one)
	row.Host = t["cpu_info"]

	layers, stated := whole(t["n_gpu_layers"])
	switch {
	case len(backends) == 0 || devices == "none" || stated && layers == 0:
		if row.Metric == measured.Prefill && row.Input >= opOffload && len(backends) > 0 && devices != "none" && !t.on("no_op_offload") {
			return "with -ngl 0 a GPU build still computes long prompts on the GPU; add -dev none or use a build for the CPU"
		}
		row.Offload, row.Backend, row.Hardware, row.Host = "cpu", "cpu", t["cpu_info"], ""
		return ""
	case t.on("embeddings"):
		return "computes embeddings, not text"
	case t.on("no_kv_offload"):
		return "the cache was kept off the GPU (-nkvo 1)"
	case strings.Contains(strings.ToUpper(devices+" "+t["gpu_info"]), "RPC"):
		return "the work was shared with another machine over RPC"
	}
	if named := backendsIn(devices); len(named) == 1 {
		backends = named
	}
	if len(backends) != 1 {
		return "built with several GPU backends (" + strings.Join(backends, ", ") + "); name the device with -dev"
	}
	row.Backend = backends[0]

	row.Offload = "gpu"
	experts := t.count("n_cpu_moe")
	if experts > 0 {
		row.Offload, row.CPUMoE = "experts-cpu", experts
	}
	if reason := benchOverrides(t["tensor_buft_overrides"], row); reason != "" {
		return reason
	}
	if stated && layers > 0 && layers < allLayers {
		if row.Offload == "experts-cpu" {
			return fmt.Sprintf("layers (-ngl %d) and experts were both kept off the GPU; run with -ngl 99", layers)
		}
		row.Offload, row.GPULayers = "partial", layers
	}
	return benchDevices(t, row, devices, gpus)
}

func benchBackends(t benchTest) []string {
	if s := t["backends"]; s != "" {
		return backendsIn(s)
	}
	// versions before November 2024 have a truth value for each
	var out []string
	for _, key := range []string{"cuda", "opencl", "vulkan", "kompute", "metal", "sycl"} {
		if t.on(key) {
			out = append(out, backendNames[key])
		}
	}
	return out
}

var allExperts = lazy(`^[^0-9]*exps[^0-9]*=CPU$`)

// benchOverrides reads -ot: all experts in host memory can be written down,
// a choice of layers or tensors cannot.
func benchOverrides(s string, row *measured.Row) string {
	switch s = strings.TrimSpace(s); {
	case s == "" || s == "none":
	case allExperts.MatchString(s):
		row.Offload, row.CPUMoE = "experts-cpu", -1
	default:
		return "tensors were placed one by one (-ot " + clean(s) + "); use -ncmoe or -ngl"
	}
	return ""
}

// benchDevices settles which of the GPUs worked, and how they shared.
func benchDevices(t benchTest, row *measured.Row, devices string, gpus []string) string {
	if devices != "" {
		used := strings.FieldsFunc(devices, func(c rune) bool { return c == '/' || c == ',' })
		var named []string
		for _, u := range used {
			digits := strings.TrimLeft(u, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
			if i, err := strconv.Atoi(digits); err == nil && i >= 0 && i < len(gpus) {
				named = append(named, gpus[i])
			} else if digits == "" && len(gpus) > 0 {
				named = append(named, gpus[0])
			}
		}
		if len(named) != len(used) && len(gpus) > 0 {
			return "the devices used (" + clean(devices) + ") are not among those listed"
		}
		gpus = named
	}
	if shares := strings.FieldsFunc(t["tensor_split"], func(c rune) bool { return c == '/' || c == ';' }); len(shares) > 1 {
		var used []string
		for i, s := range shares {
			if v := number(s); v > 0 {
				if v != number(shares[0]) && len(used) > 0 {
					return "the GPUs had unequal shares (-ts " + clean(t["tensor_split"]) + ")"
				}
				if i < len(gpus) {
					used = append(used, gpus[i])
				}
			}
		}
		if len(used) > 0 {
			gpus = used
		}
	}
	mode := strings.ToLower(t["split_mode"])
	if mode == "none" && len(gpus) > 1 {
		main := t.count("main_gpu")
		if main < 0 || main >= len(gpus) {
			return "the main GPU is not among those listed"
		}
		gpus = gpus[main : main+1]
	}
	if len(gpus) == 0 {
		return ""
	}
	row.Hardware, row.Devices = gpus[0], len(gpus)
	if len(gpus) == 1 {
		return ""
	}
	if slices.ContainsFunc(gpus, func(g string) bool { return g != gpus[0] }) {
		return "several GPUs of different kinds are listed (" + clean(strings.Join(gpus, ", ")) + "); name one with -dev or -sm none -mg N"
	}
	switch mode {
	case "", "layer":
		row.Split = "layer"
	case "tensor":
		row.Split, row.TP = "tp", len(gpus)
	default:
		return "the split over GPUs (-sm " + clean(mode) + ") has no counterpart; use -sm layer"
	}
	return ""
}
