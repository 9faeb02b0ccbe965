package memory

import "github.com/plimsoll/plimsoll/estimator/engine"

// tower adds the lines of an encoder to the ledger that holds it: the first
// device's, or the host's where there is none; with serving engines every rank
// of the first stage has one. Its weights stay in 16 bit. counted says that the
// weights line has them already. It returns the bytes that it added.
func (in *Input) tower(l *Ledger, counted bool) float64 {
	t := in.Tower
	if t == nil {
		return 0
	}
	added := t.Peak
	weights := t.Sound
	if !counted {
		weights += t.Weights
	}
	if weights > 0 {
		w := l.line(Weights, weights, weights, weights)
		w.Note = TowerNote
		added += weights
	}
	if t.Peak > 0 {
		p := l.line(Compute, t.Peak, t.PeakLow, t.PeakHigh)
		p.Note = TowerNote
	}
	if t.States > 0 {
		s := in.Settings
		bytes := int64(float64(t.States) * (s.KVBytesK + s.KVBytesV) / 2 * float64(max(s.PerGroup(), 1)))
		k := l.line(KVCache, bytes, bytes, bytes)
		k.Note = "states of images for cross-attention"
		added += bytes
	}
	return float64(added)
}

// towerCounted says whether an engine's weights have the encoder in them.
func towerCounted(in *Input) bool {
	return in.Settings.Rules.Towers == engine.TowersAlways && in.Weights.Basis != "file" && in.Weights.Vision > 0
}
