package names

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func catalogue() *Index {
	ix := New("device", []Entry{
		{ID: "rtx-4090-24gb", Aliases: []string{"GeForce RTX 4090"}},
		{ID: "rtx-4090-laptop-16gb", Aliases: []string{"GeForce RTX 4090 Laptop GPU"}},
		{ID: "rtx-4090-d-24gb"},
		{ID: "rtx-3060-8gb"},
		{ID: "rtx-3060-12gb"},
		{ID: "rtx-3060-ti-8gb"},
		{ID: "rtx-4060-ti-16gb", Aliases: []string{"rtx-4060-ti"}},
		{ID: "rtx-4060-ti-8gb"},
		{ID: "rtx-4080-super-16gb"},
		{ID: "h100-sxm5-80gb", Aliases: []string{"h100-sxm-80gb", "NVIDIA H100 80GB HBM3"}},
		{ID: "apple-m4-max-40c", Aliases: []string{"Apple M4 Max (40-core GPU)"}},
		{ID: "ryzen-ai-max-395-128gb", Aliases: []string{"AMD Ryzen AI Max+ 395", "strix-halo"}},
		{ID: "llama-3.1-8b", Aliases: []string{"meta-llama/Llama-3.1-8B-Instruct", "llama3.1:8b"}},
		{ID: "olmo-2-1b"},
		{ID: "amd-olmo-2-1b"},
		{ID: "command-r"},
		{ID: "command-r-plus"},
		{ID: "radeon-graphics"},
	})
	ix.Hint = "see the list"
	return ix
}

func TestResolve(t *testing.T) {
	for _, test := range []struct{ query, want string }{
		{"rtx-4090-24gb", "rtx-4090-24gb"},
		{"rtx-4090", "rtx-4090-24gb"},
		{"RTX 4090", "rtx-4090-24gb"},
		{"rtx4090", "rtx-4090-24gb"},
		{"rtx_4090_24_GB", "rtx-4090-24gb"},
		{"NVIDIA GeForce RTX 4090", "rtx-4090-24gb"},
		{"Nvidia(R) GeForce(TM) RTX 4090 Graphics Card", "rtx-4090-24gb"},
		{"NVIDIA GeForce RTX 4090 Laptop GPU", "rtx-4090-laptop-16gb"},
		{"rtx 4090 d", "rtx-4090-d-24gb"},
		{"rtx 3060 12gb", "rtx-3060-12gb"},
		{"rtx 3060 ti", "rtx-3060-ti-8gb"},
		{"rtx-4060-ti", "rtx-4060-ti-16gb"}, // an alias states the preference
		{"H100-SXM-80GB", "h100-sxm5-80gb"},
		{"m4 max 40c", "apple-m4-max-40c"},
		{"Apple M4 Max", "apple-m4-max-40c"},
		{"Ryzen AI Max+ 395", "ryzen-ai-max-395-128gb"},
		{"ryzen ai max 395", "ryzen-ai-max-395-128gb"},
		{"Strix Halo", "ryzen-ai-max-395-128gb"},
		{"llama3.1:8b", "llama-3.1-8b"},
		{"llama-3-1-8b", "llama-3.1-8b"},
		{"unsloth/Llama-3.1-8B-Instruct-GGUF", "llama-3.1-8b"},
		{"Llama 3.1 8B Instruct", "llama-3.1-8b"},
		{"AMD OLMo 2 1B", "amd-olmo-2-1b"}, // exact spelling before stripped words
		{"olmo 2 1b", "olmo-2-1b"},
		{"command-r+", "command-r-plus"},
		{"Command R", "command-r"},
		{"AMD Radeon Graphics", ""},
		{"rtx 4090 super", ""},
		{"rtx 4080", ""}, // never a "super" that was not asked for
		{"", ""},
		{"---", ""},
		{"\xff\xfe", ""},
	} {
		got, err := catalogue().Resolve(test.query)
		if got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("Resolve(%q) = %q, %v; want %q", test.query, got, err, test.want)
		}
	}
}

