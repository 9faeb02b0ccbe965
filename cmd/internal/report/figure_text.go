package report

import (
	"math"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
)

// FigureText writes v, a value of the figure's kind, with a unit that reads
// well: sizes in GiB, long times in seconds.
func FigureText(f *estimator.Figure, v float64) string {
	switch {
	case f.Unit == "B" || f.Unit == "bytes":
		return units.GiB(v) + " GiB"
	case f.Unit == "ms" && (f.Value >= 10000 || f.Value <= -10000):
		return units.Number(v/1000) + " s"
	case f.Unit == "":
		return number(v)
	case counts[f.Unit] && v == math.Trunc(v) && math.Abs(v) < 1e15:
		return units.Thousands(int64(v)) + " " + f.Unit
	}
	return number(v) + " " + f.Unit
}

// counts are units of whole things.
var counts = map[string]bool{"machines": true, "tokens": true, "sequences": true, "layers": true, "users": true, "devices": true}

// number is units.Number, with three significant digits also below 1: costs
// are often there.
func number(v float64) string {
	if a := math.Abs(v); a > 1e-12 && a < 0.9995 {
		return strconv.FormatFloat(v, 'f', 2-int(math.Floor(math.Log10(a))), 64)
	}
	return units.Number(v)
}

// figureWords names figures in prose, by their names in JSON.
var figureWords = map[string]string{
	"prefill_tok_s": "prefill", "decode_tok_s": "decode", "output_tok_s": "output of all", "output_tok_s_per_device": "output per device",
	"ttft_ms": "time to first token", "tpot_ms": "time per output token", "requests_s": "requests",
	"capacity_requests_s": "most that it carries", "max_requests_s": "most within the objectives",
	"encode_ms": "encoding", "image_tokens": "tokens of images, video and sound",
	"load_cold_s": "loading from storage", "load_warm_s": "loading from the system's cache",
	"fullest_device_bytes": "memory of the fullest device", "total_bytes": "memory in all", "headroom_bytes": "memory to spare",
	"weights_bytes": "weights", "kv_cache_bytes": "KV cache", "compute_bytes": "compute buffers", "overhead_bytes": "overhead",
	"usd_per_hour": "cost per hour", "usd_per_month": "cost per month", "usd_per_request": "cost per request",
	"usd_per_m_input_tokens": "cost of 1M input tokens", "usd_per_m_output_tokens": "cost of 1M output tokens",
	"usd_per_m_output_tokens_all_in": "cost of 1M output tokens, prompts in", "energy_usd_per_hour": "electricity per hour",
	"watts": "power", "watts_idle": "power when idle", "joules_per_output_token": "energy per output token",
	"kwh_per_m_output_tokens": "energy of 1M output tokens", "gco2e_per_m_output_tokens": "carbon of 1M output tokens",
	"usd_per_job": "cost of a job", "usd_per_image": "cost of an image", "usd_per_video_second": "cost of a second of video",
	"usd_per_audio_hour": "cost of an hour of audio", "usd_per_m_tokens": "cost of 1M tokens",
	"wh_per_job": "energy of a job", "wh_per_image": "energy of an image", "wh_per_video_second": "energy of a second of video",
	"wh_per_audio_hour": "energy of an hour of audio", "wh_per_m_tokens": "energy of 1M tokens", "gco2e_per_job": "carbon of a job",
	"break_even_months": "break-even with renting", "carries": "most within the objectives", "machines": "machines",
	"kw": "power", "kwh_per_month": "energy per month", "kg_co2e_per_month": "carbon per month",
	"ttft_p50_ms": "time to first token, median", "ttft_p95_ms": "time to first token, 95th percentile", "ttft_p99_ms": "time to first token, 99th percentile",
	"tpot_p50_ms": "time per output token, median", "tpot_p95_ms": "time per output token, 95th percentile", "tpot_p99_ms": "time per output token, 99th percentile",
	"e2e_p50_ms": "whole answer, median", "e2e_p95_ms": "whole answer, 95th percentile", "e2e_p99_ms": "whole answer, 99th percentile",
}

// FigureWords names a figure in prose; one that has no words is its name with
// spaces.
func FigureWords(name string) string {
	if w, ok := figureWords[name]; ok {
		return w
	}
	if c := PipelineColumnOf(name); c != nil {
		return c.Words
	}
	return strings.ReplaceAll(name, "_", " ")
}

// Better says which way a figure is better: 1 more, -1 less, 0 neither. Parts
// of the memory are neither: what counts is the whole.
func Better(name string) int {
	switch name {
	case "weights_bytes", "kv_cache_bytes", "compute_bytes", "overhead_bytes":
		return 0
	}
	if c := CompareColumnOf(name); c != nil {
		if c.Less {
			return -1
		}
		return 1
	}
	if c := PipelineColumnOf(name); c != nil {
		if c.Less {
			return -1
		}
		return 1
	}
	for _, suffix := range []string{"carries", "_tok_s", "requests_s", "_requests", "max_context", "max_sequences", "tok_s_per_device", "headroom_bytes"} {
		if strings.HasSuffix(name, suffix) {
			return 1
		}
	}
	for _, part := range []string{"_ms", "load_", "_bytes", "_gib", "usd", "watts", "joules", "kwh", "wh_per", "gco2e", "months", "devices", "machines", "nodes", "count", "kw", "kg_co2e"} {
		if strings.Contains(name, part) {
			return -1
		}
	}
	return 0
}
