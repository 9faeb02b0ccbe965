package cli_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

func scaled(t *testing.T, args ...string) *report.Scaling {
	t.Helper()
	o := runInside(t.Context(), nil, append(append([]string{"scaling"}, args...), "-o", "json")...)
	var doc report.Scaling
	if err := json.Unmarshal([]byte(o.stdout), &doc); err != nil || o.exit != 0 {
		t.Fatalf("scaling %q: exit code %d, stderr %s, %v", args, o.exit, o.stderr, err)
	}
	return &doc
}

// One budget, two models: Chinchilla is better than Gopher by every law that
// says so (arXiv:2203.15556), Gopher by Kaplan's.
func TestChinchillaAgainstGopher(t *testing.T) {
	gopher, chinchilla := scaled(t, "loss", "gopher"), scaled(t, "loss", "chinchilla-70b")
	for i, g := range gopher.Result.Losses {
		c := chinchilla.Result.Losses[i]
		if better := c.Loss.Value < g.Loss.Value; better != (c.Law != "kaplan") {
			t.Errorf("%s: Chinchilla %g, Gopher %g", c.Law, c.Loss.Value, g.Loss.Value)
		}
		if c.Best.Value > c.Loss.Value {
			t.Errorf("%s: %g at best, and %g", c.Law, c.Best.Value, c.Loss.Value)
		}
	}
	if n := len(gopher.Result.Losses); n != 3 {
		t.Errorf("%d laws say a loss", n)
	}
}

// Every row of every question spends what it says: C = 6ND.
func TestOptimaSpendTheirBudget(t *testing.T) {
	for _, args := range [][]string{{"--flops", "5.76e23"}, {"--params", "gpt-2"}, {"--params", "175B"}, {"--tokens", "300B"}} {
		doc := scaled(t, append([]string{"optimum"}, args...)...)
		if len(doc.Result.Optima) != 6 {
			t.Errorf("%q: %d laws", args, len(doc.Result.Optima))
		}
		for _, o := range doc.Result.Optima {
			if spent := 6 * o.Params.Value * o.Tokens.Value; math.Abs(spent/o.FLOPs.Value-1) > 1e-5 {
				t.Errorf("%q: %s spends %g of %g", args, o.Law, spent, o.FLOPs.Value)
			}
		}
	}
}

// LLaMA (arXiv:2302.13971, Table 15) took 82432, 135168, 530432 and 1022362
// hours of A100; 65B took 380 tokens a second and device (section 2.3).
func TestLlamaHours(t *testing.T) {
	for model, c := range map[string]struct{ mfu, hours string }{
		"llama-7b": {"43.4%", "82432"}, "llama-13b": {"51.4%", "135168"}, "llama-33b": {"45.8%", "530432"}, "llama-65b": {"47.7%", "1022362"},
	} {
		tr := scaled(t, "train", model, "--on", "256x(8x a100-sxm4-80gb)", "--mfu", c.mfu).Result.Training
		var want float64
		if err := json.Unmarshal([]byte(c.hours), &want); err != nil {
			t.Fatal(err)
		}
		if math.Abs(tr.DeviceHours.Value/want-1) > 0.01 {
			t.Errorf("%s: %g hours, want %g", model, tr.DeviceHours.Value, want)
		}
		if model == "llama-65b" && math.Abs(tr.TokensS.Value/2048-380) > 4 {
			t.Errorf("%g tokens a second and device", tr.TokensS.Value/2048)
		}
	}
}