func TestMissMessages(t *testing.T) {
	for _, test := range []struct{ query, want string }{
		{"rtx 3060", `device "rtx 3060" fits several: rtx-3060-12gb, rtx-3060-8gb; name one of them`},
		{"rtx 4091", `unknown device "rtx 4091"; did you mean rtx-4090-24gb, rtx-3060-8gb, rtx-3060-12gb, rtx-4090-d-24gb?`},
		{"lama-3.1-8b", `unknown device "lama-3.1-8b"; did you mean llama-3.1-8b?`},
		{"zzzzzzzzzz", `unknown device "zzzzzzzzzz"; see the list`},
		{"rtx\n4091", "unknown device \"rtx\\n4091\"; did you mean rtx-4090-24gb, rtx-3060-8gb, rtx-3060-12gb, rtx-4090-d-24gb?"},
	} {
		_, err := catalogue().Resolve(test.query)
		var miss *Miss
		if !errors.As(err, &miss) {
			t.Errorf("Resolve(%q): error %v, want a *Miss", test.query, err)
			continue
		}
		if got := err.Error(); got != test.want {
			t.Errorf("Resolve(%q)\n got %s\nwant %s", test.query, got, test.want)
		}
	}
	_, err := catalogue().Resolve(strings.Repeat("rtx", 1e6))
	if err == nil || len(err.Error()) > 200 || strings.Contains(err.Error(), "\n") {
		t.Errorf("a huge query: error of %d bytes, want one short line", len(err.Error()))
	}
}

func TestNormalize(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"NVIDIA GeForce RTX 4090", "rtx-4090"},
		{"Intel(R) Core(TM) i9-13900K CPU", "core-i9-13900k"},
		{"Tesla V100-SXM2-16GB", "v100-sxm2-16gb"},
		{"meta-llama/Llama-3.1-8B", "llama-3.1-8b"},
		{"AMD Radeon Graphics", "amd-radeon-graphics"},
		{"Max+ 395", "max-plus-395"},
		{"a. 1 .b", "a-1-b"},
		{"", ""},
	} {
		if got := Normalize(test.in); got != test.want {
			t.Errorf("Normalize(%q) = %q, want %q", test.in, got, test.want)
		}
	}
}

func TestNormalizeIsIdempotent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringMatching(`([a-zA-Z0-9.+/() -]|NVIDIA |\(TM\)|GPU){0,24}`)).Draw(t, "s")
		once := Normalize(s)
		if twice := Normalize(once); twice != once {
			t.Fatalf("Normalize(%q) = %q, again = %q", s, once, twice)
		}
	})
}

// Every id is found whatever its case and separators.
func TestResolveIgnoresSpelling(t *testing.T) {
	ix := catalogue()
	rapid.Check(t, func(t *rapid.T) {
		e := rapid.SampledFrom(ix.entries).Draw(t, "entry")
		separator := rapid.SampledFrom([]string{"-", " ", "_", ""}).Draw(t, "separator")
		query := strings.ReplaceAll(e.ID, "-", separator)
		if rapid.Bool().Draw(t, "upper") {
			query = strings.ToUpper(query)
		}
		if got, err := ix.Resolve(query); got != e.ID {
			t.Fatalf("Resolve(%q) = %q, %v; want %q", query, got, err, e.ID)
		}
	})
}

func FuzzResolve(f *testing.F) {
	for _, s := range []string{"rtx 4090", "a/b", "(TM)(R)((", "+", "1.2.3", "\x00\xff", "rtx-3060", "NVIDIA"} {
		f.Add(s)
	}
	ix := catalogue()
	f.Fuzz(func(t *testing.T, query string) {
		once := Normalize(query)
		if Normalize(once) != once {
			t.Fatalf("Normalize is not idempotent on %q", query)
		}
		id, err := ix.Resolve(query)
		if (id == "") == (err == nil) {
			t.Fatalf("Resolve(%q) = %q, %v", query, id, err)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\n\r") {
			t.Fatalf("Resolve(%q): message of several lines: %q", query, err)
		}
		if err == nil && !slices.ContainsFunc(ix.entries, func(e Entry) bool { return e.ID == id }) {
			t.Fatalf("Resolve(%q) = %q, which is no entry", query, id)
		}
	})
}

func TestDistance(t *testing.T) {
	var d distance
	for _, test := range []struct {
		a, b        string
		limit, want int
	}{
		{"kitten", "sitting", 9, 3}, {"", "abc", 9, 3}, {"abc", "abc", 9, 0},
		{"abc", "xyz", 1, 2}, {"flaw", "lawn", 9, 2},
	} {
		if got := d.between([]byte(test.a), []byte(test.b), test.limit); got != test.want {
			t.Errorf("distance(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
		}
	}
}

func big() []Entry {
	var entries []Entry
	for i := range 600 {
		n := string(rune('a'+i%26)) + "-" + string(rune('a'+i/26)) + "00"
		entries = append(entries, Entry{ID: "family-" + n + "-24gb", Aliases: []string{"Vendor Family " + n, "f " + n, "org/Family-" + n}})
	}
	return entries
}

func BenchmarkResolve(b *testing.B) {
	entries := big()
	for _, test := range []struct{ name, query string }{
		{"id", "family-z-w00-24gb"}, {"lenient", "NVIDIA Family Z-W00"}, {"miss", "famly-z-q77"},
	} {
		b.Run(test.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				New("device", entries).Resolve(test.query)
			}
		})
	}
}
