package checkpoint

import (
	"fmt"
	"strconv"
	"strings"
)

// Tensor is one row of a tensor table. Shape is outermost first.
type Tensor struct {
	Name     string
	Shape    []int64
	Elements int64
	Bytes    int64
	Type     string // as the file names it: "BF16", "Q4_K"
}

// maxTensors bounds the tensors of one file; the largest have some thousands.
const maxTensors = 1 << 16

// group is the tensors of one component, names without its prefix.
type group struct {
	shapes   map[string][]int64
	elements int64
	bytes    int64
	byType   map[string]int64
}

func newGroup() *group { return &group{shapes: map[string][]int64{}, byType: map[string]int64{}} }

func (g *group) add(name string, t *Tensor) {
	g.shapes[name] = t.Shape
	if !scale(name) {
		g.elements += t.Elements
		if t.Type == "U8" { // two weights of 4 bits lie in a byte
			g.elements += t.Elements
		}
	}
	g.bytes += t.Bytes
	g.byType[t.Type] += t.Bytes
}

// scale tells the tables that bitsandbytes and FP8 checkpoints keep beside a
// weight.
func scale(name string) bool {
	for _, s := range []string{".absmax", ".quant_map", ".nested_absmax", ".nested_quant_map", "bitsandbytes__nf4", "bitsandbytes__fp4", ".weight_scale", ".input_scale", ".scale_weight", ".scale_input", "scaled_fp8"} {
		if strings.HasSuffix(name, s) {
			return true
		}
	}
	return false
}

func (g *group) has(name string) bool { _, ok := g.shapes[name]; return ok }

// dim is a dimension of a tensor, 0 where it has none.
func (g *group) dim(name string, i int) int {
	s := g.shapes[name]
	if i >= len(s) || s[i] < 0 || s[i] > 1<<30 {
		return 0
	}
	return int(s[i])
}

// rows and cols are a matrix's outputs and inputs.
func (g *group) rows(name string) int { return g.dim(name, 0) }

// outputs is a layer's outputs: its bias tells them where its weights are
// packed.
func (g *group) outputs(layer string) int {
	if n := g.rows(layer + ".bias"); n > 0 {
		return n
	}
	return g.rows(layer + ".weight")
}

func (g *group) cols(name string) int { return g.dim(name, 1) }

// count is how many blocks there are of which the names are numbered behind a
// prefix.
func (g *group) count(prefix string) int {
	seen := map[int]bool{}
	for name := range g.shapes {
		rest, ok := strings.CutPrefix(name, prefix+".")
		if !ok {
			continue
		}
		num, _, _ := strings.Cut(rest, ".")
		if n, err := strconv.Atoi(num); err == nil && n >= 0 && n < 4096 {
			seen[n] = true
		}
	}
	return len(seen)
}

// under is the elements of the tensors of which the names begin like that.
func (g *group) under(prefixes ...string) int64 {
	n := int64(0)
	for name, shape := range g.shapes {
		for _, p := range prefixes {
			if strings.HasPrefix(name, p) {
				e := int64(1)
				for _, d := range shape {
					e *= d
				}
				n += e
				break
			}
		}
	}
	return n
}

// most is the type that most of the bytes are in; ties go to the first name.
func most(byType map[string]int64) string {
	best := ""
	for name, n := range byType {
		if best == "" || n > byType[best] || n == byType[best] && name < best {
			best = name
		}
	}
	return best
}

// Format names a storage type as the formats of pipelines are named.
func Format(byType map[string]int64) string {
	switch t := most(byType); t {
	case "F32", "F64":
		return "fp32"
	case "F16":
		return "fp16"
	case "BF16":
		return "bf16"
	case "F8_E4M3", "F8_E5M2", "F8_E4M3FN":
		return "fp8"
	case "I8":
		return "int8"
	case "U8":
		return "nf4"
	default:
		return strings.ToLower(t)
	}
}

// prefixes lead the names of a component in files that hold several, the
// longer ones first.
var prefixes = []struct{ prefix, group string }{
	{"model.diffusion_model.", denoiser}, {"diffusion_model.", denoiser}, {"model_ema.", ""},
	{"first_stage_model.", vae}, {"vae.", vae}, {"cond_stage_model.", "text:"}, {"control_model.", control},
	{"net.", denoiser},
}

const (
	denoiser = "denoiser"
	vae      = "vae"
	control  = "control"
)

// split sorts the tensors of a file into components. Tensors without a prefix
// are a denoiser's. Constants of the sampler are left out.
type split struct {
	groups map[string]*group
	n      int
}

func (s *split) add(t *Tensor) error {
	if s.n++; s.n > maxTensors {
		return fmt.Errorf("more than %d tensors: not a checkpoint of an image or video model", maxTensors)
	}
	key, name := place(t.Name)
	if key == "" {
		return nil
	}
	g := s.groups[key]
	if g == nil {
		if len(s.groups) > 64 {
			return fmt.Errorf("more than 64 components: not a checkpoint of an image or video model")
		}
		g = newGroup()
		s.groups[key] = g
	}
	g.add(name, t)
	return nil
}

// place is the component of a tensor and its name within, "" for what is none.
func place(name string) (key, rest string) {
	for _, p := range prefixes {
		if rest, ok := strings.CutPrefix(name, p.prefix); ok {
			return p.group, rest
		}
	}
	for _, lead := range []string{"conditioner.embedders.", "text_encoders."} {
		if rest, ok := strings.CutPrefix(name, lead); ok {
			which, inner, _ := strings.Cut(rest, ".")
			return "text:" + which, inner
		}
	}
	for _, constant := range []string{"alphas_cumprod", "betas", "sqrt_", "log_one", "posterior_", "denoiser.", "model_sampling.", "logvar", "ot_", "lvlb_weights"} {
		if strings.HasPrefix(name, constant) {
			return "", ""
		}
	}
	return denoiser, name
}
