package serving

import (
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// oneLine reports an error that is not one line or has no end.
func oneLine(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if s := err.Error(); strings.ContainsAny(s, "\n\r") || len(s) > 400 {
		t.Errorf("not a short line: %q", s)
	}
}

func TestParseLengths(t *testing.T) {
	for text, mean := range map[string]float64{
		"512": 512, " 256..1024 ": 640, "1..1": 1, "lognormal(512,0.8)": 512, "lognormal(512, 0)": 512,
		"lognormal(400,0.5,1200)": 400, "128,256,512": 896.0 / 3,
	} {
		l, err := ParseLengths(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := l.Mean(); math.Abs(got/mean-1) > 0.02 {
			t.Errorf("%s: mean %v, want %v", text, got, mean)
		}
		r := rand.New(rand.NewPCG(1, 2))
		sum := 0.0
		const n = 40_000
		for range n {
			v := l.Quantile(r.Float64())
			if v < 1 || v > l.max() {
				t.Fatalf("%s: drew %d", text, v)
			}
			sum += float64(v)
		}
		if math.Abs(sum/n/l.Mean()-1) > 0.02 {
			t.Errorf("%s: drew %v in the mean, Mean says %v", text, sum/n, l.Mean())
		}
	}
	for _, text := range []string{"", "0", "-5", "5..2", "a", "lognormal(", "lognormal(5)", "lognormal(NaN,1)", "lognormal(1e300,1)",
		"lognormal(5,-1)", "lognormal(5,Inf)", "lognormal(512,0.8,0)", "lognormal(512,0.8,100)", "1..1e9", "1,,2", "1..2..3", "999999999999999999999", strings.Repeat("1,", 40_000)} {
		if _, err := ParseLengths(text); err == nil {
			t.Errorf("%.40q is accepted", text)
		} else {
			oneLine(t, err)
		}
	}
}

func FuzzParseLengths(f *testing.F) {
	for _, s := range []string{"512", "256..1024", "lognormal(512,0.8)", "lognormal(512,0.8,4096)", "1,2,3", "", "..", "lognormal(,)", "1..", "lognormal(NaN,NaN)", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, err := ParseLengths(s)
		oneLine(t, err)
		if err != nil {
			return
		}
		for _, u := range []float64{0, 0.25, 0.5, 0.999999, 1 - 1e-16} {
			if v := l.Quantile(u); v < 1 || v > l.max() {
				t.Fatalf("%q: quantile %v is %d", s, u, v)
			}
		}
		if m := l.Mean(); !(m >= 1 && m <= float64(l.max())) {
			t.Fatalf("%q: mean %v", s, m)
		}
		if text := l.String(); !strings.Contains(text, "…") {
			back, err := ParseLengths(text)
			if err != nil || back.Mean() != l.Mean() {
				t.Fatalf("%q prints as %q: %v", s, text, err)
			}
		}
	})
}

func TestParseObjective(t *testing.T) {
	for text, want := range map[string]Objective{
		"ttft_p95<=800ms": {"ttft", 95, 0.8}, "tpot < 50ms": {"tpot", 0, 0.05}, "E2E_P99<=12s": {"e2e", 99, 12},
		"queue_mean<500us": {"queue", 0, 0.0005}, "ttft_p50<=1.5s": {"ttft", 50, 1.5},
	} {
		got, err := ParseObjective(text)
		if err != nil || got.Metric != want.Metric || got.Percentile != want.Percentile || math.Abs(got.Limit-want.Limit) > 1e-12 {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
		if back, err := ParseObjective(got.String()); err != nil || back != got {
			t.Errorf("%s prints as %s: %+v, %v", text, got, back, err)
		}
	}
	for _, text := range []string{"", "ttft", "ttft<", "ttft<5", "ttft<ms", "ttft<-1s", "ttft<0s", "ttft<NaNs", "ttft<Infs", "ttft_95<1s", "ttft_p42<1s", "ttft_p0<1s", "foo<1s", "ttft>1s", "ttft==1s", "<1s", strings.Repeat("x", 1000) + "<1s"} {
		if o, err := ParseObjective(text); err == nil {
			t.Errorf("%.40q is accepted: %+v", text, o)
		} else {
			oneLine(t, err)
		}
	}
}

func FuzzParseObjective(f *testing.F) {
	for _, s := range []string{"ttft_p95<=800ms", "tpot<50ms", "e2e_p99<=12s", "queue_mean<1us", "ttft<=", "<", "ttft_p<1s", "ttft_p95<=1e400s", "\x00<s"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		o, err := ParseObjective(s)
		oneLine(t, err)
		if err != nil {
			return
		}
		if back, err := ParseObjective(o.String()); err != nil || back != o {
			t.Fatalf("%q prints as %q: %+v, %v", s, o.String(), back, err)
		}
	})
}

func TestReadTrace(t *testing.T) {
	want := []Arrival{{0, 10, 20}, {1.5, 30, 40}}
	for _, text := range []string{
		"at,input,output\n5,10,20\n6.5,30,40\n",
		"\ufeffTimestamp, Prompt_Tokens ,model,completion_tokens\r\n6.5,30,x,40\r\n\r\n5,10,y,20\r\n",
		"timestamp,input_tokens,output_tokens\n2024-05-01T10:00:00Z,10,20\n2024-05-01T10:00:01.5Z,30,40",
		"\"timestamp\",\"input\",\"note\",\"output\"\n5,10,\"a, b\",20\n6.5,30,,40",
		`{"at":5,"input":10,"output":20}` + "\n" + `{"timestamp":6.5,"prompt_tokens":30,"output_tokens":40,"more":[1,{}]}`,
		`{"at":"2024-05-01T10:00:00Z","input":10,"output":20}` + "\n" + `{"at":"2024-05-01T12:00:01.5+02:00","input":30,"output":40}`,
	} {
		got, err := ReadTrace(strings.NewReader(text))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for text, where := range map[string]string{
		"":                                "no requests",
		"at,input,output\n":               "no requests",
		"at,input\n1,2":                   "line 1",
		"at,time,input,output\n1,1,2,3":   "line 1",
		"at,input,output\n1,2":            "line 2",
		"at,input,output\n1,2,3\nx,2,3":   "line 3",
		"at,input,output\n1,0,3":          "line 2",
		"at,input,output\n1,2.5,3":        "line 2",
		"at,input,output\nNaN,2,3":        "line 2",
		"at,input,output\n1,2,1e300":      "line 2",
		"at,input,output\n1,2,3\n\"1,2,3": "line 3",
		"at,input,output\n1,2,3\n2024-05-01T10:00:00Z,2,3": "line 3",
		`{"at":1,"input":2}`:                        "line 1",
		`{"at":1,"input":2,"output":3}` + "\n4,5,6": "line 2",
		`{"at":1`: "line 1",
		"at,input,output\n" + strings.Repeat("9", 70_000): "line 2",
	} {
		got, err := ReadTrace(strings.NewReader(text))
		if err == nil || !strings.Contains(err.Error(), where) {
			t.Errorf("%.60q: %v, %v", text, got, err)
		}
		oneLine(t, err)
	}
}

func FuzzReadTrace(f *testing.F) {
	for _, s := range []string{"at,input,output\n1,2,3\n", `{"at":1,"input":2,"output":3}`, "timestamp,prompt_tokens,output_tokens\n2024-05-01T10:00:00Z,5,6",
		"at,input,output\n1e308,2,3\n-1e308,2,3", "\"", "{}", `{"at":null,"input":[],"output":{}}`, "at,at,input,output\n", "\xff\xfe"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		trace, err := ReadTrace(strings.NewReader(s))
		oneLine(t, err)
		if err != nil {
			return
		}
		l := Load{Trace: trace}
		if err := l.Validate(); err != nil && !strings.Contains(err.Error(), "tokens; keep below") {
			t.Fatalf("%q: %v", s, err)
		}
	})
}

func TestSpeculate(t *testing.T) {
	for _, x := range []struct {
		k    int
		a, w float64
	}{{0, 0.5, 1}, {-1, 0.5, 1}, {4, 0, 1}, {4, 1, 5}, {4, 2, 5}, {3, 0.5, 1.875}, {4, 0.8, 3.3616}, {4, 1 - 1e-15, 5}, {4, math.NaN(), 1}} {
		if got := Speculate(x.k, x.a); math.Abs(got-x.w) > 1e-9 {
			t.Errorf("%d drafted, %v accepted: %v tokens, want %v", x.k, x.a, got, x.w)
		}
	}
}

// What makes no sense is refused in one line, quickly.
func TestBadInput(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	s0 := Scheduler{MaxSeqs: 8, MaxTokens: 512, Chunked: true, CacheTokens: 1000}
	l0 := Load{Concurrency: 4, Input: Fixed(100), Output: Fixed(100)}
	try := func(name string, s Scheduler, l Load, p Pacer) {
		t.Helper()
		_, err1 := Simulate(&s, &l, p)
		_, err2 := Steady(&s, &l, p)
		if err1 == nil || err2 == nil {
			t.Errorf("%s: %v, %v", name, err1, err2)
		}
		oneLine(t, err1)
		oneLine(t, err2)
	}
	for name, change := range map[string]func(*Scheduler, *Load){
		"no places":        func(s *Scheduler, _ *Load) { s.MaxSeqs = 0 },
		"huge places":      func(s *Scheduler, _ *Load) { s.MaxSeqs = math.MaxInt },
		"no budget":        func(s *Scheduler, _ *Load) { s.MaxTokens = 0 },
		"negative pool":    func(s *Scheduler, _ *Load) { s.CacheTokens = -1 },
		"negative page":    func(s *Scheduler, _ *Load) { s.BlockTokens = -1 },
		"NaN reserve":      func(s *Scheduler, _ *Load) { s.Reserve = nan },
		"policy":           func(s *Scheduler, _ *Load) { s.Policy = 9 },
		"never fits":       func(s *Scheduler, _ *Load) { s.CacheTokens = 150 },
		"no load":          func(_ *Scheduler, l *Load) { l.Concurrency = 0 },
		"two loads":        func(_ *Scheduler, l *Load) { l.Rate = 1 },
		"NaN rate":         func(_ *Scheduler, l *Load) { l.Concurrency, l.Rate = 0, nan },
		"negative rate":    func(_ *Scheduler, l *Load) { l.Concurrency, l.Rate = 0, -1 },
		"minus infinity":   func(_ *Scheduler, l *Load) { l.Concurrency, l.Rate = 0, -inf },
		"negative users":   func(_ *Scheduler, l *Load) { l.Concurrency = -1 },
		"NaN burst":        func(_ *Scheduler, l *Load) { l.Burst = nan },
		"NaN hit":          func(_ *Scheduler, l *Load) { l.PrefixHit = nan },
		"half a token":     func(_ *Scheduler, l *Load) { l.TokensPerStep = 0.5 },
		"many requests":    func(_ *Scheduler, l *Load) { l.Requests = math.MaxInt },
		"many tokens":      func(s *Scheduler, l *Load) { s.CacheTokens, l.Requests, l.Output = 0, 1_000_000, Fixed(maxLength) },
		"no lengths":       func(_ *Scheduler, l *Load) { l.Input = Lengths{} },
		"empty list":       func(_ *Scheduler, l *Load) { l.Input = Empirical(nil) },
		"unsorted trace":   func(_ *Scheduler, l *Load) { l.Concurrency, l.Trace = 0, []Arrival{{1, 1, 1}, {0, 1, 1}} },
		"NaN trace":        func(_ *Scheduler, l *Load) { l.Concurrency, l.Trace = 0, []Arrival{{nan, 1, 1}} },
		"trace no tokens":  func(_ *Scheduler, l *Load) { l.Concurrency, l.Trace = 0, []Arrival{{0, 0, 1}} },
		"trace never fits": func(_ *Scheduler, l *Load) { l.Concurrency, l.Trace = 0, []Arrival{{0, 900, 200}} },
	} {
		s, l := s0, l0
		change(&s, &l)
		try(name, s, l, flat(1))
	}
	for _, x := range []float64{0, -1, nan, inf} {
		try("pacer", s0, l0, flat(x))
	}
	if _, err := Simulate(nil, &l0, flat(1)); err == nil {
		t.Error("nil scheduler")
	}
	if _, err := Steady(&s0, nil, flat(1)); err == nil {
		t.Error("nil load")
	}
	if _, _, err := MaxRate(&s0, nil, flat(1), nil); err == nil {
		t.Error("nil load for MaxRate")
	}
	if _, _, err := MaxRate(&s0, &l0, flat(1), []Objective{{"ttft", 95, nan}}); err == nil {
		t.Error("NaN objective")
	}
}
