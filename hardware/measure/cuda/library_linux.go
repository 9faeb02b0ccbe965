//go:build linux && cgo && (amd64 || arm64)

package cuda

// #cgo LDFLAGS: -ldl
// #include <dlfcn.h>
// #include <stdint.h>
//
// static uintptr_t library_open(void) { return (uintptr_t)dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL); }
// static uintptr_t library_find(uintptr_t l, char *name) { return (uintptr_t)dlsym((void *)l, name); }
//
// // All arguments are integers or pointers, which these processors pass in
// // registers of their own; a function does not look at those it does not take.
// static uintptr_t library_call(uintptr_t f, uintptr_t a, uintptr_t b, uintptr_t c) {
//	return (uintptr_t)((int (*)(uintptr_t, uintptr_t, uintptr_t))f)(a, b, c);
// }
import "C"

import "unsafe"

// Open loads libcuda.so.1. It stays loaded until the program ends.
func Open() (Driver, error) {
	handle := C.library_open()
	if handle == 0 {
		return nil, ErrAbsent
	}
	return newLibrary(func(name string) uintptr {
		text := append([]byte(name), 0)
		return uintptr(C.library_find(handle, (*C.char)(unsafe.Pointer(&text[0]))))
	})
}

// invoke calls a function. What arguments point to stays where it is meanwhile.
//
//go:uintptrescapes
func invoke(f, a, b, c uintptr) uintptr {
	return uintptr(C.library_call(C.uintptr_t(f), C.uintptr_t(a), C.uintptr_t(b), C.uintptr_t(c)))
}
