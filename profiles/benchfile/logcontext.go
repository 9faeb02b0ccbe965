package benchfile

import (
	"slices"
	"strconv"
	"strings"
)

// logContext gathers what the log of llama.cpp says about the machine, the
// model and the settings of the figures that follow.
type logContext struct {
	gpus      []string
	cpu       string
	backend   string
	modelFile string
	fileType  string
	build     string
	offload   string // as in measured.Row
	layers    int    // on the GPU, when partial
	experts   map[string]bool
	threads   int
	ubatch    int
	flash     string
	cacheK    string
	cacheV    string
}

var (
	cudaFound   = lazy(`ggml_cuda_init: found \d+ (CUDA|ROCm|MUSA) devices`)
	cudaDevice  = lazy(`^\s*Device (\d+): (.+?), (?:compute capability|gfx|VMM|mp_)`)
	vulkanLine  = lazy(`ggml_vulkan: (\d+) = (.+?) (?:\([^()]*\) )?\|`)
	metalLine   = lazy(`ggml_metal_(?:device_)?init: (?:found device|picking default device|GPU name)\s*:\s*(.+)$`)
	loadedFrom  = lazy(`loaded meta data with .+ from (.+?) \(version`)
	fileType    = lazy(`(?:print_info: file type|print_meta: model ftype)\s*=\s*(.+)$`)
	layersOn    = lazy(`offloaded (\d+)/(\d+) layers to GPU`)
	buildIs     = lazy(`build: (\d+) \(([0-9a-z]+)\)`)
	expertOnCPU = lazy(`tensor blk\.(\d+)\.\w*exps\S* .*buffer type overridden to CPU`)
	systemInfo  = lazy(`system_info: n_threads = (\d+)`)
	contextIs   = lazy(`(?:llama_context|llama_new_context_with_model): (n_ubatch|flash_attn)\s*=\s*(\w+)`)
	cacheIs     = lazy(`\bK \((\w+)\):.*\bV \((\w+)\):`)
)

const maxDevices = 64

func (c *logContext) line(s string) {
	switch {
	case strings.Contains(s, "ggml_"):
		c.device(s)
	case strings.HasPrefix(strings.TrimSpace(s), "Device "):
		if m := cudaDevice.FindStringSubmatch(s); m != nil {
			c.add(m[1], m[2])
		}
	case strings.Contains(s, "loaded meta data"):
		if m := loadedFrom.FindStringSubmatch(s); m != nil {
			// another model: what was said of the last one is void
			*c = logContext{gpus: c.gpus, cpu: c.cpu, backend: c.backend, build: c.build, threads: c.threads, modelFile: baseName(m[1])}
		}
	case strings.Contains(s, "layers to GPU"):
		if m := layersOn.FindStringSubmatch(s); m != nil {
			c.offloaded(m[1], m[2])
		}
	case strings.Contains(s, "overridden to CPU"):
		if m := expertOnCPU.FindStringSubmatch(s); m != nil && len(c.experts) < 1000 {
			if c.experts == nil {
				c.experts = map[string]bool{}
			}
			c.experts[m[1]] = true
		}
	default:
		c.setting(s)
	}
}

func (c *logContext) device(s string) {
	if m := cudaFound.FindStringSubmatch(s); m != nil {
		c.backend = backendNames[strings.ToLower(m[1])]
		c.gpus = nil
	} else if m := vulkanLine.FindStringSubmatch(s); m != nil {
		c.backend = "vulkan"
		c.add(m[1], m[2])
	} else if m := metalLine.FindStringSubmatch(s); m != nil {
		c.backend, c.gpus = "metal", []string{clean(m[1])}
	}
}

// add notes a GPU; the number 0 begins a new list, of a further run.
func (c *logContext) add(number, name string) {
	if number == "0" {
		c.gpus = nil
	}
	if len(c.gpus) < maxDevices {
		// the rows' hardware is one name: a comma would split it
		c.gpus = append(slices.Clip(c.gpus), strings.ReplaceAll(clean(name), ",", " "))
	}
}

func (c *logContext) offloaded(on, all string) {
	n, ok := whole(on)
	if !ok || n < 0 {
		return
	}
	switch {
	case on == all:
		c.offload, c.layers = "gpu", -1
	case n == 0:
		c.offload, c.layers = "cpu", -1
	default:
		c.offload, c.layers = "partial", n
	}
}

func (c *logContext) setting(s string) {
	// the words first: an expression on every line of a large file takes long
	match := func(words string, e pattern) []string {
		if !strings.Contains(s, words) {
			return nil
		}
		return e.FindStringSubmatch(s)
	}
	if m := match("print_", fileType); m != nil {
		c.fileType = clean(m[1])
	} else if m := match("build: ", buildIs); m != nil {
		c.build = "b" + m[1] + " (" + m[2] + ")"
	} else if m := match("system_info: ", systemInfo); m != nil {
		c.threads, _ = strconv.Atoi(m[1])
	} else if m := match(" V (", cacheIs); m != nil {
		c.cacheK, c.cacheV = m[1], m[2]
	} else if m := match("llama_", contextIs); m != nil {
		switch {
		case m[1] == "n_ubatch":
			c.ubatch, _ = strconv.Atoi(m[2])
		case m[2] == "1" || m[2] == "enabled":
			c.flash = "on"
		case m[2] == "0" || m[2] == "disabled":
			c.flash = "off"
		default: // decided by the engine
			c.flash = ""
		}
	}
}
