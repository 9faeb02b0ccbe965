package pipeline

import (
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/hardware"
	"pgregory.net/rapid"
)

func on(m *Model, e *Engine, cards int, size float64, s Setup) *Request {
	return &Request{Model: m, Engine: e, Setup: s, Formats: memFormats, Machine: machine(cards, size)}
}

// The least slow way that fits is taken: FLUX.1 in bf16 takes 36 GB whole (33.9
// GiB measured), 23.9 GB with one component at a time (row oc1385).
func TestLeastSlowWay(t *testing.T) {
	noBlocks := eager()
	noBlocks.Offloads = []Offload{OffloadNone, OffloadModel, OffloadGroup, OffloadSequential}
	for _, c := range []struct {
		gib    float64
		e      *Engine
		want   Offload
		tiling bool
		fits   bool
	}{
		{48, eager(), OffloadNone, false, true}, {34, eager(), OffloadNone, true, true}, {26, eager(), OffloadModel, false, true},
		{16, eager(), OffloadBlocks, false, true}, {16, noBlocks, OffloadGroup, false, true}, {4, eager(), OffloadGroup, false, true}, {0.5, eager(), OffloadSequential, true, false},
	} {
		f, err := Place(on(memFlux, c.e, 1, c.gib, Setup{}))
		if err != nil {
			t.Fatal(err)
		}
		if f.Setup.Offload != c.want || f.Setup.Tiling != c.tiling || f.Fits != c.fits || f.Offloaded != (c.want != OffloadNone) {
			need, _ := f.fullest()
			t.Errorf("%g GiB: %s, tiling %t, fits %t with %.1f GiB; want %s, tiling %t; tried %+v", c.gib, f.Setup.Offload, f.Setup.Tiling, f.Fits, float64(need)/gib, c.want, c.tiling, f.Tried)
		}
		if c.gib < 34 && (len(f.Tried) == 0 || f.Tried[0].Words != "as asked" || f.Tried[0].Need < 33*hardware.GiB) {
			t.Errorf("%g GiB: tried %+v", c.gib, f.Tried)
		}
	}
}

// What the user named is kept, whether it fits or not.
func TestNamedWayIsKept(t *testing.T) {
	for _, o := range []Offload{OffloadNone, OffloadModel, OffloadSequential} {
		f, err := Place(on(memFlux, eager(), 1, 8, Setup{Offload: o}))
		if err != nil || f.Setup.Offload != o || f.Setup.Tiling || len(f.Tried) != 0 {
			t.Errorf("%s: %+v, %v", o, f.Setup, err)
		}
	}
}

// As few blocks are swapped as fit: one less does not.
func TestFewestBlocks(t *testing.T) {
	f, err := Place(on(memFlux, eager(), 1, 16, Setup{Offload: OffloadBlocks}))
	if err != nil || !f.Fits || f.Setup.Blocks < 2 {
		t.Fatalf("%+v, %v", f, err)
	}
	s := Setup{Offload: OffloadBlocks, Blocks: f.Setup.Blocks - 1}
	if less, err := Place(on(memFlux, eager(), 1, 16, s)); err != nil || less.Fits {
		t.Errorf("%d blocks fit too: %v", s.Blocks, err)
	}
}

func TestSuggest(t *testing.T) {
	for _, c := range []struct {
		name string
		req  *Request
		want string // flags of some suggestion; "" none at all
	}{
		{"all fits", on(memFlux, eager(), 1, 48, Setup{}), ""},
		{"offload could be spared", on(memFlux, eager(), 1, 24, Setup{}), "--quant fp8"},
		{"less slow offload", on(memFlux, eager(), 1, 12, Setup{}), "--quant int4-weight-only"},
		{"a named way does not fit", on(memFlux, eager(), 1, 12, Setup{Offload: OffloadModel}), "--offload blocks"},
		{"tiles", on(memCog, eager(), 1, 30, Setup{Offload: OffloadNone}), "--vae-tiling"},
		{"text encoders", on(memFlux, eager(), 1, 31, Setup{Offload: OffloadNone}), "--text-quant fp8"},
		{"more devices", on(memWan, repository(), 1, 48, Setup{Offload: OffloadNone}), "--ulysses"},
		{"text on the host", on(memFlux, eager(), 1, 28, Setup{Offload: OffloadNone}), "--text-on-cpu"},
	} {
		f, err := Place(c.req)
		if err != nil {
			t.Fatal(err)
		}
		list := Suggest(c.req, f)
		found := c.want == "" && len(list) == 0
		for _, s := range list {
			found = found || c.want != "" && strings.Contains(s.Flags, c.want)
			if s.Change == "" || s.Effect == "" || s.Flags == "" {
				t.Errorf("%s: %+v", c.name, s)
			}
		}
		if !found || len(list) > mostSuggestions {
			t.Errorf("%s: want %q; setup %+v; got %+v", c.name, c.want, f.Setup, list)
		}
	}
}

