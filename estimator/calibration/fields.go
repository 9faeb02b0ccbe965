package calibration

// Field is one fitted parameter of a Base.
type Field struct {
	Name string
	// Log is true for parameters that are fitted by their logarithm: all that
	// must stay positive.
	Log bool
	Of  func(*Base) *float64
}

// Fields lists the fitted parameters that are not by format class.
var Fields = []Field{
	{"stream", true, func(b *Base) *float64 { return &b.Stream }},
	{"expert_stream", true, func(b *Base) *float64 { return &b.ExpertStream }},
	{"cache", true, func(b *Base) *float64 { return &b.Cache }},
	{"cache_flash", true, func(b *Base) *float64 { return &b.CacheFlash }},
	{"power_exponent", false, func(b *Base) *float64 { return &b.PowerExponent }},
	{"expert_gemm", true, func(b *Base) *float64 { return &b.ExpertGEMM }},
	{"recurrent_gemm", true, func(b *Base) *float64 { return &b.RecurrentGEMM }},
	{"half_rows", true, func(b *Base) *float64 { return &b.HalfRows }},
	{"expert_half_width", true, func(b *Base) *float64 { return &b.ExpertHalfWidth }},
	{"expert_half_rows", true, func(b *Base) *float64 { return &b.ExpertHalfRows }},
	{"attn", true, func(b *Base) *float64 { return &b.Attn }},
	{"attn_flash", true, func(b *Base) *float64 { return &b.AttnFlash }},
	{"score_passes", true, func(b *Base) *float64 { return &b.ScorePasses }},
	{"passes", true, func(b *Base) *float64 { return &b.Passes }},
	{"step_us", true, func(b *Base) *float64 { return &b.StepMicros }},
	{"layer_us", true, func(b *Base) *float64 { return &b.LayerMicros }},
	{"moe_us", true, func(b *Base) *float64 { return &b.MoEMicros }},
	{"recurrent_us", true, func(b *Base) *float64 { return &b.RecurrentMicros }},
	{"prefill_us", true, func(b *Base) *float64 { return &b.PrefillMicros }},
	{"sequence_us", true, func(b *Base) *float64 { return &b.SequenceMicros }},
	{"cross_us", true, func(b *Base) *float64 { return &b.CrossMicros }},
	{"hop_us", true, func(b *Base) *float64 { return &b.HopMicros }},
	{"network_us", true, func(b *Base) *float64 { return &b.NetworkMicros }},
	{"link", true, func(b *Base) *float64 { return &b.Link }},
	{"stage_gb_s", true, func(b *Base) *float64 { return &b.StageGBps }},
	{"pipeline", true, func(b *Base) *float64 { return &b.Pipeline }},
	{"sync_us", true, func(b *Base) *float64 { return &b.SyncMicros }},
	{"sync_host_us", true, func(b *Base) *float64 { return &b.SyncHostMicros }},
	{"bus", true, func(b *Base) *float64 { return &b.Bus }},
	{"bus_host", true, func(b *Base) *float64 { return &b.BusHost }},
	{"host_crowd", false, func(b *Base) *float64 { return &b.HostCrowd }},
	{"expert_skew", true, func(b *Base) *float64 { return &b.ExpertSkew }},
	{"emulated_gemm", true, func(b *Base) *float64 { return &b.EmulatedGEMM }},
	{"emulated_moe", true, func(b *Base) *float64 { return &b.EmulatedMoE }},
	{"thread_gb_s", true, func(b *Base) *float64 { return &b.ThreadGBps }},
	{"numa", true, func(b *Base) *float64 { return &b.NUMA }},
	{"half_threads", true, func(b *Base) *float64 { return &b.HalfThreads }},
	{"crowd", false, func(b *Base) *float64 { return &b.Crowd }},
	{"era_gemm", true, func(b *Base) *float64 { return &b.EraGEMM }},
	{"drift_decode", false, func(b *Base) *float64 { return &b.DriftDecode }},
	{"drift_prefill", false, func(b *Base) *float64 { return &b.DriftPrefill }},
	{"drift_overhead", false, func(b *Base) *float64 { return &b.DriftOverhead }},
	{"drift_expert", false, func(b *Base) *float64 { return &b.DriftExpert }},
	{"drift_recurrent", false, func(b *Base) *float64 { return &b.DriftRecurrent }},
}

// ClassFields lists the parameters that are kept by format class.
var ClassFields = []struct {
	Name string
	Of   func(*Base) map[string]float64
}{
	{"gemv", func(b *Base) map[string]float64 { return b.GEMV }},
	{"gemm", func(b *Base) map[string]float64 { return b.GEMM }},
	{"expert_class", func(b *Base) map[string]float64 { return b.ExpertClass }},
}

// FactorFields lists what a group multiplies.
var FactorFields = []struct {
	Name string
	Of   func(*Factors) *float64
}{
	{"stream", func(f *Factors) *float64 { return &f.Stream }},
	{"gemv", func(f *Factors) *float64 { return &f.GEMV }},
	{"gemm", func(f *Factors) *float64 { return &f.GEMM }},
	{"cache", func(f *Factors) *float64 { return &f.Cache }},
	{"overhead", func(f *Factors) *float64 { return &f.Overhead }},
}
