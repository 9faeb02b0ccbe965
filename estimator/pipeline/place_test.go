package pipeline

import (
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/hardware"
)

func TestSetupIsSettled(t *testing.T) {
	apple := machine(1, 64)
	apple.Nodes[0].Devices[0].Vendor, apple.Nodes[0].Devices[0].Unified = "Apple", true
	for _, c := range []struct {
		name string
		on   *hardware.Machine
		ask  Setup
		want Setup
	}{
		{"a card", machine(1, 80), Setup{}, Setup{Backend: "cuda", Format: "bf16", TextFormat: "bf16", Offload: OffloadNone}},
		{"a host", machine(0, 0), Setup{}, Setup{Backend: "cpu", Format: "fp32", TextFormat: "fp32", Offload: OffloadNone}},
		{"an Apple", apple, Setup{}, Setup{Backend: "metal", Format: "bf16", TextFormat: "bf16", Offload: OffloadNone}},
		{"the host of a card", machine(1, 80), Setup{Backend: "CPU"}, Setup{Backend: "cpu", Format: "fp32", TextFormat: "fp32", Offload: OffloadNone}},
		{"an alias", machine(1, 80), Setup{Format: "BFloat16"}, Setup{Backend: "cuda", Format: "bf16", TextFormat: "bf16", Offload: OffloadNone}},
		{"narrow denoiser", machine(1, 80), Setup{Format: "fp8"}, Setup{Backend: "cuda", Format: "fp8", TextFormat: "bf16", Offload: OffloadNone}},
		{"blocks say the way", machine(1, 80), Setup{Blocks: 5}, Setup{Backend: "cuda", Format: "bf16", TextFormat: "bf16", Offload: OffloadBlocks, Blocks: 5}},
		{"as many blocks as there are", machine(1, 80), Setup{Blocks: 500}, Setup{Backend: "cuda", Format: "bf16", TextFormat: "bf16", Offload: OffloadBlocks, Blocks: 57}},
	} {
		f, err := Place(&Request{Model: memFlux, Engine: eager(), Setup: c.ask, Formats: memFormats, Machine: c.on})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got := f.Setup
		c.want.Sequence, c.want.Guidance, c.want.Data = 1, 1, 1
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestPlaceRefuses(t *testing.T) {
	cuda := eager()
	cuda.Backends = cuda.Backends[:1]
	cuda.Offloads, cuda.Tiling, cuda.Parallel = []Offload{OffloadNone, OffloadModel}, false, 0
	cuda.Formats = []string{"bf16", "fp16"}
	sound := eager()
	sound.Classes = []Class{Recognition}
	unknown := *memFlux
	unknown.Components = append([]Component{{Name: "denoiser", Role: Denoiser, Kind: MMDiT, DoubleLayers: 19, Hidden: 3072, Patch: image2}}, memFlux.Components[1:]...)
	amd := machine(1, 24)
	amd.Nodes[0].Devices[0].Vendor = "AMD"
	for _, c := range []struct {
		name string
		m    *Model
		e    *Engine
		on   *hardware.Machine
		j    Job
		s    Setup
		want string
	}{
		{"no node", memFlux, eager(), &hardware.Machine{ID: "x"}, Job{}, Setup{}, "no node"},
		{"class", memFlux, sound, machine(1, 24), Job{}, Setup{}, "text-to-image"},
		{"host", memFlux, cuda, machine(0, 0), Job{}, Setup{}, "accelerator"},
		{"vendor", memFlux, cuda, amd, Job{}, Setup{}, "AMD"},
		{"backend", memFlux, cuda, machine(1, 24), Job{}, Setup{Backend: "rocm"}, "cuda"},
		{"backend of no device", memFlux, eager(), machine(0, 0), Job{}, Setup{Backend: "cuda"}, "accelerator"},
		{"format", memFlux, cuda, machine(1, 24), Job{}, Setup{Format: "int17"}, "int17"},
		{"format of another", memFlux, cuda, machine(1, 24), Job{}, Setup{Format: "fp8"}, "bf16, fp16"},
		{"text format", memFlux, cuda, machine(1, 24), Job{}, Setup{TextFormat: "q4_0"}, "bf16, fp16"},
		{"offload", memFlux, cuda, machine(1, 24), Job{}, Setup{Offload: OffloadGroup}, "none, model"},
		{"offload of nothing", memFlux, eager(), machine(0, 0), Job{}, Setup{Offload: OffloadModel}, "host"},
		{"blocks of a U-Net", memSDXL, eager(), machine(1, 24), Job{}, Setup{Offload: OffloadBlocks}, "layers"},
		{"tiles", memFlux, cuda, machine(1, 24), Job{}, Setup{Tiling: true}, "tiles"},
		{"devices", memWan, eager(), machine(2, 80), Job{}, Setup{Sequence: 4}, "the node has 2"},
		{"parallel", memWan, cuda, machine(2, 80), Job{}, Setup{Sequence: 2}, "at most 1"},
		{"devices of a host", memWan, eager(), machine(0, 0), Job{}, Setup{Sequence: 2}, "host"},
		{"heads", memWan, eager(), machine(8, 80), Job{}, Setup{Sequence: 3}, "ring"},
		{"one pass", memFlux, eager(), machine(2, 80), Job{}, Setup{Guidance: 2}, "passes"},
		{"negative", memFlux, eager(), machine(2, 80), Job{}, Setup{Data: -1}, "-1"},
		{"absurd", memFlux, eager(), machine(2, 80), Job{}, Setup{Sequence: 1 << 40}, "sensible"},
		{"size", memFlux, eager(), machine(1, 80), Job{Width: -5}, Setup{}, "width"},
		{"unknown size", &unknown, eager(), machine(1, 80), Job{}, Setup{}, "not known"},
	} {
		_, err := Place(&Request{Model: c.m, Job: c.j, Engine: c.e, Setup: c.s, Formats: memFormats, Machine: c.on})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want %q in it", c.name, err, c.want)
		}
	}
}

// The rules of what a system keeps are those of language models.
func TestRoom(t *testing.T) {
	rules := &Reserves{Desktop: engine.HostReserve{MiB: 1536}, Headless: engine.HostReserve{MiB: 512}, Board: engine.HostReserve{MiB: 400}, DriverTotal: 0.99,
		UnifiedWired: map[string][]engine.WiredStep{"apple": {{UpToGiB: 36, Fraction: 2.0 / 3}, {Fraction: 0.75}}}, ProcessMiB: Interval{Value: 150, Low: 60, High: 400}}
	card := machine(1, 24)
	read := machine(1, 24)
	read.Nodes[0].Devices[0].FreeBytes = 20 * hardware.GiB
	told := machine(1, 80)
	told.Nodes[0].Devices[0].UsableBytes = 79 * hardware.GiB
	apple := machine(1, 64)
	apple.Nodes[0].Devices[0].Vendor, apple.Nodes[0].Devices[0].Unified, apple.Nodes[0].Host.MemoryBytes = "Apple", true, 64*hardware.GiB
	board := machine(0, 0)
	board.Nodes[0].Host.MemoryBytes, board.Nodes[0].Host.CPU.Board = 8*hardware.GiB, true
	limited := machine(0, 0)
	limited.Nodes[0].Host.LimitBytes = 4 * hardware.GiB
	local := machine(0, 0)
	local.Nodes[0].Host.MemoryBytes, local.Nodes[0].Host.AvailableBytes = 16*hardware.GiB, 10*hardware.GiB
	for _, c := range []struct {
		name   string
		on     *hardware.Machine
		ledger int
		usable float64 // MiB
	}{
		{"driver", card, 0, 24 * 1024 * 0.99}, {"in use", read, 0, 20 * 1024}, {"told", told, 0, 79 * 1024}, {"wired", apple, 0, 48*1024 + 150},
		{"desktop", card, 1, 512*1024 - 1536}, {"board", board, 0, 8*1024 - 400}, {"limit", limited, 0, 4*1024 - 512}, {"read", local, 0, 10 * 1024},
	} {
		f, err := Place(&Request{Model: memSD15, Engine: eager(), Formats: memFormats, Machine: c.on, Reserves: rules})
		if err != nil {
			t.Fatal(err)
		}
		within(t, c.name, float64(f.Ledgers[c.ledger].Usable)/mib, c.usable, 1e-6)
	}
}

// Accelerator and host of one memory are one ledger, in which offload gains
// nothing.
func TestUnified(t *testing.T) {
	m := machine(1, 32)
	d := m.Nodes[0].Devices[0]
	d.Vendor, d.Unified, m.Nodes[0].Host.MemoryBytes = "Apple", true, 32*hardware.GiB
	need := map[Offload]int64{}
	for _, o := range []Offload{OffloadNone, OffloadModel, OffloadSequential} {
		f, err := Place(&Request{Model: memFlux, Engine: eager(), Formats: memFormats, Machine: m, Setup: Setup{Offload: o}})
		if err != nil {
			t.Fatal(err)
		}
		if len(f.Ledgers) != 1 || f.Ledgers[0].Host {
			t.Errorf("%s: ledgers %v", o, f.Ledgers)
		}
		need[o], _, _ = f.Ledgers[0].Need()
	}
	if need[OffloadModel] < need[OffloadNone] || need[OffloadSequential] < need[OffloadNone] {
		t.Errorf("offload gains where there is one memory: %v", need)
	}
	f, err := Place(&Request{Model: memFlux, Engine: eager(), Formats: memFormats, Machine: m})
	if err != nil || f.Fits || f.Setup.Offload != OffloadNone || len(f.Tried) == 0 {
		t.Errorf("33 GB in 32 GiB: %+v, %v", f, err)
	}
}

// What is offloaded lies in main memory; so do text encoders run by the host,
// and each process of several keeps a copy of its own.
func TestHostLedger(t *testing.T) {
	host := func(s Setup, phase int) float64 {
		f := placed(t, memFlux, eager(), Job{}, s)
		return linesOf(&f.Ledgers[len(f.Ledgers)-1].Phases[phase], weightKind)
	}
	text := 2 * float64(4762310656+123060480)
	whole := text + 2*float64(11900000000+83653863)
	within(t, "model offload while denoising", host(Setup{Offload: OffloadModel}, 1), whole-2*11900000000, 1e-6)
	within(t, "text on the host", host(Setup{TextOnCPU: true, Offload: OffloadNone}, 1), text, 1e-6)
	within(t, "blocks", host(Setup{Offload: OffloadBlocks, Blocks: 19}, 1), whole-2*11900000000*2/3.0, 1e-6)
	within(t, "layers", host(Setup{Offload: OffloadSequential}, 1), whole, 1e-6)
	within(t, "two processes", host(Setup{Offload: OffloadModel, Data: 2}, 1), 2*(whole-2*11900000000), 1e-6)
	if n := host(Setup{Offload: OffloadNone}, 0); n != 0 {
		t.Errorf("%g bytes of weights in main memory without offload", n)
	}
}

// A size that is not stated follows from that of a published file.
func TestSizeOfFile(t *testing.T) {
	m := *memFlux
	m.Components = append([]Component{}, memFlux.Components...)
	m.Components[1].Params, m.Components[1].FP32Params, m.Components[1].FileBytes, m.Components[1].FileFormat = 0, 0, 4*4762310656, "fp32"
	a, _ := peak(placed(t, memFlux, eager(), Job{}, Setup{Offload: OffloadNone}))
	b, _ := peak(placed(t, &m, eager(), Job{}, Setup{Offload: OffloadNone}))
	within(t, "peak", b, a, 1e-9)
}

// Parts whose size is not known are left out, and that is said.
func TestUnknownParts(t *testing.T) {
	m := *memCog
	m.Components = append([]Component{}, memCog.Components...)
	m.Components = append(m.Components, Component{Name: "face encoders", Role: Encoder})
	m.Components[2].PeakPerPixel = 0
	f := placed(t, &m, eager(), Job{}, Setup{Offload: OffloadNone})
	got := strings.Join(f.Assumptions, "\n")
	for _, want := range []string{"face encoders", "peak of decoding"} {
		if !strings.Contains(got, want) {
			t.Errorf("assumptions %q, want %q in them", got, want)
		}
	}
}
