//go:build (linux && cgo && (amd64 || arm64)) || (windows && (amd64 || arm64))

package cuda

import (
	"bytes"
	"unsafe"
)

// The functions, in the order of symbols.
const (
	fnInit = iota
	fnCount
	fnDevice
	fnName
	fnMemory
	fnRetain
	fnRelease
	fnEnter
	fnAllocHost
	fnFreeHost
	fnAlloc
	fnFree
	fnCopy
	fnWait
	functions
)

// symbols are the names that functions are exported under, the present one first.
var symbols = [functions][]string{
	fnInit: {"cuInit"}, fnCount: {"cuDeviceGetCount"}, fnDevice: {"cuDeviceGet"}, fnName: {"cuDeviceGetName"},
	fnMemory: {"cuDeviceTotalMem_v2"}, fnRetain: {"cuDevicePrimaryCtxRetain"},
	fnRelease: {"cuDevicePrimaryCtxRelease_v2", "cuDevicePrimaryCtxRelease"}, fnEnter: {"cuCtxSetCurrent"},
	fnAllocHost: {"cuMemAllocHost_v2"}, fnFreeHost: {"cuMemFreeHost"}, fnAlloc: {"cuMemAlloc_v2"}, fnFree: {"cuMemFree_v2"},
	fnCopy: {"cuMemcpyHtoD_v2"}, fnWait: {"cuCtxSynchronize"},
}

// library is the loaded library: the addresses of its functions.
type library struct{ at [functions]uintptr }

// newLibrary looks all functions up: calling one that an old driver lacks
// would end the process.
func newLibrary(lookup func(name string) uintptr) (Driver, error) {
	l := &library{}
	for i, names := range symbols {
		for _, name := range names {
			if l.at[i] == 0 {
				l.at[i] = lookup(name)
			}
		}
		if l.at[i] == 0 {
			return nil, ErrOld
		}
	}
	return l, nil
}

// result makes an error of a CUresult, which is 32 bits wide.
func result(r uintptr) error {
	if c := Code(int32(r)); c != 0 {
		return c
	}
	return nil
}

func (l *library) Init() error { return result(invoke(l.at[fnInit], 0, 0, 0)) }

func (l *library) Count() (int, error) {
	var n int32
	err := result(invoke(l.at[fnCount], uintptr(unsafe.Pointer(&n)), 0, 0))
	return int(n), err
}

func (l *library) Device(i int) (Device, error) {
	var d Device
	err := result(invoke(l.at[fnDevice], uintptr(unsafe.Pointer(&d)), uintptr(i), 0))
	return d, err
}

func (l *library) Name(d Device) (string, error) {
	var name [256]byte
	if err := result(invoke(l.at[fnName], uintptr(unsafe.Pointer(&name)), uintptr(len(name)-1), uintptr(d))); err != nil {
		return "", err
	}
	text, _, _ := bytes.Cut(name[:], []byte{0})
	return string(text), nil
}

func (l *library) Memory(d Device) (int64, error) {
	var n uintptr
	err := result(invoke(l.at[fnMemory], uintptr(unsafe.Pointer(&n)), uintptr(d), 0))
	return int64(n), err
}

func (l *library) Retain(d Device) (Context, error) {
	var c Context
	err := result(invoke(l.at[fnRetain], uintptr(unsafe.Pointer(&c)), uintptr(d), 0))
	return c, err
}

func (l *library) Release(d Device) error {
	return result(invoke(l.at[fnRelease], uintptr(d), 0, 0))
}

func (l *library) Enter(c Context) error { return result(invoke(l.at[fnEnter], uintptr(c), 0, 0)) }

func (l *library) AllocHost(n int) (uintptr, error) {
	var p uintptr
	err := result(invoke(l.at[fnAllocHost], uintptr(unsafe.Pointer(&p)), uintptr(n), 0))
	return p, err
}

func (l *library) FreeHost(p uintptr) error { return result(invoke(l.at[fnFreeHost], p, 0, 0)) }

func (l *library) Alloc(n int) (Pointer, error) {
	var p Pointer
	err := result(invoke(l.at[fnAlloc], uintptr(unsafe.Pointer(&p)), uintptr(n), 0))
	return p, err
}

func (l *library) Free(p Pointer) error { return result(invoke(l.at[fnFree], uintptr(p), 0, 0)) }

func (l *library) Copy(to Pointer, from uintptr, n int) error {
	return result(invoke(l.at[fnCopy], uintptr(to), from, uintptr(n)))
}

func (l *library) Wait() error { return result(invoke(l.at[fnWait], 0, 0, 0)) }
