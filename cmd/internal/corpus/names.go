package corpus

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/profiles"
	"github.com/plimsoll/plimsoll/profiles/benchfile"
	"github.com/plimsoll/plimsoll/profiles/measured"
	"github.com/plimsoll/plimsoll/profiles/names"
)

// The names below come from files that other programs wrote: they are looked
// up in the catalogues only, and never opened as files.

// model settles the model and its weight format.
func (u *user) model(row *measured.Row, d *benchfile.Detail) error {
	named := row.Model
	if row.Weights == "" {
		row.Weights = formatIn(named)
	}
	override(&row.Weights, u.o.Quant)
	if u.o.Model != "" {
		row.Model = u.o.Model
		return nil
	}
	if named == "" {
		return errors.New("the tool does not say which model ran; give --model")
	}
	m, err := catalogueModel(d.ModelName, named)
	if err != nil {
		var miss *names.Miss
		if errors.As(err, &miss) && miss.Ambiguous {
			return fmt.Errorf("%w; give --model", err)
		}
		return fmt.Errorf("model %.80q is not in the catalogue; give --model", named)
	}
	row.Model = m.Arch.ID
	return nil
}

// lazy compiles an expression when it is first used: most commands never do.
func lazy(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

// catalogueModel finds the model under the first name that fits, each also
// without its owner and without the words at its end that name a packaging.
func catalogueModel(candidates ...string) (*model.Model, error) {
	var first error
	for _, name := range candidates {
		for name != "" {
			m, err := profiles.Model(name)
			if err == nil {
				return m, nil
			}
			if first == nil {
				first = err
			}
			if i := strings.LastIndexByte(name, '/'); i >= 0 {
				name = name[i+1:]
				continue
			}
			name = cutPackaging(name)
		}
	}
	return nil, first
}

// packaging are words of repositories' names that say how the weights are kept.
var packaging = []string{"dynamic", "quantized", "instruct", "block", "gguf", "hf", "channel", "asym", "sym"}

// cutPackaging cuts a last word that names a weight format or a packaging;
// "" where there is none.
func cutPackaging(name string) string {
	i := strings.LastIndexAny(name, "-_.: ")
	if i <= 0 {
		return ""
	}
	word := strings.ToLower(name[i+1:])
	if slices.Contains(packaging, word) || formatIn(word) != "" {
		return name[:i]
	}
	return ""
}

// checkpointWord finds what may be a checkpoint's weight format in the name of
// a repository: one or two words, such as "FP8" or "GPTQ-Int4".
var checkpointWord = lazy(`(?i)(?:^|[-_.:/])((?:awq|gptq|nvfp4|mxfp4|fp8|bf16|w\d+a\d+|int\d)(?:-int\d)?)(?:$|[-_.:])`)

// formatIn returns the weight format that the name of a repository states, ""
// for none.
func formatIn(name string) string {
	found := checkpointWord().FindAllStringSubmatch(name, -1)
	formats, err := profiles.Formats()
	if err != nil {
		return ""
	}
	for _, f := range slices.Backward(found) {
		if s, ok := formats.Spec(f[1]); ok {
			return s.Name
		}
	}
	return ""
}

// afterName is what drivers add to a device's name: "(RADV NAVI31)".
var afterName = lazy(`(?i)(?:\s+graphics)?\s*\([^()]*\)\s*$`)

// deviceID finds the accelerator that a driver names.
func deviceID(name string) (*hardware.Device, bool) {
	for _, n := range []string{name, afterName().ReplaceAllString(name, "")} {
		if n == "" {
			continue
		}
		if d, _, ok := profiles.MatchDevice(n, 0, "", ""); ok {
			return d, true
		}
		if d, err := profiles.Device(n); err == nil {
			return d, true
		}
	}
	return nil, false
}

// cpuID finds the processor or board that a system names.
func cpuID(name string) (string, bool) {
	if c, _, ok := profiles.MatchCPU(name, 0); ok {
		return c.ID, true
	}
	if c, err := profiles.CPU(name); err == nil {
		return c.ID, true
	}
	return "", false
}

// How far the tool's counts may lie from ours before it is another model:
// prediction layers and towers may be in the file or not.
const (
	paramsOff = 0.05
	bytesOff  = 0.12
)

// sameModel compares the model found by its name with what the tool counted:
// llama.cpp calls every model of Llama's build "llama 7B".
func sameModel(req *estimator.Request, d *benchfile.Detail) error {
	m := req.Model
	text := m.EmbeddingParams + m.OutputParams + m.OtherParams
	for i := range m.Layers {
		text += m.Layers[i].Params()
	}
	if n, all := float64(d.Params), text+m.VisionParams+m.MTPParams; n > 0 && (n < float64(text)*(1-paramsOff) || n > float64(all)*(1+paramsOff)) {
		return fmt.Errorf("the tool counted %s weights, %s has %s; give --model", billions(d.Params), m.Arch.ID, billions(text))
	}
	w := req.Weights
	if n := float64(d.WeightBytes); n > 0 && (n < float64(w.Total)*(1-bytesOff) || n > float64(w.Total+w.Vision+w.MTP)*(1+bytesOff)) {
		return fmt.Errorf("the tool counted %s GiB of weights, %s in %s has %s GiB; give --quant or --model",
			units.GiB(n), m.Arch.ID, w.Format, units.GiB(float64(w.Total)))
	}
	return nil
}

func billions(n int64) string { return units.Number(float64(n)/1e9) + "B" }
