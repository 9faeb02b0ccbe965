package ci

import (
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/plimsoll/plimsoll/cmd/internal/report"
)

// TestPrometheusIsReadByOthers parses the metrics as Prometheus does.
func TestPrometheusIsReadByOthers(t *testing.T) {
	text := write(t, Prometheus, all(), options)
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	sample := func(family string, labels map[string]string) (float64, bool) {
		f := families[family]
		if f == nil {
			t.Fatalf("no family %s", family)
		}
		for _, m := range f.Metric {
			have := map[string]string{}
			for _, l := range m.Label {
				have[l.GetName()] = l.GetValue()
			}
			same := true
			for name, value := range labels {
				same = same && have[name] == value
			}
			if same {
				return m.GetGauge().GetValue(), true
			}
		}
		return 0, false
	}
	for _, c := range []struct {
		family string
		labels map[string]string
		want   float64
	}{
		{"plimsoll_decode_tokens_per_second", map[string]string{"name": "chat", "bound": "low", "model": "llama-3.1-8b", "on": "rtx-4090"}, 105},
		{"plimsoll_decode_tokens_per_second", map[string]string{"name": "chat", "bound": "central"}, 152},
		{"plimsoll_ttft_seconds", map[string]string{"name": "chat", "bound": "high"}, 0.08},
		{"plimsoll_cost_per_hour_usd", map[string]string{"name": "chat", "bound": "high"}, 2.5},
		{"plimsoll_case_outcome", map[string]string{"name": "video", "outcome": "fail"}, 1},
		{"plimsoll_case_outcome", map[string]string{"name": "video", "outcome": "pass"}, 0},
		{"plimsoll_requirement_outcome", map[string]string{"name": "speech", "requirement": "decode_tok_s >= 150", "outcome": "unsure"}, 1},
		{"plimsoll_build_info", map[string]string{"version": "v1", "data_version": "d1"}, 1},
	} {
		if got, ok := sample(c.family, c.labels); !ok || got != c.want {
			t.Errorf("%s%v is %v (%v), want %v", c.family, c.labels, got, ok, c.want)
		}
	}
	// A label's value comes back as it was.
	if _, ok := sample("plimsoll_case_outcome", map[string]string{"name": hostile}); !ok {
		t.Error("the hostile name did not come back")
	}
}

// TestMetricNames: base units in the names, help and type for each, no
// timestamps, each series once.
func TestMetricNames(t *testing.T) {
	text := write(t, Prometheus, all(), options)
	seen := map[string]bool{}
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if strings.HasPrefix(line, "# ") {
			continue
		}
		series, value, _ := strings.Cut(line, "} ")
		if strings.Contains(value, " ") {
			t.Errorf("a timestamp: %q", line)
		}
		if seen[series] {
			t.Errorf("twice: %q", line)
		}
		seen[series] = true
	}
	valid := regexp.MustCompile(`^plimsoll_[a-z0-9_]*[a-z0-9]$`)
	milli := regexp.MustCompile(`(^|_)(ms|milliseconds|hours|minutes|gib|mib|kwh|percent)$`)
	for figure, want := range map[string]string{
		"prefill_tok_s": "plimsoll_prefill_tokens_per_second", "output_tok_s_per_device": "plimsoll_output_per_device_tokens_per_second",
		"requests_s": "plimsoll_requests_per_second", "capacity_requests_s": "plimsoll_capacity_requests_per_second",
		"tpot_p95_ms": "plimsoll_tpot_p95_seconds", "total_bytes": "plimsoll_total_bytes", "total_gib": "plimsoll_total_bytes",
		"joules_per_output_token": "plimsoll_energy_per_output_token_joules", "kwh_per_m_output_tokens": "plimsoll_energy_per_million_output_tokens_joules",
		"break_even_months": "plimsoll_break_even_seconds", "max_context": "plimsoll_max_context", "watts": "plimsoll_power_watts",
	} {
		got, _ := metricName(figure, "")
		if got != want || !valid.MatchString(got) || milli.MatchString(got) {
			t.Errorf("%s is %s, want %s", figure, got, want)
		}
	}
	for unit, want := range map[string]string{"requests/s": "plimsoll_carried_requests_per_second", "users": "plimsoll_carried_users"} {
		if got, _ := metricName("carries", unit); got != want {
			t.Errorf("carries %s is %s", unit, got)
		}
	}
	if _, scale := metricName("ttft_ms", "ms"); scale != 1e-3 {
		t.Errorf("milliseconds are scaled by %v", scale)
	}
	for _, c := range report.CompareColumns() {
		if name, _ := metricName(c.Name, ""); !valid.MatchString(name) || milli.MatchString(name) {
			t.Errorf("%s is %s", c.Name, name)
		}
	}
}
