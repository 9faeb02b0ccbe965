package detect

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/shirou/gopsutil/v3/cpu"
	xcpu "golang.org/x/sys/cpu"
)

// systemCPU asks gopsutil on systems without /proc (macOS, Windows). Windows
// answers through WMI, which may take long: it gets a second.
func (b *builder) systemCPU(ctx context.Context) CPUFacts {
	start := time.Now()
	f := CPUFacts{Threads: runtime.NumCPU(), Cores: runtime.NumCPU(), ISA: systemISA()}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	type answer struct {
		infos []cpu.InfoStat
		cores int
	}
	ch := make(chan answer, 1)
	go func() {
		infos, _ := cpu.InfoWithContext(ctx)
		cores, _ := cpu.CountsWithContext(ctx, false)
		ch <- answer{infos, cores}
	}()
	select {
	case a := <-ch:
		if len(a.infos) > 0 {
			f.Name, f.Vendor = a.infos[0].ModelName, a.infos[0].VendorID
		}
		if a.cores > 0 {
			f.Cores = a.cores
		}
		if runtime.GOOS == "windows" {
			f.Sockets = len(a.infos)
		}
		b.sys.called("gopsutil cpu.Info", start, fmt.Sprintf("%s, %d cores", f.Name, f.Cores), nil)
	case <-ctx.Done():
		b.sys.called("gopsutil cpu.Info", start, "", ctx.Err())
	}
	return f
}

// systemISA lists the instruction sets in the catalogue's words.
func systemISA() []string {
	var out []string
	add := func(ok bool, w string) {
		if ok {
			out = append(out, w)
		}
	}
	switch runtime.GOARCH {
	case "amd64":
		x := &xcpu.X86
		add(x.HasAVX2, "avx2")
		add(x.HasAVX512F, "avx512")
		add(x.HasAVX512VNNI, "avx512_vnni")
		add(x.HasAVX512BF16, "avx512_bf16")
		add(x.HasAMXInt8, "amx_int8")
		add(x.HasAMXBF16, "amx_bf16")
		add(x.HasAVXVNNI, "avx_vnni")
	case "arm64":
		a := &xcpu.ARM64
		add(true, "neon")
		add(a.HasASIMDDP, "dotprod")
		add(a.HasI8MM, "i8mm")
		add(a.HasSVE, "sve")
		add(a.HasSVE2, "sve2")
	}
	return out
}