// Nothing served is the training optimum; more served, a smaller model.
func TestServedTokens(t *testing.T) {
	doc := scaled(t, "lifetime", "--as", "llama-65b", "--served", "0,1T,10T,100T", "--law", "chinchilla-3,chinchilla-replication")
	if len(doc.Result.Lives) != 8 {
		t.Fatalf("%d lives", len(doc.Result.Lives))
	}
	for i, l := range doc.Result.Lives {
		best, training := l.Options[0], l.Options[1]
		if l.Served == 0 && best.Params.Value != training.Params.Value {
			t.Errorf("%s: %g parameters for nothing served, %g train for least", l.Law, best.Params.Value, training.Params.Value)
		}
		if l.Served > 0 && best.Params.Value >= doc.Result.Lives[i-1].Options[0].Params.Value {
			t.Errorf("%s: no smaller with %g served", l.Law, l.Served)
		}
		for _, o := range l.Options {
			if o.Ratio < 1 {
				t.Errorf("%s: %s costs %g times the least", l.Law, o.Name, o.Ratio)
			}
		}
	}
}

// badScaling are questions that must be refused, with what is said.
var badScaling = []struct{ line, want string }{
	{"nonsense", "use one of optimum, loss, lifetime, train"},
	{"optimum", "give one of --flops, --params, --tokens"},
	{"optimum --flops 1e20 --tokens 1B", "give one of"},
	{"optimum --flops x", "--flops: write it as 5.76e23"},
	{"optimum --flops -1e20", "--flops"},
	{"optimum --tokens nan", "--tokens"},
	{"optimum --params fishfish", "unknown model"},
	{"optimum --flops 1e20 --law moore", "plimsoll scaling lists them"},
	{"optimum --flops 1e20 -o xml", "use one of table, json, markdown, csv"},
	{"loss", "no model given"},
	{"loss 70B", "give --tokens"},
	{"loss 70B@", "1.4T"},
	{"loss gpt-2", "what GPT-2 1.5B is trained on is not known"},
	{"loss 70B@1T --tokens 1T", "given twice"},
	{"loss 70B@1T --params 70B", "given twice"},
	{"loss 70B@1T --law rule-20", "use kaplan"},
	{"loss a b", "see plimsoll help"},
	{"lifetime --as 70B@1T", "--served 10T"},
	{"lifetime --served 1T", "give one of --as and --loss"},
	{"lifetime --as 70B@1T --loss 2 --served 1T", "give one of --as and --loss"},
	{"lifetime --as 70B --served 1T", "70B@1.4T"},
	{"lifetime --as 70B@1T --served -1", "--served"},
	{"lifetime --loss 1.6 --served 1T", "irreducible loss is 1.8172"},
	{"lifetime --loss much --served 1T", "--loss"},
	{"lifetime --loss 2 --served 1T --law kaplan", "training until the loss no longer falls"},
	{"lifetime --loss 2 --served 1T --law rule-20", "which size is optimal"},
	{"lifetime --loss 2 --served 1T --by fun", "use one of compute, cost"},
	{"lifetime --loss 2 --served 1T --by cost", "--train-usd-per-flop"},
	{"lifetime --loss 2 --served 1T --mfu 40%", "give --on"},
	{"lifetime --loss 2 --served 1T --on h100-sxm5-80gb", "--serve-mfu"},
	{"lifetime --loss 2 --served 1T --train-usd-per-flop 1e-18", "--serve-mfu"},
	{"lifetime --loss 2 --served 1T --train-usd-per-flop 1e-18 --serve-usd-per-m-tokens 1", "--as instead of --loss"},
	{"lifetime --loss 2 --served 1T --train-usd-per-flop 1e-18 --serve-mfu 10%", "--serve-on"},
	{"lifetime --loss 2 --served 1T --train-usd-per-flop 1e-18 --serve-usd-per-flop 1e-18 --by compute", "leave out either"},
	{"lifetime --loss 2 --served 1T --train-usd-per-flop 1e-18 --serve-usd-per-flop 1e-18 --serve-usd-per-m-tokens 1", "given twice"},
	{"lifetime --loss 2 --served 1T --train-usd-per-flop 0 --serve-usd-per-flop 1e-18", "above 0"},
	{"lifetime --loss 2 --served 1T --sizes 1B,2B,3B,4B,5B,6B,7B,8B,9B,10B,11B,12B,13B", "too many"},
	{"train 70B --on h100-sxm5-80gb", "give --tokens"},
	{"train 70B@1T --on h100-sxm5-80gb --mfu 140%", "30%-50%"},
	{"train 70B@1T --on h100-sxm5-80gb --mfu 50%-30%", "30%-50%"},
	{"train 70B@1T --on h100-sxm5-80gb --mfu -3", "30%-50%"},
	{"train 70B@1T --on h100-sxm5-80gb --price-per-hour -3", "price-per-hour"},
	{"train 70B@1T --on raspberry-pi-5-8gb", "has no accelerator"},
	{"train 70B@1T --on rtx-4099", "did you mean"},
	{"train 70B@1T --on h100-sxm5-80gb --precision int3", "use one of bf16"},
	{"train 70B@1T --on v100-sxm2-32gb --precision fp8", "no fp8 rate is known"},
	{"train 30B-A300B@1T --on h100-sxm5-80gb", "671B-A37B"},
	{"train 70B@1T --on h100-sxm5-80gb --law kaplan", "leave it out"},
	{"--from ./no.json", "cannot read"},
	{"--from -", "JSON"},
}

