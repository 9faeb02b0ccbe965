package pipeline

import (
	"testing"

	"github.com/plimsoll/plimsoll/hardware"
)

// Formats as the catalogue has them.
var memFormats = []Format{
	{Name: "fp32", Bits: 32, Compute: "fp32"}, {Name: "fp16", Bits: 16, Compute: "fp16"}, {Name: "bf16", Bits: 16, Compute: "fp16", Aliases: []string{"bfloat16"}},
	{Name: "fp8", Bits: 8, Compute: "fp8"}, {Name: "int8-weight-only", Bits: 8.08, Compute: "fp16", Kept: 0.012}, {Name: "int8", Bits: 8.08, Compute: "int8", Kept: 0.012},
	{Name: "int4-weight-only", Bits: 4.7, Compute: "fp16", Kept: 0.012}, {Name: "q4_0", Bits: 4.5, Compute: "fp16"},
}

// eager is an engine of eager code that knows every way.
func eager() *Engine {
	return &Engine{ID: "eager", Name: "eager", Default: "bf16", HostFormat: "fp32", Parallel: 8, Tiling: true,
		Formats:  []string{"fp32", "bf16", "fp16", "fp8", "int8", "int8-weight-only", "int4-weight-only", "q4_0"},
		Offloads: []Offload{OffloadNone, OffloadModel, OffloadBlocks, OffloadGroup, OffloadSequential},
		Backends: []Backend{{ID: "cuda", Vendors: []string{"nvidia"}, ContextMiB: Interval{Value: 500, Low: 300, High: 700}}, {ID: "metal", Vendors: []string{"apple"}}, {ID: "cpu"}},
		// Of diffusers, between int8 CogVideoX-5B with tiles (13) and its eager upper bound.
		ActivationFactor: Interval{Value: 15, Low: 8, High: 45}}
}

// repository is a video model's own code: eager, 32-bit residuals, sharded
// master copies in 32 bits.
func repository() *Engine {
	e := eager()
	e.ActivationFactor, e.ShardedFormat = Interval{Value: 45, Low: 30, High: 60}, "fp32"
	return e
}

func machine(n int, gib float64) *hardware.Machine {
	node := hardware.Node{Host: hardware.Host{MemoryBytes: 512 * hardware.GiB, CPU: hardware.CPU{ID: "cpu", Cores: 16}}}
	for range n {
		node.Devices = append(node.Devices, &hardware.Device{ID: "d", Vendor: "NVIDIA", MemoryBytes: int64(gib * float64(hardware.GiB))})
	}
	return &hardware.Machine{ID: "m", Nodes: []hardware.Node{node}}
}

