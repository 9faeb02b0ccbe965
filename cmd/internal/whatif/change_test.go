package whatif

import (
	"strings"
	"testing"
)

func TestParseAndOf(t *testing.T) {
	for _, c := range []struct {
		text, key string
		old, want float64
	}{
		{"hardware.bandwidth_gb_s=936", "bandwidth_gb_s", 1008, 936},
		{"hardware.bandwidth_gb_s=1.8TB/s", "bandwidth_gb_s", 1008, 1800},
		{"hardware.bandwidth_gb_s=+10%", "bandwidth_gb_s", 1000, 1100},
		{"hardware.bandwidth_gb_s=-25%", "bandwidth_gb_s", 1000, 750},
		{"hardware.bandwidth_gb_s=50%", "bandwidth_gb_s", 1000, 500},
		{"hardware.memory_gb=+8GB", "memory_gb", 24, 32},
		{"hardware.memory_gb = -8 GiB", "memory_gb", 24, 16},
		{"hardware.memory_gb=512MiB", "memory_gb", 24, 0.5},
		{"hardware.tflops.fp16=x2", "fp16", 165, 330},
		{"hardware.tflops.fp16=*0.5", "fp16", 165, 82.5},
		{"hardware.tdp_w=1.2kW", "tdp_w", 700, 1200},
		{"hardware.link.latency_us=2us", "latency_us", 5, 2},
		{"context=32k", "context", 4096, 32768},
		{"context=x2", "context", 4096, 8192},
		{"batch=+3", "batch", 1, 4},
		{"hardware.host.cpu.peak_fp32_gflops=+1TFLOPS", "peak_fp32_gflops", 500, 1500},
	} {
		change, err := Parse(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		got, err := change.Of(c.old, c.key, "it", 0)
		if err != nil || got != c.want {
			t.Errorf("%s of %g: %g, %v, want %g", c.text, c.old, got, err, c.want)
		}
	}
}

func TestRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "a path and a value",
		"hardware.bandwidth_gb_s":     "a path and a value",
		"=3":                          "a path and a value",
		"context=":                    "a path and a value",
		"context=lots":                "not a number",
		"context=1e999":               "not a number",
		"context=NaN":                 "not a number",
		"context=x2k":                 "no unit",
		"context=x-2":                 "negative",
		"context=-150%":               "negative",
		strings.Repeat("a", 300):      "too long",
		"context=" + "9" + "\x00\x01": "",
	} {
		c, err := Parse(text)
		if err == nil {
			_, err = c.Of(1, "context", "it", 0)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	for _, c := range []struct {
		text, key, want string
		old, most       float64
	}{
		{"a=+10%", "bandwidth_gb_s", "not known", 0, 0},
		{"a=-30", "memory_gb", "negative", 24, 0},
		{"a=x100", "memory_gb", "above", 24, 100},
		{"a=3W", "memory_gb", "not measured", 24, 0},
	} {
		change, err := Parse(c.text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = change.Of(c.old, c.key, "it", c.most); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"hardware.bandwidth_gb_s=+10%", "a=x2", "=", "a=-", "a=1e9k", "a=×3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse(text)
		if err != nil {
			return
		}
		// What was read is read again, and gives a number or an error.
		again, err := Parse(c.Text)
		if err != nil || again.Path != c.Path || again.kind != c.kind || again.by != c.by {
			t.Errorf("%q came back as %+v, %v", c.Text, again, err)
		}
		if v, err := c.Of(3, "memory_gb", "it", 1000); err == nil && !(v >= 0 && v <= 1000) {
			t.Errorf("%q gives %g", text, v)
		}
	})
}
