package cuda

import (
	"errors"
	"fmt"
)

// Device is the handle of a device, Context that of a context, Pointer an
// address in a device's memory.
type (
	Device  int32
	Context uintptr
	Pointer uintptr
)

// Driver is what a measurement asks of the library. Errors of the library are
// a [Code]. Current contexts belong to the calling thread.
type Driver interface {
	Init() error
	Count() (int, error)
	Device(i int) (Device, error)
	// Name is the product's name, Memory its memory in bytes.
	Name(Device) (string, error)
	Memory(Device) (int64, error)
	// Retain makes or joins the primary context of a device, which Release
	// leaves; Enter makes a context the thread's current one, 0 none.
	Retain(Device) (Context, error)
	Release(Device) error
	Enter(Context) error
	// AllocHost returns pinned memory of the host.
	AllocHost(bytes int) (uintptr, error)
	FreeHost(uintptr) error
	Alloc(bytes int) (Pointer, error)
	Free(Pointer) error
	// Copy copies from the host's memory to the device's. It may return
	// before all has arrived; Wait returns after.
	Copy(to Pointer, from uintptr, bytes int) error
	Wait() error
}

// Reasons why there is no driver.
var (
	ErrAbsent = errors.New("the library of the CUDA driver is not there")
	ErrOld    = errors.New("the library of the CUDA driver is too old")
	ErrBuild  = errors.New("this build cannot load the library of the CUDA driver: one built with cgo can")
)

// Code is a CUresult that is no success.
type Code int

// codes are those that a user can do something about.
var codes = map[Code]string{
	2:   "out of memory: other programs hold it",
	3:   "the driver is shutting down",
	46:  "the device is busy or kept for another program",
	100: "no device is visible",
	304: "the operating system refused",
	800: "not permitted",
	802: "the system is not ready: is the fabric manager running?",
	803: "driver and library are of different versions",
	999: "unknown error",
}

func (c Code) Error() string {
	if w := codes[c]; w != "" {
		return fmt.Sprintf("CUDA code %d, %s", int(c), w)
	}
	return fmt.Sprintf("CUDA code %d", int(c))
}