func TestBadScaling(t *testing.T) {
	for _, c := range badScaling {
		t.Run(c.line, func(t *testing.T) {
			t.Parallel()
			o := runInside(t.Context(), []byte("{"), append([]string{"scaling"}, strings.Fields(c.line)...)...)
			if o.exit != 2 || o.stdout != "" || strings.Count(o.stderr, "\n") != 1 || !strings.Contains(o.stderr, c.want) {
				t.Errorf("exit code %d, stdout %.100q, stderr %q, want %q", o.exit, o.stdout, o.stderr, c.want)
			}
		})
	}
}

// FuzzScalingFrom: whatever a saved answer holds, it is answered or refused.
func FuzzScalingFrom(f *testing.F) {
	for _, text := range []string{
		`{"inputs":{"ask":"overview"}}`, `{"inputs":{"ask":"optimum","flops":5.76e23}}`, `{"inputs":{"ask":"optimum","flops":1e308,"tokens":-1}}`,
		`{"inputs":{"ask":"loss","model":{"name":"x","params":7e10,"active_params":7e10},"tokens":1.4e12}}`,
		`{"inputs":{"ask":"lifetime","loss":1.95,"served_tokens":[0,1e13],"sizes":[{"name":"a\n","params":1,"active_params":1}]}}`,
		`{"inputs":{"ask":"lifetime","loss":2,"served_tokens":[1],"train_usd_per_flop":1e-300,"serve_usd_per_flop":1e39}}`,
		`{"inputs":{"ask":"train","model":{"params":1e9,"active_params":1e9},"tokens":1e9,"machine":{"on":"h100-sxm5-80gb","precision":"bf16","mfu":2}}}`,
		`{"inputs":{"ask":"train","model":{"params":1e9,"active_params":1e9},"tokens":1e9,"machine":{"on":"h100-sxm5-80gb","precision":"bf16","mfu_assumed":true},"prices":{"prices_at":"2026-11"}}}`,
		`{"inputs":{"ask":"why"}}`, `{}`, `[]`, `{"inputs":{"ask":"lifetime"}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if strings.Contains(string(text), "price_file") || strings.ContainsAny(string(text), "/\\~") {
			return // no files are read
		}
		o := runInside(t.Context(), text, "scaling", "--from", "-", "-o", "json")
		switch {
		case o.exit == 0 && o.stderr == "" && json.Valid([]byte(o.stdout)):
		case o.exit == 2 && o.stdout == "" && strings.Count(o.stderr, "\n") == 1 && json.Valid([]byte(o.stderr)):
		default:
			t.Fatalf("exit code %d, stdout %.300q, stderr %.300q", o.exit, o.stdout, o.stderr)
		}
	})
}
