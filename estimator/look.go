package estimator

import (
	"errors"
	"fmt"

	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/memory"
	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/estimator/vision"
)

// Look counts the tokens that the images, the film and the sound of a prompt
// stand for, and adds them to the request's InputTokens; where that was done
// before it does nothing. Estimate does so by itself: who needs the length of
// the prompt before asks for it here. The request needs Model, Vision and
// Workload. An error says that the model or the engine takes no such thing.
func Look(req *Request) error {
	w := &req.Workload
	if !w.Sees() || w.SeenTokens > 0 {
		return nil
	}
	seen, err := sightOf(req)
	if err != nil {
		return err
	}
	w.SeenTokens = seen.tokens()
	w.InputTokens += w.SeenTokens
	w.PromptAssumed = false
	return nil
}

// sight is what a prompt has beside its text, and whose rule it goes by.
type sight struct {
	rule           *vision.Rule
	pictures, film vision.View
	sound          vision.View
	images         int
}

func (s *sight) seen() vision.View { return s.pictures.Plus(s.film) }
func (s *sight) tokens() int       { return s.seen().Tokens + s.sound.Tokens }

// sightOf works a workload's images, film and sound out by the model's rule.
func sightOf(req *Request) (*sight, error) {
	w, a := &req.Workload, &req.Model.Arch
	if req.Vision == nil {
		return nil, errors.New("no rules of images and sound were given")
	}
	s := &sight{rule: req.Vision.Find(a), images: w.Images}
	what := "images"
	switch {
	case w.Images == 0 && w.VideoFrames > 0:
		what = "video"
	case w.Images == 0:
		what = "sound"
	}
	if v := a.Vision; s.rule == nil && v.OwnFile() {
		return nil, fmt.Errorf("how many tokens the projector of its file makes of %s is not known (projector type %q): leave out %s", what, v.Projector, what)
	}
	if s.rule == nil {
		return nil, fmt.Errorf("%s takes only text, as far as is known: leave out %s, or name a multimodal model", nameOf(a), what)
	}
	var err error
	if w.Images > 0 {
		one, e := s.rule.Image(w.ImageWidth, w.ImageHeight)
		s.pictures, err = one.Times(w.Images), e
	}
	if err == nil && w.VideoFrames > 0 {
		s.film, err = s.rule.Frames(w.VideoFrames, w.ImageWidth, w.ImageHeight)
	}
	if err == nil && w.AudioSeconds > 0 {
		s.sound, err = s.rule.Sound(w.AudioSeconds)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", nameOf(a), err)
	}
	if e := req.Engine; e != nil && e.RulesAt(req.Deployment.EngineDate).Towers == engine.TowersNever {
		return nil, fmt.Errorf("%s takes only text: leave out %s, or name another engine", e.Name, what)
	}
	return s, nil
}

func nameOf(a *model.Architecture) string {
	if a.Name != "" {
		return a.Name
	}
	return a.ID
}

// tower returns what the encoders need of the memory. A projector's own file is
// loaded whatever the work is, by the engines that take one.
func tower(req *Request, rules *engine.Rules) (*memory.Tower, error) {
	if v := req.Model.Arch.Vision; v.OwnFile() {
		switch rules.Towers {
		case engine.TowersAlways:
			return nil, fmt.Errorf("%s loads the encoder with the model, and takes no projector of its own file: leave it out, or name llama.cpp", req.Engine.Name)
		case engine.TowersNever:
			return nil, fmt.Errorf("%s takes only text: leave out the projector file, or name llama.cpp", req.Engine.Name)
		}
		if !req.Workload.Sees() {
			return &memory.Tower{Weights: v.Bytes}, nil
		}
	}
	s, err := sightOf(req)
	if err != nil {
		return nil, err
	}
	const element = 2 // bytes: encoders stay in 16 bit
	out := new(memory.Tower)
	out.Weights, out.Sound = towerBytes(req, s)
	peak := 0.0
	for _, l := range loads(req, s) {
		at := l.Peak
		if rules.Towers == engine.TowersAlways {
			at *= l.Calls // all that a prompt shows is encoded together
		}
		peak = max(peak, element*at)
	}
	spread := req.Vision.PeakSpread
	out.Peak, out.PeakLow, out.PeakHigh = int64(peak), int64(peak*spread[0]), int64(peak*spread[1])
	if n := s.seen().States; n > 0 {
		a := &req.Model.Arch
		cross := int64(0)
		for i := range req.Model.Layers {
			if l := &req.Model.Layers[i]; crosses(l) {
				cross += 2 * int64(a.KVHeads*a.HeadDim)
			}
		}
		out.States = int64(n) * cross
	}
	return out, nil
}

// crosses says whether a layer attends to the states of images instead of the
// text: it has attention's weights, and no cache that grows.
func crosses(l *model.Layer) bool {
	return l.Attention == model.NoAttention && l.Recurrent == model.NoRecurrence && l.AttentionParams > 0
}

// towerBytes returns the bytes of the encoders' weights, of what is seen and of
// what is heard: those of the file or the catalogue, else by their widths; 0
// where nothing tells.
func towerBytes(req *Request, s *sight) (seen, heard int64) {
	const element = 2 // bytes: encoders stay in 16 bit
	w, a := req.Weights, &req.Model.Arch
	if a.Vision.OwnFile() {
		return a.Vision.Bytes, 0 // of either kind
	}
	switch t := s.rule.Tower(a.Vision); {
	case w.Vision > 0:
		seen = w.Vision
	case t != nil && s.rule.Kind != "":
		seen = element * t.Params(s.rule.Patch, s.rule.Merge, a.HiddenSize)
	}
	if t := s.rule.AudioTower; t != nil && s.sound.Tokens > 0 && !(w.Basis == "file" && w.Vision > 0) {
		heard = element * t.Params(0, 1, a.HiddenSize)
	}
	return seen, heard
}

// loads returns the work of the encoders on one prompt: that of what is seen,
// then that of what is heard, leaving out what is not known.
func loads(req *Request, s *sight) []vision.Load {
	var out []vision.Load
	a := &req.Model.Arch
	if v := s.seen(); v.Tokens > 0 {
		if t := s.rule.Tower(a.Vision); t != nil {
			out = append(out, t.Of(v, s.rule.Patch, s.rule.Merge, a.HiddenSize))
		}
	}
	if t := s.rule.AudioTower; t != nil && s.sound.Tokens > 0 {
		out = append(out, t.Of(s.sound, 0, 1, a.HiddenSize))
	}
	return out
}

// unknown says why the work of an encoder is not known, "" where it is.
func (s *sight) unknown(a *model.Architecture) string {
	switch {
	case s.seen().Tokens > 0 && s.rule.Tower(a.Vision) == nil && s.rule.NoTower != "":
		return s.rule.NoTower
	case s.seen().Tokens > 0 && s.rule.Tower(a.Vision) == nil:
		return "the layers and widths of its encoder are not known"
	case s.sound.Tokens > 0 && s.rule.AudioTower == nil:
		return "the layers and widths of its audio encoder are not known"
	}
	return ""
}
