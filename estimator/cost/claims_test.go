package cost

import (
	"math"
	"testing"
)

// What others say publicly that tokens cost, with the machine, its price and
// its speed as they state them, against ours from the same machine, price and
// speed. Prices in them are of accelerator hours.
func TestPublicClaims(t *testing.T) {
	const hour = 3600.0
	for _, c := range []struct {
		what        string
		devices     int
		usd         float64 // per device and hour
		input       float64 // tokens per second that are read, where they are charged to what is generated
		output      float64 // tokens per second, of all devices, that the claim counts
		perM        float64 // what the source says
		source      string
		wholePeriod float64 // USD that the source says for hours, 0 where it says none
		hours       float64
	}{
		{what: "DeepSeek-V3 served on 96 H100 by SGLang: 22,282 output tok/s per node of 8", devices: 8, usd: 2, output: 22282, perM: 0.20,
			source: "lmsys.org/blog/2025-05-05-large-scale-ep; the price per hour is that of DeepSeek's own account"},
		{what: "DeepSeek-V3 and R1 served on 226.75 nodes of 8 H800 in the mean: 608e9 tokens in and 168e9 out a day", devices: 1814, usd: 2,
			input: 608e9 / 24 / hour, output: 168e9 / 24 / hour, perM: 87072 / 168e3,
			source: "github.com/deepseek-ai/open-infra-index, day 6", wholePeriod: 87072, hours: 24},
		{what: "DeepSeek-V3 trained on 2,048 H800: 180 thousand hours for 1e12 tokens", devices: 2048, usd: 2, output: 1e12 / (180e3 / 2048) / hour, perM: 0.36,
			source: "arXiv:2412.19437, introduction and table 1", wholePeriod: 5.328e6, hours: 2664e3 / 2048.0},
		{what: "MPT-7B trained on 440 A100 in 9.5 days: 1e12 tokens", devices: 440, usd: 2, output: 1e12 / (9.5 * 24) / hour, perM: 0.20,
			source: "databricks.com/blog/mpt-7b", wholePeriod: 200e3, hours: 9.5 * 24},
		{what: "GPT-2 124M trained on 8 A100 in 90 minutes: 10e9 tokens", devices: 8, usd: 14.0 / 8, output: 10e9 / 1.5 / hour, perM: 20.0 / 10e3,
			source: "github.com/karpathy/llm.c, discussion 481", wholePeriod: 20, hours: 1.5},
		{what: "GPT-2 350M trained on 8 A100 in 14 hours: 30e9 tokens", devices: 8, usd: 14.0 / 8, output: 30e9 / 14 / hour, perM: 200.0 / 30e3,
			source: "github.com/karpathy/llm.c, discussion 481", wholePeriod: 200, hours: 14},
		{what: "GPT-2 1.6B trained on 8 H100 in 24 hours: 33.6e9 tokens", devices: 8, usd: 28.0 / 8, output: 33.6e9 / 24 / hour, perM: 672 / 33.6e3,
			source: "github.com/karpathy/llm.c, discussion 677", wholePeriod: 672, hours: 24},
		{what: "nanochat d20 trained on 8 H100 in 4 hours: 11.2e9 tokens", devices: 8, usd: 24.0 / 8, output: 11.2e9 / 4 / hour, perM: 100 / 11.2e3,
			source: "github.com/karpathy/nanochat, README and discussion 1", wholePeriod: 100, hours: 4},
	} {
		t.Run(c.what, func(t *testing.T) {
			rental := Rental{USDPerHour: &Fact{Value: c.usd, Source: c.source}, Devices: 1, Utilisation: 1}
			h := rental.Hour(c.devices)
			if h.Total == nil {
				t.Fatal(h.Unavailable)
			}
			rate := Exact(c.output, "tok/s", "")
			got, why := Per(h.Total, &rate, 1e6, "M tok")
			if why != "" {
				t.Fatal(why)
			}
			check(t, "a million tokens", got.Value, c.perM, c.source)
			if c.input > 0 {
				// The same by requests of as many tokens: prompts charged to answers.
				requests := Exact(1, "requests/s", "")
				s := Spend(Flow{Input: h.Total, Output: h.Total}, Work{InputTokens: c.input, OutputTokens: c.output, Requests: &requests})
				check(t, "a million output tokens by requests", s.PerMOutputAll.Value, c.perM, c.source)
			}
			if c.wholePeriod > 0 {
				check(t, "the whole", h.Total.Value*c.hours, c.wholePeriod, c.source)
			}
		})
	}
}

// check compares with a published figure within 15%.
func check(t *testing.T, what string, got, want float64, source string) {
	t.Helper()
	off := 100 * (got/want - 1)
	t.Logf("%s: %.4g USD, published %.4g (%+.1f%%)", what, got, want, off)
	if !(math.Abs(off) <= 15) {
		t.Errorf("%s: %.4g USD, %s says %.4g", what, got, source, want)
	}
}