var placedModels = []*Model{memFlux, memSD15, memSDXL, memPixArt, memCog, memWan, memWan21, memHunyuan, memWhisper, piper, bge}

func drawn(t *rapid.T) (*Model, Job, Setup) {
	m := rapid.SampledFrom(placedModels).Draw(t, "model")
	var j Job
	if m.Class == TextToImage || m.Class == TextToVideo {
		j = pictureJob(t, m)
	} else {
		j = soundJob(t)
	}
	s := Setup{Format: rapid.SampledFrom([]string{"fp32", "bf16", "fp16", "fp8", "q4_0"}).Draw(t, "format"),
		Tiling: rapid.Bool().Draw(t, "tiling"), Slicing: rapid.Bool().Draw(t, "slicing"), TextOnCPU: rapid.Bool().Draw(t, "text on the host"), Offload: OffloadNone}
	return m, j, s
}

func needOf(t *rapid.T, m *Model, j Job, s Setup) (device, all int64) {
	f, err := Place(&Request{Model: m, Job: j, Engine: eager(), Setup: s, Formats: memFormats, Machine: machine(s.Devices(), 1<<14)})
	if err != nil {
		t.Skip(err)
	}
	for i := range f.Ledgers {
		n, low, high := f.Ledgers[i].Need()
		if low < 0 || low > n || n > high {
			t.Fatalf("%d to %d around %d", low, high, n)
		}
		for _, p := range f.Ledgers[i].Phases {
			sum := int64(0)
			for _, l := range p.Lines {
				sum += l.Bytes
			}
			if sum != p.Need {
				t.Fatalf("lines of %d, need %d", sum, p.Need)
			}
		}
		all += n
		if i == 0 {
			device = n
		}
	}
	return device, all
}

func TestMoreNeverTakesLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, j, s := drawn(t)
		a, _ := needOf(t, m, j, s)
		j = j.With(m.Defaults)
		switch k := rapid.IntRange(0, 4).Draw(t, "which"); {
		case k == 0:
			j.Batch = max(j.Batch, 1) * 2
		case k == 1 && m.Class == TextToVideo:
			j.Frames += 8
		case k == 2:
			j.Width *= 2
		case k == 3:
			j.Height += 512
		default:
			j.Beam, j.AudioSeconds, j.SequenceTokens = max(j.Beam, 1)+1, j.AudioSeconds+30, j.SequenceTokens+64
		}
		if b, _ := needOf(t, m, j, s); b < a {
			t.Fatalf("%s: %d bytes for more, %d before: %+v", m.ID, b, a, j)
		}
	})
}

func TestOffloadNeverRaisesTheDevice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, j, s := drawn(t)
		last, _ := needOf(t, m, j, s)
		for _, o := range []Offload{OffloadModel, OffloadBlocks, OffloadGroup, OffloadSequential} {
			w := s
			w.Offload = o
			if o == OffloadBlocks {
				if m.Find(Denoiser) == nil || m.Find(Denoiser).layers() == 0 {
					continue
				}
				w.Blocks = rapid.IntRange(1, m.Find(Denoiser).layers()).Draw(t, "blocks")
			}
			n, _ := needOf(t, m, j, w)
			if n > last {
				t.Fatalf("%s with %s: %d bytes, %d before", m.ID, o, n, last)
			}
			if o == OffloadModel || o == OffloadGroup {
				last = n
			}
		}
	})
}

func TestNarrowerNeverTakesMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, j, s := drawn(t)
		s.TextFormat = rapid.SampledFrom([]string{"bf16", "fp16", "fp8"}).Draw(t, "text format")
		last := int64(1) << 62
		for _, f := range []string{"fp32", "bf16", "int8-weight-only", "int4-weight-only", "q4_0"} {
			s.Format = f
			n, _ := needOf(t, m, j, s)
			if n > last {
				t.Fatalf("%s in %s: %d bytes, %d before", m.ID, f, n, last)
			}
			last = n
		}
	})
}

func TestMoreDevicesNeverTakeMoreEach(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SampledFrom([]*Model{memCog, memWan, memWan21, memHunyuan}).Draw(t, "model")
		j := pictureJob(t, m)
		s := Setup{Offload: OffloadNone, Sharded: rapid.Bool().Draw(t, "sharded"), Ring: rapid.Bool().Draw(t, "ring")}
		s.Sequence = 2
		last, _ := needOf(t, m, j, s)
		for _, n := range []int{4, 8} {
			s.Sequence = n
			b, _ := needOf(t, m, j, s)
			if b > last {
				t.Fatalf("%s over %d devices: %d bytes each, %d before", m.ID, n, b, last)
			}
			last = b
		}
	})
}

func BenchmarkPlace(b *testing.B) {
	req := on(memFlux, eager(), 1, 16, Setup{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Place(req); err != nil {
			b.Fatal(err)
		}
	}
}
