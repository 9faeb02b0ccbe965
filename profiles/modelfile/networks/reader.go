package networks

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/profiles/modelfile/jsonfile"
)

// Limits on one config: far above what real networks have.
const (
	maxWidth  = 1 << 20
	maxVocab  = 1 << 24
	maxLayers = 4096
	maxLevels = 16
	maxParams = 1 << 50
)

// reader reads the config of one class and keeps the first error, which names
// the key.
type reader struct {
	jsonfile.Fields
	class string
}

func (r *reader) fail(key, format string, args ...any) {
	if r.Err == nil {
		r.Err = fmt.Errorf("%s: %s", key, fmt.Sprintf(format, args...))
	}
}

// bounded reads a whole number from 1 to limit, or the library's default where
// the config leaves it out; with def 0 it must be there.
func (r *reader) bounded(def, limit int, keys ...string) float64 {
	for _, k := range keys {
		if !r.Has(k) {
			continue
		}
		v := r.Object[k]
		n, ok := jsonfile.Whole(v)
		if l, isList := v.([]any); isList && len(l) > 0 {
			n, ok = jsonfile.Whole(l[0])
		}
		if !ok || n < 1 || n > limit {
			r.fail(k, "%s: a whole number from 1 to %d is expected: is the file the config of a %s?", jsonfile.Brief(v), limit, r.class)
			return 1
		}
		return float64(n)
	}
	if def == 0 {
		r.fail(keys[0], "missing: the config of a %s needs it: fetch the whole file", r.class)
		return 1
	}
	return float64(def)
}

// width reads a width, layers a number of layers.
func (r *reader) width(def int, keys ...string) float64  { return r.bounded(def, maxWidth, keys...) }
func (r *reader) layers(def int, keys ...string) float64 { return r.bounded(def, maxLayers, keys...) }

// optional reads a number that may be absent, null or 0, with a default for
// where it is absent.
func (r *reader) optional(def int, key string) float64 {
	v, there := r.Object[key]
	switch n, ok := jsonfile.Whole(v); {
	case !there:
		return float64(def)
	case v == nil:
		return 0
	case !ok || n < 0 || n > maxWidth:
		r.fail(key, "%s: a whole number from 0 to %d is expected", jsonfile.Brief(v), maxWidth)
		return 0
	default:
		return float64(n)
	}
}

// yes reads a flag with the library's default.
func (r *reader) yes(key string, def bool) bool {
	if b, ok := r.Object[key].(bool); ok {
		return b
	}
	return def
}

// number reads a fraction such as mlp_ratio.
func (r *reader) number(def float64, key string) float64 {
	if !r.Has(key) {
		return def
	}
	n, ok := r.Object[key].(json.Number)
	f, err := n.Float64()
	if !ok || err != nil || !(f > 0) || f > maxWidth {
		r.fail(key, "%s: a number above 0 is expected", jsonfile.Brief(r.Object[key]))
		return def
	}
	return f
}

// list reads a list of whole numbers from 0 to limit, given once for all n
// entries or by entry; with n 0 it must be a list, of any length.
func (r *reader) list(def []int, n, limit int, key string) []int {
	v := r.Object[key]
	if v == nil {
		if len(def) == 1 && n > 1 {
			return repeated(def[0], n)
		}
		if def == nil {
			r.fail(key, "missing: the config of a %s needs it: fetch the whole file", r.class)
		}
		return def
	}
	if one, ok := jsonfile.Whole(v); ok && n > 0 && one >= 0 && one <= limit {
		return repeated(one, n)
	}
	l, ok := v.([]any)
	if !ok || len(l) == 0 || len(l) > maxLevels || n > 0 && len(l) < n {
		r.fail(key, "%s: a list of whole numbers is expected, one for each level", jsonfile.Brief(v))
		return repeated(1, max(n, 1))
	}
	out := make([]int, len(l))
	for i, e := range l {
		// A list within the list: one entry for each layer of a level, which
		// all have the same in the models that there are.
		if inner, is := e.([]any); is && len(inner) > 0 {
			e = inner[0]
		}
		w, ok := jsonfile.Whole(e)
		if !ok || w < 0 || w > limit {
			r.fail(key, "%s: whole numbers from 0 to %d are expected", jsonfile.Brief(v), limit)
			w = 1
		}
		out[i] = w
	}
	return out
}

func repeated(v, n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = v
	}
	return out
}

// patch reads the latent pixels of a token in time, height and width.
func (r *reader) patch(time, space int) [3]int {
	p := [3]int{time, space, space}
	if l := r.List("patch_size"); len(l) == 3 {
		for i := range l {
			n, ok := jsonfile.Whole(l[i])
			if !ok || n < 1 || n > 64 {
				r.fail("patch_size", "%s: whole numbers from 1 to 64 are expected", jsonfile.Brief(r.Object["patch_size"]))
				return p
			}
			p[i] = n
		}
		return p
	}
	if r.Has("patch_size") {
		n := int(r.bounded(space, 64, "patch_size"))
		p[1], p[2] = n, n
	}
	if r.Has("patch_size_t") {
		p[0] = int(r.bounded(time, 64, "patch_size_t"))
	}
	return p
}

// count settles the number of weights.
func (r *reader) count(c *pipeline.Component, n float64) {
	if r.Err == nil && !(n >= 1 && n < maxParams) {
		r.fail("", "the config gives %.3g weights: it is damaged", n)
	}
	if r.Err == nil {
		c.Params = int64(math.Round(n))
	}
}

// Weights of the building blocks: in and out are widths.
func linear(in, out float64) float64         { return in*out + out } // with a bias
func conv(in, out, kernel float64) float64   { return in*out*kernel + out }
func norm(width float64) float64             { return 2 * width } // scale and shift
func twoLayers(in, mid, out float64) float64 { return linear(in, mid) + linear(mid, out) }

// timeEmbedding is the two layers that lift a sinusoid of 256 channels.
func timeEmbedding(d float64) float64 { return twoLayers(256, d, d) }
