//go:build windows && (amd64 || arm64)

package cuda

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// Open loads nvcuda.dll from the system's folder. It stays loaded until the
// program ends.
func Open() (Driver, error) {
	dll := windows.NewLazySystemDLL("nvcuda.dll")
	if dll.Load() != nil {
		return nil, ErrAbsent
	}
	return newLibrary(func(name string) uintptr {
		p := dll.NewProc(name)
		if p.Find() != nil {
			return 0
		}
		return p.Addr()
	})
}

// invoke calls a function. What arguments point to stays where it is meanwhile.
//
//go:uintptrescapes
func invoke(f, a, b, c uintptr) uintptr {
	r, _, _ := syscall.SyscallN(f, a, b, c)
	return r
}
