package modelfile

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/plimsoll/plimsoll/estimator/pipeline"
	"github.com/plimsoll/plimsoll/profiles"
)

// read is a pipeline as its files tell it, before the catalogue is asked.
type read struct {
	model     *pipeline.Model
	name      string // of the file or folder, by which people know it
	class     string // of the pipeline in diffusers, "" where not known
	partial   bool   // parts may be missing that the pipeline needs
	distilled bool   // the denoiser takes no guidance where its kind may
	known     bool   // the denoiser's kind is known
	image     bool   // the denoiser attends to an input image
	video     bool   // the denoiser works on frames
	sample    int    // side of the latents that a U-Net was trained on
	notes     []string
}

func (r *read) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// settle fills what the files do not say: from the catalogue's model of the
// same shape, else from what is usual.
func (r *read) settle() error {
	m := r.model
	all, err := catalogue(m.Class)
	if err != nil {
		return err
	}
	if m.Assumed == nil {
		m.Assumed = map[string]string{}
	}
	match := r.match(all)
	if match == nil {
		if err := r.settleUsual(); err != nil {
			return err
		}
	} else {
		m.Class, m.Defaults, m.NoGuidance, m.SampleRate = match.Class, match.Defaults, match.NoGuidance, match.SampleRate
		m.Assumed["defaults"] = "those of " + match.ID + ", whose denoiser has the same shape"
		r.note("built like %s of the catalogue: its usual size, steps and passes are taken", match.ID)
		if r.partial {
			r.complete(match)
		}
	}
	for i := range m.Components {
		c := &m.Components[i]
		if match != nil {
			if from := alike(c, match.Components); from != nil {
				*c = merge(*c, *from)
				c.Upcast = c.Upcast || r.partial && from.Upcast
				continue
			}
		}
		for _, other := range all {
			if from := alike(c, other.Components); from != nil {
				from := *from
				from.TextTokens, from.ModelRef = 0, "" // facts of the pipeline, not of the part
				*c = merge(*c, from)
				break
			}
		}
	}
	for i := range m.Components {
		if c := &m.Components[i]; c.Params == 0 && c.FileBytes == 0 {
			r.note("%s: its size is not known without its weights: left out", c.Name)
		}
	}
	return nil
}

// settleUsual takes the job that the pipeline's class is called with.
func (r *read) settleUsual() error {
	m := r.model
	if m.Class == "" {
		m.Class = pipeline.TextToImage
	}
	job, err := usual(r.class, m.Class)
	if err != nil {
		return err
	}
	m.Class, m.Defaults, m.NoGuidance = job.Class, job.Defaults, job.NoGuidance
	if v := m.Find(pipeline.VAE); r.sample > 0 && v != nil && v.Spatial > 0 {
		m.Defaults.Width, m.Defaults.Height = r.sample*v.Spatial, r.sample*v.Spatial
	}
	m.Assumed["defaults"] = job.Source
	r.note("no model of the catalogue has this shape: %d x %d, %d steps and %d passes a step are assumed (%s)",
		m.Defaults.Width, m.Defaults.Height, m.Defaults.Steps, m.Defaults.Passes, job.Source)
	if d := m.Find(pipeline.Denoiser); d != nil && d.TextTokens == 0 {
		d.TextTokens = job.Defaults.TextTokens
	}
	if r.partial {
		r.note("the denoiser's other parts are not here, and no model of its shape is known: what is missing is not counted")
	}
	return nil
}

// complete adds the parts that the file does not hold.
func (r *read) complete(from *pipeline.Model) {
	have := map[pipeline.Role]bool{}
	for i := range r.model.Components {
		have[r.model.Components[i].Role] = true
	}
	var added []string
	for i := range from.Components {
		if c := from.Components[i]; !have[c.Role] {
			c.FileBytes, c.FileFormat = 0, ""
			r.model.Components = append(r.model.Components, c)
			added = append(added, c.Name)
		}
	}
	if len(added) > 0 {
		r.note("not in the file, taken from %s: %s", from.ID, strings.Join(added, ", "))
	}
}

