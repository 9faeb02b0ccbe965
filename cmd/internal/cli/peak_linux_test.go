package cli_test

import (
	"os"
	"syscall"
)

// peakBytes is the most memory that an ended process held at once.
func peakBytes(p *os.ProcessState) int64 {
	if usage, ok := p.SysUsage().(*syscall.Rusage); ok {
		return usage.Maxrss << 10
	}
	return 0
}

func makePipe(path string) error { return syscall.Mkfifo(path, 0o600) }
