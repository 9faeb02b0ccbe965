package measured

// Metrics of a Row.
const (
	Decode  = "decode_tok_s"  // generated tokens per second and sequence
	Output  = "output_tok_s"  // generated tokens per second, all sequences
	Prefill = "prefill_tok_s" // prompt tokens per second
	TTFT    = "ttft_ms"       // time to the first token
	TPOT    = "tpot_ms"       // time per output token, the first left out
)

// Qualities of a Row, from the source's care.
const (
	QualityA = 'A' // controlled: every setting that matters is known
	QualityB = 'B' // credible, small unknowns
	QualityC = 'C' // unverified, or important settings unknown
)

// Row is one measurement.
type Row struct {
	ID        string
	Model     string // catalogue id; "?name" where the source's model is in no catalogue
	Weights   string // weight format
	KV        string // cache type, "" for the engine's default
	Engine    string
	Backend   string // "" where the source does not say
	Version   string // of the engine, as the source prints it
	Date      string // month of the build or the run, "2025-07"
	Hardware  string // catalogue id of the accelerator, or of the CPU; "?name" as for Model
	Host      string // catalogue id of the CPU beside the accelerator, "" when not known
	Devices   int    // at least 1
	Split     string // "", layer, tp, pp
	TP        int    // 0 when not stated
	PP        int
	DP        int
	Offload   string // gpu, cpu, npu, partial (GPULayers), experts-cpu (CPUMoE)
	GPULayers int    // -1 when not stated
	CPUMoE    int    // -1 when not stated
	Threads   int    // 0 when not stated
	Batch     int    // sequences in flight, at least 1
	UBatch    int    // micro-batch, 0 when not stated
	Flash     string // "on", "off", or "" when not stated
	Input     int    // prompt tokens, 0 when not stated
	Output    int    // generated tokens, 0 when not stated
	Depth     int    // tokens in the cache when the timed part begins
	DepthMean int    // and on average during it
	Metric    string
	Value     float64
	WallClock bool // prefill or HTTP time is inside a decode figure
	// Speculative says that a draft model or head was used.
	Speculative bool
	PowerWatts  int // power limit, 0 when not stated
	Quality     byte
	Exclude     string // why the row must not be used, "" when it may
	Source      string // repository and path, or thread
}