// catalogue returns the pipelines that make what the class says, "" images and
// video.
func catalogue(class pipeline.Class) ([]*pipeline.Model, error) {
	entries, err := profiles.Pipelines()
	if err != nil {
		return nil, err
	}
	var out []*pipeline.Model
	for _, e := range entries {
		if e.Class != class && (class != "" || e.Class != pipeline.TextToImage && e.Class != pipeline.TextToVideo) {
			continue
		}
		m, err := profiles.Pipeline(e.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// match finds the catalogue's model whose denoiser has the same shape. Of
// several the one counts that agrees in most else: its name, its other parts,
// the size.
func (r *read) match(all []*pipeline.Model) *pipeline.Model {
	den := r.model.Find(pipeline.Denoiser)
	if den == nil || !r.known {
		return nil
	}
	var best *pipeline.Model
	most := math.MinInt
	for _, m := range all {
		other := m.Find(pipeline.Denoiser)
		if other == nil || !sameShape(den, other) || !r.sameInputs(m) {
			continue
		}
		if s := r.score(den, m, other); s > most {
			best, most = m, s
		}
	}
	return best
}

// sameInputs says whether a model takes an image beside the text, or has a
// ControlNet, where this one does.
func (r *read) sameInputs(m *pipeline.Model) bool {
	image := r.image || r.model.Find(pipeline.VisionTower) != nil
	return image == (m.Find(pipeline.VisionTower) != nil) && (r.model.Find(pipeline.ControlNet) != nil) == (m.Find(pipeline.ControlNet) != nil)
}

func (r *read) score(den *pipeline.Component, m *pipeline.Model, other *pipeline.Component) int {
	s := 0
	if named(r.name, m) {
		s += 8
	}
	if r.model.Find(pipeline.TextEncoder) != nil && slices.Equal(textWidths(r.model), textWidths(m)) {
		s += 4
	}
	if a, b := r.model.Find(pipeline.VAE), m.Find(pipeline.VAE); a != nil && b != nil && a.Latent == b.Latent {
		s += 2
	}
	if (den.ActiveParams > 0) == (other.ActiveParams > 0) {
		s++
	}
	if d := math.Abs(float64(den.Params)/float64(other.Params) - 1); d < 0.02 {
		s++
	}
	// A denoiser without guidance embedding is distilled to few steps.
	if r.distilled == (m.Defaults.Steps > 0 && m.Defaults.Steps <= 8) {
		s += 2
	}
	return s
}

// named says whether a file or folder is called like a model.
func named(name string, m *pipeline.Model) bool {
	name = plain(name)
	for _, a := range append([]string{m.ID, m.HFRepo}, m.Aliases...) {
		if p := plain(a[strings.LastIndexByte(a, '/')+1:]); len(p) > 3 && strings.Contains(name, p) {
			return true
		}
	}
	return false
}

// plain is a name in lower case without what stands between its words.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(s))
}

func textWidths(m *pipeline.Model) []int {
	var out []int
	for i := range m.Components {
		if m.Components[i].Role == pipeline.TextEncoder {
			out = append(out, m.Components[i].Hidden)
		}
	}
	slices.Sort(out)
	return out
}

// same compares two facts of which either may not be known.
func same(a, b int) bool { return a == b || a == 0 || b == 0 }

// near compares two sizes of which either may not be known.
func near(a, b int64) bool {
	return a == 0 || b == 0 || math.Abs(float64(a)/float64(b)-1) < 0.05
}

// sameShape compares two denoisers.
func sameShape(a, b *pipeline.Component) bool {
	if a.Kind != b.Kind || a.Kind == pipeline.Unknown {
		return false
	}
	if a.Kind == pipeline.UNet {
		return slices.Equal(a.Channels, b.Channels) && slices.Equal(a.Depths, b.Depths) && a.CrossDim == b.CrossDim
	}
	return a.Hidden == b.Hidden && a.Layers == b.Layers && a.DoubleLayers == b.DoubleLayers && a.SingleLayers == b.SingleLayers &&
		same(a.FFN, b.FFN) && same(a.Heads, b.Heads) && (a.Patch == b.Patch || a.Patch == [3]int{} || b.Patch == [3]int{})
}

// alike finds the part of a pipeline that another is built like.
func alike(c *pipeline.Component, all []pipeline.Component) *pipeline.Component {
	for i := range all {
		o := &all[i]
		if o.Role != c.Role {
			continue
		}
		switch c.Role {
		case pipeline.Denoiser:
			if sameShape(c, o) {
				return o
			}
		case pipeline.ControlNet:
			if len(c.Channels) > 0 && (len(o.Channels) == 0 || slices.Equal(c.Channels, o.Channels)) {
				return o
			}
		case pipeline.VAE:
			if c.Latent > 0 && c.Latent == o.Latent && same(c.Spatial, o.Spatial) && same(c.Temporal, o.Temporal) &&
				(len(c.Blocks) == 0 || len(o.Blocks) == 0 || slices.Equal(c.Blocks, o.Blocks)) && near(c.Params, o.Params) {
				return o
			}
		default:
			if c.Hidden > 0 && c.Hidden == o.Hidden && c.Layers == o.Layers && same(c.FFN, o.FFN) && same(c.Vocab, o.Vocab) {
				return o
			}
		}
	}
	return nil
}