var (
	memT5    = Component{Name: "T5 v1.1 XXL encoder", Role: TextEncoder, Kind: Transformer, Params: 4762310656, FP32Params: 1006632960, Layers: 24, Hidden: 4096, Heads: 64, FFN: 10240, Gated: true, Vocab: 32128}
	memUMT5  = Component{Name: "umT5-XXL encoder", Role: TextEncoder, Kind: Transformer, Params: 5680910336, Layers: 24, Hidden: 4096, Heads: 64, FFN: 10240, Gated: true, Vocab: 256384}
	memCLIP  = Component{Name: "CLIP ViT-L/14", Role: TextEncoder, Kind: Transformer, Params: 123060480, Layers: 12, Hidden: 768, Heads: 12, FFN: 3072, MaxTokens: 77}
	memBigG  = Component{Name: "OpenCLIP ViT-bigG/14", Role: TextEncoder, Kind: Transformer, Params: 694659840, Layers: 32, Hidden: 1280, Heads: 20, FFN: 5120, MaxTokens: 77}
	memVAE   = Component{Name: "KL autoencoder", Role: VAE, Kind: Convolutional, Params: 83653863, Spatial: 8, Temporal: 1, Latent: 4, Blocks: []int{128, 256, 512, 512}, FLOPsPerPixel: 9985000, PeakPerPixel: 2048}
	memWanV  = Component{Name: "Wan VAE", Role: VAE, Kind: Convolutional, Params: 127000000, Spatial: 8, Temporal: 4, Causal: true, Latent: 16, PeakPerPixel: 2725, PeakFrames: 4, Upcast: true}
	memCogV  = Component{Name: "CogVideoX VAE", Role: VAE, Kind: Convolutional, Params: 215000000, Spatial: 8, Temporal: 4, Latent: 16, PeakPerPixel: 761}
	memImage = Job{Width: 1024, Height: 1024, Steps: 20, Passes: 2, Batch: 1}

	memFlux = &Model{ID: "flux", Class: TextToImage, Defaults: Job{Width: 1024, Height: 1024, Steps: 28, Passes: 1, Batch: 1}, Source: "test", Components: []Component{
		{Name: "FLUX.1", Role: Denoiser, Kind: MMDiT, Params: 11900000000, DoubleLayers: 19, SingleLayers: 38, Hidden: 3072, Heads: 24, Patch: image2, TextTokens: 512}, memT5, memCLIP, memVAE}}
	memSD15 = &Model{ID: "sd15", Class: TextToImage, Defaults: Job{Width: 512, Height: 512, Steps: 20, Passes: 2, Batch: 1}, Source: "test", Components: []Component{
		{Name: "SD 1.5", Role: Denoiser, Kind: UNet, Params: 859520964, Channels: []int{320, 640, 1280, 1280}, Depths: []int{1, 1, 1, 0}, CrossDim: 768}, memCLIP, memVAE}}
	memSDXL = &Model{ID: "sdxl", Class: TextToImage, Defaults: memImage, Source: "test", Components: []Component{
		{Name: "SDXL", Role: Denoiser, Kind: UNet, Params: 2567000000, Channels: []int{320, 640, 1280}, Depths: []int{0, 2, 10}, CrossDim: 2048}, memCLIP, memBigG, upcast(memVAE)}}
	memPixArt = &Model{ID: "pixart", Class: TextToImage, Defaults: memImage, Source: "test", Components: []Component{
		{Name: "PixArt", Role: Denoiser, Kind: CrossDiT, Params: 610000000, Layers: 28, Hidden: 1152, Heads: 16, FFN: 4608, Patch: image2, TextTokens: 120}, memT5, memVAE}}
	memSD3 = &Model{ID: "sd3", Class: TextToImage, Defaults: memImage, Source: "test", Components: []Component{
		{Name: "SD3", Role: Denoiser, Kind: MMDiT, Params: 2030000000, DoubleLayers: 24, Hidden: 1536, Heads: 24, Patch: image2, TextTokens: 333}, memCLIP, memBigG, memT5, memVAE}}
	memCog = &Model{ID: "cogvideox-5b", Class: TextToVideo, Defaults: Job{Width: 720, Height: 480, Frames: 49, FPS: 8, Steps: 50, Passes: 2, Batch: 1}, Source: "test", Components: []Component{
		{Name: "CogVideoX-5B", Role: Denoiser, Kind: MMDiT, Params: 5570000000, DoubleLayers: 42, Hidden: 3072, Heads: 48, Patch: image2, TextTokens: 226}, memT5, memCogV}}
	memWan = &Model{ID: "wan2.2-a14b", Class: TextToVideo, PassesApart: true, Defaults: Job{Width: 832, Height: 480, Frames: 81, FPS: 16, Steps: 40, Passes: 2, Batch: 1}, Source: "test", Components: []Component{
		{Name: "Wan2.2 A14B", Role: Denoiser, Kind: CrossDiT, Params: 28600000000, ActiveParams: 14300000000, Layers: 40, Hidden: 5120, Heads: 40, FFN: 13824, Patch: image2, TextTokens: 512}, memUMT5, memWanV}}
	memWan21 = &Model{ID: "wan2.1-14b", Class: TextToVideo, PassesApart: true, Defaults: Job{Width: 1280, Height: 720, Frames: 81, FPS: 16, Steps: 50, Passes: 2, Batch: 1}, Source: "test", Components: []Component{
		{Name: "Wan2.1 14B", Role: Denoiser, Kind: CrossDiT, Params: 14300000000, Layers: 40, Hidden: 5120, Heads: 40, FFN: 13824, Patch: image2, TextTokens: 512}, memUMT5, memWanV}}
	memHunyuan = &Model{ID: "hunyuanvideo", Class: TextToVideo, NoGuidance: true, Defaults: Job{Width: 1280, Height: 720, Frames: 129, FPS: 24, Steps: 50, Passes: 1, Batch: 1}, Source: "test", Components: []Component{
		{Name: "HunyuanVideo", Role: Denoiser, Kind: MMDiT, Params: 12821000000, DoubleLayers: 20, SingleLayers: 40, Hidden: 3072, Heads: 24, Patch: image2, TextTokens: 256}, memCLIP, video(8, 4, 246000000)}}
	memWhisper = &Model{ID: "whisper-large-v2", Class: Recognition, Defaults: Job{AudioSeconds: 780, Batch: 1, Beam: 5}, Source: "test", Components: []Component{
		{Name: "encoder", Role: Encoder, Kind: Transformer, Params: 636784640, Layers: 32, Hidden: 1280, Heads: 20, FFN: 5120, Positions: 1500, WindowSeconds: 30, MelBins: 80},
		{Name: "decoder", Role: Decoder, Kind: CrossDecoder, Params: 906520320, Layers: 32, Hidden: 1280, Heads: 20, FFN: 5120, Vocab: 51865, MaxTokens: 448, TokensPerSecond: 3.5}}}
)

func upcast(c Component) Component {
	c.Upcast = true
	return c
}

// placed places with room for all.
func placed(t testing.TB, m *Model, e *Engine, j Job, s Setup) *Fit {
	t.Helper()
	f, err := Place(&Request{Model: m, Job: j, Engine: e, Setup: s, Formats: memFormats, Machine: machine(s.Devices(), 4096)})
	if err != nil {
		t.Fatalf("%s: %v", m.ID, err)
	}
	return f
}

// peak is what the first device needs, and of that what PyTorch allocates.
func peak(f *Fit) (all, allocated float64) {
	n, _, _ := f.Ledgers[0].Need()
	p := &f.Ledgers[0].Phases[f.Ledgers[0].Peak]
	all, allocated = float64(n), float64(n)
	for _, l := range p.Lines {
		if l.Name == "context" {
			allocated -= float64(l.Bytes)
		}
	}
	return all, allocated
}

func linesOf(p *Phase, kind string) float64 {
	sum := int64(0)
	for _, l := range p.Lines {
		if l.Kind == kind {
			sum += l.Bytes
		}
	}
	return float64(sum)
}
