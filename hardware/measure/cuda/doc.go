// Package cuda calls the few functions of NVIDIA's CUDA driver library that a
// measurement of the way to a device needs. The library comes with the driver,
// so no toolkit is asked for. It is loaded when it is opened, never before.
//
// Names and meanings are those of the CUDA driver API (NVIDIA, "CUDA Driver
// API", modules Initialization, Device Management, Primary Context Management
// and Memory Management).
package cuda
