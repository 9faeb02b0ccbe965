package modelfile

import "github.com/plimsoll/plimsoll/estimator/pipeline"

// merge takes the facts that a does not know from b.
func merge(a, b pipeline.Component) pipeline.Component {
	or(&a.Params, b.Params)
	or(&a.ActiveParams, min(b.ActiveParams, a.Params))
	or(&a.FP32Params, b.FP32Params)
	or(&a.DecoderParams, b.DecoderParams)
	if a.Kind == pipeline.Unknown {
		a.Kind = b.Kind
	}
	if a.Arch == "" {
		a.Arch = b.Arch
	}
	if a.ModelRef == "" {
		a.ModelRef = b.ModelRef
	}
	or(&a.Layers, b.Layers)
	or(&a.DoubleLayers, b.DoubleLayers)
	or(&a.SingleLayers, b.SingleLayers)
	or(&a.Hidden, b.Hidden)
	or(&a.Heads, b.Heads)
	or(&a.KVHeads, b.KVHeads)
	if a.FFN == 0 {
		a.FFN, a.Gated = b.FFN, b.Gated
	}
	or(&a.Vocab, b.Vocab)
	or(&a.MaxTokens, b.MaxTokens)
	or(&a.LinearD2, b.LinearD2)
	if a.Patch == [3]int{} {
		a.Patch = b.Patch
	}
	or(&a.TextTokens, b.TextTokens)
	if len(a.Channels) == 0 {
		a.Channels, a.Depths, a.CrossDim = b.Channels, b.Depths, b.CrossDim
	}
	or(&a.Spatial, b.Spatial)
	if a.Temporal == 0 {
		a.Temporal, a.Causal = b.Temporal, b.Causal
	}
	or(&a.Latent, b.Latent)
	if len(a.Blocks) == 0 {
		a.Blocks = b.Blocks
	}
	or(&a.FLOPsPerPixel, b.FLOPsPerPixel)
	or(&a.PeakPerPixel, b.PeakPerPixel)
	or(&a.Conditioning, b.Conditioning)
	a.ImageTokens = a.ImageTokens || b.ImageTokens
	or(&a.Positions, b.Positions)
	or(&a.WindowSeconds, b.WindowSeconds)
	or(&a.MelBins, b.MelBins)
	or(&a.FramesPerSecond, b.FramesPerSecond)
	or(&a.TokensPerSecond, b.TokensPerSecond)
	or(&a.CharactersPerSecond, b.CharactersPerSecond)
	return a
}

func or[T int | int64 | float64](a *T, b T) {
	if *a == 0 {
		*a = b
	}
}
